//! The tools for testers: faults, coverage, the clock, accounts.

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::browser::{Browser, Page, element, link};
use crate::app::{Answer, TestApp, text};

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
        ("effect.delayMs", "1"),
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
    assert!(
        browser
            .read("/console/accounts/123456/requests")
            .await
            .contains(">Fault ")
    );

    let page = browser.read(path).await;
    let (_, button) = page.split_once("name=\"id\" value=\"").unwrap();
    let id = button.split('"').next().unwrap().to_owned();
    browser
        .fill(path, &format!("{path}/delete"), &[("id", &id)])
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
async fn usual_faults_are_made_in_two_steps() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app);
    let path = "/console/faults";
    let page = browser.read(path).await;
    for (name, expected) in [
        ("Lose one answer", json!([{"network": "reset"}, "after", 1])),
        (
            "429 with Retry-After",
            json!([{"status": 429, "headers": {"Retry-After": "5"}}, "before", 1]),
        ),
        ("Slow answers", json!([{"delayMs": 3000}, "before", null])),
        (
            "Reset the connection",
            json!([{"network": "reset"}, "before", 1]),
        ),
        (
            "A canned answer",
            json!([{"status": 200, "body": []}, "before", null]),
        ),
    ] {
        let form = link(&page, name).unwrap();
        browser.fill(&form, path, &[]).await.expect(StatusCode::OK);
        let faults = Answer::of(app.anonymous(Method::GET, "/_emulator/faults")).await;
        let faults = faults.expect(StatusCode::OK);
        let fault = faults.as_array().unwrap().last().unwrap();
        assert_eq!(
            json!([fault["effect"], fault["when"], fault["count"]]),
            expected
        );
    }
}

#[tokio::test]
async fn faults_are_listed_in_pages_the_latest_first() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app);
    for number in 1..=120 {
        let fault = json!({
            "name": format!("{number} {}", "é".repeat(1000)),
            "match": {"text": "é".repeat(1000)},
            "effect": {"status": 503}
        });
        let made = app
            .anonymous(Method::POST, "/_emulator/faults")
            .json(&fault);
        Answer::of(made).await.expect(StatusCode::CREATED);
    }
    for (page, first, last) in [(1, 120, 71), (3, 20, 1)] {
        for path in ["/console/faults", "/console/accounts/123456/faults"] {
            let page = browser.read(&format!("{path}?page={page}")).await;
            assert!(page.len() < 60 * 1024, "{}", page.len());
            for number in [first, last] {
                assert!(page.contains(&format!("<b>{number} ")), "{number}: {page}");
            }
        }
    }
    let page = browser.read("/console/accounts/123456/faults").await;
    assert!(!page.contains("Remove all"), "{page}");
}

#[tokio::test]
async fn the_faults_of_the_server_are_among_those_of_an_account() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app);
    let fields = [
        ("effect.status", "503"),
        ("name", "Out <of> order"),
        ("match.label", "ci"),
    ];
    let label = json!({"label": "ci"});
    let made = Answer::of(
        app.anonymous(Method::POST, "/_emulator/accounts")
            .json(&label),
    )
    .await;
    made.expect(StatusCode::CREATED);
    browser
        .fill("/console/faults", "/console/faults", &fields)
        .await
        .expect(StatusCode::OK);
    let page = browser.read("/console/accounts/123456/faults").await;
    assert!(
        page.contains("Out &#60;of&#62; order") && page.contains("Whole server"),
        "{page}"
    );
    assert!(!page.contains("Nothing goes wrong by itself"), "{page}");
    assert!(!page.contains("Remove fault"), "{page}");
    // Only those that may strike requests of the account are announced.
    assert!(!page.contains("fault waits"), "{page}");
    let labelled = browser.read("/console/accounts/123457/clock").await;
    let alert = "1 fault waits for requests of any account.";
    assert!(labelled.contains(alert), "{labelled}");
    let page = browser.read("/console/faults").await;
    assert!(
        page.contains("label ci") && page.contains("Remove fault"),
        "{page}"
    );
}

#[tokio::test]
async fn operations_are_shown_by_outcomes_with_those_that_were_never_called() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app);
    let page = browser.read("/console/coverage").await;
    assert!(
        page.contains("<b>0 of 47</b>") && page.contains("<li>Operator_CreateOperator</li>"),
        "{page}"
    );
    app.get("/v4/Operator").await.expect(StatusCode::OK);
    let body = json!({"FullName": "A", "Email": "x"});
    app.post("/v4/Operator", body)
        .await
        .expect(StatusCode::FORBIDDEN);
    app.get("/v4/Operators").await.expect(StatusCode::NOT_FOUND);
    let path = "/console/accounts/123456/coverage";
    let page = browser.read(path).await;
    assert!(
        page.contains("<b>2 of 47</b>") && page.contains("(Email 1)"),
        "{page}"
    );
    assert!(!page.contains("<li>Operator_CreateOperator</li>"), "{page}");
    assert!(
        browser
            .read("/console/coverage")
            .await
            .contains("GET /v4/Operators")
    );
    let page = browser.open("/console/coverage?label=c1").await;
    assert!(
        page.expect(StatusCode::BAD_REQUEST)
            .contains("no account has the label")
    );
    let clear = format!("{path}/clear");
    let page = browser.fill(&clear, &clear, &[]).await;
    assert!(page.expect(StatusCode::OK).contains("<b>0 of 47</b>"));
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
        (
            "effect.headers",
            "Set-Cookie: a=1\nset-cookie: b=2\nSet-Cookie: c=3",
        ),
        ("effect.headers", ": 1"),
        ("effect.body", "{\"ok\": tru}"),
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
async fn the_page_of_an_account_shows_the_invitations_that_would_have_been_sent() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app);
    let path = "/console/accounts/123456";
    assert!(!browser.read(path).await.contains("Outbox"));
    let invited = json!({"SetupMode": "Invitation", "Email": "invited@acme.com"});
    app.new_operator(invited).await;
    let page = browser.read(path).await;
    assert!(
        page.contains("<h2>Outbox</h2>") && page.contains(">invited@acme.com<"),
        "{page}"
    );
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
