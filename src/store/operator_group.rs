//! The tables of operator groups, of their members and of their authorizations.

use std::collections::{BTreeMap, BTreeSet};

use imbl::OrdMap;
use sqlx::SqliteConnection;

use super::duty_schedule::Schedules;
use super::file::Corrupt;
use crate::domain::account::ScheduleOwner;
use crate::domain::text::Description;
use crate::domain::{
    AccountId, GroupKind, OperatorGroup, OperatorGroupAuthorization, OperatorGroupGuid,
    OperatorGuid,
};

pub async fn load(
    connection: &mut SqliteConnection,
    schedules: &mut Schedules,
) -> Result<Vec<(AccountId, i64, OperatorGroup)>, Corrupt> {
    let mut members = load_members(&mut *connection).await?;
    let mut authorizations = load_authorizations(&mut *connection).await?;
    let rows = sqlx::query!(
        r#"select account_id as "account_id: AccountId",
                  operator_group_guid as "operator_group_guid: OperatorGroupGuid", sequence, kind as "kind: GroupKind",
                  description as "description: Description"
           from operator_group"#
    )
    .fetch_all(connection)
    .await?;
    let rows = rows.into_iter().map(|row| {
        let key = (row.account_id, row.operator_group_guid);
        let group = OperatorGroup {
            guid: row.operator_group_guid,
            kind: row.kind,
            description: row.description,
            members: members.remove(&key).unwrap_or_default(),
            authorizations: authorizations.remove(&key).unwrap_or_default(),
            schedules: schedules.take(
                row.account_id,
                ScheduleOwner::Group(row.operator_group_guid),
            ),
        };
        (row.account_id, row.sequence, group)
    });
    Ok(rows.collect())
}

type OfGroup<T> = BTreeMap<(AccountId, OperatorGroupGuid), T>;

async fn load_members(
    connection: &mut SqliteConnection,
) -> Result<OfGroup<OrdMap<OperatorGuid, i64>>, Corrupt> {
    let rows = sqlx::query!(
        r#"select account_id as "account_id: AccountId",
                  operator_group_guid as "operator_group_guid: OperatorGroupGuid",
                  operator_guid as "operator_guid: OperatorGuid", sequence
           from operator_group_member"#
    )
    .fetch_all(connection)
    .await?;
    let mut of = OfGroup::<OrdMap<_, _>>::new();
    for row in rows {
        of.entry((row.account_id, row.operator_group_guid))
            .or_default()
            .insert(row.operator_guid, row.sequence);
    }
    Ok(of)
}

async fn load_authorizations(
    connection: &mut SqliteConnection,
) -> Result<OfGroup<BTreeSet<OperatorGroupAuthorization>>, Corrupt> {
    let rows = sqlx::query!(
        r#"select account_id as "account_id: AccountId",
                  operator_group_guid as "operator_group_guid: OperatorGroupGuid",
                  authorization as "authorization: OperatorGroupAuthorization"
           from operator_group_authorization"#
    )
    .fetch_all(connection)
    .await?;
    let mut of = OfGroup::<BTreeSet<_>>::new();
    for row in rows {
        of.entry((row.account_id, row.operator_group_guid))
            .or_default()
            .insert(row.authorization);
    }
    Ok(of)
}

pub async fn upsert(
    connection: &mut SqliteConnection,
    account: AccountId,
    sequence: i64,
    group: &OperatorGroup,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into operator_group (account_id, operator_group_guid, sequence, kind, description)
         values ($1, $2, $3, $4, $5)
         on conflict (account_id, operator_group_guid) do update set
             sequence = excluded.sequence, kind = excluded.kind, description = excluded.description",
        account,
        group.guid,
        sequence,
        group.kind,
        group.description,
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub async fn delete(
    connection: &mut SqliteConnection,
    account: AccountId,
    group: OperatorGroupGuid,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "delete from operator_group where account_id = $1 and operator_group_guid = $2",
        account,
        group
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub async fn upsert_member(
    connection: &mut SqliteConnection,
    account: AccountId,
    group: OperatorGroupGuid,
    operator: OperatorGuid,
    sequence: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into operator_group_member (account_id, operator_group_guid, operator_guid, sequence)
         values ($1, $2, $3, $4)
         on conflict (account_id, operator_group_guid, operator_guid) do update set sequence = excluded.sequence",
        account,
        group,
        operator,
        sequence,
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub async fn delete_member(
    connection: &mut SqliteConnection,
    account: AccountId,
    group: OperatorGroupGuid,
    operator: OperatorGuid,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "delete from operator_group_member
         where account_id = $1 and operator_group_guid = $2 and operator_guid = $3",
        account,
        group,
        operator,
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub async fn upsert_authorization(
    connection: &mut SqliteConnection,
    account: AccountId,
    group: OperatorGroupGuid,
    authorization: OperatorGroupAuthorization,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into operator_group_authorization (account_id, operator_group_guid, authorization)
         values ($1, $2, $3)
         on conflict (account_id, operator_group_guid, authorization) do nothing",
        account,
        group,
        authorization,
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub async fn delete_authorization(
    connection: &mut SqliteConnection,
    account: AccountId,
    group: OperatorGroupGuid,
    authorization: OperatorGroupAuthorization,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "delete from operator_group_authorization
         where account_id = $1 and operator_group_guid = $2 and authorization = $3",
        account,
        group,
        authorization,
    )
    .execute(connection)
    .await?;
    Ok(())
}
