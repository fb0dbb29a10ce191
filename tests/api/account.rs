//! Tests of `/Account`.

use reqwest::StatusCode;
use serde_json::json;

use crate::app::{TestApp, text};

#[tokio::test]
async fn the_statistics_of_an_account_have_the_vendor_s_fields() {
    let app = TestApp::start().await;
    let statistics = app.get("/v4/Account").await.expect(StatusCode::OK);
    assert_eq!(statistics["AccountId"], "123456");
    assert_eq!(
        text(&statistics, "ExpirationDate").len(),
        "2023-01-24T13:42:18".len()
    );
    assert!(statistics["RemainingMessageCredits"].is_i64());
    let quota = statistics["MonitorQuota"].as_object().unwrap();
    for field in [
        "BasicMonitors",
        "BrowserMonitors",
        "ApiMonitoringCredits",
        "TransactionCredits",
        "Monitors",
    ] {
        assert!(
            quota[field].is_i64() && quota[&format!("{field}InUse")].is_i64(),
            "{field}"
        );
    }
    assert_eq!(quota.len(), 10);
    assert!(statistics["OperatorQuota"]["Operators"].is_i64());
    assert_eq!(statistics.as_object().unwrap().len(), 5);
}

#[tokio::test]
async fn operators_in_use_are_counted() {
    let app = TestApp::start().await;
    let in_use = || async {
        let statistics = app.get("/v4/Account").await.expect(StatusCode::OK);
        statistics["OperatorQuota"]["OperatorsInUse"]
            .as_i64()
            .unwrap()
    };
    let before = in_use().await;
    let operator = app.new_operator(json!({})).await;
    assert_eq!(in_use().await, before + 1);
    let path = format!("/v4/Operator/{}", text(&operator, "OperatorGuid"));
    app.delete(&path).await.expect(StatusCode::NO_CONTENT);
    assert_eq!(in_use().await, before);
}

#[tokio::test]
async fn the_settings_show_the_account_s_time_zone() {
    let app = TestApp::start().await;
    let settings = app.get("/v4/Account/Settings").await.expect(StatusCode::OK);
    assert_eq!(settings, json!({"TimezoneId": 56}));
}
