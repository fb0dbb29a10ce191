//! Spellings of paths, the precedence of errors, and the common error format.

use std::collections::BTreeMap;

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::anonymous::{OPERATIONS, documented, filled};
use crate::app::{Answer, TestApp, text};

/// The first segments of the live service's other paths.
const NOT_EMULATED: [&str; 20] = [
    "Alert",
    "AlertDefinition",
    "Checkpoint",
    "CheckpointRegion",
    "Dashboard",
    "Integration",
    "Monitor",
    "MonitorCheck",
    "MonitorGroup",
    "PrivateCheckpointHealth",
    "PrivateCheckpointHealthForRegion",
    "PrivateLocationHealth",
    "PublicStatusPage",
    "Rum",
    "ScheduledReport",
    "Sla",
    "Statistics",
    "Status",
    "VaultItem",
    "VaultSection",
];

const UNKNOWN: &str = "36fad910-6e9f-4886-b1a7-9b4637362cb8";

fn method(name: &str) -> Method {
    Method::from_bytes(name.as_bytes()).unwrap()
}

/// Returns the paths of existing resources in the API's spelling.
async fn paths(app: &TestApp) -> Vec<String> {
    let owner = text(&app.owner().await, "OperatorGuid");
    let group = app.system_group("IsAdministratorsGroup").await;
    let group = group.strip_prefix("/v4").unwrap();
    [
        "/Account",
        "/Account/Settings",
        "/Timezone",
        "/Timezone/56",
        "/OutgoingPhoneNumber",
        "/Operator",
        "/OperatorGroup",
    ]
    .map(str::to_owned)
    .into_iter()
    .chain(
        ["", "/OperatorGroup", "/Authorization", "/DutySchedule"]
            .map(|below| format!("/Operator/{owner}{below}")),
    )
    .chain(
        ["", "/Member", "/Authorization", "/DutySchedule"].map(|below| format!("{group}{below}")),
    )
    .collect()
}

#[tokio::test]
async fn a_path_may_be_written_in_many_ways() {
    let app = TestApp::start().await;
    for path in paths(&app).await {
        let expected = app.get(&format!("/v4{path}")).await;
        expected.expect(StatusCode::OK);
        let first_percent_encoded = format!("/%{:02X}{}", path.as_bytes()[1], &path[2..]);
        for spelling in [
            path.clone(),
            format!("{path}/"),
            format!("/v4{path}/"),
            format!("/V4{path}"),
            format!("/v4{}", path.to_lowercase()),
            path.to_uppercase(),
            format!("/v4{first_percent_encoded}"),
            first_percent_encoded,
            format!("/%764{path}"),
            format!("/v%34{path}/"),
            format!("/v4{path}?unknown=1"),
        ] {
            let answer = app.get(&spelling).await;
            assert_eq!(
                (answer.status, &answer.text),
                (StatusCode::OK, &expected.text),
                "{spelling}"
            );
        }
    }
}

#[tokio::test]
async fn an_unknown_path_is_not_found_with_any_credentials() {
    let app = TestApp::start().await;
    let owner = text(&app.owner().await, "OperatorGuid");
    for path in [
        "/v4",
        "/v4/",
        "/v4/Nonsense",
        "/Nonsense",
        "/v4/Operator//",
        "/v4//Operator",
        "//Operator",
        "/v4/v4/Operator",
        "/v3/Operator",
        "/v4/Operators",
        "/v4%2FOperator",
        "/v4/%FF",
        "/v4/Account/Nonsense",
        "/v4/Timezone/56/57",
        "/v4/Monitors",
        "/v4/Register/API",
        &format!("/v4/Operator/{owner}/Nonsense"),
        &format!("/v4/Operator/{owner}/Member"),
        &format!("/v4/OperatorGroup/{owner}/OperatorGroup"),
    ] {
        for name in ["GET", "POST", "PATCH", "OPTIONS", "NONSENSE"] {
            let unknown = Answer::of(app.anonymous(method(name), path)).await;
            assert_eq!(
                unknown.messages(StatusCode::NOT_FOUND).len(),
                1,
                "{name} {path}"
            );
            Answer::of(app.request(method(name), path))
                .await
                .messages(StatusCode::NOT_FOUND);
        }
    }
}

