//! What testers change and read of an account, or of the server, and what is no part of an account's value.

pub mod clock;
pub mod fault;
pub mod journal;
mod test_state;
mod usage;

pub use clock::Clock;
pub use test_state::TestState;
pub use usage::Usage;
