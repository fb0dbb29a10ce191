//! Binding of the fields of bodies and seeds that say when a duty schedule applies.

use super::{Fields, Part};
use crate::domain::duty_schedule::{RecurrenceParts, ScheduleMode};
use crate::domain::input::FieldValue;
use crate::domain::value::FromNode;
use crate::domain::{Problems, Recurrence, Restore};

/// Binds the fields that say when a schedule applies.
pub fn recurrence(fields: &mut Fields<'_>) -> Option<Recurrence> {
    let parts = RecurrenceParts {
        mode: value(fields, "ScheduleMode"),
        start_date_time: value(fields, "StartDateTime"),
        end_date_time: value(fields, "EndDateTime"),
        week_day: value(fields, "WeekDay"),
        month_day: value(fields, "MonthDay"),
        start_time: value(fields, "StartTime"),
        end_time: value(fields, "EndTime"),
    };
    let kinds = ScheduleMode::ALL.map(|mode| (mode.into(), mode.fields()));
    fields.kinds("ScheduleMode", kinds);
    if fields.is_kept() {
        let restored = parts.restore();
        return restored.or_else(|| fields.malformed("ScheduleMode", "lacks one of its fields"));
    }
    let mut problems = Problems::default();
    let recurrence = parts.join(&mut problems);
    fields.append(problems);
    recurrence
}

fn value<T: FromNode + Restore>(fields: &mut Fields<'_>, name: &str) -> FieldValue<T> {
    match fields.get(name) {
        Some(node) if fields.is_kept() && !node.is_null() => fields.restore(name, node),
        _ => fields.value(name),
    }
}

/// `None` if the fields are not valid; the problems are collected in `fields`.
impl Part for Option<Recurrence> {
    fn bind(fields: &mut Fields<'_>) -> Self {
        recurrence(fields)
    }
}
