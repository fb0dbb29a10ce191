//! The state that testers read and change for an account or the server, and that is not part of an account's value.

pub mod clock;
pub mod fault;
pub mod journal;
mod test_state;
mod usage;

pub use clock::Clock;
pub use test_state::TestState;
pub use usage::Usage;
