//! Tests of `/Operator/{operatorGuid}/Authorization`.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::{Answer, TestApp, path_of, text};

/// All assignable authorizations, in the order of the list.
const ASSIGNABLE: [&str; 9] = [
    "AccountAccess",
    "AllowInfra",
    "FinancialOperator",
    "TechnicalContact",
    "ShareDashboards",
    "CreateAlertDefinition",
    "CreateIntegration",
    "CreatePrivateLocations",
    "ManageMonitorTemplates",
];

async fn authorizations(app: &TestApp, operator: &str) -> Value {
    app.get(&format!("{operator}/Authorization"))
        .await
        .expect(StatusCode::OK)
}

#[tokio::test]
async fn a_new_operator_has_account_access_and_nothing_else() {
    let app = TestApp::start().await;
    let path = path_of(&app.new_operator(json!({})).await);
    assert_eq!(authorizations(&app, &path).await, json!(["AccountAccess"]));
}

#[tokio::test]
async fn authorizations_are_listed_in_the_documented_order() {
    let app = TestApp::start().await;
    let path = path_of(&app.new_operator(json!({})).await);
    for word in ASSIGNABLE.iter().rev() {
        let answer = app.act(&format!("{path}/Authorization/{word}")).await;
        assert_eq!(answer.expect(StatusCode::CREATED), Value::Null);
    }
    assert_eq!(authorizations(&app, &path).await, json!(ASSIGNABLE));
    for word in ASSIGNABLE {
        let answer = app.delete(&format!("{path}/Authorization/{word}")).await;
        assert_eq!(answer.expect(StatusCode::NO_CONTENT), Value::Null);
    }
    assert_eq!(authorizations(&app, &path).await, json!([]));
}

#[tokio::test]
async fn assigning_twice_changes_nothing() {
    let app = TestApp::start().await;
    let path = path_of(&app.new_operator(json!({})).await);
    for _ in 0..2 {
        app.act(&format!("{path}/Authorization/AllowInfra"))
            .await
            .expect(StatusCode::CREATED);
    }
    assert_eq!(
        authorizations(&app, &path).await,
        json!(["AccountAccess", "AllowInfra"])
    );
}

#[tokio::test]
async fn removing_an_authorization_that_is_not_assigned_is_not_found() {
    let app = TestApp::start().await;
    let path = path_of(&app.new_operator(json!({})).await);
    app.delete(&format!("{path}/Authorization/AllowInfra"))
        .await
        .expect(StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn words_ignore_case() {
    let app = TestApp::start().await;
    let path = path_of(&app.new_operator(json!({})).await);
    app.act(&format!("{path}/authorization/ALLOWinfra"))
        .await
        .expect(StatusCode::CREATED);
    assert_eq!(
        authorizations(&app, &path).await,
        json!(["AccountAccess", "AllowInfra"])
    );
    app.delete(&format!("{path}/Authorization/allowInfra"))
        .await
        .expect(StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_word_that_is_not_an_operator_authorization_is_a_400() {
    let app = TestApp::start().await;
    let path = path_of(&app.new_operator(json!({})).await);
    for word in ["Administrator", "BasicOperator", "Everything", "0"] {
        let path = format!("{path}/Authorization/{word}");
        for answer in [app.act(&path).await, app.delete(&path).await] {
            answer.names(StatusCode::BAD_REQUEST, &["AuthorizationType"]);
        }
    }
}

#[tokio::test]
async fn all_errors_in_the_path_are_reported() {
    let app = TestApp::start().await;
    app.act("/v4/Operator/7/Authorization/Everything")
        .await
        .names(
            StatusCode::BAD_REQUEST,
            &["OperatorGuid", "AuthorizationType"],
        );
}

#[tokio::test]
async fn only_membership_of_administrators_grants_administration() {
    let app = TestApp::start().await;
    let operator = app.new_operator(json!({})).await;
    let path = path_of(&operator);
    let administrators = app.system_group("IsAdministratorsGroup").await;
    let member = format!(
        "{administrators}/Member/{}",
        text(&operator, "OperatorGuid")
    );
    let administration = format!("{path}/Authorization/AccountAdministrator");
    app.act(&administration).await.expect(StatusCode::FORBIDDEN);
    app.delete(&administration)
        .await
        .expect(StatusCode::FORBIDDEN);
    assert_eq!(authorizations(&app, &path).await, json!(["AccountAccess"]));

    app.act(&member).await.expect(StatusCode::CREATED);
    let both = json!(["AccountAccess", "AccountAdministrator"]);
    assert_eq!(authorizations(&app, &path).await, both);
    app.act(&administration).await.expect(StatusCode::FORBIDDEN);
    app.delete(&administration)
        .await
        .expect(StatusCode::FORBIDDEN);
    assert_eq!(authorizations(&app, &path).await, both);

    app.delete(&member).await.expect(StatusCode::NO_CONTENT);
    assert_eq!(authorizations(&app, &path).await, json!(["AccountAccess"]));
}

#[tokio::test]
async fn the_authorizations_of_a_group_are_not_listed_for_its_members() {
    let app = TestApp::start().await;
    let operator = app.new_operator(json!({})).await;
    let group = app.new_group("Night watch").await;
    let member = format!("{group}/Member/{}", text(&operator, "OperatorGuid"));
    for path in [member, format!("{group}/Authorization/AllowInfra")] {
        app.act(&path).await.expect(StatusCode::CREATED);
    }
    assert_eq!(
        authorizations(&app, &path_of(&operator)).await,
        json!(["AccountAccess"])
    );
}

#[tokio::test]
async fn an_unknown_operator_is_not_found_below_authorization() {
    let app = TestApp::start().await;
    let path = "/v4/Operator/c1534087-590e-497e-b58e-00bc4dbfa1d3/Authorization";
    app.get(path).await.expect(StatusCode::NOT_FOUND);
    for word in ["AllowInfra", "AccountAdministrator"] {
        let path = format!("{path}/{word}");
        app.act(&path).await.expect(StatusCode::NOT_FOUND);
        app.delete(&path).await.expect(StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_body_and_its_content_type_are_ignored() {
    let app = TestApp::start().await;
    let path = path_of(&app.new_operator(json!({})).await);
    let path = format!("{path}/Authorization/AllowInfra");
    for (method, status) in [
        (Method::POST, StatusCode::CREATED),
        (Method::DELETE, StatusCode::NO_CONTENT),
    ] {
        let request = app
            .request(method, &path)
            .header("Content-Type", "text/plain")
            .body("{not json");
        Answer::of(request).await.expect(status);
    }
}
