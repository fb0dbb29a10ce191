//! The table of API users.

use sqlx::SqliteConnection;

use super::load::{Corrupt, OfAccounts};
use super::rows::{self, table};
use crate::domain::text::Description;
use crate::domain::{
    AccountId, ApiUser, ApiUserGuid, ApiUserType, Moment, OperatorGuid, SecretDigest,
};

table! {
    Row: "api_user" (account_id: AccountId, api_user_guid: ApiUserGuid) {
        sequence: i64,
        operator_guid: OperatorGuid,
        user_name: String,
        password_digest: SecretDigest as unhex(SecretDigest::hex),
        r#type: ApiUserType,
        description: Description,
        created_date: Moment,
        predates_last_used: bool,
    }
}

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
            password_digest: password,
            r#type: api_user_type,
            description,
            created_date: created,
            predates_last_used,
        }
    }
}

pub async fn load(connection: &mut SqliteConnection) -> Result<OfAccounts<ApiUser>, Corrupt> {
    let mut all = OfAccounts::default();
    for row in rows::load(connection).await? {
        let Row {
            account_id,
            api_user_guid,
            sequence,
            operator_guid,
            user_name,
            password_digest,
            r#type,
            description,
            created_date,
            predates_last_used,
        } = row;
        let api_user = ApiUser {
            guid: api_user_guid,
            operator: operator_guid,
            user_name,
            password: password_digest,
            api_user_type: r#type,
            description,
            created: created_date,
            predates_last_used,
        };
        all.place(account_id, sequence, api_user);
    }
    Ok(all)
}
