//! The difference between two states of the accounts as rows to delete and to write.

use std::collections::BTreeSet;
use std::sync::Arc;

use imbl::OrdMap;
use imbl::ordmap::DiffItem;
use sqlx::SqliteConnection;

use super::rows::{Rows, Table, Transaction};
use super::{
    State, Tenant, account, api_user, duty_schedule, operator, operator_group, saved, usage, user,
};
use crate::domain::account::{Parts, ScheduleOwner};
use crate::domain::collection::Change;
use crate::domain::{
    Account, AccountId, Collection, DutySchedule, Operator, OperatorGroup, ScheduleId,
};

/// The rows that turn one state into another.
#[derive(Debug, Default)]
pub(super) struct Difference {
    accounts: Rows<account::Row>,
    operators: Rows<operator::Row>,
    operator_authorizations: Rows<operator::AuthorizationRow>,
    operator_groups: Rows<operator_group::Row>,
    members: Rows<operator_group::MemberRow>,
    group_authorizations: Rows<operator_group::AuthorizationRow>,
    schedules: Rows<duty_schedule::Row>,
    pub api_users: Rows<api_user::Row>,
    users: Rows<user::Row>,
    /// Accounts whose usage was replaced.
    usage: Vec<AccountId>,
    bases: Rows<saved::BaseRow>,
    snapshots: Rows<saved::SnapshotRow>,
}

impl Difference {
    pub fn between(older: &State, newer: &State) -> Self {
        let mut difference = Self::default();
        for change in Collection::difference(Some(&older.accounts), Some(&newer.accounts)) {
            let (tenant, was, now) = match change {
                Change::Gone(tenant) => {
                    difference.accounts.deleted.push((tenant.account.id,));
                    (tenant, Some(tenant), None)
                }
                Change::Kept { was, now, sequence } => {
                    let row = account::Row::new(sequence, &now.account);
                    difference.accounts.upserted.push(row);
                    (now, was, Some(now))
                }
            };
            let empty = tenant.account.emptied();
            difference.account(
                was.map_or(&empty, |tenant| &tenant.account),
                now.map_or(&empty, |tenant| &tenant.account),
            );
            difference.snapshots(tenant.account.id, was, now);
            // The usage of an account is the same object until a reset replaces it.
            if was
                .zip(now)
                .is_some_and(|(was, now)| !Arc::ptr_eq(&was.usage, &now.usage))
            {
                difference.usage.push(tenant.account.id);
            }
        }
        for change in Collection::difference(Some(&older.bases), Some(&newer.bases)) {
            match change {
                Change::Gone(base) => difference.bases.deleted.push((base.account.id,)),
                Change::Kept { now, sequence, .. } => difference
                    .bases
                    .upserted
                    .push(saved::BaseRow::new(sequence, now)),
            }
        }
        difference
    }

