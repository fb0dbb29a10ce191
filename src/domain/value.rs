//! What the type of a field has to know, once: how a value is read and described, and what it is when nobody said.

use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use strum::VariantNames;

use super::Restore;
use super::node::{Content, Node};
use super::text::word;

/// Why a value is none of a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// Whether the request cannot be bound; else it breaks a rule.
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

/// What is sent by clients that mean no value, besides null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Empty {
    /// Every value means something.
    Nothing,
    /// A text of blanks.
    Blank,
    /// The number 0: clients with plain integers always send a number.
    Zero,
    /// An all-zero GUID, or a text of blanks.
    Nil,
}

/// What a value is in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Number,
    Flag,
}

/// A value that can be read from what somebody sends.
pub trait FromNode: JsonSchema + Sized {
    const KIND: Kind;
    const EMPTY: Empty = Empty::Nothing;

    /// Reads a value by its rule. Returns none for [`Self::EMPTY`].
    fn read(node: &Node) -> Result<Option<Self>, Mismatch>;

    /// Returns the schema of what is read, besides what says nothing.
    fn schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<Self>()
    }

    /// Returns the schema of what is written.
    fn written_schema(generator: &mut SchemaGenerator) -> Schema {
        Self::schema(generator)
    }
}

/// A value that a field of a record can hold.
pub trait Value: FromNode + Restore + Clone + PartialEq + Serialize {
    /// Returns the value of a field that nobody set; none, if somebody has to.
    fn unset() -> Option<Self>;

    /// Whether there is a value to be written.
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

/// The largest whole number on which programs that read JSON agree (RFC 8259, 6).
pub const LARGEST_WHOLE: u64 = (1 << 53) - 1;

/// Makes numbers that are not negative readable.
macro_rules! unsigned {
    ($($type:ty, $most:expr, $expected:literal;)+) => {
        $(impl FromNode for $type {
            const KIND: Kind = Kind::Number;

            fn read(node: &Node) -> Result<Option<Self>, Mismatch> {
                let number = node.integer().and_then(|number| number.try_into().ok());
                number.map(Some).ok_or_else(|| node.is_no_number($expected))
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
    u64, LARGEST_WHOLE, "a whole number of at least 0";
    usize, LARGEST_WHOLE, "a whole number of at least 0";
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
            _ => Err(node.is_not("a number")),
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

/// Reads a text with a rule.
pub fn ruled<T: FromStr<Err = String>>(node: &Node) -> Result<Option<T>, Mismatch> {
    node.text()?.parse().map(Some).map_err(Mismatch::refused)
}

/// Reads a text that has to have a form.
pub fn parsed<T: FromStr<Err = String>>(node: &Node) -> Result<Option<T>, Mismatch> {
    node.text()?.parse().map(Some).map_err(Mismatch::malformed)
}

/// Reads a text that has to have a form; one of blanks says nothing.
pub fn formed<T: FromStr<Err = String>>(node: &Node) -> Result<Option<T>, Mismatch> {
    match node.text()? {
        text if text.trim().is_empty() => Ok(None),
        _ => parsed(node),
    }
}

/// Reads one of a set of words, in any letter case; blanks say nothing.
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

/// Reads a whole number with a rule.
pub fn ruled_number<T: TryFrom<i32, Error = String>>(node: &Node) -> Result<Option<T>, Mismatch> {
    T::try_from(node.whole()?)
        .map(Some)
        .map_err(Mismatch::refused)
}

/// Reads a whole number with a rule; 0 says nothing, which clients with plain integers send for it.
pub fn ruled_number_unless_0<T: TryFrom<i32, Error = String>>(
    node: &Node,
) -> Result<Option<T>, Mismatch> {
    if node.integer() == Some(0) {
        return Ok(None);
    }
    ruled_number(node)
}

/// Reads a text with a rule; one of blanks says nothing.
pub fn ruled_unless_blank<T: FromStr<Err = String>>(node: &Node) -> Result<Option<T>, Mismatch> {
    if node.is_blank() {
        return Ok(None);
    }
    ruled(node)
}

/// Makes a type readable: `from_node!(WeekDay, Text, one_of, empty Blank)`. `written` and a schema say what is written, where
/// that is not what is read.
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
