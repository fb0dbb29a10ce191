//! The published state of the store: all accounts, the baselines they can be reset to, and the indexes of logins and names.

use std::iter::successors;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use imbl::{HashMap, OrdMap, OrdSet};

use crate::domain::collection::{Change, Keyed};
use crate::domain::{
    Account, AccountId, ApiUser, ApiUserGuid, Collection, Context, Moment, OperatorGroupGuid,
    OperatorGuid,
};
use crate::error::{Error, Result};
use crate::system;
use crate::testing::{Clock, Ended, TestState, Usage};

/// All accounts at one moment. Cloning it is cheap.
#[derive(Debug, Clone, Default)]
pub struct State {
    pub(super) accounts: Collection<Tenant>,
    /// The states that resets restore. Those of seeded accounts remain when their account is deleted.
    pub(super) bases: Collection<Baseline>,
    /// Maps user names to API users; derived from `accounts`.
    logins: HashMap<String, (AccountId, ApiUserGuid)>,
    /// The names of parts of accounts, each with the sequence number of its account in `accounts`; derived from `accounts`.
    names: OrdSet<(Name, i64)>,
    /// The number that was last assigned to an account, since the start or the last reset of the server.
    last_number: Arc<Mutex<Option<AccountId>>>,
    /// The test state of the server as a whole.
    pub testing: Arc<TestState>,
    /// The test states that were replaced or removed since this state was published. When it is published, those who wait for
    /// them are notified.
    pub(super) ended: Vec<(Arc<TestState>, Ended)>,
}

/// A name by which accounts are found. Copies of an account contain the same names, so a name may refer to several accounts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    /// The e-mail address of an operator, as returned by `Email::key`.
    Email(String),
    Operator(OperatorGuid),
    OperatorGroup(OperatorGroupGuid),
    ApiUser(ApiUserGuid),
}

/// An account, and the state that belongs to it without being part of its value. A request gets its tenant once, and uses it
/// until the end.
#[derive(Debug, Clone)]
pub struct Tenant {
    pub account: Arc<Account>,
    /// Saved states of the account by name.
    pub snapshots: OrdMap<String, Snapshot>,
    pub usage: Arc<Usage>,
    pub testing: Arc<TestState>,
}

/// A saved state of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    pub account: Arc<Account>,
    /// When it was saved, by the time of the system. Versions before schema 9 did not say.
    pub taken: Option<Moment>,
}

/// The state of an account when it was created or seeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Baseline {
    pub account: Arc<Account>,
    pub usage: Usage,
    /// The label that was given when the account was created.
    pub label: Option<String>,
    /// Whether the account comes from the seed, so that a reset of the server restores it.
    pub is_seeded: bool,
}

impl Baseline {
    /// Returns the account in this state, with an empty test state and no snapshots.
    pub fn tenant(&self) -> Tenant {
        Tenant {
            account: Arc::clone(&self.account),
            snapshots: OrdMap::new(),
            usage: Arc::new(self.usage.clone()),
            testing: Arc::default(),
        }
    }
}

/// States and tenants are compared by what is saved of them.
impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        self.accounts == other.accounts
            && self.bases == other.bases
            && self.logins == other.logins
            && self.names == other.names
    }
}

impl Eq for State {}

impl PartialEq for Tenant {
    fn eq(&self, other: &Self) -> bool {
        self.account == other.account
            && self.snapshots == other.snapshots
            && self.usage == other.usage
    }
}

impl Eq for Tenant {}

impl Keyed for Tenant {
    type Key = AccountId;

    fn key(&self) -> AccountId {
        self.account.id
    }
}

impl Keyed for Baseline {
    type Key = AccountId;

    fn key(&self) -> AccountId {
        self.account.id
    }
}

impl State {
    /// Returns whether the store was seeded, even if the seeded accounts were deleted since.
    pub fn was_seeded(&self) -> bool {
        !self.accounts.is_empty() || self.first_seeded().is_some()
    }

    /// Returns the time of the clock of an account, or of the server's clock without one.
    pub fn now(&self, tenant: Option<&Tenant>) -> Moment {
        self.clock(tenant).now(system::time())
    }

    /// Returns the clock of an account, or of the server without one.
    pub fn clock(&self, tenant: Option<&Tenant>) -> Clock {
        let own = tenant.and_then(|tenant| tenant.testing.clock());
        own.or_else(|| self.testing.clock()).unwrap_or_default()
    }

    /// Returns the context of a change of an account, or of the set of accounts without one.
    pub fn context(&self, tenant: Option<&Tenant>) -> Context {
        system::context(self.now(tenant))
    }

