//! Loads all accounts from a database.

use std::collections::BTreeMap;
use std::sync::Arc;

use sqlx::SqliteConnection;

use super::difference::Difference;
use super::file::error_message;
use super::rows::{self, Table as _};
use super::state::{Baseline, State, Tenant};
use super::{account, api_user, duty_schedule, operator, operator_group, saved, usage, user};
use crate::domain::account::{Parts, Settings};
use crate::domain::collection::Keyed;
use crate::domain::{AccountId, Collection};
use crate::testing::Usage;

/// The error when a database cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum Corrupt {
    #[error("a row of the table {0} is not one that this program wrote")]
    Row(&'static str),
    #[error("the database cannot be read: {}", error_message(.0))]
    Unreadable(#[from] sqlx::Error),
}

/// Loads everything.
pub(super) async fn load(connection: &mut SqliteConnection) -> Result<State, Corrupt> {
    let mut schedules = duty_schedule::load(connection).await?;
    let mut operators = operator::load(connection, &mut schedules).await?;
    let mut operator_groups = operator_group::load(connection, &mut schedules).await?;
    let mut api_users = api_user::load(connection).await?;
    let mut users = user::load(connection).await?;
    let mut usage = usage::load(connection).await?;
    let mut snapshots = saved::load_snapshots(connection).await?;

    let mut state = State::default();
    for (sequence, base) in saved::load_bases(connection).await? {
        state.bases.place(sequence, base);
    }
    for row in rows::load(connection).await? {
        let account::Row {
            account_id: id,
            sequence,
            name,
            time_zone_id,
            single_sign_on,
            owner_guid,
            next_schedule_id,
            next_user_id,
        } = row;
        let parts = Parts {
            id,
            settings: Settings {
                name,
                time_zone_id,
                single_sign_on,
            },
            owner: owner_guid,
            operators: operators.take(id),
            operator_groups: operator_groups.take(id),
            api_users: api_users.take(id),
            users: users.take(id),
            next_schedule_id,
            next_user_id,
        };
        if parts.users.len() != parts.operators.len() {
            return Err(Corrupt::Row(user::Row::TABLE));
        }
        let tenant = Tenant {
            account: Arc::new(parts.into()),
            snapshots: snapshots.remove(&id).unwrap_or_default(),
            usage: usage.remove(&id).unwrap_or_default().into(),
            testing: Arc::default(),
        };
        state.restore(sequence, tenant);
    }
    let are_empty = [
        operators.is_empty(),
        operator_groups.is_empty(),
        api_users.is_empty(),
        users.is_empty(),
    ];
    if are_empty.contains(&false) {
        return Err(Corrupt::Row(account::Row::TABLE));
    }
    Ok(state)
}

/// The loaded items of one kind of all accounts, which are moved out as the accounts are loaded.
#[derive(Debug)]
pub(super) struct OfAccounts<V: Keyed>(BTreeMap<AccountId, Collection<V>>);

impl<V: Keyed> Default for OfAccounts<V> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<V: Keyed> OfAccounts<V> {
    pub fn place(&mut self, account: AccountId, sequence: i64, item: V) {
        self.0.entry(account).or_default().place(sequence, item);
    }

    fn take(&mut self, account: AccountId) -> Collection<V> {
        self.0.remove(&account).unwrap_or_default()
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Adds the missing baselines to a file from a version without resets: the current states of its accounts. That version knew
/// only seeded accounts.
pub(super) async fn with_bases(
    connection: &mut SqliteConnection,
    state: State,
) -> Result<State, sqlx::Error> {
    let mut newer = state.clone();
    let tenants = state.tenants();
    for tenant in tenants.filter(|tenant| state.base(tenant.account.id).is_none()) {
        newer.bases.insert(Baseline {
            account: Arc::clone(&tenant.account),
            usage: Usage::clone(&tenant.usage),
            label: None,
            is_seeded: true,
        });
    }
    let difference = Difference::between(&state, &newer);
    difference.commit(connection).await?;
    Ok(newer)
}
