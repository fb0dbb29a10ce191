//! Times of day as .NET writes them.

use std::fmt;
use std::str::FromStr;

use chrono::{NaiveTime, Timelike as _};
use schemars::json_schema;
use serde::Serialize;

use super::restore_parsed;
use super::schema::schema;
use super::text::quoted;
use super::value::{Value, formed, from_node};

/// A time of day to the tenth of a microsecond, as .NET writes a `TimeSpan`: `08:30:00`, `08:30:00.1234567`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct TimeInterval(NaiveTime);

/// The number of nanoseconds in a tick, the last digit of a fraction.
const TICK: u32 = 100;

impl FromStr for TimeInterval {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let trimmed = text.trim();
        let (seconds, fraction) = trimmed.split_once('.').unwrap_or((trimmed, "0"));
        let is_fraction = (1..=7).contains(&fraction.len());
        NaiveTime::parse_from_str(&format!("{seconds}.{fraction}"), "%H:%M:%S%.f")
            .ok()
            // Chrono reads 8:0:0 and the leap second 23:59:60 as well.
            .filter(|time| is_fraction && time.format("%H:%M:%S").to_string() == seconds)
            .filter(|time| time.nanosecond() < 1_000_000_000)
            .map(Self)
            .ok_or_else(|| {
                format!(
                    "{} is not a time interval below 24 hours; write it as 08:30:00 or 08:30:00.1234567",
                    quoted(text)
                )
            })
    }
}

restore_parsed!(TimeInterval);

impl fmt::Display for TimeInterval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hour, minute, second) = (self.0.hour(), self.0.minute(), self.0.second());
        write!(f, "{hour:02}:{minute:02}:{second:02}")?;
        match self.0.nanosecond() / TICK {
            0 => Ok(()),
            ticks => write!(f, ".{ticks:07}"),
        }
    }
}

impl Serialize for TimeInterval {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

from_node!(TimeInterval, Text, formed, empty Blank);

impl Value for TimeInterval {
    fn unset() -> Option<Self> {
        Some(Self::default())
    }
}

schema!(TimeInterval, |_| json_schema!({
    "type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,7})?$"
}));

#[cfg(test)]
mod tests {
    use super::TimeInterval;

    #[test]
    fn time_intervals_are_those_of_dot_net_below_24_hours() {
        for (text, written) in [
            ("00:00:00", "00:00:00"),
            ("23:59:59.9999999", "23:59:59.9999999"),
            ("00:00:00.1234567", "00:00:00.1234567"),
            ("08:30:00.5", "08:30:00.5000000"),
            (" 08:30:00.0000000 ", "08:30:00"),
        ] {
            let interval: TimeInterval = text.parse().unwrap();
            assert_eq!(interval.to_string(), written);
        }
        for text in [
            "",
            "08:30",
            "8:30:00",
            "24:00:00",
            "23:59:60",
            "1.00:00:00",
            "-01:00:00",
            "08:30:00.",
            "08:30:00.12345678",
            "08:30:00.x",
        ] {
            assert!(text.parse::<TimeInterval>().is_err(), "{text}");
        }
    }
}
