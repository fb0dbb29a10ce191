//! What a test may do with the emulator inside it: the verbs of the control API, as functions. Each binds the fields that its
//! builders collect as the control API binds a body, so there are no other rules, and the errors are the same.

mod account;
mod fault;
mod matches;

use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value};

pub use account::{Account, AccountBuilder};
pub use fault::{Effect, Fault, FaultHandle};
pub use matches::Match;

use crate::control::{Freeze, FromShape, Instant, OutboxMessage, RecordedRequest, Within, of_json};
use crate::domain::AccountId;
use crate::error::Error;
use crate::service::accounts;
use crate::service::clock::{self, Advance};
use crate::service::scope::Scope;
use crate::service::verification::{Expected, Missed, Verification, verify};
use crate::service::waiting::{self, Waited};
use crate::testing::fault::{Definition, TooMany};
use crate::testing::matching;
use crate::{AppState, Control};

/// The verbs of the control API, for the whole server or for one account: [`Emulator`](crate::Emulator) and [`Account`] have them.
/// Those of the server concern the requests of all accounts.
#[derive(Debug, Clone)]
pub struct Handle {
    pub(crate) state: AppState,
    /// `None` for the whole server.
    account: Option<AccountId>,
}

/// The error of a verb.
///
/// `Debug` writes the same as `Display`, so that a test that unwraps it shows sentences.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ControlError {
    /// A match, a fault, an account or a time is not accepted: a sentence for each mistake, with its field. The message is that of
    /// the control API.
    #[error("{0}")]
    Rejected(String),
    /// The account was deleted, or the fault is gone: it was removed, or its account was reset.
    #[error("{0}")]
    NotFound(String),
    /// Another number of requests matches than was expected.
    #[error("{message}")]
    Missed {
        /// The number of requests that match.
        count: usize,
        /// A line for what was expected and what came, and one for each request that comes near, with what differs in it.
        message: String,
    },
    /// The emulator runs with [`Control::Off`]: no request is recorded, and no fault can be added.
    #[error("with Control::Off, no request is recorded, and no fault can be added")]
    Off,
    /// The emulator failed, or was stopped.
    #[error("{0}")]
    Failed(String),
}

impl fmt::Debug for ControlError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl From<Error> for ControlError {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound(message) => Self::NotFound(message),
            Error::Malformed(_) | Error::Refused(_) => Self::Rejected(error.to_string()),
            other => Self::Failed(other.to_string()),
        }
    }
}

impl From<TooMany> for ControlError {
    fn from(error: TooMany) -> Self {
        Self::Rejected(error.to_string())
    }
}

impl From<Missed> for ControlError {
    fn from(missed: Missed) -> Self {
        Self::Missed {
            count: missed.found.len(),
            message: missed.sentences().join("\n"),
        }
    }
}

type Result<T, E = ControlError> = std::result::Result<T, E>;

impl Handle {
    pub(crate) fn of_server(state: AppState) -> Self {
        Self {
            state,
            account: None,
        }
    }

    /// Adds a fault: it lets the requests that match fail, or answers them, until it is spent, switched off or removed.
    ///
    /// One of an account strikes requests whose credentials name it, and one of the server strikes every request.
    pub fn fault(&self, fault: Fault) -> Result<FaultHandle> {
        self.check_recording()?;
        let (scope, definition) = self.bind::<Definition>(fault.into_fields())?;
        let added = scope.testing().faults.add(definition)?;
        Ok(FaultHandle::new(self.clone(), added.id))
    }

    /// Lets the next request that matches fail, before its change is made. It is short for [`Handle::fault`] with a count of 1.
    pub fn fail_next(&self, matches: Match, effect: Effect) -> Result<FaultHandle> {
        self.fault(Fault::new(matches, effect).count(1))
    }

    /// Returns the recorded requests that match, the oldest first: the last 1000 of each account.
    pub fn requests(&self, matches: Match) -> Result<Vec<RecordedRequest>> {
        let (scope, matches) = self.criteria(matches)?;
        let found = scope.requests(&matches);
        Ok(found
            .iter()
            .map(|entry| RecordedRequest::of(entry))
            .collect())
    }

