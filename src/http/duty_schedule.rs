//! `…/DutySchedule` below an operator and below a group.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post, put};
use axum::{Extension, Router};
use serde::Serialize;

use super::body::{Fields, id};
use super::extract::{Bound, FromBody, Json, Path, Segment};
use crate::AppState;
use crate::domain::account::ScheduleOwner;
use crate::domain::draft::Sent;
use crate::domain::duty_schedule::{MonthDay, RecurrenceParts, ScheduleMode, WeekDay};
use crate::domain::text::word;
use crate::domain::{
    Caller, DutySchedule, Moment, OperatorGroupGuid, OperatorGuid, Patch, Problems, Recurrence,
    ScheduleId,
};
use crate::error::Result;
use crate::service;
use crate::store::Slot;

pub fn routes() -> Router<AppState> {
    Router::new()
        .route(
            "/Operator/{operatorGuid}/DutySchedule",
            get(list::<OperatorGuid>).post(create::<OperatorGuid>),
        )
        .route(
            "/Operator/{operatorGuid}/DutySchedule/{dutyScheduleId}",
            put(replace::<OperatorGuid>).delete(delete::<OperatorGuid>),
        )
        .route(
            "/OperatorGroup/{operatorGroupGuid}/DutySchedule",
            get(list::<OperatorGroupGuid>).post(create::<OperatorGroupGuid>),
        )
        .route(
            "/OperatorGroup/{operatorGroupGuid}/DutySchedule/{dutyScheduleId}",
            put(replace::<OperatorGroupGuid>).delete(delete::<OperatorGroupGuid>),
        )
        .route(
            "/OperatorGroup/{operatorGroupGuid}/DutySchedule/AddDutyScheduleForAllMembers",
            post(add_for_all),
        )
}

/// What schedules belong to, as a path names it.
trait Owner: Segment + Into<ScheduleOwner> + Send + 'static {}

impl Owner for OperatorGuid {}
impl Owner for OperatorGroupGuid {}

/// A schedule as the API writes it: only the fields of its mode.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct DutyScheduleBody {
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
    start_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time: Option<String>,
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
        let (start_time, end_time) = hours
            .map(|hours| (hours.start().to_string(), hours.end().to_string()))
            .unzip();
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

/// POST
impl<P> FromBody<P> for Recurrence {
    fn bind(fields: &mut Fields, _: Option<&P>) -> Option<Self> {
        recurrence(fields)
    }
}

/// PUT
struct Replacement(Recurrence);

impl<O> FromBody<(O, ScheduleId)> for Replacement {
    fn bind(fields: &mut Fields, path: Option<&(O, ScheduleId)>) -> Option<Self> {
        fields.agrees("Id", path.map(|(_, id)| id), id);
        recurrence(fields).map(Self)
    }
}

fn recurrence(fields: &mut Fields) -> Option<Recurrence> {
    let parts = RecurrenceParts {
        mode: fields.value("ScheduleMode", word),
        start_date_time: date_time(fields, "StartDateTime"),
        end_date_time: date_time(fields, "EndDateTime"),
        week_day: fields.value("WeekDay", word),
        month_day: month_day(fields),
        start_time: fields.value("StartTime", str::parse),
        end_time: fields.value("EndTime", str::parse),
    };
    let mut problems = Problems::default();
    let recurrence = parts.join(&mut problems);
    fields.append(problems);
    recurrence
}

fn month_day(fields: &mut Fields) -> Sent<MonthDay> {
    match fields.number("MonthDay") {
        Patch::Set(day) => Sent::Value(day),
        Patch::Keep | Patch::Clear if fields.is_given("MonthDay") => Sent::Wrong,
        Patch::Keep | Patch::Clear => Sent::Absent,
    }
}

/// A date and time; the one that generated clients send for none counts as absent.
fn date_time(fields: &mut Fields, name: &str) -> Sent<Moment> {
    match fields.value(name, str::parse::<Moment>) {
        Sent::Value(moment) if moment.is_unset() => Sent::Absent,
        sent => sent,
    }
}

/// `Operator_GetDutyScheduleForOperator`
async fn list<O: Owner>(
    Extension(slot): Extension<Arc<Slot>>,
    Path(owner): Path<O>,
) -> Result<Json<Vec<DutyScheduleBody>>> {
    let schedules = slot.account.schedules_of(owner.into())?;
    Ok(Json(
        schedules.values().map(DutyScheduleBody::from).collect(),
    ))
}

/// `Operator_AddDutyPeriodForOperator`. The Swagger file says "No content is returned"; the document shows the content.
async fn create<O: Owner>(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Bound(owner, draft): Bound<O, Recurrence>,
) -> Result<(StatusCode, Json<DutyScheduleBody>)> {
    let schedule = service::duty_schedule::create(&state, &caller, owner.into(), draft).await?;
    Ok((StatusCode::CREATED, Json((&schedule).into())))
}

/// `OperatorGroup_AddDutyScheduleToAllMembers`
async fn add_for_all(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Bound(group, draft): Bound<OperatorGroupGuid, Recurrence>,
) -> Result<StatusCode> {
    service::duty_schedule::create(&state, &caller, group.into(), draft).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `Operator_UpdateDutyPeriodForOperator`
async fn replace<O: Owner>(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Bound((owner, id), draft): Bound<(O, ScheduleId), Replacement>,
) -> Result<StatusCode> {
    let draft = draft.map(|Replacement(recurrence)| recurrence);
    service::duty_schedule::update(&state, &caller, owner.into(), id, draft).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `Operator_DeleteDutyScheduleFromOperator`
async fn delete<O: Owner>(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path((owner, id)): Path<(O, ScheduleId)>,
) -> Result<StatusCode> {
    service::duty_schedule::delete(&state, &caller, owner.into(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}
