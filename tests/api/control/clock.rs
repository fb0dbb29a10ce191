//! Tests of `…/clock`.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{act, get, new_account, post};
use crate::app::{TestApp, text};

async fn set(app: &TestApp, path: &str, body: Value) -> Value {
    post(app, path, body).await.expect(StatusCode::OK)
}

#[tokio::test]
async fn a_clock_follows_the_system_until_it_is_set() {
    let app = TestApp::start().await;
    assert_eq!(get(&app, "/clock").await["mode"], "running");
    let frozen = set(&app, "/clock/freeze", json!({})).await;
    assert_eq!(frozen["mode"], "frozen");
    assert_eq!(get(&app, "/clock").await, frozen);

    for (path, body, now) in [
        (
            "freeze",
            json!({"at": "2024-02-28T23:59:59Z"}),
            "2024-02-28T23:59:59Z",
        ),
        ("advance", json!({"by": "PT1S"}), "2024-02-29T00:00:00Z"),
        ("advance", json!({"by": "P1Y"}), "2025-02-28T00:00:00Z"),
        ("advance", json!({"by": "P31D"}), "2025-03-31T00:00:00Z"),
        (
            "advance",
            json!({"to": "2030-01-01T12:00:00"}),
            "2030-01-01T12:00:00Z",
        ),
        (
            "freeze",
            json!({"at": "2020-01-01T00:00:00"}),
            "2020-01-01T00:00:00Z",
        ),
    ] {
        let shown = set(&app, &format!("/clock/{path}"), body).await;
        assert_eq!(shown, json!({"mode": "frozen", "now": now}));
    }
    let resumed = act(&app, Method::POST, "/clock/resume").await;
    assert_eq!(resumed.expect(StatusCode::OK)["mode"], "running");
    let moved = set(&app, "/clock/advance", json!({"to": "2999-01-01T00:00:00"})).await;
    assert_eq!(moved["mode"], "moved");
    assert!(
        text(&moved, "now").starts_with("2999-01-01T00:0"),
        "{moved}"
    );
}

#[tokio::test]
async fn the_clock_of_an_account_overrides_that_of_the_server() {
    let app = TestApp::start().await;
    let (own, other) = (
        new_account(&app, json!({})).await,
        new_account(&app, json!({})).await,
    );
    let (of_own, of_other) = (own.path("/clock"), other.path("/clock"));
    let server = set(&app, "/clock/freeze", json!({"at": "2030-01-01T00:00:00"})).await;
    let path = own.path("/clock/freeze");
    let mine = set(&app, &path, json!({"at": "2040-01-01T00:00:00"})).await;
    assert_eq!(get(&app, &of_own).await, mine);
    assert_eq!(get(&app, &of_other).await, server);
    assert_eq!(get(&app, "/clock").await, server);

    // An account without its own clock follows the server's.
    let path = other.path("/clock/advance");
    set(&app, &path, json!({"by": "P1D"})).await;
    assert_eq!(get(&app, &of_other).await["now"], "2030-01-02T00:00:00Z");
    assert_eq!(get(&app, "/clock").await, server);

    act(&app, Method::POST, &own.path("/clock/resume")).await;
    assert_eq!(get(&app, &of_own).await, server);
}

#[tokio::test]
async fn concurrent_advances_of_a_clock_add_up() {
    let app = TestApp::start().await;
    set(&app, "/clock/freeze", json!({"at": "2030-01-01T00:00:00"})).await;
    let day = || set(&app, "/clock/advance", json!({"by": "P1D"}));
    futures_util::future::join_all((0..24).map(|_| day())).await;
    assert_eq!(get(&app, "/clock").await["now"], "2030-01-25T00:00:00Z");
}

#[tokio::test]
async fn every_time_that_the_api_shows_follows_the_clock() {
    let app = TestApp::start().await;
    let freeze = |at| set(&app, "/clock/freeze", json!({ "at": at }));
    freeze("2030-06-15T12:00:00").await;
    let account = new_account(&app, json!({"from": "empty"})).await;
    let api_users = async || account.client.list("/v4/ApiUser").await.remove(0);
    let api_user = api_users().await;
    assert_eq!(api_user["CreatedDate"], "2030-06-15T12:00:00");
    assert_eq!(api_user["LastUsed"], "15/06/2030 12:00:00");
    assert_eq!(api_user["UsageLast30Days"], 1);

    let advance = |by| set(&app, "/clock/advance", json!({ "by": by }));
    advance("P29D").await;
    let api_user = api_users().await;
    assert_eq!(api_user["LastUsed"], "14/07/2030 12:00:00");
    assert_eq!(api_user["UsageLast30Days"], 2);
    advance("P1D").await;
    assert_eq!(
        api_users().await["UsageLast30Days"],
        2,
        "the first day is gone"
    );
    advance("P30D").await;
    assert_eq!(api_users().await["UsageLast30Days"], 1);

    let timezone = async || {
        account
            .client
            .get("/v4/Timezone/56")
            .await
            .expect(StatusCode::OK)
    };
    let summer = timezone().await;
    assert!(summer.to_string().contains("2030"), "{summer}");
    freeze("2041-01-01T00:00:00").await;
    let later = timezone().await;
    assert!(later.to_string().contains("2041"), "{later}");
    assert!(!later.to_string().contains("2030"), "{later}");
}

#[tokio::test]
async fn the_journal_uses_the_account_s_clock() {
    let app = TestApp::start().await;
    let account = new_account(&app, json!({})).await;
    let path = account.path("/clock/freeze");
    set(&app, &path, json!({"at": "2030-01-01T00:00:00"})).await;
    account.names().await;
    let entries = super::list(&app, &account.path("/requests")).await;
    assert_eq!(entries[0]["time"], "2030-01-01T00:00:00.000Z");
}
