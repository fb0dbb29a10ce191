//! The tables of usage, which are written once a second.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use sqlx::SqliteConnection;

use super::State;
use super::file::Corrupt;
use super::rows::{Transaction, record};
use crate::domain::{AccountId, ApiUserGuid, Moment, Restore as _, Usage};

/// When an API user was last used.
#[derive(Debug)]
struct LastUse {
    account_id: AccountId,
    api_user_guid: ApiUserGuid,
    last_used: Moment,
}

record!(LastUse: "usage" (account_id, api_user_guid) last_used);

/// How often an API user was used on a day.
#[derive(Debug)]
struct UseOfDay {
    account_id: AccountId,
    api_user_guid: ApiUserGuid,
    day: String,
    requests: i64,
}

record!(UseOfDay: "usage_of_day" (account_id, api_user_guid, day) requests);

/// All usage of an account.
#[derive(Debug)]
pub struct Key {
    pub account_id: AccountId,
}

record!(Key: "usage" (account_id));

/// Writes what was counted since the last time. What cannot be written is kept for the next.
pub(super) async fn save(
    connection: &mut SqliteConnection,
    state: &State,
) -> Result<(), sqlx::Error> {
    let (mut uses, mut days) = (Vec::new(), Vec::new());
    let mut unsaved = Vec::new();
    for slot in state.slots() {
        let account_id = slot.account.id;
        for (api_user_guid, last_used, day, requests) in slot.usage.take_unsaved() {
            // It was deleted while a request of its own was under way.
            if !slot.account.api_users.contains(&api_user_guid) {
                slot.usage.forget(api_user_guid);
                continue;
            }
            unsaved.push((slot, api_user_guid, day));
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
        for (slot, api_user, day) in unsaved {
            slot.usage.keep_unsaved(api_user, day);
        }
    }
    written
}

/// Reads back the usage of all API users, account by account.
pub(super) async fn load(
    connection: &mut SqliteConnection,
) -> Result<BTreeMap<AccountId, Usage>, Corrupt> {
    let rows = sqlx::query!(
        r#"select usage.account_id as "account_id!: AccountId", usage.api_user_guid as "api_user_guid!: ApiUserGuid",
                  last_used, day as "day?", requests as "requests?"
           from usage left join usage_of_day using (account_id, api_user_guid)"#
    )
    .fetch_all(connection)
    .await?;
    let mut read: BTreeMap<_, (Moment, BTreeMap<NaiveDate, i64>)> = BTreeMap::new();
    for row in rows {
        let last_used = Moment::restore(&row.last_used).map_err(|_| Corrupt::row("usage"))?;
        let (_, requests) = read
            .entry((row.account_id, row.api_user_guid))
            .or_insert_with(|| (last_used, BTreeMap::new()));
        if let Some((day, count)) = row.day.zip(row.requests) {
            requests.insert(
                day.parse().map_err(|_| Corrupt::row("usage_of_day"))?,
                count,
            );
        }
    }
    let mut of: BTreeMap<AccountId, Usage> = BTreeMap::new();
    for ((account, api_user), (last_used, requests)) in read {
        of.entry(account)
            .or_default()
            .restore(api_user, last_used, requests);
    }
    for usage in of.values() {
        usage.forget_unsaved();
    }
    Ok(of)
}
