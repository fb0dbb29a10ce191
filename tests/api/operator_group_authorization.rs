//! Tests of `/OperatorGroup/{operatorGroupGuid}/Authorization`.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::app::TestApp;

const ASSIGNABLE: [&str; 9] = [
    "ShareDashboards",
    "AllowInfra",
    "TechnicalContact",
    "FinancialOperator",
    "BasicOperator",
    "CreateAlertDefinition",
    "CreateIntegration",
    "CreatePrivateLocations",
    "ManageMonitorTemplates",
];

async fn authorizations(app: &TestApp, group: &str) -> Value {
    let answer = app.get(&format!("{group}/Authorization")).await;
    answer.expect(StatusCode::OK)
}

#[tokio::test]
async fn authorizations_of_a_group_are_listed_in_the_documented_order() {
    let app = TestApp::start().await;
    let group = app.new_group("Main operators").await;
    assert_eq!(authorizations(&app, &group).await, json!([]));
    for word in ASSIGNABLE.iter().rev() {
        let answer = app.act(&format!("{group}/Authorization/{word}")).await;
        assert_eq!(answer.expect(StatusCode::CREATED), Value::Null);
    }
    assert_eq!(authorizations(&app, &group).await, json!(ASSIGNABLE));
}

#[tokio::test]
async fn the_case_of_an_authorization_is_ignored() {
    let app = TestApp::start().await;
    let group = app.new_group("Main operators").await;
    app.act(&format!("{group}/Authorization/allowINFRA"))
        .await
        .expect(StatusCode::CREATED);
    assert_eq!(authorizations(&app, &group).await, json!(["AllowInfra"]));
    app.delete(&format!("{group}/Authorization/ALLOWINFRA"))
        .await
        .expect(StatusCode::NO_CONTENT);
    assert_eq!(authorizations(&app, &group).await, json!([]));
}

#[tokio::test]
async fn assigning_twice_changes_nothing_and_removing_twice_is_not_found() {
    let app = TestApp::start().await;
    let group = app.new_group("Main operators").await;
    let path = format!("{group}/Authorization/BasicOperator");
    app.delete(&path).await.messages(StatusCode::NOT_FOUND);
    app.act(&path).await.expect(StatusCode::CREATED);
    app.act(&path).await.expect(StatusCode::CREATED);
    assert_eq!(authorizations(&app, &group).await, json!(["BasicOperator"]));
    app.delete(&path).await.expect(StatusCode::NO_CONTENT);
    app.delete(&path).await.messages(StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn administrator_is_listed_for_administrators_and_can_be_neither_assigned_nor_removed() {
    let app = TestApp::start().await;
    let administrators = app.system_group("IsAdministratorsGroup").await;
    let ordinary = app.new_group("Main operators").await;
    for group in [
        &administrators,
        &ordinary,
        &app.system_group("IsEveryone").await,
    ] {
        let path = format!("{group}/Authorization/Administrator");
        app.act(&path).await.messages(StatusCode::FORBIDDEN);
        app.delete(&path).await.messages(StatusCode::FORBIDDEN);
    }
    assert_eq!(
        authorizations(&app, &administrators).await,
        json!(["Administrator"])
    );
    assert_eq!(authorizations(&app, &ordinary).await, json!([]));
}

#[tokio::test]
async fn system_groups_accept_authorizations_like_any_other() {
    let app = TestApp::start().await;
    for (flag, expected) in [
        ("IsEveryone", json!(["ShareDashboards", "TechnicalContact"])),
        (
            "IsAdministratorsGroup",
            json!(["ShareDashboards", "Administrator", "TechnicalContact"]),
        ),
    ] {
        let group = app.system_group(flag).await;
        for word in ["TechnicalContact", "ShareDashboards"] {
            app.act(&format!("{group}/Authorization/{word}"))
                .await
                .expect(StatusCode::CREATED);
        }
        assert_eq!(authorizations(&app, &group).await, expected);
        app.delete(&format!("{group}/Authorization/TechnicalContact"))
            .await
            .expect(StatusCode::NO_CONTENT);
    }
}

#[tokio::test]
async fn a_word_that_is_not_a_group_authorization_is_a_bad_request() {
    let app = TestApp::start().await;
    let group = app.new_group("Main operators").await;
    // The last two are operator authorizations.
    for word in [
        "Nonsense",
        "0",
        "%20",
        "AllowInfra,",
        "AccountAccess",
        "AccountAdministrator",
    ] {
        let path = format!("{group}/Authorization/{word}");
        app.act(&path)
            .await
            .names(StatusCode::BAD_REQUEST, &["AuthorizationType"]);
        app.delete(&path)
            .await
            .names(StatusCode::BAD_REQUEST, &["AuthorizationType"]);
    }
}

#[tokio::test]
async fn both_errors_in_a_path_are_reported() {
    let app = TestApp::start().await;
    let both = ["OperatorGroupGuid", "AuthorizationType"];
    let path = "/v4/OperatorGroup/nonsense/Authorization/nonsense";
    app.act(path).await.names(StatusCode::BAD_REQUEST, &both);
    app.delete(path).await.names(StatusCode::BAD_REQUEST, &both);
}

#[tokio::test]
async fn an_authorization_of_a_group_is_not_one_of_its_members() {
    let app = TestApp::start().await;
    let everyone = app.system_group("IsEveryone").await;
    app.act(&format!("{everyone}/Authorization/ShareDashboards"))
        .await
        .expect(StatusCode::CREATED);
    let operator = app.new_operator(json!({})).await;
    let guid = operator["OperatorGuid"].as_str().unwrap();
    let own = app.get(&format!("/v4/Operator/{guid}/Authorization")).await;
    assert_eq!(own.expect(StatusCode::OK), json!(["AccountAccess"]));
}
