//! Security of the console: sessions, CSRF, headers, the control token and secrets.

use reqwest::header::{LOCATION, SET_COOKIE};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use uptrends_emulator::{Control, Options};

use super::browser::Browser;
use super::{owner_path, path_of};
use crate::app::{Answer, TestApp, path_of as api_path_of, text};

#[tokio::test]
async fn only_browsers_are_redirected_from_the_root_to_the_console() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app);
    let asking = browser.request(Method::GET, "/");
    let page = browser
        .answer(asking.header("Accept", "text/html,*/*;q=0.8"))
        .await;
    assert_eq!(page.answer.status, StatusCode::SEE_OTHER);
    assert_eq!(page.answer.headers[LOCATION], "/console");
    for path in ["/console", "/console/"] {
        assert!(browser.read(path).await.contains("<h1>Log in</h1>"));
    }

    for accept in ["*/*", "application/json"] {
        let asking = app.anonymous(Method::GET, "/").header("Accept", accept);
        let addresses = Answer::of(asking).await.expect(StatusCode::OK);
        assert_eq!(addresses["console"], app.url() + "/console");
    }
    let asking = app
        .anonymous(Method::POST, "/")
        .header("Accept", "text/html");
    Answer::of(asking).await.messages(StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn without_the_control_api_there_is_no_console() {
    let app = TestApp::start_with(Options::default().control(Control::Off)).await;
    let root = app
        .anonymous(Method::GET, "/")
        .header("Accept", "text/html");
    let addresses = Answer::of(root).await.expect(StatusCode::OK);
    assert_eq!(addresses["console"], Value::Null);
    for path in ["/console", "/console/login", "/console/assets/console.css"] {
        let asking = app
            .anonymous(Method::GET, path)
            .header("Accept", "text/html");
        Answer::of(asking).await.messages(StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn with_a_token_the_console_asks_for_it_once_and_first() {
    let app = TestApp::start_with(Options::default().control(Control::On {
        token: Some("t0ken".into()),
    }))
    .await;
    let browser = Browser::new(&app);
    let control = async |path: &str, body: Value| {
        let asking = app.anonymous(Method::POST, &format!("/_emulator{path}"));
        let asking = asking.bearer_auth("t0ken").json(&body);
        assert!(Answer::of(asking).await.status.is_success(), "{path}");
    };
    control("/accounts", json!({"label": "a customer"})).await;
    control("/clock/freeze", json!({})).await;
    control("/faults", json!({"effect": {"status": 503}})).await;
    for path in ["/console/login", "/console/requests", "/console/accounts"] {
        let page = browser.open(path).await;
        assert!(page.text().contains("<h1>Token</h1>"), "{path}");
        for secret in ["a customer", "123456", "stands still", "fault waits"] {
            assert!(!page.text().contains(secret), "{secret}: {}", page.text());
        }
    }
    let page = browser.open("/console/requests").await;
    let form = page.form("/console/token");
    let wrong = browser.send(form.clone().with("token", "wrong")).await;
    assert!(wrong.text().contains("This is not the token."));

    let page = browser.send(form.with("token", "t0ken")).await;
    assert!(page.text().contains("<h1>Requests</h1>"), "{}", page.text());
    let page = browser.log_in("admin@example.com", "emulator").await;
    assert!(page.text().contains("Account Administrator"));
    assert!(browser.read("/console/accounts").await.contains("123456"));
}

#[tokio::test]
async fn the_default_log_in_is_shown_while_it_is_valid() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app);
    let default_login = "<code>admin@example.com</code>";
    assert!(browser.read("/console/login").await.contains(default_login));
    let owner = api_path_of(&app.owner().await);
    app.patch(&owner, json!({"Password": "another"}))
        .await
        .expect(StatusCode::NO_CONTENT);
    assert!(!browser.read("/console/login").await.contains(default_login));
}

#[tokio::test]
async fn a_log_in_with_a_wrong_password_is_rejected() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app);
    for (email, password) in [
        ("admin@example.com", "wrong-secret"),
        ("emulator", "emulator"),
        ("nobody@example.com", "emulator"),
        // The second operator has no password.
        ("operator@example.com", ""),
        ("999999/admin@example.com", "emulator"),
        ("", ""),
    ] {
        let page = browser.log_in(email, password).await;
        let text = page.expect(StatusCode::OK);
        assert!(
            text.contains("No operator has this e-mail address"),
            "{text}"
        );
        assert!(text.contains(&format!("value=\"{email}\"")), "{text}");
        assert!(!text.contains("wrong-secret"));
        let page = browser.open("/console/operators").await;
        assert!(page.text().contains("<h1>Log in</h1>"));
    }
    let page = browser
        .log_in(" 123456/Admin@Example.com ", "emulator")
        .await;
    assert!(page.text().contains("Log out"));
}

