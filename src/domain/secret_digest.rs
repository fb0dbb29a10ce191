//! Digests of secrets, which are stored instead of the secrets.

use std::fmt;
use std::str::FromStr;

use schemars::json_schema;
use serde::{Serialize, Serializer};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::schema::schema;
use super::value::{from_node, ruled};
use super::{Kept, Restore};

/// The SHA-256 digest of an API user's password. A password that the server generates has 160 random bits, which cannot be
/// guessed; a slow hash would only slow down every request. Passwords in seeds and command-line flags are fixtures, not secrets.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecretDigest([u8; 32]);

impl SecretDigest {
    pub fn of(secret: &(impl AsRef<[u8]> + ?Sized)) -> Self {
        Self(Sha256::digest(secret).into())
    }

    /// Returns whether both are digests of the same secret. Compares them in constant time.
    pub fn agrees_with(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    pub fn hex(&self) -> String {
        self.0.iter().fold(String::with_capacity(64), |hex, byte| {
            hex + &format!("{byte:02x}")
        })
    }

    fn from_hex(hex: &str) -> Option<Self> {
        let mut digest = [0; 32];
        if hex.len() != 2 * digest.len() {
            return None;
        }
        for (at, byte) in digest.iter_mut().enumerate() {
            *byte = u8::from_str_radix(hex.get(2 * at..2 * at + 2)?, 16).ok()?;
        }
        Some(Self(digest))
    }
}

from_node!(SecretDigest, Text, ruled);

schema!(
    SecretDigest,
    |_| json_schema!({"type": "string", "pattern": "^sha256:[0-9A-Fa-f]{64}$"})
);

/// Documents hold digests as `sha256:` and 64 hexadecimal digits.
const DIGEST_TAG: &str = "sha256:";

impl Serialize for SecretDigest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{DIGEST_TAG}{}", self.hex()))
    }
}

impl FromStr for SecretDigest {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.strip_prefix(DIGEST_TAG)
            .and_then(Self::from_hex)
            .ok_or_else(|| format!("must be {DIGEST_TAG} and 64 hexadecimal digits"))
    }
}

impl Restore for SecretDigest {
    fn restore(kept: Kept<'_>) -> Option<Self> {
        match kept {
            Kept::Bytes(digest) => digest.try_into().ok().map(Self),
            kept => kept.parse(),
        }
    }
}

impl fmt::Debug for SecretDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretDigest(…)")
    }
}
