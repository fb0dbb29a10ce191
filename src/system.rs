//! The system time and cryptographically secure random bytes.

use std::time::SystemTime;

use chrono::{DateTime, Utc};
use rand::TryRng as _;
use rand::rngs::SysRng;
use uuid::Uuid;

use crate::domain::{Context, Moment};

/// Returns the time of the system's clock.
pub fn time() -> Moment {
    DateTime::<Utc>::from(now()).into()
}

/// Returns the system time with all its digits.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that asks the system"
)]
pub fn now() -> SystemTime {
    SystemTime::now()
}

/// Fills a buffer with random bytes.
pub fn random(bytes: &mut [u8]) {
    SysRng
        .try_fill_bytes(bytes)
        .expect("the operating system provides random bytes");
}

/// Returns a new random UUID.
pub fn uuid() -> Uuid {
    context(time()).new_guid()
}

/// Returns the context of a change at a time of an account's clock.
pub fn context(now: Moment) -> Context {
    Context { now, random }
}
