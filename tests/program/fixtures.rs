//! Database files of earlier versions, in `tests/fixtures`: every later version opens them and finds all their data.
//!
//! Each is a database with everything that can be stored, accompanied by a JSON file with the API responses at the time of
//! its creation. A version that changes what is stored, or how, adds one, after adding what is new to `seed` and `fill`:
//!
//! ```sh
//! FIXTURE=0.2.0 PROGRAM=target/debug/uptrends-emulator \
//!     cargo test --locked --test program -- --ignored make_a_file_with_everything_in_it
//! ```
//!
//! An existing file never changes; its expected responses change only if the APIs' responses are meant to change.
//!
//! | File | Made by |
//! |---|---|
//! | `0.1.0-a` | the last version that applied the rules for seeds to stored data |
//! | `0.1.0-b` | the first version that creates a file in one transaction |
//! | `0.1.0-c` | the first version that keeps the times of snapshots |

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Map, Value, json};

use super::{Program, folder};

/// The user name and password used to read an account.
type Reader = (String, String);

/// Returns the reader of a seeded account: an API user whose password equals its name.
fn seeded_reader(account: &str) -> Reader {
    let name = format!("reader-of-{account}");
    (name.clone(), name)
}

/// Starts a program on a file; `None` means the current version.
fn start(program: Option<&Path>, database: &Path, seed: Option<&Value>) -> Program {
    let this = Path::new(env!("CARGO_BIN_EXE_uptrends-emulator"));
    let mut command = Command::new(program.unwrap_or(this));
    command
        .args(["--listen", "127.0.0.1:0", "--database"])
        .arg(database)
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    if let Some(seed) = seed {
        command.args(["--seed-json", &seed.to_string()]);
    }
    Program::run(&mut command)
}

fn stop(program: Program) {
    program.signal("-TERM");
    assert_eq!(program.end().0, Some(0));
}

/// Sends a request of a reader, or one without credentials.
async fn ask(
    program: &Program,
    reader: Option<&Reader>,
    (method, path): (Method, &str),
    body: Option<Value>,
) -> (StatusCode, Value) {
    let mut request = Client::new().request(method, format!("{}{path}", program.url));
    if let Some((user_name, password)) = reader {
        request = request.basic_auth(user_name, Some(password));
    }
    if let Some(body) = body {
        request = request.json(&body);
    }
    let response = request.send().await.unwrap();
    let status = response.status();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or_default())
}

async fn get(program: &Program, reader: Option<&Reader>, path: &str) -> Value {
    let (status, body) = ask(program, reader, (Method::GET, path), None).await;
    assert_eq!(status, StatusCode::OK, "{path}: {body}");
    body
}

/// Sends a change that must succeed.
async fn act(
    program: &Program,
    reader: Option<&Reader>,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> Value {
    let request = format!("{method} {path} {body:?}");
    let (status, answer) = ask(program, reader, (method, path), body).await;
    assert!(status.is_success(), "{request}: {status} {answer}");
    answer
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field]
        .as_str()
        .unwrap_or_else(|| panic!("no {field}: {value}"))
}

fn items(value: &Value) -> &[Value] {
    value
        .as_array()
        .unwrap_or_else(|| panic!("no list: {value}"))
}

fn snapshot_path(account: &str, name: &str) -> String {
    let name = utf8_percent_encode(name, NON_ALPHANUMERIC);
    format!("/_emulator/accounts/{account}/snapshots/{name}")
}

/// Returns all API responses about stored data, at a fixed time.
async fn everything_shown(program: &Program, readers: &Map<String, Value>) -> Value {
    let at = json!({"at": "2026-06-27T12:00:00"});
    act(
        program,
        None,
        Method::POST,
        "/_emulator/clock/freeze",
        Some(at),
    )
    .await;
    let accounts = get(program, None, "/_emulator/accounts").await;
    // The control API comes first, since its requests do not count as usage.
    let exports = exports(program, false).await;
    let (mut snapshots, mut taken, mut api) = (Map::new(), Map::new(), Map::new());
    for account in items(&accounts) {
        let id = text(account, "accountId");
        let names = format!("/_emulator/accounts/{id}/snapshots");
        let names = get(program, None, &names).await;
        let mut account_snapshots = Map::new();
        for snapshot in items(&names) {
            let name = text(snapshot, "name");
            if let Some(time) = snapshot.get("taken") {
                taken.insert(format!("{id}/{name}"), time.clone());
            }
            account_snapshots.insert(
                name.to_owned(),
                get(program, None, &snapshot_path(id, name)).await,
            );
        }
        snapshots.insert(id.to_owned(), account_snapshots.into());
    }
    for account in items(&accounts) {
        let id = text(account, "accountId");
        let reader: Reader = serde_json::from_value(readers[id].clone()).unwrap();
        api.insert(id.to_owned(), account_api_responses(program, &reader).await);
    }
    let mut shown =
        json!({"accounts": accounts, "exports": exports, "snapshots": snapshots, "api": api});
    // Snapshots of earlier versions do not say when they were taken.
    if !taken.is_empty() {
        shown["taken"] = taken.into();
    }
    shown
}

