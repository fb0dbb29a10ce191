//! "Everything that belongs to an account is found both for the whole server and for one account": which of them a tester
//! means.

use std::sync::Arc;

use super::accounts;
use crate::AppState;
use crate::domain::journal::{Entry, Match};
use crate::domain::{AccountId, Moment};
use crate::error::Result;
use crate::store::{Beside, Slot, State};

/// One account, or the server, at one moment.
#[derive(Debug)]
pub struct Scope {
    pub slot: Option<Arc<Slot>>,
    pub all: Arc<State>,
}

impl Scope {
    /// What an account, or without one the server, is at this moment.
    pub fn of(account: Option<AccountId>, state: &AppState) -> Result<Self> {
        let all = Arc::clone(&*state.store.state());
        let slot = account
            .map(|account| accounts::slot(&all, account).cloned())
            .transpose()?;
        Ok(Self { slot, all })
    }

    /// What it is now: accounts come and go, and a reset gives one a new journal.
    pub fn again(&self, state: &AppState) -> Result<Self> {
        Self::of(self.account(), state)
    }

    pub fn account(&self) -> Option<AccountId> {
        self.slot.as_ref().map(|slot| slot.account.id)
    }

    pub fn beside(&self) -> &Beside {
        self.slot
            .as_ref()
            .map_or(&self.all.beside, |slot| &slot.beside)
    }

    pub fn now(&self) -> Moment {
        self.all.now(self.slot.as_deref())
    }

    /// The recorded requests that fit, in their order; for the server, those of all accounts.
    pub fn requests(&self, matches: &Match) -> Vec<Arc<Entry>> {
        let mut entries = self.beside().journal.entries();
        if self.slot.is_none() {
            let of_account = |slot: &Arc<Slot>| slot.beside.journal.entries();
            entries.extend(self.all.slots().flat_map(of_account));
            entries.sort_by_key(|entry| entry.sequence);
        }
        entries.retain(|entry| matches.fits(entry.matched()));
        entries
    }

    /// Forgets the recorded requests; for the server, those of all accounts.
    pub fn forget_requests(&self) {
        if self.slot.is_none() {
            self.all
                .slots()
                .for_each(|slot| slot.beside.journal.clear());
        }
        self.beside().journal.clear();
    }
}
