//! Rights and accounts in the console, as in the API.

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::browser::{Browser, Form};
use super::{owner_path, path_of};
use crate::app::{Answer, TestApp, text};

#[tokio::test]
async fn an_ordinary_operator_sees_but_cannot_change_what_the_api_would_reject() {
    let app = TestApp::start().await;
    let third = json!({"Email": "third@acme.com", "Password": "s3cret"});
    let own = path_of(&text(&app.new_operator(third).await, "OperatorGuid"));
    let group = app
        .new_group("Group")
        .await
        .replace("/v4/OperatorGroup", "/console/groups");
    let browser = Browser::logged_in(&app, "third@acme.com", "s3cret").await;
    let owner = Browser::as_owner(&app).await;
    // The second operator is a member of a group.
    let operators = app.get("/v4/Operator").await.expect(StatusCode::OK);
    let second = path_of(&text(&operators[1], "OperatorGuid"));

    for (path, forbidden) in [
        ("/console/operators".to_owned(), "Add operator"),
        (second.clone(), ">Save<"),
        (second.clone(), "Delete operator"),
        (format!("{second}/schedules"), "Add schedule"),
        (format!("{second}/groups"), ">Leave<"),
        (format!("{own}/permissions"), ">Withdraw<"),
        (format!("{own}/api-users"), "Add API user"),
        (owner_path(&app).await + "/api-users", "Delete API user"),
        ("/console/groups".to_owned(), "Add operator group"),
        (group.clone(), "All on duty"),
        (format!("{group}/schedules"), "Add schedule"),
    ] {
        let page = browser.read(&path).await;
        assert!(!page.contains(forbidden), "{path}: {page}");
        assert!(owner.read(&path).await.contains(forbidden), "{path}");
    }
}

#[tokio::test]
async fn forms_of_an_ordinary_operator_are_rejected_except_for_its_own_data() {
    let app = TestApp::start().await;
    let third = json!({"Email": "third@acme.com", "Password": "s3cret"});
    let own = path_of(&text(&app.new_operator(third).await, "OperatorGuid"));
    let owner = owner_path(&app).await;
    let group = app
        .new_group("Group")
        .await
        .replace("/v4/OperatorGroup", "/console/groups");
    let browser = Browser::logged_in(&app, "third@acme.com", "s3cret").await;

    let csrf = browser.open("/console/setup").await.form("/console/logout");
    let before = app.get("/v4/Operator").await.text;
    for (action, fields) in [
        (
            "/console/operators".to_owned(),
            vec![("FullName", "X"), ("Email", "x@acme.com")],
        ),
        (
            owner.clone(),
            vec![("FullName", "X"), ("Email", "x@acme.com")],
        ),
        (format!("{owner}/delete"), vec![]),
        (
            format!("{owner}/schedules"),
            vec![
                ("ScheduleMode", "Daily"),
                ("StartTime", "08:00"),
                ("EndTime", "09:00"),
            ],
        ),
        (
            format!("{own}/permissions"),
            vec![("permission", "AllowInfra")],
        ),
        (
            format!("{own}/permissions"),
            vec![("permission", "AccountAccess"), ("withdraw", "")],
        ),
        (format!("{own}/api-users"), vec![("Description", "X")]),
        ("/console/groups".to_owned(), vec![("Description", "X")]),
        (group.clone(), vec![("Description", "X")]),
        (format!("{group}/delete"), vec![]),
        (format!("{group}/duty"), vec![("duty", "on")]),
        (
            format!("{group}/permissions"),
            vec![("permission", "AllowInfra")],
        ),
    ] {
        let mut form = Form {
            action,
            ..csrf.clone()
        };
        for (name, value) in fields {
            form = form.with(name, value);
        }
        let page = browser.post(&form).await;
        let text = page.expect(StatusCode::FORBIDDEN);
        assert!(
            text.contains("nly members of the Administrators group"),
            "{}: {text}",
            form.action
        );
    }
    assert_eq!(app.get("/v4/Operator").await.text, before);
    assert_eq!(
        app.get("/v4/ApiUser")
            .await
            .expect(StatusCode::OK)
            .as_array()
            .unwrap()
            .len(),
        1
    );

    // An operator may change its own data.
    let page = browser.fill(&own, &own, &[("FullName", "Own name")]).await;
    assert!(page.expect(StatusCode::OK).contains("Own name"));
    let schedules = format!("{own}/schedules");
    let daily = [
        ("ScheduleMode", "Daily"),
        ("StartTime", "08:00"),
        ("EndTime", "09:00"),
    ];
    let page = browser.fill(&schedules, &schedules, &daily).await;
    assert!(page.expect(StatusCode::OK).contains("08:00 to 09:00"));
}

#[tokio::test]
async fn rights_are_checked_at_each_request() {
    let app = TestApp::start().await;
    let third = json!({"Email": "third@acme.com", "Password": "s3cret"});
    let guid = text(&app.new_operator(third).await, "OperatorGuid");
    let browser = Browser::logged_in(&app, "third@acme.com", "s3cret").await;
    assert!(
        !browser
            .read("/console/operators")
            .await
            .contains("Add operator")
    );
    let administrators = app.system_group("IsAdministratorsGroup").await;
    let member = format!("{administrators}/Member/{guid}");
    app.act(&member).await.expect(StatusCode::CREATED);
    assert!(
        browser
            .read("/console/operators")
            .await
            .contains("Add operator")
    );
    let form = browser
        .open("/console/groups/new")
        .await
        .form("/console/groups");
    app.delete(&member).await.expect(StatusCode::NO_CONTENT);
    let page = browser.post(&form.with("Description", "Late")).await;
    page.expect(StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn an_operator_sees_its_own_account_only() {
    let app = TestApp::start().await;
    let account_body = app.anonymous(Method::POST, "/_emulator/accounts");
    let account_body = Answer::of(account_body).await.expect(StatusCode::CREATED);
    let account = text(&account_body, "accountId");
    let other = app.as_api_user(&account_body["apiUser"]);
    let body = json!({"FullName": "Elsewhere", "Email": "elsewhere@acme.com"});
    let operator = other.send(Method::POST, "/v4/Operator", body).await;
    let guid = text(&operator.expect(StatusCode::CREATED), "OperatorGuid");

    let browser = Browser::as_owner(&app).await;
    assert!(
        !browser
            .read("/console/operators")
            .await
            .contains("Elsewhere")
    );
    for below in [
        "",
        "/schedules",
        "/groups",
        "/permissions",
        "/api-users",
        "/delete",
    ] {
        let page = browser.open(&(path_of(&guid) + below)).await;
        page.expect(StatusCode::NOT_FOUND);
    }
    let login = format!("{account}/admin@example.com");
    let browser = Browser::logged_in(&app, &login, "emulator").await;
    assert!(
        browser
            .read("/console/operators")
            .await
            .contains("Elsewhere")
    );
}
