//! Off-duty schedules as JSON objects.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::FromBody;
use crate::bind::{Fields, id, recurrence};
use crate::domain::duty_schedule::{MonthDay, ScheduleMode, TimeOfDay, WeekDay};
use crate::domain::{DutySchedule, Moment, Recurrence, ScheduleId};

/// A schedule, as the API returns it: only the fields of its mode.
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

/// The body of a POST.
impl<P> FromBody<P> for Recurrence {
    const NAME: &'static str = "OperatorDutyScheduleInput";

    fn example() -> Value {
        json!({"ScheduleMode": "Weekly", "WeekDay": "Monday", "StartTime": "08:00", "EndTime": "17:00"})
    }

    fn bind(fields: &mut Fields<'_>, _: Option<&P>) -> Option<Self> {
        recurrence(fields)
    }
}

/// The body of a PUT.
pub struct Replacement(pub Recurrence);

impl<O> FromBody<(O, ScheduleId)> for Replacement {
    const NAME: &'static str = <Recurrence as FromBody<O>>::NAME;

    fn example() -> Value {
        <Recurrence as FromBody<O>>::example()
    }

    fn bind(fields: &mut Fields<'_>, path: Option<&(O, ScheduleId)>) -> Option<Self> {
        fields.agrees("Id", path.map(|(_, id)| id), id);
        Recurrence::bind(fields, path).map(Self)
    }
}
