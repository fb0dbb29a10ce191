//! Changes of operator groups, their members and their authorizations, which require an administrator.

use std::sync::Arc;

use crate::AppState;
use crate::domain::text::Description;
use crate::domain::{
    Account, Caller, Context, Input, OperatorGroup, OperatorGroupAuthorization, OperatorGroupGuid,
    OperatorGuid,
};
use crate::error::Result;

/// Makes a change that requires an administrator.
async fn change<T: Send + 'static>(
    state: &AppState,
    caller: &Caller,
    change: impl FnOnce(&mut Account, &Context) -> Result<T> + Send + 'static,
) -> Result<T> {
    let who = *caller;
    super::change(state, caller, move |account, context| {
        who.may_administer(account)?;
        change(account, context)
    })
    .await
}

pub async fn create(
    state: &AppState,
    caller: &Caller,
    input: Input<Description>,
) -> Result<Arc<OperatorGroup>> {
    let who = *caller;
    super::change(state, caller, move |account, context| {
        let description = input.settle(
            |_| who.may_administer(account),
            |description, _| description,
        )?;
        Ok(account.add_operator_group(description, context))
    })
    .await
}

pub async fn update(
    state: &AppState,
    caller: &Caller,
    guid: OperatorGroupGuid,
    input: Input<Description>,
) -> Result<()> {
    let who = *caller;
    super::change(state, caller, move |account, _| {
        let access = |_: Option<&Description>| {
            who.may_administer(account)?;
            account.operator_group(guid).map(drop)
        };
        let group = input.settle(access, |description, problems| {
            account.renamed_group(guid, description, problems)
        })?;
        account.insert_operator_group(group);
        Ok(())
    })
    .await
}

pub async fn delete(state: &AppState, caller: &Caller, guid: OperatorGroupGuid) -> Result<()> {
    change(state, caller, move |account, _| {
        account.remove_operator_group(guid)
    })
    .await
}

pub async fn add_member(
    state: &AppState,
    caller: &Caller,
    guid: OperatorGroupGuid,
    operator: OperatorGuid,
) -> Result<()> {
    change(state, caller, move |account, _| {
        account.add_member(guid, operator)
    })
    .await
}

pub async fn remove_member(
    state: &AppState,
    caller: &Caller,
    guid: OperatorGroupGuid,
    operator: OperatorGuid,
) -> Result<()> {
    change(state, caller, move |account, _| {
        account.remove_member(guid, operator)
    })
    .await
}

pub async fn set_all_on_duty(
    state: &AppState,
    caller: &Caller,
    guid: OperatorGroupGuid,
    is_on_duty: bool,
) -> Result<()> {
    change(state, caller, move |account, _| {
        account.set_all_on_duty(guid, is_on_duty)
    })
    .await
}

pub async fn authorize(
    state: &AppState,
    caller: &Caller,
    guid: OperatorGroupGuid,
    authorization: OperatorGroupAuthorization,
) -> Result<()> {
    change(state, caller, move |account, _| {
        account.authorize_group(guid, authorization)
    })
    .await
}

pub async fn remove_authorization(
    state: &AppState,
    caller: &Caller,
    guid: OperatorGroupGuid,
    authorization: OperatorGroupAuthorization,
) -> Result<()> {
    change(state, caller, move |account, _| {
        account.remove_group_authorization(guid, authorization)
    })
    .await
}
