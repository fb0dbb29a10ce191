//! Reading a text with the place of everything in it, so that each mistake can be told with its line and column, and all
//! of them at once.
//!
//! The text becomes a tree whose nodes know their places; serde reads the shapes of the document from that tree. What is
//! wrong with one field is noted and ends there: the rest is read all the same.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt::{self, Write as _};
use std::marker::PhantomData;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::StrDeserializer;
use serde::de::{
    self, DeserializeSeed, Deserializer, Expected, IgnoredAny, IntoDeserializer as _, MapAccess,
    SeqAccess, Unexpected, Visitor,
};
use serde::{Deserialize, forward_to_deserialize_any};
use serde_json::Value;
use serde_saphyr::{DuplicateKeyPolicy, MessageFormatter as _, Spanned, UserMessageFormatter};
use strum::VariantNames;
use uuid::Uuid;

use crate::domain::text::word;
use crate::domain::{Kept, Place, Restore};

impl From<serde_saphyr::Location> for Place {
    fn from(location: serde_saphyr::Location) -> Self {
        Self {
            line: location.line(),
            column: location.column(),
        }
    }
}

/// What is wrong with a text, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    pub place: Place,
    pub message: String,
}

/// A field as a text has it. Null is absent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Field<T> {
    #[default]
    Absent,
    /// There, but wrong: the mistake is noted.
    Wrong,
    Is {
        value: T,
        place: Place,
    },
}

impl<T> Field<T> {
    pub fn new(value: T) -> Self {
        Self::Is {
            value,
            place: Place::default(),
        }
    }

    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    pub fn get(&self) -> Option<&T> {
        match self {
            Self::Is { value, .. } => Some(value),
            Self::Absent | Self::Wrong => None,
        }
    }

    pub fn place(&self) -> Option<Place> {
        match self {
            Self::Is { place, .. } => Some(*place),
            Self::Absent | Self::Wrong => None,
        }
    }
}

impl<T> Field<Vec<Field<T>>> {
    /// The items of a list that could be read, each with its place.
    pub fn items(&self) -> impl Iterator<Item = (&T, Place)> {
        self.get()
            .into_iter()
            .flatten()
            .filter_map(|item| match item {
                Field::Is { value, place } => Some((value, *place)),
                Field::Absent | Field::Wrong => None,
            })
    }
}

impl<T: JsonSchema> JsonSchema for Field<T> {
    fn inline_schema() -> bool {
        Option::<T>::inline_schema()
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        Option::<T>::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Option::<T>::json_schema(generator)
    }
}

/// The name under which a field asks the tree for its place.
const FIELD: &str = "uptrends_emulator::Field";

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for FieldVisitor<T> {
            type Value = Field<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a field")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Field<T>, A::Error> {
                let line = parts.next_element()?.unwrap_or_default();
                let column = parts.next_element()?.unwrap_or_default();
                let place = Place { line, column };
                Ok(match parts.next_element::<Option<T>>() {
                    Ok(Some(Some(value))) => Field::Is { value, place },
                    Ok(Some(None) | None) => Field::Absent,
                    // The one who gave the parts has noted it.
                    Err(_) => Field::Wrong,
                })
            }
        }

        deserializer.deserialize_newtype_struct(FIELD, FieldVisitor(PhantomData))
    }
}

/// A value with a rule, written as a text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Text<T>(pub T);

impl<T> AsRef<T> for Text<T> {
    fn as_ref(&self) -> &T {
        &self.0
    }
}

/// What a program kept is nothing that people wrote: it is restored, and not judged.
fn is_kept<'de, D: Deserializer<'de>>(deserializer: &D) -> bool {
    !deserializer.is_human_readable()
}

/// Reads back a value that a program kept.
fn restore<T: Restore, E: de::Error>(kept: Kept<'_>) -> Result<T, E> {
    T::restore(kept).ok_or_else(|| E::custom("is no value that this program kept"))
}

impl<'de, T: Restore + FromStr<Err: fmt::Display>> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let is_kept = is_kept(&deserializer);
        let text = String::deserialize(deserializer)?;
        if is_kept {
            return restore(Kept::Text(&text)).map(Self);
        }
        text.parse().map(Self).map_err(de::Error::custom)
    }
}

impl<T> JsonSchema for Text<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Text".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string"})
    }
}

/// A whole number of 32 bits with a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number<T>(pub T);

impl<'de, T: TryFrom<i32, Error = String> + Restore> Deserialize<'de> for Number<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let is_kept = is_kept(&deserializer);
        let number = i32::deserialize(deserializer)?;
        if is_kept {
            return restore(Kept::Number(number.into())).map(Self);
        }
        T::try_from(number).map(Self).map_err(de::Error::custom)
    }
}

impl<T> JsonSchema for Number<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Number".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "integer"})
    }
}

