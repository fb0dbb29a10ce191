//! An account of a test's own.

use std::fmt;
use std::ops::Deref;
use std::pin::Pin;

use serde_json::Value;

use super::{Fields, Handle, Result};
use crate::control;
use crate::service::accounts;

/// An account of a test's own, with the credentials of its API user. It shares nothing with other accounts.
///
/// It stays in the emulator if this is dropped, until [`Account::delete`], a reset of the server or the end of the emulator.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// use uptrends_emulator::{Effect, Emulator, Match, Options};
///
/// let emulator = Emulator::start(Options::default()).await?;
/// let account = emulator.account().await?;
/// account.freeze("2026-01-01T00:00:00Z")?;
/// let busy = account.fail_next(Match::operation("Operator_GetAllOperators"), Effect::status(503))?;
/// // Here, the program under test gets account.base_url(), account.user_name() and account.password().
/// # let (program, url) = (reqwest::Client::new(), format!("{}/Operator", account.base_url()));
/// # for status in [503, 200] {
/// #     let request = program.get(&url).basic_auth(account.user_name(), Some(account.password()));
/// #     assert_eq!(request.send().await?.status(), status);
/// # }
/// assert!(busy.is_spent()?);
/// account.verify(Match::request("GET", "/v4/Operator")).times(2)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
pub struct Account {
    handle: Handle,
    id: String,
    base_url: String,
    user_name: String,
    password: String,
    authorization: String,
    owner_guid: String,
}

impl Account {
    /// Returns its number, such as `123457`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the base URL of the API, such as `http://127.0.0.1:8080/v4`. It is the same for all accounts.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Returns the user name of its API user, who belongs to the owner.
    pub fn user_name(&self) -> &str {
        &self.user_name
    }

    /// Returns the password of that API user.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// Returns the `Authorization` header of that API user: `Basic …`.
    pub fn authorization(&self) -> &str {
        &self.authorization
    }

    /// Returns the GUID of the operator that owns the account.
    pub fn owner_guid(&self) -> &str {
        &self.owner_guid
    }

    /// Deletes the account. The requests to it stay in the journal of the server, under its number and label.
    pub async fn delete(self) -> Result<()> {
        match self.handle.account {
            Some(account) => Ok(accounts::delete(&self.handle.state, account).await?),
            None => Ok(()),
        }
    }
}

/// Has the verbs of the control API for this account.
impl Deref for Account {
    type Target = Handle;

    fn deref(&self) -> &Handle {
        &self.handle
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = formatter.debug_struct("Account");
        fields
            .field("id", &self.id)
            .field("base_url", &self.base_url);
        fields.finish_non_exhaustive()
    }
}

/// An account to create, by `.await`. By default, it is a copy of the first account of the seed, in its initial state.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// # use uptrends_emulator::{Emulator, Options};
/// # let emulator = Emulator::start(Options::default()).await?;
/// let account = emulator.account().empty().label("test 7").await?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
#[must_use = "an account is created by .await"]
pub struct AccountBuilder {
    server: Handle,
    url: String,
    fields: Fields,
}

impl AccountBuilder {
    pub(crate) fn new(server: Handle, url: String) -> Self {
        Self {
            server,
            url,
            fields: Fields::default(),
        }
    }

    /// Lets it begin with an owner and the system groups only.
    pub fn empty(self) -> Self {
        self.with("from", "empty")
    }

    /// Lets it begin as a copy of another account, which is given by its number, in its current state.
    pub fn copy_of(self, id: &str) -> Self {
        self.with("from", format!("account:{id}"))
    }

    /// Lets it begin as the one account of a seed: an object in JSON, or a text in YAML or JSON.
    pub fn seed(self, document: impl Into<Value>) -> Self {
        self.with("seed", document)
    }

    /// Sets a label, by which the journal of the server finds its requests, even after it was deleted.
    pub fn label(self, label: &str) -> Self {
        self.with("label", label)
    }

    fn with(self, name: &str, value: impl Into<Value>) -> Self {
        let fields = self.fields.with(name, value);
        Self { fields, ..self }
    }

    async fn create(self) -> Result<Account> {
        let (_, new) = self.server.bind::<control::NewAccount>(self.fields)?;
        let created = new.create(&self.server.state).await?;
        Ok(Account {
            id: created.account.id.to_string(),
            base_url: format!("{}/v4", self.url),
            user_name: created.api_user.user_name.clone(),
            authorization: created.authorization(),
            owner_guid: created.account.owner.to_string(),
            handle: Handle {
                account: Some(created.account.id),
                ..self.server
            },
            password: created.password,
        })
    }
}

impl IntoFuture for AccountBuilder {
    type Output = Result<Account>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.create())
    }
}
