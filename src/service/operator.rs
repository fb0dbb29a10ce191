//! Changes of operators and of their authorizations.

use std::sync::Arc;

use super::{attempt, change};
use crate::AppState;
use crate::domain::{
    Account, Caller, Context, Draft, Operator, OperatorAuthorization, OperatorChange, OperatorGuid,
    PasswordHash,
};
use crate::error::Result;

pub async fn create(
    state: &AppState,
    caller: &Caller,
    draft: Draft<OperatorChange>,
) -> Result<Arc<Operator>> {
    let who = *caller;
    let add = move |account: &mut Account, draft, password, context: &Context| {
        account.add_operator(draft, who.may_administer(account), password, context)
    };
    let password = hash(state, &draft, || {
        attempt(state, caller, |account, context| {
            add(account, draft.clone(), None, context)
        })
    })
    .await?;
    change(state, caller, move |account, context| {
        add(account, draft, password, context)
    })
    .await
}

pub async fn update(
    state: &AppState,
    caller: &Caller,
    guid: OperatorGuid,
    draft: Draft<OperatorChange>,
) -> Result<()> {
    let who = *caller;
    let update = move |account: &mut Account, draft, password| {
        account.update_operator(guid, draft, who.may_edit_operator(account, guid), password)
    };
    let password = hash(state, &draft, || {
        attempt(state, caller, |account, _| {
            update(account, draft.clone(), None)
        })
    })
    .await?;
    change(state, caller, move |account, _| {
        update(account, draft, password)
    })
    .await
}

/// The hash of the password that a draft brings, if it brings one. It is slow, so what would be refused all the same is
/// refused before it.
async fn hash<T>(
    state: &AppState,
    draft: &Draft<OperatorChange>,
    attempt: impl FnOnce() -> Result<T>,
) -> Result<Option<PasswordHash>> {
    let Some(password) = draft.value().and_then(|change| change.password.clone()) else {
        return Ok(None);
    };
    attempt()?;
    state.passwords.hash(password).await.map(Some)
}

pub async fn delete(state: &AppState, caller: &Caller, guid: OperatorGuid) -> Result<()> {
    let who = *caller;
    change(state, caller, move |account, _| {
        who.may_administer(account)?;
        account.remove_operator(guid, who.operator)
    })
    .await
}

pub async fn authorize(
    state: &AppState,
    caller: &Caller,
    guid: OperatorGuid,
    authorization: OperatorAuthorization,
) -> Result<()> {
    let who = *caller;
    change(state, caller, move |account, _| {
        who.may_administer(account)?;
        account.authorize_operator(guid, authorization)
    })
    .await
}

pub async fn withdraw(
    state: &AppState,
    caller: &Caller,
    guid: OperatorGuid,
    authorization: OperatorAuthorization,
) -> Result<()> {
    let who = *caller;
    change(state, caller, move |account, _| {
        who.may_administer(account)?;
        account.withdraw_from_operator(guid, authorization)
    })
    .await
}
