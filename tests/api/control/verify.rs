//! Tests of `…/requests/verify`.

use reqwest::StatusCode;
use serde_json::json;

use super::{new_account, post, problem};
use crate::app::TestApp;

#[tokio::test]
async fn a_met_expectation_is_answered_with_the_count() {
    let app = TestApp::start().await;
    app.get("/v4/Operator").await;
    app.get("/v4/Operator").await;
    let matches = json!({"path": "/v4/Operator"});
    for expected in [
        json!({"times": 2}),
        json!({"atLeast": 1}),
        json!({"atMost": 2}),
        json!({"atLeast": 2, "atMost": 3}),
        json!({}),
    ] {
        let mut body = expected.clone();
        body["match"] = matches.clone();
        let answer = post(&app, "/requests/verify", body).await;
        assert_eq!(
            answer.expect(StatusCode::OK),
            json!({"count": 2}),
            "{expected}"
        );
    }
}

#[tokio::test]
async fn a_missed_expectation_names_the_requests_that_come_nearest_and_what_differs() {
    let app = TestApp::start().await;
    app.get("/v4/Account").await;
    app.post("/v4/Operator", json!({"FullName": "Alice"})).await;
    app.post("/v4/OperatorGroup", json!({"Description": "x"}))
        .await;
    let matches = json!({"method": "POST", "path": "/operator", "status": 201, "body": {"FullName": "Alice"}});
    let answer = post(
        &app,
        "/requests/verify",
        json!({"match": matches, "times": 1}),
    )
    .await;
    let detail = problem(&answer, StatusCode::EXPECTATION_FAILED);
    assert!(
        detail.contains("0 requests match, and exactly 1 should"),
        "{detail}"
    );
    assert!(detail.contains("status is 400, not 201"), "{detail}");
    let failure = answer.expect(StatusCode::EXPECTATION_FAILED);
    assert_eq!(failure["count"], 0);
    assert_eq!(failure["expected"], json!({"atLeast": 1, "atMost": 1}));
    assert_eq!(failure["match"]["path"], "/v4/Operator");
    assert_eq!(failure["matched"], json!([]));
    let nearest = failure["nearest"].as_array().unwrap();
    let sequences: Vec<_> = nearest
        .iter()
        .map(|near| near["sequence"].clone())
        .collect();
    assert_eq!(sequences, [2, 3, 1]);
    assert_eq!(
        nearest[0]["differs"],
        json!([{"field": "status", "expected": 201, "actual": 400}])
    );
    let fields = |index: usize| {
        let differs = nearest[index]["differs"].as_array().unwrap();
        differs
            .iter()
            .map(|one| one["field"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(fields(1), ["path", "body"]);
    assert_eq!(fields(2), ["method", "path", "status", "body"]);
}

#[tokio::test]
async fn too_many_requests_are_named() {
    let app = TestApp::start().await;
    for _ in 0..12 {
        app.get("/v4/Operator").await;
    }
    let verification = json!({"match": {"path": "/v4/Operator"}, "atMost": 3});
    let answer = post(&app, "/requests/verify", verification).await;
    let failure = answer.expect(StatusCode::EXPECTATION_FAILED);
    assert_eq!(failure["count"], 12);
    assert_eq!(failure["nearest"], json!([]));
    let matched = failure["matched"].as_array().unwrap();
    assert_eq!(matched.len(), 10);
    assert_eq!(matched[0]["sequence"], 12);
}

#[tokio::test]
async fn an_account_is_verified_by_its_own_requests() {
    let app = TestApp::start().await;
    let account = new_account(&app, json!({})).await;
    app.get("/v4/Operator").await;
    let verification = json!({"match": {"path": "/v4/Operator"}, "times": 0});
    let answer = post(
        &app,
        &account.path("/requests/verify"),
        verification.clone(),
    )
    .await;
    answer.expect(StatusCode::OK);
    let answer = post(&app, "/requests/verify", verification).await;
    answer.expect(StatusCode::EXPECTATION_FAILED);
}

#[tokio::test]
async fn contradictory_expectations_are_rejected() {
    let app = TestApp::start().await;
    for (body, field) in [
        (json!({"times": 1, "atLeast": 1}), "times"),
        (json!({"times": 1, "atMost": 1}), "times"),
        (json!({"atLeast": 2, "atMost": 1}), "atMost"),
        (json!({"times": -1}), "times"),
        (json!({"time": 1}), "times"),
    ] {
        let answer = post(&app, "/requests/verify", body.clone()).await;
        let message = problem(&answer, StatusCode::BAD_REQUEST);
        assert!(message.contains(field), "{body}: {message}");
    }
}

#[tokio::test]
async fn a_request_of_another_method_is_less_near_than_one_of_another_status() {
    let app = TestApp::start().await;
    app.post("/v4/Operator", json!({})).await;
    app.get("/v4/Operator").await;
    let matches = json!({"method": "POST", "path": "/v4/Operator", "status": 201});
    let verification = json!({"match": matches, "times": 1});
    let answer = post(&app, "/requests/verify", verification).await;
    let failure = answer.expect(StatusCode::EXPECTATION_FAILED);
    assert_eq!(failure["nearest"][0]["sequence"], 1);
}
