//! What the store publishes: every account, what it was when it was made, and who may log in to which.

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
use crate::testing::{TestState, Usage};

/// All accounts at one moment. A copy costs nothing.
#[derive(Debug, Clone, Default)]
pub struct State {
    pub(super) accounts: Collection<Tenant>,
    /// What a reset goes back to; those of seeded accounts stay when their account is deleted.
    pub(super) bases: Collection<Baseline>,
    /// Finds an API user by its user name; follows from `accounts`.
    logins: HashMap<String, (AccountId, ApiUserGuid)>,
    /// The names of what accounts hold, each with the place of its account in `accounts`, from which they follow.
    names: OrdSet<(Name, i64)>,
    /// The number that was given to an account last, since the start or the last reset of the server.
    last_number: Arc<Mutex<Option<AccountId>>>,
    /// What belongs to the server as a whole.
    pub test_state: Arc<TestState>,
    /// What others came in the place of, or none, since this was published; those who wait there are told when it is.
    pub(super) ended: Vec<Arc<TestState>>,
}

/// Something by which accounts are found. Copies of an account hold the same, so many may be found by one name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    /// An operator's e-mail address, as [`Email::key`] has it.
    Email(String),
    Operator(OperatorGuid),
    OperatorGroup(OperatorGroupGuid),
    ApiUser(ApiUserGuid),
}

/// An account and what belongs to it without being part of its value. A request takes the slot once and keeps it.
#[derive(Debug, Clone)]
pub struct Tenant {
    pub account: Arc<Account>,
    /// States of the account that were given a name.
    pub snapshots: OrdMap<String, Arc<Account>>,
    pub usage: Arc<Usage>,
    pub test_state: Arc<TestState>,
}

/// What an account was when it was made or seeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Baseline {
    pub account: Arc<Account>,
    pub usage: Usage,
    /// What its maker called it.
    pub label: Option<String>,
    /// Whether it came with the seed, so that a reset of the server brings it back.
    pub is_seeded: bool,
}

impl Baseline {
    /// The account as it was then, with nothing that came since.
    pub fn tenant(&self) -> Tenant {
        Tenant {
            account: Arc::clone(&self.account),
            snapshots: OrdMap::new(),
            usage: Arc::new(self.usage.clone()),
            test_state: Arc::default(),
        }
    }
}

