//! `/OperatorGroup` and the paths below a group, except its duty schedules.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::NoContent;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::extract::{Json, Path, PathAndBody};
use crate::AppState;
use crate::domain::text::Description;
use crate::domain::{
    Caller, GroupKind, OperatorGroup, OperatorGroupAuthorization, OperatorGroupGuid, OperatorGuid,
};
use crate::error::Result;
use crate::operation::{Created, Operation, operation};
use crate::service;
use crate::store::Tenant;

pub static OPERATIONS: &[Operation] = &[
    operation!(
        GET "/OperatorGroup" => list,
        "OperatorGroup_GetAllOperatorGroups", "All operator groups of the account."
    ),
    operation!(POST "/OperatorGroup" => create, "OperatorGroup_CreateOperatorGroup", "Makes an operator group."),
    operation!(
        GET "/OperatorGroup/{operatorGroupGuid}" => get,
        "OperatorGroup_GetOperatorGroup", "An operator group."
    ),
    operation!(
        PUT "/OperatorGroup/{operatorGroupGuid}" => replace,
        "OperatorGroup_UpdateOperatorGroup", "Renames an operator group."
    ),
    operation!(
        DELETE "/OperatorGroup/{operatorGroupGuid}" => delete,
        "OperatorGroup_DeleteOperatorGroup", "Deletes an operator group, and leaves its members alone."
    ),
    // The Swagger file says that it answers with one member; it answers with a list of them.
    operation!(
        GET "/OperatorGroup/{operatorGroupGuid}/Member" => members,
        "OperatorGroup_GetOperatorGroupMembers", "The operators in a group."
    ),
    operation!(
        POST "/OperatorGroup/{operatorGroupGuid}/Member/{operatorGuid}" => add_member,
        "OperatorGroup_AddOperatorToOperatorGroup", "Adds an operator to a group."
    ),
    operation!(
        DELETE "/OperatorGroup/{operatorGroupGuid}/Member/{operatorGuid}" => remove_member,
        "OperatorGroup_RemoveOperatorFromOperatorGroup", "Removes an operator from a group."
    ),
    operation!(
        POST "/OperatorGroup/{operatorGroupGuid}/AllOperatorsOnDuty" => all_on_duty,
        "OperatorGroup_AllOperatorsInGroupOnDuty", "Puts all operators of a group on duty."
    ),
    operation!(
        POST "/OperatorGroup/{operatorGroupGuid}/AllOperatorsOffDuty" => all_off_duty,
        "OperatorGroup_AllOperatorsInGroupOffDuty", "Takes all operators of a group off duty."
    ),
    operation!(
        GET "/OperatorGroup/{operatorGroupGuid}/Authorization" => authorizations,
        "OperatorGroup_GetAuthorizationsForOperatorGroup", "What a group is authorized to."
    ),
    operation!(
        POST "/OperatorGroup/{operatorGroupGuid}/Authorization/{authorizationType}" => authorize,
        "OperatorGroup_PostAuthorizationForOperatorGroup", "Authorizes a group."
    )
    .but("it is kept and shown; only membership of Administrators is enforced"),
    operation!(
        DELETE "/OperatorGroup/{operatorGroupGuid}/Authorization/{authorizationType}" => delete_authorization,
        "OperatorGroup_DeleteAuthorizationForOperatorGroup", "Withdraws an authorization of a group."
    ),
];

/// A group, as the API returns it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
#[schemars(rename = "OperatorGroup", example = json!({
    "OperatorGroupGuid": "82f4171a-16c3-4bc6-ab4d-56edee7fd6c8",
    "Description": "On call",
    "IsEveryone": false,
    "IsAdministratorsGroup": false
}))]
struct OperatorGroupBody {
    operator_group_guid: OperatorGroupGuid,
    description: String,
    is_everyone: bool,
    is_administrators_group: bool,
}

