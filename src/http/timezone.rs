//! `/Timezone` and `/OutgoingPhoneNumber`: read-only lists.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::extract::{Json, Path};
use crate::AppState;
use crate::domain::Moment;
use crate::domain::outgoing_phone_number::{OUTGOING_PHONE_NUMBERS, OutgoingPhoneNumber};
use crate::domain::timezone::{DaylightSaving, Timezone};
use crate::error::{Error, Result};
use crate::operation::{Operation, operation};
use crate::service::timezone::timezones;
use crate::store::Tenant;

pub static OPERATIONS: &[Operation] = &[
    operation!(
        GET "/OutgoingPhoneNumber" => outgoing_phone_numbers,
        "OutgoingPhoneNumber_GetAllOutgoingPhoneNumbers", "The phone numbers that alerts can come from."
    )
    .but("the numbers are kept free for fiction"),
    operation!(GET "/Timezone" => list, "Timezone_GetAllTimezones", "All time zones.")
        .but("the zones are those of the time zone database; Ids 1, 2, 3 and 56 are the vendor's"),
    operation!(GET "/Timezone/{timezoneId}" => get, "Timezone_GetTimezoneById", "A time zone.")
        .but("as the list"),
];

/// A time zone, as the API returns it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
#[schemars(rename = "Timezone", example = json!({
    "TimezoneId": 56,
    "Description": "GMT+01:00* Amsterdam, Berlin",
    "OffsetFromUtc": 60,
    "HasDaylightSaving": true,
    "DaylightSavingOffset": 60,
    "DaylightSavingStart": "2026-03-29T01:00:00",
    "DaylightSavingEnd": "2026-10-25T01:00:00"
}))]
struct TimezoneBody {
    timezone_id: i32,
    description: String,
    offset_from_utc: i32,
    has_daylight_saving: bool,
    /// "Not specified when HasDaylightSaving is false" (operator API).
    #[serde(skip_serializing_if = "Option::is_none")]
    daylight_saving_offset: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    daylight_saving_start: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    daylight_saving_end: Option<Moment>,
}

impl From<&Timezone> for TimezoneBody {
    fn from(zone: &Timezone) -> Self {
        let Timezone {
            id,
            description,
            offset_from_utc,
            daylight_saving,
        } = zone.clone();
        let date =
            |field: fn(&DaylightSaving) -> Option<Moment>| daylight_saving.as_ref().and_then(field);
        Self {
            timezone_id: id,
            description,
            offset_from_utc,
            has_daylight_saving: daylight_saving.is_some(),
            daylight_saving_offset: daylight_saving.as_ref().map(|saving| saving.offset),
            daylight_saving_start: date(|saving| saving.start),
            daylight_saving_end: date(|saving| saving.end),
        }
    }
}

async fn list(
    State(state): State<AppState>,
    Extension(tenant): Extension<Arc<Tenant>>,
) -> Json<Vec<TimezoneBody>> {
    let zones = timezones(state.store.now(&tenant).year());
    Json::list(zones.iter().map(TimezoneBody::from))
}

async fn get(
    State(state): State<AppState>,
    Extension(tenant): Extension<Arc<Tenant>>,
    Path(id): Path<i32>,
) -> Result<Json<TimezoneBody>> {
    let zones = timezones(state.store.now(&tenant).year());
    let zone = zones.iter().find(|zone| zone.id == id);
    let zone = zone.ok_or_else(|| Error::NotFound(format!("time zone {id} does not exist")))?;
    Ok(Json::of(&zone.into()))
}

/// A phone number, as the API returns it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
#[schemars(example = json!({
    "Id": 1, "PhoneNumber": "+12025550123", "Description": "United States"
}))]
struct OutgoingPhoneNumberDetails {
    id: i32,
    phone_number: &'static str,
    description: &'static str,
}

async fn outgoing_phone_numbers() -> Json<Vec<OutgoingPhoneNumberDetails>> {
    let details = |number: &OutgoingPhoneNumber| {
        let OutgoingPhoneNumber {
            id,
            phone_number,
            description,
        } = *number;
        OutgoingPhoneNumberDetails {
            id,
            phone_number,
            description,
        }
    };
    Json::list(OUTGOING_PHONE_NUMBERS.iter().map(details))
}