/// One of a set of words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word<T>(pub T);

impl<'de, T: FromStr + VariantNames> Deserialize<'de> for Word<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        word(&text).map(Self).map_err(|message| {
            let hint = nearest(&text, T::VARIANTS)
                .map_or_else(String::new, |near| format!("; the nearest one is {near}"));
            de::Error::custom(message + &hint)
        })
    }
}

impl<T: VariantNames> JsonSchema for Word<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Word".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "enum": T::VARIANTS})
    }
}

/// A value for which an empty text stands for its default, as some clients write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrDefault<T>(pub T);

impl<T: FromStr + Default> FromStr for OrDefault<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, T::Err> {
        if text.trim().is_empty() {
            Ok(Self(T::default()))
        } else {
            text.parse().map(Self)
        }
    }
}

/// What was kept is never nothing.
impl<T: Restore> Restore for OrDefault<T> {
    fn restore(kept: Kept<'_>) -> Option<Self> {
        T::restore(kept).map(Self)
    }
}

impl<T: VariantNames> VariantNames for OrDefault<T> {
    const VARIANTS: &'static [&'static str] = T::VARIANTS;
}

/// A GUID that was written down; an empty or an all-zero one says nothing, as in the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pinned<G>(pub Option<G>);

impl<G: FromStr<Err = String> + From<Uuid> + PartialEq> FromStr for Pinned<G> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Ok(Self(None));
        }
        let guid: G = text.parse()?;
        Ok(Self((guid != Uuid::nil().into()).then_some(guid)))
    }
}

/// What was kept is never nothing.
impl<G: Restore> Restore for Pinned<G> {
    fn restore(kept: Kept<'_>) -> Option<Self> {
        G::restore(kept).map(|guid| Self(Some(guid)))
    }
}

/// What an answer of the API holds, but no document decides.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct ReadOnly(IgnoredAny);

impl JsonSchema for ReadOnly {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ReadOnly".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"readOnly": true})
    }
}

/// The one of some names that is most like another, if any is like it at all.
pub fn nearest<'a, N: AsRef<str>>(name: &str, known: &'a [N]) -> Option<&'a str> {
    let name = name.to_lowercase();
    known
        .iter()
        .map(|known| {
            let known = known.as_ref();
            (strsim::jaro_winkler(&known.to_lowercase(), &name), known)
        })
        .filter(|(likeness, _)| *likeness > 0.6)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, known)| known)
}

/// Reads a text, and notes what is wrong with it.
pub fn read<T: for<'de> Deserialize<'de>>(text: &str) -> (Field<T>, Vec<Mistake>) {
    // Some editors write a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = &printable(text);
    let options = serde_saphyr::options! {
        // A seed may be as large as it wants to, but not so deep that reading it ends in a stack overflow.
        budget: serde_saphyr::budget! {
            max_depth: 64,
            max_events: usize::MAX,
            max_nodes: usize::MAX,
            max_total_scalar_bytes: usize::MAX,
            enforce_alias_anchor_ratio: false,
        },
        duplicate_keys: DuplicateKeyPolicy::Error,
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        reject_unsupported_tags: true,
        with_snippet: false,
    };
    let tree = match serde_saphyr::from_str_with_options::<Spanned<Node>>(text, options) {
        Ok(tree) => Tree::from(tree),
        Err(error) => {
            let mistake = Mistake {
                place: error.location().map(Place::from).unwrap_or_default(),
                message: UserMessageFormatter
                    .format_message(error.without_snippet())
                    .into_owned(),
            };
            return (Field::Wrong, vec![mistake]);
        }
    };
    read_tree(&tree, false)
}

/// Reads back a JSON text that the program kept.
pub fn read_kept<T: for<'de> Deserialize<'de>>(text: &str) -> (Field<T>, Vec<Mistake>) {
    match serde_json::from_str::<Value>(text) {
        Ok(value) => read_tree(&value.into(), true),
        Err(error) => {
            let mistake = Mistake {
                place: Place::default(),
                message: error.to_string(),
            };
            (Field::Wrong, vec![mistake])
        }
    }
}

fn read_tree<T: for<'de> Deserialize<'de>>(tree: &Tree, is_kept: bool) -> (Field<T>, Vec<Mistake>) {
    let mistakes = RefCell::default();
    let reader = Reader {
        tree,
        name: None,
        is_kept,
        mistakes: &mistakes,
    };
    let value = Field::deserialize(reader).unwrap_or(Field::Wrong);
    (value, mistakes.into_inner())
}

