//! Holds the accounts: publishes them to readers, runs changes one after the other, and keeps SQLite in step. The only
//! place with SQL.

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
mod tests;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::{ArcSwap, ArcSwapOption, Guard};
use tokio::sync::{mpsc, oneshot};

pub use file::OpenError;
pub use state::{Baseline, Name, State, Tenant};

use crate::domain::{Account, AccountId, AuthenticatedBy, Caller, Context, Moment, SecretDigest};
use crate::error::{Error, Result};
use crate::testing::journal::Entry;
use file::Opened;
use writer::{Job, Writer};

/// The accounts and the file behind them. Clones share both.
#[derive(Debug, Clone)]
pub struct Store {
    published: Arc<ArcSwap<State>>,
    jobs: mpsc::UnboundedSender<Job>,
    /// Why changes cannot be kept, while they cannot.
    outage: Arc<ArcSwapOption<String>>,
    /// The number of the latest request in a journal.
    last_request: Arc<AtomicU64>,
}

impl Store {
    /// A store that is gone when the program ends.
    pub async fn in_memory() -> Result<Self, OpenError> {
        file::in_memory().await.map(Self::start)
    }

    /// A store in a file, which is made if it is not there.
    pub async fn open(path: &Path) -> Result<Self, OpenError> {
        file::open(path).await.map(Self::start)
    }

    fn start(opened: Opened) -> Self {
        let published = Arc::new(ArcSwap::from_pointee(opened.state.clone()));
        let outage = Arc::default();
        // Without a bound: what a client may have under way is bounded by its connections, and a change that was handed
        // over must not be lost with the client that waits for it.
        let (jobs, waiting) = mpsc::unbounded_channel();
        let writer = Writer::new(opened, Arc::clone(&published), Arc::clone(&outage));
        tokio::spawn(writer.run(waiting));
        Self {
            published,
            jobs,
            outage,
            last_request: Arc::default(),
        }
    }

    /// Why changes cannot be kept, while they cannot.
    pub fn outage(&self) -> Option<Arc<String>> {
        if self.jobs.is_closed() {
            return Some(Arc::new("the store is closed".to_owned()));
        }
        self.outage.load_full()
    }

    /// What the clock of an account shows.
    pub fn now(&self, tenant: &Tenant) -> Moment {
        self.published.load().now(Some(tenant))
    }

    /// All accounts as they are at this moment.
    pub fn state(&self) -> Guard<Arc<State>> {
        self.published.load()
    }

    /// Who these credentials of an API user belong to, and the account that they see. A wrong user name takes as long as
    /// a wrong password.
    pub fn authenticate(&self, user_name: &str, password: &str) -> Option<(Caller, Arc<Tenant>)> {
        let claimed = SecretDigest::of(password);
        let state = self.published.load();
        let found = state.login(user_name);
        let nobody = SecretDigest::of("");
        let kept = found.map_or(&nobody, |(_, api_user)| &api_user.password);
        if !claimed.agrees_with(kept) {
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

    /// Changes an account. The closure runs on a copy, after all changes that were handed over before; when this returns,
    /// what it did is on disk and published. A closure that fails changes nothing.
    pub async fn change<T: Send + 'static>(
        &self,
        account: AccountId,
        change: impl FnOnce(&mut Account, &Context) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.change_state(move |state| {
            let tenant = state.tenant(account).ok_or(Error::Unauthenticated)?;
            let mut account = Account::clone(&tenant.account);
            let answer = change(&mut account, &state.context(Some(tenant)))?;
            let tenant = Tenant {
                account: Arc::new(account),
                ..Tenant::clone(tenant)
            };
            state.put(tenant)?;
            Ok(answer)
        })
        .await
    }

    /// Changes which accounts there are, or any number of them at once, as [`Store::change`] changes one.
    pub async fn change_state<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut State) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        let job = Job::change(change, answer);
        self.jobs
            .send(job)
            .map_err(|_| Error::Failed("the store is closed".to_owned()))?;
        answered.await.map_err(|_| {
            Error::Failed("the store was closed before the change was made".to_owned())
        })?
    }

    /// Gives a request its number, and writes it into the journal of its account, or of the server.
    pub fn record(&self, all: &State, tenant: Option<&Tenant>, entry: Entry) {
        let test_state = tenant.map_or(&all.test_state, |tenant| &tenant.test_state);
        test_state.journal.record(entry, || {
            let number = self.last_request.fetch_add(1, Ordering::AcqRel) + 1;
            // Told here, where nobody can look at the journal, so that whoever begins to wait either is told or sees this.
            test_state.recorded();
            if tenant.is_some() {
                all.test_state.recorded();
            }
            number
        });
    }

    /// The number of the latest request. Those up to it are in their journals for whoever looks there next, since a journal
    /// is closed while a request gets its number.
    pub fn latest_request(&self) -> u64 {
        self.last_request.load(Ordering::Acquire)
    }

    /// Ends the store when the changes that were handed over are made, usage is written and the file is closed.
    pub async fn close(&self) {
        let (answer, closed) = oneshot::channel();
        if self.jobs.send(Job::Close(answer)).is_ok() {
            // An error means that another close came first.
            let _ = closed.await;
        }
    }
}
