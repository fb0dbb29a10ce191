//! The type of account numbers.

use std::fmt;
use std::str::FromStr;

use schemars::{Schema, SchemaGenerator, json_schema};
use serde::Serialize;

use crate::domain::node::Node;
use crate::domain::schema::schema;
use crate::domain::text::quoted;
use crate::domain::value::{FromNode, Kind, Mismatch, ruled};
use crate::domain::{Kept, Restore};

/// The number of an account: 1 to 9 digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct AccountId(i32);

impl AccountId {
    /// The number of the first account where none exists yet.
    pub const FIRST: Self = Self(100_000);

    pub fn number(self) -> u32 {
        self.0.unsigned_abs()
    }

    /// Returns the number after this one.
    pub fn next(self) -> Option<Self> {
        (self.0 < 999_999_999).then(|| Self(self.0 + 1))
    }
}

impl FromStr for AccountId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let trimmed = text.trim();
        let is_number =
            (1..=9).contains(&trimmed.len()) && trimmed.bytes().all(|byte| byte.is_ascii_digit());
        match trimmed.parse() {
            Ok(number) if is_number => Ok(Self(number)),
            _ => Err(format!(
                "{} is not an account's number; write 1 to 9 digits",
                quoted(text)
            )),
        }
    }
}

/// Documents hold it as a string, since it may begin with 0.
impl FromNode for AccountId {
    const KIND: Kind = Kind::Text;

    fn read(node: &Node) -> Result<Option<Self>, Mismatch> {
        ruled(node)
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": "^[0-9]{1,9}$"})
    }
}

/// Rows hold it as a number, documents as a string.
impl Restore for AccountId {
    fn restore(kept: Kept<'_>) -> Option<Self> {
        match kept {
            Kept::Text(_) => kept.parse(),
            kept => i32::restore(kept).map(Self),
        }
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

schema!(
    AccountId,
    |_| json_schema!({"type": "integer", "format": "int32"})
);
