//! The tools for testers: requests, faults, the clock, accounts.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::browser::{Browser, Page, element};
use crate::app::{Answer, TestApp, text};

const REQUESTS: &str = "/console/accounts/123456/requests";

#[tokio::test]
async fn requests_are_listed_filtered_and_shown_with_their_reason() {
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
        ("method=post", 1),
        ("status=200", 1),
        ("status=", 3),
        ("path=/v4/operator", 3),
        ("path=/operator/", 3),
        ("userName=nobody", 1),
        ("operationId=Operator_CreateOperator&userName=nobody", 0),
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
        "curl -X POST -u emulator -H &#39;content-type: application/json&#39; --data-raw \
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

#[tokio::test]
async fn newer_requests_are_returned_as_they_arrive() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app);
    app.get("/v4/Operator").await.expect(StatusCode::OK);
    browser.read(REQUESTS).await;
    let path = format!("{REQUESTS}/newer?since=1&path=/v4/Account");
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
    let waiting = browser.request(Method::GET, &format!("{REQUESTS}/newer?since=0"));
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
async fn a_fault_is_added_strikes_and_is_removed() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app);
    let path = "/console/accounts/123456/faults";
    let fields = [
        ("match.method", "GET"),
        ("match.path", "/v4/Operator/*"),
        ("effect", "answer"),
        ("effect.status", "429"),
        ("effect.headers", "Retry-After: 5\r\nX-Test: a: b"),
        ("effect.body", "{\"a\": 1}"),
        ("count", "3"),
        // Fields of other effects are ignored.
        ("effect.delayMs", "60000"),
    ];
    let page = browser.fill(path, path, &fields).await;
    let text = page.expect(StatusCode::OK);
    assert!(
        text.contains("method GET, path /v4/Operator/*") && text.contains("3 left"),
        "{text}"
    );
    let struck = app.get("/v4/Operator/x").await;
    assert_eq!(
        struck.expect(StatusCode::TOO_MANY_REQUESTS),
        json!({"a": 1})
    );
    assert_eq!(struck.headers["retry-after"], "5");
    assert_eq!(struck.headers["x-test"], "a: b");
    app.get("/v4/Operator").await.expect(StatusCode::OK);
    assert!(browser.read(path).await.contains("2 left"));
    assert!(
        !browser.read("/console/faults").await.contains("2 left"),
        "it is the account's"
    );
    assert!(browser.read(REQUESTS).await.contains(">Fault<"));

    browser
        .fill(path, &format!("{path}/delete"), &[])
        .await
        .expect(StatusCode::OK);
    app.get("/v4/Operator/x")
        .await
        .expect(StatusCode::BAD_REQUEST);
    for (effect, more) in [
        ("delay", ("effect.delayMs", "1")),
        ("reset", ("", "")),
        ("hang", ("", "")),
    ] {
        let fields = [
            ("effect", effect),
            ("match.path", "/v4/Account"),
            more,
            ("when", "after"),
        ];
        let page = browser.fill(path, path, &fields).await;
        page.expect(StatusCode::OK);
    }
    let faults = Answer::of(app.anonymous(Method::GET, "/_emulator/accounts/123456/faults")).await;
    assert_eq!(faults.expect(StatusCode::OK).as_array().unwrap().len(), 3);
    let clear = format!("{path}/clear");
    browser
        .fill(&clear, &clear, &[])
        .await
        .expect(StatusCode::OK);
    let faults = Answer::of(app.anonymous(Method::GET, "/_emulator/accounts/123456/faults")).await;
    assert_eq!(faults.expect(StatusCode::OK), json!([]));
}

#[tokio::test]
async fn errors_of_a_fault_are_shown_beside_their_fields() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app);
    let path = "/console/faults";
    for (field, value) in [
        ("effect.status", "99"),
        ("effect.status", "70000"),
        ("effect.status", "many"),
        ("effect.headers", "Retry-After"),
        ("effect.headers", "Content-Length: 5"),
        ("count", "0"),
        ("skip", "-1"),
        ("probability", "2"),
    ] {
        let page = browser.fill(path, path, &[(field, value)]).await;
        let text = page.expect(StatusCode::OK);
        let id = field.replace('.', "-");
        assert!(
            !element(text, &format!("{id}-error")).is_empty(),
            "{field}: {text}"
        );
        assert_eq!(page.form(path).fields[field], value);
    }
    assert!(
        browser
            .read(path)
            .await
            .contains("Nothing goes wrong by itself")
    );
}

#[tokio::test]
async fn the_clock_is_frozen_advanced_and_resumed() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app);
    let path = "/console/accounts/123456/clock";
    let freeze = format!("{path}/freeze");
    let page = browser
        .fill(path, &freeze, &[("at", "2026-01-01 12:00")])
        .await;
    assert!(page.expect(StatusCode::OK).contains("2026-01-01 12:00:00"));
    let page = advance(&browser, path, &[("by", "P31D")]).await;
    assert!(page.expect(StatusCode::OK).contains("2026-02-01 12:00:00"));
    let operator = text(&app.owner().await, "OperatorGuid");
    let account = app
        .post("/v4/ApiUser", json!({"OperatorGuid": operator}))
        .await;
    assert_eq!(
        account.expect(StatusCode::CREATED)["CreatedDate"],
        "2026-02-01T12:00:00"
    );

    for (fields, field) in [
        (vec![("by", "31 days")], "by"),
        (vec![("to", "2020-01-01T00:00")], "to"),
    ] {
        let page = advance(&browser, path, &fields).await;
        let text = page.expect(StatusCode::OK);
        assert!(
            !element(text, &format!("{field}-error")).is_empty(),
            "{text}"
        );
        assert!(text.contains("2026-02-01 12:00:00"), "{text}");
    }
    let page = advance(&browser, path, &[("by", "")]).await;
    assert!(page.expect(StatusCode::OK).contains("Nothing was changed"));
    assert!(
        browser.read("/console/clock").await.contains("Running"),
        "it is the account's"
    );
    let page = browser.fill(path, &format!("{path}/resume"), &[]).await;
    assert!(page.expect(StatusCode::OK).contains("Running"));
}