#[tokio::test]
async fn the_log_in_leads_to_the_requested_page_and_never_to_another_site() {
    let app = TestApp::start().await;
    let path = owner_path(&app).await + "/api-users";
    for (next, landed) in [
        (path.as_str(), path.as_str()),
        ("https://example.com/", "/console/setup"),
        ("//example.com/console/", "/console/setup"),
        ("/v4/Operator", "/console/setup"),
        ("/console/x\r\nSet-Cookie: a=b", "/console/setup"),
    ] {
        let browser = Browser::new(&app);
        let form = browser.open(&path).await.form("/console/login");
        assert_eq!(form.fields["next"], path);
        let form = form
            .with("email", "admin@example.com")
            .with("password", "emulator");
        let page = browser.post(&form.with("next", next)).await;
        assert_eq!(page.answer.headers[LOCATION], landed);
    }
}

#[tokio::test]
async fn every_page_has_security_headers_and_is_small() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app);
    let first = browser.open("/console/login").await;
    let cookie = first.answer.headers[SET_COOKIE].to_str().unwrap();
    for part in ["; HttpOnly", "; SameSite=Strict", "; Path=/console"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let mut size = first.text().len();
    let (_, rest) = first.text().split_once("=\"/console/assets/").unwrap();
    let folder = format!("/console/assets/{}", &rest[..rest.find('/').unwrap()]);
    for (name, content_type) in [
        ("console.css", "text/css; charset=utf-8"),
        ("console.js", "text/javascript; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
    ] {
        let path = format!("{folder}/{name}");
        assert!(first.text().contains(&path));
        let asset = browser.open(&path).await.answer;
        assert_eq!(asset.headers["content-type"], content_type);
        let cached = "public, max-age=31536000, immutable";
        assert_eq!(asset.headers["cache-control"], cached);
        size += asset.text.len();
    }
    assert!(size < 30_000, "{size}");
    let other = browser.open("/console/assets/0123456789abcdef/console.css");
    other.await.expect(StatusCode::NOT_FOUND);

    for path in [
        "/console/login",
        "/console/nothing",
        &format!("{folder}/console.css"),
        "/console/assets/no",
    ] {
        let headers = browser.open(path).await.answer.headers;
        assert_eq!(
            headers["content-security-policy"],
            "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
            "{path}"
        );
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["x-frame-options"], "DENY");
    }
    assert_eq!(first.answer.headers["cache-control"], "no-store");
}

