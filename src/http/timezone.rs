//! `/Timezone` and `/OutgoingPhoneNumber`: lists that nobody changes.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::get;
use axum::{Extension, Router};
use serde::Serialize;

use super::extract::{Json, Path};
use crate::AppState;
use crate::domain::Moment;
use crate::domain::outgoing_phone_number::{OUTGOING_PHONE_NUMBERS, OutgoingPhoneNumber};
use crate::domain::timezone::{DaylightSaving, Timezone, timezones};
use crate::error::{Error, Result};
use crate::store::Slot;

pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/Timezone", get(list))
        .route("/Timezone/{timezoneId}", get(look))
        .route("/OutgoingPhoneNumber", get(outgoing_phone_numbers))
}

/// A time zone as the API writes it.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
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
            |of: fn(&DaylightSaving) -> Option<Moment>| daylight_saving.as_ref().and_then(of);
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

/// `Timezone_GetAllTimezones`
async fn list(
    State(state): State<AppState>,
    Extension(slot): Extension<Arc<Slot>>,
) -> Json<Vec<TimezoneBody>> {
    Json(
        timezones(state.store.now(&slot).year())
            .iter()
            .map(TimezoneBody::from)
            .collect(),
    )
}

/// `Timezone_GetTimezoneById`
async fn look(
    State(state): State<AppState>,
    Extension(slot): Extension<Arc<Slot>>,
    Path(id): Path<i32>,
) -> Result<Json<TimezoneBody>> {
    let zones = timezones(state.store.now(&slot).year());
    let zone = zones.iter().find(|zone| zone.id == id);
    let zone = zone.ok_or_else(|| Error::NotFound(format!("time zone {id} does not exist")))?;
    Ok(Json(zone.into()))
}

/// A phone number as the API writes it.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct OutgoingPhoneNumberDetails {
    id: i32,
    phone_number: &'static str,
    description: &'static str,
}

/// `OutgoingPhoneNumber_GetAllOutgoingPhoneNumbers`
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
    Json(OUTGOING_PHONE_NUMBERS.iter().map(details).collect())
}
