//! The tables of usage, which are written once a second.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use sqlx::SqliteConnection;

use super::State;
use super::load::Corrupt;
use super::rows::{self, Table as _, Transaction, table};
use crate::domain::{AccountId, ApiUserGuid, Moment};
use crate::testing::Usage;

table! {
    /// The time when an API user was last used.
    LastUse: "usage" (account_id: AccountId, api_user_guid: ApiUserGuid) {
        last_used: Moment,
    }
}

table! {
    /// The number of requests of an API user on a day.
    UseOfDay: "usage_of_day" (account_id: AccountId, api_user_guid: ApiUserGuid, day: String) {
        requests: i64,
    }
}

/// Writes the usage that was counted since the previous call. If that fails, it is written by the next call.
pub(super) async fn save(
    connection: &mut SqliteConnection,
    state: &State,
) -> Result<(), sqlx::Error> {
    let (mut uses, mut days) = (Vec::new(), Vec::new());
    let mut unsaved = Vec::new();
    for tenant in state.tenants() {
        let account_id = tenant.account.id;
        for (api_user_guid, last_used, day, requests) in tenant.usage.take_unsaved() {
            // The API user was deleted during one of its requests.
            if !tenant.account.api_users.contains(&api_user_guid) {
                tenant.usage.forget(api_user_guid);
                continue;
            }
            unsaved.push((tenant, api_user_guid, day));
            uses.push(LastUse {
                account_id,
                api_user_guid,
                last_used,
            });
            if requests > 0 {
                days.push(UseOfDay {
                    account_id,
                    api_user_guid,
                    day: day.to_string(),
                    requests,
                });
            }
        }
    }
    let mut transaction = Transaction::default();
    transaction.upsert(&uses);
    transaction.upsert(&days);
    let written = transaction.commit(connection).await;
    if written.is_err() {
        for (tenant, api_user, day) in unsaved {
            tenant.usage.keep_unsaved(api_user, day);
        }
    }
    written
}

/// Loads the usage of all API users by account.
pub(super) async fn load(
    connection: &mut SqliteConnection,
) -> Result<BTreeMap<AccountId, Usage>, Corrupt> {
    let mut requests = BTreeMap::<_, BTreeMap<NaiveDate, i64>>::new();
    for row in rows::load::<UseOfDay>(&mut *connection).await? {
        let day = row.day.parse().map_err(|_| Corrupt::Row(UseOfDay::TABLE))?;
        let requests = requests.entry((row.account_id, row.api_user_guid));
        requests.or_default().insert(day, row.requests);
    }
    let mut usage: BTreeMap<AccountId, Usage> = BTreeMap::new();
    for row in rows::load(connection).await? {
        let LastUse {
            account_id,
            api_user_guid,
            last_used,
        } = row;
        let requests = requests.remove(&(account_id, api_user_guid));
        usage.entry(account_id).or_default().restore(
            api_user_guid,
            last_used,
            requests.unwrap_or_default(),
        );
    }
    for usage in usage.values() {
        usage.forget_unsaved();
    }
    Ok(usage)
}
