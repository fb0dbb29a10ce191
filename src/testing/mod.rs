//! What testers change and read of an account, or of the server, and what is no part of an account's value.

mod beside;
pub mod clock;
pub mod fault;
pub mod journal;
mod usage;

pub use beside::Beside;
pub use clock::Clock;
pub use usage::Usage;
