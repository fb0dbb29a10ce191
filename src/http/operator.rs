//! `/Operator` and the paths below an operator, except its duty schedules.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::NoContent;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::extract::{Json, Path, PathAndBody};
use crate::AppState;
use crate::domain::{
    Caller, NewOperator, OperatorAuthorization, OperatorChange, OperatorGroupGuid, OperatorGuid,
};
use crate::error::Result;
use crate::operation::{Created, Operation, operation};
use crate::service;
use crate::store::Tenant;
use crate::wire::OperatorBody;

pub static OPERATIONS: &[Operation] = &[
    operation!(GET "/Operator" => list, "Operator_GetAllOperators", "All operators of the account."),
    operation!(POST "/Operator" => create, "Operator_CreateOperator", "Makes an operator.")
        .but("an invitation is not sent, but kept in the outbox of the control API"),
    operation!(GET "/Operator/{operatorGuid}" => get, "Operator_GetOperator", "An operator."),
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
        DELETE "/Operator/{operatorGuid}/Authorization/{authorizationType}" => delete_authorization,
        "Operator_DeleteAuthorizationForOperator", "Withdraws an authorization of an operator."
    ),
];

async fn list(Extension(tenant): Extension<Arc<Tenant>>) -> Json<Vec<OperatorBody<'static>>> {
    let operators = tenant.account.operators.iter();
    Json::list(operators.map(|operator| OperatorBody::new(operator, tenant.account.owner)))
}

async fn create(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Extension(tenant): Extension<Arc<Tenant>>,
    PathAndBody((), input): PathAndBody<(), NewOperator>,
) -> Result<Created<Json<OperatorBody<'static>>>> {
    let operator = service::operator::create(&state, &caller, input).await?;
    let body = OperatorBody::new(&operator, tenant.account.owner);
    Ok(Created(Json::of(&body)))
}

async fn get(
    Extension(tenant): Extension<Arc<Tenant>>,
    Path(guid): Path<OperatorGuid>,
) -> Result<Json<OperatorBody<'static>>> {
    let operator = tenant.account.operator(guid)?;
    let body = OperatorBody::new(operator, tenant.account.owner);
    Ok(Json::of(&body))
}

async fn replace(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    PathAndBody(guid, input): PathAndBody<OperatorGuid, NewOperator>,
) -> Result<NoContent> {
    service::operator::replace(&state, &caller, guid, input).await?;
    Ok(NoContent)
}

async fn patch(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    PathAndBody(guid, input): PathAndBody<OperatorGuid, OperatorChange>,
) -> Result<NoContent> {
    service::operator::update(&state, &caller, guid, input).await?;
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
    Extension(tenant): Extension<Arc<Tenant>>,
    Path(guid): Path<OperatorGuid>,
) -> Result<Json<Vec<GroupOfOperator>>> {
    let groups = tenant.account.groups_of(guid)?.into_iter();
    let body = |operator_group_guid| GroupOfOperator {
        operator_group_guid,
    };
    Ok(Json::list(groups.map(body)))
}

async fn authorizations(
    Extension(tenant): Extension<Arc<Tenant>>,
    Path(guid): Path<OperatorGuid>,
) -> Result<Json<Vec<OperatorAuthorization>>> {
    tenant.account.authorizations_of(guid).map(Json::list)
}

async fn authorize(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path((guid, authorization)): Path<(OperatorGuid, OperatorAuthorization)>,
) -> Result<Created> {
    service::operator::authorize(&state, &caller, guid, authorization).await?;
    Ok(Created(()))
}

async fn delete_authorization(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path((guid, authorization)): Path<(OperatorGuid, OperatorAuthorization)>,
) -> Result<NoContent> {
    service::operator::remove_authorization(&state, &caller, guid, authorization).await?;
    Ok(NoContent)
}