/// Returns all account API responses of an account, except what the reader changes by reading, and an operator's `Hash`,
/// which is not stored.
async fn account_api_responses(program: &Program, reader: &Reader) -> Value {
    let mut responses = Map::new();
    let mut paths: Vec<String> = ["Account", "Account/Settings", "ApiUser"]
        .map(str::to_owned)
        .into();
    let mut operators = get(program, Some(reader), "/v4/Operator").await;
    for operator in operators.as_array_mut().unwrap() {
        let path = format!("Operator/{}", text(operator, "OperatorGuid"));
        let parts = ["OperatorGroup", "Authorization", "DutySchedule"];
        paths.extend(parts.map(|part| format!("{path}/{part}")));
        operator.as_object_mut().unwrap().remove("Hash");
    }
    responses.insert("Operator".to_owned(), operators);
    let groups = get(program, Some(reader), "/v4/OperatorGroup").await;
    for group in items(&groups) {
        let path = format!("OperatorGroup/{}", text(group, "OperatorGroupGuid"));
        let parts = ["Member", "Authorization", "DutySchedule"];
        paths.extend(parts.map(|part| format!("{path}/{part}")));
    }
    responses.insert("OperatorGroup".to_owned(), groups);
    for path in paths {
        let mut answer = get(program, Some(reader), &format!("/v4/{path}")).await;
        if path == "ApiUser" {
            let mut all = answer.as_array_mut().unwrap().iter_mut();
            let own = all
                .find(|api_user| api_user["UserName"] == reader.0)
                .unwrap();
            let own = own.as_object_mut().unwrap();
            own.remove("LastUsed").unwrap();
            own.remove("UsageLast30Days").unwrap();
        }
        responses.insert(path, answer);
    }
    let users = get(program, Some(reader), "/api/Users").await;
    responses.insert("Users".to_owned(), users["Users"].clone());
    responses.into()
}

/// Returns the exports of the accounts, each after a reset of the account, and all after a reset of the server to its
/// seed.
async fn exports_after_resets(program: &Program) -> Value {
    let each = exports(program, true).await;
    act(program, None, Method::POST, "/_emulator/reset", None).await;
    json!({"each": each, "server": exports(program, false).await})
}

