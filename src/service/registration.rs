//! The login of operators with e-mail address and password, and the registration of API users with it.

use std::sync::Arc;

use super::api_user::require_operator;
use super::change;
use crate::AppState;
use crate::domain::account::ApiUserChange;
use crate::domain::text::{Description, Email};
use crate::domain::{
    AccountId, ApiUser, AuthenticatedBy, Caller, Input, Operator, OperatorGuid, PlainPassword,
};
use crate::error::{Error, Result};
use crate::store::{Name, State, Tenant};

/// The input of a registration.
#[derive(Debug, Clone)]
pub struct Registration {
    pub description: Description,
    /// The operator that the API user is for; the caller if `None`.
    pub operator: Option<OperatorGuid>,
}

/// A registered API user, with its password and its owner.
#[derive(Debug)]
pub struct Registered {
    pub api_user: Arc<ApiUser>,
    pub password: String,
    pub account: AccountId,
    pub operator: Arc<Operator>,
}

/// The result of [`find`].
type Found = (Arc<Tenant>, Arc<Operator>);

/// Checks the password of the operator that was found by its name. If none was found, this takes as long as a wrong password.
pub async fn log_in(state: &AppState, found: Option<&Found>, password: &str) -> Result<Caller> {
    let hash = found.and_then(|(_, operator)| operator.password().cloned());
    let is_correct = state
        .passwords
        .verify(hash.clone(), PlainPassword::claimed(password))
        .await?;
    match (found, hash) {
        (Some((tenant, operator)), Some(hash))
            if is_correct && tenant.account.may_log_in(operator) =>
        {
            Ok(Caller {
                account: tenant.account.id,
                operator: operator.guid,
                credentials: AuthenticatedBy::password(&hash),
            })
        }
        _ => Err(Error::Unauthenticated),
    }
}

/// Finds an operator by its login name. An e-mail address is unique in its account only: on its own, it refers to the oldest
/// account that has it; `account/e-mail` refers to a particular account.
pub fn find(all: &State, name: &str) -> Option<Found> {
    let operator = |tenant: &Arc<Tenant>, email: &str| {
        Some((
            Arc::clone(tenant),
            Arc::clone(tenant.account.operator_by_email(email)?),
        ))
    };
    let in_given_account = || {
        let (account, email) = name.split_once('/')?;
        operator(all.tenant(account.parse().ok()?)?, email)
    };
    // The local part of an address may contain a slash, too.
    in_given_account().or_else(|| operator(all.holder(Name::Email(Email::key_of(name)))?, name))
}

pub async fn register(
    state: &AppState,
    caller: &Caller,
    input: Input<Registration>,
) -> Result<Registered> {
    let own = caller.operator;
    change(state, caller, move |account, context| {
        let input = input.map(
            |Registration {
                 description,
                 operator,
             }| ApiUserChange {
                operator: operator.unwrap_or(own),
                description,
            },
        );
        let access = |change: Option<&ApiUserChange>| {
            let is_for_oneself = change.is_none_or(|change| change.operator == own);
            if !is_for_oneself && !account.is_administrator(own) {
                return Err(Error::Forbidden(
                    "only members of the Administrators group may register for another operator",
                ));
            }
            require_operator(account, change)
        };
        let change = input.settle(access, |change, _| change)?;
        let (api_user, password) = account.add_api_user(change, context);
        let operator = Arc::clone(account.operator(api_user.operator)?);
        Ok(Registered {
            api_user,
            password,
            account: account.id,
            operator,
        })
    })
    .await
}
