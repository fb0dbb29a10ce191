//! The store of accounts: publishes them to readers, runs changes sequentially, and writes them to SQLite. All SQL is in this
//! module.

mod account;
mod api_user;
mod difference;
mod disk;
mod duty_schedule;
mod file;
mod load;
mod operator;
mod operator_group;
mod rows;
mod saved;
mod state;
mod usage;
mod user;
mod writer;

#[cfg(test)]
pub mod tests;

use std::path::Path;
use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption, Guard};
use tokio::sync::{mpsc, oneshot};

pub use file::OpenError;
pub use state::{Baseline, Name, Snapshot, State, Tenant};

use crate::domain::{Account, AccountId, AuthenticatedBy, Caller, Context, Moment, SecretDigest};
use crate::error::{Error, Result};
use crate::testing::TestState;
use crate::testing::coverage::Coverage;
use crate::testing::journal::{Entry, Journal};
use file::Opened;
use writer::{Job, Writer};

/// A handle to the accounts and their database. Clones share both.
#[derive(Debug, Clone)]
pub struct Store {
    published: Arc<ArcSwap<State>>,
    jobs: mpsc::UnboundedSender<Job>,
    /// The reason why changes currently cannot be saved.
    outage: Arc<ArcSwapOption<String>>,
    /// The requests of all accounts.
    pub journal: Arc<Journal>,
    /// What became of all requests since the start.
    pub coverage: Arc<Coverage>,
}

impl Store {
    /// Creates a store in memory.
    pub async fn in_memory() -> Result<Self, OpenError> {
        file::in_memory().await.map(Self::start)
    }

    /// Opens a store in a file, which is created if it does not exist.
    pub async fn open(path: &Path) -> Result<Self, OpenError> {
        file::open(path).await.map(Self::start)
    }

    fn start(opened: Opened) -> Self {
        let journal = Arc::<Journal>::default();
        let published = Arc::new(ArcSwap::from_pointee(opened.state.clone()));
        let outage = Arc::default();
        // Unbounded: the connections of a client limit its concurrent changes, and a submitted change must not be lost when the
        // client that waits for it disconnects.
        let (jobs, job_receiver) = mpsc::unbounded_channel();
        let writer = Writer::new(
            opened,
            Arc::clone(&published),
            Arc::clone(&outage),
            Arc::clone(&journal),
        );
        tokio::spawn(writer.run(job_receiver));
        Self {
            published,
            jobs,
            outage,
            journal,
            coverage: Arc::default(),
        }
    }

    /// Returns the reason why changes currently cannot be saved, if there is one.
    pub fn outage(&self) -> Option<Arc<String>> {
        if self.jobs.is_closed() {
            return Some(Arc::new("the store is closed".to_owned()));
        }
        self.outage.load_full()
    }

    /// Returns the time of the clock of an account.
    pub fn now(&self, tenant: &Tenant) -> Moment {
        self.published.load().now(Some(tenant))
    }

    /// Returns the current state of all accounts.
    pub fn state(&self) -> Guard<Arc<State>> {
        self.published.load()
    }

    /// Authenticates an API user. Returns the caller and its account. A wrong user name takes as long as a wrong password.
    pub fn authenticate(&self, user_name: &str, password: &str) -> Option<(Caller, Arc<Tenant>)> {
        let candidate = SecretDigest::of(password);
        let state = self.published.load();
        let found = state.login(user_name);
        let nobody = SecretDigest::of("");
        let stored = found.map_or(&nobody, |(_, api_user)| &api_user.password);
        if !candidate.agrees_with(stored) {
            return None;
        }
        let (tenant, api_user) = found?;
        let caller = Caller {
            account: tenant.account.id,
            operator: api_user.operator,
            credentials: AuthenticatedBy::ApiUser(api_user.guid),
        };
        caller.confirm(&tenant.account).ok()?;
        Some((caller, Arc::clone(tenant)))
    }

    /// Changes an account. The closure runs on a copy, after all changes that were submitted before. When this returns, the
    /// change is on disk and published. If the closure fails, nothing is changed.
    pub async fn change<T: Send + 'static>(
        &self,
        account: AccountId,
        change: impl FnOnce(&mut Account, &Context) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let changed = self.change_tested(account, change).await;
        changed.map(|(answer, _)| answer)
    }

    /// Changes an account as [`Store::change`] does. Also returns the test state that the account had at the change, for what
    /// testers are to see of it: a reset that comes later has another one.
    pub async fn change_tested<T: Send + 'static>(
        &self,
        account: AccountId,
        change: impl FnOnce(&mut Account, &Context) -> Result<T> + Send + 'static,
    ) -> Result<(T, Arc<TestState>)> {
        self.change_state(move |state| {
            let tenant = state.tenant(account).ok_or(Error::Unauthenticated)?;
            let mut account = Account::clone(&tenant.account);
            let answer = change(&mut account, &state.context(Some(tenant)))?;
            let testing = Arc::clone(&tenant.testing);
            let tenant = Tenant {
                account: Arc::new(account),
                ..Tenant::clone(tenant)
            };
            state.put(tenant)?;
            Ok((answer, testing))
        })
        .await
    }

    /// Changes any number of accounts at once, or adds and removes accounts, in the same way as [`Store::change`].
    pub async fn change_state<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut State) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (answer, answer_receiver) = oneshot::channel();
        let job = Job::change(change, answer);
        self.jobs
            .send(job)
            .map_err(|_| Error::Failed("the store is closed".to_owned()))?;
        answer_receiver.await.map_err(|_| {
            Error::Failed("the store was closed before the change was made".to_owned())
        })?
    }

    /// Records a request in the journal of its account, or of the server.
    pub fn record(&self, all: &State, tenant: Option<&Tenant>, entry: Arc<Entry>) -> Arc<Entry> {
        let testing = tenant.map_or(&all.testing, |tenant| &tenant.testing);
        self.journal.record(testing, entry)
    }

    /// Closes the store, after all submitted changes are made and usage is written.
    pub async fn close(&self) {
        let (answer, closed) = oneshot::channel();
        if self.jobs.send(Job::Close(answer)).is_ok() {
            // An error means that the store was already closed.
            let _ = closed.await;
        }
    }
}
