//! The tables of operator groups, of their members and of their authorizations.

use std::collections::{BTreeMap, BTreeSet};

use imbl::OrdMap;
use serde::Serialize;
use sqlx::SqliteConnection;

use super::duty_schedule::Schedules;
use super::file::Corrupt;
use super::rows::json;
use crate::domain::account::ScheduleOwner;
use crate::domain::text::Description;
use crate::domain::{
    AccountId, GroupKind, OperatorGroup, OperatorGroupAuthorization, OperatorGroupGuid,
    OperatorGuid,
};

#[derive(Debug, Serialize)]
pub struct Row {
    account_id: AccountId,
    operator_group_guid: OperatorGroupGuid,
    sequence: i64,
    kind: GroupKind,
    description: Description,
}

impl Row {
    pub fn new(account_id: AccountId, sequence: i64, group: &OperatorGroup) -> Self {
        Self {
            account_id,
            operator_group_guid: group.guid,
            sequence,
            kind: group.kind,
            description: group.description.clone(),
        }
    }
}

#[derive(Debug, Serialize)]
pub struct Key {
    pub account_id: AccountId,
    pub operator_group_guid: OperatorGroupGuid,
}

#[derive(Debug, Serialize)]
pub struct MemberRow {
    pub account_id: AccountId,
    pub operator_group_guid: OperatorGroupGuid,
    pub operator_guid: OperatorGuid,
    pub sequence: i64,
}

#[derive(Debug, Serialize)]
pub struct MemberKey {
    pub account_id: AccountId,
    pub operator_group_guid: OperatorGroupGuid,
    pub operator_guid: OperatorGuid,
}

#[derive(Debug, Serialize)]
pub struct AuthorizationRow {
    pub account_id: AccountId,
    pub operator_group_guid: OperatorGroupGuid,
    pub authorization: OperatorGroupAuthorization,
}

pub async fn load(
    connection: &mut SqliteConnection,
    schedules: &mut Schedules,
) -> Result<Vec<(AccountId, i64, OperatorGroup)>, Corrupt> {
    let mut members = load_members(&mut *connection).await?;
    let mut authorizations = load_authorizations(&mut *connection).await?;
    let rows = sqlx::query_as!(
        Row,
        r#"select account_id as "account_id: AccountId",
                  operator_group_guid as "operator_group_guid: OperatorGroupGuid", sequence, kind as "kind: GroupKind",
                  description as "description: Description"
           from operator_group"#
    )
    .fetch_all(connection)
    .await?;
    let groups = rows.into_iter().map(|row| {
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
    Ok(groups.collect())
}

type OfGroup<T> = BTreeMap<(AccountId, OperatorGroupGuid), T>;

async fn load_members(
    connection: &mut SqliteConnection,
) -> Result<OfGroup<OrdMap<OperatorGuid, i64>>, Corrupt> {
    let rows = sqlx::query_as!(
        MemberRow,
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
    let rows = sqlx::query_as!(
        AuthorizationRow,
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

pub async fn upsert(connection: &mut SqliteConnection, rows: &[Row]) -> Result<(), sqlx::Error> {
    let Some(rows) = json(rows) else {
        return Ok(());
    };
    sqlx::query!(
        "insert into operator_group (account_id, operator_group_guid, sequence, kind, description)
         select value ->> 'account_id', value ->> 'operator_group_guid', value ->> 'sequence', value ->> 'kind',
                value ->> 'description'
         from jsonb_each($1)
         where true
         on conflict (account_id, operator_group_guid) do update set
             sequence = excluded.sequence, kind = excluded.kind, description = excluded.description",
        rows,
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub async fn delete(connection: &mut SqliteConnection, keys: &[Key]) -> Result<(), sqlx::Error> {
    let Some(keys) = json(keys) else {
        return Ok(());
    };
    sqlx::query!(
        "delete from operator_group
         where (account_id, operator_group_guid) in (
             select value ->> 'account_id', value ->> 'operator_group_guid' from jsonb_each($1)
         )",
        keys,
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub async fn upsert_members(
    connection: &mut SqliteConnection,
    rows: &[MemberRow],
) -> Result<(), sqlx::Error> {
    let Some(rows) = json(rows) else {
        return Ok(());
    };
    sqlx::query!(
        "insert into operator_group_member (account_id, operator_group_guid, operator_guid, sequence)
         select value ->> 'account_id', value ->> 'operator_group_guid', value ->> 'operator_guid',
                value ->> 'sequence'
         from jsonb_each($1)
         where true
         on conflict (account_id, operator_group_guid, operator_guid) do update set sequence = excluded.sequence",
        rows,
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub async fn delete_members(
    connection: &mut SqliteConnection,
    keys: &[MemberKey],
) -> Result<(), sqlx::Error> {
    let Some(keys) = json(keys) else {
        return Ok(());
    };
    sqlx::query!(
        "delete from operator_group_member
         where (account_id, operator_group_guid, operator_guid) in (
             select value ->> 'account_id', value ->> 'operator_group_guid', value ->> 'operator_guid'
             from jsonb_each($1)
         )",
        keys,
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub async fn upsert_authorizations(
    connection: &mut SqliteConnection,
    rows: &[AuthorizationRow],
) -> Result<(), sqlx::Error> {
    let Some(rows) = json(rows) else {
        return Ok(());
    };
    sqlx::query!(
        "insert into operator_group_authorization (account_id, operator_group_guid, authorization)
         select value ->> 'account_id', value ->> 'operator_group_guid', value ->> 'authorization'
         from jsonb_each($1)
         where true
         on conflict (account_id, operator_group_guid, authorization) do nothing",
        rows,
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub async fn delete_authorizations(
    connection: &mut SqliteConnection,
    rows: &[AuthorizationRow],
) -> Result<(), sqlx::Error> {
    let Some(rows) = json(rows) else {
        return Ok(());
    };
    sqlx::query!(
        "delete from operator_group_authorization
         where (account_id, operator_group_guid, authorization) in (
             select value ->> 'account_id', value ->> 'operator_group_guid', value ->> 'authorization'
             from jsonb_each($1)
         )",
        rows,
    )
    .execute(connection)
    .await?;
    Ok(())
}
