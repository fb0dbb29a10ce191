//! The emulator as a whole: started, found by its URL, and stopped.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::document;
use crate::domain::Context;
use crate::domain::clock::system_time;
use crate::error::Error;
use crate::listen::bind;
use crate::service::accounts;
use crate::service::password::{PasswordCost, Passwords};
use crate::store::{OpenError, Store};
use crate::{App, AppState, Control, Listen, Names, server};

/// How an emulator is to run. The default is one in memory, on a free port of 127.0.0.1.
#[derive(Debug, Clone)]
pub struct Options {
    /// The addresses to listen on, at least one; the first is that of [`Emulator::url`].
    pub listen: Vec<Listen>,
    /// The SQLite file that holds the state; none keeps it in memory.
    pub database: Option<PathBuf>,
    /// The accounts to begin with, instead of the built-in default account. A database that was seeded is not seeded again.
    pub seed: Option<Seed>,
    /// The user name of the API user of the built-in default account.
    pub username: String,
    /// The password of that API user.
    pub password: String,
    /// What hashing an operator's password costs.
    pub password_cost: PasswordCost,
    /// How long a request may take to arrive.
    pub read_timeout: Duration,
    /// The control API, under `/_emulator`.
    pub control: Control,
    /// Under which names the emulator is reached, where it is behind a proxy.
    pub names: Names,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: vec![Listen::At((Ipv4Addr::LOCALHOST, 0).into())],
            database: None,
            seed: None,
            username: "emulator".to_owned(),
            password: "emulator".to_owned(),
            password_cost: PasswordCost::Full,
            read_timeout: Duration::from_secs(30),
            control: Control::On { token: None },
            names: Names::default(),
        }
    }
}

/// Where the accounts to begin with are written down, in YAML or JSON.
#[derive(Debug, Clone)]
pub enum Seed {
    /// In a file, which is read at the start.
    File(PathBuf),
    /// In this text.
    Text(String),
}

impl Seed {
    /// Reads the accounts, and judges them by the rules of the API. The error tells all mistakes, each with its line.
    pub fn read(&self) -> Result<document::Accounts, SeedError> {
        let context = Context { now: system_time() };
        let (text, source) = match self {
            Self::File(file) => {
                let path = file.display().to_string();
                match fs::read(file) {
                    Ok(bytes) => (document::text_of(bytes, &path)?, path),
                    Err(cause) => return Err(SeedError::Unreadable { path, cause }),
                }
            }
            Self::Text(text) => (text.clone(), "seed".to_owned()),
        };
        Ok(document::Accounts::parse(&text, &source, &context)?)
    }
}

/// Why there are no accounts to begin with.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    #[error("{path}: {cause}")]
    Unreadable { path: String, cause: io::Error },
    #[error(transparent)]
    Mistaken(#[from] document::Mistakes),
}

/// Why an emulator could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("cannot listen on {address}: {cause}")]
    Listen { address: Listen, cause: io::Error },
    #[error("there is no address to listen on")]
    NoAddress,
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("the accounts to begin with cannot be loaded:\n{0}")]
    Seed(#[from] SeedError),
    #[error("the accounts to begin with could not be made: {0}")]
    Failed(#[from] Error),
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
            listen,
            database,
            seed,
            username,
            password,
            password_cost,
            read_timeout,
            control,
            names,
        } = options;
        let seed = if let Some(seed) = seed {
            // A large one takes a while, in which the program can be stopped.
            let read = spawn_blocking(move || seed.read()).await;
            read.map_err(|error| Error::Failed(format!("the seed could not be read: {error}")))??
        } else {
            let context = Context { now: system_time() };
            document::Accounts::built_in(&username, &password, &context)
        };
        let (first, failed) = (listen.first().copied(), |(address, cause)| {
            StartError::Listen { address, cause }
        });
        let listeners = bind(&listen).map_err(failed)?;
        let address = match (first, listeners.first()) {
            (Some(first), Some(listener)) => {
                let address = listener.local_addr();
                address.map_err(|cause| failed((first, cause)))?
            }
            _ => return Err(StartError::NoAddress),
        };

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
