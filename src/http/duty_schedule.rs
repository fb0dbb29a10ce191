//! `…/DutySchedule`: the off-duty schedules of operators and of operator groups.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::NoContent;

use super::extract::{Json, Path, PathAndBody, Segment};
use crate::AppState;
use crate::domain::account::ScheduleOwner;
use crate::domain::{Caller, OperatorGroupGuid, OperatorGuid, Recurrence, ScheduleId};
use crate::error::Result;
use crate::operation::{Created, Operation, operation};
use crate::service;
use crate::store::Tenant;
use crate::wire::{DutyScheduleBody, Replacement};

pub static OPERATIONS: &[Operation] = &[
    operation!(
        GET "/Operator/{operatorGuid}/DutySchedule" => list::<OperatorGuid>,
        "Operator_GetDutyScheduleForOperator", "The off-duty schedules of an operator."
    ),
    // The Swagger file says "No content is returned"; the document shows the content.
    operation!(
        POST "/Operator/{operatorGuid}/DutySchedule" => create::<OperatorGuid>,
        "Operator_AddDutyPeriodForOperator", "Gives an operator an off-duty schedule."
    ),
    operation!(
        PUT "/Operator/{operatorGuid}/DutySchedule/{dutyScheduleId}" => replace::<OperatorGuid>,
        "Operator_UpdateDutyPeriodForOperator", "Replaces an off-duty schedule of an operator."
    ),
    operation!(
        DELETE "/Operator/{operatorGuid}/DutySchedule/{dutyScheduleId}" => delete::<OperatorGuid>,
        "Operator_DeleteDutyScheduleFromOperator", "Deletes an off-duty schedule of an operator."
    ),
    operation!(
        GET "/OperatorGroup/{operatorGroupGuid}/DutySchedule" => list::<OperatorGroupGuid>,
        "OperatorGroup_GetDutyScheduleForOperatorGroup", "The off-duty schedules of a group."
    ),
    operation!(
        POST "/OperatorGroup/{operatorGroupGuid}/DutySchedule" => create::<OperatorGroupGuid>,
        "OperatorGroup_AddDutyPeriodForOperatorGroup",
        "Gives a group an off-duty schedule, and each of its present members a copy."
    ),
    operation!(
        POST "/OperatorGroup/{operatorGroupGuid}/DutySchedule/AddDutyScheduleForAllMembers" => add_for_all,
        "OperatorGroup_AddDutyScheduleToAllMembers",
        "Gives a group an off-duty schedule, and each of its present members a copy."
    ),
    operation!(
        PUT "/OperatorGroup/{operatorGroupGuid}/DutySchedule/{dutyScheduleId}" => replace::<OperatorGroupGuid>,
        "OperatorGroup_UpdateDutyPeriodForOperatorGroup", "Replaces an off-duty schedule of a group, and its copies."
    ),
    operation!(
        DELETE "/OperatorGroup/{operatorGroupGuid}/DutySchedule/{dutyScheduleId}" => delete::<OperatorGroupGuid>,
        "OperatorGroup_DeleteDutyScheduleFromOperatorGroup", "Deletes an off-duty schedule of a group, and its copies."
    ),
];

/// The owner of schedules, as a path parameter.
trait Owner: Segment + Into<ScheduleOwner> + Send + 'static {}

impl Owner for OperatorGuid {}
impl Owner for OperatorGroupGuid {}

async fn list<O: Owner>(
    Extension(tenant): Extension<Arc<Tenant>>,
    Path(owner): Path<O>,
) -> Result<Json<Vec<DutyScheduleBody>>> {
    let schedules = tenant.account.schedules_of(owner.into())?;
    Ok(Json::list(schedules.values().map(DutyScheduleBody::from)))
}

async fn create<O: Owner>(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    PathAndBody(owner, input): PathAndBody<O, Recurrence>,
) -> Result<Created<Json<DutyScheduleBody>>> {
    let schedule = service::duty_schedule::create(&state, &caller, owner.into(), input).await?;
    Ok(Created(Json::of(&DutyScheduleBody::from(&schedule))))
}

async fn add_for_all(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    PathAndBody(group, input): PathAndBody<OperatorGroupGuid, Recurrence>,
) -> Result<NoContent> {
    service::duty_schedule::create(&state, &caller, group.into(), input).await?;
    Ok(NoContent)
}

async fn replace<O: Owner>(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    PathAndBody((owner, id), input): PathAndBody<(O, ScheduleId), Replacement>,
) -> Result<NoContent> {
    let input = input.map(|Replacement(recurrence)| recurrence);
    service::duty_schedule::update(&state, &caller, owner.into(), id, input).await?;
    Ok(NoContent)
}

async fn delete<O: Owner>(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path((owner, id)): Path<(O, ScheduleId)>,
) -> Result<NoContent> {
    service::duty_schedule::delete(&state, &caller, owner.into(), id).await?;
    Ok(NoContent)
}