    /// Adds the difference of everything that belongs to an account, except for its own row.
    fn account(&mut self, older: &Account, newer: &Account) {
        let older = older.parts();
        let Parts {
            id,
            settings: _,
            owner: _,
            operators,
            operator_groups,
            api_users,
            users,
            next_schedule_id: _,
            next_user_id: _,
        } = newer.parts();
        for change in Collection::difference(Some(&older.operators), Some(&operators)) {
            match change {
                Change::Gone(operator) => {
                    self.operators.deleted.push((id, operator.guid));
                    self.operator(id, Some(operator), None);
                }
                Change::Kept { was, now, sequence } => {
                    // E-mail addresses are unique, and two operators may swap theirs: old rows are deleted first.
                    if was.is_some_and(|was| was.profile().email != now.profile().email) {
                        self.operators.deleted.push((id, now.guid));
                    }
                    let row = operator::Row::new(id, sequence, now);
                    self.operators.upserted.push(row);
                    self.operator(id, was, Some(now));
                }
            }
        }
        for change in Collection::difference(Some(&older.operator_groups), Some(&operator_groups)) {
            match change {
                Change::Gone(group) => {
                    self.operator_groups.deleted.push((id, group.guid));
                    self.operator_group(id, Some(group), None);
                }
                Change::Kept { was, now, sequence } => {
                    let row = operator_group::Row::new(id, sequence, now);
                    self.operator_groups.upserted.push(row);
                    self.operator_group(id, was, Some(now));
                }
            }
        }
        for change in Collection::difference(Some(&older.api_users), Some(&api_users)) {
            let (deleted, upserted) = match change {
                Change::Gone(api_user) => (Some(api_user), None),
                Change::Kept { was, now, sequence } => (
                    was.filter(|was| was.user_name != now.user_name),
                    Some((sequence, now)),
                ),
            };
            let deleted = deleted.map(|api_user| (id, api_user.guid));
            let upserted = upserted.map(|(sequence, now)| api_user::Row::new(id, sequence, now));
            self.api_users.deleted.extend(deleted);
            self.api_users.upserted.extend(upserted);
        }
        for change in Collection::difference(Some(&older.users), Some(&users)) {
            // IDs are unique, and two states of an account may assign one to different operators: old rows are deleted first.
            let (deleted, upserted) = match change {
                Change::Gone(user) => (Some(user), None),
                Change::Kept { was, now, .. } => (was.filter(|was| was.id != now.id), Some(now)),
            };
            self.users
                .deleted
                .extend(deleted.map(|user| (id, user.operator)));
            self.users
                .upserted
                .extend(upserted.map(|user| user::Row::new(id, user)));
        }
    }

    /// Adds the difference of what belongs to an operator, which exists in at least one of the two states.
    fn operator(
        &mut self,
        account_id: AccountId,
        older: Option<&Operator>,
        newer: Option<&Operator>,
    ) {
        let Some(operator_guid) = newer.or(older).map(|operator| operator.guid) else {
            return;
        };
        let (old, new) = (
            older.map(|operator| &operator.authorizations),
            newer.map(|operator| &operator.authorizations),
        );
        self.operator_authorizations
            .set(old, new, |authorization| operator::AuthorizationRow {
                account_id,
                operator_guid,
                authorization,
            });
        let (old, new) = (
            older.map(|operator| &operator.schedules),
            newer.map(|operator| &operator.schedules),
        );
        self.schedules(account_id, ScheduleOwner::Operator(operator_guid), old, new);
    }

    /// Adds the difference of what belongs to a group, which exists in at least one of the two states.
    fn operator_group(
        &mut self,
        account_id: AccountId,
        older: Option<&OperatorGroup>,
        newer: Option<&OperatorGroup>,
    ) {
        let Some(operator_group_guid) = newer.or(older).map(|group| group.guid) else {
            return;
        };
        let (old, new) = (
            older.map(|group| &group.authorizations),
            newer.map(|group| &group.authorizations),
        );
        self.group_authorizations
            .set(old, new, |authorization| operator_group::AuthorizationRow {
                account_id,
                operator_group_guid,
                authorization,
            });
        let (old, new) = (
            older.map(|group| &group.schedules),
            newer.map(|group| &group.schedules),
        );
        self.schedules(
            account_id,
            ScheduleOwner::Group(operator_group_guid),
            old,
            new,
        );
        let (old, new) = (
            older.map(|group| &group.members),
            newer.map(|group| &group.members),
        );
        for (&operator_guid, sequence) in entries(old, new) {
            match sequence {
                None => {
                    let key = (account_id, operator_group_guid, operator_guid);
                    self.members.deleted.push(key);
                }
                Some(&sequence) => self.members.upserted.push(operator_group::MemberRow {
                    account_id,
                    operator_group_guid,
                    operator_guid,
                    sequence,
                }),
            }
        }
    }

    fn schedules(
        &mut self,
        account_id: AccountId,
        owner: ScheduleOwner,
        older: Option<&OrdMap<ScheduleId, DutySchedule>>,
        newer: Option<&OrdMap<ScheduleId, DutySchedule>>,
    ) {
        for (&schedule_id, schedule) in entries(older, newer) {
            match schedule {
                None => self.schedules.deleted.push((account_id, schedule_id)),
                Some(schedule) => self
                    .schedules
                    .upserted
                    .push(duty_schedule::Row::new(account_id, owner, schedule)),
            }
        }
    }