    /// Verifies how many requests match. A request is recorded before its answer is sent, so nothing needs to be waited for.
    pub fn verify(&self, matches: Match) -> Verify<'_> {
        Verify {
            handle: self,
            matches,
        }
    }

    /// Waits until at least so many requests match, and returns how many do. Fails with [`ControlError::Missed`] after the timeout.
    pub async fn wait(&self, matches: Match, at_least: usize, timeout: Duration) -> Result<usize> {
        let (scope, matches) = self.criteria(matches)?;
        match waiting::wait(scope, &matches, at_least, timeout).await? {
            Waited::Met { count } => Ok(count),
            Waited::Late(missed) => Err(missed.into()),
            Waited::Crowded => Err(ControlError::Failed(waiting::CROWDED.to_owned())),
        }
    }

    /// Returns what the live service would have sent, the oldest first: the latest 1000 messages, of the account or of all.
    pub fn outbox(&self) -> Result<Vec<OutboxMessage>> {
        let messages = self.scope()?.outbox().into_iter();
        Ok(messages
            .map(|(account, message)| OutboxMessage::new(account, &message))
            .collect())
    }

    /// Stops the clock at a date and time in UTC, such as `2026-01-01T00:00:00Z`.
    pub fn freeze(&self, at: &str) -> Result<()> {
        let (scope, Freeze { at }) = self.bind(Fields::default().with("at", at))?;
        clock::freeze(&scope, at.into_value().map(|Instant(at)| at));
        Ok(())
    }

    /// Moves the clock on by an ISO 8601 duration, such as `P31D` or `PT90S`. A frozen clock stays frozen.
    pub fn advance(&self, by: &str) -> Result<()> {
        let (scope, advance) = self.bind::<Advance>(Fields::default().with("by", by))?;
        Ok(clock::advance(&scope, advance)?)
    }

    /// Sets the clock of an account back to that of the server, and the clock of the server to the system's.
    pub fn resume(&self) -> Result<()> {
        clock::resume(&self.scope()?);
        Ok(())
    }

    /// Resets an account to its initial state, with its journal, its faults, its clock and its snapshots. A reset of the server
    /// resets all accounts to the seed, and deletes those that were created since.
    pub async fn reset(&self) -> Result<()> {
        match self.account {
            Some(account) => accounts::reset(&self.state, account).await?,
            None => accounts::reset_all(&self.state).await?,
        }
        Ok(())
    }

    /// Returns the account or the server at this moment.
    fn scope(&self) -> Result<Scope> {
        Ok(Scope::of(self.account, &self.state.store)?)
    }

    /// Checks that requests are recorded. If they were not, an expectation that nothing came would always be met.
    fn check_recording(&self) -> Result<()> {
        match self.state.control {
            Control::On { .. } => Ok(()),
            Control::Off => Err(ControlError::Off),
        }
    }

    /// Returns a match as the criteria that it stands for.
    fn criteria(&self, matches: Match) -> Result<(Scope, matching::Match)> {
        self.check_recording()?;
        self.bind(matches.0)
    }

    /// Binds fields as the control API binds a body.
    fn bind<T: FromShape>(&self, fields: Fields) -> Result<(Scope, T)> {
        let scope = self.scope()?;
        let within = Within {
            catalog: self.state.catalog,
            scope: Some(&scope),
        };
        let value = of_json(fields.into(), within)?;
        Ok((scope, value))
    }
}

/// An expectation of how many requests match; see [`Handle::verify`]. Its methods return the number of requests that do, or
/// [`ControlError::Missed`].
#[derive(Debug)]
#[must_use = "nothing is verified before it is said how many requests should match"]
pub struct Verify<'a> {
    handle: &'a Handle,
    matches: Match,
}

impl Verify<'_> {
    /// Expects exactly so many requests.
    pub fn times(self, count: usize) -> Result<usize> {
        self.expect(count, Some(count))
    }

    /// Expects at least so many requests.
    pub fn at_least(self, count: usize) -> Result<usize> {
        self.expect(count, None)
    }

    /// Expects at most so many requests.
    pub fn at_most(self, count: usize) -> Result<usize> {
        self.expect(0, Some(count))
    }

    fn expect(self, at_least: usize, at_most: Option<usize>) -> Result<usize> {
        let (scope, matches) = self.handle.criteria(self.matches)?;
        let expected = Expected { at_least, at_most };
        match verify(&scope, &matches, expected) {
            Verification::Met { count } => Ok(count),
            Verification::Missed(missed) => Err(missed.into()),
        }
    }
}

/// The fields of a body of the control API, which are checked when they are bound.
#[derive(Debug, Clone, Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }
}

impl From<Fields> for Value {
    fn from(fields: Fields) -> Self {
        Self::Object(fields.0)
    }
}
