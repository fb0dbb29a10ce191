//! Tests of `…/coverage`.

use std::collections::BTreeSet;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{act, get, list, new_account, problem, refuse_one_and_lose_one, request};
use crate::app::{Answer, TestApp, path_of, text};

/// Returns what is counted of an operation.
#[track_caller]
fn of(coverage: &Value, operation_id: &str) -> Value {
    let operations = coverage["operations"].as_array().unwrap();
    let mut found = operations
        .iter()
        .filter(|one| one["operationId"] == operation_id);
    let operation = found.next().unwrap().clone();
    assert!(found.next().is_none(), "{operation_id}");
    operation
}

/// Returns the operations that were called, each with the number of calls.
fn called(coverage: &Value) -> Vec<(String, u64)> {
    let operations = coverage["operations"].as_array().unwrap().iter();
    operations
        .map(|one| (text(one, "operationId"), one["calls"].as_u64().unwrap()))
        .filter(|(_, calls)| *calls > 0)
        .collect()
}

async fn of_label(app: &TestApp, method: Method, label: &str) -> Answer {
    Answer::of(request(app, method, "/coverage").query(&[("label", label)])).await
}

#[tokio::test]
async fn it_tells_what_became_of_the_requests_of_each_operation() {
    let app = TestApp::start().await;
    let new = |fields: Value| app.post("/v4/Operator", fields);
    let operator = app.new_operator(json!({})).await;
    new(json!({"SetupMode": "x"}))
        .await
        .names(StatusCode::BAD_REQUEST, &["FullName", "Email", "SetupMode"]);
    new(json!({"FullName": "A"}))
        .await
        .names(StatusCode::BAD_REQUEST, &["Email"]);
    new(json!({"FullName": "A", "Email": "a@b.com", "CultureName": "x"}))
        .await
        .names(StatusCode::FORBIDDEN, &["CultureName"]);
    app.get("/v4/Operator/00000000-0000-0000-0000-000000000001")
        .await
        .expect(StatusCode::NOT_FOUND);
    let anonymous = app.anonymous(Method::GET, &path_of(&operator));
    Answer::of(anonymous).await.expect(StatusCode::UNAUTHORIZED);
    app.get("/v4/Monitor")
        .await
        .expect(StatusCode::NOT_IMPLEMENTED);

    let coverage = get(&app, "/coverage").await;
    assert_eq!(
        of(&coverage, "Operator_CreateOperator"),
        json!({
            "operationId": "Operator_CreateOperator", "method": "POST", "path": "/v4/Operator", "isEmulated": true,
            "calls": 4, "statuses": {"201": 1, "400": 2, "403": 1},
            "fields": {"400": {"Email": 2, "FullName": 1, "SetupMode": 1}, "403": {"CultureName": 1}},
        })
    );
    let got = of(&coverage, "Operator_GetOperator");
    assert_eq!(got["statuses"], json!({"401": 1, "404": 1}));
    let monitors = of(&coverage, "Monitor_GetMonitors");
    assert_eq!(monitors["isEmulated"], false);
    assert_eq!(monitors["statuses"], json!({"501": 1}));
    assert_eq!(coverage["calls"], 7);
    assert_eq!(coverage["unknown"], json!([]));
}

#[tokio::test]
async fn it_lists_every_operation_and_which_were_never_called() {
    let app = TestApp::start().await;
    app.get("/v4/Operator").await;
    let coverage = get(&app, "/coverage").await;
    let ids = |all: &[Value]| -> BTreeSet<String> {
        all.iter().map(|one| text(one, "operationId")).collect()
    };
    let supported = list(&app, "/supported").await;
    let operations = coverage["operations"].as_array().unwrap();
    assert_eq!(ids(operations), ids(&supported));
    let emulated = supported.iter().filter(|one| one["isEmulated"] == true);
    let mut expected: BTreeSet<_> = emulated.map(|one| text(one, "operationId")).collect();
    let emulated = json!({"operations": expected.len(), "called": 1});
    assert_eq!(coverage["emulated"], emulated);
    expected.remove("Operator_GetAllOperators");
    let never_called = coverage["neverCalled"].as_array().unwrap().iter();
    let never_called: BTreeSet<_> = never_called
        .map(|id| id.as_str().unwrap().to_owned())
        .collect();
    assert_eq!(never_called, expected);
}

