//! The options of an emulator.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use subtle::ConstantTimeEq as _;

use crate::control::{Within, of_list};
use crate::document::{self, Accounts};
use crate::domain::api_user::user_name;
use crate::listen::Listen;
use crate::names::Names;
use crate::operation::Catalog;
use crate::service::password::PasswordCost;
use crate::system;
use crate::testing::fault::Definition;
use crate::testing::journal;

/// The options of an emulator. By default it runs in memory, on a free port of 127.0.0.1, with the built-in account.
///
/// An invalid value, such as a malformed address, is reported as an error by [`Emulator::start`](crate::Emulator::start).
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
    /// An empty list stands for a free port of 127.0.0.1.
    pub(crate) listen: Vec<Listen>,
    pub(crate) database: Option<PathBuf>,
    pub(crate) seed: Option<Seed>,
    pub(crate) faults: Option<Seed>,
    pub(crate) username: String,
    pub(crate) password: String,
    pub(crate) password_cost: PasswordCost,
    pub(crate) read_timeout: Duration,
    pub(crate) control: Control,
    pub(crate) names: Names,
    pub(crate) max_journal_bytes: usize,
    /// The error message for the first option with an invalid value.
    pub(crate) wrong: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: Vec::new(),
            database: None,
            seed: None,
            faults: None,
            username: "emulator".to_owned(),
            password: "emulator".to_owned(),
            password_cost: PasswordCost::Full,
            read_timeout: Duration::from_secs(30),
            control: Control::On { token: None },
            names: Names::default(),
            max_journal_bytes: journal::MAX_BYTES,
            wrong: None,
        }
    }
}

impl Options {
    /// Adds an address to listen on: an IP address and a port, or `localhost` and a port for both loopback addresses. Port 0
    /// picks a free port. The first address is that of [`Emulator::url`](crate::Emulator::url).
    ///
    /// ```
    /// # use uptrends_emulator::Options;
    /// let options = Options::default().listen("localhost:8080").listen("10.0.0.1:80");
    /// ```
    pub fn listen(mut self, address: &str) -> Self {
        let parsed = self.parse("listen", address, Listen::from_str);
        self.listen.extend(parsed);
        self
    }

    /// Stores the state in a SQLite file, which is created if it does not exist. Without a file, the state is lost when the
    /// emulator stops.
    pub fn database(mut self, path: impl Into<PathBuf>) -> Self {
        self.database = Some(path.into());
        self
    }

    /// Sets the initial accounts, which replace the built-in one. A database that was seeded before is not seeded again.
    pub fn seed(mut self, seed: Seed) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Sets the faults and canned answers that the server begins with: a list, each as `POST /_emulator/faults` takes it. A reset
    /// of the server restores them.
    ///
    /// ```
    /// # use uptrends_emulator::{Options, Seed};
    /// let faults = "- {match: {operationId: Monitor_GetMonitors}, effect: {status: 200, body: []}}";
    /// let options = Options::default().faults(Seed::Text(faults.to_owned()));
    /// ```
    pub fn faults(mut self, faults: Seed) -> Self {
        self.faults = Some(faults);
        self
    }

    /// Sets the user name of the API user of the built-in account. The default is `emulator`. It must not be empty or contain a
    /// colon.
    pub fn username(mut self, name: &str) -> Self {
        if let Some(name) = self.parse("username", name, user_name) {
            self.username = name;
        }
        self
    }

    /// Sets the password of that API user. The default is `emulator`.
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = password.into();
        self
    }

    /// Sets the cost of hashing the password of an operator.
    pub fn password_cost(mut self, cost: PasswordCost) -> Self {
        self.password_cost = cost;
        self
    }

    /// Sets the time limit for receiving the head of a request, and that for receiving its body. The default is 30 seconds.
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.read_timeout = timeout;
        self
    }

    /// Sets whether the control API (under `/_emulator`) and the console (under `/console`) are enabled, and who may use them.
    ///
    /// ```
    /// # use uptrends_emulator::{Control, Options};
    /// let options = Options::default().control(Control::On { token: Some("t0ken".into()) });
    /// ```
    pub fn control(mut self, control: Control) -> Self {
        self.control = control;
        self
    }

    /// Sets the URL of the emulator for clients when it is behind a proxy. The proxy must strip the path of the URL, if any.
    ///
    /// ```
    /// # use uptrends_emulator::Options;
    /// let options = Options::default().public_url("https://ci.example.com/uptrends");
    /// ```
    pub fn public_url(mut self, url: &str) -> Self {
        self.names.public_url = self.parse("public_url", url, str::parse);
        self
    }

    /// Adds a host name under which a browser may reach the control API and the console, without scheme, port or path.
    pub fn allowed_host(mut self, name: &str) -> Self {
        let parsed = self.parse("allowed_host", name, str::parse);
        self.names.allowed_hosts.extend(parsed);
        self
    }

    /// Sets the number of bytes that the recorded requests of all accounts may have together, at least 65,536. The oldest are
    /// forgotten first. The default is 64 MiB.
    pub fn max_journal_bytes(mut self, bytes: usize) -> Self {
        let parsed = self.parse("max_journal_bytes", &bytes.to_string(), |_| {
            journal::max_bytes(bytes)
        });
        self.max_journal_bytes = parsed.unwrap_or(journal::MAX_BYTES);
        self
    }

    /// Parses the value of an option. Keeps the first error, which is returned when the emulator is started.
    fn parse<T>(
        &mut self,
        option: &str,
        value: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        parse(value)
            .map_err(|message| {
                let error = || format!("the option {option} cannot be {value:?}: {message}");
                self.wrong.get_or_insert_with(error);
            })
            .ok()
    }
}

