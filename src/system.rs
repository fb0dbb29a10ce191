//! What only the operating system knows: the time, and bytes that nobody can guess.

use chrono::Utc;
use rand::TryRng as _;
use rand::rngs::SysRng;

use crate::domain::{Context, Moment};

/// What the system's clock shows.
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
        .expect("the operating system gives random bytes");
}

/// Returns what a change may use at this time of an account's clock.
pub fn context(now: Moment) -> Context {
    Context { now, random }
}
