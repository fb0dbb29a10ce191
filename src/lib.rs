//! A local emulator of the account API of Uptrends.
//!
//! An account is a value: everything that belongs to an account is one immutable `Account` in memory. Requests read it, changes
//! create its next version, and SQLite stores what must survive a restart.
//!
//! | Module | Contents |
//! |---|---|
//! | `http` | the account API as clients see it: its operations and the layers around them |
//! | `control` | the API of the emulator itself, under `/_emulator` |
//! | `handle` | the same as `control` for tests in Rust: an account of a test's own, faults, verification, the clock |
//! | `console` | the web pages under `/console`: those of the live service, and tools for testers |
//! | `wire` | the JSON representations of domain types, for the account API and the forms of the console |
//! | `bind` | binds request bodies and documents to types, and collects all their problems |
//! | `operation` | the declaration of an operation: its route, its path, and its part of the OpenAPI document |
//! | `status` | the status codes and messages of errors |
//! | `openapi` | the OpenAPI document of all operations, and Swagger UI |
//! | `service` | authorization, and the change that each operation makes |
//! | `document` | accounts as documents: seed files, exports, and the states that the store saves for resets |
//! | `domain` | the domain types and every rule, as pure functions |
//! | `testing` | the state that testers read and change for an account or the server: journal, faults, clock, usage, coverage, outbox |
//! | `store` | publishes accounts; the SQL that keeps the database in sync |
//! | `system` | the system time and random bytes |
//! | `server` | the server of all APIs and the console: accepts connections and stops gracefully |
//! | `body` | reads request bodies |
//! | `connection` | serves one connection, and makes sure that each response reaches its client |
//! | `listen` | the addresses to listen on |
//! | `base_path` | adds the path of the public URL to the links of pages |
//! | `names` | the names under which the emulator is reached, and which of them a browser may use |
//! | `options` | the options of an emulator |
//! | `cli` | the program: its flags and environment variables, its log, and its commands |
//!
//! A request takes one path: `http` binds it and makes one call to `service`, which applies the rules of `domain` inside
//! `Store::change`; then `http` writes the response.
//!
//! To run the emulator inside a test:
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! use uptrends_emulator::{Emulator, Options};
//!
//! let emulator = Emulator::start(Options::default()).await.unwrap();
//! assert!(emulator.url().starts_with("http://127.0.0.1:"));
//! emulator.stop().await;
//! # });
//! ```

mod app;
mod base_path;
mod bind;
mod body;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
mod connection;
mod console;
mod control;
mod document;
mod domain;
mod emulator;
mod error;
mod handle;
mod http;
mod listen;
mod names;
mod openapi;
mod operation;
mod options;
mod server;
mod service;
mod status;
mod store;
mod system;
mod testing;
mod wire;

pub use control::{OutboxMessage, RecordedMessage, RecordedRequest};
pub use emulator::{Emulator, StartError};
pub use handle::{
    Account, AccountBuilder, ControlError, Effect, Fault, FaultHandle, Handle, Match, Verify,
};
pub use options::{Control, Options, Seed, SeedError};
pub use service::password::PasswordCost;
pub use store::OpenError;
pub use testing::fault::Struck;

use app::AppState;
