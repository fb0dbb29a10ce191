//! Tests of `…/requests`, the journal.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::{join, join_all};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::time::timeout;
use uptrends_emulator::Options;

use super::{
    act, count, get, list, new_account, new_fault, post, problem, wait_for_strike, with_late_body,
};
use crate::anonymous::{OPERATIONS, documented, filled};
use crate::app::{Answer, TestApp, path_of, reasons, text};

const OWN: &str = "/accounts/123456/requests";

async fn last(app: &TestApp, path: &str) -> Value {
    list(app, &format!("{path}?limit=1")).await.pop().unwrap()
}

#[tokio::test]
async fn a_request_is_recorded_with_its_response() {
    let app = TestApp::start().await;
    let body = json!({"FullName": "Third", "Email": "third@acme.com", "Password": "s3cret"});
    let request = app.request(Method::POST, "/V4/operator/?a=b").json(&body);
    let operator = Answer::of(request.header("X-Own", "x"))
        .await
        .expect(StatusCode::CREATED);
    let mut entry = last(&app, OWN).await;
    let headers = entry["request"]["headers"].take();
    assert_eq!(headers["x-own"], "x");
    assert_eq!(headers["authorization"], "[redacted]");
    let headers = entry["response"]["headers"].take();
    assert_eq!(headers["content-type"], "application/json; charset=utf-8");
    assert!(entry["durationMicros"].take().as_u64().unwrap() > 0);
    let time = entry["time"].take();
    assert!(time.as_str().unwrap().ends_with('Z'), "{time}");
    assert_eq!(
        entry,
        json!({
            "sequence": 1, "time": null, "durationMicros": null, "accountId": "123456",
            "method": "POST", "path": "/v4/Operator", "query": "a=b",
            "operationId": "Operator_CreateOperator", "status": 201, "userName": "emulator",
            "authentication": "accepted", "committed": true,
            "request": {
                "headers": null,
                "body": {"FullName": "Third", "Email": "third@acme.com", "Password": "[redacted]"},
            },
            "response": {"headers": null, "body": operator},
        })
    );
}

#[tokio::test]
async fn every_operation_is_recorded_by_name_regardless_of_the_status() {
    let app = TestApp::start().await;
    let supported = list(&app, "/supported").await;
    for (method, path) in OPERATIONS {
        let of_operation =
            |one: &&Value| one["method"] == method && one["path"] == documented(path);
        let id = &supported.iter().find(of_operation).unwrap()["operationId"];
        for password in ["emulator", "wrong"] {
            let request = app.anonymous(method.parse().unwrap(), &filled(path));
            Answer::of(request.basic_auth("emulator", Some(password))).await;
            let entry = last(&app, "/requests").await;
            assert_eq!(entry["operationId"], *id, "{method} {path}");
            assert_eq!(entry["method"], method);
            assert_eq!(entry["path"], documented(&filled(path)));
        }
    }
    let paths = OPERATIONS.len() * 2;
    assert_eq!(count(&app, "/requests/count", json!({})).await, paths);
}

