//! How an emulator is to run.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use subtle::ConstantTimeEq as _;

use crate::document::{self, Accounts};
use crate::domain::api_user::user_name;
use crate::listen::Listen;
use crate::names::Names;
use crate::service::password::PasswordCost;
use crate::system;

/// How an emulator is to run. The default is one in memory, on a free port of 127.0.0.1, with the built-in account.
///
/// What cannot be used, such as an address that is none, is the error of [`Emulator::start`](crate::Emulator::start).
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// use uptrends_emulator::{Emulator, Options, PasswordCost, Seed};
///
/// let options = Options::default()
///     .seed(Seed::Text(
///         "accounts:
///         - AccountId: '1'
///           operators:
///           - {key: alice, FullName: Alice, Email: alice@example.com, IsAccountAdministrator: true}
///           apiUsers:
///           - {operator: alice, UserName: ci, Password: secret}"
///             .to_owned(),
///     ))
///     .password_cost(PasswordCost::Least);
/// let emulator = Emulator::start(options).await.unwrap();
/// # emulator.stop().await;
/// # });
/// ```
#[derive(Debug, Clone)]
#[must_use = "they do nothing before an emulator is started with them"]
#[non_exhaustive]
pub struct Options {
    /// None stand for a free port of 127.0.0.1.
    pub(crate) listen: Vec<Listen>,
    pub(crate) database: Option<PathBuf>,
    pub(crate) seed: Option<Seed>,
    pub(crate) username: String,
    pub(crate) password: String,
    pub(crate) password_cost: PasswordCost,
    pub(crate) read_timeout: Duration,
    pub(crate) control: Control,
    pub(crate) names: Names,
    /// What is wrong with the first option that cannot be used.
    pub(crate) wrong: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: Vec::new(),
            database: None,
            seed: None,
            username: "emulator".to_owned(),
            password: "emulator".to_owned(),
            password_cost: PasswordCost::Full,
            read_timeout: Duration::from_secs(30),
            control: Control::On { token: None },
            names: Names::default(),
            wrong: None,
        }
    }
}

impl Options {
    /// Adds an address to listen on: an IP address and a port, or `localhost` and a port, which is both loopbacks. Port 0
    /// picks a free one. The first address is that of [`Emulator::url`](crate::Emulator::url).
    ///
    /// ```
    /// # use uptrends_emulator::Options;
    /// let options = Options::default().listen("localhost:8080").listen("10.0.0.1:80");
    /// ```
    pub fn listen(mut self, address: &str) -> Self {
        let read = self.read("listen", address, Listen::from_str);
        self.listen.extend(read);
        self
    }

    /// Keeps the state in a SQLite file, which is made if it is not there; without one it is gone with the emulator.
    pub fn database(mut self, path: impl Into<PathBuf>) -> Self {
        self.database = Some(path.into());
        self
    }

    /// Sets the accounts to begin with, in the place of the built-in one. A database that was ever seeded is not seeded again.
    pub fn seed(mut self, seed: Seed) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Sets the user name of the built-in account's API user, which is `emulator` otherwise. It must not be empty or hold a
    /// colon.
    pub fn username(mut self, name: &str) -> Self {
        if let Some(name) = self.read("username", name, user_name) {
            self.username = name;
        }
        self
    }

    /// Sets the password of that API user, which is `emulator` otherwise.
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = password.into();
        self
    }

    /// Sets what hashing an operator's password costs.
    pub fn password_cost(mut self, cost: PasswordCost) -> Self {
        self.password_cost = cost;
        self
    }

    /// Sets how long the head of a request may take to arrive, and how long its body: 30 seconds otherwise.
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.read_timeout = timeout;
        self
    }

    /// Sets whether there is a control API, under `/_emulator`, and a console, under `/console`, and who may use them.
    ///
    /// ```
    /// # use uptrends_emulator::{Control, Options};
    /// let options = Options::default().control(Control::On { token: Some("t0ken".into()) });
    /// ```
    pub fn control(mut self, control: Control) -> Self {
        self.control = control;
        self
    }

    /// Sets where clients find the emulator when it is behind a proxy, which strips the path, if there is one.
    ///
    /// ```
    /// # use uptrends_emulator::Options;
    /// let options = Options::default().public_url("https://ci.example.com/uptrends");
    /// ```
    pub fn public_url(mut self, url: &str) -> Self {
        self.names.public_url = self.read("public_url", url, str::parse);
        self
    }

    /// Adds a name under which a browser may reach the control API and the console, without scheme, port or path.
    pub fn allowed_host(mut self, name: &str) -> Self {
        let read = self.read("allowed_host", name, str::parse);
        self.names.allowed_hosts.extend(read);
        self
    }

    /// Reads the value of an option, and keeps what is wrong with it until the start.
    fn read<T>(
        &mut self,
        option: &str,
        value: &str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        read(value)
            .map_err(|message| {
                let told = || format!("the option {option} cannot be {value:?}: {message}");
                self.wrong.get_or_insert_with(told);
            })
            .ok()
    }
}

/// Whether there is a control API and a console, and who may use them.
#[derive(Debug, Clone)]
pub enum Control {
    /// For nobody.
    Off,
    /// For all who send the token, if there is one.
    On {
        /// What goes into a header: letters, digits and signs of ASCII without blanks.
        token: Option<Arc<str>>,
    },
}

impl Control {
    pub(crate) fn has_token(&self) -> bool {
        matches!(self, Self::On { token: Some(_) })
    }

    /// Whether it is open to somebody who has this token, or none.
    pub(crate) fn admits(&self, sent: Option<&str>) -> bool {
        match self {
            Self::Off => false,
            Self::On { token: None } => true,
            Self::On { token: Some(token) } => {
                sent.is_some_and(|sent| sent.as_bytes().ct_eq(token.as_bytes()).into())
            }
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
    pub(crate) fn read(&self) -> Result<Accounts, SeedError> {
        let context = system::context(system::time());
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
        Ok(Accounts::parse(&text, &source, &context)?)
    }
}

/// Why there are no accounts to begin with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SeedError {
    /// The file cannot be read.
    #[error("{path}: {cause}")]
    Unreadable {
        /// The path of the file.
        path: String,
        /// What the system says.
        cause: io::Error,
    },
    /// What is read is no seed. Every mistake has a line of its own: `seed.yaml:12:7: what is wrong`.
    #[error("{0}")]
    Mistaken(String),
}

impl From<document::Mistakes> for SeedError {
    fn from(mistakes: document::Mistakes) -> Self {
        Self::Mistaken(mistakes.to_string())
    }
}