#[tokio::test]
async fn a_forged_form_changes_nothing() {
    let app = TestApp::start().await;
    let browser = Browser::as_owner(&app).await;
    let stranger = Browser::as_owner(&app).await;
    let form = browser
        .open("/console/groups/new")
        .await
        .form("/console/groups");
    let form = form.with("Description", "Forged");
    let foreign = stranger
        .open("/console/groups/new")
        .await
        .form("/console/groups");
    let foreign = &foreign.fields["csrf"];
    for forged in [
        form.clone().without("csrf"),
        form.clone().with("csrf", ""),
        form.clone().with("csrf", foreign),
    ] {
        let page = browser.post(&forged).await;
        page.expect(StatusCode::FORBIDDEN);
    }
    for (name, value) in [
        ("Origin", "http://example.com"),
        ("Origin", "null"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
    ] {
        let body = format!("csrf={}&Description=Forged", form.fields["csrf"]);
        let asking = browser
            .request(Method::POST, "/console/groups")
            .header(name, value)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(body);
        browser.answer(asking).await.expect(StatusCode::FORBIDDEN);
    }
    let groups = app.get("/v4/OperatorGroup").await;
    assert!(!groups.text.contains("Forged"));
    let page = browser.send(form).await;
    assert!(page.text().contains("Forged was added."), "{}", page.text());
}

#[tokio::test]
async fn a_form_of_another_site_changes_nothing_with_credentials_that_the_browser_remembers() {
    let app = TestApp::start().await;
    let operators = app.get("/v4/Operator").await.text;
    for (method, path) in [
        (Method::POST, "/v4/Operator"),
        (Method::POST, "/Operator"),
        (Method::POST, "/v4/Register"),
        (Method::DELETE, "/v4/ApiUser/x"),
        (Method::POST, "/api/Users"),
        (Method::POST, "/_emulator/reset"),
        (Method::POST, "/_emulator/accounts/123456/reset"),
    ] {
        for site in ["cross-site", "same-site"] {
            let asking = app.request(method.clone(), path);
            let asking = asking.header("Sec-Fetch-Site", site);
            let asking = asking.json(&json!({"FullName": "Forged", "Email": "x@acme.com"}));
            let answer = Answer::of(asking).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{method} {path}");
            assert!(answer.text.contains("another origin"), "{}", answer.text);
        }
    }
    assert_eq!(app.get("/v4/Operator").await.text, operators);

    // Over plain HTTP, browsers send no Sec-Fetch-Site to other machines.
    let posting = |origin: &str, content_type: Option<&str>| {
        let asking = app.anonymous(Method::POST, "/v4/Register");
        let asking = asking.basic_auth("admin@example.com", Some("emulator"));
        let asking = asking.header("Origin", origin);
        match content_type {
            Some(content_type) => asking.header("Content-Type", content_type).body("a=b"),
            None => asking,
        }
    };
    for origin in ["http://evil.test", "null"] {
        for content_type in [
            None,
            Some("application/x-www-form-urlencoded"),
            Some("text/plain; charset=utf-8"),
        ] {
            let answer = Answer::of(posting(origin, content_type)).await;
            let messages = answer.messages(StatusCode::FORBIDDEN);
            assert!(messages[0].contains("another origin"), "{messages:?}");
        }
    }
    let made = Answer::of(posting(&app.url(), None)).await;
    made.expect(StatusCode::CREATED);
    let journal = app.anonymous(
        Method::GET,
        "/_emulator/requests?text=another+origin&method=POST",
    );
    let journal = Answer::of(journal).await.expect(StatusCode::OK);
    let refused = journal.as_array().unwrap();
    assert_eq!(refused.len(), 14, "{journal}");
    assert_eq!(refused[0]["request"]["body"]["FullName"], "Forged");

    // Reading is what a page of another site may ask for, and cannot see.
    let asking = app.request(Method::GET, "/v4/Operator");
    let reading = Answer::of(asking.header("Sec-Fetch-Site", "cross-site")).await;
    reading.expect(StatusCode::OK);
    for site in ["same-origin", "none"] {
        let asking = app.request(Method::POST, "/v4/OperatorGroup");
        let asking = asking.header("Sec-Fetch-Site", site);
        let made = Answer::of(asking.json(&json!({"Description": site}))).await;
        made.expect(StatusCode::CREATED);
    }
}

#[tokio::test]
async fn a_link_from_another_site_does_not_end_the_session() {
    let app = TestApp::start().await;
    let browser = Browser::as_owner(&app).await;
    let cookie = browser.cookie();
    browser.set_cookie(String::new());
    let asking = browser
        .request(Method::GET, "/console/operators?q=x")
        .header("Sec-Fetch-Site", "cross-site");
    let answer = browser.answer(asking).await.answer;
    assert_eq!(answer.headers["refresh"], "0; url=/console/operators?q=x");
    assert!(!answer.headers.contains_key(SET_COOKIE));
    browser.set_cookie(cookie);
    assert!(browser.read("/console/operators").await.contains("Log out"));
}

#[tokio::test]
async fn a_session_ends_when_its_log_in_is_no_longer_valid() {
    let app = TestApp::start().await;
    let third = json!({"Email": "third@acme.com", "Password": "s3cret"});
    let guid = text(&app.new_operator(third).await, "OperatorGuid");
    let api_path = format!("/v4/Operator/{guid}");
    let is_over = async |browser: &Browser<'_>| {
        let page = browser.open("/console/operators").await;
        page.text().contains("<h1>Log in</h1>")
    };

    let browser = Browser::logged_in(&app, "third@acme.com", "s3cret").await;
    let before = browser.cookie();
    let form = browser.open("/console/setup").await.form("/console/logout");
    browser.send(form).await;
    browser.set_cookie(before);
    assert!(is_over(&browser).await, "logged out");

    let browser = Browser::logged_in(&app, "third@acme.com", "s3cret").await;
    app.patch(&api_path, json!({"FullName": "Another name"}))
        .await;
    assert!(!is_over(&browser).await, "another name");
    app.patch(&api_path, json!({"Password": "s3cret"})).await;
    let page = browser.open("/console/operators").await;
    assert!(page.text().contains("Your session is over"));
    assert!(is_over(&browser).await, "a new password");

    let browser = Browser::logged_in(&app, "third@acme.com", "s3cret").await;
    for active in [false, true] {
        let user = json!({"UserName": "third@acme.com", "Active": active});
        app.put("/api/Users", user).await.expect(StatusCode::OK);
    }
    assert!(!is_over(&browser).await, "active again");
    let user = json!({"UserName": "third@acme.com", "Active": false});
    app.put("/api/Users", user).await.expect(StatusCode::OK);
    assert!(is_over(&browser).await, "inactive");
    let page = browser.log_in("third@acme.com", "s3cret").await;
    assert!(page.text().contains("No operator has"));
    let user = json!({"UserName": "third@acme.com", "Active": true});
    app.put("/api/Users", user).await.expect(StatusCode::OK);

    let browser = Browser::logged_in(&app, "third@acme.com", "s3cret").await;
    app.delete(&api_path).await.expect(StatusCode::NO_CONTENT);
    assert!(is_over(&browser).await, "deleted");

    let browser = Browser::as_owner(&app).await;
    Answer::of(app.anonymous(Method::POST, "/_emulator/accounts/123456/reset")).await;
    assert!(
        !is_over(&browser).await,
        "the reset brings the same operator"
    );
    Answer::of(app.anonymous(Method::DELETE, "/_emulator/accounts/123456")).await;
    assert!(is_over(&browser).await, "the account is deleted");
}