#[tokio::test]
async fn requests_are_kept_in_order_and_filtered() {
    let app = TestApp::start().await;
    let operator = app.new_operator(json!({})).await;
    app.get(&path_of(&operator)).await;
    app.get("/v4/operator").await;
    app.get("/v4/Operator/nonsense").await;
    app.delete(&path_of(&operator)).await;
    let all = list(&app, OWN).await;
    let sequences: Vec<_> = all.iter().map(|one| one["sequence"].clone()).collect();
    assert_eq!(sequences, [1, 2, 3, 4, 5]);
    assert_eq!(list(&app, "/requests").await, all);
    for (query, expected) in [
        ("method=get", vec![2, 3, 4]),
        ("path=/V4/OPERATOR", vec![1, 3]),
        ("path=/v4/Operator/*", vec![2, 4, 5]),
        ("path=/*/*/nonsense", vec![4]),
        ("path=/Operator", vec![1, 3]),
        ("path=/*/Operator", vec![1, 3]),
        ("path=Operator", vec![1, 3]),
        ("path=/Operators&unknown=true", vec![]),
        ("status=200", vec![2, 3]),
        ("status=200&method=POST", vec![]),
        ("operationId=Operator_GetOperator", vec![2, 4]),
        ("operationId=operator_getoperator", vec![2, 4]),
        ("status=2xx", vec![1, 2, 3, 5]),
        ("status=4xx&method=GET", vec![4]),
        ("userName=emulator", vec![1, 2, 3, 4, 5]),
        ("userName=nobody", vec![]),
        ("since=3", vec![4, 5]),
        ("limit=2", vec![4, 5]),
        ("before=3", vec![1, 2]),
        ("before=5&limit=2", vec![3, 4]),
        ("since=1&before=5&limit=2", vec![2, 3]),
        ("since=1&limit=1&method=GET", vec![2]),
        ("account=123456&text=NONSENSE", vec![4]),
    ] {
        for path in [OWN, "/requests"] {
            let entries = list(&app, &format!("{path}?{query}")).await;
            let sequences: Vec<_> = entries.iter().map(|one| one["sequence"].clone()).collect();
            assert_eq!(sequences, expected, "{path}?{query}");
        }
    }
    for (matches, expected) in [
        (json!({}), 5),
        (json!({"method": "GET", "status": 200}), 2),
        (
            json!({"operationId": "Operator_DeleteOperator", "userName": "emulator"}),
            1,
        ),
        (json!({"path": "/v4/Operator/*", "method": "PATCH"}), 0),
    ] {
        for path in [format!("{OWN}/count"), "/requests/count".to_owned()] {
            assert_eq!(
                count(&app, &path, matches.clone()).await,
                expected,
                "{matches}"
            );
        }
    }
    act(&app, Method::DELETE, OWN)
        .await
        .expect(StatusCode::NO_CONTENT);
    assert!(list(&app, OWN).await.is_empty());
    app.get("/v4/Operator").await;
    assert_eq!(last(&app, OWN).await["sequence"], 6);
}

