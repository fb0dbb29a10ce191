//! Off-duty schedules: the times when an operator, or each member of a group, is not alerted.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveTime;
use schemars::{JsonSchema, json_schema};
use serde::{Serialize, Serializer};
use strum::{EnumString, IntoStaticStr, VariantNames};

use super::id::id;
use super::input::FieldValue;
use super::schema::schema;
use super::text::quoted;
use super::value::{formed, from_node, one_of, ruled_number_unless_0};
use super::{Moment, Problems, restore_number, restore_parsed};

id!(
    /// The Id of a schedule: unique in its account, never reused.
    ScheduleId,
    "Id",
    {"type": "integer", "format": "int32"}
);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DutySchedule {
    pub id: ScheduleId,
    pub recurrence: Recurrence,
    /// The group schedule that this one is a copy of; changes of that schedule are applied to its copies.
    pub copy_of: Option<ScheduleId>,
}

/// The times when a schedule applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recurrence {
    OneTime { start: Moment, end: Moment },
    Daily { hours: Hours },
    Weekly { day: WeekDay, hours: Hours },
    Monthly { day: MonthDay, hours: Hours },
}

impl Recurrence {
    pub fn one_time(start: Moment, end: Moment) -> Result<Self, String> {
        if start < end {
            Ok(Self::OneTime { start, end })
        } else {
            Err("must be after the start".to_owned())
        }
    }

    pub fn mode(&self) -> ScheduleMode {
        match self {
            Self::OneTime { .. } => ScheduleMode::OneTime,
            Self::Daily { .. } => ScheduleMode::Daily,
            Self::Weekly { .. } => ScheduleMode::Weekly,
            Self::Monthly { .. } => ScheduleMode::Monthly,
        }
    }
}

/// The fields that describe when a schedule applies; each mode has its own.
#[derive(Debug)]
pub struct RecurrenceParts {
    pub mode: FieldValue<ScheduleMode>,
    pub start_date_time: FieldValue<Moment>,
    pub end_date_time: FieldValue<Moment>,
    pub week_day: FieldValue<WeekDay>,
    pub month_day: FieldValue<MonthDay>,
    pub start_time: FieldValue<TimeOfDay>,
    pub end_time: FieldValue<TimeOfDay>,
}

impl RecurrenceParts {
    /// Combines the fields; their problems are added to `problems`.
    pub fn join(self, problems: &mut Problems) -> Option<Recurrence> {
        let Self {
            mode,
            start_date_time,
            end_date_time,
            week_day,
            month_day,
            start_time,
            end_time,
        } = self;
        let mode = match mode {
            FieldValue::Value(mode) => Some(mode),
            FieldValue::Invalid => None,
            FieldValue::Absent => {
                problems.malformed("ScheduleMode", "is required");
                None
            }
        };
        let start = check_mode(problems, "StartDateTime", start_date_time, mode);
        let end = check_mode(problems, "EndDateTime", end_date_time, mode);
        let week_day = check_mode(problems, "WeekDay", week_day, mode);
        let month_day = check_mode(problems, "MonthDay", month_day, mode);
        let start_time = check_mode(problems, "StartTime", start_time, mode);
        let end_time = check_mode(problems, "EndTime", end_time, mode);

        let mut refuse = |name: &str, error: String| problems.refused(name, error);
        if mode? == ScheduleMode::OneTime {
            return Recurrence::one_time(start?, end?)
                .map_err(|error| refuse("EndDateTime", error))
                .ok();
        }
        let hours = Hours::new(start_time?, end_time?)
            .map_err(|error| refuse("EndTime", error))
            .ok()?;
        match (week_day, month_day) {
            (Some(day), _) => Some(Recurrence::Weekly { day, hours }),
            (_, Some(day)) => Some(Recurrence::Monthly { day, hours }),
            (None, None) if mode? == ScheduleMode::Daily => Some(Recurrence::Daily { hours }),
            (None, None) => None,
        }
    }

    /// Restores a saved recurrence without checking its rules. Returns `None` if a field of the mode is missing.
    pub fn restore(self) -> Option<Recurrence> {
        let start_time = self.start_time.value();
        let hours = start_time.zip(self.end_time.value());
        let hours = hours.map(|(start, end)| Hours { start, end });
        Some(match self.mode.value()? {
            ScheduleMode::OneTime => Recurrence::OneTime {
                start: self.start_date_time.value()?,
                end: self.end_date_time.value()?,
            },
            ScheduleMode::Daily => Recurrence::Daily { hours: hours? },
            ScheduleMode::Weekly => Recurrence::Weekly {
                day: self.week_day.value()?,
                hours: hours?,
            },
            ScheduleMode::Monthly => Recurrence::Monthly {
                day: self.month_day.value()?,
                hours: hours?,
            },
        })
    }
}

