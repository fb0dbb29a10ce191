//! Slips: forms sent twice, pages gone back to, and what asks first.

use reqwest::header::LOCATION;
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::browser::{Browser, element};
use super::owner_path;
use crate::app::{Answer, TestApp};

#[tokio::test]
async fn a_form_that_is_sent_twice_makes_one_api_user_and_shows_its_password_again() {
    let app = TestApp::start().await;
    let browser = Browser::as_owner(&app).await;
    let tab = owner_path(&app).await + "/api-users";
    let new = format!("{tab}/new");
    let number = async || {
        let api_users = app.get("/v4/ApiUser").await.expect(StatusCode::OK);
        api_users.as_array().unwrap().len()
    };

    let form = browser.open(&new).await.form(&tab);
    let (first, second) = tokio::join!(browser.post(&form), browser.post(&form));
    let path = first.answer.headers[LOCATION].to_str().unwrap();
    assert_eq!(second.answer.headers[LOCATION], path);
    browser.answer(browser.request(Method::HEAD, path)).await;
    let shown = browser.read(path).await;
    let password = element(&shown, "password");
    assert!(!browser.read(path).await.contains(&password));
    let again = browser.send(form).await;
    assert_eq!(element(again.text(), "password"), password);
    assert_eq!(again.answer.headers["cache-control"], "no-store");
    assert_eq!(number().await, 2);

    // The same page shown again has another form.
    browser.fill(&new, &tab, &[]).await.expect(StatusCode::OK);
    assert_eq!(number().await, 3);
    // So has another visitor.
    let other = Browser::as_owner(&app).await;
    other.fill(&new, &tab, &[]).await.expect(StatusCode::OK);
    assert_eq!(number().await, 4);
}

#[tokio::test]
async fn a_form_that_is_sent_again_says_that_it_was_sent_before() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app);
    let path = "/console/clock";
    browser
        .fill(path, "/console/clock/freeze", &[("at", "2026-01-01 12:00")])
        .await;
    let page = browser.open(path).await;
    let form = page.form("/console/clock/advance");
    for again in [false, true] {
        let page = browser.send(form.clone()).await;
        let text = page.expect(StatusCode::OK);
        assert!(text.contains("2026-01-02 12:00:00"), "{text}");
        assert_eq!(text.contains("It was sent before"), again, "{text}");
    }
}

#[tokio::test]
async fn a_form_that_was_refused_is_carried_out_when_it_is_sent_again() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app);
    let path = "/console/accounts/123456";
    let snapshots = format!("{path}/snapshots");
    browser.fill(path, &snapshots, &[("name", "s")]).await;
    let form = browser.open(path).await.form(&snapshots).with("name", "s");
    let refused = browser.send(form.clone()).await;
    assert!(refused.text().contains("Another snapshot has this name"));
    let delete = format!(
        "/_emulator{}/snapshots/s",
        path.trim_start_matches("/console")
    );
    Answer::of(app.anonymous(Method::DELETE, &delete))
        .await
        .expect(StatusCode::NO_CONTENT);
    let taken = browser.send(form).await;
    assert!(
        !taken.text().contains("Another snapshot"),
        "{}",
        taken.text()
    );
    assert!(taken.text().contains("restore?name=s"), "{}", taken.text());
    let page = browser
        .fill(path, &snapshots, &[("name", &"N".repeat(101))])
        .await;
    assert!(element(page.text(), "name-error").contains("100 characters"));
}

#[tokio::test]
async fn a_log_in_that_is_sent_twice_succeeds_twice() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app);
    let form = browser.open("/console/login").await.form("/console/login");
    let form = form
        .with("email", "admin@example.com")
        .with("password", "emulator");
    let before = browser.cookie();
    let first = browser.post(&form).await;
    browser.set_cookie(before);
    let second = browser.send(form).await;
    assert_eq!(first.answer.status, StatusCode::SEE_OTHER);
    assert!(second.expect(StatusCode::OK).contains("Log out"));
}

#[tokio::test]
async fn a_refused_form_leads_back_to_its_page_with_what_was_typed() {
    let app = TestApp::start().await;
    let browser = Browser::as_owner(&app).await;
    let (new, groups) = ("/console/groups/new", "/console/groups");
    let long = "x".repeat(300);
    let form = browser.open(new).await.form(groups);
    let page = browser.post(&form.clone().with("Description", &long)).await;
    assert_eq!(page.answer.status, StatusCode::SEE_OTHER);
    assert_eq!(page.answer.headers[LOCATION], new);
    let shown = browser.open(new).await;
    assert!(!element(shown.text(), "Description-error").is_empty());
    assert_eq!(shown.form(groups).fields["Description"], long);
    let again = browser.open(new).await;
    assert_eq!(again.form(groups).fields["Description"], "");

    // The page that a form names is one of the console.
    for page in [
        "https://example.com/",
        "//example.com/console/",
        "/v4/swagger/",
    ] {
        let form = form.clone().with("Description", "").with("from_page", page);
        browser.post(&form).await.expect(StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn a_snapshot_keeps_its_name_and_date_and_restoring_asks() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app);
    let path = "/console/accounts/123456";
    let snapshots = format!("{path}/snapshots");
    let page = browser.fill(path, &snapshots, &[("name", "first")]).await;
    page.expect(StatusCode::OK);
    app.new_operator(json!({})).await;
    let page = browser.fill(path, &snapshots, &[("name", "first")]).await;
    let message = element(page.expect(StatusCode::OK), "name-error");
    assert!(
        message.contains("Another snapshot has this name"),
        "{message}"
    );

    let list = app.anonymous(Method::GET, "/_emulator/accounts/123456/snapshots");
    let list = Answer::of(list).await.expect(StatusCode::OK);
    let taken = list[0]["taken"].as_str().unwrap();
    let taken = taken.replace('T', " ").replace('Z', "");
    assert!(
        page.text().contains(&format!(">{taken}<")),
        "{}",
        page.text()
    );

    let number = async || {
        let operators = app.get("/v4/Operator").await.expect(StatusCode::OK);
        operators.as_array().unwrap().len()
    };
    let restore = format!("{snapshots}/restore?name=first");
    assert!(page.text().contains(&format!("href=\"{restore}\"")));
    let question = browser.open(&restore).await;
    assert!(
        question
            .text()
            .contains(&format!("first, taken at {taken} UTC"))
    );
    assert_eq!(number().await, 3);
    browser.send(question.form(&restore)).await;
    assert_eq!(number().await, 2);
    let none = format!("{snapshots}/restore?name=none");
    browser.open(&none).await.expect(StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn removing_all_faults_asks() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app);
    let faults = "/console/faults";
    browser
        .fill(faults, faults, &[])
        .await
        .expect(StatusCode::OK);
    let clear = format!("{faults}/clear");
    assert!(
        browser
            .read(faults)
            .await
            .contains(&format!("href=\"{clear}\""))
    );
    let question = browser.open(&clear).await;
    assert!(question.text().contains("1 fault will be gone."));
    assert!(browser.read(faults).await.contains("answer 503"));
    browser.send(question.form(&clear)).await;
    assert!(!browser.read(faults).await.contains("answer 503"));
}
