//! The pages of the journal.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::browser::{Browser, link};
use crate::app::{Answer, TestApp, text};

const REQUESTS: &str = "/console/accounts/123456/requests";

#[tokio::test]
async fn requests_are_listed_searched_and_shown_with_their_reason() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app);
    assert!(browser.read(REQUESTS).await.contains("No requests yet"));
    app.get("/v4/Operator").await.expect(StatusCode::OK);
    let body = json!({"FullName": "It's me", "Email": "x", "Password": "s3cret"});
    app.post("/v4/Operator", body)
        .await
        .expect(StatusCode::FORBIDDEN);
    let asking = app.anonymous(Method::GET, "/v4/Operator");
    Answer::of(asking.basic_auth("nobody", Some("x")))
        .await
        .expect(StatusCode::UNAUTHORIZED);

    let page = browser.read(REQUESTS).await;
    assert!(page.contains("is not an e-mail address"), "{page}");
    assert!(!page.contains("nobody"), "it names no account");
    let page = browser.read("/console/requests").await;
    assert!(page.contains("no account has an API user nobody"), "{page}");
    assert_eq!(page.matches("data-sequence=").count(), 3);
    for (query, expected) in [
        ("method=POST", 1),
        ("status=200", 1),
        ("status=", 3),
        ("q=path:/v4/operator", 3),
        ("q=path:/operator/", 3),
        ("q=userName:nobody", 1),
        ("q=operationId:Operator_CreateOperator+userName:nobody", 0),
        ("q=IT%27S+me", 1),
        ("q=no+account+has", 1),
        ("q=text:%22FullName%22", 2),
        ("q=status:4xx&method=GET", 1),
        ("q=unknown:true", 0),
    ] {
        let page = browser.read(&format!("/console/requests?{query}")).await;
        assert_eq!(page.matches("data-sequence=").count(), expected, "{query}");
    }

    let page = browser.read(&format!("{REQUESTS}/2")).await;
    for expected in [
        "Operator_CreateOperator",
        "&#34;Password&#34;: &#34;[redacted]&#34;",
        "accepted",
        "403",
    ] {
        assert!(page.contains(expected), "{expected}: {page}");
    }
    assert!(
        !page.contains("s3cret") && !page.contains("Basic "),
        "{page}"
    );
    let url = app.url();
    let command = format!(
        "curl -X POST -u emulator -H &#39;content-type: application/json&#39; -H &#39;accept: */*&#39; --data-raw \
         &#39;{{&#34;FullName&#34;:&#34;It&#39;\\&#39;&#39;s me&#34;,&#34;Email&#34;:&#34;x&#34;,\
         &#34;Password&#34;:&#34;[redacted]&#34;}}&#39; {url}/v4/Operator"
    );
    assert!(page.contains(&command), "{page}");
    browser
        .open(&format!("{REQUESTS}/3"))
        .await
        .expect(StatusCode::NOT_FOUND);

    let clear = format!("{REQUESTS}/clear");
    browser
        .fill(REQUESTS, &clear, &[])
        .await
        .expect(StatusCode::OK);
    assert!(browser.read(REQUESTS).await.contains("No requests yet"));
}

/// Returns the parameter that names the running emulator.
async fn instance(app: &TestApp) -> String {
    let health = Answer::of(app.anonymous(Method::GET, "/_emulator/health")).await;
    format!(
        "instance={}",
        text(&health.expect(StatusCode::OK), "instance")
    )
}

#[tokio::test]
async fn newer_requests_are_returned_as_they_arrive() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app);
    app.get("/v4/Operator").await.expect(StatusCode::OK);
    browser.read(REQUESTS).await;
    let path = format!(
        "{REQUESTS}/newer?{}&since=0&q=path:/v4/Account",
        instance(&app).await
    );
    let asking = browser.answer(browser.request(Method::GET, &path));
    let (rows, _) = tokio::join!(asking, async {
        app.get("/v4/Operator").await;
        app.get("/v4/Account").await
    });
    let rows = rows.text();
    assert_eq!(rows.matches("data-sequence=\"3\"").count(), 1, "{rows}");
    assert!(
        !rows.contains("data-sequence=\"2\"") && !rows.contains("<html"),
        "{rows}"
    );
}

