//! The usage of API users: when and how often each was used. It changes with every request, so it is not part of the
//! immutable accounts.

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
    by_api_user: BTreeMap<ApiUserGuid, Counter>,
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
        let Counters {
            by_api_user,
            unsaved,
        } = &mut *counters;
        let counter = by_api_user.entry(api_user).or_insert_with(|| Counter {
            last_used: now,
            requests: BTreeMap::new(),
        });
        counter.last_used = now;
        *counter.requests.entry(now.day()).or_default() += 1;
        unsaved.insert((api_user, now.day()));
    }

    /// Returns when an API user was last used, and how often in the last 30 days; `None` if it was never used.
    pub fn of(&self, api_user: ApiUserGuid, now: Moment) -> Option<(Moment, i64)> {
        let counters = self.lock();
        let counter = counters.by_api_user.get(&api_user)?;
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

    /// Sets the usage of an API user: when it was last used, and the number of requests of each day.
    pub fn restore(
        &self,
        api_user: ApiUserGuid,
        last_used: Moment,
        mut requests: BTreeMap<NaiveDate, i64>,
    ) {
        requests.retain(|_, requests| *requests > 0);
        let mut counters = self.lock();
        // Includes the day of the last use, so that the last use is written even if no requests were counted.
        let days = requests.keys().copied().chain([last_used.day()]);
        counters.unsaved.extend(days.map(|day| (api_user, day)));
        let counter = Counter {
            last_used,
            requests,
        };
        counters.by_api_user.insert(api_user, counter);
    }

    /// Removes the usage of a deleted API user.
    pub fn forget(&self, api_user: ApiUserGuid) {
        self.lock().by_api_user.remove(&api_user);
    }

    /// Returns when an API user was last used, and the number of requests of each day; `None` if it was never used.
    pub fn by_day(&self, api_user: ApiUserGuid) -> Option<(Moment, BTreeMap<NaiveDate, i64>)> {
        let counters = self.lock();
        let Counter {
            last_used,
            requests,
        } = counters.by_api_user.get(&api_user)?;
        Some((*last_used, requests.clone()))
    }

    /// Returns the usage that was counted since the previous call: the last use of an API user and its requests on a day.
    pub fn take_unsaved(&self) -> Vec<(ApiUserGuid, Moment, NaiveDate, i64)> {
        let mut counters = self.lock();
        let unsaved = std::mem::take(&mut counters.unsaved).into_iter();
        let read = |(api_user, day)| {
            let counter = counters.by_api_user.get(&api_user)?;
            let requests = counter.requests.get(&day).copied().unwrap_or_default();
            Some((api_user, counter.last_used, day, requests))
        };
        unsaved.filter_map(read).collect()
    }

    /// Marks the usage of a day as unsaved again, after it could not be saved.
    pub fn keep_unsaved(&self, api_user: ApiUserGuid, day: NaiveDate) {
        self.lock().unsaved.insert((api_user, day));
    }

    /// Marks all usage as saved.
    pub fn forget_unsaved(&self) {
        self.lock().unsaved.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Counters> {
        self.counters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A copy counts independently of the original.
impl Clone for Usage {
    fn clone(&self) -> Self {
        let by_api_user = self.lock().by_api_user.clone();
        // All usage of a copy is still to be saved.
        let unsaved = by_api_user
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
            counters: Mutex::new(Counters {
                by_api_user,
                unsaved,
            }),
        }
    }
}

impl PartialEq for Usage {
    fn eq(&self, other: &Self) -> bool {
        // Only one lock is held at a time, so that two comparisons cannot deadlock.
        let own = self.lock().by_api_user.clone();
        std::ptr::eq(self, other) || own == other.lock().by_api_user
    }
}

impl Eq for Usage {}
