//! Data in the database file across restarts and versions.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use tempfile::TempDir;
use tokio::time::timeout;
use uptrends_emulator::{Options, Seed};

use crate::app::{Answer, TestApp, path_of, text};

fn daily() -> Value {
    json!({"ScheduleMode": "Daily", "StartTime": "08:00", "EndTime": "17:00"})
}

/// Starts a server on a file with an account whose next Ids are these.
async fn start_counting_from(database: &Path, next: i32) -> TestApp {
    let seed = json!({"accounts": [{
        "AccountId": "123456",
        "NextDutyScheduleId": next,
        "NextUserID": next,
        "operators": [{"FullName": "A", "Email": "a@example.com", "IsAccountAdministrator": true, "User": {"ID": 1}}],
        "operatorGroups": [{"Description": "Administrators"}],
        "apiUsers": [{"operator": "a@example.com", "UserName": "emulator", "Password": "emulator"}]
    }]});
    let seed = Seed::Text(seed.to_string());
    TestApp::start_with(Options::default().database(database).seed(seed)).await
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
async fn assigned_ids_are_restored_and_can_be_loaded() {
    // The former and the current limit of Ids in a seed.
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
        let snapshot_document = app.get(snapshot).await.expect(StatusCode::OK);
        assert_eq!(
            snapshot_document["accounts"][0]["operators"],
            before["accounts"][0]["operators"]
        );
        let mut document = before;
        document["accounts"][0]["apiUsers"][0]["UserName"] = json!("another");
        let account = app.post("/_emulator/accounts", json!({"seed": document}));
        account.await.expect(StatusCode::CREATED);
        app.stop().await;
    }
}

#[tokio::test]
async fn creation_is_rejected_when_all_ids_are_used_up() {
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
    let group_schedules = format!("{group}/DutySchedule");

    app.post(&schedules, daily())
        .await
        .expect(StatusCode::CREATED);
    // One Id for the group and one for its member would exceed the limit.
    let answer = app.post(&group_schedules, daily()).await;
    let messages = answer.messages(StatusCode::FORBIDDEN);
    assert_eq!(
        messages,
        ["Id: all Ids of duty schedules are used up, 1 to 2147483646."]
    );
    assert_eq!(
        app.get(&group_schedules).await.expect(StatusCode::OK),
        json!([])
    );
    let last = app.post(&schedules, daily()).await;
    assert_eq!(last.expect(StatusCode::CREATED)["Id"], LAST);

    let email = json!({"Email": "last@example.com"});
    app.new_operator(email).await;
    let another = json!({"FullName": "One more", "Email": "more@example.com"});
    for _ in 0..2 {
        let answer = app.post(&schedules, daily()).await;
        answer.names(StatusCode::FORBIDDEN, &["Id"]);
        let answer = app.post("/v4/Operator", another.clone()).await;
        let messages = answer.messages(StatusCode::FORBIDDEN);
        assert_eq!(
            messages,
            ["ID: all IDs of users are used up, 1 to 2147483646."]
        );
    }
    let before = export(&app).await;
    app.stop().await;
    let app = TestApp::start_on(&database).await;
    assert_eq!(export(&app).await, before);
    app.stop().await;
}

