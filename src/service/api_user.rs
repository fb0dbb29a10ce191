//! Changes of API users: for administrators alone.

use std::sync::Arc;

use super::change;
use crate::AppState;
use crate::domain::account::ApiUserChange;
use crate::domain::{ApiUser, ApiUserGuid, Caller, Draft};
use crate::error::Result;

/// Answers with the new API user and its password, which is not to be had again.
pub async fn create(
    state: &AppState,
    caller: &Caller,
    draft: Draft<ApiUserChange>,
) -> Result<(Arc<ApiUser>, String)> {
    let who = *caller;
    change(state, caller, move |account, context| {
        account.add_api_user(draft, who.may_administer(account), context)
    })
    .await
}

pub async fn update(
    state: &AppState,
    caller: &Caller,
    guid: ApiUserGuid,
    draft: Draft<ApiUserChange>,
) -> Result<()> {
    let who = *caller;
    change(state, caller, move |account, _| {
        account.update_api_user(guid, draft, who.may_administer(account))
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