/// JSON may hold characters as they are that YAML wants escaped (YAML 1.2, 5.1, "Character Set"). Columns behind one, on its
/// line, are those of the escaped text.
fn printable(text: &str) -> Cow<'_, str> {
    let is_unprintable = |character| matches!(character, '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}');
    // In JSON they can only be part of a string, where an escape means the same.
    if !text.contains(is_unprintable) || serde_json::from_str::<IgnoredAny>(text).is_err() {
        return text.into();
    }
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if is_unprintable(character) {
            let _ = write!(escaped, "\\u{:04x}", u32::from(character));
        } else {
            escaped.push(character);
        }
    }
    escaped.into()
}

/// A value of a text and its place.
#[derive(Debug)]
struct Tree {
    node: Node,
    place: Place,
}

#[derive(Debug)]
enum Node {
    Null,
    Boolean(bool),
    Whole(i64),
    Fraction(f64),
    Text(String),
    List(Vec<Tree>),
    Object(Vec<(Spanned<String>, Tree)>),
}

impl From<Spanned<Node>> for Tree {
    fn from(spanned: Spanned<Node>) -> Self {
        Self {
            node: spanned.value,
            place: spanned.referenced.into(),
        }
    }
}

/// Without places, of which nobody asks.
impl From<Value> for Tree {
    fn from(value: Value) -> Self {
        let node = match value {
            Value::Null => Node::Null,
            Value::Bool(value) => Node::Boolean(value),
            Value::Number(number) => number.as_i64().map_or_else(
                || Node::Fraction(number.as_f64().unwrap_or(f64::NAN)),
                Node::Whole,
            ),
            Value::String(text) => Node::Text(text),
            Value::Array(items) => Node::List(items.into_iter().map(Self::from).collect()),
            Value::Object(entries) => {
                let nowhere = serde_saphyr::Location::UNKNOWN;
                let entries = entries.into_iter().map(|(value, entry)| {
                    let key = Spanned {
                        value,
                        referenced: nowhere,
                        defined: nowhere,
                    };
                    (key, entry.into())
                });
                Node::Object(entries.collect())
            }
        };
        Self {
            node,
            place: Place::default(),
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NodeVisitor;

        impl<'de> Visitor<'de> for NodeVisitor {
            type Value = Node;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_unit<E>(self) -> Result<Node, E> {
                Ok(Node::Null)
            }

            fn visit_none<E>(self) -> Result<Node, E> {
                Ok(Node::Null)
            }

            fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
                Ok(Node::Boolean(value))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
                Ok(Node::Whole(value))
            }

            #[expect(clippy::cast_precision_loss, reason = "too large for any field anyway")]
            fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
                Ok(i64::try_from(value).map_or(Node::Fraction(value as f64), Node::Whole))
            }

            /// A whole number is one however it is written, as in the API: `5.0` is 5.
            #[expect(
                clippy::cast_possible_truncation,
                reason = "a float that is whole and in range is exact"
            )]
            fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
                Ok(if value.fract() == 0.0 && value.abs() < 1e15 {
                    Node::Whole(value as i64)
                } else {
                    Node::Fraction(value)
                })
            }

            fn visit_str<E>(self, value: &str) -> Result<Node, E> {
                Ok(Node::Text(value.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element::<Spanned<Node>>()? {
                    list.push(item.into());
                }
                Ok(Node::List(list))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
                let mut object = Vec::new();
                while let Some((key, value)) = entries.next_entry::<_, Spanned<Node>>()? {
                    object.push((key, value.into()));
                }
                Ok(Node::Object(object))
            }
        }

        deserializer.deserialize_any(NodeVisitor)
    }
}

/// What is wrong with a part of a tree.
#[derive(Debug)]
struct Wrong(String);

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Wrong {}

/// What serde expects, as people call it.
fn in_our_words(expected: &dyn Expected) -> String {
    match expected.to_string().as_str() {
        "i32" => "a whole number of 32 bits".to_owned(),
        "i64" | "u32" => "a whole number".to_owned(),
        "a string" => "a text".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "an object".to_owned(),
        other if other.starts_with("struct ") => "an object".to_owned(),
        other => other.to_owned(),
    }
}

impl de::Error for Wrong {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }

    /// What was found is not repeated, since it may be a secret in the wrong field.
    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let found = match found {
            Unexpected::Unit | Unexpected::Option => "null",
            Unexpected::Bool(_) => "true or false (quote what is meant as a text)",
            Unexpected::Signed(_) | Unexpected::Unsigned(_) | Unexpected::Float(_) => {
                "a number (quote what is meant as a text)"
            }
            Unexpected::Seq => "a list",
            Unexpected::Map => "an object",
            _ => "a text",
        };
        Self(format!("must be {}, not {found}", in_our_words(expected)))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self(format!("must be {}", in_our_words(expected)))
    }
}

/// Gives a tree to serde.
#[derive(Clone, Copy)]
struct Reader<'a> {
    tree: &'a Tree,
    /// The name of the field that the value belongs to.
    name: Option<&'a str>,
    /// Whether the program kept it.
    is_kept: bool,
    mistakes: &'a RefCell<Vec<Mistake>>,
}

