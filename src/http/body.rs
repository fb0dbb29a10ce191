//! The fields of a JSON body: found without regard to case, bound to types, judged by rules. What is wrong with them is
//! kept, so that one answer names it all.

use std::fmt::Display;
use std::mem;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value};
use strum::VariantNames;
use uuid::Uuid;

use super::asked::{self, Asked, SentAs};
use crate::domain::draft::Sent;
use crate::domain::text::{quoted, word};
use crate::domain::{Patch, Problems, ScheduleId};

/// The fields of one body. Each is asked for by its name, in the order of the documents.
#[derive(Debug)]
pub struct Fields {
    object: Map<String, Value>,
    problems: Problems,
    /// Where the body is to be described, what it is asked for.
    asked: Option<Asked>,
}

impl Fields {
    /// Binds a body; what cannot be bound is among the problems.
    pub fn bind<T>(
        bytes: &[u8],
        bind: impl FnOnce(&mut Self) -> Option<T>,
    ) -> (Option<T>, Problems) {
        let mut problems = Problems::default();
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(object)) => {
                let mut fields = Self {
                    object,
                    problems,
                    asked: None,
                };
                let bound = bind(&mut fields);
                return (bound, fields.problems);
            }
            Ok(other) => problems.malformed(
                "",
                format!("the body must be a JSON object, not {}", kind(&other)),
            ),
            Err(_) if bytes.is_empty() => {
                problems.malformed("", "the body is empty; it must be a JSON object");
            }
            Err(error) => problems.malformed("", format!("the body is not valid JSON: {error}")),
        }
        (None, problems)
    }

    /// The schema of a body: all that binding one asks for, which does not hang on what the body says.
    pub fn describe<T>(
        generator: &mut SchemaGenerator,
        name: &str,
        example: &Value,
        sent_as: SentAs,
        bind: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Schema {
        let mut fields = Self {
            object: Map::new(),
            problems: Problems::default(),
            asked: Some(Asked::with(mem::take(generator), sent_as)),
        };
        let _ = bind(&mut fields);
        let asked = fields.asked.expect("nobody takes it away");
        let schema;
        (schema, *generator) = asked.into_schema(name, example);
        schema
    }

    /// Tells that a field is asked for, and what it has to be: the schema of `T`, altered by `but`.
    fn asks<T: JsonSchema>(&mut self, name: &str, but: impl FnOnce(Schema) -> Schema) {
        if let Some(asked) = &mut self.asked {
            asked.field::<T>(name, but);
        }
    }

    fn requires(&mut self, name: &str) {
        if let Some(asked) = &mut self.asked {
            asked.require(name);
        }
    }

    /// Tells that one of two fields has to be there.
    pub fn requires_either(&mut self, names: [&str; 2]) {
        if let Some(asked) = &mut self.asked {
            asked.require_either(names);
        }
    }

    /// Tells that a body is one of several kinds: the value of `name` says which, and with it, which fields it needs.
    pub fn kinds<const N: usize>(
        &mut self,
        name: &str,
        kinds: [(&'static str, &[&'static str]); N],
    ) {
        if let Some(asked) = &mut self.asked {
            asked.kinds(name, &kinds);
        }
    }

    /// A text that has to be there: missing, null, empty or blank, it keeps the body from being bound.
    pub fn required<T: FromStr<Err = String> + JsonSchema>(&mut self, name: &str) -> Option<T> {
        self.asks::<T>(name, asked::not_blank);
        self.requires(name);
        match self.string(name)? {
            Patch::Set(text) if !text.trim().is_empty() => self.judged(name, text.parse()),
            _ => self.malformed(name, "is required"),
        }
    }

    /// A text that has to be there, but may be empty.
    pub fn given<T: FromStr<Err = String> + JsonSchema>(&mut self, name: &str) -> Option<T> {
        self.asks::<T>(name, |schema| schema);
        self.requires(name);
        match self.string(name)? {
            Patch::Set(text) => self.judged(name, text.parse()),
            Patch::Keep | Patch::Clear => self.malformed(name, "is required; it may be empty"),
        }
    }

    /// A GUID that has to be there; an all-zero one names nothing.
    pub fn named<G: FromStr<Err = String> + From<Uuid> + PartialEq + JsonSchema>(
        &mut self,
        name: &str,
    ) -> Option<G> {
        let named = self.value(name, str::parse::<G>);
        self.asks::<G>(name, asked::not_nil);
        self.requires(name);
        match named {
            Sent::Value(guid) if guid != G::from(Uuid::nil()) => Some(guid),
            Sent::Value(_) | Sent::Absent => self.malformed(name, "is required"),
            Sent::Wrong => None,
        }
    }

    /// A text that may be left alone, but cannot be taken away.
    pub fn not_blank<T: FromStr<Err = String> + JsonSchema>(&mut self, name: &str) -> Option<T> {
        self.asks::<T>(name, |schema| asked::or_null(asked::not_blank(schema)));
        match self.string(name)? {
            Patch::Keep | Patch::Clear => None,
            Patch::Set(text) if text.trim().is_empty() => self.malformed(name, "must not be blank"),
            Patch::Set(text) => self.judged(name, text.parse()),
        }
    }

    /// A text with a rule.
    pub fn text<T: FromStr<Err = String> + JsonSchema>(&mut self, name: &str) -> Patch<T> {
        self.asks::<T>(name, asked::or_null);
        let sent = self.string(name).unwrap_or_default();
        self.ruled(name, sent, |text| text.parse())
    }

    /// A text with a rule and a `…Specified` flag.
    pub fn specified_text<T: FromStr<Err = String> + JsonSchema>(
        &mut self,
        name: &str,
    ) -> Patch<T> {
        self.asks::<T>(name, asked::or_null);
        let sent = self.string(name).unwrap_or_default();
        let sent = self.specified(name, sent);
        self.ruled(name, sent, |text| text.parse())
    }

    /// A text with a rule, for which clients send an empty one when they mean none: `blank` is what that stands for.
    pub fn text_or<T: FromStr<Err = String> + JsonSchema>(
        &mut self,
        name: &str,
        blank: Patch<T>,
    ) -> Patch<T> {
        self.asks::<T>(name, |schema| asked::or_null(asked::or_blank(schema)));
        if self.is_blank(name) {
            return blank;
        }
        let sent = self.string(name).unwrap_or_default();
        self.ruled(name, sent, |text| text.parse())
    }

    /// One of a set of words; anything else keeps the body from being bound. `blank` as above.
    pub fn word_or<T: FromStr + VariantNames + JsonSchema>(
        &mut self,
        name: &str,
        blank: Patch<T>,
    ) -> Patch<T> {
        self.asks::<T>(name, |schema| asked::or_null(asked::or_blank(schema)));
        if self.is_blank(name) {
            return blank;
        }
        match self.string(name) {
            Some(Patch::Set(text)) => self
                .bound(name, word(&text))
                .map_or(Patch::Keep, Patch::Set),
            Some(Patch::Clear) => Patch::Clear,
            Some(Patch::Keep) | None => Patch::Keep,
        }
    }

    /// A value in a text; a text that holds none keeps the body from being bound.
    pub fn value<T: JsonSchema>(
        &mut self,
        name: &str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Sent<T> {
        self.asks::<T>(name, |schema| asked::or_null(asked::or_blank(schema)));
        match self.string(name) {
            Some(Patch::Set(text)) if !text.trim().is_empty() => self
                .bound(name, read(&text))
                .map_or(Sent::Wrong, Sent::Value),
            Some(_) => Sent::Absent,
            None => Sent::Wrong,
        }
    }

    pub fn boolean(&mut self, name: &str) -> Patch<bool> {
        self.asks::<bool>(name, asked::or_null);
        match self.get(name) {
            None => Patch::Keep,
            Some(Value::Null) => Patch::Clear,
            Some(Value::Bool(value)) => Patch::Set(*value),
            Some(other) => {
                let message = format!("must be true or false, not {}", kind(other));
                self.malformed(name, message).unwrap_or_default()
            }
        }
    }

    /// A boolean with a `…Specified` flag.
    pub fn specified_boolean(&mut self, name: &str) -> Patch<bool> {
        let sent = self.boolean(name);
        self.specified(name, sent)
    }

    /// A whole number of 32 bits with a rule. 0 counts as absent: clients with plain integers always send a number.
    pub fn number_or_zero<T: TryFrom<i32, Error = String> + JsonSchema>(
        &mut self,
        name: &str,
    ) -> Sent<T> {
        self.asks::<T>(name, asked::or_zero);
        if let Some(asked) = &mut self.asked {
            asked.zero(name);
        }
        let is_given = self.is_given(name);
        match self.whole_number(name) {
            Patch::Set(0) | Patch::Clear => Sent::Absent,
            Patch::Set(number) => self
                .judged(name, T::try_from(number))
                .map_or(Sent::Wrong, Sent::Value),
            Patch::Keep if is_given => Sent::Wrong,
            Patch::Keep => Sent::Absent,
        }
    }

    /// A whole number of 32 bits with a rule and a `…Specified` flag.
    pub fn specified_number<T: TryFrom<i32, Error = String> + JsonSchema>(
        &mut self,
        name: &str,
    ) -> Patch<T> {
        self.asks::<T>(name, asked::or_null);
        let sent = self.whole_number(name);
        let sent = self.specified(name, sent);
        self.ruled(name, sent, T::try_from)
    }

    /// One of a set of words, or its number; anything else keeps the body from being bound.
    pub fn word_or_number<T: FromStr + VariantNames + TryFrom<i32, Error = String> + JsonSchema>(
        &mut self,
        name: &str,
    ) -> Option<T> {
        self.asks::<T>(name, asked::or_null);
        if let Some(Value::String(_)) = self.get(name) {
            return self.word_or(name, Patch::Keep).value();
        }
        let number = self.whole_number(name).value()?;
        self.bound(name, T::try_from(number))
    }

    /// A whole number of 32 bits.
    pub fn integer(&mut self, name: &str) -> Patch<i32> {
        self.asks::<i32>(name, asked::or_null);
        self.whole_number(name)
    }

    /// A number that names something; generated clients send a 0 when they mean none.
    pub fn id<T: JsonSchema>(&mut self, name: &str) -> Patch<i32> {
        self.asks::<T>(name, asked::or_zero);
        self.whole_number(name)
    }

    fn whole_number(&mut self, name: &str) -> Patch<i32> {
        match self.get(name) {
            None => Patch::Keep,
            Some(Value::Null) => Patch::Clear,
            Some(value) => {
                let Some(number) = whole(value) else {
                    let told = match value {
                        Value::Number(number) => number.to_string(),
                        other => kind(other),
                    };
                    let message = format!("must be a whole number of 32 bits, not {told}");
                    return self.malformed(name, message).unwrap_or_default();
                };
                Patch::Set(number)
            }
        }
    }

    /// Joins a field with its `…Specified` flag. This comes before the field's rule: generated clients send a 0 that breaks
    /// it, and a flag that says not to look.
    fn specified<T>(&mut self, name: &str, sent: Patch<T>) -> Patch<T> {
        let flag = self.boolean(&format!("{name}Specified"));
        sent.specified(flag)
    }

    /// A value that is sent, unless it breaks its rule.
    fn ruled<S, T>(
        &mut self,
        name: &str,
        sent: Patch<S>,
        rule: impl FnOnce(S) -> Result<T, String>,
    ) -> Patch<T> {
        match sent {
            Patch::Keep => Patch::Keep,
            Patch::Clear => Patch::Clear,
            Patch::Set(value) => self
                .judged(name, rule(value))
                .map_or(Patch::Keep, Patch::Set),
        }
    }

    /// A read-only field that the path names as well: it may be left out, but it must not contradict. `read` tells a
    /// value that says nothing (`None`) from one that names something.
    pub fn agrees<T: PartialEq + Display>(
        &mut self,
        name: &str,
        path: Option<&T>,
        read: impl FnOnce(&Value) -> Result<Option<T>, String>,
    ) {
        let Some(path) = path else { return };
        match self.get(name).map(read) {
            None | Some(Ok(None)) => {}
            Some(Ok(Some(named))) if named == *path => {}
            Some(Ok(Some(named))) => {
                let message = format!("{named} contradicts the path, which says {path}");
                self.problems.refused(name, message);
            }
            Some(Err(message)) => self.problems.refused(name, message),
        }
    }

    /// Whether a read-only flag is sent as `true`; whatever else it is does not matter.
    pub fn is_true(&self, name: &str) -> bool {
        self.get(name) == Some(&Value::Bool(true))
    }

    /// Whether a field is there and not null. To describe a body, all of it is taken for given.
    pub fn is_given(&self, name: &str) -> bool {
        if self.asked.is_some() {
            return true;
        }
        !matches!(self.get(name), None | Some(Value::Null))
    }

    /// Adds what was found to be wrong with several fields together.
    pub fn append(&mut self, problems: Problems) {
        self.problems.append(problems);
    }

    /// Adds what keeps the body from being bound.
    pub fn malformed<T>(&mut self, name: &str, message: impl Display) -> Option<T> {
        self.problems.malformed(name, message.to_string());
        None
    }

    /// Adds a rule that the body breaks.
    pub fn refused<T>(&mut self, name: &str, message: impl Display) -> Option<T> {
        self.problems.refused(name, message.to_string());
        None
    }

    fn bound<T>(&mut self, name: &str, read: Result<T, String>) -> Option<T> {
        read.map_or_else(|message| self.malformed(name, message), Some)
    }

    /// A value, or the rule that it breaks.
    pub fn judged<T>(&mut self, name: &str, value: Result<T, String>) -> Option<T> {
        value.map_or_else(|message| self.refused(name, message), Some)
    }

    /// A text as it was sent; a value that is none keeps the body from being bound.
    fn string(&mut self, name: &str) -> Option<Patch<String>> {
        match self.get(name) {
            None => Some(Patch::Keep),
            Some(Value::Null) => Some(Patch::Clear),
            Some(Value::String(text)) => Some(Patch::Set(text.clone())),
            Some(other) => {
                let message = format!("must be a text, not {}", kind(other));
                self.malformed(name, message)
            }
        }
    }

    fn is_blank(&self, name: &str) -> bool {
        matches!(self.get(name), Some(Value::String(text)) if text.trim().is_empty())
    }

    /// A field by its name: spelled as documented, or else in any letter case.
    fn get(&self, name: &str) -> Option<&Value> {
        let in_any_case = || {
            self.object
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value)
        };
        self.object.get(name).or_else(in_any_case)
    }
}