#[tokio::test]
async fn a_page_waiting_for_requests_does_not_prevent_the_stop() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app);
    browser.read(REQUESTS).await;
    let waiting = browser.request(
        Method::GET,
        &format!("{REQUESTS}/newer?{}&since=0", instance(&app).await),
    );
    let waiting = tokio::spawn(waiting.send());
    // When another request on its own connection is answered, the first is certainly in progress.
    browser.read("/console/login").await;
    let start = Instant::now();
    drop(browser);
    app.stop().await;
    assert!(start.elapsed() < Duration::from_secs(4));
    waiting.await.unwrap().ok();
}

#[tokio::test]
async fn a_page_of_another_instance_is_told_to_reload() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app);
    for query in ["since=0", "since=0&instance=4e3c"] {
        let page = browser.open(&format!("{REQUESTS}/newer?{query}")).await;
        assert_eq!(page.answer.status, StatusCode::RESET_CONTENT, "{query}");
    }
}

#[tokio::test]
async fn one_request_among_a_thousand_is_found_and_the_oldest_is_reached() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app);
    let long = "\"".repeat(500);
    for number in 1..=1000 {
        let path = format!("/v4/Operator/{number}?note={long}");
        app.get(&path).await.expect(StatusCode::BAD_REQUEST);
    }
    let mut path = "/console/requests".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = browser.read(&path).await;
        assert!(page.len() < 60 * 1024, "{}", page.len());
        let rows = page.split("data-sequence=\"").skip(1);
        let numbers = rows.map(|row| row.split('"').next().unwrap().parse::<u32>().unwrap());
        let numbers: Vec<_> = numbers.collect();
        let caption = format!(
            "{} to {} of 1,000 requests",
            seen.len() + 1,
            seen.len() + numbers.len()
        );
        assert!(
            page.contains(&caption.replace("1000 of", "1,000 of")),
            "{caption}: {page}"
        );
        seen.extend(numbers);
        let Some(next) = link(&page, "Next") else {
            break;
        };
        path = format!("/console/requests{next}");
    }
    assert_eq!(seen, (1..=1000).rev().collect::<Vec<_>>());
    let page = browser.read("/console/requests?q=operator/617").await;
    assert!(
        page.contains("1 request,") && page.contains("data-sequence=\"617\""),
        "{page}"
    );
}

#[tokio::test]
async fn a_search_that_cannot_find_anything_is_refused_beside_its_box() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app);
    app.get("/v4/Operator").await.expect(StatusCode::OK);
    for (query, expected) in [
        ("q=path:/v4/Oprator", "/v4/Operator"),
        ("q=operationId:getOperators", "Operator_GetOperator"),
        ("q=status:999", "no status"),
        ("status=4x", "no status"),
        ("q=sttus:404", "the nearest one is status"),
        ("q=path:", "must not be blank"),
        ("q=status:404&status=4xx", "there twice"),
        ("method=FETCH", "FETCH"),
    ] {
        for path in ["/console/requests", REQUESTS] {
            let page = browser.open(&format!("{path}?{query}")).await;
            let message = page.expect(StatusCode::BAD_REQUEST);
            let error = message.split("id=\"q-error\"").nth(1);
            let error = error.unwrap_or_else(|| panic!("{query}: {message}"));
            assert!(
                error.split("</p>").next().unwrap().contains(expected),
                "{query}: {error}"
            );
            assert!(!message.contains("No requests"), "{query}: {message}");
        }
    }
    let page = browser.open(&format!("{REQUESTS}?q=account:123457")).await;
    page.expect(StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn clear_deletes_what_the_page_lists() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app);
    app.get("/v4/Operator").await.expect(StatusCode::OK);
    app.get("/v4/Operator/x")
        .await
        .expect(StatusCode::BAD_REQUEST);
    app.get("/v4/Account").await.expect(StatusCode::OK);
    let clear = "/console/requests/clear";
    let page = browser
        .fill("/console/requests?q=operator&status=4xx", clear, &[])
        .await;
    let page = page.expect(StatusCode::OK);
    assert!(page.contains("1 request was deleted"), "{page}");
    assert!(page.contains("No requests that fit"), "{page}");
    let page = browser.read("/console/requests").await;
    assert_eq!(page.matches("data-sequence=").count(), 2);
    browser
        .fill("/console/requests", clear, &[])
        .await
        .expect(StatusCode::OK);
    assert!(
        browser
            .read("/console/requests")
            .await
            .contains("No requests yet")
    );
}

