//! The time zones of the API. Their offsets and transitions are those of the time zone database; only Ids and names are ours.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, LazyLock};

use chrono::{Datelike as _, NaiveDate, NaiveDateTime, Offset as _, TimeDelta, TimeZone as _};
use chrono_tz::Tz;
use schemars::json_schema;
use serde::Serialize;

use super::schema::schema;
use super::text::whole_number;
use super::value::{Value, from_node, ruled_number};
use super::{Moment, restore_number};

/// The Id of a time zone in the table of time zones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct TimeZoneId(i32);

impl TimeZoneId {
    pub fn get(self) -> i32 {
        self.0
    }
}

impl TryFrom<i32> for TimeZoneId {
    type Error = String;

    fn try_from(id: i32) -> Result<Self, String> {
        if ZONES.iter().any(|(zone, _, _)| *zone == id) {
            Ok(Self(id))
        } else {
            Err(format!("there is no time zone {id}; see /Timezone"))
        }
    }
}

restore_number!(TimeZoneId);

impl FromStr for TimeZoneId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::try_from(whole_number(text)?)
    }
}

impl fmt::Display for TimeZoneId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

from_node!(TimeZoneId, Number, ruled_number);

impl Value for TimeZoneId {
    fn unset() -> Option<Self> {
        None
    }
}

schema!(TimeZoneId, |_| {
    let ids = || ZONES.iter().map(|(id, _, _)| *id);
    json_schema!({"type": "integer", "format": "int32", "minimum": ids().min(), "maximum": ids().max()})
});

/// A time zone, with its daylight saving in one year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timezone {
    pub id: i32,
    pub description: String,
    pub offset_from_utc: i32,
    pub daylight_saving: Option<DaylightSaving>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DaylightSaving {
    /// In minutes.
    pub offset: i32,
    /// In UTC; `None` in a year without daylight saving.
    pub start: Option<Moment>,
    pub end: Option<Moment>,
}

/// The year from which descriptions, offsets and whether there is daylight saving are taken, whatever the clock says, so that a
/// zone does not change; the dates of daylight saving are those of the requested year.
const REFERENCE_YEAR: i32 = 2026;

/// Returns all time zones in the order of their Ids, with their daylight saving in `year`.
pub fn timezones(year: i32) -> Arc<[Timezone]> {
    TIMEZONES.iter().map(|zone| in_year(zone, year)).collect()
}

static TIMEZONES: LazyLock<Vec<(Option<Tz>, Timezone)>> =
    LazyLock::new(|| ZONES.iter().map(in_reference_year).collect());

fn in_reference_year((id, tz, places): &(i32, Option<Tz>, &str)) -> (Option<Tz>, Timezone) {
    let Some(tz) = tz else {
        // Zone 2 of the documentation has southern daylight saving, and no counterpart in the time zone database.
        let zone = Timezone {
            id: *id,
            description: description(360, Some('#'), places),
            offset_from_utc: 360,
            daylight_saving: Some(DaylightSaving {
                offset: 60,
                start: None,
                end: None,
            }),
        };
        return (None, zone);
    };
    let transitions = transitions(*tz, REFERENCE_YEAR);
    let first = offset(*tz, start_of(REFERENCE_YEAR));
    let offsets = || {
        transitions
            .iter()
            .map(|transition| transition.after)
            .chain([first])
    };
    let standard = offsets().min().unwrap_or(first);
    let daylight = offsets().max().unwrap_or(first);
    let (mark, daylight_saving) = match (first_start(&transitions), last_end(&transitions)) {
        (Some(start), Some(end)) => (
            Some(if start < end { '*' } else { '#' }),
            Some(DaylightSaving {
                offset: daylight - standard,
                start: None,
                end: None,
            }),
        ),
        _ => (None, None),
    };
    let zone = Timezone {
        id: *id,
        description: description(standard, mark, places),
        offset_from_utc: standard,
        daylight_saving,
    };
    (Some(*tz), zone)
}

fn in_year((tz, zone): &(Option<Tz>, Timezone), year: i32) -> Timezone {
    let mut zone = zone.clone();
    if let (Some(tz), Some(daylight_saving)) = (tz, &mut zone.daylight_saving) {
        let transitions = transitions(*tz, year);
        daylight_saving.start = first_start(&transitions);
        daylight_saving.end = last_end(&transitions);
    }
    zone
}

/// Formats a description as in the documentation: "GMT-06:00* Central time".
fn description(offset: i32, mark: Option<char>, places: &str) -> String {
    let sign = if offset < 0 { '-' } else { '+' };
    let (hours, minutes) = (offset.abs() / 60, offset.abs() % 60);
    let mark = mark.map(String::from).unwrap_or_default();
    format!("GMT{sign}{hours:02}:{minutes:02}{mark} {places}")
}

/// A change of a zone's offset, which is in minutes.
struct Transition {
    at: NaiveDateTime,
    before: i32,
    after: i32,
}

fn first_start(transitions: &[Transition]) -> Option<Moment> {
    transitions
        .iter()
        .find(|transition| transition.after > transition.before)
        .map(|transition| transition.at.into())
}

fn last_end(transitions: &[Transition]) -> Option<Moment> {
    transitions
        .iter()
        .rfind(|transition| transition.after < transition.before)
        .map(|transition| transition.at.into())
}

/// The last year that the database covers.
const LAST_YEAR: i32 = 2099;

