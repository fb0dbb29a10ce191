//! HTTP Basic authentication.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::app::{Answer, TestApp, text};

/// Returns the response to a request with this header.
async fn answer_to(app: &TestApp, authorization: &[u8]) -> Answer {
    let request = app
        .anonymous(Method::GET, "/v4/Operator")
        .header(AUTHORIZATION, authorization);
    Answer::of(request).await
}

fn basic(credentials: impl AsRef<[u8]>) -> String {
    format!("Basic {}", STANDARD.encode(credentials))
}

#[track_caller]
fn assert_unauthorized(answer: &Answer) {
    assert_eq!(answer.messages(StatusCode::UNAUTHORIZED).len(), 1);
    assert_eq!(
        answer.headers[WWW_AUTHENTICATE],
        r#"Basic realm="Uptrends API""#
    );
}

#[tokio::test]
async fn missing_credentials_are_a_401() {
    let app = TestApp::start().await;
    for path in ["/v4/Operator", "/Operator", "/v4/ApiUser", "/v4/Register"] {
        let method = if path.ends_with("Register") {
            Method::POST
        } else {
            Method::GET
        };
        assert_unauthorized(&Answer::of(app.anonymous(method, path)).await);
    }
}

#[tokio::test]
async fn malformed_and_wrong_credentials_are_a_401() {
    let app = TestApp::start().await;
    for header in [
        "",
        "Basic",
        "Basic ",
        "Basic *",
        "Basic emulator:emulator",
        &basic(""),
        &basic(":"),
        &basic("emulator"),
        &basic("emulatoremulator"),
        &basic("emulator:"),
        &basic("emulator:wrong"),
        &basic("emulator: emulator"),
        &basic("emulator:emulator\n"),
        &basic("emulator:Emulator"),
        &basic("nobody:emulator"),
        &basic(":emulator"),
        &basic(b"emulator:\xff\xfe"),
        &basic(b"\xff:emulator"),
        &basic("emulator:emulator").replace("Basic", "Bearer"),
        &basic("emulator:emulator").replace("Basic", "Digest"),
        &basic("emulator:emulator").replace("Basic ", ""),
    ] {
        let answer = answer_to(&app, header.as_bytes()).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{header}");
        assert_unauthorized(&answer);
    }
    assert_unauthorized(&answer_to(&app, b"Basic \xe9\xe9").await);
}

#[tokio::test]
async fn the_scheme_ignores_case() {
    let app = TestApp::start().await;
    let token = STANDARD.encode("emulator:emulator");
    for scheme in ["Basic", "basic", "BASIC", "bAsIc"] {
        answer_to(&app, format!("{scheme} {token}").as_bytes())
            .await
            .expect(StatusCode::OK);
    }
}

#[tokio::test]
async fn a_password_may_contain_colons_and_any_letter() {
    let app = TestApp::start_as("jürgen", ":pass:wörd: ").await;
    app.get("/v4/Operator").await.expect(StatusCode::OK);
    for wrong in ["jürgen:pass:wörd: ", "jürgen:", "jürgen::pass:wörd:"] {
        assert_unauthorized(&answer_to(&app, basic(wrong).as_bytes()).await);
    }
}

#[tokio::test]
async fn a_deleted_api_user_gets_a_401_and_its_operator_s_others_do_not() {
    let app = TestApp::start().await;
    let owner = text(&app.owner().await, "OperatorGuid");
    let (first, second) = (app.as_operator(&owner).await, app.as_operator(&owner).await);
    let api_users = first.get("/v4/ApiUser").await.expect(StatusCode::OK);
    let guid = api_users
        .as_array()
        .unwrap()
        .iter()
        .find(|api_user| api_user["UserName"] == first.user_name)
        .map(|api_user| text(api_user, "ApiUserGuid"))
        .unwrap();
    // A client may delete the credentials that it uses.
    first
        .send(Method::DELETE, &format!("/v4/ApiUser/{guid}"), json!({}))
        .await
        .expect(StatusCode::NO_CONTENT);
    assert_unauthorized(&first.get("/v4/Operator").await);
    second.get("/v4/Operator").await.expect(StatusCode::OK);
}

#[tokio::test]
async fn an_api_user_s_password_does_not_work_for_another() {
    let app = TestApp::start().await;
    let owner = text(&app.owner().await, "OperatorGuid");
    let (first, second) = (app.as_operator(&owner).await, app.as_operator(&owner).await);
    let mixed = basic(format!("{}:{}", first.user_name, second.password));
    assert_unauthorized(&answer_to(&app, mixed.as_bytes()).await);
}

#[tokio::test]
async fn an_operator_s_login_works_only_for_registration() {
    let app = TestApp::start().await;
    app.new_operator(json!({"Password": "s3cret"})).await;
    let login = |method, path| {
        app.anonymous(method, path)
            .basic_auth("ThirdOperator@acme.com", Some("s3cret"))
    };
    assert_unauthorized(&Answer::of(login(Method::GET, "/v4/Operator")).await);
    Answer::of(login(Method::POST, "/v4/Register"))
        .await
        .expect(StatusCode::CREATED);
}

#[tokio::test]
async fn an_api_user_s_credentials_do_not_work_for_registration() {
    let app = TestApp::start().await;
    assert_unauthorized(&app.act("/v4/Register").await);
}

#[tokio::test]
async fn wrong_credentials_are_reported_before_any_error_of_the_request() {
    let app = TestApp::start().await;
    for (method, path) in [
        (Method::PUT, "/v4/Operator/7"),
        (Method::POST, "/v4/Operator"),
        (Method::DELETE, "/v4/ApiUser/7"),
        (Method::POST, "/v4/Register?operatorGuid=7"),
    ] {
        let request = app
            .anonymous(method, path)
            .basic_auth("emulator", Some("wrong"))
            .body("{not json");
        assert_unauthorized(&Answer::of(request).await);
    }
}

#[tokio::test]
async fn credentials_that_are_not_utf_8_are_read_as_latin_1() {
    let app = TestApp::start_as("zoë", "pä:sswörd").await;
    let latin_1 = b"zo\xeb:p\xe4:ssw\xf6rd";
    for credentials in ["zoë:pä:sswörd".as_bytes(), latin_1] {
        answer_to(&app, basic(credentials).as_bytes())
            .await
            .expect(StatusCode::OK);
    }
    assert_unauthorized(&answer_to(&app, basic(b"zo\xeb:p\xe4:ssw\xf6r\xe4").as_bytes()).await);

    app.new_operator(json!({"Password": "pässwörd"})).await;
    let login = basic(b"ThirdOperator@acme.com:p\xe4ssw\xf6rd");
    let request = app.anonymous(Method::POST, "/v4/Register");
    Answer::of(request.header(AUTHORIZATION, login))
        .await
        .expect(StatusCode::CREATED);
}
