//! Many accounts, and staying in one of them.

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::browser::Browser;
use super::{owner_path, path_of};
use crate::app::{Answer, TestApp, text};

/// Creates an account with this label and returns its number.
async fn new_account(app: &TestApp, label: &str) -> String {
    let asking = app.anonymous(Method::POST, "/_emulator/accounts");
    let asking = asking.json(&json!({"label": label}));
    let account = Answer::of(asking).await.expect(StatusCode::CREATED);
    text(&account, "accountId")
}

async fn control(app: &TestApp, path: &str, body: serde_json::Value) {
    let asking = app.anonymous(Method::POST, path).json(&body);
    let answer = Answer::of(asking).await;
    assert!(answer.status.is_success(), "{path}: {}", answer.text);
}

#[tokio::test]
async fn the_account_of_a_page_stays_until_another_one_is_picked() {
    let app = TestApp::start().await;
    let long = "L".repeat(200);
    let first = new_account(&app, &long).await;
    let second = new_account(&app, "twice").await;
    new_account(&app, "twice").await;
    let browser = Browser::as_owner(&app).await;
    let page = browser.read("/console/setup").await;
    assert!(page.contains("<title>Operators, groups – Account 123456 – "));

    let requests = format!("/console/accounts/{first}/requests");
    let page = browser.read(&requests).await;
    assert!(
        page.contains(&format!("<title>Requests – Account {first} – ")),
        "{page}"
    );
    assert!(page.contains(&long), "{page}");
    for path in [
        "/console/accounts",
        "/console/accounts/new",
        "/console/login",
    ] {
        let page = browser.read(path).await;
        assert!(
            page.contains(&format!("href=\"{requests}\"")),
            "{path}: {page}"
        );
        assert!(page.contains(&format!("Account {first}")), "{path}");
    }
    // Setting up an account needs a log-in to it, which the page proposes.
    let page = browser.read(&requests).await;
    assert!(page.contains("href=\"/console/login?next=/console/operators\""));
    let page = browser.open("/console/login?next=/console/operators").await;
    let form = page.form("/console/login");
    assert_eq!(form.fields["email"], format!("{first}/admin@example.com"));
    let page = browser.send(form.with("password", "emulator")).await;
    let title = format!("<title>Operators – Account {first} – ");
    assert!(page.text().contains(&title), "{}", page.text());

    for (name, at, title) in [
        (
            second.as_str(),
            "clock",
            format!("Clock – Account {second} – "),
        ),
        (
            long.as_str(),
            "faults",
            format!("Faults – Account {first} – "),
        ),
        (
            second.as_str(),
            "setup",
            format!("Account {second} – Account {second} – "),
        ),
        ("", "requests", "Requests – Whole server – ".to_owned()),
    ] {
        let page = browser
            .read(&format!("/console/account?account={name}&at={at}"))
            .await;
        assert!(page.contains(&format!("<title>{title}")), "{name}: {page}");
    }
    let page = browser.read("/console/account?account=twice").await;
    assert!(page.contains("<caption>2 accounts, "), "{page}");
    Answer::of(app.anonymous(Method::DELETE, &format!("/_emulator/accounts/{second}"))).await;
    let page = browser.read("/console/accounts").await;
    assert!(page.contains("<title>Accounts – Whole server – "), "{page}");
}

#[tokio::test]
async fn accounts_are_listed_from_the_newest_to_the_oldest() {
    let app = TestApp::start().await;
    for number in 0..60 {
        new_account(&app, &format!("suite {number}")).await;
    }
    let browser = Browser::new(&app);
    let first = browser.read("/console/accounts?q=suite").await;
    assert!(first.contains("<caption>1 to 50 of 60 accounts, the newest first"));
    let numbers = first
        .split("<th scope=\"row\"><a href=\"/console/accounts/")
        .skip(1);
    let numbers = numbers.map(|row| &row[..6]);
    assert_eq!(numbers.take(2).collect::<Vec<_>>(), ["123516", "123515"]);
    assert!(first.contains("href=\"?q=suite&#38;page=2\""), "{first}");
    let second = browser.read("/console/accounts?q=suite&page=2").await;
    assert!(second.contains(">123457</a>") && !second.contains(">123516</a>"));
    assert!(second.contains("href=\"?q=suite&#38;page=1\""), "{second}");
}