/// Returns the changes of offset in a year. A year after those of the database is treated as the last one in it that has the
/// same calendar: every calendar occurs within 28 years.
fn transitions(tz: Tz, year: i32) -> Vec<Transition> {
    if year <= LAST_YEAR {
        return transitions_in_database(tz, year);
    }
    let length = |year| start_of(year + 1) - start_of(year);
    let calendar = |year| (start_of(year).weekday(), length(year));
    let same_calendar = (LAST_YEAR - 27..=LAST_YEAR)
        .rev()
        .find(|earlier| calendar(*earlier) == calendar(year))
        .expect("every calendar occurs within 28 years");
    let mut found = transitions_in_database(tz, same_calendar);
    for transition in &mut found {
        transition.at += start_of(year) - start_of(same_calendar);
    }
    found
}

/// Finds the changes of offset week by week, and then to the second: no offset lasts less than a week.
fn transitions_in_database(tz: Tz, year: i32) -> Vec<Transition> {
    let end = start_of(year + 1);
    let mut found = Vec::new();
    let mut from = start_of(year);
    while from < end {
        let to = (from + TimeDelta::weeks(1)).min(end);
        let (before, after) = (offset(tz, from), offset(tz, to));
        if before != after {
            let (mut earlier, mut later) = (from, to);
            while later - earlier > TimeDelta::seconds(1) {
                let middle = earlier + TimeDelta::seconds((later - earlier).num_seconds() / 2);
                if offset(tz, middle) == before {
                    earlier = middle;
                } else {
                    later = middle;
                }
            }
            found.push(Transition {
                at: later,
                before,
                after,
            });
        }
        from = to;
    }
    found
}

fn offset(tz: Tz, at: NaiveDateTime) -> i32 {
    tz.offset_from_utc_datetime(&at).fix().local_minus_utc() / 60
}

fn start_of(year: i32) -> NaiveDateTime {
    NaiveDate::from_ymd_opt(year, 1, 1)
        .and_then(|day| day.and_hms_opt(0, 0, 0))
        .expect("the year is in the range of the calendar")
}

/// The table of time zones, one per line: Id, name in the time zone database, places. Ids 1, 2, 3 and 56 are those of the
/// documentation; zone 2 is in no database.
static ZONES: LazyLock<Vec<(i32, Option<Tz>, &str)>> = LazyLock::new(|| {
    let zone = |line: &'static str| {
        let mut parts = line.splitn(3, ' ');
        let id = parts.next()?.parse().ok()?;
        let zone = match parts.next()? {
            "-" => None,
            name => Some(name.parse().ok()?),
        };
        Some((id, zone, parts.next()?))
    };
    let lines = include_str!("timezones.txt").lines();
    let zones = lines.map(|line| zone(line).expect("each line is valid"));
    zones.collect()
});

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{DaylightSaving, timezones};

    #[test]
    fn ids_count_up_and_descriptions_differ() {
        let zones = timezones(2026);
        assert!(zones.iter().map(|zone| zone.id).eq(1..=171));
        assert_eq!(
            zones
                .iter()
                .map(|zone| &zone.description)
                .collect::<HashSet<_>>()
                .len(),
            zones.len()
        );
    }

    #[test]
    fn daylight_saving_is_that_of_the_database() {
        let zones = timezones(2026);
        let saving = |id: usize| zones[id - 1].daylight_saving.clone();
        let at = |text: &str| Some(text.parse().unwrap());
        // Central time: the second Sunday of March to the first of November, at 2:00 local time.
        assert_eq!(
            saving(56),
            Some(DaylightSaving {
                offset: 60,
                start: at("2026-03-08T08:00:00"),
                end: at("2026-11-01T07:00:00")
            })
        );
        // Chile's winter lies inside the year.
        assert_eq!(
            saving(1),
            Some(DaylightSaving {
                offset: 60,
                start: at("2026-09-06T04:00:00"),
                end: at("2026-04-05T03:00:00")
            })
        );
        assert_eq!(
            saving(2),
            Some(DaylightSaving {
                offset: 60,
                start: None,
                end: None
            })
        );
        assert_eq!(saving(3), None);
    }

    #[test]
    fn daylight_saving_continues_after_the_end_of_the_database() {
        let at = |text: &str| Some(text.parse().unwrap());
        // The second Sunday of March and the first of November, in a year that is no leap year, and in one that is.
        for (year, start, end) in [
            (2100, "2100-03-14T08:00:00", "2100-11-07T07:00:00"),
            (9996, "9996-03-10T08:00:00", "9996-11-03T07:00:00"),
        ] {
            let saving = timezones(year)[55].daylight_saving.clone().unwrap();
            assert_eq!((saving.start, saving.end), (at(start), at(end)));
        }
        let with_dates = |year| {
            let has_dates = |zone: &&super::Timezone| {
                let saving = zone.daylight_saving.as_ref();
                saving.is_some_and(|saving| saving.start.is_some())
            };
            timezones(year).iter().filter(has_dates).count()
        };
        assert_eq!(with_dates(9999), with_dates(2099));
    }

    #[test]
    fn a_zone_keeps_its_description_in_every_year() {
        let then = timezones(1990);
        let now = timezones(2026);
        assert!(
            then.iter()
                .zip(now.iter())
                .all(|(then, now)| then.description == now.description)
        );
        assert_ne!(then[55].daylight_saving, now[55].daylight_saving);
    }
}
