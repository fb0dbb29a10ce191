//! The state that testers read and change for an account or the server, and that is not part of an account's value.

pub mod clock;
pub mod coverage;
pub mod fault;
pub mod journal;
pub mod matching;
pub mod outbox;
mod test_state;
mod usage;

pub use clock::Clock;
pub use test_state::{Ended, TestState};
pub use usage::Usage;