impl From<&Arc<OperatorGroup>> for OperatorGroupBody {
    fn from(group: &Arc<OperatorGroup>) -> Self {
        Self {
            operator_group_guid: group.guid,
            description: group.description.to_string(),
            is_everyone: group.kind == GroupKind::Everyone,
            is_administrators_group: group.kind == GroupKind::Administrators,
        }
    }
}

async fn list(Extension(tenant): Extension<Arc<Tenant>>) -> Json<Vec<OperatorGroupBody>> {
    let groups = tenant.account.operator_groups.iter();
    Json::list(groups.map(OperatorGroupBody::from))
}

async fn create(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    PathAndBody((), input): PathAndBody<(), Description>,
) -> Result<Created<Json<OperatorGroupBody>>> {
    let group = service::operator_group::create(&state, &caller, input).await?;
    Ok(Created(Json::of(&OperatorGroupBody::from(&group))))
}

async fn get(
    Extension(tenant): Extension<Arc<Tenant>>,
    Path(guid): Path<OperatorGroupGuid>,
) -> Result<Json<OperatorGroupBody>> {
    let group = tenant.account.operator_group(guid)?;
    Ok(Json::of(&group.into()))
}

async fn replace(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    PathAndBody(guid, input): PathAndBody<OperatorGroupGuid, Description>,
) -> Result<NoContent> {
    service::operator_group::update(&state, &caller, guid, input).await?;
    Ok(NoContent)
}

async fn delete(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path(guid): Path<OperatorGroupGuid>,
) -> Result<NoContent> {
    service::operator_group::delete(&state, &caller, guid).await?;
    Ok(NoContent)
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
#[schemars(rename = "OperatorGroupMember", example = json!({
    "OperatorGuid": "36fad910-6e9f-4886-b1a7-9b4637362cb8"
}))]
struct MemberOfGroup {
    operator_guid: OperatorGuid,
}

async fn members(
    Extension(tenant): Extension<Arc<Tenant>>,
    Path(guid): Path<OperatorGroupGuid>,
) -> Result<Json<Vec<MemberOfGroup>>> {
    let members = tenant.account.members_of(guid)?.into_iter();
    let body = |operator_guid| MemberOfGroup { operator_guid };
    Ok(Json::list(members.map(body)))
}

async fn add_member(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path((guid, operator)): Path<(OperatorGroupGuid, OperatorGuid)>,
) -> Result<Created> {
    service::operator_group::add_member(&state, &caller, guid, operator).await?;
    Ok(Created(()))
}

async fn remove_member(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path((guid, operator)): Path<(OperatorGroupGuid, OperatorGuid)>,
) -> Result<NoContent> {
    service::operator_group::remove_member(&state, &caller, guid, operator).await?;
    Ok(NoContent)
}

async fn all_on_duty(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path(guid): Path<OperatorGroupGuid>,
) -> Result<NoContent> {
    service::operator_group::set_all_on_duty(&state, &caller, guid, true).await?;
    Ok(NoContent)
}

async fn all_off_duty(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path(guid): Path<OperatorGroupGuid>,
) -> Result<NoContent> {
    service::operator_group::set_all_on_duty(&state, &caller, guid, false).await?;
    Ok(NoContent)
}

async fn authorizations(
    Extension(tenant): Extension<Arc<Tenant>>,
    Path(guid): Path<OperatorGroupGuid>,
) -> Result<Json<Vec<OperatorGroupAuthorization>>> {
    let group = tenant.account.operator_group(guid)?;
    Ok(Json::list(group.all_authorizations()))
}

async fn authorize(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path((guid, authorization)): Path<(OperatorGroupGuid, OperatorGroupAuthorization)>,
) -> Result<Created> {
    service::operator_group::authorize(&state, &caller, guid, authorization).await?;
    Ok(Created(()))
}

async fn delete_authorization(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path((guid, authorization)): Path<(OperatorGroupGuid, OperatorGroupAuthorization)>,
) -> Result<NoContent> {
    service::operator_group::remove_authorization(&state, &caller, guid, authorization).await?;
    Ok(NoContent)
}
