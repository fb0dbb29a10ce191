//! The table of API users.

use sqlx::SqliteConnection;

use super::file::Corrupt;
use crate::domain::api_user::SecretDigest;
use crate::domain::text::Description;
use crate::domain::{AccountId, ApiUser, ApiUserGuid, ApiUserType, OperatorGuid};

pub async fn load(
    connection: &mut SqliteConnection,
) -> Result<Vec<(AccountId, i64, ApiUser)>, Corrupt> {
    let rows = sqlx::query!(
        r#"select account_id as "account_id: AccountId", api_user_guid as "api_user_guid: ApiUserGuid", sequence,
                  operator_guid as "operator_guid: OperatorGuid", user_name, password_digest,
                  type as "api_user_type: ApiUserType", description as "description: Description", created_date,
                  predates_last_used as "predates_last_used: bool"
           from api_user"#
    )
    .fetch_all(connection)
    .await?;
    let rows = rows.into_iter().map(|row| {
        let corrupt = || Corrupt::row("api_user");
        let api_user = ApiUser {
            guid: row.api_user_guid,
            operator: row.operator_guid,
            user_name: row.user_name,
            password: SecretDigest::try_from(row.password_digest).map_err(|_| corrupt())?,
            api_user_type: row.api_user_type,
            description: row.description,
            created: row.created_date.parse().map_err(|_| corrupt())?,
            predates_last_used: row.predates_last_used,
        };
        Ok((row.account_id, row.sequence, api_user))
    });
    rows.collect()
}

pub async fn upsert(
    connection: &mut SqliteConnection,
    account: AccountId,
    sequence: i64,
    api_user: &ApiUser,
) -> Result<(), sqlx::Error> {
    let ApiUser {
        guid,
        operator,
        user_name,
        password,
        api_user_type,
        description,
        created,
        predates_last_used,
    } = api_user;
    let (password, created) = (password.as_bytes(), created.to_string());
    sqlx::query!(
        "insert into api_user (
             account_id, api_user_guid, sequence, operator_guid, user_name, password_digest, type, description,
             created_date, predates_last_used
         )
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         on conflict (account_id, api_user_guid) do update set
             sequence = excluded.sequence, operator_guid = excluded.operator_guid, user_name = excluded.user_name,
             password_digest = excluded.password_digest, type = excluded.type, description = excluded.description,
             created_date = excluded.created_date, predates_last_used = excluded.predates_last_used",
        account,
        guid,
        sequence,
        operator,
        user_name,
        password,
        api_user_type,
        description,
        created,
        predates_last_used,
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub async fn delete(
    connection: &mut SqliteConnection,
    account: AccountId,
    api_user: ApiUserGuid,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "delete from api_user where account_id = $1 and api_user_guid = $2",
        account,
        api_user
    )
    .execute(connection)
    .await?;
    Ok(())
}
