//! Tests of `…/faults`: failures on demand.

use std::io::ErrorKind;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use uptrends_emulator::{Options, Seed};

use super::{
    act, count, get, list, new_account, new_fault, post, problem, request, wait_for_strike,
    with_late_body,
};
use crate::app::{Answer, TestApp, text};

const GET: &str =
    "GET /v4/Operator HTTP/1.1\r\nHost: x\r\nAuthorization: Basic ZW11bGF0b3I6ZW11bGF0b3I=\r\n\r\n";

/// Sends a request repeatedly and returns the statuses.
async fn statuses(app: &TestApp, path: &str, times: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..times {
        statuses.push(app.get(path).await.status.as_u16());
    }
    statuses
}

async fn names(app: &TestApp) -> usize {
    let all = app.get("/v4/Operator").await.expect(StatusCode::OK);
    all.as_array().unwrap().len()
}

#[tokio::test]
async fn a_fault_answers_as_configured() {
    let app = TestApp::start().await;
    let fault = json!({
        "match": {"method": "GET", "path": "/v4/Operator"},
        "effect": {"status": 429, "headers": {"Retry-After": "7", "X-Own": "x"}, "body": {"Messages": []}},
        "seed": 7, "name": "too many",
    });
    let created = new_fault(&app, "/faults", fault.clone()).await;
    let path = format!("/faults/{}", created["id"]);
    let mut expected = json!({
        "id": created["id"], "when": "before", "skip": 0, "probability": 1.0, "enabled": true, "hits": 0,
        "spent": false, "requests": [],
    });
    expected
        .as_object_mut()
        .unwrap()
        .extend(fault.as_object().unwrap().clone());
    assert_eq!(created, expected);

    let answer = app.get("/v4/Operator").await;
    assert_eq!(
        answer.expect(StatusCode::TOO_MANY_REQUESTS),
        json!({"Messages": []})
    );
    assert_eq!(answer.headers["retry-after"], "7");
    assert_eq!(answer.headers["x-own"], "x");
    assert_eq!(
        answer.headers["content-type"],
        "application/json; charset=utf-8"
    );
    expected["hits"] = json!(1);
    expected["requests"] = json!([{"sequence": 1, "committed": false}]);
    assert_eq!(get(&app, &path).await, expected);
    assert_eq!(list(&app, "/faults").await, [expected]);

    act(&app, Method::DELETE, &path)
        .await
        .expect(StatusCode::NO_CONTENT);
    app.get("/v4/Operator").await.expect(StatusCode::OK);
    problem(
        &act(&app, Method::DELETE, &path).await,
        StatusCode::NOT_FOUND,
    );
}

#[tokio::test]
async fn the_headers_of_a_fault_replace_the_usual_ones() {
    let app = TestApp::start().await;
    let effect = json!({"status": 200, "headers": {"content-type": "text/html"}, "body": "<html>"});
    new_fault(&app, "/faults", json!({ "effect": effect })).await;
    let answer = app.get("/v4/Operator").await;
    assert_eq!(answer.headers["content-type"], "text/html");
    assert_eq!(answer.headers.get_all("content-type").iter().count(), 1);
}

#[tokio::test]
async fn a_delay_is_as_long_as_it_says() {
    let app = TestApp::start().await;
    for when in ["before", "after"] {
        let fault = json!({"effect": {"delayMs": 50}, "when": when, "count": 1});
        new_fault(&app, "/faults", fault).await;
        let start = Instant::now();
        app.get("/v4/Operator").await.expect(StatusCode::OK);
        assert!(start.elapsed() >= Duration::from_millis(50));
    }
    let entries = list(&app, "/requests").await;
    assert!(
        entries
            .iter()
            .all(|entry| entry["durationMicros"].as_u64().unwrap() >= 50_000)
    );
}

#[tokio::test]
async fn a_reset_fault_resets_the_connection() {
    let app = TestApp::start().await;
    for when in ["before", "after"] {
        let fault = json!({"effect": {"network": "reset"}, "when": when, "count": 1});
        new_fault(&app, "/faults", fault).await;
        let mut stream = app.connect().await;
        stream.write_all(GET.as_bytes()).await.unwrap();
        let error = stream.read_u8().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{when}");
    }
    let entries = list(&app, "/accounts/123456/requests").await;
    assert_eq!(entries.len(), 2);
    for entry in entries {
        assert_eq!(entry["status"], Value::Null);
        assert!(entry["fault"].is_u64(), "{entry}");
    }
    app.get("/v4/Operator").await.expect(StatusCode::OK);
}

#[tokio::test]
async fn a_hang_blocks_one_client_and_neither_others_nor_the_stop() {
    let app = TestApp::start().await;
    let fault = json!({"effect": {"network": "hang"}, "count": 1});
    new_fault(&app, "/faults", fault).await;
    let mut stream = app.connect().await;
    stream.write_all(GET.as_bytes()).await.unwrap();
    let waited = post(&app, "/requests/wait", json!({})).await;
    waited.expect(StatusCode::OK);
    assert_eq!(list(&app, "/requests").await[0]["status"], Value::Null);
    app.get("/v4/Operator").await.expect(StatusCode::OK);
    let nothing = timeout(Duration::from_millis(50), stream.read_u8()).await;
    assert!(nothing.is_err(), "{nothing:?}");

    timeout(Duration::from_secs(3), app.stop()).await.unwrap();
    stream.read_u8().await.unwrap_err();
}

