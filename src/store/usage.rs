//! When and how often API users were used. It changes with every request, so it is counted beside the accounts and
//! written once a second.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{Days, NaiveDate};
use serde::Serialize;
use sqlx::{Connection as _, SqliteConnection};

use super::State;
use super::file::Corrupt;
use super::rows::json;
use crate::domain::{AccountId, ApiUserGuid, Moment};

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

#[derive(Debug, Clone)]
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

    /// When an API user was last used, and how often on which day; nothing, if it never was.
    pub fn by_day(&self, api_user: ApiUserGuid) -> Option<(Moment, BTreeMap<NaiveDate, i64>)> {
        let counters = self.lock();
        let Counter {
            last_used,
            requests,
        } = counters.of.get(&api_user)?;
        Some((*last_used, requests.clone()))
    }

    fn lock(&self) -> MutexGuard<'_, Counters> {
        self.counters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What has to be written of the usage of one API user.
#[derive(Serialize)]
struct Unsaved {
    account_id: AccountId,
    api_user_guid: ApiUserGuid,
    last_used: Moment,
    day: String,
    requests: i64,
}

/// Writes what was counted since the last time. What cannot be written is kept for the next.
pub(super) async fn save(
    connection: &mut SqliteConnection,
    state: &State,
) -> Result<(), sqlx::Error> {
    let mut unsaved = Vec::new();
    let mut taken = Vec::new();
    for slot in state.slots() {
        let mut counters = slot.usage.lock();
        for (api_user, day) in std::mem::take(&mut counters.unsaved) {
            let Some(counter) = counters.of.get(&api_user) else {
                continue;
            };
            // An API user that was deleted since takes its usage with it.
            if slot.account.api_users.contains(&api_user) {
                unsaved.push(Unsaved {
                    account_id: slot.account.id,
                    api_user_guid: api_user,
                    last_used: counter.last_used,
                    day: day.to_string(),
                    requests: counter.requests.get(&day).copied().unwrap_or_default(),
                });
                taken.push((slot, api_user, day));
            }
        }
    }
    let written = write(connection, &unsaved).await;
    if written.is_err() {
        for (slot, api_user, day) in taken {
            slot.usage.lock().unsaved.insert((api_user, day));
        }
    }
    written
}

async fn write(connection: &mut SqliteConnection, unsaved: &[Unsaved]) -> Result<(), sqlx::Error> {
    let Some(rows) = json(unsaved) else {
        return Ok(());
    };
    let mut transaction = connection.begin().await?;
    sqlx::query!(
        "insert into usage (account_id, api_user_guid, last_used)
         select value ->> 'account_id', value ->> 'api_user_guid', value ->> 'last_used'
         from json_each($1)
         where true
         on conflict (account_id, api_user_guid) do update set last_used = excluded.last_used",
        rows,
    )
    .execute(&mut *transaction)
    .await?;
    sqlx::query!(
        "insert into usage_of_day (account_id, api_user_guid, day, requests)
         select value ->> 'account_id', value ->> 'api_user_guid', value ->> 'day', value ->> 'requests'
         from json_each($1)
         where value ->> 'requests' > 0
         on conflict (account_id, api_user_guid, day) do update set requests = excluded.requests",
        rows,
    )
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await
}

/// Reads back the usage of all API users, account by account.
pub(super) async fn load(
    connection: &mut SqliteConnection,
) -> Result<BTreeMap<AccountId, Usage>, Corrupt> {
    let mut of: BTreeMap<AccountId, Usage> = BTreeMap::new();
    let rows = sqlx::query!(
        r#"select account_id as "account_id!: AccountId", api_user_guid as "api_user_guid!: ApiUserGuid", last_used
           from usage"#
    )
    .fetch_all(&mut *connection)
    .await?;
    for row in rows {
        let last_used = row.last_used.parse().map_err(|_| Corrupt::row("usage"))?;
        let counter = Counter {
            last_used,
            requests: BTreeMap::new(),
        };
        of.entry(row.account_id)
            .or_default()
            .lock()
            .of
            .insert(row.api_user_guid, counter);
    }
    let rows = sqlx::query!(
        r#"select account_id as "account_id!: AccountId", api_user_guid as "api_user_guid!: ApiUserGuid", day, requests
           from usage_of_day"#
    )
    .fetch_all(&mut *connection)
    .await?;
    for row in rows {
        let day = row.day.parse().map_err(|_| Corrupt::row("usage_of_day"))?;
        if let Some(counter) = of
            .entry(row.account_id)
            .or_default()
            .lock()
            .of
            .get_mut(&row.api_user_guid)
        {
            counter.requests.insert(day, row.requests);
        }
    }
    Ok(of)
}
