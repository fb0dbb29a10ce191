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

use super::{
    act, count, list, new_account, new_fault, post, problem, wait_for_strike, with_late_body,
};
use crate::anonymous::{OPERATIONS, documented, filled};
use crate::app::{Answer, TestApp, path_of, text};

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
            "authentication": "accepted",
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
        ("path=/Operators", vec![]),
        ("status=200", vec![2, 3]),
        ("status=200&method=POST", vec![]),
        ("operationId=Operator_GetOperator", vec![2, 4]),
        ("operationId=operator_getoperator", vec![]),
        ("userName=emulator", vec![1, 2, 3, 4, 5]),
        ("userName=nobody", vec![]),
        ("since=3", vec![4, 5]),
        ("limit=2", vec![4, 5]),
        ("limit=0", vec![]),
        ("since=1&limit=1&method=GET", vec![4]),
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
        (json!({"path": "/v4/Operator/*", "method": "PUT"}), 0),
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
        assert!(entry["reason"].is_string(), "{entry}");
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
        let recorded_reason = text(&entry, "reason");
        assert!(recorded_reason.contains(reason), "{reason}: {entry}");
    }
    app.get("/v4/Operator").await;
    assert_eq!(last(&app, OWN).await.get("reason"), None);
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
        assert_eq!(entry.get("reason"), None, "{entry}");
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
async fn bodies_that_are_neither_json_nor_a_form_are_omitted() {
    let app = TestApp::start().await;
    for (content_type, body, expected) in [
        ("application/json", "hello", Value::Null),
        ("application/json", "{\"FullName\": \"x\"", Value::Null),
        ("text/plain", "{\"FullName\": \"x\"}", Value::Null),
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
            json!("FullName=x y&Email="),
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
        assert_eq!(
            entry["request"].get("body").unwrap_or(&Value::Null),
            &expected,
            "{content_type} {body}"
        );
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
    let accounts = join_all((0..150).map(|_| new_account(&app, json!({})))).await;
    let is_done = AtomicBool::new(false);
    let asking = async {
        join_all(accounts.iter().map(async |account| {
            for _ in 0..40 {
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
    assert_eq!(received, (1..=150 * 40).collect::<Vec<_>>());
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
    let reason = text(&entry, "reason");
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
    let reason = text(&entry, "reason");
    assert!(reason.starts_with("HEAD is not a method"), "{reason}");
    assert_eq!(entry["request"]["headers"]["x-own"], "1, 2");
}

#[tokio::test]
async fn only_the_whole_journal_can_be_cleared() {
    let app = TestApp::start().await;
    app.get("/v4/Operator").await;
    let answer = act(&app, Method::DELETE, "/requests?path=/v4/Account").await;
    assert!(problem(&answer, StatusCode::BAD_REQUEST).contains("path"));
    assert_eq!(list(&app, "/requests").await.len(), 1);
}
