//! What the store publishes: every account, and who may log in to which.

use std::sync::Arc;

use imbl::HashMap;

use super::Usage;
use crate::domain::collection::Keyed;
use crate::domain::{Account, AccountId, ApiUser, ApiUserGuid, Collection};

/// All accounts at one moment. A copy costs nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    pub(super) accounts: Collection<Slot>,
    /// Finds an API user by its user name; follows from `accounts`.
    pub(super) logins: HashMap<String, (AccountId, ApiUserGuid)>,
}

/// An account and what belongs to it without being part of its value. A request takes the slot once and keeps it.
#[derive(Debug, Clone)]
pub struct Slot {
    pub account: Arc<Account>,
    pub usage: Arc<Usage>,
}

impl Slot {
    pub fn new(account: Account) -> Self {
        Self {
            account: Arc::new(account),
            usage: Arc::default(),
        }
    }
}

/// Slots are compared by what is saved of them.
impl PartialEq for Slot {
    fn eq(&self, other: &Self) -> bool {
        self.account == other.account
    }
}

impl Eq for Slot {}

impl Keyed for Slot {
    type Key = AccountId;

    fn key(&self) -> AccountId {
        self.account.id
    }
}

impl State {
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }

    /// All accounts, the oldest first.
    pub fn slots(&self) -> impl Iterator<Item = &Arc<Slot>> {
        self.accounts.iter()
    }

    pub fn slot(&self, account: AccountId) -> Option<&Arc<Slot>> {
        self.accounts.get(&account)
    }

    pub(super) fn login(&self, user_name: &str) -> Option<(&Arc<Slot>, &Arc<ApiUser>)> {
        let (account, api_user) = self.logins.get(user_name)?;
        let slot = self.slot(*account)?;
        Some((slot, slot.account.api_users.get(api_user)?))
    }

    /// This state of the accounts, with what belongs beside them taken over from another.
    pub(super) fn beside(mut self, other: &Self) -> Self {
        for slot in other.slots() {
            if let Some(read) = self.slot(slot.account.id) {
                let account = Arc::clone(&read.account);
                self.put(Slot {
                    account,
                    ..Slot::clone(slot)
                });
            }
        }
        self
    }

    /// Puts an account in its place; its logins follow when the change is complete.
    pub(super) fn put(&mut self, slot: Slot) {
        self.accounts.insert(slot);
    }
}
