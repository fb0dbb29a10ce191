//! The tables of operator groups, of their members and of their authorizations.

use std::collections::{BTreeMap, BTreeSet};

use imbl::OrdMap;
use sqlx::SqliteConnection;

use super::duty_schedule::Schedules;
use super::load::{Corrupt, OfAccounts};
use super::rows::{self, table};
use crate::domain::account::ScheduleOwner;
use crate::domain::text::Description;
use crate::domain::{
    AccountId, GroupKind, OperatorGroup, OperatorGroupAuthorization, OperatorGroupGuid,
    OperatorGuid,
};

table! {
    Row: "operator_group" (account_id: AccountId, operator_group_guid: OperatorGroupGuid) {
        sequence: i64,
        kind: GroupKind,
        description: Description,
    }
}

table! {
    MemberRow: "operator_group_member" (
        account_id: AccountId, operator_group_guid: OperatorGroupGuid, operator_guid: OperatorGuid
    ) {
        sequence: i64,
    }
}

table! {
    AuthorizationRow: "operator_group_authorization" (
        account_id: AccountId, operator_group_guid: OperatorGroupGuid, authorization: OperatorGroupAuthorization
    ) {}
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

pub async fn load(
    connection: &mut SqliteConnection,
    schedules: &mut Schedules,
) -> Result<OfAccounts<OperatorGroup>, Corrupt> {
    let mut members = BTreeMap::<_, OrdMap<_, _>>::new();
    for row in rows::load(connection).await? {
        let MemberRow {
            account_id,
            operator_group_guid,
            operator_guid,
            sequence,
        } = row;
        let members = members.entry((account_id, operator_group_guid));
        members.or_default().insert(operator_guid, sequence);
    }
    let mut authorizations = BTreeMap::<_, BTreeSet<_>>::new();
    for row in rows::load(connection).await? {
        let AuthorizationRow {
            account_id,
            operator_group_guid,
            authorization,
        } = row;
        let authorizations = authorizations.entry((account_id, operator_group_guid));
        authorizations.or_default().insert(authorization);
    }
    let mut all = OfAccounts::default();
    for row in rows::load(connection).await? {
        let Row {
            account_id,
            operator_group_guid: guid,
            sequence,
            kind,
            description,
        } = row;
        let group = OperatorGroup {
            guid,
            kind,
            description,
            members: members.remove(&(account_id, guid)).unwrap_or_default(),
            authorizations: authorizations
                .remove(&(account_id, guid))
                .unwrap_or_default(),
            schedules: schedules.take(account_id, ScheduleOwner::Group(guid)),
        };
        all.place(account_id, sequence, group);
    }
    Ok(all)
}
