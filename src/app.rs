//! The application state that every request handler shares.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::names::Names;
use crate::operation::Catalog;
use crate::options::Control;
use crate::service::password::Passwords;
use crate::store::Store;

/// A shared handle to [`App`]. It is cloned several times for each request, so it is a single pointer.
#[derive(Debug, Clone)]
pub struct AppState(Arc<App>);

/// The state of a running emulator.
#[derive(Debug)]
pub struct App {
    /// Holds the accounts and runs changes of them.
    pub store: Store,
    /// Hashes and verifies the passwords of operators.
    pub passwords: Passwords,
    /// The time limit for receiving the body of a request.
    pub read_timeout: Duration,
    /// Who may use the control API and the console.
    pub control: Control,
    /// The names under which clients reach the emulator.
    pub names: Names,
    /// The operations of the live service.
    pub catalog: Catalog,
    /// A name that is new with every start.
    pub instance: Uuid,
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
