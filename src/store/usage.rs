//! The tables of usage, which are written once a second.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Serialize;
use sqlx::{Connection as _, SqliteConnection};

use super::State;
use super::file::Corrupt;
use super::rows::json;
use crate::domain::{AccountId, ApiUserGuid, Moment, Usage};

/// What has to be written of the usage of one API user.
#[derive(Serialize)]
struct Unsaved {
    account_id: AccountId,
    api_user_guid: ApiUserGuid,
    last_used: Moment,
    day: NaiveDay,
    requests: i64,
}

/// A day, written `2025-11-11`.
#[derive(Clone, Copy)]
struct NaiveDay(NaiveDate);

impl Serialize for NaiveDay {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// Writes what was counted since the last time. What cannot be written is kept for the next.
pub(super) async fn save(
    connection: &mut SqliteConnection,
    state: &State,
) -> Result<(), sqlx::Error> {
    let mut rows = Vec::new();
    for slot in state.slots() {
        let unsaved = slot.usage.take_unsaved().into_iter();
        // An API user that was deleted since takes its usage with it.
        let unsaved = unsaved.filter(|(api_user, ..)| slot.account.api_users.contains(api_user));
        rows.extend(
            unsaved.map(|(api_user_guid, last_used, day, requests)| Unsaved {
                account_id: slot.account.id,
                api_user_guid,
                last_used,
                day: NaiveDay(day),
                requests,
            }),
        );
    }
    let written = write(connection, &rows).await;
    if written.is_err() {
        for Unsaved {
            account_id,
            api_user_guid,
            day: NaiveDay(day),
            ..
        } in rows
        {
            if let Some(slot) = state.slot(account_id) {
                slot.usage.keep_unsaved(api_user_guid, day);
            }
        }
    }
    written
}

/// Deletes the usage of whole accounts, which begins anew.
pub(super) async fn delete(
    connection: &mut SqliteConnection,
    accounts: &[AccountId],
) -> Result<(), sqlx::Error> {
    let Some(accounts) = json(accounts) else {
        return Ok(());
    };
    sqlx::query!(
        "delete from usage where account_id in (select value from jsonb_each($1))",
        accounts
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn write(connection: &mut SqliteConnection, unsaved: &[Unsaved]) -> Result<(), sqlx::Error> {
    let Some(rows) = json(unsaved) else {
        return Ok(());
    };
    let mut transaction = connection.begin().await?;
    sqlx::query!(
        "insert into usage (account_id, api_user_guid, last_used)
         select value ->> 'account_id', value ->> 'api_user_guid', value ->> 'last_used'
         from jsonb_each($1)
         where true
         on conflict (account_id, api_user_guid) do update set last_used = excluded.last_used",
        rows,
    )
    .execute(&mut *transaction)
    .await?;
    sqlx::query!(
        "insert into usage_of_day (account_id, api_user_guid, day, requests)
         select value ->> 'account_id', value ->> 'api_user_guid', value ->> 'day', value ->> 'requests'
         from jsonb_each($1)
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
    let rows = sqlx::query!(
        r#"select usage.account_id as "account_id!: AccountId", usage.api_user_guid as "api_user_guid!: ApiUserGuid",
                  last_used, day as "day?", requests as "requests?"
           from usage left join usage_of_day using (account_id, api_user_guid)"#
    )
    .fetch_all(connection)
    .await?;
    let mut read: BTreeMap<_, (Moment, BTreeMap<NaiveDate, i64>)> = BTreeMap::new();
    for row in rows {
        let last_used = row.last_used.parse().map_err(|_| Corrupt::row("usage"))?;
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
