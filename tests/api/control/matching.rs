//! Tests of matches: their canonical form, and the slips that are refused.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{count, list, new_account, new_fault, post, problem};
use crate::app::{TestApp, path_of};

#[tokio::test]
async fn what_no_operation_can_meet_is_refused_with_the_nearest_that_can() {
    let app = TestApp::start().await;
    for (matches, field, hint) in [
        (
            json!({"operationId": "getOperators"}),
            "operationId",
            "Operator",
        ),
        (
            json!({"operationId": "Operator_GetAllOperator"}),
            "operationId",
            "Operator_GetAllOperators",
        ),
        (
            json!({"operationId": "GetAllMonitors"}),
            "operationId",
            "Monitor_GetMonitors",
        ),
        (
            json!({"operationId": "Emulator_ListFaults"}),
            "operationId",
            "control API",
        ),
        (json!({"operationId": ""}), "operationId", "blank"),
        (json!({"path": "/v4/Operatr"}), "path", "/v4/Operator;"),
        (json!({"path": "/v5/Operator"}), "path", "/v4/Operator;"),
        (json!({"path": "/v4/**"}), "path", "one segment is /v4/*"),
        (json!({"path": "*"}), "path", "leave it out"),
        (json!({"path": "/v4/Operator*"}), "path", "Operator*"),
        (
            json!({"path": "http://127.0.0.1:8080/v4/operator"}),
            "path",
            "/v4/Operator",
        ),
        (
            json!({"path": "/v4/Operator?a=b"}),
            "path",
            "/v4/Operator; text: 'a=b'",
        ),
        (
            json!({"path": "/v4/Operator/{operatorGuid}"}),
            "path",
            "/v4/Operator/*",
        ),
        (
            json!({"path": "/v4/Operator/:guid"}),
            "path",
            "/v4/Operator/*",
        ),
        (
            json!({"path": "/v4/Operator/DutySchedule"}),
            "path",
            "nearest one is /v4/Operator/",
        ),
        (json!({"path": "/_emulator/faults"}), "path", "not recorded"),
        (json!({"path": "/console"}), "path", "not recorded"),
        (json!({"path": ""}), "path", "blank"),
        (json!({"method": "GTE"}), "method", "GET"),
        (json!({"method": "HEAD"}), "method", "DELETE, GET"),
        (
            json!({"method": "PATCH", "path": "/v4/Operator"}),
            "method",
            "GET, POST",
        ),
        (
            json!({"method": "POST", "operationId": "Operator_GetAllOperators"}),
            "method",
            "GET /v4/Operator",
        ),
        (
            json!({"path": "/v4/Account", "operationId": "Operator_GetAllOperators"}),
            "path",
            "GET /v4/Operator",
        ),
        (
            json!({"operationId": "Operator_GetAllOperators", "unknown": true}),
            "unknown",
            "operationId",
        ),
        (
            json!({"path": "/api/v4/Operator"}),
            "path",
            "nearest one is /v4/Operator;",
        ),
        (
            json!({"path": "/proxy/Operator/*/DutySchedule"}),
            "path",
            "nearest one is /v4/Operator/*/DutySchedule;",
        ),
        (json!({"status": 0}), "status", "100 to 599"),
        (json!({"status": 600}), "status", "100 to 599"),
        (json!({"status": "6xx"}), "status", "100 to 599"),
        (json!({"status": "4x"}), "status", "4xx"),
        (json!({"status": ""}), "status", "4xx"),
        (json!({"userName": " "}), "userName", "blank"),
        (json!({"label": ""}), "label", "blank"),
        (json!({"text": ""}), "text", "blank"),
        (json!({"account": "x"}), "account", "account"),
        (
            json!({"body": {"a": [{"Password": "x"}]}}),
            "body",
            "recorded",
        ),
        (json!({"operationID": "x"}), "operationID", "operationId"),
    ] {
        let fault = json!({"match": matches, "effect": {"delayMs": 1}, "when": "after"});
        for (path, prefix, body) in [
            ("/requests/count", "", matches.clone()),
            ("/requests/wait", "match.", json!({"match": matches})),
            (
                "/requests/verify",
                "match.",
                json!({"match": matches, "times": 0}),
            ),
            ("/faults", "match.", fault),
        ] {
            let answer = post(&app, path, body).await;
            let message = problem(&answer, StatusCode::BAD_REQUEST);
            // An unknown key is one of the object.
            let field = format!("{prefix}{field}");
            let is_named = message.starts_with(&field) || message.contains("is not a key");
            assert!(is_named && message.contains(hint), "{matches}: {message}");
        }
    }
    assert_eq!(list(&app, "/faults").await, [Value::Null; 0]);
}