#[tokio::test]
async fn what_a_suite_did_is_found_by_its_label_after_it_deleted_its_account() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app);
    let made = app.anonymous(Method::POST, "/_emulator/accounts");
    let made = Answer::of(made.json(&json!({"label": "my \"new\"-suite of tests"}))).await;
    let made = made.expect(StatusCode::CREATED);
    let account = text(&made, "accountId");
    let api_user = &made["apiUser"];
    let asking = app.anonymous(Method::GET, "/v4/Operator");
    let asking = asking.basic_auth(text(api_user, "UserName"), Some(text(api_user, "Password")));
    Answer::of(asking).await.expect(StatusCode::OK);
    app.get("/v4/Account").await.expect(StatusCode::OK);
    let delete = app.anonymous(Method::DELETE, &format!("/_emulator/accounts/{account}"));
    Answer::of(delete).await.expect(StatusCode::NO_CONTENT);

    let coverage = browser
        .read("/console/coverage?label=my+%22new%22-suite+of+tests")
        .await;
    assert!(
        coverage.contains("Operator_GetAllOperators</a>"),
        "{coverage}"
    );
    assert!(
        !coverage.contains("Account_GetAccountStatistics</a>"),
        "{coverage}"
    );
    let path = link(&coverage, "Operator_GetAllOperators").unwrap();
    let page = browser.read(&path).await;
    assert_eq!(page.matches("data-sequence=").count(), 1, "{path}: {page}");
    let page = browser.read("/console/requests/1").await;
    assert!(
        page.contains(&format!("/console/requests?q=account:{account}")),
        "{page}"
    );
    assert!(page.contains("my &#34;new&#34;-suite of tests"), "{page}");
    let (_, fault) = page.split_once(">Make a fault of this<").unwrap();
    assert!(
        fault.contains("match.label=my+%22new%22-suite+of+tests"),
        "{fault}"
    );
    let page = browser
        .read(&format!("/console/requests?q=account:{account}"))
        .await;
    assert_eq!(page.matches("data-sequence=").count(), 1, "{page}");
}

#[tokio::test]
async fn a_malformed_body_is_shown_as_it_came() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app);
    for (sent, shown) in [
        (
            r#"{"FullName":  "x", "#,
            "{&#34;FullName&#34;:  &#34;x&#34;, ",
        ),
        (
            r#"{"Email":"a","Email":"b"}"#,
            "{&#34;Email&#34;:&#34;a&#34;,&#34;Email&#34;:&#34;b&#34;}",
        ),
        ("<x/>", "&#60;x/&#62;"),
    ] {
        let request = app.request(Method::POST, "/v4/Operator").body(sent);
        let request = request.header("Content-Type", "application/json");
        let answer = Answer::of(request).await;
        let request = answer.headers["emulator-request"].to_str().unwrap();
        let sequence = request.rsplit('/').next().unwrap();
        let page = browser.read(&format!("/console/requests/{sequence}")).await;
        assert!(
            page.contains(&format!("<code>{shown}</code>")),
            "{sent}: {page}"
        );
        assert!(page.contains("Copy as curl"), "{page}");
    }
    let request = app
        .request(Method::POST, "/v4/Operator")
        .body(r#"{"Password": x"#);
    let request = request.header("Content-Type", "application/json");
    let answer = Answer::of(request).await;
    let request = answer.headers["emulator-request"].to_str().unwrap();
    let sequence = request.rsplit('/').next().unwrap();
    let page = browser.read(&format!("/console/requests/{sequence}")).await;
    assert!(
        page.contains("does not repeat the request: its body is not kept"),
        "{page}"
    );
    assert!(!page.contains("Copy as curl"), "{page}");
}

