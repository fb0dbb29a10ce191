//! The traits of field types: how a value is read and described, and what it is when it is not set.

use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use strum::VariantNames;

use super::Restore;
use super::node::{Content, Node};
use super::text::word;

/// The reason why a value is not one of a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// Whether the request cannot be bound; otherwise it breaks a rule.
    pub is_malformed: bool,
    pub message: String,
}

impl Mismatch {
    pub fn malformed(message: impl Into<String>) -> Self {
        Self {
            is_malformed: true,
            message: message.into(),
        }
    }

    pub fn refused(message: impl Into<String>) -> Self {
        Self {
            is_malformed: false,
            message: message.into(),
        }
    }
}

/// The values that count as absent besides null, since clients send them to mean no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Empty {
    /// No value counts as absent.
    Nothing,
    /// A blank string.
    Blank,
    /// The number 0: clients with plain integers always send a number.
    Zero,
    /// An all-zero GUID, or a blank string.
    Nil,
}

/// The JSON type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Number,
    Flag,
}

/// A type whose values can be read from a request or a document.
pub trait FromNode: JsonSchema + Sized {
    const KIND: Kind;
    const EMPTY: Empty = Empty::Nothing;

    /// Reads a value by the rule of its type. Returns `None` for [`Self::EMPTY`].
    fn read(node: &Node) -> Result<Option<Self>, Mismatch>;

    /// Returns the schema of the values that are read, without those that count as absent.
    fn schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<Self>()
    }

    /// Returns the schema of the values that are written.
    fn written_schema(generator: &mut SchemaGenerator) -> Schema {
        Self::schema(generator)
    }
}

/// A type whose values a field of a record can hold.
pub trait Value: FromNode + Restore + Clone + PartialEq + Serialize {
    /// Returns the value of a field that is not set, or `None` if the field is required.
    fn unset() -> Option<Self>;

    /// Returns whether there is a value to write.
    #[inline]
    fn is_written(&self) -> bool {
        true
    }
}

/// A field that may be unset.
impl<T: FromNode> FromNode for Option<T> {
    const KIND: Kind = T::KIND;
    const EMPTY: Empty = T::EMPTY;

    fn read(node: &Node) -> Result<Option<Self>, Mismatch> {
        T::read(node).map(|value| value.map(Some))
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        T::schema(generator)
    }

    fn written_schema(generator: &mut SchemaGenerator) -> Schema {
        T::written_schema(generator)
    }
}

impl<T: Value> Value for Option<T> {
    fn unset() -> Option<Self> {
        Some(None)
    }

    #[inline]
    fn is_written(&self) -> bool {
        self.is_some()
    }
}

impl FromNode for bool {
    const KIND: Kind = Kind::Flag;

    fn read(node: &Node) -> Result<Option<Self>, Mismatch> {
        node.flag().map(Some)
    }
}

impl Value for bool {
    fn unset() -> Option<Self> {
        Some(false)
    }
}

impl FromNode for String {
    const KIND: Kind = Kind::Text;

    fn read(node: &Node) -> Result<Option<Self>, Mismatch> {
        node.text().map(|text| Some(text.to_owned()))
    }
}

/// The largest integer on whose value all JSON implementations agree (RFC 8259, section 6).
pub const LARGEST_WHOLE: i64 = (1 << 53) - 1;

/// Implements [`FromNode`] for unsigned numbers.
macro_rules! unsigned {
    ($($type:ty, $most:expr, $expected:literal;)+) => {
        $(impl FromNode for $type {
            const KIND: Kind = Kind::Number;

            fn read(node: &Node) -> Result<Option<Self>, Mismatch> {
                let number = node.integer().filter(|number| *number <= LARGEST_WHOLE);
                let number = number.and_then(|number| number.try_into().ok());
                number.map(Some).ok_or_else(|| node.number_mismatch($expected))
            }

            fn schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"type": "integer", "minimum": 0, "maximum": $most})
            }
        })+
    };
}

