//! The table of API users.

use sqlx::SqliteConnection;

use super::file::Corrupt;
use super::rows::record;
use crate::domain::api_user::SecretDigest;
use crate::domain::text::Description;
use crate::domain::{
    AccountId, ApiUser, ApiUserGuid, ApiUserType, Moment, OperatorGuid, Restore as _,
};

#[derive(Debug)]
pub struct Row {
    pub account_id: AccountId,
    pub api_user_guid: ApiUserGuid,
    sequence: i64,
    operator_guid: OperatorGuid,
    pub user_name: String,
    /// In hexadecimal.
    password_digest: String,
    r#type: ApiUserType,
    description: Description,
    created_date: String,
    predates_last_used: bool,
}

record!(
    Row: "api_user" (account_id, api_user_guid)
    sequence, operator_guid, user_name, password_digest as unhex, r#type, description, created_date, predates_last_used
);

impl Row {
    pub fn new(account_id: AccountId, sequence: i64, api_user: &ApiUser) -> Self {
        let ApiUser {
            guid,
            operator,
            user_name,
            password,
            api_user_type,
            description,
            created,
            predates_last_used,
        } = api_user.clone();
        Self {
            account_id,
            api_user_guid: guid,
            sequence,
            operator_guid: operator,
            user_name,
            password_digest: password.to_hex(),
            r#type: api_user_type,
            description,
            created_date: created.to_string(),
            predates_last_used,
        }
    }

    fn api_user(self) -> Option<ApiUser> {
        Some(ApiUser {
            guid: self.api_user_guid,
            operator: self.operator_guid,
            user_name: self.user_name,
            password: SecretDigest::from_hex(&self.password_digest)?,
            api_user_type: self.r#type,
            description: self.description,
            created: Moment::restore(&self.created_date).ok()?,
            predates_last_used: self.predates_last_used,
        })
    }
}

#[derive(Debug)]
pub struct Key {
    pub account_id: AccountId,
    pub api_user_guid: ApiUserGuid,
}

record!(Key: "api_user" (account_id, api_user_guid));

pub async fn load(
    connection: &mut SqliteConnection,
) -> Result<Vec<(AccountId, i64, ApiUser)>, Corrupt> {
    let rows = sqlx::query_as!(
        Row,
        r#"select account_id as "account_id: AccountId", api_user_guid as "api_user_guid: ApiUserGuid", sequence,
                  operator_guid as "operator_guid: OperatorGuid", user_name,
                  hex(password_digest) as "password_digest!: String", type as "type: ApiUserType",
                  description as "description: Description", created_date,
                  predates_last_used as "predates_last_used: bool"
           from api_user"#
    )
    .fetch_all(connection)
    .await?;
    let api_users = rows.into_iter().map(|row| {
        let (account, sequence) = (row.account_id, row.sequence);
        Ok((
            account,
            sequence,
            row.api_user().ok_or(Corrupt::row("api_user"))?,
        ))
    });
    api_users.collect()
}