#[tokio::test]
async fn a_log_in_starts_a_new_session() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app);
    browser.open("/console/login").await;
    let before = browser.cookie();
    browser.log_in("admin@example.com", "emulator").await;
    assert_ne!(before, browser.cookie());
    browser.set_cookie(before);
    assert!(
        !browser
            .open("/console/operators")
            .await
            .text()
            .contains("Log out")
    );
}

#[tokio::test]
async fn names_with_html_are_escaped() {
    let app = TestApp::start().await;
    let hostile = "</textarea><script>alert(\"1\")</script>'&amp;";
    let operator = json!({"FullName": hostile, "Email": "third@acme.com"});
    let guid = text(&app.new_operator(operator).await, "OperatorGuid");
    let group = app
        .new_group(hostile)
        .await
        .replace("/v4/OperatorGroup", "/console/groups");
    let api_user = json!({"OperatorGuid": guid, "Description": hostile});
    app.post("/v4/ApiUser", api_user)
        .await
        .expect(StatusCode::CREATED);
    app.get("/v4/Operator?%3Cscript%3E<script>").await;
    let asking = app.anonymous(Method::GET, "/v4/Operator");
    Answer::of(
        asking
            .basic_auth(hostile, Some("x"))
            .header("X-Test", "<script>"),
    )
    .await;
    let account = json!({"label": hostile});
    Answer::of(
        app.anonymous(Method::POST, "/_emulator/accounts")
            .json(&account),
    )
    .await;
    let path = format!("/_emulator/accounts/123456/snapshots/{}", "%3Cscript%3E");
    Answer::of(app.anonymous(Method::PUT, &path)).await;
    let fault = json!({"match": {"userName": hostile}, "effect": {"status": 500}});
    Answer::of(
        app.anonymous(Method::POST, "/_emulator/faults")
            .json(&fault),
    )
    .await;

    let browser = Browser::as_owner(&app).await;
    let operator = path_of(&guid);
    let mut pages = 0;
    for path in [
        "/console/operators",
        &operator,
        &format!("{operator}/schedules"),
        &format!("{operator}/groups"),
        &format!("{operator}/api-users"),
        &format!("{operator}/api-users/new"),
        &format!("{operator}/delete"),
        "/console/operators?q=<script>",
        "/console/groups",
        &group,
        &format!("{group}/schedules"),
        "/console/accounts",
        "/console/accounts/123456",
        "/console/requests?userName=<script>",
        "/console/requests",
        "/console/requests/1",
        "/console/requests/2",
        "/console/requests/3",
        "/console/requests/4",
        "/console/requests/5",
        "/console/faults",
    ] {
        let page = browser.read(path).await;
        let scripts: Vec<_> = page.match_indices("<script").collect();
        assert_eq!(scripts.len(), 1, "{path}: {page}");
        assert!(!page.contains("</textarea><script>"), "{path}");
        pages += usize::from(page.contains("&#60;script&#62;"));
    }
    assert!(pages >= 15, "{pages}");
}

