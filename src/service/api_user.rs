//! Changes of API users: for administrators alone.

use std::sync::Arc;

use super::change;
use crate::AppState;
use crate::domain::account::ApiUserChange;
use crate::domain::{Account, ApiUser, ApiUserGuid, Caller, Input};
use crate::error::Result;

/// Whether the operator exists that an API user is to belong to.
pub(super) fn names_operator(account: &Account, asked: Option<&ApiUserChange>) -> Result<()> {
    asked.map_or(Ok(()), |change| account.operator(change.operator).map(drop))
}

/// Answers with the new API user and its password, which is not to be had again.
pub async fn create(
    state: &AppState,
    caller: &Caller,
    input: Input<ApiUserChange>,
) -> Result<(Arc<ApiUser>, String)> {
    let who = *caller;
    change(state, caller, move |account, context| {
        let access = |asked: Option<&ApiUserChange>| {
            who.may_administer(account)?;
            names_operator(account, asked)
        };
        let change = input.settle(access, |asked, _| asked)?;
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
        let access = |asked: Option<&ApiUserChange>| {
            who.may_administer(account)?;
            account.api_user(guid)?;
            names_operator(account, asked)
        };
        let api_user = input.settle(access, |asked, problems| {
            account.changed_api_user(guid, asked?, problems)
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
