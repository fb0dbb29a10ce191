//! What the store publishes: every account, what it was when it was made, and who may log in to which.

use std::mem;
use std::sync::Arc;

use imbl::{HashMap, OrdMap};

use super::beside::Beside;
use crate::domain::clock::system_time;
use crate::domain::collection::Keyed;
use crate::domain::{Account, AccountId, ApiUser, ApiUserGuid, Collection, Moment, Usage};

/// All accounts at one moment. A copy costs nothing.
#[derive(Debug, Clone, Default)]
pub struct State {
    pub(super) accounts: Collection<Slot>,
    /// What a reset goes back to; those of seeded accounts stay when their account is deleted.
    pub(super) bases: Collection<Base>,
    /// Finds an API user by its user name; follows from `accounts`.
    pub(super) logins: HashMap<String, (AccountId, ApiUserGuid)>,
    /// What belongs to the server as a whole.
    pub beside: Arc<Beside>,
    /// What others came in the place of, or none, since this was published; those who wait there are told when it is.
    pub(super) ended: Vec<Arc<Beside>>,
}

/// An account and what belongs to it without being part of its value. A request takes the slot once and keeps it.
#[derive(Debug, Clone)]
pub struct Slot {
    pub account: Arc<Account>,
    /// States of the account that were given a name.
    pub snapshots: OrdMap<String, Arc<Account>>,
    pub usage: Arc<Usage>,
    pub beside: Arc<Beside>,
}

/// What an account was when it was made or seeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    pub account: Arc<Account>,
    pub usage: Usage,
    /// What its maker called it.
    pub label: Option<String>,
    /// Whether it came with the seed, so that a reset of the server brings it back.
    pub is_seeded: bool,
}

impl Base {
    /// The account as it was then, with nothing that came since.
    pub fn slot(&self) -> Slot {
        Slot {
            account: Arc::clone(&self.account),
            snapshots: OrdMap::new(),
            usage: Arc::new(self.usage.clone()),
            beside: Arc::default(),
        }
    }
}

/// States and slots are compared by what is saved of them.
impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        self.accounts == other.accounts && self.bases == other.bases && self.logins == other.logins
    }
}

impl Eq for State {}

impl PartialEq for Slot {
    fn eq(&self, other: &Self) -> bool {
        self.account == other.account
            && self.snapshots == other.snapshots
            && self.usage == other.usage
    }
}

impl Eq for Slot {}

impl Keyed for Slot {
    type Key = AccountId;

    fn key(&self) -> AccountId {
        self.account.id
    }
}

impl Keyed for Base {
    type Key = AccountId;

    fn key(&self) -> AccountId {
        self.account.id
    }
}

impl State {
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }

    /// What the clock of an account shows, or without one the server's.
    pub fn now(&self, slot: Option<&Slot>) -> Moment {
        let own = slot.and_then(|slot| slot.beside.clock());
        own.or_else(|| self.beside.clock())
            .unwrap_or_default()
            .now(system_time())
    }

    /// All accounts, the oldest first.
    pub fn slots(&self) -> impl Iterator<Item = &Arc<Slot>> {
        self.accounts.iter()
    }

    pub fn slot(&self, account: AccountId) -> Option<&Arc<Slot>> {
        self.accounts.get(&account)
    }

    pub fn base(&self, account: AccountId) -> Option<&Arc<Base>> {
        self.bases.get(&account)
    }

    /// The first account of the seed as it was seeded.
    pub fn first_seeded(&self) -> Option<&Arc<Base>> {
        self.bases.iter().find(|base| base.is_seeded)
    }

    /// An API user and its account, by its user name.
    pub fn login(&self, user_name: &str) -> Option<(&Arc<Slot>, &Arc<ApiUser>)> {
        let (account, api_user) = self.logins.get(user_name)?;
        let slot = self.slot(*account)?;
        Some((slot, slot.account.api_users.get(api_user)?))
    }

    /// Adds an account with what it can be reset to.
    pub fn add(&mut self, base: Base) {
        self.put(base.slot());
        self.bases.insert(base);
    }

    /// Puts an account in its place; its logins follow when the change is complete.
    pub fn put(&mut self, slot: Slot) {
        if let Some(was) = self.slot(slot.account.id)
            && !Arc::ptr_eq(&was.beside, &slot.beside)
        {
            self.ended.push(Arc::clone(&was.beside));
        }
        self.accounts.insert(slot);
    }

    /// Takes an account away; `false` if there is none.
    pub fn remove(&mut self, account: AccountId) -> bool {
        if self.base(account).is_some_and(|base| !base.is_seeded) {
            self.bases.remove(&account);
        }
        let gone = self.accounts.remove(&account);
        self.ended
            .extend(gone.iter().map(|slot| Arc::clone(&slot.beside)));
        gone.is_some()
    }

    /// Takes an account back to what it was when it was made; `false` if there is none.
    pub fn reset(&mut self, account: AccountId) -> bool {
        match self
            .base(account)
            .filter(|_| self.slot(account).is_some())
            .map(|base| base.slot())
        {
            Some(slot) => {
                self.put(slot);
                true
            }
            None => false,
        }
    }

    /// Takes all back to the seed: seeded accounts are what they were, and there are no others.
    pub fn reset_all(&mut self) {
        self.ended.push(mem::take(&mut self.beside));
        let accounts = mem::take(&mut self.accounts);
        self.ended
            .extend(accounts.iter().map(|slot| Arc::clone(&slot.beside)));
        let made: Vec<_> = self
            .bases
            .iter()
            .filter(|base| !base.is_seeded)
            .map(|base| base.key())
            .collect();
        for account in made {
            self.bases.remove(&account);
        }
        for base in self.bases.iter() {
            self.accounts.insert(base.slot());
        }
    }

    /// A number that no account has, behind all that have one.
    pub fn free_number(&self) -> Option<AccountId> {
        let last = self.bases.greatest_key().copied();
        last.map_or(Some(AccountId::FIRST), AccountId::next)
    }

    /// This state of the accounts, with what belongs beside them taken over from another.
    pub(super) fn with_beside_of(mut self, other: &Self) -> Self {
        self.beside = Arc::clone(&other.beside);
        for slot in other.slots() {
            if let Some(read) = self.slot(slot.account.id) {
                let read = Slot::clone(read);
                let (usage, beside) = (Arc::clone(&slot.usage), Arc::clone(&slot.beside));
                self.accounts.insert(Slot {
                    usage,
                    beside,
                    ..read
                });
            }
        }
        self
    }
}
