//! The table of accounts.

use super::rows::table;
use crate::domain::account::{Parts, Settings};
use crate::domain::timezone::TimeZoneId;
use crate::domain::{Account, AccountId, OperatorGuid};

table! {
    Row: "account" (account_id: AccountId) {
        sequence: i64,
        name: String,
        time_zone_id: TimeZoneId,
        single_sign_on: bool,
        owner_guid: OperatorGuid,
        next_schedule_id: i32,
        next_user_id: i32,
    }
}

impl Row {
    pub fn new(sequence: i64, account: &Account) -> Self {
        let Parts {
            id,
            settings,
            owner,
            operators: _,
            operator_groups: _,
            api_users: _,
            users: _,
            next_schedule_id,
            next_user_id,
        } = account.parts();
        let Settings {
            name,
            time_zone_id,
            single_sign_on,
        } = settings;
        Self {
            account_id: id,
            sequence,
            name,
            time_zone_id,
            single_sign_on,
            owner_guid: owner,
            next_schedule_id,
            next_user_id,
        }
    }
}
