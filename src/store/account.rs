//! The table of accounts.

use std::collections::BTreeMap;

use sqlx::SqliteConnection;

use super::file::Corrupt;
use super::rows::record;
use crate::domain::account::Settings;
use crate::domain::timezone::TimeZoneId;
use crate::domain::{Account, AccountId, OperatorGuid, UserId};

#[derive(Debug)]
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

record!(Row: "account" (account_id) sequence, name, time_zone_id, single_sign_on, owner_guid, next_schedule_id, next_user_id);

#[derive(Debug)]
pub struct Key {
    pub account_id: AccountId,
}

record!(Key: "account" (account_id));

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
