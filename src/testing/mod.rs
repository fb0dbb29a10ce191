//! What testers change and read of an account, or of the server, and what is no part of an account's value.

pub mod clock;
pub mod fault;
pub mod journal;
mod usage;

pub use clock::Clock;
pub use usage::Usage;
