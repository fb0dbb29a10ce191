//! The table of users: what they have that their operators have not.

use sqlx::SqliteConnection;

use super::file::Corrupt;
use super::rows::record;
use crate::domain::text::{DateFormat, TimeFormat};
use crate::domain::user::{TimeInterval, UserSettings};
use crate::domain::{AccountId, OperatorGuid, Restore as _, User, UserId};

#[derive(Debug)]
pub struct Row {
    account_id: AccountId,
    operator_guid: OperatorGuid,
    user_id: UserId,
    active: bool,
    enable_alert_timeframe: bool,
    alert_timeframe_start: String,
    alert_timeframe_end: String,
    default_dashboard: i32,
    date_format: DateFormat,
    time_format: TimeFormat,
    graph_tooltips: bool,
}

record!(
    Row: "user" (account_id, operator_guid)
    user_id, active, enable_alert_timeframe, alert_timeframe_start, alert_timeframe_end, default_dashboard, date_format,
    time_format, graph_tooltips
);

impl Row {
    pub fn new(account_id: AccountId, user: &User) -> Self {
        let User {
            operator,
            id,
            settings,
        } = user.clone();
        let UserSettings {
            active,
            enable_alert_timeframe,
            alert_timeframe_start,
            alert_timeframe_end,
            default_dashboard,
            date_format,
            time_format,
            graph_tooltips,
        } = settings;
        Self {
            account_id,
            operator_guid: operator,
            user_id: id,
            active,
            enable_alert_timeframe,
            alert_timeframe_start: alert_timeframe_start.to_string(),
            alert_timeframe_end: alert_timeframe_end.to_string(),
            default_dashboard,
            date_format,
            time_format,
            graph_tooltips,
        }
    }

    fn user(self) -> Option<User> {
        Some(User {
            operator: self.operator_guid,
            id: self.user_id,
            settings: UserSettings {
                active: self.active,
                enable_alert_timeframe: self.enable_alert_timeframe,
                alert_timeframe_start: TimeInterval::restore(&self.alert_timeframe_start).ok()?,
                alert_timeframe_end: TimeInterval::restore(&self.alert_timeframe_end).ok()?,
                default_dashboard: self.default_dashboard,
                date_format: self.date_format,
                time_format: self.time_format,
                graph_tooltips: self.graph_tooltips,
            },
        })
    }
}

#[derive(Debug)]
pub struct Key {
    pub account_id: AccountId,
    pub operator_guid: OperatorGuid,
}

record!(Key: "user" (account_id, operator_guid));

pub async fn load(connection: &mut SqliteConnection) -> Result<Vec<(AccountId, User)>, Corrupt> {
    let rows = sqlx::query_as!(
        Row,
        r#"select account_id as "account_id: AccountId", operator_guid as "operator_guid: OperatorGuid",
                  user_id as "user_id: UserId", active as "active: bool",
                  enable_alert_timeframe as "enable_alert_timeframe: bool", alert_timeframe_start, alert_timeframe_end,
                  default_dashboard as "default_dashboard: i32", date_format as "date_format: DateFormat",
                  time_format as "time_format: TimeFormat", graph_tooltips as "graph_tooltips: bool"
           from user"#
    )
    .fetch_all(connection)
    .await?;
    let users = rows.into_iter().map(|row| {
        let account = row.account_id;
        Ok((account, row.user().ok_or(Corrupt::row("user"))?))
    });
    users.collect()
}
