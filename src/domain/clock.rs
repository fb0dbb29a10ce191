//! Where the rules take the time, new GUIDs and new secrets from, so that none of them asks the system.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Utc;
use rand::TryRng as _;
use rand::rngs::SysRng;
use uuid::{Builder, Uuid};

use super::Moment;

/// The clock that every time in the API comes from.
#[derive(Debug, Default)]
pub struct Clock;

impl Clock {
    /// The present instant, to the second: no time of the API is finer.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that asks the system"
    )]
    pub fn now(&self) -> Moment {
        Utc::now().into()
    }
}

/// What a change may use besides the account it changes.
#[derive(Debug, Clone, Copy)]
pub struct Context {
    pub now: Moment,
}

impl Context {
    /// A GUID that nothing else has.
    pub fn new_guid<G: From<Uuid>>(&self) -> G {
        Builder::from_random_bytes(random()).into_uuid().into()
    }

    /// A password for an API user: 160 random bits in a URL-safe alphabet.
    pub fn new_password(&self) -> String {
        URL_SAFE_NO_PAD.encode(random::<20>())
    }
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SysRng
        .try_fill_bytes(&mut bytes)
        .expect("the operating system gives random bytes");
    bytes
}

#[cfg(test)]
mod tests {
    use super::{Clock, Context};

    #[test]
    fn passwords_are_27_characters_that_need_no_escape_and_never_the_same() {
        let context = Context { now: Clock.now() };
        let password = context.new_password();
        assert_eq!(password.len(), 27);
        assert!(
            password
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)),
            "{password}"
        );
        assert_ne!(password, context.new_password());
    }
}
