//! Parsed JSON and YAML values, before they are bound to types.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use serde_json::Value;

use super::value::{LARGEST_WHOLE, Mismatch};
use super::{Kept, Place};

/// A JSON or YAML value and its position.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub content: Content,
    pub place: Place,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    Null,
    Flag(bool),
    Whole(i64),
    /// A number with a fraction, even if that is 0: `56.0`.
    Fraction(f64),
    Text(String),
    List(Vec<Node>),
    Object(Vec<(Key, Node)>),
}

/// A key of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    pub name: String,
    pub place: Place,
}

impl<N: Into<String>> From<N> for Key {
    fn from(name: N) -> Self {
        Self {
            name: name.into(),
            place: Place::default(),
        }
    }
}

impl From<Content> for Node {
    fn from(content: Content) -> Self {
        Self {
            content,
            place: Place::default(),
        }
    }
}

impl Node {
    /// Sets the positions of this value, whose path is `path`, and of all values in it.
    pub fn locate(&mut self, path: String) {
        fn locate(node: &mut Node, path: String, number: &mut usize) {
            *number += 1;
            let own = *number;
            match &mut node.content {
                Content::List(items) => {
                    for (index, item) in items.iter_mut().enumerate() {
                        locate(item, format!("{path}[{index}]"), number);
                    }
                }
                Content::Object(entries) => {
                    for (key, value) in entries {
                        let dot = if path.is_empty() { "" } else { "." };
                        locate(value, format!("{path}{dot}{}", key.name), number);
                        key.place = value.place.clone();
                    }
                }
                _ => {}
            }
            node.place = Place::Object {
                number: own,
                path: path.into(),
            };
        }
        locate(self, path, &mut 0);
    }

    /// Returns the value as one that the program saved, or `None` for a type that it saves in no field.
    pub fn kept(&self) -> Option<Kept<'_>> {
        match &self.content {
            Content::Null => Some(Kept::Null),
            Content::Flag(flag) => Some(Kept::Number((*flag).into())),
            Content::Whole(number) => Some(Kept::Number(*number)),
            Content::Text(text) => Some(Kept::Text(text)),
            Content::Fraction(_) | Content::List(_) | Content::Object(_) => None,
        }
    }

    pub fn is_null(&self) -> bool {
        matches!(self.content, Content::Null)
    }

    pub fn text(&self) -> Result<&str, Mismatch> {
        match &self.content {
            Content::Text(text) => Ok(text),
            _ => Err(self.mismatch("a text")),
        }
    }

    pub fn flag(&self) -> Result<bool, Mismatch> {
        match self.content {
            Content::Flag(flag) => Ok(flag),
            _ => Err(self.mismatch("true or false")),
        }
    }

    pub fn whole(&self) -> Result<i32, Mismatch> {
        let number = self.integer().and_then(|number| number.try_into().ok());
        number.ok_or_else(|| self.number_mismatch("a whole number of 32 bits"))
    }

    /// Returns the mismatch of a value that is not the expected number. The message repeats a number, since one in a
    /// number's field is no secret.
    pub fn number_mismatch(&self, expected: &str) -> Mismatch {
        let found = match &self.content {
            Content::Whole(number) => number.to_string(),
            Content::Fraction(number) => number.to_string(),
            other => other.to_string(),
        };
        Mismatch::malformed(format!("must be {expected}, not {found}"))
    }

    /// Returns the number, if it is an integer, however it is written: `56.0` is 56.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "a float that is whole and in range is exact"
    )]
    pub fn integer(&self) -> Option<i64> {
        match self.content {
            Content::Whole(number) => Some(number),
            Content::Fraction(number)
                if number.fract() == 0.0 && number.abs() <= LARGEST_WHOLE as f64 =>
            {
                Some(number as i64)
            }
            _ => None,
        }
    }

    pub fn mismatch(&self, expected: &str) -> Mismatch {
        Mismatch::malformed(format!("must be {expected}, not {}", self.content))
    }

    /// Returns whether the value is an empty string or only whitespace.
    pub fn is_blank(&self) -> bool {
        matches!(&self.content, Content::Text(text) if text.trim().is_empty())
    }
}

/// Writes the type of the value, for messages. Strings and numbers are not repeated: they may be a secret in the wrong field, or
/// one of the wrong type in its own field.
impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::Flag(true) => "true",
            Self::Flag(false) => "false",
            Self::Whole(_) | Self::Fraction(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "an array",
            Self::Object(_) => "an object",
        })
    }
}

/// Parses JSON. The positions of the values are not known.
impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ContentVisitor;

        impl<'de> Visitor<'de> for ContentVisitor {
            type Value = Content;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_unit<E>(self) -> Result<Content, E> {
                Ok(Content::Null)
            }

            fn visit_bool<E>(self, value: bool) -> Result<Content, E> {
                Ok(Content::Flag(value))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Content, E> {
                Ok(Content::Whole(value))
            }

            #[expect(clippy::cast_precision_loss, reason = "too large for any field anyway")]
            fn visit_u64<E>(self, value: u64) -> Result<Content, E> {
                Ok(i64::try_from(value).map_or(Content::Fraction(value as f64), Content::Whole))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Content, E> {
                Ok(Content::Fraction(value))
            }

            fn visit_str<E>(self, value: &str) -> Result<Content, E> {
                Ok(Content::Text(value.to_owned()))
            }

            fn visit_string<E>(self, value: String) -> Result<Content, E> {
                Ok(Content::Text(value))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Content, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(Content::List(list))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Content, A::Error> {
                let mut object = Vec::new();
                while let Some((name, value)) = entries.next_entry::<String, _>()? {
                    object.push((name.into(), value));
                }
                Ok(Content::Object(object))
            }
        }

        deserializer.deserialize_any(ContentVisitor).map(Self::from)
    }
}

impl From<&Node> for Value {
    fn from(node: &Node) -> Self {
        match &node.content {
            Content::Null => Self::Null,
            Content::Flag(flag) => (*flag).into(),
            Content::Whole(number) => (*number).into(),
            Content::Fraction(number) => (*number).into(),
            Content::Text(text) => text.as_str().into(),
            Content::List(items) => items.iter().map(Self::from).collect(),
            Content::Object(entries) => {
                let entries = entries.iter();
                let entries = entries.map(|(key, value)| (key.name.clone(), Self::from(value)));
                Self::Object(entries.collect())
            }
        }
    }
}
