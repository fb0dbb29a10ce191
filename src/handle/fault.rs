//! The builders of a fault, and the handle of one that was added.

use std::time::Duration;

use serde_json::{Number, Value, json};

use super::{ControlError, Fields, Handle, Match, Result};
use crate::service::scope::Scope;
use crate::testing::fault::{self, Struck};

/// What happens to a request that a fault strikes.
///
/// ```
/// # use std::time::Duration;
/// # use serde_json::json;
/// # use uptrends_emulator::Effect;
/// let busy = Effect::status(503).header("Retry-After", "1");
/// let slow_and_lost = Effect::reset().delayed(Duration::from_millis(200));
/// let canned = Effect::answer(200, json!([{"Name": "Home page"}]));
/// ```
#[derive(Debug, Clone)]
#[must_use = "it does nothing by itself"]
pub struct Effect(Fields);

impl Effect {
    /// Answers with a status, 200 to 599. An error has the error body of the API.
    pub fn status(status: u16) -> Self {
        Self::of("status", status)
    }

    /// Answers with a status and a body in JSON. A text is sent unchanged if the header `Content-Type` is another.
    ///
    /// With a status below 400, it is a canned answer, of use for what is not emulated: it is sent only if the request has the
    /// credentials that the live operation asks for.
    pub fn answer(status: u16, body: impl Into<Value>) -> Self {
        Self(Self::status(status).0.with("body", body))
    }

    /// Resets the connection instead of a response.
    pub fn reset() -> Self {
        Self::of("network", "reset")
    }

    /// Sends no response, and leaves the connection open.
    pub fn hang() -> Self {
        Self::of("network", "hang")
    }

    /// Delays the request, up to ten minutes. The response is the usual one.
    pub fn delay(by: Duration) -> Self {
        Self(Fields::default()).delayed(by)
    }

    /// Delays what else happens, up to ten minutes, in milliseconds: a part of one counts as a whole.
    pub fn delayed(self, by: Duration) -> Self {
        let milliseconds = u64::try_from(by.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
        Self(self.0.with("delayMs", milliseconds))
    }

    /// Adds a header to the answer.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let headers = self.0.0.entry("headers").or_insert_with(|| json!({}));
        headers[name] = value.into();
        self
    }

    fn of(name: &str, value: impl Into<Value>) -> Self {
        Self(Fields::default().with(name, value))
    }
}

/// A fault: which requests it strikes, how, and how often. By default, it strikes every request that matches, before its change is
/// made.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// use uptrends_emulator::{Effect, Emulator, Fault, Match, Options};
///
/// let emulator = Emulator::start(Options::default()).await?;
/// let account = emulator.account().await?;
/// // The second new operator is created, but its client never learns of it.
/// let lost = Fault::new(Match::request("POST", "/Operator"), Effect::reset()).after().skip(1).count(1);
/// let lost = account.fault(lost)?;
/// assert_eq!(lost.hits()?, 0);
/// lost.remove()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Debug, Clone)]
#[must_use = "it strikes nothing before it is added"]
pub struct Fault(Fields);

impl Fault {
    /// Creates a fault that strikes the requests that match.
    pub fn new(matches: Match, effect: Effect) -> Self {
        let fields = Fields::default().with("match", matches.0);
        Self(fields.with("effect", effect.0))
    }

    /// Lets it strike after the change was committed, in place of the response, rather than before.
    pub fn after(self) -> Self {
        self.with("when", "after")
    }

    /// Sets how many requests that match are spared first.
    pub fn skip(self, requests: u64) -> Self {
        self.with("skip", requests)
    }

    /// Sets after how many hits it is spent: at least 1. It strikes no more then, but stays with what it did.
    pub fn count(self, hits: u64) -> Self {
        self.with("count", hits)
    }

    /// Sets the probability with which it strikes a request that matches: 0 to 1.
    pub fn probability(self, probability: f64) -> Self {
        // What is no number in JSON is to be rejected like any other wrong value.
        let number = Number::from_f64(probability);
        let value = number.map_or_else(|| probability.to_string().into(), Value::Number);
        self.with("probability", value)
    }

    /// Sets the seed of the random numbers behind the probability, so that a run can be repeated. By default it is a random one.
    pub fn seed(self, seed: u64) -> Self {
        self.with("seed", seed)
    }

    /// Sets the name that it has in lists.
    pub fn name(self, name: &str) -> Self {
        self.with("name", name)
    }

    pub(super) fn into_fields(self) -> Fields {
        self.0
    }

    fn with(self, name: &str, value: impl Into<Value>) -> Self {
        Self(self.0.with(name, value))
    }
}

/// A fault that was added. It stays if this is dropped. Its methods fail with [`ControlError::NotFound`] once it is gone: removed, or
/// with a reset of its account, or with the account.
#[derive(Debug, Clone)]
pub struct FaultHandle {
    handle: Handle,
    id: u64,
}

impl FaultHandle {
    pub(super) fn new(handle: Handle, id: u64) -> Self {
        Self { handle, id }
    }

    /// Returns its Id, which the requests that it struck have in [`RecordedRequest::fault`](crate::RecordedRequest::fault).
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Returns how many requests it has struck.
    pub fn hits(&self) -> Result<u64> {
        Ok(self.find()?.1.hits)
    }

    /// Returns whether it has struck as often as it was to.
    pub fn is_spent(&self) -> Result<bool> {
        Ok(self.find()?.1.is_spent())
    }

    /// Returns the requests that it has struck, the oldest first and at most 1000, each with whether its change was committed.
    pub fn requests(&self) -> Result<Vec<Struck>> {
        Ok(self.find()?.1.requests.into())
    }

    /// Switches it off, or on again. It keeps its hits.
    pub fn set_enabled(&self, is_enabled: bool) -> Result<()> {
        let (scope, fault) = self.find()?;
        let definition = fault::Definition {
            enabled: is_enabled,
            ..fault.definition
        };
        let changed = scope.testing().faults.redefine(self.id, definition);
        changed?.map(drop).ok_or_else(|| self.not_found())
    }

    /// Removes it.
    pub fn remove(self) -> Result<()> {
        let is_removed = self.handle.scope()?.testing().faults.remove(self.id);
        is_removed.then_some(()).ok_or_else(|| self.not_found())
    }

    fn find(&self) -> Result<(Scope, fault::Fault)> {
        let scope = self.handle.scope()?;
        let found = scope.testing().faults.get(self.id);
        let found = found.ok_or_else(|| self.not_found())?;
        Ok((scope, found))
    }

    fn not_found(&self) -> ControlError {
        ControlError::NotFound(format!("fault {} is not there any more", self.id))
    }
}
