//! `/Account`: the quotas and settings of an account.

use std::sync::Arc;

use axum::Extension;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::extract::Json;
use crate::domain::timezone::TimeZoneId;
use crate::domain::{Account, Moment};
use crate::operation::{Operation, operation};
use crate::store::Tenant;

pub static OPERATIONS: &[Operation] = &[
    operation!(GET "/Account" => statistics, "Account_GetAccountStatistics", "The quotas of the account.")
        .but("quotas are shown and not enforced, and there are no monitors"),
    operation!(GET "/Account/Settings" => settings, "Account_GetSettings", "The settings of the account."),
];

/// The vendor's AccountStatistics.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
#[schemars(example = json!({
    "AccountId": "123456",
    "ExpirationDate": "2099-12-31T00:00:00",
    "MonitorQuota": MonitorQuota::default(),
    "OperatorQuota": {"Operators": 1000, "OperatorsInUse": 2},
    "RemainingMessageCredits": 1000
}))]
struct AccountStatistics {
    account_id: String,
    expiration_date: Moment,
    monitor_quota: MonitorQuota,
    operator_quota: OperatorQuota,
    remaining_message_credits: i32,
}

/// Monitors are not emulated, so none is in use.
#[derive(Serialize, JsonSchema, Default)]
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

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct OperatorQuota {
    operators: usize,
    operators_in_use: usize,
}

async fn statistics(Extension(tenant): Extension<Arc<Tenant>>) -> Json<AccountStatistics> {
    let account = &tenant.account;
    let monitor_quota = MonitorQuota {
        basic_monitors: 100,
        browser_monitors: 100,
        api_monitoring_credits: 100,
        transaction_credits: 100,
        monitors: 100,
        ..MonitorQuota::default()
    };
    Json::of(&AccountStatistics {
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

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
#[schemars(example = json!({"TimezoneId": 56}))]
struct AccountSettings {
    timezone_id: TimeZoneId,
}

async fn settings(Extension(tenant): Extension<Arc<Tenant>>) -> Json<AccountSettings> {
    Json::of(&AccountSettings {
        timezone_id: tenant.account.settings.time_zone_id,
    })
}