#[tokio::test]
async fn unsupported_operations_are_reported_before_credentials_are_checked() {
    let app = TestApp::start().await;
    for word in NOT_EMULATED {
        for path in [
            format!("/v4/{word}"),
            format!("/{word}/"),
            format!("/v4/{}", word.to_lowercase()),
            format!("/v4/{word}/{UNKNOWN}/Below/It"),
        ] {
            for name in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
                for request in [
                    app.anonymous(method(name), &path),
                    app.request(method(name), &path).body("nonsense"),
                ] {
                    let answer = Answer::of(request).await;
                    let messages = answer.messages(StatusCode::NOT_IMPLEMENTED);
                    assert!(messages[0].contains(&format!("/v4/{word}")), "{messages:?}");
                    assert_eq!(messages.len(), 1);
                    assert!(!answer.headers.contains_key("WWW-Authenticate"));
                }
            }
            let head = Answer::of(app.anonymous(Method::HEAD, &path)).await;
            assert_eq!(head.status, StatusCode::NOT_IMPLEMENTED);
        }
    }
}

#[tokio::test]
async fn an_operation_that_is_not_emulated_is_named() {
    let app = TestApp::start().await;
    for (name, path, expected) in [
        (
            "GET",
            "/v4/monitor/",
            "Monitor_GetMonitors (GET /v4/Monitor)",
        ),
        (
            "PATCH",
            &format!("/Monitor/{UNKNOWN}"),
            "Monitor_PatchMonitor (PATCH /v4/Monitor/{monitorGuid})",
        ),
        (
            "GET",
            "/v4/Checkpoint/SERVER/ipv4",
            "CheckpointServer_GetAllServerIpv4Addresses (GET /v4/Checkpoint/Server/Ipv4)",
        ),
        (
            "GET",
            "/v4/Checkpoint/Server/7",
            "CheckpointServer_GetServer (GET /v4/Checkpoint/Server/{serverId})",
        ),
        (
            "GET",
            "/v4/Monitor/MonitorGroup/x",
            "Monitor_GetMonitorsByMonitorGroup (GET /v4/Monitor/MonitorGroup/{monitorGroupGuid})",
        ),
        (
            "GET",
            "/v4/PrivateLocationHealth",
            "(GET /v4/PrivateLocationHealth)",
        ),
        // A method without an operation is reported by its path.
        ("PATCH", "/v4/monitor/", "/v4/Monitor "),
        ("GET", "/v4/rum", "/v4/Rum "),
        ("GET", "/v4/Sla/x/y/z/z", "/v4/Sla/x/y/z/z "),
    ] {
        let answer = Answer::of(app.anonymous(method(name), path)).await;
        let messages = answer.messages(StatusCode::NOT_IMPLEMENTED);
        assert!(messages[0].contains(expected), "{messages:?}");
    }
}

