//! The passwords of operators. (Those of API users are in `api_user`.)

use std::fmt;
use std::str::FromStr;

use argon2::password_hash::phc;
use schemars::json_schema;
use serde::Serialize;

use super::schema::schema;

const LONGEST_PASSWORD: usize = 256;

/// A password as a person chose it: on its way to a hash, never kept and never shown.
#[derive(Clone)]
pub struct PlainPassword(String);

impl PlainPassword {
    /// A password that somebody claims to be the right one; no rule applies to it.
    pub fn claimed(text: &str) -> Self {
        Self(text.to_owned())
    }

    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl FromStr for PlainPassword {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if (1..=LONGEST_PASSWORD).contains(&text.chars().count()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!("must have 1 to {LONGEST_PASSWORD} characters"))
        }
    }
}

schema!(PlainPassword, |_| json_schema!({
    "type": "string", "format": "password", "minLength": 1, "maxLength": LONGEST_PASSWORD, "writeOnly": true
}));

impl fmt::Debug for PlainPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainPassword(…)")
    }
}

/// The Argon2id hash of a password, as a PHC string.
#[derive(Clone, PartialEq, Eq, Serialize, sqlx::Type)]
#[sqlx(transparent)]
#[serde(transparent)]
pub struct PasswordHash(String);

impl PasswordHash {
    pub fn new(phc: impl Into<String>) -> Self {
        Self(phc.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PasswordHash {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match phc::PasswordHash::new(text) {
            Ok(hash) if hash.algorithm.as_str() == "argon2id" && hash.hash.is_some() => {
                Ok(Self(text.to_owned()))
            }
            _ => Err("must be the PHC string of an Argon2id hash: $argon2id$v=19$…".to_owned()),
        }
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}
