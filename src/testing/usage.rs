//! When and how often API users were used. It changes with every request, so it is counted beside the accounts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{Days, NaiveDate};

use crate::domain::{ApiUserGuid, Moment};

/// The usage of the API users of an account.
#[derive(Debug, Default)]
pub struct Usage {
    counters: Mutex<Counters>,
}

#[derive(Debug, Default)]
struct Counters {
    of: BTreeMap<ApiUserGuid, Counter>,
    unsaved: BTreeSet<(ApiUserGuid, NaiveDate)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Counter {
    last_used: Moment,
    requests: BTreeMap<NaiveDate, i64>,
}

/// The window of `UsageLast30Days`: this UTC day and the 29 before.
const DAYS_BEFORE_TODAY: Days = Days::new(29);

impl Usage {
    /// Counts a request.
    pub fn count(&self, api_user: ApiUserGuid, now: Moment) {
        let mut counters = self.lock();
        let Counters { of, unsaved } = &mut *counters;
        let counter = of.entry(api_user).or_insert_with(|| Counter {
            last_used: now,
            requests: BTreeMap::new(),
        });
        counter.last_used = now;
        *counter.requests.entry(now.day()).or_default() += 1;
        unsaved.insert((api_user, now.day()));
    }

    /// When an API user was last used, and how often in the last 30 days; nothing, if it never was.
    pub fn of(&self, api_user: ApiUserGuid, now: Moment) -> Option<(Moment, i64)> {
        let counters = self.lock();
        let counter = counters.of.get(&api_user)?;
        let first = now
            .day()
            .checked_sub_days(DAYS_BEFORE_TODAY)
            .unwrap_or(NaiveDate::MIN);
        Some((
            counter.last_used,
            counter
                .requests
                .range(first..=now.day())
                .map(|(_, requests)| requests)
                .sum(),
        ))
    }

    /// Sets what is known of an API user's use: when it was last used, and how often on which day.
    pub fn restore(
        &self,
        api_user: ApiUserGuid,
        last_used: Moment,
        mut requests: BTreeMap<NaiveDate, i64>,
    ) {
        requests.retain(|_, requests| *requests > 0);
        let mut counters = self.lock();
        // The day of the last use as well: with it, the last use is written even if nothing was counted.
        let days = requests.keys().copied().chain([last_used.day()]);
        counters.unsaved.extend(days.map(|day| (api_user, day)));
        let counter = Counter {
            last_used,
            requests,
        };
        counters.of.insert(api_user, counter);
    }

    /// An API user that is gone takes its usage with it.
    pub fn forget(&self, api_user: ApiUserGuid) {
        self.lock().of.remove(&api_user);
    }

    /// When an API user was last used, and how often on which day; nothing, if it never was.
    pub fn by_day(&self, api_user: ApiUserGuid) -> Option<(Moment, BTreeMap<NaiveDate, i64>)> {
        let counters = self.lock();
        let Counter {
            last_used,
            requests,
        } = counters.of.get(&api_user)?;
        Some((*last_used, requests.clone()))
    }

    /// What was counted since this was asked the last time: of each API user the last use, and the requests of a day.
    pub fn take_unsaved(&self) -> Vec<(ApiUserGuid, Moment, NaiveDate, i64)> {
        let mut counters = self.lock();
        let unsaved = std::mem::take(&mut counters.unsaved).into_iter();
        let read = |(api_user, day)| {
            let counter = counters.of.get(&api_user)?;
            let requests = counter.requests.get(&day).copied().unwrap_or_default();
            Some((api_user, counter.last_used, day, requests))
        };
        unsaved.filter_map(read).collect()
    }

    /// Takes back what could not be saved.
    pub fn keep_unsaved(&self, api_user: ApiUserGuid, day: NaiveDate) {
        self.lock().unsaved.insert((api_user, day));
    }

    /// Takes all for saved.
    pub fn forget_unsaved(&self) {
        self.lock().unsaved.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Counters> {
        self.counters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A copy counts on by itself.
impl Clone for Usage {
    fn clone(&self) -> Self {
        let of = self.lock().of.clone();
        // What is written of a copy is all of it.
        let unsaved = of
            .iter()
            .flat_map(|(api_user, counter): (&ApiUserGuid, &Counter)| {
                let days = counter
                    .requests
                    .keys()
                    .copied()
                    .chain([counter.last_used.day()]);
                days.map(|day| (*api_user, day)).collect::<Vec<_>>()
            })
            .collect();
        Self {
            counters: Mutex::new(Counters { of, unsaved }),
        }
    }
}

impl PartialEq for Usage {
    fn eq(&self, other: &Self) -> bool {
        // One lock at a time, so that two comparisons cannot wait for each other.
        let own = self.lock().of.clone();
        std::ptr::eq(self, other) || own == other.lock().of
    }
}

impl Eq for Usage {}