#[tokio::test]
async fn a_deleted_last_account_stays_deleted_until_a_reset() {
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

/// Returns an account that contains everything at least once.
fn whole_account() -> Value {
    let hash = "$argon2id$v=19$m=8,t=1,p=1$oyHYHQgnUZGJ0VAYf4ZqsA$wVdUaxYV73kYAx9Bui3dpnz1htVIgIDlkp72PnPIuW4";
    let hours = |fields: Value| {
        let mut schedule = json!({"StartTime": "08:00", "EndTime": "17:00"});
        let fields = fields.as_object().unwrap().clone();
        schedule.as_object_mut().unwrap().extend(fields);
        schedule
    };
    json!({"accounts": [{
        "AccountId": "123456",
        "operators": [
            {"FullName": "A", "Email": "a@example.com", "IsAccountAdministrator": true, "PasswordHash": hash},
            {"FullName": "B", "Email": "b@example.com", "PasswordHash": hash, "DutySchedules": [
                {"Id": 1, "ScheduleMode": "OneTime",
                    "StartDateTime": "2026-01-01T00:00:00", "EndDateTime": "2026-01-02T00:00:00"},
                hours(json!({"Id": 2, "ScheduleMode": "Daily"})),
                hours(json!({"Id": 3, "ScheduleMode": "Weekly", "WeekDay": "Monday"})),
                hours(json!({"Id": 4, "ScheduleMode": "Monthly", "MonthDay": 1})),
                hours(json!({"Id": 6, "ScheduleMode": "Daily", "CopyOf": 5}))
            ]}
        ],
        "operatorGroups": [
            {"Description": "Administrators"},
            {"Description": "Everyone"},
            {"Description": "On call", "members": ["b@example.com"],
                "DutySchedules": [hours(json!({"Id": 5, "ScheduleMode": "Daily"}))]}
        ],
        "apiUsers": [{"operator": "a@example.com", "UserName": "emulator", "Password": "emulator"}]
    }]})
}

/// A hash that would take hours and occupy the whole machine.
const COSTLY_HASH: &str = "$argon2id$v=19$m=19456,t=4294967295,p=1$oyHYHQgnUZGJ0VAYf4ZqsA$wVdUaxYV73kYAx9Bui3dpnz1htVIgIDlkp72PnPIuW4";

/// Groups the fields below into rounds without repeated fields, to start as few servers as possible.
fn rounds_of_broken_fields() -> Vec<Vec<(&'static str, Value)>> {
    let mut rounds: Vec<Vec<(&str, Value)>> = Vec::new();
    for (field, value) in broken_fields() {
        let is_free =
            |round: &&mut Vec<(&str, Value)>| round.iter().all(|(name, _)| *name != field);
        match rounds.iter_mut().find(is_free) {
            Some(round) => round.push((field, value)),
            None => rounds.push(vec![(field, value)]),
        }
    }
    rounds
}

/// Returns the fields of a document with values that break their rules, or a rule between fields.
fn broken_fields() -> Vec<(&'static str, Value)> {
    let long = json!("x".repeat(300));
    vec![
        ("TimezoneId", json!(9999)),
        ("NextDutyScheduleId", json!(i32::MAX)),
        ("NextUserID", json!(i32::MAX)),
        ("operators[1].FullName", long.clone()),
        ("operators[1].FullName", json!(" ")),
        ("operators[1].Email", json!("no address")),
        ("operators[1].Email", json!(" A@example.com ")),
        ("operators[1].PasswordHash", json!("no hash")),
        ("operators[1].PasswordHash", json!(COSTLY_HASH)),
        ("operators[1].MobilePhone", json!("0612345678")),
        ("operators[1].OutgoingPhoneNumber", json!("0612345678")),
        ("operators[1].OutgoingPhoneNumberId", json!(99)),
        ("operators[1].BackupEmail", json!("no address")),
        ("operators[1].CultureName", json!("nl-BE")),
        ("operators[1].TimeZoneId", json!(9999)),
        ("operators[1].PhoneProvider", long.clone()),
        ("operators[1].PhoneProvider", json!("")),
        ("operators[1].AllowNativeLogin", json!(false)),
        ("operators[1].AllowSingleSignon", json!(true)),
        ("operators[1].DefaultDashboard", json!("My dashboard")),
        ("operators[1].DefaultDashboard", json!("")),
        ("operators[1].OperatorRole", long.clone()),
        ("operators[1].OperatorRole", json!("")),
        (
            "operators[1].Authorizations",
            json!(["AccountAdministrator"]),
        ),
        ("operators[1].User.ID", json!(i32::MAX)),
        ("operators[0].User.Active", json!(false)),
        ("operators[1].User.DateFormat", long.clone()),
        ("operators[1].User.TimeFormat", long.clone()),
        ("operators[1].DutySchedules[4].CopyOf", json!(999)),
        ("operators[1].DutySchedules[4].Id", json!(i32::MAX)),
        (
            "operators[1].DutySchedules[0].EndDateTime",
            json!("2025-12-31T00:00:00"),
        ),
        ("operators[1].DutySchedules[1].EndTime", json!("08:00")),
        ("operators[1].DutySchedules[3].MonthDay", json!(40)),
        ("operatorGroups[2].Description", long.clone()),
        ("operatorGroups[2].Description", json!("")),
        ("operatorGroups[2].Authorizations", json!(["Administrator"])),
        ("apiUsers[0].UserName", json!("a:b")),
        ("apiUsers[0].UserName", json!("")),
        ("apiUsers[0].Description", long),
    ]
}

/// Fields without a rule beyond their format; no version has written a value without that format.
const FIELDS_WITHOUT_RULE: &[(&str, &[&str])] = &[
    (
        "SeedAccount",
        &[
            "AccountId",
            "Name",
            "SingleSignOn",
            "operators",
            "operatorGroups",
            "apiUsers",
        ],
    ),
    (
        "SeedOperator",
        &[
            "OperatorGuid",
            "IsAccountAdministrator",
            "IsOnDuty",
            "SmsProvider",
            "UseNumericSender",
            "SetupMode",
            "DutySchedules",
            "User",
            // Never stored.
            "key",
            "Hash",
            "UserName",
            "Password",
            "OutgoingPhoneNumberIdSpecified",
            "CultureNameSpecified",
            "TimeZoneIdSpecified",
            "UseNumericSenderSpecified",
            "AllowNativeLoginSpecified",
            "AllowSingleSignonSpecified",
        ],
    ),
    (
        "SeedUser",
        &[
            "EnableAlertTimeframe",
            "AlertTimeframeStart",
            "AlertTimeframeEnd",
            "DefaultDashboard",
            "GraphTooltips",
            // Never stored.
            "ClientID",
            "ClientName",
            "UserName",
            "GivenName",
            "FamilyName",
            "Email",
            "UserRole",
            "UserRoleDescription",
            "MobileNumber",
            "TimeZoneID",
        ],
    ),
    (
        "SeedOperatorGroup",
        &[
            "OperatorGroupGuid",
            "IsEveryone",
            "IsAdministratorsGroup",
            "members",
            "DutySchedules",
            // Never stored.
            "key",
        ],
    ),
    (
        "SeedDutySchedule",
        &["ScheduleMode", "StartDateTime", "WeekDay", "StartTime"],
    ),
    (
        "SeedApiUser",
        &[
            "ApiUserGuid",
            "operator",
            "PasswordHash",
            "Type",
            "CreatedDate",
            "LastUsed",
            "UsageByDay",
            "PredatesLastUsed",
            // Never stored.
            "key",
            "OperatorGuid",
            "Password",
            "UsageLast30Days",
        ],
    ),
];

#[tokio::test]
async fn every_document_field_is_in_the_table_of_broken_rules_or_has_no_rule() {
    let app = TestApp::start().await;
    let schema = app.get("/_emulator/seed.schema.json").await;
    let schema = schema.expect(StatusCode::OK);
    let broken = broken_fields();
    let lists = [
        ("SeedAccount", ""),
        ("SeedOperator", "operators"),
        ("SeedUser", "User"),
        ("SeedOperatorGroup", "operatorGroups"),
        ("SeedDutySchedule", "DutySchedules"),
        ("SeedApiUser", "apiUsers"),
    ];
    let objects = schema["$defs"].as_object().unwrap().keys();
    for object in objects.filter(|object| object.starts_with("Seed")) {
        let is_listed = |(listed, _): &&(&str, &str)| listed == object;
        assert!(lists.iter().find(is_listed).is_some(), "{object}");
    }
    for (object, list) in lists {
        let (_, without) = FIELDS_WITHOUT_RULE
            .iter()
            .find(|(name, _)| *name == object)
            .unwrap();
        let is_broken = |field: &str| {
            broken.iter().any(|(path, _)| {
                let mut steps = path.rsplit('.');
                let (last, before) = (steps.next(), steps.next().unwrap_or_default());
                last == Some(field) && before.split('[').next() == Some(list)
            })
        };
        for field in schema["$defs"][object]["properties"]
            .as_object()
            .unwrap()
            .keys()
        {
            assert_ne!(
                without.contains(&field.as_str()),
                is_broken(field),
                "{object} {field}"
            );
        }
    }
}

/// Changes a database file directly with SQL.
async fn edit(database: &Path, sql: &str, values: &[&str]) {
    let options = SqliteConnectOptions::new().filename(database);
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql("pragma ignore_check_constraints = on; pragma foreign_keys = off")
        .execute(&mut connection)
        .await
        .unwrap();
    let mut query = sqlx::query(AssertSqlSafe(sql.to_owned()));
    for value in values {
        query = query.bind(*value);
    }
    let edited = query.execute(&mut connection).await;
    assert_ne!(edited.unwrap().rows_affected(), 0, "{sql}");
    connection.close().await.unwrap();
}

/// Creates a file with that account and a snapshot of it.
async fn whole_file(folder: &TempDir) -> PathBuf {
    let database = folder.path().join("whole.sqlite");
    let seed = Seed::Text(whole_account().to_string());
    let app = TestApp::start_with(Options::default().database(&database).seed(seed)).await;
    put_snapshot(&app, "/_emulator/accounts/123456/snapshots/s").await;
    app.stop().await;
    database
}

/// Expects every request to be answered, whatever an account contains.
async fn assert_all_is_answered(app: &TestApp, what: &str) {
    for path in [
        "/v4/Operator",
        "/v4/OperatorGroup",
        "/v4/ApiUser",
        "/v4/Account",
        "/v4/Account/Settings",
        "/api/Users",
        "/_emulator/accounts",
        "/console",
    ] {
        let status = app.get(path).await.status;
        assert!(!status.is_server_error(), "{what}: {path} {status}");
    }
}

#[tokio::test]
async fn a_stored_document_is_read_whichever_rule_it_breaks() {
    let folder = TempDir::new().unwrap();
    let whole = whole_file(&folder).await;
    let database = folder.path().join("edited.sqlite");
    for round in rounds_of_broken_fields() {
        fs::copy(&whole, &database).unwrap();
        for (field, value) in &round {
            // References to an operator by its address use the new one.
            let naming = field
                .ends_with(".Email")
                .then_some("operatorGroups[2].members[0]");
            for (field, table) in [*field]
                .into_iter()
                .chain(naming)
                .flat_map(|field| [(field, "base"), (field, "snapshot")])
            {
                let sql = format!(
                    "update {table} set document = json_set(document, '$.accounts[0].' || ?, json(?))"
                );
                edit(&database, &sql, &[field, &value.to_string()]).await;
            }
        }
        let app = TestApp::start_on(&database).await;
        let stored = app.get("/_emulator/accounts/123456/snapshots/s").await;
        let stored = stored.expect(StatusCode::OK)["accounts"][0].clone();
        for (field, value) in &round {
            assert_holds(&stored, field, value);
        }
        app.stop().await;
    }
}

#[track_caller]
fn assert_holds(account: &Value, field: &str, value: &Value) {
    let pointer = field.replace(['.', '['], "/").replace(']', "");
    let actual = account.pointer(&format!("/{pointer}"));
    assert_eq!(actual, Some(value), "{field}");
}

#[tokio::test]
async fn a_stored_row_is_read_whichever_rule_it_breaks() {
    let folder = TempDir::new().unwrap();
    let whole = whole_file(&folder).await;
    let database = folder.path().join("edited.sqlite");
    let bob = "email_key = 'b@example.com'";
    let of_bob =
        "operator_guid = (select operator_guid from operator where email_key = 'b@example.com')";
    let of_owner = "operator_guid = (select owner_guid from account)";
    // The table and column of a document's field.
    let place = |field: &str| -> (&str, String, String) {
        let (rest, name) = field.rsplit_once('.').unwrap_or(("", field));
        let column: String = match name {
            "TimezoneId" => "time_zone_id".to_owned(),
            "NextDutyScheduleId" => "next_schedule_id".to_owned(),
            "NextUserID" => "next_user_id".to_owned(),
            "ID" => "user_id".to_owned(),
            "Id" => "schedule_id".to_owned(),
            name => {
                let mut column = String::new();
                for (at, letter) in name.char_indices() {
                    if letter.is_uppercase() && at > 0 {
                        column.push('_');
                    }
                    column.push(letter.to_ascii_lowercase());
                }
                column
            }
        };
        let (table, which) = match rest {
            "" => ("account", "true".to_owned()),
            "operators[1]" => ("operator", bob.to_owned()),
            "operators[1].User" => ("user", of_bob.to_owned()),
            "operators[0].User" => ("user", of_owner.to_owned()),
            "operatorGroups[2]" => ("operator_group", "kind = 'Ordinary'".to_owned()),
            "apiUsers[0]" => ("api_user", "true".to_owned()),
            schedule => {
                let number = schedule.trim_end_matches(']').rsplit('[').next().unwrap();
                let id = [1, 2, 3, 4, 6][number.parse::<usize>().unwrap()];
                ("duty_schedule", format!("schedule_id = {id}"))
            }
        };
        (table, column, which)
    };
    for round in rounds_of_broken_fields() {
        fs::copy(&whole, &database).unwrap();
        for (field, value) in &round {
            let (table, column, which) = place(field);
            let sql = match (*field, value) {
                ("operators[1].Authorizations", _) => {
                    format!("update operator_authorization set authorization = ? where {of_bob}")
                }
                ("operatorGroups[2].Authorizations", _) => {
                    "insert into operator_group_authorization
                     select account_id, operator_group_guid, ? from operator_group where kind = 'Ordinary'"
                        .to_owned()
                }
                (_, Value::String(_)) => format!("update {table} set {column} = ? where {which}"),
                _ => format!("update {table} set {column} = json_extract(?, '$') where {which}"),
            };
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Array(words) => words[0].as_str().unwrap().to_owned(),
                other => other.to_string(),
            };
            edit(&database, &sql, &[&text]).await;
        }
        let app = TestApp::start_on(&database).await;
        let exported = export(&app).await["accounts"][0].clone();
        for (field, value) in &round {
            assert_holds(&exported, field, value);
        }
        assert_all_is_answered(&app, &format!("{round:?}")).await;
        app.stop().await;
    }
}

#[tokio::test]
async fn a_stored_hash_that_is_too_costly_cannot_log_in_and_none_is_accepted() {
    let folder = TempDir::new().unwrap();
    let database = whole_file(&folder).await;
    let sql = "update operator set password_hash = ? where email_key = 'b@example.com'";
    edit(&database, sql, &[COSTLY_HASH]).await;
    let app = TestApp::start_on(&database).await;
    let register = app
        .anonymous(Method::POST, "/v4/Register")
        .basic_auth("b@example.com", Some("secret"));
    let answer = timeout(Duration::from_secs(30), Answer::of(register)).await;
    let answer = answer.expect("it is computed");
    answer.expect(StatusCode::UNAUTHORIZED);

    // The export contains it, but it cannot be loaded again.
    let mut document = export(&app).await;
    document["accounts"][0]["apiUsers"][0]["UserName"] = json!("another");
    let refused = app.post("/_emulator/accounts", json!({"seed": document}));
    let refused = refused.await.expect(StatusCode::BAD_REQUEST)["detail"].clone();
    let message = refused.as_str().unwrap();
    assert!(
        message.contains("PasswordHash: costs too much"),
        "{message}"
    );
    app.stop().await;
}
