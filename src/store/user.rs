//! The table of users: what they have that their operators have not.

use serde::Serialize;
use sqlx::SqliteConnection;

use super::file::Corrupt;
use super::rows::json;
use crate::domain::text::{DateFormat, TimeFormat};
use crate::domain::{AccountId, OperatorGuid, User, UserId};

#[derive(Debug, Serialize)]
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
            active: self.active,
            enable_alert_timeframe: self.enable_alert_timeframe,
            alert_timeframe_start: self.alert_timeframe_start.parse().ok()?,
            alert_timeframe_end: self.alert_timeframe_end.parse().ok()?,
            default_dashboard: self.default_dashboard,
            date_format: self.date_format,
            time_format: self.time_format,
            graph_tooltips: self.graph_tooltips,
        })
    }
}

#[derive(Debug, Serialize)]
pub struct Key {
    pub account_id: AccountId,
    pub operator_guid: OperatorGuid,
}

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

pub async fn upsert(connection: &mut SqliteConnection, rows: &[Row]) -> Result<(), sqlx::Error> {
    let Some(rows) = json(rows) else {
        return Ok(());
    };
    sqlx::query!(
        "insert into user (
             account_id, operator_guid, user_id, active, enable_alert_timeframe, alert_timeframe_start,
             alert_timeframe_end, default_dashboard, date_format, time_format, graph_tooltips
         )
         select value ->> 'account_id', value ->> 'operator_guid', value ->> 'user_id', value ->> 'active',
                value ->> 'enable_alert_timeframe', value ->> 'alert_timeframe_start',
                value ->> 'alert_timeframe_end', value ->> 'default_dashboard', value ->> 'date_format',
                value ->> 'time_format', value ->> 'graph_tooltips'
         from jsonb_each($1)
         where true
         on conflict (account_id, operator_guid) do update set
             user_id = excluded.user_id, active = excluded.active,
             enable_alert_timeframe = excluded.enable_alert_timeframe,
             alert_timeframe_start = excluded.alert_timeframe_start,
             alert_timeframe_end = excluded.alert_timeframe_end, default_dashboard = excluded.default_dashboard,
             date_format = excluded.date_format, time_format = excluded.time_format,
             graph_tooltips = excluded.graph_tooltips",
        rows,
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub async fn delete(connection: &mut SqliteConnection, keys: &[Key]) -> Result<(), sqlx::Error> {
    let Some(keys) = json(keys) else {
        return Ok(());
    };
    sqlx::query!(
        "delete from user
         where (account_id, operator_guid) in (
             select value ->> 'account_id', value ->> 'operator_guid' from jsonb_each($1)
         )",
        keys,
    )
    .execute(connection)
    .await?;
    Ok(())
}