#[tokio::test]
async fn an_answer_is_lost_after_the_commit_from_the_page_of_the_request() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app);
    app.new_operator(json!({"FullName": "First"})).await;
    // One click leads to the filled form, and another sends it.
    let page = browser.read("/console/requests/1").await;
    let form = link(&page, "Lose one answer").unwrap();
    let faults = "/console/accounts/123456/faults";
    let page = browser.fill(&form, faults, &[]).await;
    assert!(
        page.expect(StatusCode::OK).contains("1 left"),
        "{}",
        page.text()
    );

    let lost = app.request(Method::POST, "/v4/Operator");
    let operator = json!({"FullName": "Second", "Email": "second@acme.com"});
    assert!(lost.json(&operator).send().await.is_err());
    let operators = app.get("/v4/Operator").await;
    assert_eq!(
        operators.expect(StatusCode::OK).as_array().unwrap().len(),
        4
    );
    for (path, expected) in [
        ("/console/requests/2", ">Kept<"),
        ("/console/requests/2", ">no answer<"),
        ("/console/requests", "class=\"struck\""),
        ("/console/requests", ">Change kept<"),
        (faults, ">spent<"),
        (faults, "/console/accounts/123456/requests/2\""),
        (faults, ">Change kept<"),
        ("/console/coverage", "1 after it"),
    ] {
        let page = browser.read(path).await;
        assert!(page.contains(expected), "{path}: {expected}: {page}");
    }
    let page = browser.read("/console/requests").await;
    assert_eq!(page.matches("class=\"struck\"").count(), 1, "{page}");
}

#[tokio::test]
async fn a_list_that_stays_open_does_not_change_the_account_of_other_tabs() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app);
    app.get("/v4/Operator").await.expect(StatusCode::OK);
    browser.read(REQUESTS).await;
    let query = instance(&app).await;
    browser
        .open(&format!("/console/requests/newer?{query}&since=0"))
        .await;
    let page = browser.read("/console/accounts/new").await;
    assert!(
        page.contains("<title>New account – Account 123456 –"),
        "{page}"
    );
}

#[tokio::test]
async fn a_request_that_no_operation_has_can_be_made_a_fault_of() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app);
    app.get("/v4/nope/x%20y")
        .await
        .expect(StatusCode::NOT_FOUND);
    let long = format!("/v4/Operator/{}", "x".repeat(2000));
    app.get(&long).await.expect(StatusCode::BAD_REQUEST);
    let faults = "/console/accounts/123456/faults";
    for (number, path) in [(1, "/v4/nope/x%20y"), (2, long.as_str())] {
        let page = browser.read(&format!("/console/requests/{number}")).await;
        let form = link(&page, "A canned answer").unwrap();
        let page = browser.fill(&form, faults, &[]).await;
        assert!(page.expect(StatusCode::OK).contains("The fault was added."));
        app.get(path).await.expect(StatusCode::OK);
    }
}

#[tokio::test]
async fn a_body_that_was_not_read_is_not_said_to_be_missing() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app);
    let request = app.request(Method::DELETE, "/v4/Operator/x");
    Answer::of(request.json(&json!({"a": 1}))).await;
    app.get("/v4/Operator").await.expect(StatusCode::OK);
    let page = browser.read("/console/requests/1").await;
    assert!(page.contains("The body was not read."), "{page}");
    assert!(page.contains("its body was not read"), "{page}");
    let page = browser.read("/console/requests/2").await;
    assert!(page.contains("There was no body."), "{page}");
}

#[tokio::test]
async fn a_list_that_stays_open_follows_deletions() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app);
    app.get("/v4/Operator").await.expect(StatusCode::OK);
    browser.read(REQUESTS).await;
    let delete = app.anonymous(Method::DELETE, "/_emulator/requests");
    Answer::of(delete).await.expect(StatusCode::NO_CONTENT);
    let query = instance(&app).await;
    let rows = browser
        .open(&format!("{REQUESTS}/newer?{query}&since=1"))
        .await;
    assert!(rows.text().contains("No requests yet"), "{}", rows.text());
}

#[tokio::test]
async fn the_page_of_a_request_stays_small() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app);
    let long = format!("/v4/{}", "&".repeat(30_000));
    app.get(&long).await.expect(StatusCode::NOT_FOUND);
    let body = "[".repeat(100) + &"]".repeat(100);
    let request = app.request(Method::POST, "/v4/Operator").body(body);
    Answer::of(request).await;
    for number in [1, 2] {
        let page = browser.read(&format!("/console/requests/{number}")).await;
        assert!(page.len() < 60 * 1024, "{number}: {}", page.len());
    }
    let entry = Answer::of(app.anonymous(Method::GET, "/_emulator/requests/1")).await;
    assert!(entry.text.len() < 16 * 1024, "{}", entry.text.len());
}
