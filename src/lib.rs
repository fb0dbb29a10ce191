//! A local stand-in for the account API of Uptrends.
//!
//! One idea carries it: an account is a value. All that belongs to an account is one immutable
//! [`Account`](domain::Account) in memory; requests read it, changes make the next one, and SQLite holds what must
//! survive.
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
//! | [`document`] | accounts written down: seed files, exports, and what the store keeps for a reset |
//! | [`domain`] | what the words mean, and every rule, as pure functions |
//! | `store` | publishing accounts, and the SQL that keeps the file in step |
//! | `server` | APIs and console as one server: accepting, and stopping gracefully |
//! | `body` | the bytes of a request's body |
//! | `connection` | one connection: its requests, and that each answer reaches its client |
//! | `listen` | the addresses that are listened on |
//! | `names` | the names under which the emulator is reached, and which of them a browser may use |
//! | [`config`] | flags and environment variables |
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

mod bind;
mod body;
pub mod config;
mod connection;
mod console;
mod control;
pub mod document;
pub mod domain;
mod emulator;
pub mod error;
mod http;
mod listen;
mod names;
mod openapi;
mod operation;
mod server;
mod service;
mod status;
mod store;
mod wire;

pub use emulator::{Emulator, Options, Seed, SeedError, StartError};
pub use listen::Listen;
pub use names::{HostName, Names, PublicUrl};
pub use server::documents;
pub use service::password::PasswordCost;
pub use store::OpenError;

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use subtle::ConstantTimeEq as _;

use operation::{Api, Operation};
use service::password::Passwords;
use store::Store;

/// What every request can reach. It is cloned several times for each request, so it is one pointer.
#[derive(Debug, Clone)]
pub struct AppState(Arc<App>);

#[derive(Debug)]
pub struct App {
    /// The accounts, and how they are changed.
    pub store: Store,
    /// How passwords of operators are hashed.
    pub passwords: Passwords,
    /// How long the body of a request may take to arrive.
    pub read_timeout: Duration,
    /// Who may use the control API and the console.
    pub control: Control,
    /// Under which names the emulator is reached.
    pub names: Names,
    /// The account API and its companion.
    pub apis: &'static [&'static Api],
}

impl App {
    /// The operations that are emulated.
    pub fn operations(&self) -> impl Iterator<Item = &'static Operation> + use<> {
        self.apis.iter().flat_map(|api| api.operations())
    }
}

impl From<App> for AppState {
    fn from(app: App) -> Self {
        Self(Arc::new(app))
    }
}

impl Deref for AppState {
    type Target = App;

    fn deref(&self) -> &App {
        &self.0
    }
}

/// Whether there is a control API, and who may use it.
#[derive(Debug, Clone)]
pub enum Control {
    Off,
    /// For all who send the token, if there is one.
    On {
        token: Option<Arc<str>>,
    },
}

impl Control {
    pub fn has_token(&self) -> bool {
        matches!(self, Self::On { token: Some(_) })
    }

    /// Whether it is open to somebody who has this token, or none.
    pub fn admits(&self, sent: Option<&str>) -> bool {
        match self {
            Self::Off => false,
            Self::On { token: None } => true,
            Self::On { token: Some(token) } => {
                sent.is_some_and(|sent| sent.as_bytes().ct_eq(token.as_bytes()).into())
            }
        }
    }
}