#[tokio::test]
async fn secrets_entered_in_the_console_are_in_no_journal_export_or_file() {
    const SECRET: &str = "sEcReT-of-the-console";
    let folder = tempfile::tempdir().unwrap();
    let app = TestApp::start_on(&folder.path().join("state.db")).await;
    let browser = Browser::as_owner(&app).await;
    let operator = owner_path(&app).await;
    browser.log_in("admin@example.com", SECRET).await;
    let fields = [
        ("FullName", "X"),
        ("Email", "x@acme.com"),
        ("Password", SECRET),
    ];
    let page = browser
        .fill("/console/operators/new", "/console/operators", &fields)
        .await;
    page.expect(StatusCode::OK);
    let again = [
        ("FullName", ""),
        ("Email", "x@acme.com"),
        ("Password", SECRET),
    ];
    let page = browser
        .fill("/console/operators/new", "/console/operators", &again)
        .await;
    assert!(!page.expect(StatusCode::OK).contains(SECRET));
    Browser::logged_in(&app, "x@acme.com", SECRET).await;

    let tab = format!("{operator}/api-users");
    let page = browser.fill(&format!("{tab}/new"), &tab, &[]).await;
    let password = super::browser::element(page.text(), "password");
    let user_name = super::browser::element(page.text(), "user-name");
    let asking = app.anonymous(Method::GET, "/v4/Operator");
    Answer::of(asking.basic_auth(&user_name, Some(&password)))
        .await
        .expect(StatusCode::OK);

    for path in ["/_emulator/requests", "/_emulator/accounts/123456/export"] {
        let text = Answer::of(app.anonymous(Method::GET, path)).await.text;
        assert!(
            !text.contains(SECRET) && !text.contains(&password),
            "{path}: {text}"
        );
    }
    for path in [
        "/console/requests/1",
        "/console/requests",
        "/console/accounts/123456/export",
    ] {
        let text = browser.read(path).await;
        assert!(
            !text.contains(SECRET) && !text.contains(&password),
            "{path}: {text}"
        );
    }
    app.stop().await;
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        for secret in [SECRET, &password] {
            assert!(
                !bytes
                    .windows(secret.len())
                    .any(|part| part == secret.as_bytes())
            );
        }
    }
}

#[tokio::test]
async fn page_requests_are_not_recorded_for_the_account() {
    let app = TestApp::start().await;
    let browser = Browser::as_owner(&app).await;
    browser.read("/console/operators").await;
    browser
        .open("/console/nothing")
        .await
        .expect(StatusCode::NOT_FOUND);
    let journal = Answer::of(app.anonymous(Method::GET, "/_emulator/requests")).await;
    assert_eq!(journal.expect(StatusCode::OK), json!([]));
}
