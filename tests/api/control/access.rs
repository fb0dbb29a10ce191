//! Access to the control API, and its errors.

use std::collections::BTreeSet;

use futures_util::future::join;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use uptrends_emulator::{Control, Emulator, Options, Seed};

use super::{NO_ACCOUNT, act, get, list, problem, request};
use crate::anonymous::{OPERATIONS, documented};
use crate::app::{Answer, TestApp, text};

/// A method and path of each kind.
const CALLS: [(&str, &str); 8] = [
    ("GET", "/accounts"),
    ("POST", "/accounts"),
    ("POST", "/reset"),
    ("GET", "/requests"),
    ("DELETE", "/accounts/123456/requests"),
    ("GET", "/faults"),
    ("POST", "/clock/freeze"),
    ("GET", "/supported"),
];

fn method(name: &str) -> Method {
    name.parse().unwrap()
}

async fn health(app: &TestApp) {
    let mut health = get(app, "/health").await;
    let instance = health["instance"].take();
    assert_eq!(instance.as_str().unwrap().len(), 36, "{instance}");
    assert_eq!(
        health,
        json!({
            "status": "alive", "version": env!("CARGO_PKG_VERSION"), "apiVersion": 1, "instance": null
        })
    );
    assert_eq!(get(app, "/ready").await, json!({"status": "ready"}));
}

#[tokio::test]
async fn each_start_is_another_instance() {
    let app = TestApp::start().await;
    let health = get(&app, "/health").await;
    act(&app, Method::POST, "/reset").await;
    assert_eq!(get(&app, "/health").await, health);
    let other = TestApp::start().await;
    assert_ne!(get(&other, "/health").await["instance"], health["instance"]);
}

