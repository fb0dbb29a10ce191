//! A local stand-in for the account API of Uptrends.
//!
//! One idea carries it: an account is a value. All that belongs to an account is one immutable `Account` in memory;
//! requests read it, changes make the next one, and SQLite holds what must survive.
//!
//! | Module | Knows |
//! |---|---|
//! | `http` | the account API as clients see it: its operations, and the layers around them |
//! | `control` | the API of the emulator itself, under `/_emulator` |
//! | `console` | pages for people, under `/console`: the live service's, and tools for testers |
//! | `wire` | things as JSON objects, for the account API and the forms of the console |
//! | `bind` | binding what is sent to types, with all that is wrong with it |
//! | `operation` | what an operation is: its route, its path, and its part of the OpenAPI document |
//! | `status` | the statuses and sentences of errors |
//! | `openapi` | the OpenAPI document of all operations, and Swagger UI |
//! | `service` | who may do something, and which change it is |
//! | `document` | accounts written down: seed files, exports, and what the store keeps for a reset |
//! | `domain` | what the words mean, and every rule, as pure functions |
//! | `testing` | what testers change and read of an account or the server: journal, faults, clock, usage |
//! | `store` | publishing accounts, and the SQL that keeps the file in step |
//! | `system` | the time and random bytes |
//! | `server` | APIs and console as one server: accepting, and stopping gracefully |
//! | `body` | the bytes of a request's body |
//! | `connection` | one connection: its requests, and that each answer reaches its client |
//! | `listen` | the addresses that are listened on |
//! | `base_path` | the path of a public URL, in the links of pages |
//! | `names` | the names under which the emulator is reached, and which of them a browser may use |
//! | `options` | how an emulator is to run |
//! | `cli` | the program: its flags and variables, its log, and its commands |
//!
//! A request goes one way: `http` binds it, makes one call to `service`, which asks `domain` inside `Store::change`, and
//! answers.
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

pub use emulator::{Emulator, StartError};
pub use options::{Control, Options, Seed, SeedError};
pub use service::password::PasswordCost;
pub use store::OpenError;

use app::AppState;