#[tokio::test]
async fn it_tells_which_requests_were_struck_and_lost() {
    let app = TestApp::start().await;
    refuse_one_and_lose_one(&app).await;
    let create = || {
        let body = json!({"FullName": "A", "Email": "a@b.com"});
        app.request(Method::POST, "/v4/Operator").json(&body).send()
    };
    assert_eq!(create().await.unwrap().status(), 503);
    create().await.unwrap_err();
    assert_eq!(create().await.unwrap().status(), 403);
    let coverage = get(&app, "/coverage").await;
    let operation = of(&coverage, "Operator_CreateOperator");
    assert_eq!(operation["calls"], 3);
    assert_eq!(operation["lost"], 1);
    assert_eq!(operation["statuses"], json!({"403": 1, "503": 1}));
    assert_eq!(operation["struckBefore"], 1);
    assert_eq!(operation["struckAfter"], 1);
    assert_eq!(operation["fields"]["403"], json!({"Email": 1}));
}

#[tokio::test]
async fn requests_that_no_operation_has_are_counted_by_method_and_path() {
    let app = TestApp::start().await;
    for _ in 0..2 {
        app.get("/v4/Operators?a=b").await;
    }
    app.delete("/v4/operator").await;
    for path in 0..110 {
        app.get(&format!("/v4/{path}")).await;
    }
    let coverage = get(&app, "/coverage").await;
    let unknown = coverage["unknown"].as_array().unwrap();
    assert_eq!(unknown.len(), 100);
    assert_eq!(
        unknown[0],
        json!({"method": "GET", "path": "/v4/Operators", "calls": 2})
    );
    let wrong_method = json!({"method": "DELETE", "path": "/v4/Operator", "calls": 1});
    assert!(unknown.contains(&wrong_method), "{unknown:?}");
    assert_eq!(coverage["otherUnknown"], 12);
    assert_eq!(coverage["calls"], 113);
    assert_eq!(called(&coverage), []);
}

#[tokio::test]
async fn it_is_told_of_an_account_of_a_label_and_of_the_server() {
    let app = TestApp::start().await;
    let one = new_account(&app, json!({"label": "suite a"})).await;
    let other = new_account(&app, json!({"label": "suite a"})).await;
    let unused = new_account(&app, json!({"label": "suite b"})).await;
    one.client.get("/v4/Operator").await;
    other.client.get("/v4/OperatorGroup").await;
    app.get("/v4/Account").await;
    app.get("/v4/Nothing").await;

    let operators = ("Operator_GetAllOperators".to_owned(), 1);
    let groups = ("OperatorGroup_GetAllOperatorGroups".to_owned(), 1);
    let account = ("Account_GetAccountStatistics".to_owned(), 1);
    let of_one = get(&app, &one.path("/coverage")).await;
    assert_eq!(called(&of_one), std::slice::from_ref(&operators));
    assert_eq!(of_one["unknown"], json!([]));
    let of_suite = of_label(&app, Method::GET, "suite a").await;
    let of_suite = of_suite.expect(StatusCode::OK);
    assert_eq!(called(&of_suite), [operators.clone(), groups.clone()]);
    let of_unused = of_label(&app, Method::GET, "suite b").await;
    assert_eq!(called(&of_unused.expect(StatusCode::OK)), []);
    let mut all = called(&get(&app, "/coverage").await);
    all.sort();
    assert_eq!(all, [account, groups, operators]);

    let own = one.path("/coverage?label=suite%20a");
    assert_eq!(get(&app, &own).await, of_one);
    let other = act(&app, Method::GET, &unused.path("/coverage?label=suite%20a")).await;
    let detail = problem(&other, StatusCode::BAD_REQUEST);
    assert!(detail.starts_with("label: is not that of"), "{detail}");
}

