//! The time zones of the API. The time zone database says what each of them does; only numbers and names are ours.

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

/// The Id of a zone in the table below.
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

/// A time zone as it is in one year.
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
    /// In UTC; none in a year without.
    pub start: Option<Moment>,
    pub end: Option<Moment>,
}

/// Descriptions, offsets and whether there is daylight saving are those of this year, whatever the clock says, so that a
/// zone stays what it is; the dates of daylight saving are those of the year asked for.
const REFERENCE_YEAR: i32 = 2026;

/// All time zones in the order of their Ids, with the daylight saving of a year.
pub fn timezones(year: i32) -> Arc<[Timezone]> {
    TIMEZONES.iter().map(|zone| in_year(zone, year)).collect()
}

static TIMEZONES: LazyLock<Vec<(Option<Tz>, Timezone)>> =
    LazyLock::new(|| ZONES.iter().map(in_reference_year).collect());

fn in_reference_year((id, tz, places): &(i32, Option<Tz>, &str)) -> (Option<Tz>, Timezone) {
    let Some(tz) = tz else {
        // The documents' zone 2 has southern daylight saving, and no counterpart in the time zone database.
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

/// "GMT-06:00* Central time", as the documents write it.
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

/// The last year that the database is worked out to.
const LAST_YEAR: i32 = 2099;

/// The changes of offset in a year. One that is later than the database goes is as the last year of the same calendar that
/// the database has: 28 years have all calendars.
fn transitions(tz: Tz, year: i32) -> Vec<Transition> {
    if year <= LAST_YEAR {
        return transitions_in_database(tz, year);
    }
    let length = |year| start_of(year + 1) - start_of(year);
    let calendar = |year| (start_of(year).weekday(), length(year));
    let like = (LAST_YEAR - 27..=LAST_YEAR)
        .rev()
        .find(|earlier| calendar(*earlier) == calendar(year))
        .expect("there is one of every calendar");
    let mut found = transitions_in_database(tz, like);
    for transition in &mut found {
        transition.at += start_of(year) - start_of(like);
    }
    found
}

/// They are found week by week and then to the second: none lasts less than a week.
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
        .expect("a year of the calendar")
}

/// Id, zone of the database, places. Ids 1, 2, 3 and 56 are those of the documents.
#[rustfmt::skip]
static ZONES: [(i32, Option<Tz>, &str); 171] = [
    (1, Some(Tz::America__Santiago), "Brazil West, Chile, Paraguay"),
    (2, None, "Cocos Islands"),
    (3, Some(Tz::Africa__Lagos), "West Central Africa"),
    (4, Some(Tz::Etc__GMTPlus12), "International Date Line West"),
    (5, Some(Tz::Pacific__Pago_Pago), "Midway Island, American Samoa"),
    (6, Some(Tz::Pacific__Honolulu), "Hawaii"),
    (7, Some(Tz::America__Adak), "Aleutian Islands"),
    (8, Some(Tz::Pacific__Marquesas), "Marquesas Islands"),
    (9, Some(Tz::America__Anchorage), "Alaska"),
    (10, Some(Tz::Pacific__Gambier), "Gambier Islands"),
    (11, Some(Tz::America__Los_Angeles), "Pacific time"),
    (12, Some(Tz::America__Tijuana), "Baja California"),
    (13, Some(Tz::Pacific__Pitcairn), "Pitcairn Islands"),
    (14, Some(Tz::America__Denver), "Mountain time"),
    (15, Some(Tz::America__Phoenix), "Arizona"),
    (16, Some(Tz::America__Hermosillo), "Sonora"),
    (17, Some(Tz::America__Mazatlan), "La Paz, Mazatlan"),
    (18, Some(Tz::America__Whitehorse), "Yukon"),
    (19, Some(Tz::America__Guatemala), "Central America"),
    (20, Some(Tz::America__Costa_Rica), "Costa Rica"),
    (21, Some(Tz::America__Regina), "Saskatchewan"),
    (22, Some(Tz::America__Mexico_City), "Guadalajara, Mexico City, Monterrey"),
    (23, Some(Tz::Pacific__Easter), "Easter Island"),
    (24, Some(Tz::Pacific__Galapagos), "Galapagos Islands"),
    (25, Some(Tz::America__Winnipeg), "Manitoba"),
    (26, Some(Tz::America__Bogota), "Bogota, Lima, Quito"),
    (27, Some(Tz::America__Cancun), "Chetumal"),
    (28, Some(Tz::America__Jamaica), "Jamaica"),
    (29, Some(Tz::America__Panama), "Panama"),
    (30, Some(Tz::America__Havana), "Cuba"),
    (31, Some(Tz::America__New_York), "Eastern time"),
    (32, Some(Tz::America__Indianapolis), "Indiana East"),
    (33, Some(Tz::America__PortauPrince), "Haiti"),
    (34, Some(Tz::America__Grand_Turk), "Turks and Caicos"),
    (35, Some(Tz::America__Rio_Branco), "Acre"),
    (36, Some(Tz::America__Caracas), "Caracas"),
    (37, Some(Tz::America__Halifax), "Atlantic time"),
    (38, Some(Tz::America__Cuiaba), "Cuiaba"),
    (39, Some(Tz::America__La_Paz), "Georgetown, La Paz, San Juan"),
    (40, Some(Tz::America__Manaus), "Manaus"),
    (41, Some(Tz::America__Asuncion), "Asuncion"),
    (42, Some(Tz::Atlantic__Bermuda), "Bermuda"),
    (43, Some(Tz::America__Goose_Bay), "Labrador"),
    (44, Some(Tz::America__St_Johns), "Newfoundland"),
    (45, Some(Tz::America__Sao_Paulo), "Brasilia"),
    (46, Some(Tz::America__Buenos_Aires), "Buenos Aires"),
    (47, Some(Tz::America__Cayenne), "Cayenne, Fortaleza"),
    (48, Some(Tz::America__Montevideo), "Montevideo"),
    (49, Some(Tz::America__Bahia), "Salvador"),
    (50, Some(Tz::America__Punta_Arenas), "Punta Arenas"),
    (51, Some(Tz::America__Miquelon), "Saint Pierre and Miquelon"),
    (52, Some(Tz::Atlantic__Stanley), "Falkland Islands"),
    (53, Some(Tz::America__Nuuk), "Greenland"),
    (54, Some(Tz::America__Noronha), "Mid-Atlantic, Fernando de Noronha"),
    (55, Some(Tz::Atlantic__South_Georgia), "South Georgia"),
    (56, Some(Tz::America__Chicago), "Central time"),
    (57, Some(Tz::Atlantic__Azores), "Azores"),
    (58, Some(Tz::Atlantic__Cape_Verde), "Cape Verde"),
    (59, Some(Tz::Etc__UTC), "Coordinated Universal Time"),
    (60, Some(Tz::Europe__London), "Edinburgh, London"),
    (61, Some(Tz::Europe__Dublin), "Dublin"),
    (62, Some(Tz::Europe__Lisbon), "Lisbon"),
    (63, Some(Tz::Atlantic__Canary), "Canary Islands"),
    (64, Some(Tz::Atlantic__Faroe), "Faroe Islands"),
    (65, Some(Tz::Atlantic__Reykjavik), "Reykjavik"),
    (66, Some(Tz::Africa__Monrovia), "Monrovia"),
    (67, Some(Tz::Africa__Abidjan), "Abidjan, Accra, Dakar"),
    (68, Some(Tz::Africa__Sao_Tome), "Sao Tome"),
    (69, Some(Tz::Europe__Amsterdam), "Amsterdam"),
    (70, Some(Tz::Europe__Berlin), "Berlin"),
    (71, Some(Tz::Europe__Rome), "Rome"),
    (72, Some(Tz::Europe__Stockholm), "Stockholm"),
    (73, Some(Tz::Europe__Vienna), "Vienna"),
    (74, Some(Tz::Europe__Zurich), "Bern, Zurich"),
    (75, Some(Tz::Europe__Belgrade), "Belgrade, Ljubljana"),
    (76, Some(Tz::Europe__Prague), "Bratislava, Prague"),
    (77, Some(Tz::Europe__Budapest), "Budapest"),
    (78, Some(Tz::Europe__Brussels), "Brussels"),
    (79, Some(Tz::Europe__Copenhagen), "Copenhagen"),
    (80, Some(Tz::Europe__Madrid), "Madrid"),
    (81, Some(Tz::Europe__Paris), "Paris"),
    (82, Some(Tz::Europe__Oslo), "Oslo"),
    (83, Some(Tz::Europe__Sarajevo), "Sarajevo, Skopje, Zagreb"),
    (84, Some(Tz::Europe__Warsaw), "Warsaw"),
    (85, Some(Tz::Africa__Algiers), "Algiers"),
    (86, Some(Tz::Africa__Tunis), "Tunis"),
    (87, Some(Tz::Europe__Athens), "Athens"),
    (88, Some(Tz::Europe__Bucharest), "Bucharest"),
    (89, Some(Tz::Europe__Helsinki), "Helsinki"),
    (90, Some(Tz::Europe__Kyiv), "Kyiv"),
    (91, Some(Tz::Europe__Riga), "Riga, Tallinn, Vilnius"),
    (92, Some(Tz::Europe__Sofia), "Sofia"),
    (93, Some(Tz::Europe__Chisinau), "Chisinau"),
    (94, Some(Tz::Asia__Beirut), "Beirut"),
    (95, Some(Tz::Africa__Cairo), "Cairo"),
    (96, Some(Tz::Asia__Jerusalem), "Jerusalem"),
    (97, Some(Tz::Asia__Nicosia), "Nicosia"),
    (98, Some(Tz::Asia__Gaza), "Gaza, Hebron"),
    (99, Some(Tz::Africa__Johannesburg), "Harare, Pretoria"),
    (100, Some(Tz::Africa__Tripoli), "Tripoli"),
    (101, Some(Tz::Africa__Khartoum), "Khartoum"),
    (102, Some(Tz::Africa__Windhoek), "Windhoek"),
    (103, Some(Tz::Europe__Kaliningrad), "Kaliningrad"),
    (104, Some(Tz::Asia__Amman), "Amman"),
    (105, Some(Tz::Asia__Baghdad), "Baghdad"),
    (106, Some(Tz::Asia__Damascus), "Damascus"),
    (107, Some(Tz::Europe__Istanbul), "Istanbul"),
    (108, Some(Tz::Asia__Riyadh), "Kuwait, Riyadh"),
    (109, Some(Tz::Europe__Minsk), "Minsk"),
    (110, Some(Tz::Europe__Moscow), "Moscow, St. Petersburg"),
    (111, Some(Tz::Africa__Nairobi), "Nairobi"),
    (112, Some(Tz::Europe__Volgograd), "Volgograd"),
    (113, Some(Tz::Asia__Tehran), "Tehran"),
    (114, Some(Tz::Asia__Dubai), "Abu Dhabi, Muscat"),
    (115, Some(Tz::Asia__Baku), "Baku"),
    (116, Some(Tz::Europe__Samara), "Izhevsk, Samara"),
    (117, Some(Tz::Indian__Mauritius), "Port Louis"),
    (118, Some(Tz::Asia__Tbilisi), "Tbilisi"),
    (119, Some(Tz::Asia__Yerevan), "Yerevan"),
    (120, Some(Tz::Asia__Kabul), "Kabul"),
    (121, Some(Tz::Asia__Tashkent), "Ashgabat, Tashkent"),
    (122, Some(Tz::Asia__Yekaterinburg), "Ekaterinburg"),
    (123, Some(Tz::Asia__Karachi), "Islamabad, Karachi"),
    (124, Some(Tz::Asia__Almaty), "Almaty, Astana"),
    (125, Some(Tz::Indian__Maldives), "Maldives"),
    (126, Some(Tz::Asia__Kolkata), "Chennai, Kolkata, Mumbai, New Delhi"),
    (127, Some(Tz::Asia__Colombo), "Sri Jayawardenepura"),
    (128, Some(Tz::Asia__Kathmandu), "Kathmandu"),
    (129, Some(Tz::Asia__Dhaka), "Dhaka"),
    (130, Some(Tz::Asia__Omsk), "Omsk"),
    (131, Some(Tz::Asia__Thimphu), "Thimphu"),
    (132, Some(Tz::Asia__Yangon), "Yangon"),
    (133, Some(Tz::Asia__Bangkok), "Bangkok, Hanoi, Jakarta"),
    (134, Some(Tz::Asia__Barnaul), "Barnaul, Gorno-Altaysk"),
    (135, Some(Tz::Asia__Hovd), "Hovd"),
    (136, Some(Tz::Asia__Krasnoyarsk), "Krasnoyarsk"),
    (137, Some(Tz::Asia__Novosibirsk), "Novosibirsk"),
    (138, Some(Tz::Asia__Shanghai), "Beijing, Chongqing, Urumqi"),
    (139, Some(Tz::Asia__Hong_Kong), "Hong Kong"),
    (140, Some(Tz::Asia__Irkutsk), "Irkutsk"),
    (141, Some(Tz::Asia__Singapore), "Kuala Lumpur, Singapore"),
    (142, Some(Tz::Asia__Manila), "Manila"),
    (143, Some(Tz::Australia__Perth), "Perth"),
    (144, Some(Tz::Asia__Taipei), "Taipei"),
    (145, Some(Tz::Asia__Ulaanbaatar), "Ulaanbaatar"),
    (146, Some(Tz::Australia__Eucla), "Eucla"),
    (147, Some(Tz::Asia__Chita), "Chita"),
    (148, Some(Tz::Asia__Tokyo), "Osaka, Sapporo, Tokyo"),
    (149, Some(Tz::Asia__Pyongyang), "Pyongyang"),
    (150, Some(Tz::Asia__Seoul), "Seoul"),
    (151, Some(Tz::Asia__Yakutsk), "Yakutsk"),
    (152, Some(Tz::Australia__Adelaide), "Adelaide"),
    (153, Some(Tz::Australia__Darwin), "Darwin"),
    (154, Some(Tz::Australia__Brisbane), "Brisbane"),
    (155, Some(Tz::Australia__Sydney), "Canberra, Melbourne, Sydney"),
    (156, Some(Tz::Australia__Hobart), "Hobart"),
    (157, Some(Tz::Pacific__Guam), "Guam, Port Moresby"),
    (158, Some(Tz::Asia__Vladivostok), "Vladivostok"),
    (159, Some(Tz::Australia__Lord_Howe), "Lord Howe Island"),
    (160, Some(Tz::Pacific__Bougainville), "Bougainville Island"),
    (161, Some(Tz::Asia__Magadan), "Magadan"),
    (162, Some(Tz::Pacific__Norfolk), "Norfolk Island"),
    (163, Some(Tz::Asia__Sakhalin), "Sakhalin"),
    (164, Some(Tz::Pacific__Guadalcanal), "New Caledonia, Solomon Islands"),
    (165, Some(Tz::Pacific__Auckland), "Auckland, Wellington"),
    (166, Some(Tz::Asia__Kamchatka), "Kamchatka"),
    (167, Some(Tz::Pacific__Fiji), "Fiji"),
    (168, Some(Tz::Pacific__Chatham), "Chatham Islands"),
    (169, Some(Tz::Pacific__Tongatapu), "Nuku'alofa"),
    (170, Some(Tz::Pacific__Apia), "Samoa"),
    (171, Some(Tz::Pacific__Kiritimati), "Kiritimati Island"),
];

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
    fn daylight_saving_is_the_database_s() {
        let zones = timezones(2026);
        let saving = |id: usize| zones[id - 1].daylight_saving.clone();
        let at = |text: &str| Some(text.parse().unwrap());
        // Central time: the second Sunday of March to the first of November, at 2:00 on the wall.
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
    fn daylight_saving_goes_on_after_the_end_of_the_database() {
        let at = |text: &str| Some(text.parse().unwrap());
        // The second Sunday of March and the first of November, in a year that is no leap year, and in one that is.
        for (year, start, end) in [
            (2100, "2100-03-14T08:00:00", "2100-11-07T07:00:00"),
            (9996, "9996-03-10T08:00:00", "9996-11-03T07:00:00"),
        ] {
            let saving = timezones(year)[55].daylight_saving.clone().unwrap();
            assert_eq!((saving.start, saving.end), (at(start), at(end)));
        }
        let have = |year| {
            let dates = |zone: &&super::Timezone| {
                let saving = zone.daylight_saving.as_ref();
                saving.is_some_and(|saving| saving.start.is_some())
            };
            timezones(year).iter().filter(dates).count()
        };
        assert_eq!(have(9999), have(2099));
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