    /// Returns all accounts, the oldest first.
    pub fn tenants(&self) -> impl Iterator<Item = &Arc<Tenant>> {
        self.accounts.iter()
    }

    /// Returns all accounts, the newest first.
    pub fn newest(&self) -> impl Iterator<Item = &Arc<Tenant>> {
        self.accounts.iter().rev()
    }

    pub fn tenant(&self, account: AccountId) -> Option<&Arc<Tenant>> {
        self.accounts.get(&account)
    }

    pub fn base(&self, account: AccountId) -> Option<&Arc<Baseline>> {
        self.bases.get(&account)
    }

    /// Returns the label given to an account at its creation.
    pub fn label(&self, account: AccountId) -> &str {
        let base = self.base(account);
        let label = base.and_then(|base| base.label.as_deref());
        label.unwrap_or_default()
    }

    /// Returns the baseline of the first account of the seed.
    pub fn first_seeded(&self) -> Option<&Arc<Baseline>> {
        self.bases.iter().find(|base| base.is_seeded)
    }

    /// Returns an API user and its account by the user name.
    pub fn login(&self, user_name: &str) -> Option<(&Arc<Tenant>, &Arc<ApiUser>)> {
        let (account, api_user) = self.logins.get(user_name)?;
        let tenant = self.tenant(*account)?;
        Some((tenant, tenant.account.api_users.get(api_user)?))
    }

    /// Returns the oldest account that contains this name.
    pub fn holder(&self, name: Name) -> Option<&Arc<Tenant>> {
        let start = (name, i64::MIN);
        let (found, sequence) = self.names.range::<_, (Name, i64)>(&start..).next()?;
        self.accounts.at(*sequence).filter(|_| *found == start.0)
    }

    /// Adds an account with the baseline it can be reset to.
    pub fn add(&mut self, base: Baseline) -> Result<()> {
        self.put(base.tenant())?;
        self.bases.insert(base);
        Ok(())
    }

    /// Inserts or replaces an account. Fails if another account has one of its user names.
    pub fn put(&mut self, tenant: Tenant) -> Result<()> {
        let id = tenant.account.id;
        let previous = self.tenant(id).cloned();
        let older = previous.as_ref().map(|previous| &*previous.account);
        let newer = Arc::clone(&tenant.account);
        self.update_logins(id, older.map(|older| &older.api_users), &newer.api_users)?;
        let is_replaced =
            |previous: &&Arc<Tenant>| !Arc::ptr_eq(&previous.testing, &tenant.testing);
        if let Some(previous) = previous.as_ref().filter(is_replaced) {
            self.ended
                .push((Arc::clone(&previous.testing), Ended::Replaced));
        }
        self.accounts.insert(tenant);
        self.update_names(id, older, Some(&newer));
        Ok(())
    }

    /// Inserts an account that was loaded, with its sequence number.
    pub(super) fn restore(&mut self, sequence: i64, tenant: Tenant) {
        let account = Arc::clone(&tenant.account);
        for api_user in account.api_users.iter() {
            let login = (account.id, api_user.guid);
            self.logins.insert(api_user.user_name.clone(), login);
        }
        self.accounts.place(sequence, tenant);
        self.update_names(account.id, None, Some(&account));
    }

    /// Removes an account. Returns `false` if it does not exist.
    pub fn remove(&mut self, account: AccountId) -> bool {
        if self.base(account).is_some_and(|base| !base.is_seeded) {
            self.bases.remove(&account);
        }
        let Some(tenant) = self.tenant(account).cloned() else {
            return false;
        };
        self.update_names(account, Some(&tenant.account), None);
        self.accounts.remove(&account);
        for api_user in tenant.account.api_users.iter() {
            self.logins.remove(&api_user.user_name);
        }
        self.ended
            .push((Arc::clone(&tenant.testing), Ended::Deleted));
        true
    }

    /// Resets an account to its baseline. Returns `false` if it does not exist.
    pub fn reset(&mut self, account: AccountId) -> Result<bool> {
        let base = self
            .base(account)
            .filter(|_| self.tenant(account).is_some());
        let Some(tenant) = base.map(|base| base.tenant()) else {
            return Ok(false);
        };
        self.put(tenant)?;
        Ok(true)
    }

