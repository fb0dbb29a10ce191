//! The tables of operators and of their authorizations.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::SqliteConnection;

use super::duty_schedule::Schedules;
use super::load::{Corrupt, OfAccounts};
use super::rows::{self, table};
use crate::domain::account::ScheduleOwner;
use crate::domain::operator::Profile;
use crate::domain::{AccountId, Operator, OperatorAuthorization, OperatorGuid, PasswordHash};

table! {
    Row: "operator" (account_id: AccountId, operator_guid: OperatorGuid) {
        sequence: i64,
        email_key: String,
        password_hash: Option<PasswordHash>,
        ..profile: Profile
    }
}

table! {
    AuthorizationRow: "operator_authorization" (
        account_id: AccountId, operator_guid: OperatorGuid, authorization: OperatorAuthorization
    ) {}
}

impl Row {
    pub fn new(account_id: AccountId, sequence: i64, operator: &Operator) -> Self {
        Self {
            account_id,
            operator_guid: operator.guid,
            sequence,
            email_key: operator.profile().email.key(),
            password_hash: operator.password().cloned(),
            profile: operator.profile().clone(),
        }
    }
}

pub async fn load(
    connection: &mut SqliteConnection,
    schedules: &mut Schedules,
) -> Result<OfAccounts<Operator>, Corrupt> {
    let mut authorizations = BTreeMap::<_, BTreeSet<_>>::new();
    for row in rows::load(connection).await? {
        let AuthorizationRow {
            account_id,
            operator_guid,
            authorization,
        } = row;
        let authorizations = authorizations.entry((account_id, operator_guid));
        authorizations.or_default().insert(authorization);
    }
    let mut all = OfAccounts::default();
    for row in rows::load(connection).await? {
        let Row {
            account_id,
            operator_guid: guid,
            sequence,
            email_key: _,
            password_hash,
            profile,
        } = row;
        let mut operator = Operator::new(guid, profile, password_hash);
        let authorized = authorizations.remove(&(account_id, guid));
        operator.authorizations = authorized.unwrap_or_default();
        operator.schedules = schedules.take(account_id, ScheduleOwner::Operator(guid));
        all.place(account_id, sequence, operator);
    }
    Ok(all)
}
