//! `/Account`.

use std::sync::Arc;

use axum::routing::get;
use axum::{Extension, Router};
use serde::Serialize;

use super::extract::Json;
use crate::AppState;
use crate::domain::timezone::TimeZoneId;
use crate::domain::{Account, Moment};
use crate::store::Slot;

pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/Account", get(statistics))
        .route("/Account/Settings", get(settings))
}

/// The vendor's AccountStatistics.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AccountStatistics {
    account_id: String,
    expiration_date: Moment,
    monitor_quota: MonitorQuota,
    operator_quota: OperatorQuota,
    remaining_message_credits: i32,
}

/// Monitors are not emulated, so none is in use.
#[derive(Serialize, Default)]
#[serde(rename_all = "PascalCase")]
struct MonitorQuota {
    basic_monitors: i32,
    basic_monitors_in_use: i32,
    browser_monitors: i32,
    browser_monitors_in_use: i32,
    api_monitoring_credits: i32,
    api_monitoring_credits_in_use: i32,
    transaction_credits: i32,
    transaction_credits_in_use: i32,
    monitors: i32,
    monitors_in_use: i32,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct OperatorQuota {
    operators: usize,
    operators_in_use: usize,
}

/// `Account_GetAccountStatistics`
async fn statistics(Extension(slot): Extension<Arc<Slot>>) -> Json<AccountStatistics> {
    let account = &slot.account;
    let monitor_quota = MonitorQuota {
        basic_monitors: 100,
        browser_monitors: 100,
        api_monitoring_credits: 100,
        transaction_credits: 100,
        monitors: 100,
        ..MonitorQuota::default()
    };
    Json(AccountStatistics {
        account_id: account.id.to_string(),
        expiration_date: Account::expiration_date(),
        monitor_quota,
        operator_quota: OperatorQuota {
            operators: Account::OPERATOR_QUOTA,
            operators_in_use: account.operators.len(),
        },
        remaining_message_credits: 1000,
    })
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AccountSettings {
    timezone_id: TimeZoneId,
}

/// `Account_GetSettings`
async fn settings(Extension(slot): Extension<Arc<Slot>>) -> Json<AccountSettings> {
    Json(AccountSettings {
        timezone_id: slot.account.settings.time_zone_id,
    })
}
