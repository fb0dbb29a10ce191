//! The table of users: what they have that their operators have not.

use sqlx::SqliteConnection;

use super::file::{Corrupt, OfAccounts};
use super::rows::{self, record};
use crate::domain::text::{DateFormat, TimeFormat};
use crate::domain::user::TimeInterval;
use crate::domain::{AccountId, OperatorGuid, User, UserId};

record! {
    Row: "user" (account_id: AccountId, operator_guid: OperatorGuid) {
        user_id: UserId,
        active: bool,
        enable_alert_timeframe: bool,
        alert_timeframe_start: TimeInterval,
        alert_timeframe_end: TimeInterval,
        default_dashboard: i32,
        date_format: DateFormat,
        time_format: TimeFormat,
        graph_tooltips: bool,
    }
}

impl Row {
    pub fn new(account_id: AccountId, user: &User) -> Self {
        let User {
            operator,
            id,
            active,
            enable_alert_timeframe,
            alert_timeframe_start,
            alert_timeframe_end,
            default_dashboard,
            date_format,
            time_format,
            graph_tooltips,
        } = user.clone();
        Self {
            account_id,
            operator_guid: operator,
            user_id: id,
            active,
            enable_alert_timeframe,
            alert_timeframe_start,
            alert_timeframe_end,
            default_dashboard,
            date_format,
            time_format,
            graph_tooltips,
        }
    }
}

pub async fn load(connection: &mut SqliteConnection) -> Result<OfAccounts<User>, Corrupt> {
    let mut all = OfAccounts::default();
    for row in rows::load(connection).await? {
        let Row {
            account_id,
            operator_guid,
            user_id,
            active,
            enable_alert_timeframe,
            alert_timeframe_start,
            alert_timeframe_end,
            default_dashboard,
            date_format,
            time_format,
            graph_tooltips,
        } = row;
        let user = User {
            operator: operator_guid,
            id: user_id,
            active,
            enable_alert_timeframe,
            alert_timeframe_start,
            alert_timeframe_end,
            default_dashboard,
            date_format,
            time_format,
            graph_tooltips,
        };
        all.place(account_id, user_id.0.into(), user);
    }
    Ok(all)
}