#[tokio::test]
async fn every_page_tells_of_faults_and_of_a_clock_that_is_not_the_systems() {
    let app = TestApp::start().await;
    let account = new_account(&app, "").await;
    let own = format!("/_emulator/accounts/{account}");
    let browser = Browser::as_owner(&app).await;
    let page = browser.read("/console/operators").await;
    assert!(!page.contains("class=\"notice warn alerts\""), "{page}");

    control(
        &app,
        "/_emulator/faults",
        json!({"effect": {"status": 503}}),
    )
    .await;
    let at = json!({"at": "2026-06-25T19:37:59"});
    control(&app, "/_emulator/clock/freeze", at).await;
    let server = "1 fault waits for requests of any account.";
    let clock = "The clock of the whole server stands still at 2026-06-25 19:37:59.";
    for path in [
        "/console/operators",
        "/console/accounts/123456",
        "/console/requests",
    ] {
        let page = browser.read(path).await;
        assert!(
            page.contains(server) && page.contains(clock),
            "{path}: {page}"
        );
    }
    let fault = json!({"effect": {"delayMs": 1}});
    control(&app, &format!("{own}/faults"), fault.clone()).await;
    control(&app, &format!("{own}/faults"), fault).await;
    control(&app, &format!("{own}/clock/advance"), json!({"by": "P1D"})).await;
    let page = browser
        .read(&format!("/console/accounts/{account}/faults"))
        .await;
    for expected in [
        format!("2 faults wait for requests of account {account}."),
        format!("The clock of account {account} stands still at 2026-06-26 19:37:59."),
        server.to_owned(),
    ] {
        assert!(page.contains(&expected), "{expected}: {page}");
    }
    assert!(!page.contains(clock), "the account has another clock");
    let page = browser.read("/console/accounts/123456").await;
    assert!(!page.contains(&format!("account {account}.")), "{page}");
}

#[tokio::test]
async fn the_clock_is_moved_on_by_a_day_or_a_month() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app);
    control(
        &app,
        "/_emulator/clock/freeze",
        json!({"at": "2026-01-31T12:00:00"}),
    )
    .await;
    for (by, now) in [
        ("P1D", "2026-02-01 12:00:00"),
        ("P1M", "2026-03-01 12:00:00"),
    ] {
        let page = browser.open("/console/clock").await;
        let mut forms = page.forms("/console/clock/advance");
        let form = forms.find(|form| form.fields["by"] == by).unwrap();
        let page = browser.send(form).await;
        assert!(
            page.text().contains(&format!("<time>{now}</time>")),
            "{}",
            page.text()
        );
    }
}

#[tokio::test]
async fn no_page_grows_with_the_number_of_operators() {
    let app = TestApp::start().await;
    let group = app.new_group(&"G".repeat(50)).await;
    for number in 0..130 {
        let name = format!("{number} {}", "&".repeat(250));
        let email = format!("{number}-{}@example.com", "e".repeat(40));
        let operator = app
            .new_operator(json!({"FullName": name, "Email": email}))
            .await;
        let member = format!("{group}/Member/{}", text(&operator, "OperatorGuid"));
        if number % 2 == 0 {
            app.act(&member).await.expect(StatusCode::CREATED);
        }
    }
    let browser = Browser::as_owner(&app).await;
    let owner = owner_path(&app).await;
    let everyone = app.system_group("IsEveryone").await;
    let console = |group: &str| group.replace("/v4/OperatorGroup", "/console/groups");
    let (group, everyone) = (console(&group), console(&everyone));
    for path in [
        "/console/operators",
        "/console/operators?page=3",
        "/console/operators?page=18446744073709551615",
        "/console/groups",
        &group,
        &format!("{group}?page=2"),
        &everyone,
        &format!("{owner}/groups"),
        &format!("{owner}/api-users"),
        "/console/time-zones",
    ] {
        let page = browser.read(path).await;
        assert!(page.len() < 60_000, "{path}: {}", page.len());
    }
    // A page that is no more is the last one.
    for number in ["3", "4", "18446744073709551615"] {
        let page = browser
            .read(&format!("/console/operators?page={number}"))
            .await;
        assert!(
            page.contains("<caption>101 to 132 of 132 operators<"),
            "{page}"
        );
        assert!(
            page.contains("?page=2\">Previous") && !page.contains(">Next<"),
            "{page}"
        );
    }

    // An operator who is not suggested is found by its e-mail address.
    let members = format!("{group}/members");
    let email = format!("129-{}@example.com", "e".repeat(40));
    let page = browser
        .fill(&group, &members, &[("operator", &email)])
        .await;
    assert!(page.text().contains("The operator joined the group."));
    let page = browser
        .fill(&group, &members, &[("operator", "nobody")])
        .await;
    assert!(
        page.text()
            .contains("No operator has this e-mail address or GUID.")
    );
    let page = browser.open(&path_of("none")).await;
    page.expect(StatusCode::NOT_FOUND);
}
