//! `…/DutySchedule` below an operator and below a group.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post, put};
use axum::{Extension, Router};
use serde::Serialize;

use super::body::{Fields, Sent, id};
use super::extract::{Bound, FromBody, Json, Path, Segment};
use crate::AppState;
use crate::domain::account::ScheduleOwner;
use crate::domain::duty_schedule::{Hours, MonthDay, ScheduleMode, TimeOfDay, WeekDay};
use crate::domain::text::word;
use crate::domain::{
    Caller, DutySchedule, Moment, OperatorGroupGuid, OperatorGuid, Patch, Recurrence, ScheduleId,
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
    let mode: Option<ScheduleMode> = fields.required_word("ScheduleMode");
    let is_one_of = |modes: &[ScheduleMode]| mode.map(|mode| modes.contains(&mode));
    let one_time = is_one_of(&[ScheduleMode::OneTime]);
    let recurring = is_one_of(&[
        ScheduleMode::Daily,
        ScheduleMode::Weekly,
        ScheduleMode::Monthly,
    ]);

    let start_date_time = date_time(fields, "StartDateTime");
    let start_date_time = of_mode(fields, "StartDateTime", start_date_time, one_time);
    let end_date_time = date_time(fields, "EndDateTime");
    let end_date_time = of_mode(fields, "EndDateTime", end_date_time, one_time);
    let week_day = fields.value("WeekDay", word::<WeekDay>);
    let week_day = of_mode(
        fields,
        "WeekDay",
        week_day,
        is_one_of(&[ScheduleMode::Weekly]),
    );
    let month_day = match fields.number::<MonthDay>("MonthDay") {
        Patch::Set(day) => Sent::Value(day),
        Patch::Keep | Patch::Clear if fields.is_given("MonthDay") => Sent::Wrong,
        Patch::Keep | Patch::Clear => Sent::Absent,
    };
    let month_day = of_mode(
        fields,
        "MonthDay",
        month_day,
        is_one_of(&[ScheduleMode::Monthly]),
    );
    let start_time = fields.value("StartTime", str::parse::<TimeOfDay>);
    let start_time = of_mode(fields, "StartTime", start_time, recurring);
    let end_time = fields.value("EndTime", str::parse::<TimeOfDay>);
    let end_time = of_mode(fields, "EndTime", end_time, recurring);

    let hours = |fields: &mut Fields| fields.judged("EndTime", Hours::new(start_time?, end_time?));
    match mode? {
        ScheduleMode::OneTime => fields.judged(
            "EndDateTime",
            Recurrence::one_time(start_date_time?, end_date_time?),
        ),
        ScheduleMode::Daily => hours(fields).map(|hours| Recurrence::Daily { hours }),
        ScheduleMode::Weekly => {
            let hours = hours(fields);
            Some(Recurrence::Weekly {
                day: week_day?,
                hours: hours?,
            })
        }
        ScheduleMode::Monthly => {
            let hours = hours(fields);
            Some(Recurrence::Monthly {
                day: month_day?,
                hours: hours?,
            })
        }
    }
}

/// A date and time; the one that generated clients send for none counts as absent.
fn date_time(fields: &mut Fields, name: &str) -> Sent<Moment> {
    match fields.value(name, str::parse::<Moment>) {
        Sent::Value(moment) if moment.is_unset() => Sent::Absent,
        sent => sent,
    }
}

/// "you are expected to only specify the parameters that are relevant to the schedule type you’re creating" (operator
/// API): a field that the mode needs is required, one of another mode is refused. What an unknown mode needs, nobody knows.
fn of_mode<T>(
    fields: &mut Fields,
    name: &str,
    sent: Sent<T>,
    is_needed: Option<bool>,
) -> Option<T> {
    match (sent, is_needed) {
        (Sent::Absent, Some(true)) => fields.malformed(name, "is required for this ScheduleMode"),
        (Sent::Value(_), Some(false)) => {
            fields.refused(name, "does not belong to this ScheduleMode; leave it out")
        }
        (Sent::Value(value), _) => Some(value),
        (Sent::Absent | Sent::Wrong, _) => None,
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