#[tokio::test]
async fn a_fault_before_the_change_affects_only_usage_and_journal() {
    let app = TestApp::start().await;
    let fault = json!({"match": {"method": "POST"}, "effect": {"status": 500}, "when": "before"});
    let id = new_fault(&app, "/faults", fault).await["id"].clone();
    // The fault strikes before the body is bound.
    for body in [
        json!({"FullName": "Third", "Email": "third@acme.com"}),
        json!({"FullName": 1}),
    ] {
        let answer = app.post("/v4/Operator", body).await;
        answer.expect(StatusCode::INTERNAL_SERVER_ERROR);
    }
    assert_eq!(names(&app).await, 2);
    let api_users = app.get("/v4/ApiUser").await.expect(StatusCode::OK);
    assert_eq!(api_users[0]["UsageLast30Days"], 4);
    let entries = list(&app, "/accounts/123456/requests").await;
    assert_eq!(entries.len(), 4);
    assert_eq!(entries[0]["fault"], id);
    assert_eq!(entries[0]["status"], 500);
    assert_eq!(entries[2].get("fault"), None);
    assert_eq!(list(&app, "/faults").await[0]["hits"], 2);
}

#[tokio::test]
async fn a_retry_after_a_lost_answer_conflicts_with_its_own_operator() {
    let app = TestApp::start().await;
    let body = json!({"FullName": "Third", "Email": "third@acme.com"});
    for effect in [json!({"status": 502}), json!({"network": "reset"})] {
        let fault = json!({
            "match": {"operationId": "Operator_CreateOperator", "status": 201},
            "effect": effect, "when": "after", "count": 1,
        });
        new_fault(&app, "/faults", fault).await;
        let lost = app
            .request(Method::POST, "/v4/Operator")
            .json(&body)
            .send()
            .await;
        assert!(lost.is_err() || lost.unwrap().status() == 502);
        assert_eq!(names(&app).await, 3);
        let again = app.post("/v4/Operator", body.clone()).await;
        again.names(StatusCode::FORBIDDEN, &["Email"]);
        act(&app, Method::POST, "/reset").await;
    }
}

