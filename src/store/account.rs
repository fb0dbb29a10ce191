//! The table of accounts.

use std::collections::BTreeMap;

use sqlx::SqliteConnection;

use super::file::Corrupt;
use crate::domain::account::Settings;
use crate::domain::timezone::TimeZoneId;
use crate::domain::{Account, AccountId, OperatorGuid};

pub async fn load(
    connection: &mut SqliteConnection,
) -> Result<BTreeMap<AccountId, (i64, Account)>, Corrupt> {
    let rows = sqlx::query!(
        r#"select account_id as "account_id!: AccountId", sequence, name, time_zone_id as "time_zone_id: TimeZoneId",
                  single_sign_on as "single_sign_on: bool", owner_guid as "owner_guid: OperatorGuid",
                  next_schedule_id as "next_schedule_id: i32"
           from account"#
    )
    .fetch_all(connection)
    .await?;
    let rows = rows.into_iter().map(|row| {
        let settings = Settings {
            name: row.name,
            time_zone_id: row.time_zone_id,
            single_sign_on: row.single_sign_on,
        };
        let account = Account::bare(
            row.account_id,
            settings,
            row.owner_guid,
            row.next_schedule_id,
        );
        (row.account_id, (row.sequence, account))
    });
    Ok(rows.collect())
}

pub async fn upsert(
    connection: &mut SqliteConnection,
    sequence: i64,
    account: &Account,
) -> Result<(), sqlx::Error> {
    let Settings {
        name,
        time_zone_id,
        single_sign_on,
    } = &account.settings;
    let next_schedule_id = account.next_schedule_id();
    sqlx::query!(
        "insert into account (account_id, sequence, name, time_zone_id, single_sign_on, owner_guid, next_schedule_id)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (account_id) do update set
             sequence = excluded.sequence, name = excluded.name, time_zone_id = excluded.time_zone_id,
             single_sign_on = excluded.single_sign_on, owner_guid = excluded.owner_guid,
             next_schedule_id = excluded.next_schedule_id",
        account.id,
        sequence,
        name,
        time_zone_id,
        single_sign_on,
        account.owner,
        next_schedule_id,
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub async fn delete(connection: &mut SqliteConnection, id: AccountId) -> Result<(), sqlx::Error> {
    sqlx::query!("delete from account where account_id = $1", id)
        .execute(connection)
        .await?;
    Ok(())
}
