//! A cache of the time zones of a year, since nearly all requests need the same year.

use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::timezone::{self, Timezone};

/// Returns all time zones in the order of their Ids, with the daylight saving of a year.
pub fn timezones(year: i32) -> Arc<[Timezone]> {
    static LATEST: Mutex<Option<(i32, Arc<[Timezone]>)>> = Mutex::new(None);

    let mut latest = LATEST.lock().unwrap_or_else(PoisonError::into_inner);
    match &*latest {
        Some((of_year, zones)) if *of_year == year => Arc::clone(zones),
        _ => {
            let zones = timezone::timezones(year);
            *latest = Some((year, Arc::clone(&zones)));
            zones
        }
    }
}
