//! The scope of a request of a tester: "Everything that belongs to an account is found both for the whole server and for one
//! account".

use std::sync::Arc;

use super::accounts;
use crate::domain::{AccountId, Moment};
use crate::error::Result;
use crate::store::{State, Store, Tenant};
use crate::testing::TestState;
use crate::testing::journal::{Entry, Journal, Match};

/// An account, or the whole server, at one moment.
#[derive(Debug)]
pub struct Scope {
    pub tenant: Option<Arc<Tenant>>,
    pub all: Arc<State>,
    /// The number of the latest request when this was created. It is read before `all`, since later requests may belong to
    /// accounts that are not in `all`.
    latest: u64,
    store: Store,
}

impl Scope {
    /// Returns the current scope of an account, or of the server without one.
    pub fn of(account: Option<AccountId>, store: &Store) -> Result<Self> {
        let latest = store.latest_request();
        let all = Arc::clone(&*store.state());
        let tenant = account
            .map(|account| accounts::tenant(&all, account).cloned())
            .transpose()?;
        Ok(Self {
            tenant,
            all,
            latest,
            store: store.clone(),
        })
    }

    /// Returns the same scope at the current moment: accounts may have been created or deleted, and a reset replaces a journal.
    pub fn again(&self) -> Result<Self> {
        Self::of(self.account(), &self.store)
    }

    pub fn account(&self) -> Option<AccountId> {
        self.tenant.as_ref().map(|tenant| tenant.account.id)
    }

    pub fn testing(&self) -> &TestState {
        self.tenant
            .as_ref()
            .map_or(&self.all.testing, |tenant| &tenant.testing)
    }

    pub fn now(&self) -> Moment {
        self.all.now(self.tenant.as_deref())
    }

    /// Returns the matching requests that were recorded when this was created, in order; for the server, those of all accounts.
    /// Journals are read one after the other while requests continue. Without that limit, an earlier request could be missing
    /// while a later one is present.
    pub fn requests(&self, matches: &Match) -> Vec<Arc<Entry>> {
        let found = self.journals().flat_map(|journal| journal.find(matches));
        let mut found: Vec<_> = found
            .filter(|entry| entry.sequence <= self.latest)
            .collect();
        found.sort_by_key(|entry| entry.sequence);
        found
    }

    /// Returns the number of recorded requests that match.
    pub fn count(&self, matches: &Match) -> usize {
        self.journals().map(|journal| journal.count(matches)).sum()
    }

    /// Returns the journal of the scope; for the server, also those of all accounts.
    fn journals(&self) -> impl Iterator<Item = &Journal> {
        let all = self.tenant.is_none().then(|| self.all.tenants());
        let of_accounts = all
            .into_iter()
            .flatten()
            .map(|tenant| &tenant.testing.journal);
        of_accounts.chain([&self.testing().journal])
    }

    /// Deletes the recorded requests; for the server, those of all accounts.
    pub fn forget_requests(&self) {
        self.journals().for_each(Journal::clear);
    }
}
