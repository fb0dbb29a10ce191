//! The table of accounts.

use std::collections::BTreeMap;

use serde::Serialize;
use sqlx::SqliteConnection;

use super::file::Corrupt;
use super::rows::json;
use crate::domain::account::Settings;
use crate::domain::timezone::TimeZoneId;
use crate::domain::{Account, AccountId, OperatorGuid, UserId};

#[derive(Debug, Serialize)]
pub struct Row {
    account_id: AccountId,
    sequence: i64,
    name: String,
    time_zone_id: TimeZoneId,
    single_sign_on: bool,
    owner_guid: OperatorGuid,
    next_schedule_id: i32,
    next_user_id: UserId,
}

impl Row {
    pub fn new(sequence: i64, account: &Account) -> Self {
        let Settings {
            name,
            time_zone_id,
            single_sign_on,
        } = account.settings.clone();
        Self {
            account_id: account.id,
            sequence,
            name,
            time_zone_id,
            single_sign_on,
            owner_guid: account.owner,
            next_schedule_id: account.next_schedule_id(),
            next_user_id: account.next_user_id(),
        }
    }
}

pub async fn load(
    connection: &mut SqliteConnection,
) -> Result<BTreeMap<AccountId, (i64, Account)>, Corrupt> {
    let rows = sqlx::query_as!(
        Row,
        r#"select account_id as "account_id!: AccountId", sequence, name, time_zone_id as "time_zone_id: TimeZoneId",
                  single_sign_on as "single_sign_on: bool", owner_guid as "owner_guid: OperatorGuid",
                  next_schedule_id as "next_schedule_id: i32", next_user_id as "next_user_id: UserId"
           from account"#
    )
    .fetch_all(connection)
    .await?;
    let accounts = rows.into_iter().map(|row| {
        let Row {
            account_id,
            sequence,
            name,
            time_zone_id,
            single_sign_on,
            owner_guid,
            next_schedule_id,
            next_user_id,
        } = row;
        let settings = Settings {
            name,
            time_zone_id,
            single_sign_on,
        };
        let account = Account::bare(
            account_id,
            settings,
            owner_guid,
            next_schedule_id,
            next_user_id,
        );
        (account_id, (sequence, account))
    });
    Ok(accounts.collect())
}

pub async fn upsert(connection: &mut SqliteConnection, rows: &[Row]) -> Result<(), sqlx::Error> {
    let Some(rows) = json(rows) else {
        return Ok(());
    };
    sqlx::query!(
        "insert into account (
             account_id, sequence, name, time_zone_id, single_sign_on, owner_guid, next_schedule_id, next_user_id
         )
         select value ->> 'account_id', value ->> 'sequence', value ->> 'name', value ->> 'time_zone_id',
                value ->> 'single_sign_on', value ->> 'owner_guid', value ->> 'next_schedule_id',
                value ->> 'next_user_id'
         from jsonb_each($1)
         where true
         on conflict (account_id) do update set
             sequence = excluded.sequence, name = excluded.name, time_zone_id = excluded.time_zone_id,
             single_sign_on = excluded.single_sign_on, owner_guid = excluded.owner_guid,
             next_schedule_id = excluded.next_schedule_id, next_user_id = excluded.next_user_id",
        rows,
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub async fn delete(
    connection: &mut SqliteConnection,
    keys: &[AccountId],
) -> Result<(), sqlx::Error> {
    let Some(keys) = json(keys) else {
        return Ok(());
    };
    sqlx::query!(
        "delete from account where account_id in (select value from jsonb_each($1))",
        keys
    )
    .execute(connection)
    .await?;
    Ok(())
}