/// Sends the form that moves the clock on; buttons for usual steps come before it.
async fn advance(browser: &Browser<'_>, path: &str, fields: &[(&str, &str)]) -> Page {
    let page = browser.open(path).await;
    let form = page.forms(&format!("{path}/advance")).last().unwrap();
    let form = fields
        .iter()
        .fold(form, |form, (name, value)| form.with(name, value));
    browser.send(form).await
}

#[tokio::test]
async fn accounts_are_created_shown_and_deleted() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app);
    let (new, list) = ("/console/accounts/new", "/console/accounts");
    let seed =
        "accounts: [{operators: [{FullName: A, Email: a@acme.com, IsAccountAdministrator: true}]}]";
    for (number, fields, operators) in [
        (123_457, vec![("from", "seed"), ("label", "first")], 2),
        (123_458, vec![("from", "empty")], 1),
        (
            123_459,
            vec![("from", "account"), ("accountId", "123457")],
            2,
        ),
        (123_460, vec![("from", "document"), ("seed", seed)], 1),
    ] {
        let page = browser.fill(new, list, &fields).await;
        let text = page.expect(StatusCode::OK);
        assert!(
            text.contains(&format!("Account {number} was made.")),
            "{text}"
        );
        let (name, password) = (element(text, "user-name"), element(text, "password"));
        let asking = app.anonymous(Method::GET, "/v4/Operator");
        let listed = Answer::of(asking.basic_auth(name, Some(password))).await;
        assert_eq!(
            listed.expect(StatusCode::OK).as_array().unwrap().len(),
            operators
        );
    }
    for (fields, field) in [
        (vec![("from", "account"), ("accountId", "x")], "accountId"),
        (
            vec![("from", "document"), ("seed", "accounts: [{nme: x}]")],
            "seed",
        ),
    ] {
        let page = browser.fill(new, list, &fields).await;
        let text = page.expect(StatusCode::OK);
        assert!(
            !element(text, &format!("{field}-error")).is_empty(),
            "{text}"
        );
        assert_eq!(page.form(list).fields["from"], fields[0].1);
    }
    let page = browser
        .fill(new, list, &[("from", "account"), ("accountId", "999")])
        .await;
    page.expect(StatusCode::NOT_FOUND);

    let page = browser.read("/console/accounts?q=FIRST").await;
    assert!(
        page.contains("1 account,") && page.contains("123457"),
        "{page}"
    );
    let delete = "/console/accounts/123457/delete";
    let page = browser.fill(delete, delete, &[]).await;
    assert!(page.expect(StatusCode::OK).contains("4 accounts,"));
    let reset = "/console/accounts/reset";
    let page = browser.fill(reset, reset, &[]).await;
    assert!(page.expect(StatusCode::OK).contains("1 account,"));
    browser
        .open("/console/accounts/123457")
        .await
        .expect(StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_account_is_reset_saved_restored_and_exported() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app);
    let path = "/console/accounts/123456";
    let name = "before & after/1";
    let snapshots = format!("{path}/snapshots");
    let page = browser.fill(path, &snapshots, &[("name", " ")]).await;
    assert_eq!(
        element(page.expect(StatusCode::OK), "name-error").trim(),
        "Is required."
    );
    browser
        .fill(path, &snapshots, &[("name", name)])
        .await
        .expect(StatusCode::OK);
    app.new_operator(json!({})).await;
    let operators = async || {
        app.get("/v4/Operator")
            .await
            .expect(StatusCode::OK)
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(operators().await, 3);

    let exported = browser.read(&format!("{path}/export")).await;
    assert!(exported.contains("ThirdOperator@acme.com"), "{exported}");
    let seed = TestApp::start_seeded(&exported).await;
    assert_eq!(
        seed.get("/v4/Operator").await.text,
        app.get("/v4/Operator").await.text
    );
    let page = browser.open(path).await;
    assert!(
        page.text()
            .contains("export?snapshot=before%20%26%20after%2F1"),
        "{}",
        page.text()
    );
    let restored = browser
        .read(&format!("{path}/export?snapshot=before%20%26%20after%2F1"))
        .await;
    assert!(!restored.contains("ThirdOperator@acme.com"), "{restored}");

    let restore = format!("{path}/snapshots/restore?name=before%20%26%20after%2F1");
    browser
        .fill(&restore, &restore, &[])
        .await
        .expect(StatusCode::OK);
    assert_eq!(operators().await, 2);
    let delete = format!("{path}/snapshots/delete?name=before%20%26%20after%2F1");
    browser
        .fill(&delete, &delete, &[])
        .await
        .expect(StatusCode::OK);
    app.new_operator(json!({})).await;
    let reset = format!("{path}/reset");
    browser
        .fill(&reset, &reset, &[])
        .await
        .expect(StatusCode::OK);
    assert_eq!(operators().await, 2);
}
