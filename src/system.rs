//! The system time and cryptographically secure random bytes.

use chrono::Utc;
use rand::TryRng as _;
use rand::rngs::SysRng;

use crate::domain::{Context, Moment};

/// Returns the time of the system's clock.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that asks the system"
)]
pub fn time() -> Moment {
    Utc::now().into()
}

/// Fills a buffer with random bytes.
pub fn random(bytes: &mut [u8]) {
    SysRng
        .try_fill_bytes(bytes)
        .expect("the operating system provides random bytes");
}

/// Returns the context of a change at a time of an account's clock.
pub fn context(now: Moment) -> Context {
    Context { now, random }
}