#[tokio::test]
async fn it_outlives_resets_deleted_accounts_and_the_journal() {
    let app = TestApp::start().await;
    let account = new_account(&app, json!({"label": "suite"})).await;
    account.client.get("/v4/Operator").await;
    act(&app, Method::POST, &account.path("/reset")).await;
    let calls = async |path: &str| get(&app, path).await["calls"].clone();
    assert_eq!(calls(&account.path("/coverage")).await, 1);
    act(&app, Method::DELETE, "/requests").await;
    act(&app, Method::DELETE, &account.path("")).await;
    assert_eq!(calls("/coverage?label=suite").await, 1);
    act(&app, Method::POST, "/reset").await;
    assert_eq!(calls("/coverage?label=suite").await, 1);
    assert_eq!(calls("/coverage").await, 1);
    // The number is that of another account now.
    let again = new_account(&app, json!({})).await;
    assert_eq!(again.id, account.id);
    assert_eq!(calls(&again.path("/coverage")).await, 0);
    for _ in 0..3 {
        again.client.get("/v4/Operator").await;
    }
    assert_eq!(calls(&again.path("/coverage")).await, 3);
    assert_eq!(calls("/coverage?label=suite").await, 1);
    assert_eq!(calls("/coverage").await, 4);
}

#[tokio::test]
async fn it_begins_anew_for_an_account_a_label_or_all() {
    let app = TestApp::start().await;
    let one = new_account(&app, json!({"label": "suite"})).await;
    let other = new_account(&app, json!({"label": "suite"})).await;
    let calls = async |path: &str| get(&app, path).await["calls"].clone();
    let send_all = async || {
        one.client.get("/v4/Operator").await;
        other.client.get("/v4/Operator").await;
        app.get("/v4/Operator").await;
    };
    send_all().await;
    let cleared = act(&app, Method::DELETE, &one.path("/coverage")).await;
    cleared.expect(StatusCode::NO_CONTENT);
    assert_eq!(calls(&one.path("/coverage")).await, 0);
    assert_eq!(calls("/coverage").await, 2);
    of_label(&app, Method::DELETE, "suite")
        .await
        .expect(StatusCode::NO_CONTENT);
    assert_eq!(calls(&other.path("/coverage")).await, 0);
    assert_eq!(calls("/coverage").await, 1);
    send_all().await;
    let cleared = act(&app, Method::DELETE, "/coverage").await;
    cleared.expect(StatusCode::NO_CONTENT);
    assert_eq!(calls("/coverage").await, 0);
    assert_eq!(calls("/accounts/123456/coverage").await, 0);
    send_all().await;
    assert_eq!(calls("/coverage").await, 3);
}

#[tokio::test]
async fn an_unknown_label_or_parameter_is_an_error_with_the_nearest_one() {
    let app = TestApp::start().await;
    new_account(&app, json!({"label": "nightly"})).await;
    app.get("/v4/Operator").await;
    for (query, expected) in [
        (
            "?label=nigthly",
            "label: no account has the label 'nigthly'",
        ),
        ("?label=nigthly", "the nearest one is 'nightly'"),
        ("?lable=nightly", "the nearest one is label"),
        ("?label=nightly&label=nightly", "'label' is there twice"),
        ("?label=", "label: no account has the label ''"),
    ] {
        for method in [Method::GET, Method::DELETE] {
            let answer = act(&app, method, &format!("/coverage{query}")).await;
            let detail = problem(&answer, StatusCode::BAD_REQUEST);
            assert!(detail.contains(expected), "{query}: {detail}");
        }
    }
    assert_eq!(get(&app, "/coverage").await["calls"], 1);
    let answer = act(&app, Method::GET, "/accounts/999999/coverage").await;
    problem(&answer, StatusCode::NOT_FOUND);
}
