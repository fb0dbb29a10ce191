//! What a server keeps in its file, over restarts and over versions.

use std::path::Path;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use uptrends_emulator::{Options, Seed};

use crate::app::{Answer, TestApp, path_of, text};

fn daily() -> Value {
    json!({"ScheduleMode": "Daily", "StartTime": "08:00", "EndTime": "17:00"})
}

/// A server on a file, whose account begins with these Ids.
async fn start_counting_from(database: &Path, next: i32) -> TestApp {
    let seed = json!({"accounts": [{
        "AccountId": "123456",
        "NextDutyScheduleId": next,
        "NextUserID": next,
        "operators": [{"FullName": "A", "Email": "a@example.com", "IsAccountAdministrator": true, "User": {"ID": 1}}],
        "operatorGroups": [{"Description": "Administrators"}],
        "apiUsers": [{"operator": "a@example.com", "UserName": "emulator", "Password": "emulator"}]
    }]});
    TestApp::start_with(Options {
        database: Some(database.to_owned()),
        seed: Some(Seed::Text(seed.to_string())),
        ..Options::default()
    })
    .await
}

async fn export(app: &TestApp) -> Value {
    let answer = app.get("/_emulator/accounts/123456/export").await;
    answer.expect(StatusCode::OK)
}

async fn put_snapshot(app: &TestApp, path: &str) {
    let answer = Answer::of(app.request(Method::PUT, path)).await;
    answer.expect(StatusCode::CREATED);
}

#[tokio::test]
async fn ids_that_the_server_gave_are_read_back_and_can_be_loaded() {
    // Where the Ids of a seed once ended, and where they end.
    for first in [1_000_000_000, i32::MAX - 3] {
        let folder = TempDir::new().unwrap();
        let database = folder.path().join("state.sqlite");
        let app = start_counting_from(&database, first).await;
        let schedules = format!("{}/DutySchedule", path_of(&app.owner().await));
        for id in first..first + 3 {
            let schedule = app.post(&schedules, daily()).await;
            assert_eq!(schedule.expect(StatusCode::CREATED)["Id"], id);
        }
        for id in first..first + 3 {
            let email = format!("{id}@example.com");
            app.new_operator(json!({"Email": email})).await;
        }
        let snapshot = "/_emulator/accounts/123456/snapshots/s";
        put_snapshot(&app, snapshot).await;
        let before = export(&app).await;
        app.stop().await;

        let app = TestApp::start_on(&database).await;
        assert_eq!(export(&app).await, before);
        let kept = app.get(snapshot).await.expect(StatusCode::OK);
        assert_eq!(
            kept["accounts"][0]["operators"],
            before["accounts"][0]["operators"]
        );
        let mut document = before;
        document["accounts"][0]["apiUsers"][0]["UserName"] = json!("another");
        let made = app.post("/_emulator/accounts", json!({"seed": document}));
        made.await.expect(StatusCode::CREATED);
        app.stop().await;
    }
}

#[tokio::test]
async fn when_all_ids_are_used_up_what_needs_one_is_refused() {
    const LAST: i32 = i32::MAX - 1;
    let folder = TempDir::new().unwrap();
    let database = folder.path().join("state.sqlite");
    let app = start_counting_from(&database, LAST - 1).await;
    let operator = app.new_operator(json!({})).await;
    let group = app.new_group("On call").await;
    let member = text(&operator, "OperatorGuid");
    let member = app.act(&format!("{group}/Member/{member}")).await;
    member.expect(StatusCode::CREATED);
    let schedules = format!("{}/DutySchedule", path_of(&operator));
    let of_group = format!("{group}/DutySchedule");

    app.post(&schedules, daily())
        .await
        .expect(StatusCode::CREATED);
    // One for the group and one for its member would be one too many.
    let told = app.post(&of_group, daily()).await;
    let told = told.messages(StatusCode::FORBIDDEN);
    assert_eq!(
        told,
        ["Id: all Ids of duty schedules are used up, 1 to 2147483646."]
    );
    assert_eq!(app.get(&of_group).await.expect(StatusCode::OK), json!([]));
    let last = app.post(&schedules, daily()).await;
    assert_eq!(last.expect(StatusCode::CREATED)["Id"], LAST);

    let email = json!({"Email": "last@example.com"});
    app.new_operator(email).await;
    let another = json!({"FullName": "One more", "Email": "more@example.com"});
    for _ in 0..2 {
        let told = app.post(&schedules, daily()).await;
        told.names(StatusCode::FORBIDDEN, &["Id"]);
        let told = app.post("/v4/Operator", another.clone()).await;
        let told = told.messages(StatusCode::FORBIDDEN);
        assert_eq!(told, ["ID: all IDs of users are used up, 1 to 2147483646."]);
    }
    let before = export(&app).await;
    app.stop().await;
    let app = TestApp::start_on(&database).await;
    assert_eq!(export(&app).await, before);
    app.stop().await;
}

#[tokio::test]
async fn a_last_account_that_was_deleted_stays_deleted_until_a_reset() {
    let folder = TempDir::new().unwrap();
    let database = folder.path().join("state.sqlite");
    let app = TestApp::start_on(&database).await;
    let deleted = app.delete("/_emulator/accounts/123456").await;
    deleted.expect(StatusCode::NO_CONTENT);
    app.stop().await;

    let app = TestApp::start_on(&database).await;
    let accounts = async || app.get("/_emulator/accounts").await.expect(StatusCode::OK);
    assert_eq!(accounts().await, json!([]));
    app.get("/v4/Operator")
        .await
        .expect(StatusCode::UNAUTHORIZED);
    app.act("/_emulator/reset")
        .await
        .expect(StatusCode::NO_CONTENT);
    assert_eq!(accounts().await[0]["accountId"], "123456");
    app.get("/v4/Operator").await.expect(StatusCode::OK);
    app.stop().await;
}
