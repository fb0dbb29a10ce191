//! The table of users: their settings, as far as they are not part of their operators.

use sqlx::SqliteConnection;

use super::load::{Corrupt, OfAccounts};
use super::rows::{self, table};
use crate::domain::user::UserSettings;
use crate::domain::{AccountId, OperatorGuid, User, UserId};

table! {
    Row: "user" (account_id: AccountId, operator_guid: OperatorGuid) {
        user_id: UserId,
        ..settings: UserSettings
    }
}

impl Row {
    pub fn new(account_id: AccountId, user: &User) -> Self {
        let User {
            operator,
            id,
            settings,
        } = user.clone();
        Self {
            account_id,
            operator_guid: operator,
            user_id: id,
            settings,
        }
    }
}

pub async fn load(connection: &mut SqliteConnection) -> Result<OfAccounts<User>, Corrupt> {
    let mut all = OfAccounts::default();
    for row in rows::load(connection).await? {
        let Row {
            account_id,
            operator_guid,
            user_id,
            settings,
        } = row;
        let user = User {
            operator: operator_guid,
            id: user_id,
            settings,
        };
        all.place(account_id, i32::from(user_id).into(), user);
    }
    Ok(all)
}
