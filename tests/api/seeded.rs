//! What no request can create: a second account, single sign-on, and API users that are older than usage tracking.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::{Answer, TestApp, path_of, text};

/// An account like the default one, and one with single sign-on whose owner has the same address.
const TWO_ACCOUNTS: &str = "
accounts:
  - AccountId: '123456'
    operators:
      - {key: admin, FullName: Account Administrator, Email: admin@example.com, Password: emulator,
         IsAccountAdministrator: true}
      - {FullName: Second Operator, Email: operator@example.com}
    apiUsers: [{operator: admin, UserName: emulator, Password: emulator}]
  - AccountId: '654321'
    SingleSignOn: true
    operators:
      - {key: admin, FullName: Other Administrator, Email: admin@example.com, IsAccountAdministrator: true}
    apiUsers:
      - {operator: admin, UserName: other, Password: secret, Description: other, Type: MobileApp, LastUsed: Unknown}
      - {operator: admin, UserName: recorder, Password: secret, Description: recorder, Type: TransactionRecorder,
         LastUsed: Unknown}
";

async fn two_accounts() -> TestApp {
    TestApp::start_seeded(TWO_ACCOUNTS).await
}

/// Sends a request as the second account's administrator.
async fn other(app: &TestApp, method: Method, path: &str, body: Value) -> Answer {
    let request = app
        .anonymous(method, path)
        .basic_auth("other", Some("secret"))
        .json(&body);
    Answer::of(request).await
}

async fn register(app: &TestApp, name: &str, password: &str) -> Answer {
    let request = app
        .anonymous(Method::POST, "/v4/Register")
        .basic_auth(name, Some(password));
    Answer::of(request).await
}

/// Returns the path of the second account's owner.
async fn other_owner(app: &TestApp) -> String {
    let operators = other(app, Method::GET, "/v4/Operator", json!({})).await;
    path_of(&operators.expect(StatusCode::OK)[0])
}

#[tokio::test]
async fn an_account_has_no_access_to_another() {
    let app = two_accounts().await;
    let operators = other(&app, Method::GET, "/v4/Operator", json!({})).await;
    assert_eq!(
        operators.expect(StatusCode::OK).as_array().unwrap().len(),
        1
    );
    let owner = app.owner().await;
    let (path, guid) = (path_of(&owner), text(&owner, "OperatorGuid"));
    let group = app.new_group("Night watch").await;
    let api_users = app.get("/v4/ApiUser").await.expect(StatusCode::OK);
    let api_user = format!("/v4/ApiUser/{}", text(&api_users[0], "ApiUserGuid"));
    let least = json!({"FullName": "x", "Email": "x@example.com"});
    let body = json!({"OperatorGuid": guid, "Description": "x"});
    for (method, path, body) in [
        (Method::GET, &path, &least),
        (Method::PUT, &path, &least),
        (Method::PATCH, &path, &least),
        (Method::DELETE, &path, &least),
        (Method::GET, &format!("{path}/Authorization"), &least),
        (Method::GET, &group, &least),
        (Method::GET, &format!("/v4/ApiUser/Operator/{guid}"), &body),
        (Method::POST, &"/v4/ApiUser".to_owned(), &body),
        (Method::GET, &api_user, &body),
        (Method::DELETE, &api_user, &body),
    ] {
        let answer = other(&app, method.clone(), path, body.clone()).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{method} {path}");
    }
    assert_eq!(app.owner().await, owner);
}

#[tokio::test]
async fn an_address_is_unique_in_its_account_only() {
    let app = two_accounts().await;
    app.new_operator(json!({"Email": "same@example.com"})).await;
    let body = json!({"FullName": "Same", "Email": "same@example.com"});
    let theirs = other(&app, Method::POST, "/v4/Operator", body).await;
    theirs.expect(StatusCode::CREATED);
}

#[tokio::test]
async fn a_bare_address_registers_in_the_oldest_account_and_a_prefix_selects_one() {
    let app = two_accounts().await;
    let path = other_owner(&app).await;
    other(&app, Method::PATCH, &path, json!({"Password": "s3cret"}))
        .await
        .expect(StatusCode::NO_CONTENT);
    for (name, password, account) in [
        ("admin@example.com", "emulator", Some("123456")),
        ("admin@example.com", "s3cret", None),
        ("123456/admin@example.com", "emulator", Some("123456")),
        ("123456/admin@example.com", "s3cret", None),
        ("654321/Admin@Example.com", "s3cret", Some("654321")),
        ("654321/admin@example.com", "emulator", None),
    ] {
        let answer = register(&app, name, password).await;
        if let Some(account) = account {
            assert_eq!(answer.expect(StatusCode::CREATED)["AccountId"], account);
        } else {
            answer.expect(StatusCode::UNAUTHORIZED);
        }
    }
}

#[tokio::test]
async fn an_operator_without_native_login_cannot_register() {
    let app = two_accounts().await;
    let path = other_owner(&app).await;
    let name = "654321/admin@example.com";
    for (allowed, status) in [
        (json!(false), StatusCode::UNAUTHORIZED),
        (json!(true), StatusCode::CREATED),
        (json!(null), StatusCode::CREATED),
    ] {
        let body = json!({"Password": "s3cret", "AllowNativeLogin": allowed});
        other(&app, Method::PATCH, &path, body)
            .await
            .expect(StatusCode::NO_CONTENT);
        register(&app, name, "s3cret").await.expect(status);
    }
}

#[tokio::test]
async fn single_sign_on_is_only_for_accounts_that_have_it() {
    let app = two_accounts().await;
    let path = other_owner(&app).await;
    let body = json!({"AllowNativeLogin": false, "AllowSingleSignon": true});
    other(&app, Method::PATCH, &path, body.clone())
        .await
        .expect(StatusCode::NO_CONTENT);
    let after = other(&app, Method::GET, &path, json!({})).await;
    let after = after.expect(StatusCode::OK);
    assert_eq!(after["AllowNativeLogin"], false);
    assert_eq!(after["AllowSingleSignon"], true);
    app.patch(&path_of(&app.owner().await), body).await.names(
        StatusCode::FORBIDDEN,
        &["AllowNativeLogin", "AllowSingleSignon"],
    );
}

#[tokio::test]
async fn the_last_use_is_unknown_for_older_api_users_until_their_next_request() {
    let app = two_accounts().await;
    let last_used = async |credentials: (&str, &str)| {
        let request = app
            .anonymous(Method::GET, "/v4/ApiUser")
            .basic_auth(credentials.0, Some(credentials.1));
        let api_users = Answer::of(request).await.expect(StatusCode::OK);
        let old: Vec<_> = api_users
            .as_array()
            .unwrap()
            .iter()
            .map(|api_user| (text(api_user, "Type"), text(api_user, "LastUsed")))
            .collect();
        old
    };
    let unknown = ("TransactionRecorder".to_owned(), "Unknown".to_owned());
    assert_eq!(last_used(("other", "secret")).await[1], unknown);
    let after = last_used(("recorder", "secret")).await;
    assert_eq!(after[0].0, "MobileApp");
    assert_eq!(after[1].0, unknown.0);
    assert_ne!(after[1].1, unknown.1);
}
