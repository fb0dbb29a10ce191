//! "Everything that belongs to an account is found both for the whole server and for one account": which of them a tester
//! means.

use std::sync::Arc;

use super::accounts;
use crate::domain::{AccountId, Moment};
use crate::error::Result;
use crate::store::{State, Store, Tenant};
use crate::testing::TestState;
use crate::testing::journal::{Entry, Journal, Match};

/// One account, or the server, at one moment.
#[derive(Debug)]
pub struct Scope {
    pub tenant: Option<Arc<Tenant>>,
    pub all: Arc<State>,
    /// The number of the latest request when this was taken. It is read first: later ones may be of accounts that are not
    /// in `all`.
    latest: u64,
    store: Store,
}

impl Scope {
    /// What an account, or without one the server, is at this moment.
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

    /// What it is now, since time has passed: accounts come and go, and a reset gives one a new journal.
    pub fn again(&self) -> Result<Self> {
        Self::of(self.account(), &self.store)
    }

    pub fn account(&self) -> Option<AccountId> {
        self.tenant.as_ref().map(|tenant| tenant.account.id)
    }

    pub fn test_state(&self) -> &TestState {
        self.tenant
            .as_ref()
            .map_or(&self.all.test_state, |tenant| &tenant.test_state)
    }

    pub fn now(&self) -> Moment {
        self.all.now(self.tenant.as_deref())
    }

    /// The requests that fit, in their order, as far as they were recorded when this was taken; for the server, those of all
    /// accounts. One journal is read after the other while requests go on, and without that limit one of the first could
    /// be missing before one of the last.
    pub fn requests(&self, matches: &Match) -> Vec<Arc<Entry>> {
        let found = self.journals().flat_map(|journal| journal.find(matches));
        let mut found: Vec<_> = found
            .filter(|entry| entry.sequence <= self.latest)
            .collect();
        found.sort_by_key(|entry| entry.sequence);
        found
    }

    /// How many recorded requests fit.
    pub fn count(&self, matches: &Match) -> usize {
        self.journals().map(|journal| journal.count(matches)).sum()
    }

    /// The journal; for the server, those of all accounts as well.
    fn journals(&self) -> impl Iterator<Item = &Journal> {
        let all = self.tenant.is_none().then(|| self.all.tenants());
        let of_accounts = all
            .into_iter()
            .flatten()
            .map(|tenant| &tenant.test_state.journal);
        of_accounts.chain([&self.test_state().journal])
    }

    /// Forgets the recorded requests; for the server, those of all accounts.
    pub fn forget_requests(&self) {
        self.journals().for_each(Journal::clear);
    }
}