/// States and slots are compared by what is saved of them.
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
    /// Whether there was a seed. What it brought may be deleted by now.
    pub fn was_seeded(&self) -> bool {
        !self.accounts.is_empty() || self.first_seeded().is_some()
    }

    /// What the clock of an account shows, or without one the server's.
    pub fn now(&self, tenant: Option<&Tenant>) -> Moment {
        let own = tenant.and_then(|tenant| tenant.test_state.clock());
        own.or_else(|| self.test_state.clock())
            .unwrap_or_default()
            .now(system::time())
    }

    /// What a change of an account may use, or without one a change of which accounts there are.
    pub fn context(&self, tenant: Option<&Tenant>) -> Context {
        system::context(self.now(tenant))
    }

    /// All accounts, the oldest first.
    pub fn tenants(&self) -> impl Iterator<Item = &Arc<Tenant>> {
        self.accounts.iter()
    }

    pub fn tenant(&self, account: AccountId) -> Option<&Arc<Tenant>> {
        self.accounts.get(&account)
    }

    pub fn base(&self, account: AccountId) -> Option<&Arc<Baseline>> {
        self.bases.get(&account)
    }

    /// The first account of the seed as it was seeded.
    pub fn first_seeded(&self) -> Option<&Arc<Baseline>> {
        self.bases.iter().find(|base| base.is_seeded)
    }

    /// An API user and its account, by its user name.
    pub fn login(&self, user_name: &str) -> Option<(&Arc<Tenant>, &Arc<ApiUser>)> {
        let (account, api_user) = self.logins.get(user_name)?;
        let tenant = self.tenant(*account)?;
        Some((tenant, tenant.account.api_users.get(api_user)?))
    }

    /// Returns the oldest account that holds something of this name.
    pub fn holder(&self, name: Name) -> Option<&Arc<Tenant>> {
        let start = (name, i64::MIN);
        let (found, sequence) = self.names.range::<_, (Name, i64)>(&start..).next()?;
        self.accounts.at(*sequence).filter(|_| *found == start.0)
    }

    /// Adds an account with what it can be reset to.
    pub fn add(&mut self, base: Baseline) -> Result<()> {
        self.put(base.tenant())?;
        self.bases.insert(base);
        Ok(())
    }

    /// Puts an account in its place, unless another has one of its user names by now.
    pub fn put(&mut self, tenant: Tenant) -> Result<()> {
        let id = tenant.account.id;
        let was = self.tenant(id).cloned();
        let older = was.as_ref().map(|was| &*was.account);
        let newer = Arc::clone(&tenant.account);
        self.follow(id, older.map(|older| &older.api_users), &newer.api_users)?;
        let is_other = |was: &&Arc<Tenant>| !Arc::ptr_eq(&was.test_state, &tenant.test_state);
        if let Some(was) = was.as_ref().filter(is_other) {
            self.ended.push(Arc::clone(&was.test_state));
        }
        self.accounts.insert(tenant);
        self.follow_names(id, older, Some(&newer));
        Ok(())
    }

    /// Puts an account that was read back in its own place.
    pub(super) fn restore(&mut self, sequence: i64, tenant: Tenant) {
        let account = Arc::clone(&tenant.account);
        for api_user in account.api_users.iter() {
            let login = (account.id, api_user.guid);
            self.logins.insert(api_user.user_name.clone(), login);
        }
        self.accounts.place(sequence, tenant);
        self.follow_names(account.id, None, Some(&account));
    }

    /// Takes an account away; `false` if there is none.
    pub fn remove(&mut self, account: AccountId) -> bool {
        if self.base(account).is_some_and(|base| !base.is_seeded) {
            self.bases.remove(&account);
        }
        let Some(tenant) = self.tenant(account).cloned() else {
            return false;
        };
        self.follow_names(account, Some(&tenant.account), None);
        self.accounts.remove(&account);
        for api_user in tenant.account.api_users.iter() {
            self.logins.remove(&api_user.user_name);
        }
        self.ended.push(Arc::clone(&tenant.test_state));
        true
    }

    /// Takes an account back to what it was when it was made; `false` if there is none.
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

    /// Takes all back to the seed: seeded accounts are what they were, and there are no others.
    pub fn reset_all(&mut self) -> Result<()> {
        let was = mem::take(self);
        self.ended = was.ended;
        let test_state = was.accounts.iter().map(|tenant| &tenant.test_state);
        self.ended
            .extend(test_state.chain([&was.test_state]).cloned());
        self.bases = was.bases;
        let (seeded, made): (Vec<_>, Vec<_>) =
            self.bases.iter().cloned().partition(|base| base.is_seeded);
        for base in made {
            self.bases.remove(&base.key());
        }
        for base in seeded {
            self.put(base.tenant())?;
        }
        Ok(())
    }

    /// A number behind all that accounts have or had, so that whoever deletes an account twice deletes no other. Where
    /// there is none, one between them.
    pub fn free_number(&self) -> Option<AccountId> {
        let mut last = self
            .last_number
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let greatest = self.bases.greatest_key().copied().max(*last);
        let behind = greatest.map_or(Some(AccountId::FIRST), AccountId::next);
        let free = behind.or_else(|| {
            let first = last.and_then(AccountId::next).unwrap_or(AccountId::FIRST);
            successors(Some(first), |id| id.next()).find(|id| !self.bases.contains(id))
        })?;
        *last = Some(free);
        Some(free)
    }

    /// Lets the logins follow a change of an account's API users.
    fn follow(
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

    /// Lets the names follow a change of an account that is in its place.
    fn follow_names(&mut self, id: AccountId, older: Option<&Account>, newer: Option<&Account>) {
        let Some(sequence) = self.accounts.sequence_of(&id) else {
            return;
        };
        self.rename(
            sequence,
            older,
            newer,
            |account| &account.operators,
            |operator| {
                let email = operator.profile().email.key();
                [Name::Email(email), Name::Operator(operator.guid)]
            },
        );
        self.rename(
            sequence,
            older,
            newer,
            |account| &account.operator_groups,
            |group| [Name::OperatorGroup(group.guid)],
        );
        self.rename(
            sequence,
            older,
            newer,
            |account| &account.api_users,
            |api_user| [Name::ApiUser(api_user.guid)],
        );
    }

    /// Does so for one collection of the account.
    fn rename<V: Keyed + PartialEq, const N: usize>(
        &mut self,
        sequence: i64,
        older: Option<&Account>,
        newer: Option<&Account>,
        collection: fn(&Account) -> &Collection<V>,
        names: fn(&V) -> [Name; N],
    ) {
        let (mut gone, mut come) = (Vec::new(), Vec::new());
        for change in Collection::difference(older.map(collection), newer.map(collection)) {
            let (was, now) = match change {
                Change::Gone(was) => (Some(was), None),
                Change::Kept { was, now, .. } => (was, Some(now)),
            };
            let (was, now) = (was.map(names), now.map(names));
            if was != now {
                gone.extend(was.into_iter().flatten());
                come.extend(now.into_iter().flatten());
            }
        }
        // A name may go from one to another.
        for name in gone {
            self.names.remove(&(name, sequence));
        }
        for name in come {
            self.names.insert((name, sequence));
        }
    }

    /// This state of the accounts, with what belongs beside them taken over from another.
    pub(super) fn with_test_state_of(mut self, other: &Self) -> Self {
        self.test_state = Arc::clone(&other.test_state);
        self.last_number = Arc::clone(&other.last_number);
        for tenant in other.tenants() {
            if let Some(read) = self.tenant(tenant.account.id) {
                let read = Tenant::clone(read);
                let (usage, test_state) =
                    (Arc::clone(&tenant.usage), Arc::clone(&tenant.test_state));
                self.accounts.insert(Tenant {
                    usage,
                    test_state,
                    ..read
                });
            }
        }
        self
    }
}