async fn exports(program: &Program, after_resets: bool) -> Map<String, Value> {
    let mut exports = Map::new();
    for account in items(&get(program, None, "/_emulator/accounts").await) {
        let id = text(account, "accountId");
        let path = format!("/_emulator/accounts/{id}");
        if after_resets {
            let reset = format!("{path}/reset");
            act(program, None, Method::POST, &reset, None).await;
        }
        let export = get(program, None, &format!("{path}/export")).await;
        exports.insert(id.to_owned(), export);
    }
    exports
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// Adds a message for each difference between two values.
fn differences(actual: &Value, expected: &Value, at: &str, messages: &mut Vec<String>) {
    match (actual, expected) {
        (Value::Object(actual), Value::Object(expected)) => {
            for key in actual
                .keys()
                .chain(expected.keys())
                .collect::<BTreeSet<_>>()
            {
                let (actual, expected) = (actual.get(key), expected.get(key));
                let null = Value::Null;
                let at = format!("{at}/{key}");
                differences(
                    actual.unwrap_or(&null),
                    expected.unwrap_or(&null),
                    &at,
                    messages,
                );
            }
        }
        (Value::Array(actual), Value::Array(expected)) if actual.len() == expected.len() => {
            for (number, (actual, expected)) in actual.iter().zip(expected).enumerate() {
                differences(actual, expected, &format!("{at}/{number}"), messages);
            }
        }
        _ if actual == expected => {}
        _ => messages.push(format!("{at}: {actual}, not {expected}")),
    }
}

#[track_caller]
fn assert_same(actual: &Value, expected: &Value, what: &str) {
    let mut messages = Vec::new();
    differences(actual, expected, "", &mut messages);
    assert!(messages.is_empty(), "{what}:\n{}", messages.join("\n"));
}

#[tokio::test]
async fn files_of_earlier_versions_keep_all_their_data() {
    let mut files = 0;
    for entry in fs::read_dir(fixtures()).unwrap() {
        let fixture = entry.unwrap().path();
        if fixture.extension().is_none_or(|end| end != "sqlite") {
            continue;
        }
        files += 1;
        let name = fixture.file_name().unwrap().to_str().unwrap();
        let expected = File::open(fixture.with_extension("json")).unwrap();
        let expected: Value = serde_json::from_reader(expected).unwrap();
        let readers = expected["readers"].as_object().unwrap();
        for opened_before in [false, true] {
            let (_folder, database) = folder();
            fs::copy(&fixture, &database).unwrap();
            if opened_before {
                stop(start(None, &database, None));
            }
            let what = format!("{name}, opened before: {opened_before}");
            let program = start(None, &database, None);
            assert_same(
                &everything_shown(&program, readers).await,
                &expected["all"],
                &what,
            );
            stop(program);
        }
        let (_folder, database) = folder();
        fs::copy(&fixture, &database).unwrap();
        let program = start(None, &database, None);
        let resets = exports_after_resets(&program).await;
        assert_same(&resets, &expected["resets"], &format!("{name}, reset"));
        // A stored password is still valid.
        let login = Some(("100200/owner@example.com".to_owned(), "s3cret".to_owned()));
        act(&program, login.as_ref(), Method::POST, "/v4/Register", None).await;
        stop(program);
    }
    assert!(files >= 2, "{files}");
}

#[tokio::test]
#[ignore = "makes a new one of the files that the test above reads"]
async fn make_a_file_with_everything_in_it() {
    let name = std::env::var("FIXTURE").expect("FIXTURE is the name of the new file");
    let program =
        std::env::var_os("PROGRAM").expect("PROGRAM is the path of the program that creates it");
    let program = Some(Path::new(&program));
    let fixture = fixtures().join(format!("{name}.sqlite"));
    assert!(!fixture.exists(), "it is there already");
    let (_folder, database) = folder();
    let running = start(program, &database, Some(&seed()));
    let readers = fill(&running).await;
    stop(running);
    fs::copy(&database, &fixture).unwrap();
    let running = start(program, &database, None);
    let all = everything_shown(&running, &readers).await;
    let resets = exports_after_resets(&running).await;
    stop(running);
    let expected = json!({"readers": readers, "all": all, "resets": resets});
    let expected = serde_json::to_string_pretty(&expected).unwrap();
    fs::write(fixture.with_extension("json"), expected + "\n").unwrap();
}

const HASH: &str =
    "$argon2id$v=19$m=8,t=1,p=1$oyHYHQgnUZGJ0VAYf4ZqsA$wVdUaxYV73kYAx9Bui3dpnz1htVIgIDlkp72PnPIuW4";

const WEEK_DAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

/// Returns a seed of three accounts: one with every field set and unset, every word and every kind of schedule, one that
/// will be deleted, and one that is almost empty.
fn seed() -> Value {
    let weekly: Vec<_> = WEEK_DAYS
        .iter()
        .map(|day| json!({"ScheduleMode": "Weekly", "WeekDay": day, "StartTime": "22:00", "EndTime": "06:00"}))
        .collect();
    let providers = [
        "UseAccountSetting",
        "SmsProviderEurope",
        "SmsProviderEurope2",
        "SmsProviderUSA",
        "SmsProviderInternational",
    ];
    let cultures = ["en-US", "en-GB", "fr-FR", "de-DE", "nl-NL"];
    let mut operators = vec![
        json!({
            "FullName": "Owner Ünïcode 🦀 \"quoted\" \\ \u{0} end", "Email": "owner@example.com", "Password": "s3cret",
            "IsAccountAdministrator": true, "Authorizations": [
                "AccountAccess", "AllowInfra", "FinancialOperator", "TechnicalContact", "ShareDashboards",
                "CreateAlertDefinition", "CreateIntegration", "CreatePrivateLocations", "ManageMonitorTemplates"
            ],
            "DutySchedules": weekly
        }),
        json!({
            "key": "whole", "OperatorGuid": "36fad910-6e9f-4886-b1a7-9b4637362cb8", "FullName": "  Whole  Operator ",
            "Email": " Whole@Example.com ", "PasswordHash": HASH, "MobilePhone": "+31 (6) 1234-5678",
            "OutgoingPhoneNumber": "+31.20.123.4567", "OutgoingPhoneNumberId": 3, "BackupEmail": " backup@example.com ",
            "IsOnDuty": true, "CultureName": "NL-nl", "TimeZoneId": 110, "SmsProvider": "SmsProviderUSA",
            "UseNumericSender": false, "PhoneProvider": " Other provider ", "AllowNativeLogin": true,
            "AllowSingleSignon": true, "DefaultDashboard": "c1534087-590e-497e-b58e-00bc4dbfa1d3",
            "OperatorRole": "A role of its own", "SetupMode": "Manual", "Authorizations": [],
            "DutySchedules": [
                {"Id": 50, "ScheduleMode": "OneTime",
                    "StartDateTime": "2026-02-28T23:59:59", "EndDateTime": "2028-02-29T00:00:00"},
                {"Id": 40, "ScheduleMode": "Daily", "StartTime": "00:00", "EndTime": "23:59"},
                {"Id": 45, "ScheduleMode": "Monthly", "MonthDay": 31, "StartTime": "08:30", "EndTime": "08:00"},
                {"Id": 61, "ScheduleMode": "Daily", "StartTime": "01:00", "EndTime": "02:00", "CopyOf": 60}
            ],
            "User": {
                "ID": 70, "Active": false, "EnableAlertTimeframe": true, "AlertTimeframeStart": "08:30:00.1234567",
                "AlertTimeframeEnd": "23:59:59", "DefaultDashboard": -5, "DateFormat": " yyyy-MM-dd ", "TimeFormat": "",
                "GraphTooltips": false
            }
        }),
        json!({"FullName": "Invited", "Email": "invited@example.com", "SetupMode": "Invitation", "AllowNativeLogin": false}),
    ];
    for (number, (provider, culture)) in providers.iter().zip(cultures).enumerate() {
        operators.push(json!({
            "FullName": format!("Word {number}"), "Email": format!("word{number}@example.com"),
            "SmsProvider": provider, "CultureName": culture, "UseNumericSender": number % 2 == 0, "TimeZoneId": number + 1
        }));
    }
    let reader = |account: &str, operator: &str| {
        let (user_name, password) = seeded_reader(account);
        json!({"operator": operator, "UserName": user_name, "Password": password, "CreatedDate": "2025-11-11T21:18:01"})
    };
    json!({"accounts": [
        {
            "AccountId": "100200", "Name": " Example Ünïcode \"account\" ", "TimezoneId": 3, "SingleSignOn": true,
            "NextDutyScheduleId": 100, "NextUserID": 90, "operators": operators,
            "operatorGroups": [
                {"Description": "Administrators", "members": ["word1@example.com", "owner@example.com"]},
                {"key": "pinned", "OperatorGroupGuid": "c1534087-590e-497e-b58e-00bc4dbfa1d3",
                    "Description": "  On call 🦀 ", "members": ["word2@example.com", "whole", "word0@example.com"],
                    "Authorizations": [
                        "ShareDashboards", "AllowInfra", "TechnicalContact", "FinancialOperator", "BasicOperator",
                        "CreateAlertDefinition", "CreateIntegration", "CreatePrivateLocations", "ManageMonitorTemplates"
                    ],
                    "DutySchedules": [{"Id": 60, "ScheduleMode": "Daily", "StartTime": "01:00", "EndTime": "02:00"}]},
                {"Description": "Everyone", "IsEveryone": false},
                {"Description": "Everyone", "Authorizations": ["BasicOperator"]}
            ],
            "apiUsers": [
                reader("100200", "owner@example.com"),
                {"operator": "whole", "UserName": "phone", "Type": "MobileApp", "Description": "  ", "Password": "p",
                    "CreatedDate": "2026-01-02T03:04:05", "LastUsed": "25/06/2026 19:37:59",
                    "UsageByDay": {"2026-06-25": 12, "2026-05-01": 3}},
                {"operator": "whole", "ApiUserGuid": "5fd2ff9c-bdd5-4d4b-bd43-cb81fff0d0f5", "Type": "TransactionRecorder",
                    "Description": "Ünïcode 🦀", "CreatedDate": "2020-01-02T03:04:05", "LastUsed": "Unknown"},
                {"operator": "word0@example.com", "UserName": "not yet", "Password": "p",
                    "CreatedDate": "2026-01-02T03:04:05"},
                {"operator": "word0@example.com", "UserName": "older than that", "Password": "p", "PredatesLastUsed": true,
                    "CreatedDate": "2020-01-02T03:04:05", "LastUsed": "01/02/2026 03:04:05"}
            ]
        },
        {
            "AccountId": "8", "Name": "To be deleted",
            "operators": [{"FullName": "Gone", "Email": "gone@example.com", "IsAccountAdministrator": true}],
            "apiUsers": [reader("8", "gone@example.com")]
        },
        {
            "AccountId": "7",
            "operators": [{"FullName": "Only", "Email": "only@example.com", "IsAccountAdministrator": true}],
            "apiUsers": [reader("7", "only@example.com")]
        }
    ]})
}

/// Applies changes to the seeded accounts and creates more accounts, for data that only changes produce. Returns the readers.
#[expect(clippy::too_many_lines, reason = "one change after the other")]
async fn fill(program: &Program) -> Map<String, Value> {
    let control = async |method: Method, path: &str, body: Option<Value>| {
        act(program, None, method, &format!("/_emulator{path}"), body).await
    };
    let own = seeded_reader("100200");
    let own = async |method: Method, path: &str, body: Option<Value>| {
        act(program, Some(&own), method, path, body).await
    };
    let at = json!({"at": "2026-06-25T12:00:00"});
    control(Method::POST, "/clock/freeze", Some(at)).await;
    control(Method::PUT, "/accounts/100200/snapshots/before", None).await;

    // Operators: created, changed, with swapped addresses, deleted.
    let operators = own(Method::GET, "/v4/Operator", None).await;
    let path_of = |email: &str| {
        let operator = items(&operators)
            .iter()
            .find(|operator| text(operator, "Email") == email);
        format!("/v4/Operator/{}", text(operator.unwrap(), "OperatorGuid"))
    };
    let (one, other) = (path_of("word3@example.com"), path_of("word4@example.com"));
    for (path, email) in [
        (&one, "elsewhere@example.com"),
        (&other, "word3@example.com"),
        (&one, "word4@example.com"),
    ] {
        own(Method::PATCH, path, Some(json!({"Email": email}))).await;
    }
    let operator = json!({"FullName": "x".repeat(255), "Email": "made@example.com", "Password": " pass wörd "});
    let operator = own(Method::POST, "/v4/Operator", Some(operator)).await;
    let operator_guid = text(&operator, "OperatorGuid").to_owned();
    let operator = format!("/v4/Operator/{operator_guid}");
    own(
        Method::PATCH,
        &operator,
        Some(json!({"OperatorRole": "Changed", "TimeZoneId": 2})),
    )
    .await;
    let deleted = json!({"FullName": "Deleted", "Email": "deleted@example.com"});
    let deleted = own(Method::POST, "/v4/Operator", Some(deleted)).await;
    let deleted_guid = text(&deleted, "OperatorGuid").to_owned();

    // Groups: copies of schedules, an edited copy, a copy of a former member, and copies of a deleted group.
    let pinned = "/v4/OperatorGroup/c1534087-590e-497e-b58e-00bc4dbfa1d3";
    own(
        Method::POST,
        &format!("{pinned}/Member/{operator_guid}"),
        None,
    )
    .await;
    own(
        Method::POST,
        &format!("{pinned}/Member/{deleted_guid}"),
        None,
    )
    .await;
    let daily = json!({"ScheduleMode": "Daily", "StartTime": "09:00", "EndTime": "17:00"});
    own(
        Method::POST,
        &format!("{pinned}/DutySchedule"),
        Some(daily.clone()),
    )
    .await;
    let schedules = format!("{operator}/DutySchedule");
    let copies = own(Method::GET, &schedules, None).await;
    let copy = format!("{schedules}/{}", copies[0]["Id"]);
    let monthly =
        json!({"ScheduleMode": "Monthly", "MonthDay": 1, "StartTime": "10:00", "EndTime": "11:00"});
    own(Method::PUT, &copy, Some(monthly.clone())).await;
    let one_guid = one.rsplit('/').next().unwrap();
    let temporary = json!({"Description": "Temporary"});
    let temporary = own(Method::POST, "/v4/OperatorGroup", Some(temporary)).await;
    let temporary = format!(
        "/v4/OperatorGroup/{}",
        text(&temporary, "OperatorGroupGuid")
    );
    own(
        Method::POST,
        &format!("{temporary}/Member/{one_guid}"),
        None,
    )
    .await;
    own(
        Method::POST,
        &format!("{temporary}/DutySchedule"),
        Some(monthly),
    )
    .await;
    own(Method::DELETE, &temporary, None).await;
    let word2 = path_of("word2@example.com")
        .rsplit('/')
        .next()
        .unwrap()
        .to_owned();
    own(Method::DELETE, &format!("{pinned}/Member/{word2}"), None).await;
    own(Method::POST, &format!("{pinned}/Member/{word2}"), None).await;
    let word0 = path_of("word0@example.com")
        .rsplit('/')
        .next()
        .unwrap()
        .to_owned();
    own(Method::DELETE, &format!("{pinned}/Member/{word0}"), None).await;
    own(
        Method::DELETE,
        &format!("/v4/Operator/{deleted_guid}"),
        None,
    )
    .await;
    let renamed = json!({"Description": " Renamed "});
    own(
        Method::POST,
        "/v4/OperatorGroup",
        Some(json!({"Description": "Name"})),
    )
    .await;
    let groups = own(Method::GET, "/v4/OperatorGroup", None).await;
    let last = text(items(&groups).last().unwrap(), "OperatorGroupGuid").to_owned();
    own(
        Method::PUT,
        &format!("/v4/OperatorGroup/{last}"),
        Some(renamed),
    )
    .await;

    // Users, API users, and their usage on two days.
    let user = json!({"UserName": "made@example.com", "EnableAlertTimeframe": true, "AlertTimeframeEnd": "12:00:00.5",
        "DateFormat": "dd.MM.yyyy", "GraphTooltips": false, "UserRole": 1});
    own(Method::PUT, "/api/Users", Some(user)).await;
    let api_user = json!({"OperatorGuid": operator_guid, "Description": " CI "});
    let api_user = own(Method::POST, "/v4/ApiUser", Some(api_user)).await;
    let credentials = (
        text(&api_user, "UserName").to_owned(),
        text(&api_user, "Password").to_owned(),
    );
    get(program, Some(&credentials), "/v4/Operator").await;
    let at = json!({"at": "2026-06-26T12:00:00"});
    control(Method::POST, "/clock/freeze", Some(at)).await;
    get(program, Some(&credentials), "/v4/Operator").await;
    get(program, Some(&credentials), "/v4/Operator").await;

    // Accounts: created in every way, with and without a label, and deleted. Their snapshots have unusual names.
    let mut readers = Map::new();
    for id in ["100200", "7"] {
        readers.insert(id.to_owned(), json!(seeded_reader(id)));
    }
    let document = json!({"accounts": [{
        "operators": [{"FullName": "Imported", "Email": "imported@example.com", "IsAccountAdministrator": true}]
    }]});
    let mut accounts = Vec::new();
    for body in [
        json!({"from": "account:7", "label": " Ünïcode 🦀 \"label\" "}),
        json!({"from": "empty", "label": ""}),
        json!({"seed": document}),
        json!({"from": "empty"}),
    ] {
        let account = control(Method::POST, "/accounts", Some(body)).await;
        let api_user = &account["apiUser"];
        let reader = json!([api_user["UserName"], api_user["Password"]]);
        accounts.push(text(&account, "accountId").to_owned());
        readers.insert(text(&account, "accountId").to_owned(), reader);
    }
    let deleted = accounts.pop().unwrap();
    readers.remove(&deleted);
    for id in [&deleted, "8"] {
        control(Method::DELETE, &format!("/accounts/{id}"), None).await;
    }
    let long = "n".repeat(200);
    for name in [" a  name ", "Ünïcode 🦀", "a/b%2F\"c'\\", ". .", &long] {
        act(
            program,
            None,
            Method::PUT,
            &snapshot_path(&accounts[1], name),
            None,
        )
        .await;
    }
    readers
}
