//! Every field of every body is replaced by invalid values: there is no server error, errors have one format, and a
//! rejected request changes nothing.

use reqwest::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::app::{Answer, TestApp, text};

/// Returns values that are invalid for all or almost all fields.
fn replacements() -> Vec<Value> {
    vec![
        json!(null),
        json!(-1),
        json!(7.5),
        json!(u64::MAX),
        json!(true),
        json!([1, "x"]),
        json!({"Description": "x"}),
        json!(""),
        json!("Nonsense'; --\u{0}"),
        json!("36fad910-6e9f-4886-b1a7-9b4637362cb8"),
        json!("9999-12-31T23:59:59.9999999Z"),
        json!("😀".repeat(5_000)),
    ]
}

/// Sends the body with each field replaced by each of the values. A rejected request must leave all `watched` resources
/// unchanged.
async fn sweep(app: &TestApp, method: Method, path: &str, body: &Value, watched: &[&str]) {
    let look = || async {
        let mut before = Vec::new();
        for path in watched {
            before.push(app.get(path).await.expect(StatusCode::OK));
        }
        before
    };
    let mut before = look().await;
    let (mut refused, mut count) = (0, 0);
    for field in body.as_object().unwrap().keys() {
        for replacement in replacements() {
            let mut body = body.clone();
            if method == Method::POST && body.get("Email").is_some() {
                // An address is in use as soon as an operator has it.
                count += 1;
                body["Email"] = json!(format!("{count}@acme.com"));
            }
            body[field] = replacement.clone();
            let answer = Answer::of(app.request(method.clone(), path).json(&body)).await;
            let request = format!("{method} {path} {field}: {replacement:.60}");
            let after = look().await;
            match answer.status.as_u16() {
                200..300 => before = after,
                400 | 403 | 404 => {
                    assert!(!answer.messages(answer.status).is_empty(), "{request}");
                    assert_eq!(after, before, "{request}");
                    refused += 1;
                }
                _ => panic!("{request}: {} {}", answer.status, answer.text),
            }
        }
    }
    assert!(refused > body.as_object().unwrap().len(), "{method} {path}");
}

fn operator(email: &str) -> Value {
    json!({
        "OperatorGuid": null,
        "Hash": "x",
        "FullName": "Third Operator",
        "Email": email,
        "Password": "secret",
        "MobilePhone": "+31612345678",
        "OutgoingPhoneNumber": "",
        "OutgoingPhoneNumberId": 1,
        "OutgoingPhoneNumberIdSpecified": true,
        "IsAccountAdministrator": false,
        "BackupEmail": "",
        "IsOnDuty": false,
        "CultureName": "",
        "CultureNameSpecified": true,
        "TimeZoneId": 56,
        "TimeZoneIdSpecified": true,
        "SmsProvider": "SmsProviderUSA",
        "UseNumericSender": false,
        "UseNumericSenderSpecified": true,
        "PhoneProvider": "UseAccountSetting",
        "AllowNativeLogin": true,
        "AllowNativeLoginSpecified": true,
        "AllowSingleSignon": false,
        "AllowSingleSignonSpecified": true,
        "DefaultDashboard": "AccountOverview",
        "OperatorRole": "Unspecified",
        "SetupMode": "Manual",
    })
}

/// Returns the body of a schedule of each mode.
fn schedules() -> [Value; 4] {
    [
        json!({
            "Id": 0,
            "ScheduleMode": "OneTime",
            "StartDateTime": "2025-12-24T18:00:00",
            "EndDateTime": "2025-12-26T08:00:00",
        }),
        json!({"Id": 0, "ScheduleMode": "Daily", "StartTime": "08:00", "EndTime": "16:30"}),
        json!({"Id": 0, "ScheduleMode": "Weekly", "WeekDay": "Monday", "StartTime": "08:00", "EndTime": "16:30"}),
        json!({"Id": 0, "ScheduleMode": "Monthly", "MonthDay": 15, "StartTime": "08:00", "EndTime": "16:30"}),
    ]
}

#[tokio::test]
async fn every_field_of_a_new_operator() {
    let app = TestApp::start().await;
    let body = operator("third@acme.com");
    sweep(&app, Method::POST, "/v4/Operator", &body, &["/v4/Account"]).await;
}

#[tokio::test]
async fn every_field_of_a_replaced_operator() {
    let app = TestApp::start().await;
    let guid = text(&app.new_operator(json!({})).await, "OperatorGuid");
    let path = format!("/v4/Operator/{guid}");
    sweep(
        &app,
        Method::PUT,
        &path,
        &operator("ThirdOperator@acme.com"),
        &[&path],
    )
    .await;
}

#[tokio::test]
async fn every_field_of_a_patched_operator() {
    let app = TestApp::start().await;
    let guid = text(&app.new_operator(json!({})).await, "OperatorGuid");
    let path = format!("/v4/Operator/{guid}");
    sweep(
        &app,
        Method::PATCH,
        &path,
        &operator("ThirdOperator@acme.com"),
        &[&path],
    )
    .await;
}

#[tokio::test]
async fn every_field_of_a_group() {
    let app = TestApp::start().await;
    let body = json!({
        "OperatorGroupGuid": null,
        "Description": "Main operators",
        "IsEveryone": false,
        "IsAdministratorsGroup": false,
    });
    let groups = "/v4/OperatorGroup";
    sweep(&app, Method::POST, groups, &body, &[groups]).await;
    sweep(
        &app,
        Method::PUT,
        &app.new_group("x").await,
        &body,
        &[groups],
    )
    .await;
}