/// Access to the control API and the console.
#[derive(Debug, Clone)]
pub enum Control {
    /// Both are disabled.
    Off,
    /// Both are enabled, for every client that sends the token, or for all if there is no token.
    On {
        /// The token: letters, digits and punctuation of ASCII without blanks, since it is sent in a header.
        token: Option<Arc<str>>,
    },
}

impl Control {
    pub(crate) fn has_token(&self) -> bool {
        matches!(self, Self::On { token: Some(_) })
    }

    /// Returns whether a client with this token, or without one, has access.
    pub(crate) fn admits(&self, token: Option<&str>) -> bool {
        match self {
            Self::Off => false,
            Self::On { token: None } => true,
            Self::On {
                token: Some(expected),
            } => token.is_some_and(|token| token.as_bytes().ct_eq(expected.as_bytes()).into()),
        }
    }
}

/// The source of what the emulator begins with, accounts or faults, in YAML or JSON.
#[derive(Debug, Clone)]
pub enum Seed {
    /// A file, which is read when the emulator starts.
    File(PathBuf),
    /// The text itself.
    Text(String),
}

impl Seed {
    /// Reads the accounts and validates them against the rules of the API. The error lists all mistakes, each with its line.
    pub(crate) fn read(&self) -> Result<Accounts, SeedError> {
        let (text, source) = self.text("seed")?;
        Self::accounts(&text, &source)
    }

    /// Reads accounts from a stream, which messages call `source`.
    #[cfg(feature = "cli")]
    pub(crate) fn read_from(from: impl Read, source: &str) -> Result<Accounts, SeedError> {
        Self::accounts(&text_from(from, source)?, source)
    }

    fn accounts(text: &str, source: &str) -> Result<Accounts, SeedError> {
        let context = system::context(system::time());
        Ok(Accounts::parse(text, source, &context)?)
    }

    /// Reads faults and canned answers. The error lists all mistakes, each with its line.
    pub(crate) fn read_faults(&self, catalog: Catalog) -> Result<Vec<Definition>, SeedError> {
        let (text, source) = self.text("faults")?;
        let within = Within {
            catalog,
            scope: None,
        };
        Ok(of_list(&text, &source, within)?)
    }

    /// Returns the text, and what messages call it: the path of its file, or `name`.
    fn text(&self, name: &str) -> Result<(String, String), SeedError> {
        match self {
            Self::Text(text) => Ok((text.clone(), name.to_owned())),
            Self::File(file) => {
                let path = file.display().to_string();
                match File::open(file) {
                    Ok(file) => Ok((text_from(file, &path)?, path)),
                    Err(cause) => Err(SeedError::Unreadable { path, cause }),
                }
            }
        }
    }
}

/// Reads a text from a stream, which messages call `source`.
fn text_from(mut from: impl Read, source: &str) -> Result<String, SeedError> {
    let mut bytes = Vec::new();
    if let Err(cause) = from.read_to_end(&mut bytes) {
        let path = source.to_owned();
        return Err(SeedError::Unreadable { path, cause });
    }
    Ok(document::text_of(bytes, source)?)
}

/// The error when the initial accounts or faults cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SeedError {
    /// The file cannot be read.
    #[error("{path}: {cause}")]
    Unreadable {
        /// The path of the file.
        path: String,
        /// The error of the operating system.
        cause: io::Error,
    },
    /// The content is not valid. The message has one line for each mistake: `seed.yaml:12:7: what is wrong`.
    #[error("{0}")]
    Mistaken(String),
}

impl From<document::Mistakes> for SeedError {
    fn from(mistakes: document::Mistakes) -> Self {
        Self::Mistaken(mistakes.to_string())
    }
}
