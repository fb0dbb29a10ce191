//! The login of operators, with their e-mail address and password, and what they register for with it.

use std::sync::Arc;

use super::api_user::names_operator;
use super::change;
use crate::AppState;
use crate::domain::account::ApiUserChange;
use crate::domain::text::{Description, Email};
use crate::domain::{
    AccountId, ApiUser, AuthenticatedBy, Caller, Input, Operator, OperatorGuid, PlainPassword,
};
use crate::error::{Error, Result};
use crate::store::{Name, State, Tenant};

/// What a registration asks for.
#[derive(Debug, Clone)]
pub struct Registration {
    pub description: Description,
    /// Whom the API user is for; nobody named is oneself.
    pub operator: Option<OperatorGuid>,
}

#[derive(Debug)]
pub struct Registered {
    pub api_user: Arc<ApiUser>,
    pub password: String,
    pub account: AccountId,
    pub operator: Arc<Operator>,
}

/// What [`find`] finds.
type Found = (Arc<Tenant>, Arc<Operator>);

/// Checks the login of an operator that was found by its name, or of nobody, which takes as long as a wrong password.
pub async fn log_in(state: &AppState, found: Option<&Found>, password: &str) -> Result<Caller> {
    let hash = found.and_then(|(_, operator)| operator.password().cloned());
    let is_right = state
        .passwords
        .verify(hash.clone(), PlainPassword::claimed(password))
        .await?;
    match (found, hash) {
        (Some((tenant, operator)), Some(hash))
            if is_right && tenant.account.may_log_in(operator) =>
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

/// An e-mail address is unique in its account only: a bare one means the oldest account that has it, `account/e-mail`
/// names one.
pub fn find(all: &State, name: &str) -> Option<Found> {
    let operator = |tenant: &Arc<Tenant>, email: &str| {
        Some((
            Arc::clone(tenant),
            Arc::clone(tenant.account.operator_by_email(email)?),
        ))
    };
    let in_named_account = || {
        let (account, email) = name.split_once('/')?;
        operator(all.tenant(account.parse().ok()?)?, email)
    };
    // The local part of an address may hold a slash as well.
    in_named_account().or_else(|| operator(all.holder(Name::Email(Email::key_of(name)))?, name))
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
        let access = |asked: Option<&ApiUserChange>| {
            let is_for_oneself = asked.is_none_or(|change| change.operator == own);
            if !is_for_oneself && !account.is_administrator(own) {
                return Err(Error::Forbidden(
                    "only members of the Administrators group may register for another operator",
                ));
            }
            names_operator(account, asked)
        };
        let asked = input.settle(access, |asked, _| asked)?;
        let (api_user, password) = account.add_api_user(asked, context);
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
