//! The scope of a request of a tester: "Everything that belongs to an account is found both for the whole server and for one
//! account".

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::accounts;
use crate::domain::{AccountId, Moment};
use crate::error::Result;
use crate::store::{State, Store, Tenant};
use crate::testing::TestState;
use crate::testing::coverage::{Tally, Which};
use crate::testing::fault::Fault;
use crate::testing::journal::{Entry, Subscription};
use crate::testing::matching::Match;
use crate::testing::outbox::{MAX_MESSAGES, Message};

/// An account, or the whole server, at one moment.
#[derive(Debug)]
pub struct Scope {
    pub tenant: Option<Arc<Tenant>>,
    pub all: Arc<State>,
    store: Store,
}

impl Scope {
    /// Returns the current scope of an account, or of the server without one.
    pub fn of(account: Option<AccountId>, store: &Store) -> Result<Self> {
        let all = Arc::clone(&*store.state());
        let tenant = account
            .map(|account| accounts::tenant(&all, account).cloned())
            .transpose()?;
        Ok(Self {
            tenant,
            all,
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

    /// Returns the recorded requests that match, in order; for the server, those of all accounts, deleted ones included.
    pub fn requests(&self, matches: &Match) -> Vec<Arc<Entry>> {
        let mut entries = self.store.journal.list(self.own_testing());
        entries.retain(|entry| matches.fits(entry.matched()));
        entries
    }

    /// Returns the recorded request with a sequence number.
    pub fn request(&self, sequence: u64) -> Option<Arc<Entry>> {
        self.store.journal.get(sequence, self.own_testing())
    }

    /// Returns the number of recorded requests of an account.
    pub fn number_of_requests(&self, tenant: &Tenant) -> usize {
        self.store.journal.count(&tenant.testing)
    }

    /// Deletes the recorded requests that match, and returns their number; for the server, those of all accounts.
    pub fn forget_requests(&self, matches: &Match) -> usize {
        let forgotten = self.requests(matches);
        self.store.journal.forget(&forgotten);
        forgotten.len()
    }

    /// Returns the latest of what the live service would have sent, each with its account, in order; for the server, of all
    /// accounts.
    pub fn outbox(&self) -> Vec<(AccountId, Message)> {
        let of_one = |tenant: &Arc<Tenant>| {
            let messages = tenant.testing.outbox.list().into_iter();
            let account = tenant.account.id;
            messages.map(move |(number, message)| (number, (account, message)))
        };
        let messages: BTreeMap<_, _> = self.tenants().flat_map(of_one).collect();
        let surplus = messages.len().saturating_sub(MAX_MESSAGES);
        messages.into_values().skip(surplus).collect()
    }

    pub fn clear_outbox(&self) {
        for tenant in self.tenants() {
            tenant.testing.outbox.clear();
        }
    }

    /// Returns the account in scope, or all.
    fn tenants(&self) -> impl Iterator<Item = &Arc<Tenant>> {
        let all = self.all.tenants().filter(|_| self.tenant.is_none());
        self.tenant.iter().chain(all)
    }

    /// Returns what became of the requests since the start: those of accounts with a label, or all in scope. Also returns whether
    /// some of them may be counted elsewhere.
    pub fn coverage(&self, label: Option<&str>) -> (Tally, bool) {
        self.store.coverage.sum(self.which(label))
    }

    /// Forgets what became of those requests.
    pub fn forget_coverage(&self, label: Option<&str>) {
        self.store.coverage.clear(self.which(label));
    }

    /// Returns the labels of accounts, and those of which requests were counted.
    pub fn labels(&self) -> BTreeSet<String> {
        let mut labels = self.store.coverage.labels();
        let bases = self
            .all
            .tenants()
            .filter_map(|tenant| self.all.base(tenant.account.id));
        labels.extend(bases.filter_map(|base| base.label.clone()));
        labels
    }

    fn which<'a>(&self, label: Option<&'a str>) -> Which<'a> {
        match (self.account(), label) {
            (Some(account), _) => Which::Account(account),
            (None, Some(label)) => Which::Label(label),
            (None, None) => Which::All,
        }
    }

    /// Starts to wait for requests that match. Returns `None` if too many tasks wait.
    pub fn subscribe(&self, matches: Match) -> Option<Subscription> {
        self.store
            .journal
            .waiters
            .subscribe(matches, self.own_testing())
    }

    /// Returns the faults of the server that strike the requests of an account, too.
    pub fn faults_of_server(&self) -> Vec<Fault> {
        let of_server = self.tenant.as_ref().map(|_| self.all.testing.faults.list());
        of_server.unwrap_or_default()
    }

    /// Returns the test state whose requests are in scope, or `None` for all.
    fn own_testing(&self) -> Option<&TestState> {
        self.tenant.as_ref().map(|tenant| &*tenant.testing)
    }
}

#[cfg(test)]
mod tests {
    use super::Scope;
    use crate::service::accounts::{self, Source};
    use crate::store::Store;
    use crate::store::tests::app;
    use crate::testing::outbox::{Kind, MAX_MESSAGES, Message};

    #[tokio::test]
    async fn an_outbox_keeps_the_latest_messages() {
        let store = Store::in_memory().await.unwrap();
        let app = app(&store);
        let mut created = Vec::new();
        for _ in 0..2 {
            let account = accounts::create(&app, Source::Empty, None).await;
            created.push(account.unwrap().account);
        }
        for number in 0..=MAX_MESSAGES {
            for account in &created {
                let all = store.state();
                let message = Message {
                    to: format!("{number}@{}.example.com", account.id)
                        .parse()
                        .unwrap(),
                    kind: Kind::Invitation,
                    operator: account.owner,
                    time: "2026-01-01T12:00:00".parse().unwrap(),
                };
                all.tenant(account.id).unwrap().testing.outbox.add(message);
            }
        }
        let ends = |account| {
            let messages = Scope::of(account, &store).unwrap().outbox();
            let to = |at: usize| messages[at].1.to.to_string();
            (messages.len(), to(0), to(messages.len() - 1))
        };
        let [first, second] = [&created[0], &created[1]].map(|account| account.id);
        let last = format!("{MAX_MESSAGES}@{second}.example.com");
        let own = (
            MAX_MESSAGES,
            format!("1@{second}.example.com"),
            last.clone(),
        );
        assert_eq!(ends(Some(second)), own);
        let start = MAX_MESSAGES - MAX_MESSAGES / 2 + 1;
        let all = (MAX_MESSAGES, format!("{start}@{first}.example.com"), last);
        assert_eq!(ends(None), all);
    }
}
