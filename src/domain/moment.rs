//! Points in time as the API writes them: UTC, to the second.

use std::fmt;
use std::str::FromStr;

use chrono::{
    DateTime, Datelike as _, Months, NaiveDate, NaiveDateTime, TimeDelta, Timelike as _, Utc,
};
use schemars::json_schema;
use serde::{Serialize, Serializer};

use super::node::Node;
use super::restore_parsed;
use super::schema::schema;
use super::text::quoted;
use super::value::{Mismatch, formed, from_node};

/// A point in time, written `2025-11-11T21:18:01` and read with or without offset and fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(NaiveDateTime);

impl Moment {
    /// Formats the moment as `LastUsed`: `25/06/2026 19:37:59`.
    pub fn day_first(self) -> String {
        self.0.format("%d/%m/%Y %H:%M:%S").to_string()
    }

    /// Formats the moment for people: `2026-06-25 19:37:59`.
    pub fn readable(self) -> String {
        self.0.format("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// Parses the format of `LastUsed`.
    pub fn from_day_first(text: &str) -> Option<Self> {
        NaiveDateTime::parse_from_str(text.trim(), "%d/%m/%Y %H:%M:%S")
            .ok()
            .filter(|at| (1..=9999).contains(&at.year()))
            .map(Self::from)
    }

    pub fn day(self) -> NaiveDate {
        self.0.date()
    }

    /// Returns the time from an earlier moment to this one.
    pub fn since(self, earlier: Self) -> TimeDelta {
        self.0 - earlier.0
    }

    /// Adds a duration. Returns `None` if the result is outside the years that can be written.
    pub fn checked_add(self, by: TimeDelta) -> Option<Self> {
        self.0.checked_add_signed(by).and_then(Self::in_range)
    }

    /// Adds a duration. The result is limited to the first and the last moment that can be written.
    #[must_use]
    pub fn saturating_add(self, by: TimeDelta) -> Self {
        self.checked_add(by).unwrap_or_else(|| {
            if by < TimeDelta::zero() {
                Self::first()
            } else {
                Self::last()
            }
        })
    }

    pub fn checked_add_months(self, months: Months) -> Option<Self> {
        self.0.checked_add_months(months).and_then(Self::in_range)
    }

    /// Returns a moment, if its year can be written with four digits.
    fn in_range(at: NaiveDateTime) -> Option<Self> {
        (1..=9999).contains(&at.year()).then(|| at.into())
    }

    pub fn year(self) -> i32 {
        self.0.year()
    }

    /// Returns whether this is the date that generated clients send for one that was never set.
    pub fn is_unset(self) -> bool {
        self == Self::first()
    }

    /// Returns the first moment that can be written.
    fn first() -> Self {
        let day = NaiveDate::from_ymd_opt(1, 1, 1);
        day.and_then(|day| day.and_hms_opt(0, 0, 0))
            .expect("the moment is in the calendar")
            .into()
    }

    /// Returns the last moment that can be written.
    fn last() -> Self {
        let day = NaiveDate::from_ymd_opt(9999, 12, 31);
        day.and_then(|day| day.and_hms_opt(23, 59, 59))
            .expect("the moment is in the calendar")
            .into()
    }
}

impl From<NaiveDateTime> for Moment {
    fn from(at: NaiveDateTime) -> Self {
        Self(at.with_nanosecond(0).expect("every second has a start"))
    }
}

impl From<DateTime<Utc>> for Moment {
    fn from(at: DateTime<Utc>) -> Self {
        at.naive_utc().into()
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let trimmed = text.trim();
        let with_offset = || DateTime::parse_from_rfc3339(trimmed).ok();
        NaiveDateTime::parse_from_str(trimmed, "%Y-%m-%dT%H:%M:%S%.f")
            .ok()
            // Chrono reads 2025-1-1T8:0: 0 as well, which the API does not.
            .filter(|at| trimmed.starts_with(&Self::from(*at).to_string()))
            .or_else(|| with_offset().map(|at| at.naive_utc()))
            .and_then(Self::in_range)
            .ok_or_else(|| {
                format!(
                    "{} is not a date and time; write it as 2025-11-11T21:18:01",
                    quoted(text)
                )
            })
    }
}

restore_parsed!(Moment);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}T{}", self.0.date(), self.0.time())
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Reads a moment; the one that generated clients send for an unset date counts as absent.
fn read_unless_unset(node: &Node) -> Result<Option<Moment>, Mismatch> {
    let moment = formed::<Moment>(node)?;
    Ok(moment.filter(|moment| !moment.is_unset()))
}

from_node!(Moment, Text, read_unless_unset, empty Blank);

// Input may omit the offset that `date-time` requires (RFC 3339), and the first year means no date at all; output has no offset,
// which makes it a `date-time-local` (OpenAPI's registry of formats).
schema!(Moment, |generator| {
    if generator.contract().is_deserialize() {
        json_schema!({"type": "string", "format": "date-time", "pattern": "^(?!000[01]|9999)"})
    } else {
        json_schema!({
            "type": "string",
            "format": "date-time-local",
            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}$"
        })
    }
});

#[cfg(test)]
mod tests {
    use super::Moment;

    #[test]
    fn offsets_and_fractions_are_read_and_utc_seconds_are_written() {
        for (text, written) in [
            ("2025-11-11T21:18:01", "2025-11-11T21:18:01"),
            ("2025-11-11T21:18:01.987", "2025-11-11T21:18:01"),
            ("2025-11-11T21:18:01.9876543Z", "2025-11-11T21:18:01"),
            ("2025-11-11T21:18:01+02:00", "2025-11-11T19:18:01"),
            ("0001-01-01T00:00:00", "0001-01-01T00:00:00"),
        ] {
            assert_eq!(text.parse::<Moment>().unwrap().to_string(), written);
        }
    }

    #[test]
    fn an_invalid_date_and_time_is_rejected() {
        for text in [
            "",
            "2025-11-11",
            "21:18:01",
            "2025-13-01T00:00:00",
            "0001-01-01T00:00:00+02:00",
            "+12025-01-01T00:00:00",
            "2025-1-1T8:0:0",
            "2025-11-11T21:18: 1",
        ] {
            assert!(text.parse::<Moment>().is_err(), "{text}");
        }
    }
}
