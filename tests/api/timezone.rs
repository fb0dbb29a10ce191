//! Tests of `/Timezone` and `/OutgoingPhoneNumber`.

use chrono::{NaiveDate, Weekday};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::app::{TestApp, text};

async fn zone(app: &TestApp, id: i32) -> Value {
    let answer = app.get(&format!("/v4/Timezone/{id}")).await;
    answer.expect(StatusCode::OK)
}

#[tokio::test]
async fn the_zones_of_the_documents_are_as_documented() {
    let app = TestApp::start().await;
    for expected in [
        json!({
            "TimezoneId": 1,
            "Description": "GMT-04:00# Brazil West, Chile, Paraguay",
            "OffsetFromUtc": -240,
            "HasDaylightSaving": true,
            "DaylightSavingOffset": 60,
        }),
        json!({
            "TimezoneId": 2,
            "Description": "GMT+06:00# Cocos Islands",
            "OffsetFromUtc": 360,
            "HasDaylightSaving": true,
            "DaylightSavingOffset": 60,
        }),
        json!({
            "TimezoneId": 3,
            "Description": "GMT+01:00 West Central Africa",
            "OffsetFromUtc": 60,
            "HasDaylightSaving": false,
        }),
        json!({
            "TimezoneId": 56,
            "Description": "GMT-06:00* Central time",
            "OffsetFromUtc": -360,
            "HasDaylightSaving": true,
            "DaylightSavingOffset": 60,
        }),
    ] {
        let id = i32::try_from(expected["TimezoneId"].as_i64().unwrap()).unwrap();
        let mut zone = zone(&app, id).await;
        let zone = zone.as_object_mut().unwrap();
        zone.remove("DaylightSavingStart");
        zone.remove("DaylightSavingEnd");
        assert_eq!(&*zone, expected.as_object().unwrap());
    }
}

#[tokio::test]
async fn the_zones_are_sorted_by_id_and_equal_the_single_responses() {
    let app = TestApp::start().await;
    let zones = app.get("/v4/Timezone").await.expect(StatusCode::OK);
    let zones = zones.as_array().unwrap();
    assert!(zones.len() >= 120, "{}", zones.len());
    let ids: Vec<_> = zones
        .iter()
        .map(|zone| zone["TimezoneId"].as_i64().unwrap())
        .collect();
    assert!(ids.is_sorted_by(|one, next| one < next), "{ids:?}");
    assert!(ids.contains(&110));
    for listed in zones.iter().step_by(20) {
        let id = i32::try_from(listed["TimezoneId"].as_i64().unwrap()).unwrap();
        assert_eq!(&zone(&app, id).await, listed);
    }
}

#[tokio::test]
async fn a_description_contains_the_offset_and_the_daylight_saving() {
    let app = TestApp::start().await;
    let zones = app.get("/v4/Timezone").await.expect(StatusCode::OK);
    for zone in zones.as_array().unwrap() {
        let offset = zone["OffsetFromUtc"].as_i64().unwrap();
        let sign = if offset < 0 { '-' } else { '+' };
        let start = format!("GMT{sign}{:02}:{:02}", offset.abs() / 60, offset.abs() % 60);
        let description = text(zone, "Description");
        let rest = description
            .strip_prefix(&start)
            .unwrap_or_else(|| panic!("{zone}"));
        let has_mark = rest.starts_with(['*', '#']);
        assert_eq!(zone["HasDaylightSaving"], has_mark, "{zone}");
        assert!(
            rest.trim_start_matches(['*', '#']).starts_with(' '),
            "{zone}"
        );
        assert_eq!(
            zone.get("DaylightSavingOffset").is_some(),
            has_mark,
            "{zone}"
        );
        if let (Some(start), Some(end)) = (
            zone.get("DaylightSavingStart"),
            zone.get("DaylightSavingEnd"),
        ) {
            let is_northern = start.as_str() < end.as_str();
            assert_eq!(rest.starts_with('*'), is_northern, "{zone}");
        } else {
            assert!(!has_mark || zone["TimezoneId"] == 2, "{zone}");
        }
    }
}

#[tokio::test]
async fn the_dates_of_daylight_saving_are_this_year_s_in_utc() {
    let app = TestApp::start().await;
    let api_users = app.get("/v4/ApiUser").await.expect(StatusCode::OK);
    let year: i32 = text(&api_users[0], "CreatedDate")[..4].parse().unwrap();
    let central = zone(&app, 56).await;
    let sunday =
        |month, nth| NaiveDate::from_weekday_of_month_opt(year, month, Weekday::Sun, nth).unwrap();
    // The second Sunday of March and the first of November, at 2:00 local time.
    assert_eq!(
        central["DaylightSavingStart"],
        format!("{}T08:00:00", sunday(3, 2))
    );
    assert_eq!(
        central["DaylightSavingEnd"],
        format!("{}T07:00:00", sunday(11, 1))
    );
}

#[tokio::test]
async fn a_zone_without_dates_in_the_database_leaves_them_out() {
    let app = TestApp::start().await;
    for id in [2, 3] {
        let zone = zone(&app, id).await;
        assert_eq!(zone.get("DaylightSavingStart"), None, "{zone}");
        assert_eq!(zone.get("DaylightSavingEnd"), None, "{zone}");
    }
}

#[tokio::test]
async fn an_unknown_zone_is_not_found_and_an_invalid_id_is_a_bad_request() {
    let app = TestApp::start().await;
    for id in ["0", "-1", "9999", "2147483647"] {
        app.get(&format!("/v4/Timezone/{id}"))
            .await
            .messages(StatusCode::NOT_FOUND);
    }
    for id in ["abc", "56.0", "5x", "%20", "2147483648", "0x38"] {
        let answer = app.get(&format!("/v4/Timezone/{id}")).await;
        answer.names(StatusCode::BAD_REQUEST, &["TimezoneId"]);
    }
}

#[tokio::test]
async fn outgoing_phone_numbers_have_the_vendor_s_fields() {
    let app = TestApp::start().await;
    let numbers = app
        .get("/v4/OutgoingPhoneNumber")
        .await
        .expect(StatusCode::OK);
    let numbers = numbers.as_array().unwrap();
    assert!(numbers.len() > 1);
    for number in numbers {
        let fields: Vec<_> = number.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["Id", "PhoneNumber", "Description"]);
        assert!(
            number["Id"].is_i64() && text(number, "PhoneNumber").starts_with('+'),
            "{number}"
        );
        let fields = json!({"Email": format!("{}@acme.com", number["Id"]), "OutgoingPhoneNumberId": number["Id"]});
        let operator = app.new_operator(fields).await;
        assert_eq!(operator["OutgoingPhoneNumberId"], number["Id"]);
    }
}