#[tokio::test]
async fn a_match_is_shown_in_its_canonical_form() {
    let app = TestApp::start().await;
    for (matches, canonical) in [
        (
            json!({"path": "v4/Operator", "method": "get"}),
            json!({"method": "GET", "path": "/v4/Operator"}),
        ),
        (
            json!({"path": "/V4/operator/"}),
            json!({"path": "/v4/Operator"}),
        ),
        (
            json!({"path": "operator/*/dutyschedule"}),
            json!({"path": "/v4/Operator/*/DutySchedule"}),
        ),
        (json!({"path": "api/users"}), json!({"path": "/api/Users"})),
        (
            json!({"path": "/Monitor/*"}),
            json!({"path": "/v4/Monitor/*"}),
        ),
        (
            json!({"operationId": "operator_getalloperators"}),
            json!({"operationId": "Operator_GetAllOperators"}),
        ),
        (json!({"status": "404"}), json!({"status": 404})),
        (json!({"status": "4XX"}), json!({"status": "4xx"})),
        (json!({"account": "123456"}), json!({"account": "123456"})),
        (json!({"body": null, "text": null}), json!({})),
    ] {
        let fault = json!({"match": matches, "effect": {"delayMs": 1}, "when": "after"});
        let created = new_fault(&app, "/faults", fault).await;
        assert_eq!(created["match"], canonical, "{matches}");
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_match_if_they_are_meant() {
    let app = TestApp::start().await;
    app.get("/v4/Operatr").await;
    app.delete("/v4/Operator").await;
    app.get("/v4/Monitor").await;
    app.get("/v4/Operator").await;
    for (matches, expected) in [
        (json!({"path": "/v4/Operatr", "status": 404}), 1),
        (json!({"path": "/v4/Operatr", "unknown": true}), 1),
        (
            json!({"method": "DELETE", "path": "/v4/Operator", "status": 405}),
            1,
        ),
        (json!({"method": "HEAD", "unknown": true}), 0),
        (json!({"unknown": true}), 2),
        (json!({"unknown": false}), 2),
        (json!({"unknown": false, "path": "/v4/Operator"}), 1),
        (json!({"path": "/v4/Operator"}), 2),
        (json!({"status": "4xx"}), 2),
        (json!({"status": 501}), 1),
        (json!({"operationId": "Monitor_GetMonitors"}), 1),
    ] {
        assert_eq!(
            count(&app, "/requests/count", matches.clone()).await,
            expected,
            "{matches}"
        );
    }
}

#[tokio::test]
async fn requests_match_by_body_text_account_and_label() {
    let app = TestApp::start().await;
    let account = new_account(&app, json!({"label": "suite A"})).await;
    let alice = app
        .new_operator(
            json!({"FullName": "Alice", "MobilePhone": "+31612345678", "Password": "s3cret"}),
        )
        .await;
    account.new_operator("Bob").await;
    app.patch(&path_of(&alice), json!({"fullname": "Alicia"}))
        .await;
    app.get("/v4/Operator?needle=1").await;
    app.post("/v4/Operator", json!({"FullName": 7})).await;
    for (matches, expected) in [
        (json!({"body": {"FullName": "Alice"}}), 1),
        (
            json!({"body": {"FullName": "Alice", "MobilePhone": "+31612345678"}}),
            1,
        ),
        (
            json!({"body": {"FullName": "Alice", "MobilePhone": "+31612345679"}}),
            0,
        ),
        (json!({"body": {"FullName": "Alicia"}}), 1),
        (json!({"body": {"FullName": 7}}), 1),
        (json!({"body": {}}), 4),
        (json!({"text": "NEEDLE"}), 1),
        (json!({"text": "alici"}), 2),
        (json!({"text": "must be a text"}), 1),
        (json!({"text": "s3cret"}), 0),
        (json!({"account": account.id}), 1),
        (json!({"label": "suite A"}), 1),
        (json!({"label": "suite B"}), 0),
    ] {
        assert_eq!(
            count(&app, "/requests/count", matches.clone()).await,
            expected,
            "{matches}"
        );
    }
}

#[tokio::test]
async fn a_match_of_another_account_is_refused_in_an_account() {
    let app = TestApp::start().await;
    let account = new_account(&app, json!({"label": "x"})).await;
    let path = account.path("/requests/count");
    assert_eq!(
        count(&app, &path, json!({"account": account.id, "label": "x"})).await,
        0
    );
    for matches in [json!({"account": "123456"}), json!({"label": "y"})] {
        let answer = post(&app, &path, matches).await;
        problem(&answer, StatusCode::BAD_REQUEST);
    }
}