#[tokio::test]
async fn a_fault_skips_strikes_and_stays_when_it_is_spent() {
    let app = TestApp::start().await;
    let fault =
        json!({"match": {"path": "/v4/Account"}, "effect": {"status": 503}, "skip": 2, "count": 2});
    let created = new_fault(&app, "/faults", fault).await;
    let path = format!("/faults/{}", created["id"]);
    assert_eq!(created["remaining"], 2);
    assert_eq!(statuses(&app, "/v4/Account", 3).await, [200, 200, 503]);
    let shown = get(&app, &path).await;
    assert_eq!(
        (&shown["hits"], &shown["remaining"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(statuses(&app, "/v4/Account", 3).await, [503, 200, 200]);
    let spent = get(&app, &path).await;
    assert_eq!(
        (&spent["hits"], &spent["remaining"], &spent["spent"]),
        (&json!(2), &json!(0), &json!(true))
    );
    let struck = json!([{"sequence": 3, "committed": false}, {"sequence": 4, "committed": false}]);
    assert_eq!(spent["requests"], struck);
    assert_eq!(list(&app, "/faults").await, [spent]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_count_is_exact_for_concurrent_requests() {
    let app = TestApp::start().await;
    new_fault(
        &app,
        "/faults",
        json!({"effect": {"status": 503}, "skip": 5, "count": 7}),
    )
    .await;
    let all = futures_util::future::join_all((0..40).map(|_| app.get("/v4/Account"))).await;
    let struck = all.iter().filter(|answer| answer.status == 503).count();
    assert_eq!(struck, 7);
}

#[tokio::test]
async fn a_fault_strikes_with_its_probability() {
    let app = TestApp::start().await;
    new_fault(
        &app,
        "/faults",
        json!({"effect": {"status": 500}, "probability": 0}),
    )
    .await;
    assert_eq!(statuses(&app, "/v4/Account", 20).await, [200; 20]);
    assert_eq!(list(&app, "/faults").await[0]["hits"], 0);
    act(&app, Method::DELETE, "/faults")
        .await
        .expect(StatusCode::NO_CONTENT);
    new_fault(
        &app,
        "/faults",
        json!({"effect": {"status": 500}, "probability": 1}),
    )
    .await;
    assert_eq!(statuses(&app, "/v4/Account", 20).await, [500; 20]);
}

#[tokio::test]
async fn a_fault_strikes_what_it_matches() {
    let app = TestApp::start().await;
    let owner = text(&app.owner().await, "OperatorGuid");
    for (matches, struck) in [
        (json!({}), [true, true, true]),
        (json!({"method": "get"}), [true, true, true]),
        (json!({"method": "POST"}), [false, false, false]),
        (json!({"path": "/v4/operator/*"}), [false, true, false]),
        (json!({"path": "/v4/Operator"}), [true, false, false]),
        (
            json!({"path": "/v4/*/*/DUTYSCHEDULE"}),
            [false, false, true],
        ),
        (
            json!({"path": format!("/v4/Operator/{owner}")}),
            [false, true, false],
        ),
        (
            json!({"operationId": "Operator_GetAllOperators"}),
            [true, false, false],
        ),
        // A path is interpreted like the path of a request.
        (json!({"path": "/operator/"}), [true, false, false]),
        (json!({"path": "/Operator/*"}), [false, true, false]),
        (
            json!({"path": format!("/V4/Operator/{}/", owner.to_uppercase())}),
            [false, true, false],
        ),
        (
            json!({"path": format!("/v4/Operator/{}/*", owner.replace('-', ""))}),
            [false, false, true],
        ),
        (
            json!({"path": format!("/v4/Operator/%7B{owner}%7d")}),
            [false, true, false],
        ),
        (json!({"userName": "emulator"}), [true, true, true]),
        (json!({"userName": "other"}), [false, false, false]),
        (
            json!({"userName": "emulator", "path": "/v4/Operator"}),
            [true, false, false],
        ),
    ] {
        let fault = json!({"match": matches, "effect": {"status": 503}});
        new_fault(&app, "/faults", fault).await;
        let paths = [
            "/v4/Operator".to_owned(),
            format!("/v4/Operator/{owner}?x=y"),
            format!("/V4/OPERATOR/{owner}/dutyschedule/"),
        ];
        for (path, is_struck) in paths.iter().zip(struck) {
            let status = app.get(path).await.status;
            assert_eq!(status == 503, is_struck, "{matches} {path}");
        }
        act(&app, Method::DELETE, "/faults").await;
    }
}

#[tokio::test]
async fn a_path_is_shown_in_its_canonical_form() {
    let app = TestApp::start().await;
    let owner = text(&app.owner().await, "OperatorGuid");
    for (spelling, canonical) in [
        ("/operator/", "/v4/Operator".to_owned()),
        ("/API/users/*", "/api/Users/*".to_owned()),
        ("/V4/monitor/*", "/v4/Monitor/*".to_owned()),
        ("*/operator", "/*/operator".to_owned()),
        ("/*/operator", "/*/operator".to_owned()),
        (
            "/v4/Operator/*/OperatorGroups",
            "/v4/Operator/*/OperatorGroup".to_owned(),
        ),
        (
            &format!("/v4/Operator/{{{}}}", owner.to_uppercase()),
            format!("/v4/Operator/{owner}"),
        ),
    ] {
        let fault = json!({"match": {"path": spelling}, "effect": {"status": 503}, "count": 1});
        let created = new_fault(&app, "/faults", fault).await;
        assert_eq!(created["match"]["path"], canonical, "{spelling}");
    }
    act(&app, Method::DELETE, "/faults")
        .await
        .expect(StatusCode::NO_CONTENT);

    // A fault strikes each spelling, and the journal records all under one path.
    let path = format!("/v4/Operator/{owner}");
    let fault = json!({"match": {"path": path}, "effect": {"status": 503}});
    new_fault(&app, "/faults", fault).await;
    let spellings = [
        owner.clone(),
        owner.to_uppercase(),
        owner.replace('-', ""),
        format!("{{{owner}}}"),
        format!("%7B{}%7d", owner.to_uppercase()),
        owner.replace('-', "%2D"),
    ];
    for spelling in &spellings {
        let answer = app.get(&format!("/v4/Operator/{spelling}")).await;
        assert_eq!(answer.status, 503, "{spelling}");
        let entry = list(&app, "/requests").await.pop().unwrap();
        assert_eq!(entry["path"], path);
    }
    for spelling in &spellings {
        let matches = json!({"path": format!("/operator/{spelling}")});
        let matching = count(&app, "/requests/count", matches).await;
        assert_eq!(matching, spellings.len(), "{spelling}");
        let query = [("path", format!("/v4/Operator/{spelling}"))];
        let request = request(&app, Method::GET, "/requests").query(&query);
        let recorded = Answer::of(request).await.expect(StatusCode::OK);
        assert_eq!(recorded.as_array().unwrap().len(), spellings.len());
    }
}

#[tokio::test]
async fn a_fault_strikes_the_plural_of_an_operator_s_groups_as_the_singular() {
    let app = TestApp::start().await;
    let owner = text(&app.owner().await, "OperatorGuid");
    for path in ["OperatorGroup", "OperatorGroups"] {
        let fault = json!({
            "match": {"path": format!("/v4/Operator/*/{path}")}, "effect": {"status": 503}
        });
        new_fault(&app, "/faults", fault).await;
        for name in ["OperatorGroup", "OperatorGroups"] {
            let answer = app.get(&format!("/v4/Operator/{owner}/{name}")).await;
            assert_eq!(answer.status, 503);
            let entry = list(&app, "/requests").await.pop().unwrap();
            assert_eq!(
                entry["operationId"],
                "Operator_GetOperatorGroupsForOperator"
            );
            assert_eq!(entry["path"], format!("/v4/Operator/{owner}/OperatorGroup"));
        }
        act(&app, Method::DELETE, "/faults").await;
    }
}

#[tokio::test]
async fn faults_of_an_account_affect_only_it_and_precede_those_of_the_server() {
    let app = TestApp::start().await;
    let (own, other) = (
        new_account(&app, json!({})).await,
        new_account(&app, json!({})).await,
    );
    let fault = |status: u16| json!({"effect": {"status": status}, "count": 1});
    new_fault(&app, "/faults", fault(501)).await;
    new_fault(&app, &own.path("/faults"), fault(502)).await;
    // An account's list shows those of the server, too.
    let shown = list(&app, &other.path("/faults")).await;
    assert_eq!(shown.len(), 1);
    assert_eq!(shown[0]["ofServer"], true);
    assert_eq!(list(&app, "/faults").await[0].get("ofServer"), None);
    assert_eq!(own.client.get("/v4/Account").await.status, 502);
    assert_eq!(other.client.get("/v4/Account").await.status, 501);
    assert_eq!(own.client.get("/v4/Account").await.status, 200);
    // Another account's fault cannot be read or deleted.
    let created = new_fault(&app, &own.path("/faults"), fault(503)).await;
    let path = other.path(&format!("/faults/{}", created["id"]));
    problem(
        &act(&app, Method::DELETE, &path).await,
        StatusCode::NOT_FOUND,
    );
    let path = format!("/faults/{}", created["id"]);
    problem(&act(&app, Method::GET, &path).await, StatusCode::NOT_FOUND);
    assert_eq!(other.client.get("/v4/Account").await.status, 200);
    assert_eq!(own.client.get("/v4/Account").await.status, 503);
}

#[tokio::test]
async fn faults_strike_registration_like_any_other_operation() {
    let app = TestApp::start().await;
    let account = new_account(&app, json!({})).await;
    let login = format!("{}/admin@example.com", account.id);
    let register = |password: &'static str| {
        let request = app.anonymous(Method::POST, "/v4/Register");
        Answer::of(request.basic_auth(&login, Some(password)))
    };
    for path in [account.path("/faults"), "/faults".to_owned()] {
        for when in ["before", "after"] {
            let matches = json!({"operationId": "Register_Post", "userName": login});
            let fault =
                json!({"match": matches, "effect": {"status": 503}, "when": when, "count": 1});
            new_fault(&app, &path, fault).await;
            let api_users = account.client.list("/v4/ApiUser").await.len();
            register("emulator")
                .await
                .expect(StatusCode::SERVICE_UNAVAILABLE);
            let is_made = account.client.list("/v4/ApiUser").await.len() > api_users;
            assert_eq!(is_made, when == "after");
        }
    }
    register("emulator").await.expect(StatusCode::CREATED);
    assert_eq!(
        count(
            &app,
            &account.path("/requests/count"),
            json!({"operationId": "Register_Post"})
        )
        .await,
        5
    );
}

#[tokio::test]
async fn an_invalid_fault_is_reported_with_the_field() {
    let app = TestApp::start().await;
    for (fault, field) in [
        (json!({}), "effect"),
        (json!({"effect": {}}), "effect"),
        (
            json!({"effect": {"status": 503, "network": "hang"}}),
            "effect",
        ),
        (json!({"effect": {"headers": {"A": "b"}}}), "effect"),
        (json!({"effect": {"status": 99}}), "effect.status"),
        (json!({"effect": {"status": 101}}), "effect.status"),
        (json!({"effect": {"status": 600}}), "effect.status"),
        (json!({"effect": {"status": "503"}}), "effect.status"),
        (
            json!({"effect": {"status": 503, "headers": {"a b": "c"}}}),
            "effect.headers",
        ),
        (
            json!({"effect": {"status": 503, "headers": {"a": "b\nc"}}}),
            "effect.headers",
        ),
        (
            json!({"effect": {"status": 503, "headers": {"Content-Length": "7"}}}),
            "effect.headers",
        ),
        (
            json!({"effect": {"status": 503, "headers": {"transfer-encoding": "chunked"}}}),
            "effect.headers",
        ),
        (json!({"effect": {"delayMs": -1}}), "effect.delayMs"),
        (json!({"effect": {"delayMs": 600_001}}), "effect.delayMs"),
        (json!({"effect": {"network": "down"}}), "effect.network"),
        (json!({"effect": {"statuss": 503}}), "statuss"),
        (json!({"effect": {"delayMs": 1}, "when": "later"}), "when"),
        (json!({"effect": {"delayMs": 1}, "skip": -1}), "skip"),
        (json!({"effect": {"delayMs": 1}, "count": 0}), "count"),
        (
            json!({"effect": {"delayMs": 1}, "probability": 1.1}),
            "probability",
        ),
        (
            json!({"effect": {"delayMs": 1}, "probability": "x"}),
            "probability",
        ),
        (
            json!({"effect": {"delayMs": 1}, "match": {"url": "x"}}),
            "url",
        ),
        (
            json!({"effect": {"delayMs": 1}, "match": {"method": 1}}),
            "match.method",
        ),
        (json!({"effect": {"delayMs": 1}, "times": 1}), "times"),
        (json!({"effect": [503]}), "effect"),
        (json!({"effect": {"delayMs": 1}, "match": ["GET"]}), "match"),
        (
            json!({"effect": {"delayMs": 1}, "match": {"status": 200}}),
            "match.status",
        ),
        (
            json!({"effect": {"status": 204, "body": "x"}}),
            "effect.body",
        ),
    ] {
        let message = problem(
            &post(&app, "/faults", fault.clone()).await,
            StatusCode::BAD_REQUEST,
        );
        assert!(message.contains(field), "{fault}: {message}");
    }
    assert!(list(&app, "/faults").await.is_empty());
}

#[tokio::test]
async fn a_delay_ends_when_the_server_stops() {
    let app = TestApp::start().await;
    let fault = json!({"effect": {"delayMs": 60_000}});
    new_fault(&app, "/faults", fault).await;
    let mut stream = TcpStream::connect(app.url().trim_start_matches("http://"))
        .await
        .unwrap();
    stream.write_all(GET.as_bytes()).await.unwrap();
    wait_for_strike(&app).await;

    app.stop().await;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
}

#[tokio::test]
async fn the_body_of_a_request_is_recorded_even_if_it_was_not_bound() {
    let app = TestApp::start().await;
    let body = json!({"FullName": "Sent in vain"});
    let wrong = app.as_api_user(&json!({"UserName": "nobody", "Password": "wrong"}));
    wrong
        .send(Method::POST, "/v4/Operator", body.clone())
        .await
        .expect(StatusCode::UNAUTHORIZED);
    new_fault(&app, "/faults", json!({"effect": {"status": 503}})).await;
    app.post("/v4/Operator", body.clone())
        .await
        .expect(StatusCode::SERVICE_UNAVAILABLE);

    let entries = list(&app, "/requests").await;
    for (entry, status) in entries.iter().zip([401, 503]) {
        assert_eq!(entry["status"], status);
        assert_eq!(entry["request"]["body"], body);
    }
    assert_eq!(entries.len(), 2);
}

#[tokio::test]
async fn a_fault_can_answer_with_a_proxy_s_html_page() {
    let app = TestApp::start().await;
    for (content_type, body) in [
        ("text/html", "<h1>502</h1>"),
        ("Application/Problem+JSON", "\"<h1>502</h1>\""),
    ] {
        let effect = json!({
            "status": 502, "headers": {"Content-Type": content_type}, "body": "<h1>502</h1>"
        });
        new_fault(&app, "/faults", json!({"effect": effect, "count": 1})).await;
        let answer = app.get("/v4/Operator").await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (502, body));
        let entries = list(&app, "/requests").await;
        let recorded = &entries.last().unwrap()["response"];
        assert_eq!(recorded["body"], "<h1>502</h1>");
        assert_eq!(answer.headers["content-type"], content_type);
    }
}

#[tokio::test]
async fn a_fault_whose_body_came_after_a_reset_strikes() {
    let app = TestApp::start().await;
    let reset = async {
        act(&app, Method::POST, "/reset").await;
    };
    let fault = json!({"effect": {"status": 503}});
    let answer = with_late_body(&app, "POST /_emulator/faults HTTP/1.1", fault, reset).await;
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    app.get("/v4/Operator")
        .await
        .expect(StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_fault_of_the_server_strikes_requests_without_credentials_and_unknown_paths() {
    let app = TestApp::start().await;
    new_fault(&app, "/faults", json!({"effect": {"status": 503}})).await;
    for (method, path) in [
        (Method::GET, "/v4/Operator"),
        (Method::POST, "/v4/Register"),
        (Method::GET, "/v4/Operatr"),
        (Method::GET, "/"),
        (Method::PATCH, "/v4/Operator"),
        (Method::HEAD, "/v4/Operator"),
        (Method::GET, "/v4/Monitor"),
        (Method::GET, "/api/Users"),
        (Method::GET, "/api/Nothing"),
    ] {
        let answer = Answer::of(app.anonymous(method.clone(), path)).await;
        // `/` is not of the API.
        let expected = if path == "/" { 200 } else { 503 };
        assert_eq!(answer.status, expected, "{method} {path}: {}", answer.text);
    }
    let wrong = app.anonymous(Method::GET, "/v4/Operator");
    let wrong = Answer::of(wrong.basic_auth("emulator", Some("wrong"))).await;
    wrong.expect(StatusCode::SERVICE_UNAVAILABLE);
    let entry = list(&app, "/accounts/123456/requests").await.pop().unwrap();
    assert_eq!(entry["authentication"], "refused");
    // The pages next to the API are not part of it.
    let page = Answer::of(app.anonymous(Method::GET, "/v4/swagger/index.html")).await;
    assert_eq!(page.status, StatusCode::OK);
}

#[tokio::test]
async fn a_fault_of_an_account_strikes_requests_whose_credentials_name_it() {
    let app = TestApp::start().await;
    let (own, other) = (
        new_account(&app, json!({})).await,
        new_account(&app, json!({})).await,
    );
    new_fault(
        &app,
        &own.path("/faults"),
        json!({"effect": {"status": 503}}),
    )
    .await;
    let api_user = text(&own.created["apiUser"], "UserName");
    let wrong = app.anonymous(Method::GET, "/v4/Operator");
    let wrong = Answer::of(wrong.basic_auth(&api_user, Some("wrong"))).await;
    wrong.expect(StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(own.client.get("/v4/Nothing").await.status, 503);
    assert_eq!(other.client.get("/v4/Nothing").await.status, 404);
    let anonymous = Answer::of(app.anonymous(Method::GET, "/v4/Operator")).await;
    anonymous.expect(StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_status_alone_has_the_api_s_own_error_body() {
    let app = TestApp::start().await;
    for status in [400, 401, 429, 500, 503, 599] {
        new_fault(
            &app,
            "/faults",
            json!({"effect": {"status": status}, "count": 1}),
        )
        .await;
        let answer = app.get("/v4/Operator").await;
        assert_eq!(answer.status, status);
        let body: Value = serde_json::from_str(&answer.text).unwrap();
        assert!(body["Messages"][0]["Message"].is_string(), "{body}");
        new_fault(
            &app,
            "/faults",
            json!({"effect": {"status": status}, "count": 1}),
        )
        .await;
        let answer = app.get("/api/Users").await;
        assert_eq!(answer.status, status);
        let body: Value = serde_json::from_str(&answer.text).unwrap();
        assert_eq!(body["Messages"][0]["CodeDesc"], status, "{body}");
        let entry = list(&app, "/requests").await.pop().unwrap();
        assert_eq!(entry.get("reasons"), None, "{entry}");
    }
    new_fault(
        &app,
        "/faults",
        json!({"effect": {"status": 200}, "count": 1}),
    )
    .await;
    assert_eq!(app.get("/v4/Operator").await.text, "");
}

#[tokio::test]
async fn delays_combine_with_other_effects_and_faults() {
    let app = TestApp::start().await;
    for delay in [20, 30] {
        new_fault(&app, "/faults", json!({"effect": {"delayMs": delay}})).await;
    }
    let combined = json!({"effect": {"delayMs": 10, "status": 503}});
    let combined = new_fault(&app, "/faults", combined).await;
    let start = Instant::now();
    app.get("/v4/Operator")
        .await
        .expect(StatusCode::SERVICE_UNAVAILABLE);
    assert!(start.elapsed() >= Duration::from_millis(60));
    let hits: Vec<_> = list(&app, "/faults").await;
    assert!(hits.iter().all(|fault| fault["hits"] == 1), "{hits:?}");
    // The fault that decided what became of the request is the one that is recorded.
    assert_eq!(list(&app, "/requests").await[0]["fault"], combined["id"]);

    act(&app, Method::DELETE, "/faults").await;
    let reset = json!({"effect": {"delayMs": 30, "network": "reset"}, "when": "after"});
    new_fault(&app, "/faults", reset).await;
    let start = Instant::now();
    let lost = app.request(Method::GET, "/v4/Operator").send().await;
    assert!(lost.is_err() && start.elapsed() >= Duration::from_millis(30));
}

#[tokio::test]
async fn a_seed_repeats_which_requests_are_struck() {
    let app = TestApp::start().await;
    let fault = json!({"effect": {"status": 503}, "probability": 0.5, "seed": 42});
    let mut runs = Vec::new();
    for _ in 0..2 {
        new_fault(&app, "/faults", fault.clone()).await;
        runs.push(statuses(&app, "/v4/Account", 30).await);
        act(&app, Method::DELETE, "/faults").await;
    }
    assert_eq!(runs[0], runs[1]);
    assert!(runs[0].contains(&200) && runs[0].contains(&503));
    // Without one, the seed is shown, so that this run can be repeated, too.
    let random = json!({"effect": {"status": 503}, "probability": 0.5});
    let created = new_fault(&app, "/faults", random).await;
    assert!(created["seed"].is_u64());
}

#[tokio::test]
async fn a_struck_request_shows_whether_its_change_was_committed() {
    let app = TestApp::start().await;
    for (when, email, committed) in [
        ("before", "a@acme.com", false),
        ("after", "b@acme.com", true),
    ] {
        for effect in [json!({"status": 502}), json!({"network": "reset"})] {
            let fault = json!({
                "match": {"operationId": "Operator_CreateOperator"}, "effect": effect, "when": when, "count": 1
            });
            let path = format!("/faults/{}", new_fault(&app, "/faults", fault).await["id"]);
            let email = format!("{}{email}", effect.to_string().len());
            let body = json!({"FullName": "New", "Email": email});
            let _ = app
                .request(Method::POST, "/v4/Operator")
                .json(&body)
                .send()
                .await;
            let entry = list(&app, "/requests").await.pop().unwrap();
            assert_eq!(entry["committed"], committed, "{entry}");
            let struck = json!([{"sequence": entry["sequence"], "committed": committed}]);
            assert_eq!(get(&app, &path).await["requests"], struck);
        }
    }
    // A refused change was not committed.
    let after = json!({"effect": {"delayMs": 0}, "when": "after"});
    let path = format!("/faults/{}", new_fault(&app, "/faults", after).await["id"]);
    app.post("/v4/Operator", json!({}))
        .await
        .expect(StatusCode::BAD_REQUEST);
    assert_eq!(get(&app, &path).await["requests"][0]["committed"], false);
}

#[tokio::test]
async fn a_fault_is_switched_off_and_changed() {
    let app = TestApp::start().await;
    let fault = json!({
        "match": {"path": "/v4/Account", "method": "GET"}, "effect": {"status": 503, "headers": {"Retry-After": "5"}},
        "count": 1, "name": "outage"
    });
    let created = new_fault(&app, "/faults", fault).await;
    let path = format!("/faults/{}", created["id"]);
    let change = async |changes: Value| {
        let request = request(&app, Method::PATCH, &path).json(&changes);
        Answer::of(request).await
    };
    let off = change(json!({"enabled": false}))
        .await
        .expect(StatusCode::OK);
    assert_eq!(
        (&off["enabled"], &off["name"]),
        (&json!(false), &json!("outage"))
    );
    assert_eq!(statuses(&app, "/v4/Account", 2).await, [200, 200]);
    change(json!({"enabled": true})).await;
    assert_eq!(statuses(&app, "/v4/Account", 2).await, [503, 200]);
    // What it did is kept, and a spent fault can be given more to do.
    let more = change(json!({"count": 3, "effect": {"status": 429}})).await;
    let more = more.expect(StatusCode::OK);
    assert_eq!((&more["hits"], &more["spent"]), (&json!(1), &json!(false)));
    assert_eq!(
        more["effect"],
        json!({"status": 429, "headers": {"Retry-After": "5"}})
    );
    assert_eq!(statuses(&app, "/v4/Account", 3).await, [429, 429, 200]);
    // A null takes a field back to its default.
    let endless = change(json!({"count": null, "name": null, "match": {"method": null}})).await;
    let endless = endless.expect(StatusCode::OK);
    assert_eq!(endless.get("count").or(endless.get("name")), None);
    assert_eq!(endless["match"], json!({"path": "/v4/Account"}));

    for (changes, field) in [
        (json!({"effect": null}), "effect"),
        (json!({"effect": {"status": 99}}), "effect.status"),
        (json!({"match": {"path": "/v4/Acount"}}), "match.path"),
        (json!({"enable": false}), "enable"),
        (json!({"hits": 0}), "hits"),
    ] {
        let answer = change(changes.clone()).await;
        let message = problem(&answer, StatusCode::BAD_REQUEST);
        assert!(message.contains(field), "{changes}: {message}");
    }
    assert_eq!(get(&app, &path).await["effect"], more["effect"]);
    let missing = request(&app, Method::PATCH, "/faults/999999").json(&json!({}));
    problem(&Answer::of(missing).await, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_canned_answer_for_what_is_not_emulated_asks_for_credentials() {
    let app = TestApp::start().await;
    let monitors = json!([{"MonitorGuid": "x", "Name": "Home page"}]);
    let fault = json!({
        "match": {"operationId": "Monitor_GetMonitors"}, "effect": {"status": 200, "body": monitors}
    });
    new_fault(&app, "/faults", fault).await;
    let answer = app.get("/v4/monitor").await;
    assert_eq!(answer.expect(StatusCode::OK), monitors);
    assert_eq!(
        answer.headers["content-type"],
        "application/json; charset=utf-8"
    );
    let anonymous = Answer::of(app.anonymous(Method::GET, "/v4/Monitor")).await;
    anonymous.expect(StatusCode::UNAUTHORIZED);
    assert!(anonymous.headers.contains_key("www-authenticate"));
    let wrong = app.anonymous(Method::GET, "/v4/Monitor");
    let wrong = Answer::of(wrong.basic_auth("emulator", Some("wrong"))).await;
    wrong.expect(StatusCode::UNAUTHORIZED);
    app.get("/v4/Monitor/x")
        .await
        .expect(StatusCode::NOT_IMPLEMENTED);
    let entries = list(&app, "/requests").await;
    let outcomes: Vec<_> = entries
        .iter()
        .map(|entry| entry["authentication"].clone())
        .collect();
    assert_eq!(outcomes, ["accepted", "refused", "refused", "notAsked"]);
    // The request counts as use.
    let api_users = app.get("/v4/ApiUser").await.expect(StatusCode::OK);
    assert_eq!(api_users[0]["UsageLast30Days"], 2);

    // These lists are public.
    let addresses = json!({
        "match": {"path": "/v4/Checkpoint/Server/Ipv4"}, "effect": {"status": 200, "body": ["192.0.2.1"]}
    });
    new_fault(&app, "/faults", addresses).await;
    let anonymous = Answer::of(app.anonymous(Method::GET, "/v4/Checkpoint/Server/Ipv4")).await;
    assert_eq!(anonymous.expect(StatusCode::OK), json!(["192.0.2.1"]));

    // An account's own answers are for its credentials.
    let account = new_account(&app, json!({})).await;
    let own = json!({
        "match": {"operationId": "Monitor_GetMonitors"}, "effect": {"status": 200, "body": []}
    });
    new_fault(&app, &account.path("/faults"), own).await;
    assert_eq!(account.client.list("/v4/Monitor").await, [Value::Null; 0]);
    assert_eq!(
        app.get("/v4/Monitor").await.expect(StatusCode::OK),
        monitors
    );
    // For an emulated operation, wrong credentials stay wrong.
    let canned = json!({"match": {"path": "/v4/Operator"}, "effect": {"status": 200, "body": []}});
    new_fault(&app, "/faults", canned).await;
    let wrong = app.anonymous(Method::GET, "/v4/Operator");
    let wrong = Answer::of(wrong.basic_auth("emulator", Some("wrong"))).await;
    wrong.expect(StatusCode::UNAUTHORIZED);
    assert_eq!(
        app.get("/v4/Operator").await.expect(StatusCode::OK),
        json!([])
    );
}

#[tokio::test]
async fn a_fault_strikes_by_the_body_of_a_request() {
    let app = TestApp::start().await;
    let fault = json!({
        "match": {"method": "POST", "body": {"FullName": "Alice"}}, "effect": {"status": 503}
    });
    new_fault(&app, "/faults", fault).await;
    let text = json!({"match": {"text": "needle"}, "effect": {"status": 502}});
    new_fault(&app, "/faults", text).await;
    let post = async |name: &str| {
        let body = json!({"FullName": name, "Email": format!("{name}@acme.com")});
        app.post("/v4/Operator", body).await.status.as_u16()
    };
    assert_eq!(post("Alice").await, 503);
    assert_eq!(post("Bob").await, 201);
    assert_eq!(post("Needle").await, 502);
    assert_eq!(app.get("/v4/Operator?x=needle").await.status, 502);
    assert_eq!(names(&app).await, 3);
    let long = json!({"Filler": "x".repeat(10_000), "FullName": "Alice", "Email": "a@acme.com"});
    app.post("/v4/Operator", long)
        .await
        .expect(StatusCode::SERVICE_UNAVAILABLE);
    let malformed = app.request(Method::POST, "/v4/Operator").body("{");
    Answer::of(malformed.header("Content-Type", "application/json"))
        .await
        .expect(StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_number_of_faults_is_limited() {
    let app = TestApp::start().await;
    let large = json!({"effect": {"status": 500, "body": "x".repeat(1024 * 1024)}});
    let answer = post(&app, "/faults", large).await;
    assert!(problem(&answer, StatusCode::BAD_REQUEST).contains("effect.body"));
}

#[tokio::test]
async fn a_reset_of_the_server_restores_the_faults_that_it_began_with() {
    let faults = "- {name: first, match: {path: /Account}, effect: {status: 503}, count: 1}
- {name: second, match: {operationId: Monitor_GetMonitors}, effect: {status: 200, body: []}}";
    let options = Options::default().faults(Seed::Text(faults.to_owned()));
    let app = TestApp::start_with(options).await;
    let account = new_account(&app, json!({})).await;
    let names = async || {
        let all = list(&app, "/faults").await;
        all.iter()
            .map(|fault| text(fault, "name"))
            .collect::<Vec<_>>()
    };
    assert_eq!(statuses(&app, "/v4/Account", 2).await, [503, 200]);
    assert_eq!(statuses(&app, "/v4/Monitor", 1).await, [200]);
    // An account has none of its own, and cannot bring those of the server back.
    act(&app, Method::POST, "/accounts/123456/reset").await;
    act(&app, Method::DELETE, &account.path("/faults")).await;
    assert_eq!(statuses(&app, "/v4/Account", 1).await, [200]);
    assert_eq!(statuses(&app, "/v4/Monitor", 1).await, [200]);

    let first = list(&app, "/faults").await.swap_remove(0);
    let path = format!("/faults/{}", first["id"]);
    let changes = json!({"name": "changed", "effect": {"status": 500}});
    let answer = Answer::of(request(&app, Method::PATCH, &path).json(&changes));
    answer.await.expect(StatusCode::OK);
    new_fault(
        &app,
        "/faults",
        json!({"name": "third", "effect": {"status": 500}}),
    )
    .await;
    assert_eq!(names().await, ["changed", "second", "third"]);
    for _ in 0..2 {
        act(&app, Method::POST, "/reset").await;
        assert_eq!(names().await, ["first", "second"]);
        let hits = list(&app, "/faults").await;
        assert!(hits.iter().all(|fault| fault["hits"] == 0), "{hits:?}");
        assert_eq!(statuses(&app, "/v4/Account", 2).await, [503, 200]);
        act(&app, Method::DELETE, "/faults").await;
        assert_eq!(statuses(&app, "/v4/Monitor", 1).await, [501]);
    }
}

#[tokio::test]
async fn credentials_are_recorded_as_asked_for_only_where_a_struck_operation_asks() {
    let app = TestApp::start().await;
    for (matches, status) in [
        (json!({"path": "/v4/Operatr", "unknown": true}), 503),
        (json!({"path": "/v4/Checkpoint/Server/Ipv4"}), 200),
        (json!({"path": "/v4/Monitor", "userName": "somebody"}), 200),
        (json!({"path": "/v4/MonitorGroup"}), 503),
    ] {
        let fault = json!({"match": matches, "effect": {"status": status}});
        new_fault(&app, "/faults", fault).await;
    }
    for (path, status, anonymous, named) in [
        ("/v4/Operatr", 503, "notAsked", "notAsked"),
        ("/v4/Checkpoint/Server/Ipv4", 200, "notAsked", "notAsked"),
        // No fault strikes, so it is a 501, "before credentials are asked for".
        ("/v4/Monitor", 501, "notAsked", "notAsked"),
        ("/v4/MonitorGroup", 503, "refused", "accepted"),
    ] {
        let answers = [
            Answer::of(app.anonymous(Method::GET, path)).await,
            app.get(path).await,
        ];
        let entries = list(&app, "/requests?limit=2").await;
        for ((answer, entry), expected) in answers.iter().zip(&entries).zip([anonymous, named]) {
            assert_eq!(answer.status, status, "{path}: {}", answer.text);
            assert_eq!(entry["authentication"], expected, "{path}: {entry}");
        }
    }
    // The request that was struck and the present one.
    let api_users = app.get("/v4/ApiUser").await.expect(StatusCode::OK);
    assert_eq!(api_users[0]["UsageLast30Days"], 2);
}