/// "the plural of the Swagger of 2019 and 2020": clients that were generated then ask for it.
#[tokio::test]
async fn the_groups_of_an_operator_are_also_found_under_the_plural() {
    let app = TestApp::start().await;
    let owner = text(&app.owner().await, "OperatorGuid");
    let expected = app
        .get(&format!("/v4/Operator/{owner}/OperatorGroup"))
        .await;
    for path in [
        format!("/v4/Operator/{owner}/OperatorGroups"),
        format!("/operator/{owner}/operatorgroups/"),
    ] {
        let answer = app.get(&path).await;
        assert_eq!(
            (answer.status, &answer.text),
            (StatusCode::OK, &expected.text)
        );
        let anonymous = Answer::of(app.anonymous(Method::GET, &path)).await;
        anonymous.messages(StatusCode::UNAUTHORIZED);
        let answer = app.act(&path).await;
        answer.messages(StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(answer.headers["Allow"], "GET");
    }
    for path in ["/v4/OperatorGroups", "/v4/Operator/OperatorGroups"] {
        let answer = app.get(path).await;
        assert_ne!(answer.status, StatusCode::OK, "{}", answer.text);
    }
}

#[tokio::test]
async fn a_wrong_method_is_reported_with_the_allowed_ones() {
    let app = TestApp::start().await;
    let mut methods = BTreeMap::<&str, Vec<&str>>::new();
    for (method, path) in OPERATIONS {
        methods.entry(path).or_default().push(method);
    }
    for (path, mut allowed) in methods {
        allowed.sort_unstable();
        for name in [
            "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "NONSENSE",
        ] {
            if allowed.contains(&name) {
                continue;
            }
            let path = filled(path);
            for path in [documented(&path), format!("{}/", path.to_lowercase())] {
                for request in [
                    app.anonymous(method(name), &path),
                    app.request(method(name), &path),
                ] {
                    let answer = Answer::of(request).await;
                    assert_eq!(
                        answer.status,
                        StatusCode::METHOD_NOT_ALLOWED,
                        "{name} {path}"
                    );
                    if name == "HEAD" {
                        assert_eq!(answer.text, "");
                    } else {
                        assert_eq!(answer.messages(StatusCode::METHOD_NOT_ALLOWED).len(), 1);
                    }
                    let allow = answer.headers["Allow"].to_str().unwrap();
                    let mut allow: Vec<_> = allow.split(", ").collect();
                    allow.sort_unstable();
                    assert_eq!(allow, allowed, "{name} {path}");
                }
            }
        }
    }
}

/// Each request has its own error and all errors that follow it; the first decides.
#[tokio::test]
async fn the_first_error_decides_the_status() {
    let app = TestApp::start().await;
    let operator = app.new_operator(json!({})).await;
    let nobody = app.as_operator(&text(&operator, "OperatorGuid")).await;
    let large = "x".repeat(64 * 1024 + 1);
    let refused = json!({"Description": "x".repeat(256)}).to_string();
    let group = format!("/v4/OperatorGroup/{UNKNOWN}");
    let put = |path: &str| app.request(Method::PUT, path);
    let json =
        |request: reqwest::RequestBuilder| request.header("Content-Type", "application/json");
    for (status, request) in [
        (
            404,
            app.anonymous(Method::PUT, "/v4/Nonsense")
                .body(large.clone()),
        ),
        (405, app.anonymous(Method::POST, &group).body(large.clone())),
        (
            405,
            app.anonymous(Method::POST, "/v4/OperatorGroup/nonsense")
                .body(large.clone()),
        ),
        (
            501,
            app.anonymous(Method::OPTIONS, "/v4/Monitor/nonsense")
                .body(large.clone()),
        ),
        (
            401,
            app.anonymous(Method::PUT, "/v4/OperatorGroup/nonsense")
                .body(large.clone()),
        ),
        (501, put("/v4/Monitor/nonsense").body(large.clone())),
        (413, put("/v4/OperatorGroup/nonsense").body(large.clone())),
        (413, json(put("/v4/OperatorGroup/nonsense")).body(large)),
        (415, put("/v4/OperatorGroup/nonsense").body("{")),
        (400, json(put("/v4/OperatorGroup/nonsense")).body("{")),
        (400, json(nobody.request(Method::PUT, &group)).body("{")),
        (
            400,
            json(nobody.request(Method::PUT, "/v4/OperatorGroup/nonsense")).body(refused.clone()),
        ),
        (
            403,
            json(nobody.request(Method::PUT, &group)).body(refused.clone()),
        ),
        (403, nobody.request(Method::DELETE, &group)),
        (404, json(put(&group)).body(refused.clone())),
        (403, json(put(&app.new_group("x").await)).body(refused)),
    ] {
        let description = format!("{request:?}");
        let answer = Answer::of(request).await;
        assert_eq!(
            answer.status.as_u16(),
            status,
            "{description}: {}",
            answer.text
        );
        answer.messages(answer.status);
    }
    // Rights are checked before the resource: the message is not about the group.
    let answer = Answer::of(nobody.request(Method::DELETE, &group)).await;
    assert!(!answer.text.contains(UNKNOWN), "{}", answer.text);
}

#[tokio::test]
async fn errors_in_path_and_body_are_reported_together() {
    let app = TestApp::start().await;
    for (name, path, body, expected) in [
        (
            "PUT",
            "/v4/OperatorGroup/nonsense",
            json!({"OperatorGroupGuid": "nonsense"}),
            vec!["OperatorGroupGuid", "Description"],
        ),
        (
            "PUT",
            "/v4/Operator/nonsense/DutySchedule/x",
            json!({"ScheduleMode": "Weekly", "MonthDay": 3, "StartTime": "8"}),
            vec![
                "OperatorGuid",
                "DutyScheduleId",
                "WeekDay",
                "MonthDay",
                "StartTime",
                "EndTime",
            ],
        ),
        (
            "POST",
            "/v4/OperatorGroup/nonsense/DutySchedule/AddDutyScheduleForAllMembers",
            json!({}),
            vec!["OperatorGroupGuid", "ScheduleMode"],
        ),
        (
            "PUT",
            "/v4/ApiUser/nonsense",
            json!({}),
            vec!["ApiUserGuid", "OperatorGuid", "Description"],
        ),
        (
            "PATCH",
            "/v4/Operator/nonsense",
            json!({"FullName": " "}),
            vec!["OperatorGuid", "FullName"],
        ),
        (
            "DELETE",
            "/v4/Operator/x/DutySchedule/y",
            json!({}),
            vec!["OperatorGuid", "DutyScheduleId"],
        ),
        (
            "POST",
            "/v4/OperatorGroup/x/Member/y",
            json!({}),
            vec!["OperatorGroupGuid", "OperatorGuid"],
        ),
    ] {
        let answer = Answer::of(app.request(method(name), path).json(&body)).await;
        answer.names(StatusCode::BAD_REQUEST, &expected);
    }
    let malformed = app
        .request(Method::PUT, "/v4/OperatorGroup/nonsense")
        .header("Content-Type", "application/json");
    let messages = Answer::of(malformed.body("{"))
        .await
        .messages(StatusCode::BAD_REQUEST);
    assert_eq!(messages.len(), 2, "{messages:?}");
}

#[tokio::test]
async fn a_guid_in_the_path_may_have_any_usual_spelling() {
    let app = TestApp::start().await;
    let guid = text(&app.owner().await, "OperatorGuid");
    let expected = app.get(&format!("/v4/Operator/{guid}")).await.text;
    for spelling in [
        guid.to_uppercase(),
        guid.replace('-', ""),
        format!("{{{guid}}}"),
        format!("%7B{}%7d", guid.to_uppercase()),
        guid.replace('-', "%2D"),
    ] {
        let answer = app.get(&format!("/v4/Operator/{spelling}")).await;
        assert_eq!(
            (answer.status, &answer.text),
            (StatusCode::OK, &expected),
            "{spelling}"
        );
    }
}

#[tokio::test]
async fn an_invalid_guid_is_a_bad_request() {
    let app = TestApp::start().await;
    for (path, expected) in [
        ("Operator", "OperatorGuid"),
        ("OperatorGroup", "OperatorGroupGuid"),
        ("ApiUser", "ApiUserGuid"),
    ] {
        for guid in [
            "x",
            "1",
            "%20",
            "%FF%00",
            "ef45547g-0f8h-46a2-acef-dd1e15571390",
            &UNKNOWN[1..],
            "Member",
            "a%2Fb",
        ] {
            let answer = app.get(&format!("/v4/{path}/{guid}")).await;
            let messages = answer.messages(StatusCode::BAD_REQUEST);
            assert_eq!(messages.len(), 1);
            assert!(
                guid.contains("%FF") || messages[0].starts_with(&format!("{expected}: ")),
                "{messages:?}"
            );
        }
    }
}

#[tokio::test]
async fn the_guid_of_another_type_is_not_found() {
    let app = TestApp::start().await;
    let operator = text(&app.owner().await, "OperatorGuid");
    let api_users = app.get("/v4/ApiUser").await.expect(StatusCode::OK);
    let api_user = text(&api_users[0], "ApiUserGuid");
    let group = app.system_group("IsEveryone").await;
    let group = group.rsplit('/').next().unwrap();
    let daily = json!({"ScheduleMode": "Daily", "StartTime": "08:00", "EndTime": "16:30"});
    for (kind, others) in [
        ("Operator", [group, &api_user]),
        ("ApiUser", [group, &operator]),
        ("ApiUser/Operator", [group, &api_user]),
        ("OperatorGroup", [&operator, &api_user]),
    ] {
        for guid in others
            .into_iter()
            .chain([UNKNOWN, "00000000-0000-0000-0000-000000000000"])
        {
            app.get(&format!("/v4/{kind}/{guid}"))
                .await
                .messages(StatusCode::NOT_FOUND);
        }
    }
    app.post(&format!("/v4/Operator/{group}/DutySchedule"), daily.clone())
        .await
        .messages(StatusCode::NOT_FOUND);
    app.post(&format!("/v4/OperatorGroup/{operator}/DutySchedule"), daily)
        .await
        .messages(StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn another_account_s_guids_are_not_found() {
    let (guid, group) = (
        "9d2c8b8e-3c52-4a53-9a4b-5f2b7a90c4e1",
        "0f0cf3b4-7e3a-4a53-9a4b-5f2b7a90c4e2",
    );
    let accounts = format!(
        "accounts:
  - AccountId: '123456'
    operators: [{{key: admin, FullName: Admin, Email: admin@example.com, IsAccountAdministrator: true}}]
    apiUsers: [{{operator: admin, UserName: emulator, Password: emulator}}]
  - AccountId: '654321'
    operators:
      - {{OperatorGuid: {guid}, FullName: Somebody Else, Email: admin@example.com, IsAccountAdministrator: true}}
    operatorGroups: [{{OperatorGroupGuid: {group}, Description: Theirs}}]
"
    );
    let app = TestApp::start_seeded(&accounts).await;
    let own = app.new_group("Main operators").await;
    let profile = json!({"FullName": "Mine", "Email": "mine@acme.com", "Description": "Mine"});
    for (name, path) in [
        ("GET", format!("/v4/Operator/{guid}")),
        ("PUT", format!("/v4/Operator/{guid}")),
        ("PATCH", format!("/v4/Operator/{guid}")),
        ("DELETE", format!("/v4/Operator/{guid}")),
        ("GET", format!("/v4/Operator/{guid}/OperatorGroup")),
        ("GET", format!("/v4/Operator/{guid}/Authorization")),
        (
            "POST",
            format!("/v4/Operator/{guid}/Authorization/AllowInfra"),
        ),
        ("GET", format!("/v4/Operator/{guid}/DutySchedule")),
        ("GET", format!("/v4/ApiUser/Operator/{guid}")),
        ("GET", format!("/v4/OperatorGroup/{group}")),
        ("PUT", format!("/v4/OperatorGroup/{group}")),
        ("DELETE", format!("/v4/OperatorGroup/{group}")),
        ("GET", format!("/v4/OperatorGroup/{group}/Member")),
        (
            "POST",
            format!("/v4/OperatorGroup/{group}/AllOperatorsOnDuty"),
        ),
        ("POST", format!("{own}/Member/{guid}")),
    ] {
        let answer = Answer::of(app.request(method(name), &path).json(&profile)).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{name} {path}");
    }
    let operators = app.get("/v4/Operator").await.text;
    assert!(!operators.contains("Somebody Else"), "{operators}");
}