/// Checks a field against the mode: "you are expected to only specify the parameters that are relevant to the schedule type
/// you’re creating" (operator API). A field that the mode needs is required, one of another mode is refused; with an unknown
/// mode, neither is checked.
fn check_mode<T>(
    problems: &mut Problems,
    name: &str,
    value: FieldValue<T>,
    mode: Option<ScheduleMode>,
) -> Option<T> {
    match (value, mode.map(|mode| mode.fields().contains(&name))) {
        (FieldValue::Absent, Some(true)) => {
            problems.malformed(name, "is required for this ScheduleMode");
            None
        }
        (FieldValue::Value(_), Some(false)) => {
            problems.refused(name, "does not belong to this ScheduleMode; leave it out");
            None
        }
        (FieldValue::Value(value), _) => Some(value),
        (FieldValue::Absent | FieldValue::Invalid, _) => None,
    }
}

/// "Possible values: OneTime, Daily, Weekly, Monthly" (operator API, duty schedule object).
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    JsonSchema,
    EnumString,
    IntoStaticStr,
    VariantNames,
)]
#[strum(ascii_case_insensitive)]
#[schemars(rename = "OperatorScheduleMode")]
pub enum ScheduleMode {
    OneTime,
    Daily,
    Weekly,
    Monthly,
}

from_node!(ScheduleMode, Text, one_of, empty Blank);

impl ScheduleMode {
    pub const ALL: [Self; 4] = [Self::OneTime, Self::Daily, Self::Weekly, Self::Monthly];

    /// Returns the fields of a schedule of this mode: all of them are required, and no others are allowed.
    pub fn fields(self) -> &'static [&'static str] {
        match self {
            Self::OneTime => &["StartDateTime", "EndDateTime"],
            Self::Daily => &["StartTime", "EndTime"],
            Self::Weekly => &["WeekDay", "StartTime", "EndTime"],
            Self::Monthly => &["MonthDay", "StartTime", "EndTime"],
        }
    }
}

#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    JsonSchema,
    EnumString,
    IntoStaticStr,
    VariantNames,
)]
#[strum(ascii_case_insensitive)]
#[schemars(rename = "DayOfWeek")]
pub enum WeekDay {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

from_node!(WeekDay, Text, one_of, empty Blank);

/// A day of the month, 1 to 31.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct MonthDay(i32);

impl MonthDay {
    pub fn get(self) -> i32 {
        self.0
    }
}

impl TryFrom<i32> for MonthDay {
    type Error = String;

    fn try_from(day: i32) -> Result<Self, String> {
        if (1..=31).contains(&day) {
            Ok(Self(day))
        } else {
            Err(format!("{day} is not a day of the month, 1 to 31"))
        }
    }
}

restore_number!(MonthDay);

from_node!(MonthDay, Number, ruled_number_unless_0, empty Zero);

schema!(
    MonthDay,
    |_| json_schema!({"type": "integer", "format": "int32", "minimum": 1, "maximum": 31})
);

/// The hours from one time of day to another; if the end is before the start, they run past midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    start: TimeOfDay,
    end: TimeOfDay,
}

impl Hours {
    pub fn new(start: TimeOfDay, end: TimeOfDay) -> Result<Self, String> {
        if start == end {
            Err("must differ from the start".to_owned())
        } else {
            Ok(Self { start, end })
        }
    }

    pub fn start(self) -> TimeOfDay {
        self.start
    }

    pub fn end(self) -> TimeOfDay {
        self.end
    }
}

/// "Format: “HH:mm”, in 24-hour format" (operator API, duty schedule object).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeOfDay(NaiveTime);

impl FromStr for TimeOfDay {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let trimmed = text.trim();
        NaiveTime::parse_from_str(trimmed, "%H:%M")
            .map(Self)
            .ok()
            // Chrono reads 8:30 and 08: 3 as well, which the API does not.
            .filter(|time| time.to_string() == trimmed)
            .ok_or_else(|| format!("{} is not a time of day; write it as 08:30", quoted(text)))
    }
}

restore_parsed!(TimeOfDay, ScheduleMode, WeekDay);

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.format("%H:%M").fmt(f)
    }
}

impl Serialize for TimeOfDay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

from_node!(TimeOfDay, Text, formed, empty Blank);

schema!(
    TimeOfDay,
    |_| json_schema!({"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"})
);

#[cfg(test)]
mod tests {
    use super::{Hours, TimeOfDay};

    #[test]
    fn times_of_day_have_two_digits_each() {
        for good in ["00:00", "08:30", "23:59"] {
            assert_eq!(good.parse::<TimeOfDay>().unwrap().to_string(), good);
        }
        for bad in [
            "", "8:30", "24:00", "08:60", "08:30:00", "08.30", "+8:30", "8:30 ", "08: 3", "8: 30",
        ] {
            assert!(bad.parse::<TimeOfDay>().is_err(), "{bad}");
        }
    }

    #[test]
    fn hours_may_run_past_midnight_but_not_be_empty() {
        let hours =
            |start: &str, end: &str| Hours::new(start.parse().unwrap(), end.parse().unwrap());
        assert!(hours("22:00", "06:00").is_ok());
        assert!(hours("08:00", "08:00").is_err());
    }
}
