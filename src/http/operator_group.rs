//! `/OperatorGroup` and what lies below a group, but for its duty schedules.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Extension, Router};
use serde::Serialize;

use super::body::{Fields, guid};
use super::extract::{Bound, FromBody, Json, Path};
use crate::AppState;
use crate::domain::text::Description;
use crate::domain::{
    Caller, GroupKind, OperatorGroup, OperatorGroupAuthorization, OperatorGroupGuid, OperatorGuid,
};
use crate::error::Result;
use crate::service;
use crate::store::Slot;

pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/OperatorGroup", get(list).post(create))
        .route(
            "/OperatorGroup/{operatorGroupGuid}",
            get(look).put(replace).delete(delete),
        )
        .route("/OperatorGroup/{operatorGroupGuid}/Member", get(members))
        .route(
            "/OperatorGroup/{operatorGroupGuid}/Member/{operatorGuid}",
            post(add_member).delete(remove_member),
        )
        .route(
            "/OperatorGroup/{operatorGroupGuid}/AllOperatorsOnDuty",
            post(all_on_duty),
        )
        .route(
            "/OperatorGroup/{operatorGroupGuid}/AllOperatorsOffDuty",
            post(all_off_duty),
        )
        .route(
            "/OperatorGroup/{operatorGroupGuid}/Authorization",
            get(authorizations),
        )
        .route(
            "/OperatorGroup/{operatorGroupGuid}/Authorization/{authorizationType}",
            post(authorize).delete(withdraw),
        )
}

/// A group as the API writes it.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
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

/// POST
impl FromBody<()> for Description {
    fn bind(fields: &mut Fields, _: Option<&()>) -> Option<Self> {
        let description = fields.required("Description");
        for (flag, group) in [
            ("IsEveryone", "Everyone"),
            ("IsAdministratorsGroup", "Administrators"),
        ] {
            if fields.is_true(flag) {
                fields.malformed::<()>(
                    flag,
                    format!("the {group} group exists already; every account has one"),
                );
            }
        }
        description
    }
}

/// PUT
impl FromBody<OperatorGroupGuid> for Description {
    fn bind(fields: &mut Fields, path: Option<&OperatorGroupGuid>) -> Option<Self> {
        fields.agrees("OperatorGroupGuid", path, guid);
        fields.required("Description")
    }
}

/// `OperatorGroup_GetAllOperatorGroups`
async fn list(Extension(slot): Extension<Arc<Slot>>) -> Json<Vec<OperatorGroupBody>> {
    Json(
        slot.account
            .operator_groups
            .iter()
            .map(OperatorGroupBody::from)
            .collect(),
    )
}

/// `OperatorGroup_CreateOperatorGroup`
async fn create(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Bound((), draft): Bound<(), Description>,
) -> Result<(StatusCode, Json<OperatorGroupBody>)> {
    let group = service::operator_group::create(&state, &caller, draft).await?;
    Ok((StatusCode::CREATED, Json((&group).into())))
}

/// `OperatorGroup_GetOperatorGroup`
async fn look(
    Extension(slot): Extension<Arc<Slot>>,
    Path(guid): Path<OperatorGroupGuid>,
) -> Result<Json<OperatorGroupBody>> {
    slot.account
        .operator_group(guid)
        .map(|group| Json(group.into()))
}

/// `OperatorGroup_UpdateOperatorGroup`
async fn replace(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Bound(guid, draft): Bound<OperatorGroupGuid, Description>,
) -> Result<StatusCode> {
    service::operator_group::update(&state, &caller, guid, draft).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `OperatorGroup_DeleteOperatorGroup`
async fn delete(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path(guid): Path<OperatorGroupGuid>,
) -> Result<StatusCode> {
    service::operator_group::delete(&state, &caller, guid).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct MemberOfGroup {
    operator_guid: OperatorGuid,
}

/// `OperatorGroup_GetOperatorGroupMembers`. The vendor's Swagger file says that it answers with one member; it answers
/// with a list of them.
async fn members(
    Extension(slot): Extension<Arc<Slot>>,
    Path(guid): Path<OperatorGroupGuid>,
) -> Result<Json<Vec<MemberOfGroup>>> {
    let members = slot.account.members_of(guid)?.into_iter();
    Ok(Json(
        members
            .map(|operator_guid| MemberOfGroup { operator_guid })
            .collect(),
    ))
}

/// `OperatorGroup_AddOperatorToOperatorGroup`
async fn add_member(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path((guid, operator)): Path<(OperatorGroupGuid, OperatorGuid)>,
) -> Result<StatusCode> {
    service::operator_group::add_member(&state, &caller, guid, operator).await?;
    Ok(StatusCode::CREATED)
}

/// `OperatorGroup_RemoveOperatorFromOperatorGroup`
async fn remove_member(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path((guid, operator)): Path<(OperatorGroupGuid, OperatorGuid)>,
) -> Result<StatusCode> {
    service::operator_group::remove_member(&state, &caller, guid, operator).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `OperatorGroup_AllOperatorsInGroupOnDuty`
async fn all_on_duty(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path(guid): Path<OperatorGroupGuid>,
) -> Result<StatusCode> {
    service::operator_group::set_all_on_duty(&state, &caller, guid, true).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `OperatorGroup_AllOperatorsInGroupOffDuty`
async fn all_off_duty(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path(guid): Path<OperatorGroupGuid>,
) -> Result<StatusCode> {
    service::operator_group::set_all_on_duty(&state, &caller, guid, false).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `OperatorGroup_GetAuthorizationsForOperatorGroup`
async fn authorizations(
    Extension(slot): Extension<Arc<Slot>>,
    Path(guid): Path<OperatorGroupGuid>,
) -> Result<Json<Vec<OperatorGroupAuthorization>>> {
    slot.account
        .operator_group(guid)
        .map(|group| Json(group.all_authorizations().into_iter().collect()))
}

/// `OperatorGroup_PostAuthorizationForOperatorGroup`
async fn authorize(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path((guid, authorization)): Path<(OperatorGroupGuid, OperatorGroupAuthorization)>,
) -> Result<StatusCode> {
    service::operator_group::authorize(&state, &caller, guid, authorization).await?;
    Ok(StatusCode::CREATED)
}

/// `OperatorGroup_DeleteAuthorizationForOperatorGroup`
async fn withdraw(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path((guid, authorization)): Path<(OperatorGroupGuid, OperatorGroupAuthorization)>,
) -> Result<StatusCode> {
    service::operator_group::withdraw(&state, &caller, guid, authorization).await?;
    Ok(StatusCode::NO_CONTENT)
}
