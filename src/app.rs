//! What every request can reach.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use crate::names::Names;
use crate::operation::{Api, Operation};
use crate::options::Control;
use crate::service::password::Passwords;
use crate::store::Store;

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