impl<'a> Reader<'a> {
    fn of(self, tree: &'a Tree) -> Self {
        Self { tree, ..self }
    }

    fn note(self, place: Place, name: Option<&str>, message: &str) {
        let message = match name {
            Some(name) => format!("{name}: {message}"),
            None => message.to_owned(),
        };
        self.mistakes.borrow_mut().push(Mistake { place, message });
    }
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = Wrong;

    /// Formats that are not are those of programs.
    fn is_human_readable(&self) -> bool {
        !self.is_kept
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match &self.tree.node {
            Node::Null => visitor.visit_unit(),
            Node::Boolean(value) => visitor.visit_bool(*value),
            Node::Whole(value) => visitor.visit_i64(*value),
            Node::Fraction(value) => visitor.visit_f64(*value),
            Node::Text(value) => visitor.visit_str(value),
            Node::List(items) => visitor.visit_seq(ListAccess {
                reader: self,
                items: items.iter(),
            }),
            Node::Object(_) => visitor.visit_map(ObjectAccess::new(self, None)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.tree.node {
            Node::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        if name == FIELD {
            let Place { line, column } = self.tree.place;
            visitor.visit_seq(FieldAccess {
                reader: self,
                place: VecDeque::from([line, column]),
            })
        } else {
            visitor.visit_newtype_struct(self)
        }
    }

    /// A key that the struct does not have is noted with the nearest one that it has, and passed over.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        match &self.tree.node {
            Node::Object(_) => visitor.visit_map(ObjectAccess::new(self, Some(fields))),
            // Not as a list of its fields, which serde would take.
            Node::List(_) => Err(de::Error::invalid_type(Unexpected::Seq, &visitor)),
            _ => self.deserialize_any(visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map enum identifier ignored_any
    }
}

struct ListAccess<'a> {
    reader: Reader<'a>,
    items: std::slice::Iter<'a, Tree>,
}

impl<'de> SeqAccess<'de> for ListAccess<'_> {
    type Error = Wrong;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Wrong> {
        self.items
            .next()
            .map(|item| seed.deserialize(self.reader.of(item)))
            .transpose()
    }
}

struct ObjectAccess<'a> {
    reader: Reader<'a>,
    entries: std::slice::Iter<'a, (Spanned<String>, Tree)>,
    fields: Option<&'static [&'static str]>,
    current: Option<&'a (Spanned<String>, Tree)>,
}

impl<'a> ObjectAccess<'a> {
    fn new(reader: Reader<'a>, fields: Option<&'static [&'static str]>) -> Self {
        let entries: &[_] = match &reader.tree.node {
            Node::Object(entries) => entries,
            _ => &[],
        };
        Self {
            reader,
            entries: entries.iter(),
            fields,
            current: None,
        }
    }

    fn is_known(&self, key: &Spanned<String>) -> bool {
        let Some(fields) = self.fields else {
            return true;
        };
        if fields.contains(&key.value.as_str()) {
            return true;
        }
        // What a field was that there is no more, a later version need not know.
        if self.reader.is_kept {
            return false;
        }
        // As in Compose files: a place for anchors, beside what they are used in.
        if self.reader.name.is_none() && key.value.starts_with("x-") {
            return false;
        }
        let hint = nearest(&key.value, fields)
            .map_or_else(String::new, |near| format!("; the nearest one is {near}"));
        self.reader.note(
            key.referenced.into(),
            None,
            &format!(
                "{} is not a key here{hint}",
                crate::domain::text::quoted(&key.value)
            ),
        );
        false
    }
}

impl<'de> MapAccess<'de> for ObjectAccess<'_> {
    type Error = Wrong;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Wrong> {
        while let Some(entry) = self.entries.next() {
            if self.is_known(&entry.0) {
                self.current = Some(entry);
                let key: StrDeserializer<'_, Wrong> = entry.0.value.as_str().into_deserializer();
                return seed.deserialize(key).map(Some);
            }
        }
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Wrong> {
        let (key, tree) = self.current.take().expect("a value follows its key");
        seed.deserialize(Reader {
            name: Some(&key.value),
            ..self.reader.of(tree)
        })
    }
}

/// The parts of a field: line, column, value. What is wrong with the value is noted here.
struct FieldAccess<'a> {
    reader: Reader<'a>,
    place: VecDeque<u64>,
}

impl<'de> SeqAccess<'de> for FieldAccess<'_> {
    type Error = Wrong;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Wrong> {
        if let Some(part) = self.place.pop_front() {
            return seed.deserialize(part.into_deserializer()).map(Some);
        }
        let reader = self.reader;
        seed.deserialize(reader).map(Some).inspect_err(|wrong| {
            reader.note(reader.tree.place, reader.name, &wrong.0);
        })
    }
}
