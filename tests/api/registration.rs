//! Tests of `POST /Register`.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::{Answer, TestApp, path_of, text};

const LOGIN: &str = "ThirdOperator@acme.com";

/// Creates an ordinary operator with a password.
async fn new_login(app: &TestApp) -> Value {
    app.new_operator(json!({"Email": LOGIN, "Password": "s3cret"}))
        .await
}

async fn register_as(app: &TestApp, name: &str, password: &str, query: &[(&str, &str)]) -> Answer {
    let request = app
        .anonymous(Method::POST, "/v4/Register")
        .query(query)
        .basic_auth(name, Some(password));
    Answer::of(request).await
}

async fn register(app: &TestApp, query: &[(&str, &str)]) -> Answer {
    register_as(app, LOGIN, "s3cret", query).await
}

/// Returns the API user created by a registration.
async fn api_user_of(app: &TestApp, registered: &Value) -> Value {
    let api_users = app.get("/v4/ApiUser").await.expect(StatusCode::OK);
    let user_name = &registered["UserName"];
    api_users
        .as_array()
        .unwrap()
        .iter()
        .find(|api_user| api_user["UserName"] == *user_name)
        .unwrap()
        .clone()
}

#[tokio::test]
async fn registering_creates_an_api_user_of_the_caller() {
    let app = TestApp::start().await;
    let operator = new_login(&app).await;
    let registered = register(&app, &[]).await.expect(StatusCode::CREATED);
    let api_user = api_user_of(&app, &registered).await;
    assert_eq!(
        registered,
        json!({
            "UserName": text(&api_user, "ApiUserGuid").replace('-', ""),
            "Password": registered["Password"],
            "AccountId": "123456",
            "OperatorName": "Third Operator",
            "status": "OK",
        })
    );
    assert_eq!(api_user["OperatorGuid"], operator["OperatorGuid"]);
    assert_eq!(api_user["Description"], "API");
    assert_eq!(api_user["Type"], "Generic");
    assert_eq!(api_user["LastUsed"], "Not yet used");
    assert_eq!(api_user["UsageLast30Days"], 0);
}

