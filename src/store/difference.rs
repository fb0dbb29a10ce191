//! What one state of the accounts has that another has not, row by row.

use std::collections::BTreeSet;

use imbl::OrdMap;
use imbl::ordmap::DiffItem;
use sqlx::SqliteConnection;

use super::{State, account, api_user, duty_schedule, operator, operator_group};
use crate::domain::collection::Change;
use crate::domain::{
    Account, AccountId, ApiUser, Collection, DutySchedule, Operator, OperatorAuthorization,
    OperatorGroup, OperatorGroupAuthorization, OperatorGroupGuid, OperatorGuid, ScheduleId,
    account::ScheduleOwner,
};

/// The rows of one table that have to go and those that have to be written, new or not.
#[derive(Debug)]
pub(super) struct Rows<K, R> {
    pub gone: Vec<K>,
    pub kept: Vec<R>,
}

impl<K, R> Default for Rows<K, R> {
    fn default() -> Self {
        Self {
            gone: Vec::new(),
            kept: Vec::new(),
        }
    }
}

impl<K, R> Rows<K, R> {
    fn is_empty(&self) -> bool {
        self.gone.is_empty() && self.kept.is_empty()
    }
}

/// The way from one state to another.
#[derive(Debug, Default)]
pub(super) struct Difference<'a> {
    accounts: Rows<AccountId, (i64, &'a Account)>,
    operators: Rows<(AccountId, OperatorGuid), (AccountId, i64, &'a Operator)>,
    operator_authorizations: Set<(AccountId, OperatorGuid, OperatorAuthorization)>,
    operator_groups: Rows<(AccountId, OperatorGroupGuid), (AccountId, i64, &'a OperatorGroup)>,
    members: Rows<Member, (Member, i64)>,
    group_authorizations: Set<(AccountId, OperatorGroupGuid, OperatorGroupAuthorization)>,
    schedules: Rows<(AccountId, ScheduleId), (AccountId, ScheduleOwner, &'a DutySchedule)>,
    pub api_users: Rows<(AccountId, &'a ApiUser), (AccountId, i64, &'a ApiUser)>,
}

type Set<T> = Rows<T, T>;

type Member = (AccountId, OperatorGroupGuid, OperatorGuid);

impl<'a> Difference<'a> {
    pub fn between(older: &'a State, newer: &'a State) -> Self {
        let mut difference = Self::default();
        for change in Collection::difference(Some(&older.accounts), Some(&newer.accounts)) {
            match change {
                Change::Gone(slot) => {
                    difference.accounts.gone.push(slot.account.id);
                    difference.account(slot.account.id, Some(&slot.account), None);
                }
                Change::Kept { was, now, sequence } => {
                    difference.accounts.kept.push((sequence, &now.account));
                    difference.account(
                        now.account.id,
                        was.map(|slot| &*slot.account),
                        Some(&now.account),
                    );
                }
            }
        }
        difference
    }

    fn account(&mut self, id: AccountId, older: Option<&'a Account>, newer: Option<&'a Account>) {
        let (old, new) = (
            older.map(|account| &account.operators),
            newer.map(|account| &account.operators),
        );
        for change in Collection::difference(old, new) {
            let (was, now) = sides(&change);
            self.operator(id, was, now);
            match change {
                Change::Gone(operator) => self.operators.gone.push((id, operator.guid)),
                Change::Kept { was, now, sequence } => {
                    // E-mail addresses are unique, and two operators may exchange theirs: old rows go first.
                    if was.is_some_and(|was| was.profile().email != now.profile().email) {
                        self.operators.gone.push((id, now.guid));
                    }
                    self.operators.kept.push((id, sequence, now));
                }
            }
        }
        let (old, new) = (
            older.map(|account| &account.operator_groups),
            newer.map(|account| &account.operator_groups),
        );
        for change in Collection::difference(old, new) {
            let (was, now) = sides(&change);
            self.operator_group(id, was, now);
            match change {
                Change::Gone(group) => self.operator_groups.gone.push((id, group.guid)),
                Change::Kept { now, sequence, .. } => {
                    self.operator_groups.kept.push((id, sequence, now));
                }
            }
        }
        let (old, new) = (
            older.map(|account| &account.api_users),
            newer.map(|account| &account.api_users),
        );
        for change in Collection::difference(old, new) {
            match change {
                Change::Gone(api_user) => self.api_users.gone.push((id, api_user)),
                Change::Kept { was, now, sequence } => {
                    if let Some(was) = was.filter(|was| was.user_name != now.user_name) {
                        self.api_users.gone.push((id, was));
                    }
                    self.api_users.kept.push((id, sequence, now));
                }
            }
        }
    }

    fn operator(
        &mut self,
        id: AccountId,
        older: Option<&'a Operator>,
        newer: Option<&'a Operator>,
    ) {
        let Some(guid) = newer.or(older).map(|operator| operator.guid) else {
            return;
        };
        let (old, new) = (
            older.map(|operator| &operator.authorizations),
            newer.map(|operator| &operator.authorizations),
        );
        self.operator_authorizations
            .set(old, new, |authorization| (id, guid, authorization));
        let (old, new) = (
            older.map(|operator| &operator.schedules),
            newer.map(|operator| &operator.schedules),
        );
        self.schedules(id, ScheduleOwner::Operator(guid), old, new);
    }

    fn operator_group(
        &mut self,
        id: AccountId,
        older: Option<&'a OperatorGroup>,
        newer: Option<&'a OperatorGroup>,
    ) {
        let Some(guid) = newer.or(older).map(|group| group.guid) else {
            return;
        };
        let (old, new) = (
            older.map(|group| &group.authorizations),
            newer.map(|group| &group.authorizations),
        );
        self.group_authorizations
            .set(old, new, |authorization| (id, guid, authorization));
        let (old, new) = (
            older.map(|group| &group.schedules),
            newer.map(|group| &group.schedules),
        );
        self.schedules(id, ScheduleOwner::Group(guid), old, new);
        let (old, new) = (
            older.map(|group| &group.members),
            newer.map(|group| &group.members),
        );
        for (operator, sequence) in entries(old, new) {
            match sequence {
                None => self.members.gone.push((id, guid, *operator)),
                Some(sequence) => self.members.kept.push(((id, guid, *operator), *sequence)),
            }
        }
    }

    fn schedules(
        &mut self,
        id: AccountId,
        owner: ScheduleOwner,
        older: Option<&'a OrdMap<ScheduleId, DutySchedule>>,
        newer: Option<&'a OrdMap<ScheduleId, DutySchedule>>,
    ) {
        for (schedule_id, schedule) in entries(older, newer) {
            match schedule {
                None => self.schedules.gone.push((id, *schedule_id)),
                Some(schedule) => self.schedules.kept.push((id, owner, schedule)),
            }
        }
    }

    pub fn is_empty(&self) -> bool {
        // Whatever differs, an account differs.
        self.accounts.is_empty()
    }

    /// Writes the difference. What has to go goes first, because a row that comes may take over what is unique in it.
    /// Foreign keys are looked at when all is written.
    pub async fn write(&self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        let Self {
            accounts,
            operators,
            operator_authorizations,
            operator_groups,
            members,
            group_authorizations,
            schedules,
            api_users,
        } = self;
        for (id, api_user) in &api_users.gone {
            api_user::delete(connection, *id, api_user.guid).await?;
        }
        for (id, schedule) in &schedules.gone {
            duty_schedule::delete(connection, *id, *schedule).await?;
        }
        for (id, group, authorization) in &group_authorizations.gone {
            operator_group::delete_authorization(connection, *id, *group, *authorization).await?;
        }
        for (id, group, operator) in &members.gone {
            operator_group::delete_member(connection, *id, *group, *operator).await?;
        }
        for (id, group) in &operator_groups.gone {
            operator_group::delete(connection, *id, *group).await?;
        }
        for (id, operator, authorization) in &operator_authorizations.gone {
            operator::delete_authorization(connection, *id, *operator, *authorization).await?;
        }
        for (id, operator) in &operators.gone {
            operator::delete(connection, *id, *operator).await?;
        }
        for id in &accounts.gone {
            account::delete(connection, *id).await?;
        }
        for (sequence, account) in &accounts.kept {
            account::upsert(connection, *sequence, account).await?;
        }
        for (id, sequence, operator) in &operators.kept {
            operator::upsert(connection, *id, *sequence, operator).await?;
        }
        for (id, operator, authorization) in &operator_authorizations.kept {
            operator::upsert_authorization(connection, *id, *operator, *authorization).await?;
        }
        for (id, sequence, group) in &operator_groups.kept {
            operator_group::upsert(connection, *id, *sequence, group).await?;
        }
        for ((id, group, operator), sequence) in &members.kept {
            operator_group::upsert_member(connection, *id, *group, *operator, *sequence).await?;
        }
        for (id, group, authorization) in &group_authorizations.kept {
            operator_group::upsert_authorization(connection, *id, *group, *authorization).await?;
        }
        for (id, owner, schedule) in &schedules.kept {
            duty_schedule::upsert(connection, *id, *owner, schedule).await?;
        }
        for (id, sequence, api_user) in &api_users.kept {
            api_user::upsert(connection, *id, *sequence, api_user).await?;
        }
        Ok(())
    }
}

impl<Row> Rows<Row, Row> {
    /// Adds the difference between two sets; one that is not there holds nothing.
    fn set<T: Ord + Copy>(
        &mut self,
        older: Option<&BTreeSet<T>>,
        newer: Option<&BTreeSet<T>>,
        row: impl Fn(T) -> Row,
    ) {
        let nothing = BTreeSet::new();
        let (older, newer) = (older.unwrap_or(&nothing), newer.unwrap_or(&nothing));
        self.gone
            .extend(older.difference(newer).map(|item| row(*item)));
        self.kept
            .extend(newer.difference(older).map(|item| row(*item)));
    }
}

fn sides<'a, V>(change: &Change<'a, V>) -> (Option<&'a V>, Option<&'a V>) {
    match change {
        Change::Gone(item) => (Some(item), None),
        Change::Kept { was, now, .. } => (*was, Some(now)),
    }
}

/// The entries in which two maps differ, each as it is in the newer one; a map that is not there holds nothing.
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