    /// Resets everything to the seed: restores the seeded accounts and removes all others.
    pub fn reset_all(&mut self) -> Result<()> {
        let previous = mem::take(self);
        self.testing = Arc::new(previous.testing.anew());
        self.ended = previous.ended;
        let test_states = previous.accounts.iter().map(|tenant| &tenant.testing);
        let test_states = test_states.chain([&previous.testing]);
        let replaced = test_states.map(|testing| (Arc::clone(testing), Ended::Replaced));
        self.ended.extend(replaced);
        self.bases = previous.bases;
        let (seeded, created): (Vec<_>, Vec<_>) =
            self.bases.iter().cloned().partition(|base| base.is_seeded);
        for base in created {
            self.bases.remove(&base.key());
        }
        for base in seeded {
            self.put(base.tenant())?;
        }
        Ok(())
    }

    /// Returns a number greater than that of all present and past accounts, so that deleting an account twice deletes no other
    /// account. If there is none, returns an unused number between them.
    pub fn free_number(&self) -> Option<AccountId> {
        let mut last = self
            .last_number
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let greatest = self.bases.greatest_key().copied().max(*last);
        let next = greatest.map_or(Some(AccountId::FIRST), AccountId::next);
        let free = next.or_else(|| {
            let first = last.and_then(AccountId::next).unwrap_or(AccountId::FIRST);
            successors(Some(first), |id| id.next()).find(|id| !self.bases.contains(id))
        })?;
        *last = Some(free);
        Some(free)
    }

    /// Updates the logins after a change of the API users of an account.
    fn update_logins(
        &mut self,
        account: AccountId,
        older: Option<&Collection<ApiUser>>,
        newer: &Collection<ApiUser>,
    ) -> Result<()> {
        let changes = Collection::difference(older, Some(newer));
        for change in &changes {
            if let Change::Gone(was) | Change::Kept { was: Some(was), .. } = change {
                self.logins.remove(&was.user_name);
            }
        }
        for change in &changes {
            if let Change::Kept { now, .. } = change {
                if self.logins.contains_key(&now.user_name) {
                    return Err(Error::refused(
                        "UserName",
                        format!("another account has an API user {}", now.user_name),
                    ));
                }
                let login = (account, now.guid);
                self.logins.insert(now.user_name.clone(), login);
            }
        }
        Ok(())
    }

    /// Updates the names after a change of an account that has a sequence number.
    fn update_names(&mut self, id: AccountId, older: Option<&Account>, newer: Option<&Account>) {
        let Some(sequence) = self.accounts.sequence_of(&id) else {
            return;
        };
        self.update_names_of(
            sequence,
            older,
            newer,
            |account| &account.operators,
            |operator| {
                let email = operator.profile().email.key();
                [Name::Email(email), Name::Operator(operator.guid)]
            },
        );
        self.update_names_of(
            sequence,
            older,
            newer,
            |account| &account.operator_groups,
            |group| [Name::OperatorGroup(group.guid)],
        );
        self.update_names_of(
            sequence,
            older,
            newer,
            |account| &account.api_users,
            |api_user| [Name::ApiUser(api_user.guid)],
        );
    }

    /// Updates the names after a change of one collection of an account.
    fn update_names_of<V: Keyed + PartialEq, const N: usize>(
        &mut self,
        sequence: i64,
        older: Option<&Account>,
        newer: Option<&Account>,
        collection: fn(&Account) -> &Collection<V>,
        names: fn(&V) -> [Name; N],
    ) {
        let (mut removed, mut added) = (Vec::new(), Vec::new());
        for change in Collection::difference(older.map(collection), newer.map(collection)) {
            let (was, now) = match change {
                Change::Gone(was) => (Some(was), None),
                Change::Kept { was, now, .. } => (was, Some(now)),
            };
            let (was, now) = (was.map(names), now.map(names));
            if was != now {
                removed.extend(was.into_iter().flatten());
                added.extend(now.into_iter().flatten());
            }
        }
        // A name may move from one item to another, so old names are removed first.
        for name in removed {
            self.names.remove(&(name, sequence));
        }
        for name in added {
            self.names.insert((name, sequence));
        }
    }

    /// Returns this state of the accounts with the usage and the test states of another.
    pub(super) fn with_testing_of(mut self, other: &Self) -> Self {
        self.testing = Arc::clone(&other.testing);
        self.last_number = Arc::clone(&other.last_number);
        for tenant in other.tenants() {
            if let Some(loaded) = self.tenant(tenant.account.id) {
                let loaded = Tenant::clone(loaded);
                let (usage, testing) = (Arc::clone(&tenant.usage), Arc::clone(&tenant.testing));
                self.accounts.insert(Tenant {
                    usage,
                    testing,
                    ..loaded
                });
            }
        }
        self
    }
}
