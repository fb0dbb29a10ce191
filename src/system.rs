//! The system time and cryptographically secure random bytes.

use chrono::Utc;
use rand::TryRng as _;
use rand::rngs::SysRng;
use uuid::Uuid;

use crate::domain::{Context, Moment};

/// Returns the time of the system's clock.
pub fn time() -> Moment {
    precise_time().0
}

/// Returns the time of the system's clock, and the milliseconds since then.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that asks the system"
)]
pub fn precise_time() -> (Moment, u32) {
    let now = Utc::now();
    // A leap second has more than 1000.
    let millisecond = now.timestamp_subsec_millis().min(999);
    (now.into(), millisecond)
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