    fn snapshots(&mut self, account_id: AccountId, older: Option<&Tenant>, newer: Option<&Tenant>) {
        let (old, new) = (
            older.map(|tenant| &tenant.snapshots),
            newer.map(|tenant| &tenant.snapshots),
        );
        for (name, snapshot) in entries(old, new) {
            match snapshot {
                None => self.snapshots.deleted.push((account_id, name.clone())),
                Some(snapshot) => self
                    .snapshots
                    .upserted
                    .push(saved::SnapshotRow::new(account_id, name, snapshot)),
            }
        }
    }

    /// Returns whether the states are equal. Any difference implies one of an account or of a baseline.
    pub fn is_empty(&self) -> bool {
        let Self {
            accounts, bases, ..
        } = self;
        accounts.deleted.is_empty()
            && accounts.upserted.is_empty()
            && bases.deleted.is_empty()
            && bases.upserted.is_empty()
    }

    /// Writes the difference and commits it. Rows are deleted first, because a new row may take over a unique value of a deleted
    /// one. Foreign keys are checked at the commit.
    pub async fn commit(&self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        let Self {
            accounts,
            operators,
            operator_authorizations,
            operator_groups,
            members,
            group_authorizations,
            schedules,
            api_users,
            users,
            usage,
            bases,
            snapshots,
        } = self;
        let mut transaction = Transaction::default();
        transaction.delete(snapshots);
        transaction.delete(bases);
        transaction.delete_of_accounts::<usage::LastUse>(usage);
        transaction.delete(api_users);
        transaction.delete(schedules);
        transaction.delete(group_authorizations);
        transaction.delete(members);
        transaction.delete(operator_groups);
        transaction.delete(users);
        transaction.delete(operator_authorizations);
        transaction.delete(operators);
        transaction.delete(accounts);
        transaction.upsert(&accounts.upserted);
        transaction.upsert(&operators.upserted);
        transaction.upsert(&operator_authorizations.upserted);
        transaction.upsert(&users.upserted);
        transaction.upsert(&operator_groups.upserted);
        transaction.upsert(&members.upserted);
        transaction.upsert(&group_authorizations.upserted);
        transaction.upsert(&schedules.upserted);
        transaction.upsert(&api_users.upserted);
        transaction.upsert(&bases.upserted);
        transaction.upsert(&snapshots.upserted);
        transaction.commit(connection).await
    }
}

impl<R: Table> Rows<R> {
    /// Adds the difference between two sets; a missing set counts as empty.
    fn set<T: Ord + Copy>(
        &mut self,
        older: Option<&BTreeSet<T>>,
        newer: Option<&BTreeSet<T>>,
        row: impl Fn(T) -> R,
    ) {
        let empty = BTreeSet::new();
        let (older, newer) = (older.unwrap_or(&empty), newer.unwrap_or(&empty));
        self.deleted
            .extend(older.difference(newer).map(|item| row(*item).key()));
        self.upserted
            .extend(newer.difference(older).map(|item| row(*item)));
    }
}

/// Returns the entries in which two maps differ, with their values in the newer one; a missing map counts as empty.
fn entries<'a, K: Ord + Clone, V: PartialEq + Clone>(
    older: Option<&'a OrdMap<K, V>>,
    newer: Option<&'a OrdMap<K, V>>,
) -> Vec<(&'a K, Option<&'a V>)> {
    match (older, newer) {
        (Some(older), Some(newer)) => older
            .diff(newer)
            .map(|difference| match difference {
                DiffItem::Add(key, value)
                | DiffItem::Update {
                    new: (key, value), ..
                } => (key, Some(value)),
                DiffItem::Remove(key, _) => (key, None),
            })
            .collect(),
        (Some(older), None) => older.keys().map(|key| (key, None)).collect(),
        (None, Some(newer)) => newer
            .iter()
            .map(|(key, value)| (key, Some(value)))
            .collect(),
        (None, None) => Vec::new(),
    }
}
