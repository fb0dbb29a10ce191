//! Changes of API users, which require an administrator.

use std::sync::Arc;

use super::change;
use crate::AppState;
use crate::domain::account::ApiUserChange;
use crate::domain::{Account, ApiUser, ApiUserGuid, Caller, Input};
use crate::error::Result;

/// Checks that the operator of an API user exists.
pub(super) fn require_operator(account: &Account, change: Option<&ApiUserChange>) -> Result<()> {
    change.map_or(Ok(()), |change| account.operator(change.operator).map(drop))
}

/// Creates an API user. Returns it with its password, which cannot be retrieved again.
pub async fn create(
    state: &AppState,
    caller: &Caller,
    input: Input<ApiUserChange>,
) -> Result<(Arc<ApiUser>, String)> {
    let who = *caller;
    change(state, caller, move |account, context| {
        let access = |change: Option<&ApiUserChange>| {
            who.may_administer(account)?;
            require_operator(account, change)
        };
        let change = input.settle(access, |change, _| change)?;
        Ok(account.add_api_user(change, context))
    })
    .await
}

pub async fn update(
    state: &AppState,
    caller: &Caller,
    guid: ApiUserGuid,
    input: Input<ApiUserChange>,
) -> Result<()> {
    let who = *caller;
    change(state, caller, move |account, _| {
        let access = |change: Option<&ApiUserChange>| {
            who.may_administer(account)?;
            account.api_user(guid)?;
            require_operator(account, change)
        };
        let api_user = input.settle(access, |change, problems| {
            account.changed_api_user(guid, change?, problems)
        })?;
        account.api_users.insert(api_user);
        Ok(())
    })
    .await
}

pub async fn delete(state: &AppState, caller: &Caller, guid: ApiUserGuid) -> Result<()> {
    let who = *caller;
    change(state, caller, move |account, _| {
        who.may_administer(account)?;
        account.remove_api_user(guid)
    })
    .await
}
