//! The passwords of operators and their hashes. (Those of API users are in `api_user`.)

use std::fmt;
use std::str::FromStr;

use argon2::Params;
use argon2::password_hash::phc;
use schemars::json_schema;
use serde::Serialize;

use super::schema::schema;
use super::value::{from_node, ruled};
use super::{Kept, Restore, restore_parsed};

const LONGEST_PASSWORD: usize = 256;

/// A password as a person chose it: it is only hashed or verified, never stored and never shown.
#[derive(Clone)]
pub struct PlainPassword(String);

impl PlainPassword {
    /// Creates a password that is to be verified; no rule applies to it.
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

restore_parsed!(PlainPassword);

from_node!(PlainPassword, Text, ruled);

schema!(PlainPassword, |_| json_schema!({
    "type": "string", "format": "password", "minLength": 1, "maxLength": LONGEST_PASSWORD, "writeOnly": true
}));

impl fmt::Debug for PlainPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainPassword(…)")
    }
}

/// The Argon2id hash of a password, as a PHC string. A hash that was saved may cost more than one that comes from outside.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct PasswordHash(String);

impl PasswordHash {
    pub fn new(phc: impl Into<String>) -> Self {
        Self(phc.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the parsed hash, or an error if computing it costs so much that nothing would be left for other work.
    pub fn affordable(&self) -> Result<phc::PasswordHash, String> {
        affordable(&self.0)
    }
}

/// Parses a hash and checks that computing it costs no more than with the defaults of the `argon2` crate. The PHC string format
/// limits the lengths of salt and hash.
fn affordable(text: &str) -> Result<phc::PasswordHash, String> {
    let hash = phc::PasswordHash::new(text).ok().and_then(|hash| {
        let is_whole = hash.algorithm.as_str() == "argon2id" && hash.hash.is_some();
        let params = Params::try_from(&hash).ok().filter(|_| is_whole)?;
        Some((hash, params))
    });
    let Some((hash, params)) = hash else {
        return Err("must be the PHC string of an Argon2id hash: $argon2id$v=19$…".to_owned());
    };
    let (most, mut too_much) = (Params::DEFAULT, Vec::new());
    for (name, cost, most) in [
        ("m", params.m_cost(), most.m_cost()),
        ("t", params.t_cost(), most.t_cost()),
        ("p", params.p_cost(), most.p_cost()),
    ] {
        if cost > most {
            too_much.push(format!("{name}={cost}"));
        }
    }
    if too_much.is_empty() {
        return Ok(hash);
    }
    Err(format!(
        "costs too much to be computed ({}); at most m={}, t={}, p={} are allowed",
        too_much.join(", "),
        most.m_cost(),
        most.t_cost(),
        most.p_cost()
    ))
}

impl FromStr for PasswordHash {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        affordable(text).map(|_| Self(text.to_owned()))
    }
}

impl Restore for PasswordHash {
    fn restore(kept: Kept<'_>) -> Option<Self> {
        String::restore(kept).map(Self)
    }
}

from_node!(PasswordHash, Text, ruled);

schema!(
    PasswordHash,
    |_| json_schema!({"type": "string", "pattern": "^\\$argon2id\\$"})
);

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}