/// The number in a JSON number, however it is written: `56.0` is 56.
pub fn whole(value: &Value) -> Option<i32> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a float that is whole and in range is exact"
    )]
    let of_float = |number: f64| {
        (number.fract() == 0.0 && (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&number))
            .then_some(number as i32)
    };
    match value.as_i64() {
        Some(number) => number.try_into().ok(),
        None => value.as_f64().and_then(of_float),
    }
}

/// A JSON value in a message.
pub fn kind(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        // What these say is not repeated: it may be a secret in the wrong field, or of the wrong type in its own.
        Value::Number(_) => "a number".to_owned(),
        Value::String(_) => "a text".to_owned(),
        Value::Array(_) => "an array".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

/// Reads a GUID from a read-only field; an empty or an all-zero one says nothing.
pub fn guid<G: FromStr<Err = String> + From<Uuid> + PartialEq>(
    value: &Value,
) -> Result<Option<G>, String> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) if text.trim().is_empty() => Ok(None),
        Value::String(text) => text
            .parse()
            .map(|guid| (guid != G::from(Uuid::nil())).then_some(guid)),
        other => Err(format!("{} is not a GUID", kind(other))),
    }
}

/// Reads the Id of a schedule from a read-only field; 0 says nothing.
pub fn id(value: &Value) -> Result<Option<ScheduleId>, String> {
    match (value, whole(value)) {
        (Value::Null, _) | (_, Some(0)) => Ok(None),
        (_, Some(id)) => Ok(Some(ScheduleId(id))),
        (Value::String(text), None) => Err(format!("{} is not an Id", quoted(text))),
        (other, None) => Err(format!("{} is not an Id", kind(other))),
    }
}
