//! The source of the time, new GUIDs and new secrets for the rules, so that none of them depends on the system.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::{Builder, Uuid};

use super::Moment;

/// The inputs of a change besides the account that it changes.
#[derive(Debug, Clone, Copy)]
pub struct Context {
    pub now: Moment,
    /// Fills a buffer with random bytes.
    pub random: fn(&mut [u8]),
}

impl Context {
    /// Returns a new random GUID, which nothing else has.
    pub fn new_guid<G: From<Uuid>>(&self) -> G {
        Builder::from_random_bytes(self.bytes()).into_uuid().into()
    }

    /// Returns a new password for an API user: 160 random bits in a URL-safe alphabet.
    pub fn new_password(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.bytes::<20>())
    }

    fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.random)(&mut bytes);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::Context;

    #[test]
    fn passwords_are_27_characters_that_need_no_escape() {
        let context = Context {
            now: "2026-01-01T12:00:00".parse().unwrap(),
            random: |bytes| bytes.fill(0xfb),
        };
        assert_eq!(context.new_password(), "-_v7-_v7-_v7-_v7-_v7-_v7-_s");
    }
}
