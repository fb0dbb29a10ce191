//! Changes of operators and of their authorizations.

use std::sync::Arc;

use super::{attempt, change};
use crate::AppState;
use crate::domain::{
    Account, Caller, Context, Draft, NewOperator, Operator, OperatorAuthorization, OperatorChange,
    OperatorGuid, PasswordHash, PlainPassword,
};
use crate::error::Result;

pub async fn create(
    state: &AppState,
    caller: &Caller,
    draft: Draft<NewOperator>,
) -> Result<Arc<Operator>> {
    let who = *caller;
    let add = move |account: &mut Account, draft, password, context: &Context| {
        account.add_operator(draft, who.may_administer(account), password, context)
    };
    let password = draft.value().and_then(|new| new.password.clone());
    let password = hash(state, password, || {
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

pub async fn replace(
    state: &AppState,
    caller: &Caller,
    guid: OperatorGuid,
    draft: Draft<NewOperator>,
) -> Result<()> {
    let password = draft.value().and_then(|new| new.password.clone());
    let replace = Account::replace_operator;
    edit(state, caller, guid, draft, password, replace).await
}

pub async fn update(
    state: &AppState,
    caller: &Caller,
    guid: OperatorGuid,
    draft: Draft<OperatorChange>,
) -> Result<()> {
    let password = draft.value().and_then(|change| change.password.clone());
    let update = Account::update_operator;
    edit(state, caller, guid, draft, password, update).await
}

/// A method of an account that changes an operator.
type Way<T> =
    fn(&mut Account, OperatorGuid, Draft<T>, Result<()>, Option<PasswordHash>) -> Result<()>;

/// Changes an operator by one of the ways that an account has for it.
async fn edit<T: Clone + Send + 'static>(
    state: &AppState,
    caller: &Caller,
    guid: OperatorGuid,
    draft: Draft<T>,
    password: Option<PlainPassword>,
    way: Way<T>,
) -> Result<()> {
    let who = *caller;
    let edit = move |account: &mut Account, draft, password| {
        let access = who.may_edit_operator(account, guid);
        way(account, guid, draft, access, password)
    };
    let password = hash(state, password, || {
        attempt(state, caller, |account, _| {
            edit(account, draft.clone(), None)
        })
    })
    .await?;
    change(state, caller, move |account, _| {
        edit(account, draft, password)
    })
    .await
}

/// Returns the hash of the password that a request brings, if it brings one. It is slow, so what would be refused all the
/// same is refused before it.
async fn hash<T>(
    state: &AppState,
    password: Option<PlainPassword>,
    attempt: impl FnOnce() -> Result<T>,
) -> Result<Option<PasswordHash>> {
    let Some(password) = password else {
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