#[tokio::test]
async fn the_instance_answers_for_its_health_before_the_accounts_are_loaded() {
    // Hashing the passwords of a seed takes a while.
    let operators = (0..8).map(|number| {
        let name = format!("Operator {number}");
        json!({
            "FullName": name, "Email": format!("{number}@acme.com"), "Password": name,
            "IsAccountAdministrator": number == 0
        })
    });
    let operators: Vec<_> = operators.collect();
    let seed = json!({"accounts": [{"AccountId": "1", "operators": operators}]});
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = port.local_addr().unwrap().to_string();
    drop(port);
    let options = Options::default().listen(&address);
    let start = Emulator::start(options.seed(Seed::Text(seed.to_string())));
    let app = TestApp::at(&format!("http://{address}"));
    let ask = async {
        let mut health = request(&app, Method::GET, "/health").send().await;
        while health.is_err() {
            health = request(&app, Method::GET, "/health").send().await;
        }
        let ready = act(&app, Method::GET, "/ready").await;
        (health.unwrap().json::<Value>().await.unwrap(), ready)
    };
    let (emulator, (health, ready)) = join(start, ask).await;
    let emulator = emulator.unwrap();
    problem(&ready, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(get(&app, "/health").await, health);
    emulator.stop().await;
}

#[tokio::test]
async fn without_the_control_api_only_health_and_ready_answer() {
    let app = TestApp::start_with(Options::default().control(Control::Off)).await;
    for (name, path) in CALLS {
        problem(&act(&app, method(name), path).await, StatusCode::NOT_FOUND);
    }
    health(&app).await;
    app.get("/v4/Operator").await.expect(StatusCode::OK);
}

#[tokio::test]
async fn with_a_token_only_requests_with_it_are_accepted() {
    let app = TestApp::start_with(Options::default().control(Control::On {
        token: Some("t0ken".into()),
    }))
    .await;
    for (name, path) in CALLS.into_iter().chain([("GET", "/nowhere")]) {
        for authorization in [
            None,
            Some("Bearer wrong"),
            Some("Bearer t0ken2"),
            Some("Bearer"),
            Some("Basic t0ken"),
            Some("t0ken"),
        ] {
            let mut asking = request(&app, method(name), path);
            if let Some(authorization) = authorization {
                asking = asking.header("Authorization", authorization);
            }
            let answer = Answer::of(asking).await;
            problem(&answer, StatusCode::UNAUTHORIZED);
            assert_eq!(answer.headers["www-authenticate"], "Bearer");
        }
    }
    for authorization in ["Bearer t0ken", "bearer t0ken"] {
        let asking = request(&app, Method::GET, "/accounts").header("Authorization", authorization);
        Answer::of(asking).await.expect(StatusCode::OK);
    }
    health(&app).await;
    app.get("/v4/Operator").await.expect(StatusCode::OK);
}

#[tokio::test]
async fn requests_of_other_sites_are_rejected() {
    let app = TestApp::start().await;
    for origin in [
        "http://example.com",
        "http://127.0.0.1:1",
        "http://localhost",
        "null",
        "",
    ] {
        for (name, path) in CALLS {
            let asking = request(&app, method(name), path).header("Origin", origin);
            problem(&Answer::of(asking).await, StatusCode::FORBIDDEN);
        }
    }
    assert_eq!(list(&app, "/accounts").await.len(), 1);
    let own = request(&app, Method::POST, "/accounts").header("Origin", app.url());
    Answer::of(own).await.expect(StatusCode::CREATED);
}

/// The host name of another site may resolve to this server (DNS rebinding); then host and origin are equal, and a
/// browser sends no origin with a GET.
#[tokio::test]
async fn a_host_that_others_can_register_is_rejected_with_the_flag_that_allows_it() {
    let with = |token: Option<&str>| {
        Options::default()
            .control(Control::On {
                token: token.map(Into::into),
            })
            .public_url("https://ci.example.com/uptrends")
            .allowed_host("emulator.example.com")
    };
    let (open, closed) = (
        TestApp::start_with(with(None)).await,
        TestApp::start_with(with(Some("t0ken"))).await,
    );
    let asking = |app: &TestApp, path: &str, host: &str, origin: Option<String>| {
        let asking = app.anonymous(Method::GET, path).header("Host", host);
        let asking = asking.header("Authorization", "Bearer t0ken");
        Answer::of(match origin {
            Some(origin) => asking.header("Origin", origin),
            None => asking,
        })
    };
    let origins = |host: &str| [None, Some(format!("http://{host}"))];
    for host in [
        "rebound.example.com:8080",
        "127.0.0.1.example.com",
        "localhost.example.com.",
    ] {
        for origin in origins(host) {
            let refused = asking(&open, "/_emulator/accounts", host, origin.clone()).await;
            let message = problem(&refused, StatusCode::FORBIDDEN);
            assert!(
                message.contains("--allowed-host") && message.contains(host),
                "{message}"
            );
            let page = asking(&open, "/console/accounts", host, origin.clone()).await;
            assert_eq!(page.status, StatusCode::FORBIDDEN);
            assert!(page.text.contains("--allowed-host"), "{}", page.text);
            for path in ["/_emulator/health", "/_emulator/ready"] {
                asking(&open, path, host, origin.clone())
                    .await
                    .expect(StatusCode::OK);
            }
            let api = asking(&open, "/v4/Operator", host, origin.clone()).await;
            api.messages(StatusCode::UNAUTHORIZED);
            let with_token = asking(&closed, "/_emulator/accounts", host, origin).await;
            with_token.expect(StatusCode::OK);
        }
    }
    for host in [
        "localhost:8080",
        "test.localhost",
        "emulator:8080",
        "[::1]:8080",
        "10.0.0.7",
        "LOCALHOST.",
        "my-mac.local:8080",
        "host.docker.internal",
        "emulator.ci.svc.cluster.local",
        "ci.example.com",
        "Emulator.Example.com:9000",
    ] {
        for origin in origins(host) {
            asking(&open, "/_emulator/accounts", host, origin.clone())
                .await
                .expect(StatusCode::OK);
            let page = asking(&open, "/console/accounts", host, origin).await;
            assert_eq!(page.status, StatusCode::OK, "{host}: {}", page.text);
        }
    }
    // Behind the proxy, the browser sends its page's origin, and the proxy sends its own name as the host.
    let origin = Some("https://ci.example.com".to_owned());
    asking(&open, "/_emulator/accounts", "emulator:8080", origin)
        .await
        .expect(StatusCode::OK);
}

#[tokio::test]
async fn a_request_without_a_host_is_answered_with_the_address_of_its_connection() {
    let app = TestApp::start().await;
    for ask in [
        "HTTP/1.0\r\n",
        "HTTP/1.1\r\nConnection: close\r\n",
        "HTTP/1.1\r\nHost:\r\nConnection: close\r\n",
    ] {
        let mut stream = app.connect().await;
        let ask = format!("POST /_emulator/accounts {ask}\r\n");
        stream.write_all(ask.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.contains(" 201 Created\r\n"), "{answer}");
        let url = format!("\"baseUrl\":\"{}/v4\"", app.url());
        assert!(answer.contains(&url), "{answer}");
    }
}

#[tokio::test]
async fn behind_a_proxy_urls_start_with_the_public_url() {
    let options = Options::default().public_url("https://CI.example.com:443/uptrends/");
    let app = TestApp::start_with(options).await;
    let account = Answer::of(request(&app, Method::POST, "/accounts")).await;
    let account = account.expect(StatusCode::CREATED);
    assert_eq!(account["baseUrl"], "https://ci.example.com/uptrends/v4");

    let page = app.get("/console/requests").await.text;
    assert!(
        page.contains("https://ci.example.com/uptrends/v4/Operator"),
        "{page}"
    );
    assert!(
        page.contains("href=\"/uptrends/console/accounts\""),
        "{page}"
    );
    assert!(
        !page.contains("=\"/console") && !page.contains("=\"/v4"),
        "{page}"
    );
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    for (path, location) in [
        ("/", "/uptrends/console"),
        ("/console", "/uptrends/console/setup"),
        ("/console/", "/uptrends/console"),
        (
            "/console/setup",
            "/uptrends/console/login?next=%2Fconsole%2Fsetup",
        ),
    ] {
        let asking = client
            .get(format!("{}{path}", app.url()))
            .header("Accept", "text/html");
        let answer = asking.send().await.unwrap();
        assert_eq!(answer.headers()["location"], location, "{path}");
        if let Some(cookie) = answer.headers().get("set-cookie") {
            assert!(
                cookie.to_str().unwrap().ends_with("Path=/uptrends/console"),
                "{cookie:?}"
            );
        }
    }
    let page = app.get("/v4/swagger").await.text;
    assert!(
        page.contains("src=\"/uptrends/v4/swagger/start.js\""),
        "{page}"
    );
    let document = app
        .get("/v4/swagger/v1/swagger.json")
        .await
        .expect(StatusCode::OK);
    assert_eq!(document["servers"][0]["url"], "/uptrends/v4");
    assert_eq!(
        document["paths"]["/_emulator/accounts"]["servers"][0]["url"],
        "/uptrends/"
    );
    let document = app
        .get("/v4/swagger/v1/swagger-2.0.json")
        .await
        .expect(StatusCode::OK);
    assert_eq!(document["basePath"], "/uptrends/v4");
}

#[tokio::test]
async fn every_error_is_a_problem() {
    let app = TestApp::start().await;
    for (name, path, status) in [
        ("GET", "/nowhere", 404),
        ("GET", "/", 404),
        ("POST", "", 404),
        ("GET", "/accounts/123456/nowhere", 404),
        ("GET", NO_ACCOUNT, 404),
        ("GET", "/accounts/999999/requests", 404),
        ("GET", "/accounts/999999/snapshots", 404),
        ("POST", "/accounts/999999/reset", 404),
        ("DELETE", NO_ACCOUNT, 404),
        ("PUT", "/accounts/123456", 405),
        ("DELETE", "/clock", 405),
        ("POST", "/health", 405),
        ("GET", "/accounts/none", 400),
        ("GET", "/accounts/%FF", 400),
        ("GET", "/accounts/%FF/snapshots", 400),
        ("DELETE", "/accounts/%FF/requests", 400),
        ("GET", "/accounts/none/clock", 400),
        ("GET", "/faults/none", 400),
        ("DELETE", "/faults/-1", 400),
        ("GET", "/faults/4711", 404),
        ("GET", "/requests?limit=x", 400),
        ("GET", "/requests?nonsense=1", 400),
        ("PUT", "/accounts/123456/snapshots/%FF", 400),
        ("POST", "/accounts/123456/snapshots/none/restore", 404),
        ("DELETE", "/accounts/123456/snapshots/none", 404),
    ] {
        let answer = act(&app, method(name), path).await;
        let message = problem(&answer, StatusCode::from_u16(status).unwrap());
        assert!(!message.is_empty(), "{name} {path}");
        if status == 405 {
            assert!(answer.headers.contains_key("allow"), "{name} {path}");
        }
    }
}

#[tokio::test]
async fn errors_in_a_body_name_the_key() {
    let app = TestApp::start().await;
    for (path, body, key) in [
        ("/accounts", json!({"frm": "seed"}), "frm"),
        ("/accounts", json!({"from": 1}), "from"),
        ("/accounts", json!({"from": "sed"}), "from"),
        ("/accounts", json!({"from": "account:"}), "account"),
        ("/accounts", json!({"from": "account:x"}), "account"),
        ("/accounts", json!({"label": ["x"]}), "label"),
        ("/requests/count", json!({"statu": 200}), "statu"),
        ("/requests/count", json!({"status": "20x"}), "status"),
        ("/requests/wait", json!({"match": {"paths": ""}}), "paths"),
        ("/requests/wait", json!({"atLeast": -1}), "atLeast"),
        ("/requests/wait", json!({"timeoutMs": 600_000}), "timeoutMs"),
        ("/clock/freeze", json!({"at": "noon"}), "at"),
        ("/clock/freeze", json!({"by": "P1D"}), "by"),
        ("/clock/advance", json!({"by": "1D"}), "by"),
        ("/clock/advance", json!({"by": "P9999Y"}), "by"),
        ("/clock/advance", json!({"to": "1999-01-01T00:00:00"}), "to"),
        ("/clock/advance", json!({}), "by"),
        (
            "/clock/advance",
            json!({"by": "P1D", "to": "2999-01-01T00:00:00"}),
            "by",
        ),
    ] {
        let answer = super::post(&app, path, body.clone()).await;
        let message = problem(&answer, StatusCode::BAD_REQUEST);
        assert!(message.contains(key), "{path} {body}: {message}");
    }
    let wrong = json!({"match": {"paths": "", "status": -1}, "atLeast": "2", "timeoutMs": 60_001});
    let answer = super::post(&app, "/requests/wait", wrong).await;
    assert_eq!(
        problem(&answer, StatusCode::BAD_REQUEST),
        "match.status: \"-1\" is no status: 100 to 599, or a class such as \"4xx\"; \
         match: 'paths' is not a key here; the nearest one is path; \
         atLeast: must be a whole number from 0 to 9007199254740991, not a text; timeoutMs: at most 60000"
    );
    for body in ["{", "[]", "x", "null", "\u{feff}{", "\u{feff}\u{feff}{}"] {
        let asking = request(&app, Method::POST, "/accounts").body(body);
        problem(&Answer::of(asking).await, StatusCode::BAD_REQUEST);
    }
    for (path, list_of_values) in [
        ("/clock/freeze", json!(["2020-01-01T00:00:00"])),
        ("/clock/advance", json!(["P1D", null])),
        ("/requests/wait", json!([{}, 0, 0])),
        ("/requests/wait", json!({"match": [], "atLeast": 0})),
    ] {
        let answer = super::post(&app, path, list_of_values).await;
        let message = problem(&answer, StatusCode::BAD_REQUEST);
        assert!(message.contains("object, not an array"), "{message}");
    }
    assert_eq!(list(&app, "/accounts").await.len(), 1);
}

#[tokio::test]
async fn every_operation_is_listed_as_supported_once() {
    let app = TestApp::start().await;
    let supported = list(&app, "/supported").await;
    let (emulated, others): (Vec<_>, Vec<_>) =
        supported.iter().partition(|one| one["isEmulated"] == true);
    let mut listed: Vec<_> = emulated
        .iter()
        .map(|one| (text(one, "method"), text(one, "path")))
        .collect();
    listed.sort();
    let mut expected: Vec<_> = OPERATIONS
        .iter()
        .map(|(method, path)| ((*method).to_owned(), documented(path)))
        .collect();
    expected.sort();
    assert_eq!(listed, expected);
    let ids: BTreeSet<_> = emulated
        .iter()
        .map(|one| text(one, "operationId"))
        .collect();
    assert_eq!(ids.len(), OPERATIONS.len());
    // The vendor's Swagger file has 178 operations, of which 34 are emulated; one path was added later.
    assert_eq!(others.len(), 178 - 34 + 1);
    for other in &others {
        assert_eq!(other["isEmulated"], false);
        let (method, path, id) = (
            text(other, "method"),
            text(other, "path"),
            text(other, "operationId"),
        );
        // Parameters have many types, and none of them is checked.
        let request = app.anonymous(method.parse().unwrap(), &path.replace(['{', '}'], ""));
        let messages = Answer::of(request)
            .await
            .messages(StatusCode::NOT_IMPLEMENTED);
        let described = format!("{id} ({method} {path}) ");
        assert!(messages[0].starts_with(&described), "{messages:?}");
        let entry = list(&app, "/requests").await.pop().unwrap();
        assert_eq!(entry["operationId"], id);
        assert_eq!(entry["authentication"], "notAsked");
    }
    let ids: BTreeSet<_> = supported
        .iter()
        .map(|one| text(one, "operationId"))
        .collect();
    assert_eq!(ids.len(), supported.len());
}

#[tokio::test]
async fn differences_are_listed_for_paths_that_the_live_service_does_not_have() {
    let app = TestApp::start().await;
    for one in list(&app, "/supported").await {
        if text(&one, "path").starts_with("/api/Users") {
            assert!(text(&one, "differs").contains("companion"), "{one}");
        }
    }
}

#[tokio::test]
async fn a_parameter_of_an_operation_that_has_none_is_refused_and_changes_nothing() {
    let app = TestApp::start().await;
    let fault = json!({"effect": {"delayMs": 1}});
    let made = request(&app, Method::POST, "/faults").json(&fault);
    Answer::of(made).await.expect(StatusCode::CREATED);
    for (method, path, operation) in [
        (
            Method::GET,
            "/accounts?label=ci",
            "Emulator_ListAccounts has none",
        ),
        (
            Method::DELETE,
            "/faults?label=ci",
            "Emulator_ClearFaults has none",
        ),
        (
            Method::GET,
            "/accounts/123456/outbox?label",
            "Emulator_ListOutboxOfAccount has none",
        ),
        (
            Method::POST,
            "/requests/count?label=ci",
            "Emulator_CountRequests has none",
        ),
    ] {
        let answer = Answer::of(request(&app, method, path)).await;
        let message = problem(&answer, StatusCode::BAD_REQUEST);
        assert!(message.starts_with("'label' is not"), "{path}: {message}");
        assert!(message.ends_with(operation), "{path}: {message}");
    }
    assert_eq!(list(&app, "/faults").await.len(), 1);
    for path in ["/accounts?", "/requests?limit=1", "/health?t=1"] {
        let answer = Answer::of(request(&app, Method::GET, path)).await;
        answer.expect(StatusCode::OK);
    }
}
