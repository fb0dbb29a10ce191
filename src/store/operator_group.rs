//! The tables of operator groups, of their members and of their authorizations.

use std::collections::{BTreeMap, BTreeSet};

use imbl::OrdMap;
use sqlx::SqliteConnection;

use super::duty_schedule::Schedules;
use super::file::Corrupt;
use super::rows::record;
use crate::domain::account::ScheduleOwner;
use crate::domain::text::Description;
use crate::domain::{
    AccountId, GroupKind, OperatorGroup, OperatorGroupAuthorization, OperatorGroupGuid,
    OperatorGuid,
};

#[derive(Debug)]
pub struct Row {
    account_id: AccountId,
    operator_group_guid: OperatorGroupGuid,
    sequence: i64,
    kind: GroupKind,
    description: Description,
}

record!(Row: "operator_group" (account_id, operator_group_guid) sequence, kind, description);

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

#[derive(Debug)]
pub struct Key {
    pub account_id: AccountId,
    pub operator_group_guid: OperatorGroupGuid,
}

record!(Key: "operator_group" (account_id, operator_group_guid));

#[derive(Debug)]
pub struct MemberRow {
    pub account_id: AccountId,
    pub operator_group_guid: OperatorGroupGuid,
    pub operator_guid: OperatorGuid,
    pub sequence: i64,
}

record!(MemberRow: "operator_group_member" (account_id, operator_group_guid, operator_guid) sequence);

#[derive(Debug)]
pub struct MemberKey {
    pub account_id: AccountId,
    pub operator_group_guid: OperatorGroupGuid,
    pub operator_guid: OperatorGuid,
}

record!(MemberKey: "operator_group_member" (account_id, operator_group_guid, operator_guid));

#[derive(Debug)]
pub struct AuthorizationRow {
    pub account_id: AccountId,
    pub operator_group_guid: OperatorGroupGuid,
    pub authorization: OperatorGroupAuthorization,
}

record!(AuthorizationRow: "operator_group_authorization" (account_id, operator_group_guid, authorization));

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