#[tokio::test]
async fn clearing_the_server_s_journal_clears_all_and_clearing_an_account_s_only_its_own() {
    let app = TestApp::start().await;
    let account = new_account(&app, json!({})).await;
    let visit = async || {
        account.names().await;
        app.get("/v4/Operator").await;
        Answer::of(app.anonymous(Method::GET, "/v4/Operator")).await;
    };
    visit().await;
    assert_eq!(list(&app, "/requests").await.len(), 3);
    act(&app, Method::DELETE, &account.path("/requests")).await;
    assert_eq!(list(&app, "/requests").await.len(), 2);
    visit().await;
    act(&app, Method::DELETE, "/requests")
        .await
        .expect(StatusCode::NO_CONTENT);
    assert!(list(&app, "/requests").await.is_empty());
    assert!(list(&app, &account.path("/requests")).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_count_after_a_call_is_right() {
    let app = TestApp::start().await;
    let account = new_account(&app, json!({})).await;
    for number in 1..=50 {
        account.client.get("/v4/Account").await;
        assert_eq!(
            count(&app, &account.path("/requests/count"), json!({})).await,
            number
        );
    }
}

#[tokio::test]
async fn requests_without_a_known_account_are_in_the_server_s_journal_only() {
    let app = TestApp::start().await;
    let anonymous = app.anonymous(Method::GET, "/v4/Operator");
    Answer::of(anonymous.try_clone().unwrap()).await;
    Answer::of(
        anonymous
            .try_clone()
            .unwrap()
            .basic_auth("nobody", Some("x")),
    )
    .await;
    Answer::of(
        app.anonymous(Method::POST, "/v4/Register")
            .basic_auth("nobody@x", Some("x")),
    )
    .await;
    assert!(list(&app, OWN).await.is_empty());
    let entries = list(&app, "/requests").await;
    assert_eq!(entries.len(), 3);
    for entry in &entries {
        assert_eq!(entry["authentication"], "refused");
        assert_eq!(entry.get("accountId"), None);
    }
    assert_eq!(entries[1]["userName"], "nobody");

    // A request with a wrong password is still recorded for its account.
    Answer::of(anonymous.basic_auth("emulator", Some("x"))).await;
    let entry = last(&app, OWN).await;
    assert_eq!(entry["authentication"], "refused");
    assert_eq!(entry["accountId"], "123456");
}

#[tokio::test]
async fn a_registration_is_recorded_with_its_login() {
    let app = TestApp::start().await;
    for (password, authentication) in [("emulator", "accepted"), ("wrong", "refused")] {
        let request = app.anonymous(Method::POST, "/v4/Register");
        Answer::of(request.basic_auth("admin@example.com", Some(password))).await;
        let entry = last(&app, OWN).await;
        assert_eq!(entry["operationId"], "Register_Post");
        assert_eq!(entry["userName"], "admin@example.com");
        assert_eq!(entry["authentication"], authentication);
    }
}

#[tokio::test]
async fn unrouted_requests_are_recorded_with_the_account_of_their_credentials() {
    let app = TestApp::start().await;
    for (method, path, status) in [
        ("GET", "/v4/Operators", 404),
        ("GET", "/v4/", 404),
        ("PUT", "/v4/Operator", 405),
        ("HEAD", "/v4/Operator", 405),
        ("GET", "/v4/v4/Operator", 404),
    ] {
        Answer::of(app.request(method.parse().unwrap(), path)).await;
        let entry = last(&app, OWN).await;
        assert_eq!(entry["method"], method);
        assert_eq!(entry["path"], path);
        assert_eq!(entry["status"], status);
        assert_eq!(entry["authentication"], "notAsked");
        assert_eq!(entry["accountId"], "123456");
        assert_eq!(entry.get("operationId"), None);
        assert!(!reasons(&entry).is_empty(), "{entry}");
    }
    app.get("/V4/monitor/7").await;
    let entry = last(&app, OWN).await;
    assert_eq!(entry["path"], "/v4/Monitor/7");
    assert_eq!(entry["operationId"], "Monitor_GetMonitor");
    assert_eq!(entry["status"], 501);
    assert_eq!(entry["authentication"], "notAsked");
}

#[tokio::test]
async fn a_4xx_is_recorded_with_a_plain_reason() {
    let app = TestApp::start().await;
    let account = new_account(&app, json!({"from": "empty"})).await;
    let copy = new_account(&app, json!({})).await;
    let stranger = account.new_operator("Stranger").await;
    let group = account.client.list("/v4/OperatorGroup").await[0].clone();
    let api_user = text(&account.created["apiUser"], "ApiUserGuid");
    let group = text(&group, "OperatorGroupGuid");
    let guid = text(&stranger, "OperatorGuid");
    let as_user = |name: &str, method, path: &str| {
        app.anonymous(method, path).basic_auth(name, Some("wrong"))
    };
    let get = |path: &str| app.request(Method::GET, path);
    let login = |name: &str| as_user(name, Method::POST, "/v4/Register");
    let of_copy = |email: &str| format!("{}/{email}", copy.id);
    let of_empty = |email: &str| format!("{}/{email}", account.id);
    let nobody = "82f4171a-16c3-4bc6-ab4d-56edee7fd6c8";
    for (request, reason) in [
        (
            app.anonymous(Method::GET, "/v4/Operator"),
            "there are no credentials",
        ),
        (
            app.anonymous(Method::GET, "/v4/Operator")
                .header("Authorization", "Basic !"),
            "there are no credentials",
        ),
        (
            as_user("emulator", Method::GET, "/v4/Operator"),
            "the password of API user emulator is wrong",
        ),
        (
            as_user("nobody", Method::GET, "/v4/Operator"),
            "no account has an API user nobody",
        ),
        (
            as_user("admin@example.com", Method::GET, "/v4/Operator"),
            "only /Register takes it",
        ),
        (
            login("admin@example.com"),
            "the password of operator admin@example.com is wrong",
        ),
        (login("emulator"), "this is an API user"),
        (login("nobody@x.y"), "no account has an operator nobody@x.y"),
        (login("operator@example.com"), "has no password"),
        (login(&of_copy("admin@example.com")), "is wrong"),
        (login(&of_empty("owner@example.com")), "has no password"),
        (
            get(&format!("/v4/Operator/{guid}")),
            "another account has this operator",
        ),
        (
            get(&format!("/v4/OperatorGroup/{group}")),
            "another account has this operator group",
        ),
        (
            get(&format!("/v4/ApiUser/{api_user}")),
            "another account has this API user",
        ),
        (get(&format!("/v4/Operator/{nobody}")), "does not exist"),
        (get("/v4/Operator/x"), "operatorGuid"),
        (
            app.request(Method::POST, "/v4/Operator")
                .json(&json!({"FullName": 1})),
            "FullName",
        ),
        (
            app.request(Method::POST, "/v4/Operator")
                .json(&json!({"FullName": "x", "Email": "ADMIN@example.com"})),
            "Email",
        ),
        (
            app.request(Method::POST, "/v4/Operator").body("x"),
            "content type",
        ),
    ] {
        Answer::of(request).await;
        let entry = last(&app, "/requests").await;
        let recorded_reason = reasons(&entry);
        assert!(recorded_reason.contains(reason), "{reason}: {entry}");
    }
    app.get("/v4/Operator").await;
    assert_eq!(last(&app, OWN).await.get("reasons"), None);
}

#[tokio::test]
async fn an_answer_of_a_fault_is_recorded_without_a_reason() {
    let app = TestApp::start().await;
    for status in [401, 404] {
        let fault = json!({"effect": {"status": status}, "count": 1});
        let id = new_fault(&app, "/faults", fault).await["id"].clone();
        app.get("/v4/Operator").await;
        let entry = last(&app, OWN).await;
        assert_eq!(entry["status"], status);
        assert_eq!(entry["fault"], id);
        assert_eq!(entry.get("reasons"), None, "{entry}");
        assert_eq!(entry["authentication"], "accepted");
    }
}

#[tokio::test]
async fn waiting_ends_as_soon_as_the_request_arrives() {
    let app = TestApp::start().await;
    let account = new_account(&app, json!({})).await;
    let wait = json!({"match": {"operationId": "Operator_GetAllOperators"}, "atLeast": 2, "timeoutMs": 20_000});
    for path in [account.path("/requests/wait"), "/requests/wait".to_owned()] {
        let waiting = post(&app, &path, wait.clone());
        let asking = async {
            account.names().await;
            account.client.get("/v4/Account").await;
            account.names().await;
        };
        let both = join(waiting, asking);
        let (waited, ()) = timeout(Duration::from_secs(10), both).await.unwrap();
        assert_eq!(waited.expect(StatusCode::OK)["count"], 2);
        act(&app, Method::DELETE, "/requests").await;
    }
}

#[tokio::test]
async fn waiting_at_the_server_includes_accounts_created_meanwhile() {
    let app = TestApp::start().await;
    let waiting = post(
        &app,
        "/requests/wait",
        json!({"atLeast": 2, "timeoutMs": 5_000}),
    );
    let asking = async {
        app.get("/v4/Operator").await;
        // The waiting request has read the journal by now, or will read all of it.
        tokio::task::yield_now().await;
        new_account(&app, json!({})).await.names().await;
    };
    let (waited, ()) = join(waiting, asking).await;
    waited.expect(StatusCode::OK);
}

#[tokio::test]
async fn waiting_ends_with_its_account() {
    let app = TestApp::start().await;
    let account = new_account(&app, json!({})).await;
    account.names().await;
    let path = account.path("/requests/wait");
    let waiting = post(&app, &path, json!({"atLeast": 2, "timeoutMs": 20_000}));
    let deletion = async {
        // The waiting request has read the journal by now, or finds no account.
        tokio::task::yield_now().await;
        act(&app, Method::DELETE, &account.path("")).await;
    };
    let both = join(waiting, deletion);
    let (waited, ()) = timeout(Duration::from_secs(10), both).await.unwrap();
    problem(&waited, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn waiting_continues_after_a_reset() {
    let app = TestApp::start().await;
    let account = new_account(&app, json!({})).await;
    let path = account.path("/requests/wait");
    let waiting = post(&app, &path, json!({"atLeast": 2, "timeoutMs": 5_000}));
    let asking = async {
        account.names().await;
        act(&app, Method::POST, &account.path("/reset")).await;
        account.names().await;
        account.names().await;
    };
    let (waited, ()) = join(waiting, asking).await;
    assert_eq!(waited.expect(StatusCode::OK)["count"], 2);
}

#[tokio::test]
async fn waiting_has_a_limit() {
    let app = TestApp::start().await;
    app.get("/v4/Operator").await;
    for path in ["/requests/wait", "/accounts/123456/requests/wait"] {
        let waited = post(&app, path, json!({"atLeast": 2, "timeoutMs": 20})).await;
        let message = problem(&waited, StatusCode::REQUEST_TIMEOUT);
        assert!(message.contains("1 of 2"), "{message}");
        let waited = post(
            &app,
            path,
            json!({"match": {"method": "GET"}, "timeoutMs": 0}),
        )
        .await;
        assert_eq!(waited.expect(StatusCode::OK)["count"], 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_thousand_requests_are_kept() {
    let app = TestApp::start().await;
    let account = new_account(&app, json!({})).await;
    app.get("/v4/Account").await;
    for _ in 0..101 {
        let ten = (0..10).map(|_| account.client.get("/v4/Account"));
        join_all(ten).await;
    }
    let entries = list(&app, &account.path("/requests")).await;
    assert_eq!(entries.len(), 1000);
    assert_eq!(entries[0]["sequence"], 12);
    assert_eq!(entries[999]["sequence"], 1011);
    assert_eq!(count(&app, "/requests/count", json!({})).await, 1001);
}

#[tokio::test]
async fn the_start_of_a_long_body_is_recorded() {
    let app = TestApp::start().await;
    let long = "é".repeat(5000);
    app.post(
        "/v4/Operator",
        json!({"Password": "s3cret", "FullName": long}),
    )
    .await;
    let entry = last(&app, OWN).await;
    let body = text(&entry["request"], "body");
    assert_eq!(entry["request"]["isCut"], true);
    assert!((4094..=4096).contains(&body.len()), "{}", body.len());
    assert!(
        body.starts_with("{\"Password\":\"[redacted]\",\"FullName\":\"éé"),
        "{body}"
    );

    app.get("/v4/Timezone").await;
    let entry = last(&app, OWN).await;
    assert_eq!(entry["response"]["isCut"], true);
    assert!(text(&entry["response"], "body").len() <= 4096);
}

#[tokio::test]
async fn a_body_is_recorded_as_it_came_unless_it_may_hold_credentials() {
    let app = TestApp::start().await;
    for (content_type, body, expected) in [
        ("application/json", "hello", json!("hello")),
        (
            "application/json",
            "{\"FullName\": \"x\"",
            json!("{\"FullName\": \"x\""),
        ),
        ("application/json", "{\"Password\": \"x\"", Value::Null),
        (
            "text/plain",
            "{\"FullName\": \"x\"}",
            json!({"FullName": "x"}),
        ),
        (
            "Application/JSON",
            "{\"FullName\": \"x\"}",
            json!({"FullName": "x"}),
        ),
        (
            "application/problem+json",
            "{\"FullName\": 1.0}",
            json!({"FullName": 1.0}),
        ),
        (
            "application/json",
            "\u{feff}{\"FullName\": \"x\"}",
            json!({"FullName": "x"}),
        ),
        (
            "application/x-www-form-urlencoded",
            "FullName=x+y&Email=",
            json!("FullName=x+y&Email="),
        ),
        (
            "application/x-www-form-urlencoded",
            "{\"FullName\": \"x\"}",
            json!({"FullName": "x"}),
        ),
    ] {
        let request = app
            .request(Method::POST, "/v4/Operator")
            .header("Content-Type", content_type);
        Answer::of(request.body(body)).await;
        let entry = last(&app, OWN).await;
        let request = &entry["request"];
        assert_eq!(request["body"], expected, "{content_type} {body}");
        let is_withheld = expected.is_null().then_some(&Value::Bool(true));
        assert_eq!(request.get("isWithheld"), is_withheld);
    }
}

#[tokio::test]
async fn a_request_whose_client_disconnected_is_recorded() {
    let app = TestApp::start().await;
    new_fault(
        &app,
        "/faults",
        json!({"match": {"method": "POST"}, "effect": {"network": "hang"}, "when": "after"}),
    )
    .await;
    let ask = "POST /v4/OperatorGroup HTTP/1.1\r\nHost: x\r\nAuthorization: Basic ZW11bGF0b3I6ZW11bGF0b3I=\r\n\
               Content-Type: application/json\r\nContent-Length: 19\r\n\r\n{\"Description\":\"x\"}";
    let mut stream = app.connect().await;
    stream.write_all(ask.as_bytes()).await.unwrap();
    // The change has been made by then.
    wait_for_strike(&app).await;
    drop(stream);
    let waited = post(
        &app,
        "/accounts/123456/requests/wait",
        json!({"timeoutMs": 10_000}),
    )
    .await;
    waited.expect(StatusCode::OK);
    let entry = last(&app, OWN).await;
    assert_eq!(entry["status"], Value::Null);
    assert_eq!(entry["operationId"], "OperatorGroup_CreateOperatorGroup");
    assert_eq!(entry["request"]["body"], json!({"Description": "x"}));
    let groups = app.get("/v4/OperatorGroup").await.expect(StatusCode::OK);
    assert_eq!(groups.as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn heads_that_would_fill_the_journal_are_rejected() {
    let app = TestApp::start().await;
    for (length, status) in [(32 * 1024, 200), (100 * 1024, 431)] {
        let request = app.request(Method::GET, "/v4/Account");
        let answer = Answer::of(request.header("X-Long", "x".repeat(length))).await;
        assert_eq!(answer.status, status);
    }
    assert_eq!(list(&app, OWN).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn polling_with_since_misses_no_request() {
    let app = TestApp::start().await;
    let accounts = join_all((0..60).map(|_| new_account(&app, json!({})))).await;
    let is_done = AtomicBool::new(false);
    let asking = async {
        join_all(accounts.iter().map(async |account| {
            for _ in 0..25 {
                account.client.get("/v4/Account").await;
            }
        }))
        .await;
        is_done.store(true, Ordering::SeqCst);
    };
    let polling = async {
        let mut received: Vec<u64> = Vec::new();
        loop {
            let was_done = is_done.load(Ordering::SeqCst);
            let since = received.last().copied().unwrap_or_default();
            let newer = list(&app, &format!("/requests?since={since}")).await;
            received.extend(
                newer
                    .iter()
                    .map(|entry| entry["sequence"].as_u64().unwrap()),
            );
            if was_done {
                return received;
            }
        }
    };
    let (received, ()) = join(polling, asking).await;
    assert_eq!(received, (1..=60 * 25).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_count_includes_requests_that_arrive_before_its_body() {
    let app = TestApp::start().await;
    for (path, expected) in [("/requests/count", 1), ("/requests/wait", 2)] {
        let head = format!("POST /_emulator{path} HTTP/1.1");
        let meanwhile = async {
            // A reset in between replaces the journal.
            act(&app, Method::POST, "/reset").await;
            for _ in 0..expected {
                new_account(&app, json!({})).await.names().await;
            }
        };
        let body = match path {
            "/requests/wait" => json!({"atLeast": 2, "timeoutMs": 0}),
            _ => json!({}),
        };
        let answer = with_late_body(&app, &head, body, meanwhile).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        let expected_body = format!("{{\"count\":{expected}}}");
        assert!(answer.ends_with(&expected_body), "{answer}");
    }
}

#[tokio::test]
async fn credentials_revoked_during_a_request_are_reported() {
    let app = TestApp::start().await;
    let owner = text(&app.owner().await, "OperatorGuid");
    let api_user = app.as_operator(&owner).await;
    let basic = STANDARD.encode(format!("{}:{}", api_user.user_name, api_user.password));
    let head = format!("PATCH /v4/Operator/{owner} HTTP/1.1\r\nAuthorization: Basic {basic}");
    let taking_away = async {
        let all = app.get("/v4/ApiUser").await.expect(StatusCode::OK);
        let path = format!("/v4/ApiUser/{}", text(&all[1], "ApiUserGuid"));
        app.delete(&path).await.expect(StatusCode::NO_CONTENT);
    };
    let body = json!({"FullName": "X"});
    let answer = with_late_body(&app, &head, body, taking_away).await;
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    let entry = last(&app, OWN).await;
    let reason = reasons(&entry);
    assert!(reason.contains("no longer"), "{reason}");
}

#[tokio::test]
async fn a_wrong_base_url_is_recorded_in_the_journal() {
    let app = TestApp::start().await;
    for path in ["/v1/Operator", "/index.html", "/x/swagger"] {
        app.get(path).await.expect(StatusCode::NOT_FOUND);
        assert_eq!(last(&app, "/requests").await["path"], format!("/v4{path}"));
    }
    app.get("/v4/swagger/").await;
    assert_eq!(list(&app, "/requests").await.len(), 3);
}

#[tokio::test]
async fn head_requests_and_repeated_headers_are_recorded_as_received() {
    let app = TestApp::start().await;
    let request = app.request(Method::HEAD, "/v4/Operator");
    let request = request.header("X-Own", "1").header("X-Own", "2");
    Answer::of(request).await;
    let entry = last(&app, OWN).await;
    assert_eq!(entry["method"], "HEAD");
    let reason = reasons(&entry);
    assert!(reason.starts_with("HEAD is not a method"), "{reason}");
    assert_eq!(entry["request"]["headers"]["x-own"], "1, 2");
}

#[tokio::test]
async fn the_requests_that_match_are_cleared() {
    let app = TestApp::start().await;
    app.get("/v4/Operator").await;
    app.get("/v4/Account").await;
    let answer = act(&app, Method::DELETE, "/requests?path=/v4/Acount").await;
    assert!(problem(&answer, StatusCode::BAD_REQUEST).contains("path"));
    let answer = act(&app, Method::DELETE, "/requests?limit=1").await;
    assert!(problem(&answer, StatusCode::BAD_REQUEST).contains("limit"));
    assert_eq!(list(&app, "/requests").await.len(), 2);
    act(&app, Method::DELETE, "/requests?path=/v4/Account").await;
    let left = list(&app, "/requests").await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0]["path"], "/v4/Operator");
}

#[tokio::test]
async fn every_answer_names_its_request() {
    let app = TestApp::start().await;
    let account = new_account(&app, json!({})).await;
    let own = account.client.get("/v4/Operator").await;
    assert_eq!(own.headers["emulator-request"], format!("{}/1", account.id));
    let anonymous = Answer::of(app.anonymous(Method::GET, "/v4/Nothing")).await;
    assert_eq!(anonymous.headers["emulator-request"], "-/2");
    let shown = get(&app, "/requests/1").await;
    assert_eq!(shown["accountId"], account.id);
    assert_eq!(get(&app, &account.path("/requests/1")).await, shown);
    for path in ["/accounts/123456/requests/1", "/requests/3"] {
        let missing = act(&app, Method::GET, path).await;
        problem(&missing, StatusCode::NOT_FOUND);
    }
    let control = act(&app, Method::GET, "/requests").await;
    assert_eq!(control.headers.get("emulator-request"), None);
}

#[tokio::test]
async fn the_requests_of_a_deleted_account_stay_under_its_number_and_label() {
    let app = TestApp::start().await;
    let account = new_account(&app, json!({"label": "test 7"})).await;
    account.new_operator("Alice").await;
    act(&app, Method::DELETE, &account.path(""))
        .await
        .expect(StatusCode::NO_CONTENT);
    let gone = act(&app, Method::GET, &account.path("/requests")).await;
    problem(&gone, StatusCode::NOT_FOUND);
    for query in [format!("account={}", account.id), "label=test+7".to_owned()] {
        let kept = list(&app, &format!("/requests?{query}")).await;
        assert_eq!(kept.len(), 1);
        assert_eq!(kept[0]["operationId"], "Operator_CreateOperator");
        assert_eq!(
            (&kept[0]["label"], &kept[0]["committed"]),
            (&json!("test 7"), &json!(true))
        );
    }
    // That of an account that is reset is gone, as are all others when the server is reset.
    let other = new_account(&app, json!({"label": "test 8"})).await;
    other.client.get("/v4/Operator").await;
    act(&app, Method::POST, &other.path("/reset")).await;
    assert_eq!(
        count(&app, "/requests/count", json!({"label": "test 8"})).await,
        0
    );
    act(&app, Method::POST, "/reset").await;
    assert_eq!(list(&app, "/requests").await, [Value::Null; 0]);
}

#[tokio::test]
async fn the_journal_is_read_in_pages() {
    let app = TestApp::start().await;
    for _ in 0..5 {
        app.get("/v4/Operator").await;
    }
    let mut path = "/requests?method=GET&limit=2".to_owned();
    let mut read = Vec::new();
    loop {
        let page = act(&app, Method::GET, &path).await;
        let entries = page.expect(StatusCode::OK);
        let sequences = entries
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["sequence"].as_u64());
        read.push(sequences.map(Option::unwrap).collect::<Vec<_>>());
        let Some(link) = page.headers.get("link") else {
            break;
        };
        let link = link.to_str().unwrap();
        let query = link
            .strip_prefix('<')
            .unwrap()
            .strip_suffix(">; rel=\"next\"")
            .unwrap();
        path = format!("/requests{query}");
    }
    assert_eq!(read, [vec![4, 5], vec![2, 3], vec![1]]);
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=", "limit"),
        ("since=x", "since"),
        ("before=-1", "before"),
        ("stauts=200", "status"),
        ("status=200&status=404", "status"),
        ("path=", "path"),
        ("body={", "body"),
    ] {
        let answer = act(&app, Method::GET, &format!("/requests?{query}")).await;
        let message = problem(&answer, StatusCode::BAD_REQUEST);
        assert!(message.contains(field), "{query}: {message}");
    }
}

#[tokio::test]
async fn the_journal_is_read_as_an_http_archive() {
    let app = TestApp::start().await;
    app.post("/v4/Operator?a=%20b", json!({"FullName": "Alice"}))
        .await;
    let fault = json!({"effect": {"network": "reset"}});
    super::new_fault(&app, "/faults", fault).await;
    let _ = app.request(Method::GET, "/v4/Account").send().await;
    let answer = act(&app, Method::GET, "/requests.har").await;
    let disposition = answer.headers["content-disposition"].to_str().unwrap();
    assert!(disposition.contains("requests.har"));
    let archive = answer.expect(StatusCode::OK);
    assert_eq!(archive["log"]["version"], "1.2");
    let entries = archive["log"]["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 2);
    let (request, response) = (&entries[0]["request"], &entries[0]["response"]);
    assert_eq!(request["url"], format!("{}/v4/Operator?a=%20b", app.url()));
    assert_eq!(
        request["queryString"],
        json!([{"name": "a", "value": " b"}])
    );
    assert_eq!(request["postData"]["text"], r#"{"FullName":"Alice"}"#);
    assert_eq!(response["status"], 400);
    assert!(
        response["content"]["text"]
            .as_str()
            .unwrap()
            .contains("Email")
    );
    assert_eq!(request["bodySize"], 20);
    assert_eq!(entries[1]["response"]["status"], 0);
    act(&app, Method::DELETE, "/faults").await;
    let long = json!({"FullName": "x".repeat(5000)});
    app.post("/v4/Operator", long).await;
    let archive = get(&app, "/requests.har").await;
    let cut = &archive["log"]["entries"][2];
    assert_eq!(cut["request"]["bodySize"], -1);
    assert!(text(cut, "comment").contains("cut"), "{cut}");
    let filtered = get(
        &app,
        "/requests.har?operationId=Account_GetAccountStatistics",
    )
    .await;
    assert_eq!(filtered["log"]["entries"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_longer_than_an_entry_is_cut() {
    let app = TestApp::start().await;
    let long = "x".repeat(20_000);
    let request = app
        .request(Method::GET, &format!("/v4/Operator?{long}"))
        .header("X-Long", &long[..10_000]);
    Answer::of(request).await;
    let entry = last(&app, OWN).await;
    assert!(
        entry.to_string().len() < 16 * 1024,
        "{}",
        entry.to_string().len()
    );
    assert_eq!(entry["request"]["isCut"], true);
    assert!(text(&entry, "query").ends_with('…'));
}

#[tokio::test]
async fn the_oldest_requests_of_all_accounts_are_forgotten_first_beyond_a_size() {
    let app = TestApp::start_with(Options::default().max_journal_bytes(65_536)).await;
    let account = new_account(&app, json!({})).await;
    let body = json!({"Description": "x".repeat(4000)});
    for _ in 0..2 {
        let path = "/v4/OperatorGroup";
        account.client.send(Method::POST, path, body.clone()).await;
    }
    let own = account.path("/requests");
    assert_eq!(list(&app, &own).await.len(), 2);
    for _ in 0..30 {
        app.post("/v4/OperatorGroup", body.clone()).await;
    }
    assert_eq!(list(&app, &own).await, Vec::<Value>::new());
    let kept = list(&app, "/requests").await;
    let sequences: Vec<_> = kept
        .iter()
        .map(|entry| entry["sequence"].as_u64().unwrap())
        .collect();
    let first = sequences[0];
    // Each needs at least the bytes of its body, and at most 16 KiB.
    assert!((17..=29).contains(&first), "{sequences:?}");
    assert_eq!(sequences, (first..=32).collect::<Vec<_>>());
    let gone = act(&app, Method::GET, &format!("/requests/{}", first - 1)).await;
    problem(&gone, StatusCode::NOT_FOUND);
    // What goes makes room for the next, whatever its account.
    account.client.get("/v4/Operator").await;
    assert_eq!(list(&app, &own).await.len(), 1);
}
