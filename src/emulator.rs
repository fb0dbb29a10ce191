//! The emulator as a whole: starts it, returns its URL, and stops it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use tokio::sync::oneshot;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::app::{App, AppState};
use crate::document;
use crate::error::Error;
use crate::handle::{AccountBuilder, Handle};
use crate::listen::{Listen, bind};
use crate::operation::Catalog;
use crate::options::{Options, SeedError};
use crate::server;
use crate::service::accounts;
use crate::service::password::Passwords;
use crate::store::{OpenError, Store};
use crate::system;
#[cfg(feature = "cli")]
use crate::testing::coverage::Coverage;

/// The error when an emulator cannot be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The value of an option cannot be used.
    #[error("{0}")]
    Option(String),
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {cause}")]
    Listen {
        /// The address as given in the option.
        address: String,
        /// The error of the operating system, most often that the address is in use.
        cause: io::Error,
    },
    /// The database cannot be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The seed cannot be read, or has mistakes.
    #[error("the accounts to begin with cannot be loaded:\n{0}")]
    Seed(#[from] SeedError),
    /// The faults cannot be read, have mistakes, or are too many.
    #[error("the faults to begin with cannot be loaded:\n{0}")]
    Faults(SeedError),
    /// The emulator itself failed.
    #[error("the accounts to begin with could not be made: {0}")]
    Failed(String),
}

impl From<Error> for StartError {
    fn from(error: Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// A running emulator. It stops when this is dropped; [`Emulator::stop`] also waits until it has stopped.
///
/// Give each test an account of its own with [`Emulator::account`]. The verbs of [`Handle`] are there for an account, and for the
/// whole server.
#[derive(Debug)]
pub struct Emulator {
    address: SocketAddr,
    #[cfg(feature = "cli")]
    is_seeded_now: bool,
    handle: Handle,
    stop: oneshot::Sender<()>,
    server_task: JoinHandle<()>,
}

impl Emulator {
    /// Starts an emulator, which is ready for requests when this returns. Fails if the address is in use, the database cannot be
    /// used, or the seed has mistakes.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let Options {
            mut listen,
            database,
            seed,
            faults,
            username,
            password,
            password_cost,
            read_timeout,
            control,
            names,
            max_journal_bytes,
            wrong,
        } = options;
        if let Some(wrong) = wrong {
            return Err(StartError::Option(wrong));
        }
        let seed = if let Some(seed) = seed {
            // A large seed takes a while to read; on another thread, the program can still be stopped meanwhile.
            let read = spawn_blocking(move || seed.read()).await;
            read.map_err(|error| Error::Failed(format!("the seed could not be read: {error}")))??
        } else {
            let context = system::context(system::time());
            document::Accounts::built_in(&username, &password, &context)
        };
        let catalog = Catalog(server::APIS);
        let faults = match faults {
            Some(faults) => {
                let read = spawn_blocking(move || faults.read_faults(catalog)).await;
                let read = read.map_err(|error| {
                    Error::Failed(format!("the faults could not be read: {error}"))
                })?;
                read.map_err(StartError::Faults)?
            }
            None => Vec::new(),
        };
        if listen.is_empty() {
            listen.push(Listen::At((Ipv4Addr::LOCALHOST, 0).into()));
        }
        let failed = |address: Listen, cause| StartError::Listen {
            address: address.to_string(),
            cause,
        };
        let listeners = bind(&listen).map_err(|(address, cause)| failed(address, cause))?;
        let address = listeners[0]
            .local_addr()
            .map_err(|cause| failed(listen[0], cause))?;

        // The port is served from the start, so that readiness checks get a response.
        let app = Arc::new(OnceLock::new());
        let instance = system::uuid();
        let (stop, stopped) = oneshot::channel();
        let server_task = tokio::spawn(server::serve(
            listeners,
            Arc::clone(&app),
            instance,
            read_timeout,
            stopped,
        ));

        let store = match &database {
            Some(path) => Store::open(path).await?,
            None => Store::in_memory().await?,
        };
        store.journal.set_max_bytes(max_journal_bytes);
        let begun = store.state().testing.faults.begin_with(faults);
        begun.map_err(|error| StartError::Faults(SeedError::Mistaken(error.to_string())))?;
        let passwords = Passwords::new(password_cost);
        let is_seeded_now = !store.state().was_seeded();
        if is_seeded_now {
            let accounts = accounts::hashed(seed, &passwords).await?;
            accounts::seed(&store, accounts).await?;
        }
        let state = AppState::from(App {
            store,
            passwords,
            read_timeout,
            control,
            names,
            catalog,
            instance,
        });
        app.set(server::app(&state))
            .expect("the application is set only once");
        Ok(Self {
            address,
            #[cfg(feature = "cli")]
            is_seeded_now,
            handle: Handle::of_server(state),
            stop,
            server_task,
        })
    }

    /// Returns the URL of the emulator, such as `http://127.0.0.1:8080`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Creates an account of a test's own, by `.await`.
    pub fn account(&self) -> AccountBuilder {
        AccountBuilder::new(self.handle.clone(), self.url())
    }

    /// Returns whether the seed was loaded at this start: a database that was ever seeded is never seeded again.
    #[cfg(feature = "cli")]
    pub(crate) fn is_seeded_now(&self) -> bool {
        self.is_seeded_now
    }

    /// Returns what is counted of all requests, those included that are finished when the emulator stops.
    #[cfg(feature = "cli")]
    pub(crate) fn coverage(&self) -> Arc<Coverage> {
        Arc::clone(&self.handle.state.store.coverage)
    }

    /// Stops the emulator: finishes the requests in progress, writes pending data, and closes the database.
    pub async fn stop(self) {
        let Self {
            address: _,
            #[cfg(feature = "cli")]
                is_seeded_now: _,
            handle,
            stop,
            server_task,
        } = self;
        drop(stop);
        if let Err(error) = server_task.await {
            tracing::error!(%error, "the server ended in a panic");
        }
        handle.state.store.close().await;
    }
}

/// Has the verbs of the control API for the whole server.
impl Deref for Emulator {
    type Target = Handle;

    fn deref(&self) -> &Handle {
        &self.handle
    }
}