#[tokio::test]
async fn every_field_of_an_operator_s_schedule() {
    let app = TestApp::start().await;
    let path = format!(
        "/v4/Operator/{}/DutySchedule",
        text(&app.owner().await, "OperatorGuid")
    );
    for body in schedules() {
        let schedule = app
            .post(&path, body.clone())
            .await
            .expect(StatusCode::CREATED);
        let replaced = format!("{path}/{}", schedule["Id"]);
        sweep(&app, Method::PUT, &replaced, &body, &[&path]).await;
    }
    sweep(&app, Method::POST, &path, &schedules()[2], &[&path]).await;
}

#[tokio::test]
async fn every_field_of_a_group_s_schedule() {
    let app = TestApp::start().await;
    let of_owner = format!(
        "/v4/Operator/{}/DutySchedule",
        text(&app.owner().await, "OperatorGuid")
    );
    let path = format!(
        "{}/DutySchedule",
        app.system_group("IsAdministratorsGroup").await
    );
    let watched = [path.as_str(), &of_owner];
    let [one_time, daily, weekly, _] = schedules();
    let schedule = app
        .post(&path, daily.clone())
        .await
        .expect(StatusCode::CREATED);
    let replaced = format!("{path}/{}", schedule["Id"]);
    let add = format!("{path}/AddDutyScheduleForAllMembers");
    for (method, path, body) in [
        (Method::PUT, &replaced, weekly),
        (Method::POST, &path, one_time),
        (Method::POST, &add, daily),
    ] {
        sweep(&app, method, path, &body, &watched).await;
    }
}

#[tokio::test]
async fn every_field_of_an_api_user() {
    let app = TestApp::start().await;
    let owner = text(&app.owner().await, "OperatorGuid");
    let body = json!({
        "ApiUserGuid": null,
        "OperatorGuid": owner,
        "UserName": "x",
        "Password": "x",
        "Type": "Generic",
        "Description": "test",
        "CreatedDate": "2025-11-11T21:18:01",
        "LastUsed": "Unknown",
        "UsageLast30Days": 1,
    });
    let other = app.as_operator(&owner).await;
    let count = || async {
        let api_users = other.get("/v4/ApiUser").await.expect(StatusCode::OK);
        api_users.as_array().unwrap().len()
    };
    let before = count().await;
    let mut created = 0;
    for (method, path) in [
        (Method::POST, "/v4/ApiUser".to_owned()),
        (
            Method::PUT,
            format!("/v4/ApiUser/{}", guid_of(&app, &other.user_name).await),
        ),
    ] {
        for field in body.as_object().unwrap().keys() {
            for replacement in replacements() {
                let mut body = body.clone();
                body[field] = replacement;
                let answer = Answer::of(app.request(method.clone(), &path).json(&body)).await;
                match answer.status.as_u16() {
                    201 => created += 1,
                    204 => {}
                    400 | 403 | 404 => assert!(!answer.messages(answer.status).is_empty()),
                    _ => panic!("{method} {field}: {} {}", answer.status, answer.text),
                }
            }
        }
    }
    assert_eq!(count().await, before + created);
}

async fn guid_of(app: &TestApp, user_name: &str) -> String {
    let api_users = app.get("/v4/ApiUser").await.expect(StatusCode::OK);
    let api_users = api_users.as_array().unwrap();
    let api_user = api_users
        .iter()
        .find(|api_user| api_user["UserName"] == user_name);
    text(api_user.unwrap(), "ApiUserGuid")
}

#[tokio::test]
async fn all_fields_of_a_body_at_once() {
    let app = TestApp::start().await;
    let group = app.new_group("Main operators").await;
    let owner = text(&app.owner().await, "OperatorGuid");
    let watched = ["/v4/Operator", "/v4/OperatorGroup"];
    for (method, path, body) in [
        (
            Method::POST,
            "/v4/Operator".to_owned(),
            operator("one@acme.com"),
        ),
        (
            Method::PUT,
            format!("/v4/Operator/{owner}"),
            operator("one@acme.com"),
        ),
        (
            Method::PATCH,
            format!("/v4/Operator/{owner}"),
            operator("one@acme.com"),
        ),
        (
            Method::PUT,
            group.clone(),
            json!({"OperatorGroupGuid": "", "Description": "x"}),
        ),
        (
            Method::POST,
            format!("{group}/DutySchedule"),
            schedules()[2].clone(),
        ),
    ] {
        for replacement in [json!(7.5), json!([]), json!({}), json!("x".repeat(2_000))] {
            let fields: Map<_, _> = body
                .as_object()
                .unwrap()
                .keys()
                .map(|field| (field.clone(), replacement.clone()))
                .collect();
            let mut before = Vec::new();
            for path in watched {
                before.push(app.get(path).await.text);
            }
            let answer = Answer::of(app.request(method.clone(), &path).json(&fields)).await;
            assert!(
                matches!(answer.status.as_u16(), 400 | 403),
                "{method} {path} {replacement:.60}: {}",
                answer.text
            );
            let messages = answer.messages(answer.status);
            let mut names: Vec<_> = messages
                .iter()
                .map(|message| message.split(':').next().unwrap())
                .collect();
            let reported = names.len();
            names.dedup();
            assert_eq!(
                names.len(),
                reported,
                "one message for each field: {messages:?}"
            );
            for (path, before) in watched.iter().zip(before) {
                assert_eq!(app.get(path).await.text, before);
            }
        }
    }
}
