//! The clock that testers can freeze or move.

use chrono::{Months, TimeDelta};
use schemars::json_schema;

use crate::domain::text::quoted;
use crate::domain::value::{from_node, parsed};
use crate::domain::{Moment, restore_parsed, schema};

/// The relation of the emulator's time to the system time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Clock {
    /// Shows the system time.
    #[default]
    Running,
    /// Runs with this offset from the system time.
    Moved(TimeDelta),
    /// Stands still.
    Frozen(Moment),
}

/// The error message for a clock that cannot be moved to a time.
pub const OUT_OF_RANGE: &str = "the clock shows the years 1 to 9999 only";

impl Clock {
    /// Returns the time of the clock at the system time `system`.
    pub fn now(self, system: Moment) -> Moment {
        match self {
            Self::Running => system,
            Self::Moved(offset) => system.saturating_add(offset),
            Self::Frozen(at) => at,
        }
    }

    /// Returns the clock set to a time; it stays frozen or keeps running.
    #[must_use]
    pub fn set(self, to: Moment, system: Moment) -> Self {
        match self {
            Self::Frozen(_) => Self::Frozen(to),
            Self::Running | Self::Moved(_) => Self::Moved(to.since(system)),
        }
    }

    pub fn mode(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Moved(_) => "moved",
            Self::Frozen(_) => "frozen",
        }
    }
}

/// An ISO 8601 duration: `P31D`, `PT90S`, `P1Y2M10DT2H30M`, `P2W`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Period {
    months: u32,
    rest: TimeDelta,
}

impl Period {
    /// Returns the moment that lies this period after another.
    pub fn after(self, moment: Moment) -> Result<Moment, String> {
        moment
            .checked_add_months(Months::new(self.months))
            .and_then(|moment| moment.checked_add(self.rest))
            .ok_or_else(|| OUT_OF_RANGE.to_owned())
    }
}

restore_parsed!(Period);

from_node!(Period, Text, parsed);

schema!(
    Period,
    |_| json_schema!({"type": "string", "pattern": "^P"})
);

impl std::str::FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let invalid = || {
            format!(
                "{} is not an ISO 8601 duration; write it as P31D or PT1H30M",
                quoted(text)
            )
        };
        let parts = text.trim().strip_prefix('P').ok_or_else(invalid)?;
        let (date, time) = match parts.split_once('T') {
            Some((_, "")) => return Err(invalid()),
            Some(both) => both,
            None => (parts, ""),
        };
        let mut period = Self::default();
        let mut units_read = 0;
        for (part, units) in [(date, "YMWD"), (time, "HMS")] {
            // Each unit may occur once, in descending order.
            let (mut rest, mut units) = (part, units);
            while let Some(end) = rest.find(|character: char| !character.is_ascii_digit()) {
                let number: u32 = rest[..end].parse().map_err(|_| invalid())?;
                let unit = rest[end..].chars().next().ok_or_else(invalid)?;
                let at = units.find(unit).ok_or_else(invalid)?;
                let is_time = units.ends_with('S');
                (rest, units) = (&rest[end + 1..], &units[at + 1..]);
                let seconds = match (unit, is_time) {
                    ('Y', _) => {
                        period.months = number
                            .checked_mul(12)
                            .and_then(|months| period.months.checked_add(months))
                            .ok_or_else(invalid)?;
                        0
                    }
                    ('M', false) => {
                        period.months = period.months.checked_add(number).ok_or_else(invalid)?;
                        0
                    }
                    ('W', _) => 7 * 86_400,
                    ('D', _) => 86_400,
                    ('H', _) => 3_600,
                    ('M', true) => 60,
                    _ => 1,
                };
                period.rest += TimeDelta::seconds(i64::from(number) * seconds);
                units_read += 1;
            }
            if !rest.is_empty() {
                return Err(invalid());
            }
        }
        if units_read == 0 {
            Err(invalid())
        } else {
            Ok(period)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Clock, Period};
    use crate::domain::Moment;

    fn moment(text: &str) -> Moment {
        text.parse().unwrap()
    }

    #[test]
    fn setting_a_clock_keeps_it_frozen_or_running() {
        let (noon, one, later) = (
            moment("2026-01-01T12:00:00"),
            moment("2026-01-01T13:00:00"),
            moment("2030-06-01T00:00:00"),
        );
        assert_eq!(Clock::Running.now(noon), noon);
        assert_eq!(Clock::Frozen(later).now(noon), later);
        assert_eq!(Clock::Frozen(noon).set(later, noon).now(one), later);
        assert_eq!(
            Clock::Running.set(later, noon).now(one),
            moment("2030-06-01T01:00:00")
        );
    }

    #[test]
    fn a_clock_stops_at_the_limits_of_the_date_format() {
        let now = moment("2026-01-01T12:00:00");
        for (end, system) in [
            ("9999-12-31T23:59:59", "2026-01-01T12:00:09"),
            ("0001-01-01T00:00:00", "2026-01-01T11:59:51"),
        ] {
            let clock = Clock::Running.set(moment(end), now);
            assert_eq!(clock.now(moment(system)), moment(end));
        }
    }

    #[test]
    fn periods_are_added_according_to_the_calendar() {
        for (period, after) in [
            ("P31D", "2026-03-03T12:00:00"),
            ("P1M", "2026-02-28T12:00:00"),
            ("P1Y2M10DT2H30M", "2027-04-10T14:30:00"),
            ("P2W", "2026-02-14T12:00:00"),
            ("PT90S", "2026-01-31T12:01:30"),
        ] {
            let period: Period = period.parse().unwrap();
            assert_eq!(
                period.after(moment("2026-01-31T12:00:00")).unwrap(),
                moment(after)
            );
        }
        for invalid in [
            "",
            "P",
            "PT",
            "31D",
            "P31",
            "P-1D",
            "PD",
            "P1D1D",
            "P1DT",
            "PT1D",
            "P1H",
            "P1.5D",
            "P1MT",
            "PP1D",
            "P99999999999D",
        ] {
            assert!(invalid.parse::<Period>().is_err(), "{invalid}");
        }
        assert!(
            "P9999Y"
                .parse::<Period>()
                .unwrap()
                .after(moment("2026-01-31T12:00:00"))
                .is_err()
        );
    }
}