unsigned! {
    u16, u16::MAX, "a whole number from 0 to 65535";
    u32, u32::MAX, "a whole number from 0 to 4294967295";
    u64, LARGEST_WHOLE, "a whole number from 0 to 9007199254740991";
    usize, LARGEST_WHOLE, "a whole number from 0 to 9007199254740991";
}

impl FromNode for f64 {
    const KIND: Kind = Kind::Number;

    #[expect(
        clippy::cast_precision_loss,
        reason = "large numbers are out of any range"
    )]
    fn read(node: &Node) -> Result<Option<Self>, Mismatch> {
        match node.content {
            Content::Whole(number) => Ok(Some(number as Self)),
            Content::Fraction(number) => Ok(Some(number)),
            _ => Err(node.mismatch("a number")),
        }
    }
}

impl FromNode for i32 {
    const KIND: Kind = Kind::Number;

    fn read(node: &Node) -> Result<Option<Self>, Mismatch> {
        node.whole().map(Some)
    }
}

impl Value for i32 {
    fn unset() -> Option<Self> {
        Some(0)
    }
}

/// Reads a string; one that cannot be parsed breaks a rule.
pub fn ruled<T: FromStr<Err = String>>(node: &Node) -> Result<Option<T>, Mismatch> {
    node.text()?.parse().map(Some).map_err(Mismatch::refused)
}

/// Reads a string; one that cannot be parsed is malformed.
pub fn parsed<T: FromStr<Err = String>>(node: &Node) -> Result<Option<T>, Mismatch> {
    node.text()?.parse().map(Some).map_err(Mismatch::malformed)
}

/// Reads a string; one that cannot be parsed is malformed, a blank one counts as absent.
pub fn formed<T: FromStr<Err = String>>(node: &Node) -> Result<Option<T>, Mismatch> {
    match node.text()? {
        text if text.trim().is_empty() => Ok(None),
        _ => parsed(node),
    }
}

/// Reads one of a set of words, in any letter case; a blank string counts as absent.
pub fn one_of<T: FromStr + VariantNames>(node: &Node) -> Result<Option<T>, Mismatch> {
    match node.text()? {
        text if text.trim().is_empty() => Ok(None),
        _ => word_of(node),
    }
}

/// Reads one of a set of words, in any letter case.
pub fn word_of<T: FromStr + VariantNames>(node: &Node) -> Result<Option<T>, Mismatch> {
    word(node.text()?).map(Some).map_err(Mismatch::malformed)
}

/// Reads an integer; one that cannot be converted breaks a rule.
pub fn ruled_number<T: TryFrom<i32, Error = String>>(node: &Node) -> Result<Option<T>, Mismatch> {
    T::try_from(node.whole()?)
        .map(Some)
        .map_err(Mismatch::refused)
}

/// Reads an integer as [`ruled_number`] does; 0, which clients with plain integers send for no value, counts as absent.
pub fn ruled_number_unless_0<T: TryFrom<i32, Error = String>>(
    node: &Node,
) -> Result<Option<T>, Mismatch> {
    if node.integer() == Some(0) {
        return Ok(None);
    }
    ruled_number(node)
}

/// Reads a string as [`ruled`] does; a blank one counts as absent.
pub fn ruled_unless_blank<T: FromStr<Err = String>>(node: &Node) -> Result<Option<T>, Mismatch> {
    if node.is_blank() {
        return Ok(None);
    }
    ruled(node)
}

/// Implements [`FromNode`] for a type: `from_node!(WeekDay, Text, one_of, empty Blank)`. `written` is followed by the schema of
/// what is written, if that differs from what is read.
macro_rules! from_node {
    ($type:ty, $kind:ident, $read:path $(, empty $empty:ident)? $(, written $written:tt)?) => {
        impl $crate::domain::value::FromNode for $type {
            const KIND: $crate::domain::value::Kind = $crate::domain::value::Kind::$kind;
            $(const EMPTY: $crate::domain::value::Empty = $crate::domain::value::Empty::$empty;)?

            fn read(
                node: &$crate::domain::node::Node,
            ) -> Result<Option<Self>, $crate::domain::value::Mismatch> {
                $read(node)
            }

            $(fn written_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!($written)
            })?
        }
    };
}

pub(crate) use from_node;
