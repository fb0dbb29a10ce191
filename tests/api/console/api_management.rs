//! The API management tab, following the steps of the document.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::browser::{Browser, element};
use super::{owner_path, path_of};
use crate::app::{Answer, TestApp, text};

const SEED: &str = r#"{"accounts": [{
    "AccountId": "123456",
    "operators": [{"key": "a", "FullName": "A", "Email": "a@acme.com", "Password": "s3cret", "IsAccountAdministrator": true}],
    "apiUsers": [
        {"operator": "a", "UserName": "emulator", "Password": "emulator", "CreatedDate": "2025-11-11T21:18:01"},
        {"operator": "a", "UserName": "old", "Description": "Old", "Type": "MobileApp", "LastUsed": "Unknown"}
    ]}]}"#;

async fn api_users(app: &TestApp) -> Vec<Value> {
    let api_users = app.get("/v4/ApiUser").await.expect(StatusCode::OK);
    api_users.as_array().unwrap().clone()
}

/// Returns the row of an API user in a table.
#[track_caller]
fn row<'a>(page: &'a str, name: &str) -> &'a str {
    page.split("<tr>")
        .skip(1)
        .find(|row| row.contains(&format!(">{name}<")))
        .unwrap_or_else(|| panic!("no row of {name}: {page}"))
}

/// Turns a time of the API, which begins with the day, into one of the console.
fn readable(last_used: &str) -> String {
    let (date, time) = last_used.split_once(' ').unwrap();
    let date: Vec<_> = date.rsplit('/').collect();
    format!("{} {time}", date.join("-"))
}

#[tokio::test]
async fn an_api_user_is_added_used_edited_and_deleted() {
    let app = TestApp::start().await;
    let browser = Browser::as_owner(&app).await;
    let operator = owner_path(&app).await;
    let tab = format!("{operator}/api-users");

    for (page, link) in [
        ("/console/setup", "/console/operators"),
        ("/console/operators", &operator),
        (&operator, &tab),
        (&tab, &format!("{tab}/new")),
    ] {
        let text = browser.read(page).await;
        assert!(text.contains(&format!("href=\"{link}\"")), "{page}: {text}");
    }
    let page = browser
        .fill(&format!("{tab}/new"), &tab, &[("Description", "A script")])
        .await;
    let text = page.expect(StatusCode::OK);
    let (user_name, password) = (element(text, "user-name"), element(text, "password"));
    assert!(
        text.contains(&format!(
            "curl -u {user_name}:{password} {}/v4/Operator",
            app.url()
        )),
        "{text}"
    );
    let created = api_users(&app).await.remove(1);
    let guid = created["ApiUserGuid"].as_str().unwrap();
    assert_eq!(created["Description"], "A script");

    let again = browser.read(&format!("{tab}/{guid}/password")).await;
    assert!(
        !again.contains(&password) && again.contains("cannot be retrieved"),
        "{again}"
    );
    let list = browser.read(&tab).await;
    assert!(row(&list, &user_name).contains(">Not yet used<"), "{list}");
    assert!(!list.contains(&password));

    let asking = app.anonymous(Method::GET, "/v4/Operator");
    let asking = asking.basic_auth(&user_name, Some(&password));
    Answer::of(asking).await.expect(StatusCode::OK);
    let last_used = readable(api_users(&app).await[1]["LastUsed"].as_str().unwrap());
    let list = browser.read(&tab).await;
    assert!(
        row(&list, &user_name).contains(&format!(">{last_used}<")),
        "{list}"
    );
    assert!(row(&list, &user_name).contains(">1<"), "{list}");

    let edit = format!("{tab}/{guid}");
    let page = browser.fill(&edit, &edit, &[("Description", "")]).await;
    page.expect(StatusCode::OK);
    assert_eq!(api_users(&app).await[1]["Description"], "");

    let question = browser.open(&format!("{tab}/{guid}/delete")).await;
    assert!(question.text().contains(&user_name));
    assert_eq!(api_users(&app).await.len(), 2);
    let form = question.form(&format!("{tab}/{guid}/delete"));
    let page = browser.send(form).await;
    assert!(!page.expect(StatusCode::OK).contains(&user_name));
    assert_eq!(api_users(&app).await.len(), 1);
}

#[tokio::test]
async fn the_last_used_column_is_as_documented() {
    let app = TestApp::start_seeded(SEED).await;
    let browser = Browser::logged_in(&app, "a@acme.com", "s3cret").await;
    let tab = owner_path(&app).await + "/api-users";
    let page = browser.read(&tab).await;
    assert!(row(&page, "old").contains(">Unknown<"), "{page}");
    assert!(row(&page, "old").contains(">MobileApp<"), "{page}");
    assert!(
        row(&page, "emulator").contains(">2025-11-11 21:18:01<"),
        "{page}"
    );
    let api_users_after = api_users(&app).await;
    let page = browser.read("/console/operators").await;
    assert!(
        row(&page, "A").contains(&readable(&text(&api_users_after[0], "LastUsed"))),
        "{page}"
    );
}

#[tokio::test]
async fn errors_of_the_api_are_shown_beside_their_fields() {
    let app = TestApp::start().await;
    let browser = Browser::as_owner(&app).await;
    let tab = owner_path(&app).await + "/api-users";
    let long = "x".repeat(256);
    let page = browser
        .fill(&format!("{tab}/new"), &tab, &[("Description", &long)])
        .await;
    let text = page.expect(StatusCode::OK);
    assert!(element(text, "Description-error").contains("255"), "{text}");
    assert!(text.contains(&long), "what was typed is kept");
    assert_eq!(api_users(&app).await.len(), 1);
}

#[tokio::test]
async fn an_api_user_is_found_below_its_own_operator_only() {
    let app = TestApp::start().await;
    let browser = Browser::as_owner(&app).await;
    let guid = text(&api_users(&app).await[0], "ApiUserGuid");
    let other = app.new_operator(json!({})).await;
    let other = path_of(&text(&other, "OperatorGuid"));
    for path in [
        format!("{other}/api-users/{guid}"),
        format!("{other}/api-users/{guid}/delete"),
        format!("{other}/api-users/nonsense"),
        "/console/operators/nonsense/api-users".to_owned(),
    ] {
        browser.open(&path).await.expect(StatusCode::NOT_FOUND);
    }
}
