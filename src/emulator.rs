//! The emulator as a whole: started, found by its URL, and stopped.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};

use tokio::sync::oneshot;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::app::{App, AppState};
use crate::document;
use crate::error::Error;
use crate::listen::{Listen, bind};
use crate::options::{Options, SeedError};
use crate::server;
use crate::service::accounts;
use crate::service::password::Passwords;
use crate::store::{OpenError, Store};
use crate::system;

/// Why an emulator could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The value of an option cannot be used.
    #[error("{0}")]
    Option(String),
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {cause}")]
    Listen {
        /// The address, as the option has it.
        address: String,
        /// What the system says, most often that the address is in use.
        cause: io::Error,
    },
    /// The database cannot be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The seed cannot be read, or has mistakes.
    #[error("the accounts to begin with cannot be loaded:\n{0}")]
    Seed(#[from] SeedError),
    /// The emulator itself failed.
    #[error("the accounts to begin with could not be made: {0}")]
    Failed(String),
}

impl From<Error> for StartError {
    fn from(error: Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// A running emulator. It stops when this is dropped; [`Emulator::stop`] waits for it.
#[derive(Debug)]
pub struct Emulator {
    address: SocketAddr,
    store: Store,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

impl Emulator {
    /// Starts an emulator; when this returns, it is ready for requests. It fails where the address is taken, the database
    /// cannot be used, or the seed has mistakes.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let Options {
            mut listen,
            database,
            seed,
            username,
            password,
            password_cost,
            read_timeout,
            control,
            names,
            wrong,
        } = options;
        if let Some(wrong) = wrong {
            return Err(StartError::Option(wrong));
        }
        let seed = if let Some(seed) = seed {
            // A large one takes a while, in which the program can be stopped.
            let read = spawn_blocking(move || seed.read()).await;
            read.map_err(|error| Error::Failed(format!("the seed could not be read: {error}")))??
        } else {
            let context = system::context(system::time());
            document::Accounts::built_in(&username, &password, &context)
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

        // The port is served from the start: whoever asks whether the emulator is ready gets an answer.
        let app = Arc::new(OnceLock::new());
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(server::serve(
            listeners,
            Arc::clone(&app),
            read_timeout,
            stopped,
        ));

        let store = match &database {
            Some(path) => Store::open(path).await?,
            None => Store::in_memory().await?,
        };
        let passwords = Passwords::new(password_cost);
        if store.state().was_seeded() {
            tracing::info!("the database was seeded before, and is not seeded again");
        } else {
            let accounts = accounts::hashed(seed, &passwords).await?;
            accounts::seed(&store, accounts).await?;
        }
        let state = AppState::from(App {
            store: store.clone(),
            passwords,
            read_timeout,
            control,
            names,
            apis: server::APIS,
        });
        app.set(server::app(&state))
            .expect("an emulator starts once");
        Ok(Self {
            address,
            store,
            stop,
            served,
        })
    }

    /// Where the emulator is found: `http://127.0.0.1:8080`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Finishes the requests under way, writes what has to be written, and ends.
    pub async fn stop(self) {
        let Self {
            address: _,
            store,
            stop,
            served,
        } = self;
        drop(stop);
        if let Err(error) = served.await {
            tracing::error!(%error, "the server ended in a panic");
        }
        store.close().await;
    }
}
