//! Off-duty schedules: when an operator, or each member of a group, is not to be alerted.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveTime;
use serde::Serialize;
use strum::{EnumString, IntoStaticStr, VariantNames};

use super::Moment;
use super::text::quoted;

/// The Id of a schedule: unique in its account, never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, sqlx::Type)]
#[sqlx(transparent)]
#[serde(transparent)]
pub struct ScheduleId(pub i32);

impl fmt::Display for ScheduleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DutySchedule {
    pub id: ScheduleId,
    pub recurrence: Recurrence,
    /// The group schedule that this one is a copy of: its changes reach it.
    pub copy_of: Option<ScheduleId>,
}

/// When a schedule applies.
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

/// "Possible values: OneTime, Daily, Weekly, Monthly" (operator API, duty schedule object).
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    EnumString,
    IntoStaticStr,
    VariantNames,
    sqlx::Type,
)]
#[strum(ascii_case_insensitive)]
pub enum ScheduleMode {
    OneTime,
    Daily,
    Weekly,
    Monthly,
}

#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    EnumString,
    IntoStaticStr,
    VariantNames,
    sqlx::Type,
)]
#[strum(ascii_case_insensitive)]
pub enum WeekDay {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

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

/// From one time of the day to another; an end before the start runs past midnight.
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

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.format("%H:%M").fmt(f)
    }
}

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
    fn hours_may_run_past_midnight_but_not_stand_still() {
        let hours =
            |start: &str, end: &str| Hours::new(start.parse().unwrap(), end.parse().unwrap());
        assert!(hours("22:00", "06:00").is_ok());
        assert!(hours("08:00", "08:00").is_err());
    }
}
