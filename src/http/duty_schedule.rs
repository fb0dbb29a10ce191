//! `…/DutySchedule` below an operator and below a group.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::NoContent;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::extract::{Bound, FromBody, Json, Path, Segment};
use crate::AppState;
use crate::bind::{Fields, id, recurrence};
use crate::domain::account::ScheduleOwner;
use crate::domain::duty_schedule::{MonthDay, ScheduleMode, TimeOfDay, WeekDay};
use crate::domain::{
    Caller, DutySchedule, Moment, OperatorGroupGuid, OperatorGuid, Recurrence, ScheduleId,
};
use crate::error::Result;
use crate::operation::{Created, Operation, operation};
use crate::service;
use crate::store::Slot;

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

/// What schedules belong to, as a path names it.
trait Owner: Segment + Into<ScheduleOwner> + Send + 'static {}

impl Owner for OperatorGuid {}
impl Owner for OperatorGroupGuid {}

/// A schedule as the API writes it: only the fields of its mode.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
#[schemars(rename = "OperatorDutySchedule", example = json!({
    "Id": 2272, "ScheduleMode": "Weekly", "WeekDay": "Monday", "StartTime": "08:00", "EndTime": "17:00"
}))]
pub struct DutyScheduleBody {
    id: ScheduleId,
    schedule_mode: ScheduleMode,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_date_time: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_date_time: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    week_day: Option<WeekDay>,
    #[serde(skip_serializing_if = "Option::is_none")]
    month_day: Option<MonthDay>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_time: Option<TimeOfDay>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time: Option<TimeOfDay>,
}

impl From<&DutySchedule> for DutyScheduleBody {
    fn from(schedule: &DutySchedule) -> Self {
        let (dates, week_day, month_day, hours) = match schedule.recurrence {
            Recurrence::OneTime { start, end } => (Some((start, end)), None, None, None),
            Recurrence::Daily { hours } => (None, None, None, Some(hours)),
            Recurrence::Weekly { day, hours } => (None, Some(day), None, Some(hours)),
            Recurrence::Monthly { day, hours } => (None, None, Some(day), Some(hours)),
        };
        let (start_date_time, end_date_time) = dates.unzip();
        let (start_time, end_time) = hours.map(|hours| (hours.start(), hours.end())).unzip();
        Self {
            id: schedule.id,
            schedule_mode: schedule.recurrence.mode(),
            start_date_time,
            end_date_time,
            week_day,
            month_day,
            start_time,
            end_time,
        }
    }
}

const SCHEDULE: &str = "OperatorDutyScheduleInput";

fn schedule() -> Value {
    json!({"ScheduleMode": "Weekly", "WeekDay": "Monday", "StartTime": "08:00", "EndTime": "17:00"})
}

/// POST
impl<P> FromBody<P> for Recurrence {
    const NAME: &'static str = SCHEDULE;

    fn example() -> Value {
        schedule()
    }

    fn bind(fields: &mut Fields<'_>, _: Option<&P>) -> Option<Self> {
        recurrence(fields)
    }
}

/// PUT
struct Replacement(Recurrence);

impl<O> FromBody<(O, ScheduleId)> for Replacement {
    const NAME: &'static str = SCHEDULE;

    fn example() -> Value {
        schedule()
    }

    fn bind(fields: &mut Fields<'_>, path: Option<&(O, ScheduleId)>) -> Option<Self> {
        fields.agrees("Id", path.map(|(_, id)| id), id);
        recurrence(fields).map(Self)
    }
}

async fn list<O: Owner>(
    Extension(slot): Extension<Arc<Slot>>,
    Path(owner): Path<O>,
) -> Result<Json<Vec<DutyScheduleBody>>> {
    let schedules = slot.account.schedules_of(owner.into())?;
    Ok(Json::list(schedules.values().map(DutyScheduleBody::from)))
}

async fn create<O: Owner>(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Bound(owner, draft): Bound<O, Recurrence>,
) -> Result<Created<Json<DutyScheduleBody>>> {
    let schedule = service::duty_schedule::create(&state, &caller, owner.into(), draft).await?;
    Ok(Created(Json::of(&DutyScheduleBody::from(&schedule))))
}

async fn add_for_all(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Bound(group, draft): Bound<OperatorGroupGuid, Recurrence>,
) -> Result<NoContent> {
    service::duty_schedule::create(&state, &caller, group.into(), draft).await?;
    Ok(NoContent)
}

async fn replace<O: Owner>(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Bound((owner, id), draft): Bound<(O, ScheduleId), Replacement>,
) -> Result<NoContent> {
    let draft = draft.map(|Replacement(recurrence)| recurrence);
    service::duty_schedule::update(&state, &caller, owner.into(), id, draft).await?;
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