#[tokio::test]
async fn registered_credentials_work_for_the_api() {
    let app = TestApp::start().await;
    let operator = new_login(&app).await;
    let registered = register(&app, &[]).await.expect(StatusCode::CREATED);
    let request = app
        .anonymous(Method::PATCH, &path_of(&operator))
        .basic_auth(
            text(&registered, "UserName"),
            Some(text(&registered, "Password")),
        )
        .json(&json!({"IsOnDuty": true}));
    Answer::of(request).await.expect(StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn the_default_account_s_owner_can_register() {
    let app = TestApp::start().await;
    let registered = register_as(&app, "admin@example.com", "emulator", &[]).await;
    assert_eq!(
        registered.expect(StatusCode::CREATED)["OperatorName"],
        "Account Administrator"
    );
}

#[tokio::test]
async fn the_login_name_is_the_address_ignoring_case_with_or_without_the_account() {
    let app = TestApp::start().await;
    new_login(&app).await;
    for name in [
        "thirdoperator@ACME.com",
        " ThirdOperator@acme.com ",
        "123456/ThirdOperator@acme.com",
        "123456/THIRDOPERATOR@acme.com",
    ] {
        register_as(&app, name, "s3cret", &[])
            .await
            .expect(StatusCode::CREATED);
    }
    for name in [
        "654321/ThirdOperator@acme.com",
        "x/ThirdOperator@acme.com",
        "/ThirdOperator@acme.com",
        "123456/",
        "123456",
        "nobody@acme.com",
        "",
    ] {
        register_as(&app, name, "s3cret", &[])
            .await
            .expect(StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn an_address_may_contain_a_slash_and_look_like_an_account_prefix() {
    let app = TestApp::start().await;
    for email in ["a/b@acme.com", "12/b@acme.com", "123456/b@acme.com"] {
        app.new_operator(json!({"Email": email, "Password": "s3cret"}))
            .await;
        for name in [email, &format!("123456/{email}")] {
            register_as(&app, name, "s3cret", &[])
                .await
                .expect(StatusCode::CREATED);
        }
    }
}

#[tokio::test]
async fn the_description_is_as_requested_or_api_if_empty() {
    let app = TestApp::start().await;
    new_login(&app).await;
    for (query, description) in [
        (
            ("description", "Nightly export & more"),
            "Nightly export & more",
        ),
        (("DESCRIPTION", "any case"), "any case"),
        (("description", " x "), " x "),
        (("description", ""), "API"),
        (("description", "  "), "API"),
        (("other", "x"), "API"),
    ] {
        let registered = register(&app, &[query]).await.expect(StatusCode::CREATED);
        let api_user = api_user_of(&app, &registered).await;
        assert_eq!(api_user["Description"], description);
    }
}

#[tokio::test]
async fn a_description_that_is_too_long_is_rejected() {
    let app = TestApp::start().await;
    new_login(&app).await;
    let answer = register(&app, &[("description", &"x".repeat(256))]).await;
    answer.names(StatusCode::FORBIDDEN, &["Description"]);
}

#[tokio::test]
async fn an_invalid_guid_is_a_400_with_all_errors() {
    let app = TestApp::start().await;
    new_login(&app).await;
    register(
        &app,
        &[("description", &"x".repeat(256)), ("operatorGuid", "7")],
    )
    .await
    .names(StatusCode::BAD_REQUEST, &["Description", "OperatorGuid"]);
}

#[tokio::test]
async fn an_operator_may_name_itself_or_nobody() {
    let app = TestApp::start().await;
    let operator = new_login(&app).await;
    let guid = text(&operator, "OperatorGuid");
    for operator_guid in [
        guid.as_str(),
        &guid.to_uppercase(),
        "",
        "00000000-0000-0000-0000-000000000000",
    ] {
        let registered = register(&app, &[("operatorGuid", operator_guid)]).await;
        let registered = registered.expect(StatusCode::CREATED);
        let api_user = api_user_of(&app, &registered).await;
        assert_eq!(api_user["OperatorGuid"], operator["OperatorGuid"]);
    }
}

#[tokio::test]
async fn only_an_administrator_may_name_another() {
    let app = TestApp::start().await;
    let operator = new_login(&app).await;
    let owner = app.owner().await;
    let guid = text(&owner, "OperatorGuid");
    let unknown = "c1534087-590e-497e-b58e-00bc4dbfa1d3";
    for operator_guid in [guid.as_str(), unknown] {
        register(&app, &[("operatorGuid", operator_guid)])
            .await
            .expect(StatusCode::FORBIDDEN);
    }

    let administrators = app.system_group("IsAdministratorsGroup").await;
    let member = text(&operator, "OperatorGuid");
    app.act(&format!("{administrators}/Member/{member}"))
        .await
        .expect(StatusCode::CREATED);
    let registered = register(&app, &[("operatorGuid", &guid)]).await;
    let registered = registered.expect(StatusCode::CREATED);
    assert_eq!(registered["OperatorName"], owner["FullName"]);
    let api_user = api_user_of(&app, &registered).await;
    assert_eq!(api_user["OperatorGuid"], owner["OperatorGuid"]);
    register(&app, &[("operatorGuid", unknown)])
        .await
        .expect(StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_wrong_password_and_a_missing_one_are_a_401() {
    let app = TestApp::start().await;
    new_login(&app).await;
    for (name, password) in [
        (LOGIN, "S3cret"),
        (LOGIN, ""),
        (LOGIN, "s3cret "),
        // The default account's second operator has no password.
        ("operator@example.com", ""),
        ("operator@example.com", "emulator"),
    ] {
        register_as(&app, name, password, &[])
            .await
            .expect(StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn a_login_follows_a_changed_address_and_ends_with_the_operator() {
    let app = TestApp::start().await;
    let path = path_of(&new_login(&app).await);
    app.patch(&path, json!({"Email": "renamed@acme.com"}))
        .await
        .expect(StatusCode::NO_CONTENT);
    let (before, after) = (LOGIN, "renamed@acme.com");
    register_as(&app, before, "s3cret", &[])
        .await
        .expect(StatusCode::UNAUTHORIZED);
    register_as(&app, after, "s3cret", &[])
        .await
        .expect(StatusCode::CREATED);
    app.delete(&path).await.expect(StatusCode::NO_CONTENT);
    register_as(&app, after, "s3cret", &[])
        .await
        .expect(StatusCode::UNAUTHORIZED);
}
