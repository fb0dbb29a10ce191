//! `/Operator/{operatorGuid}/Authorization`.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::{Answer, TestApp, path_of, text};

/// All that can be assigned, in the order of the list.
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

async fn held(app: &TestApp, operator: &str) -> Value {
    app.get(&format!("{operator}/Authorization"))
        .await
        .expect(StatusCode::OK)
}

#[tokio::test]
async fn a_new_operator_may_use_the_account_and_nothing_else() {
    let app = TestApp::start().await;
    let path = path_of(&app.new_operator(json!({})).await);
    assert_eq!(held(&app, &path).await, json!(["AccountAccess"]));
}

#[tokio::test]
async fn authorizations_are_listed_in_the_documents_order_whatever_order_they_came_in() {
    let app = TestApp::start().await;
    let path = path_of(&app.new_operator(json!({})).await);
    for word in ASSIGNABLE.iter().rev() {
        let answer = app.act(&format!("{path}/Authorization/{word}")).await;
        assert_eq!(answer.expect(StatusCode::CREATED), Value::Null);
    }
    assert_eq!(held(&app, &path).await, json!(ASSIGNABLE));
    for word in ASSIGNABLE {
        let answer = app.delete(&format!("{path}/Authorization/{word}")).await;
        assert_eq!(answer.expect(StatusCode::NO_CONTENT), Value::Null);
    }
    assert_eq!(held(&app, &path).await, json!([]));
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
        held(&app, &path).await,
        json!(["AccountAccess", "AllowInfra"])
    );
}

#[tokio::test]
async fn removing_what_is_not_held_is_not_found() {
    let app = TestApp::start().await;
    let path = path_of(&app.new_operator(json!({})).await);
    app.delete(&format!("{path}/Authorization/AllowInfra"))
        .await
        .expect(StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn words_match_in_any_case() {
    let app = TestApp::start().await;
    let path = path_of(&app.new_operator(json!({})).await);
    app.act(&format!("{path}/authorization/ALLOWinfra"))
        .await
        .expect(StatusCode::CREATED);
    assert_eq!(
        held(&app, &path).await,
        json!(["AccountAccess", "AllowInfra"])
    );
    app.delete(&format!("{path}/Authorization/allowInfra"))
        .await
        .expect(StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_word_that_is_no_authorization_of_an_operator_is_a_400() {
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
async fn all_that_is_wrong_with_the_path_is_told() {
    let app = TestApp::start().await;
    app.act("/v4/Operator/7/Authorization/Everything")
        .await
        .names(
            StatusCode::BAD_REQUEST,
            &["OperatorGuid", "AuthorizationType"],
        );
}

#[tokio::test]
async fn administration_comes_and_goes_with_the_administrators_group_alone() {
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
    assert_eq!(held(&app, &path).await, json!(["AccountAccess"]));

    app.act(&member).await.expect(StatusCode::CREATED);
    let both = json!(["AccountAccess", "AccountAdministrator"]);
    assert_eq!(held(&app, &path).await, both);
    app.act(&administration).await.expect(StatusCode::FORBIDDEN);
    app.delete(&administration)
        .await
        .expect(StatusCode::FORBIDDEN);
    assert_eq!(held(&app, &path).await, both);

    app.delete(&member).await.expect(StatusCode::NO_CONTENT);
    assert_eq!(held(&app, &path).await, json!(["AccountAccess"]));
}

#[tokio::test]
async fn what_a_group_is_authorized_to_is_not_listed_for_its_members() {
    let app = TestApp::start().await;
    let operator = app.new_operator(json!({})).await;
    let group = app.new_group("Night watch").await;
    let member = format!("{group}/Member/{}", text(&operator, "OperatorGuid"));
    for path in [member, format!("{group}/Authorization/AllowInfra")] {
        app.act(&path).await.expect(StatusCode::CREATED);
    }
    assert_eq!(
        held(&app, &path_of(&operator)).await,
        json!(["AccountAccess"])
    );
}

#[tokio::test]
async fn an_unknown_operator_has_none() {
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
async fn a_body_is_ignored_with_its_content_type() {
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
