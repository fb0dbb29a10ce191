//! `/Operator` and what lies below an operator, but for its duty schedules.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::NoContent;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::extract::{Bound, Json, Path};
use crate::AppState;
use crate::domain::{
    Caller, NewOperator, OperatorAuthorization, OperatorChange, OperatorGroupGuid, OperatorGuid,
};
use crate::error::Result;
use crate::operation::{Created, Operation, operation};
use crate::service;
use crate::store::Slot;
use crate::wire::OperatorBody;

pub static OPERATIONS: &[Operation] = &[
    operation!(GET "/Operator" => list, "Operator_GetAllOperators", "All operators of the account."),
    operation!(POST "/Operator" => create, "Operator_CreateOperator", "Makes an operator.")
        .but("no invitation is sent"),
    operation!(GET "/Operator/{operatorGuid}" => look, "Operator_GetOperator", "An operator."),
    operation!(
        PUT "/Operator/{operatorGuid}" => replace,
        "Operator_UpdateOperator", "Replaces an operator: what is left out takes its default."
    ),
    operation!(
        PATCH "/Operator/{operatorGuid}" => patch,
        "Operator_UpdateOperatorWithPatch", "Changes an operator: what is left out stays, and null takes the default."
    ),
    operation!(
        DELETE "/Operator/{operatorGuid}" => delete,
        "Operator_DeleteOperator", "Deletes an operator, with its API users and schedules."
    ),
    operation!(
        GET "/Operator/{operatorGuid}/OperatorGroup" => groups,
        "Operator_GetOperatorGroupsForOperator", "The groups of an operator."
    ),
    operation!(
        GET "/Operator/{operatorGuid}/Authorization" => authorizations,
        "Operator_GetAuthorizationsForOperator", "What an operator is authorized to."
    ),
    operation!(
        POST "/Operator/{operatorGuid}/Authorization/{authorizationType}" => authorize,
        "Operator_PostAuthorizationForOperator", "Authorizes an operator."
    )
    .but("it is kept and shown; only membership of Administrators is enforced"),
    operation!(
        DELETE "/Operator/{operatorGuid}/Authorization/{authorizationType}" => withdraw,
        "Operator_DeleteAuthorizationForOperator", "Withdraws an authorization of an operator."
    ),
];

async fn list(Extension(slot): Extension<Arc<Slot>>) -> Json<Vec<OperatorBody<'static>>> {
    let operators = slot.account.operators.iter();
    Json::list(operators.map(|operator| OperatorBody::new(operator, slot.account.owner)))
}

async fn create(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Extension(slot): Extension<Arc<Slot>>,
    Bound((), draft): Bound<(), NewOperator>,
) -> Result<Created<Json<OperatorBody<'static>>>> {
    let operator = service::operator::create(&state, &caller, draft).await?;
    let body = OperatorBody::new(&operator, slot.account.owner);
    Ok(Created(Json::of(&body)))
}

async fn look(
    Extension(slot): Extension<Arc<Slot>>,
    Path(guid): Path<OperatorGuid>,
) -> Result<Json<OperatorBody<'static>>> {
    let operator = slot.account.operator(guid)?;
    let body = OperatorBody::new(operator, slot.account.owner);
    Ok(Json::of(&body))
}

async fn replace(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Bound(guid, draft): Bound<OperatorGuid, NewOperator>,
) -> Result<NoContent> {
    service::operator::replace(&state, &caller, guid, draft).await?;
    Ok(NoContent)
}

async fn patch(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Bound(guid, draft): Bound<OperatorGuid, OperatorChange>,
) -> Result<NoContent> {
    service::operator::update(&state, &caller, guid, draft).await?;
    Ok(NoContent)
}

async fn delete(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path(guid): Path<OperatorGuid>,
) -> Result<NoContent> {
    service::operator::delete(&state, &caller, guid).await?;
    Ok(NoContent)
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
#[schemars(rename = "OperatorMember", example = json!({
    "OperatorGroupGuid": "82f4171a-16c3-4bc6-ab4d-56edee7fd6c8"
}))]
struct GroupOfOperator {
    operator_group_guid: OperatorGroupGuid,
}

async fn groups(
    Extension(slot): Extension<Arc<Slot>>,
    Path(guid): Path<OperatorGuid>,
) -> Result<Json<Vec<GroupOfOperator>>> {
    let groups = slot.account.groups_of(guid)?.into_iter();
    let body = |operator_group_guid| GroupOfOperator {
        operator_group_guid,
    };
    Ok(Json::list(groups.map(body)))
}

async fn authorizations(
    Extension(slot): Extension<Arc<Slot>>,
    Path(guid): Path<OperatorGuid>,
) -> Result<Json<Vec<OperatorAuthorization>>> {
    slot.account.authorizations_of(guid).map(Json::list)
}

async fn authorize(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path((guid, authorization)): Path<(OperatorGuid, OperatorAuthorization)>,
) -> Result<Created> {
    service::operator::authorize(&state, &caller, guid, authorization).await?;
    Ok(Created(()))
}

async fn withdraw(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path((guid, authorization)): Path<(OperatorGuid, OperatorAuthorization)>,
) -> Result<NoContent> {
    service::operator::withdraw(&state, &caller, guid, authorization).await?;
    Ok(NoContent)
}
