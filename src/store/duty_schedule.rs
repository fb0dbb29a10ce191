//! The table of duty schedules.

use std::collections::HashMap;

use imbl::OrdMap;
use sqlx::SqliteConnection;

use super::file::Corrupt;
use super::rows::record;
use crate::domain::account::ScheduleOwner;
use crate::domain::duty_schedule::{KeptRecurrence, MonthDay, ScheduleMode, WeekDay};
use crate::domain::{
    AccountId, DutySchedule, OperatorGroupGuid, OperatorGuid, Recurrence, Restore,
    RestoreNumber as _, ScheduleId,
};

/// The schedules of all operators and groups, until those take them.
#[derive(Debug, Default)]
pub struct Schedules(HashMap<(AccountId, ScheduleOwner), OrdMap<ScheduleId, DutySchedule>>);

impl Schedules {
    pub fn take(
        &mut self,
        account: AccountId,
        owner: ScheduleOwner,
    ) -> OrdMap<ScheduleId, DutySchedule> {
        self.0.remove(&(account, owner)).unwrap_or_default()
    }
}

#[derive(Debug)]
pub struct Row {
    account_id: AccountId,
    schedule_id: ScheduleId,
    operator_guid: Option<OperatorGuid>,
    operator_group_guid: Option<OperatorGroupGuid>,
    copy_of: Option<ScheduleId>,
    schedule_mode: ScheduleMode,
    start_date_time: Option<String>,
    end_date_time: Option<String>,
    week_day: Option<WeekDay>,
    month_day: Option<i32>,
    start_time: Option<String>,
    end_time: Option<String>,
}

record!(
    Row: "duty_schedule" (account_id, schedule_id)
    operator_guid, operator_group_guid, copy_of, schedule_mode, start_date_time, end_date_time, week_day, month_day,
    start_time, end_time
);

#[derive(Debug)]
pub struct Key {
    pub account_id: AccountId,
    pub schedule_id: ScheduleId,
}

record!(Key: "duty_schedule" (account_id, schedule_id));

impl Row {
    pub fn new(account_id: AccountId, owner: ScheduleOwner, schedule: &DutySchedule) -> Self {
        let (operator_guid, operator_group_guid) = match owner {
            ScheduleOwner::Operator(guid) => (Some(guid), None),
            ScheduleOwner::Group(guid) => (None, Some(guid)),
        };
        let (dates, week_day, month_day, hours) = match schedule.recurrence {
            Recurrence::OneTime { start, end } => (Some((start, end)), None, None, None),
            Recurrence::Daily { hours } => (None, None, None, Some(hours)),
            Recurrence::Weekly { day, hours } => (None, Some(day), None, Some(hours)),
            Recurrence::Monthly { day, hours } => (None, None, Some(day.get()), Some(hours)),
        };
        let (start_date_time, end_date_time) = dates
            .map(|(start, end)| (start.to_string(), end.to_string()))
            .unzip();
        let (start_time, end_time) = hours
            .map(|hours| (hours.start().to_string(), hours.end().to_string()))
            .unzip();
        Self {
            account_id,
            schedule_id: schedule.id,
            operator_guid,
            operator_group_guid,
            copy_of: schedule.copy_of,
            schedule_mode: schedule.recurrence.mode(),
            start_date_time,
            end_date_time,
            week_day,
            month_day,
            start_time,
            end_time,
        }
    }

    fn owner(&self) -> Result<ScheduleOwner, Corrupt> {
        match (self.operator_guid, self.operator_group_guid) {
            (Some(operator), None) => Ok(ScheduleOwner::Operator(operator)),
            (None, Some(group)) => Ok(ScheduleOwner::Group(group)),
            _ => Err(Corrupt::row("duty_schedule")),
        }
    }

    fn recurrence(&self) -> Option<Recurrence> {
        fn read<T: Restore>(column: Option<&String>) -> Option<T> {
            T::restore(column?).ok()
        }
        let kept = KeptRecurrence {
            mode: self.schedule_mode,
            start_date_time: read(self.start_date_time.as_ref()),
            end_date_time: read(self.end_date_time.as_ref()),
            week_day: self.week_day,
            month_day: self.month_day.map(MonthDay::restore),
            start_time: read(self.start_time.as_ref()),
            end_time: read(self.end_time.as_ref()),
        };
        kept.restore()
    }
}

pub async fn load(connection: &mut SqliteConnection) -> Result<Schedules, Corrupt> {
    let rows = sqlx::query_as!(
        Row,
        r#"select account_id as "account_id: AccountId", schedule_id as "schedule_id: ScheduleId",
                  operator_guid as "operator_guid: OperatorGuid",
                  operator_group_guid as "operator_group_guid: OperatorGroupGuid", copy_of as "copy_of: ScheduleId",
                  schedule_mode as "schedule_mode: ScheduleMode", start_date_time, end_date_time,
                  week_day as "week_day: WeekDay", month_day as "month_day: i32", start_time, end_time
           from duty_schedule"#
    )
    .fetch_all(connection)
    .await?;
    let mut all = Schedules::default();
    for row in rows {
        let recurrence = row.recurrence().ok_or(Corrupt::row("duty_schedule"))?;
        let schedule = DutySchedule {
            id: row.schedule_id,
            recurrence,
            copy_of: row.copy_of,
        };
        all.0
            .entry((row.account_id, row.owner()?))
            .or_default()
            .insert(schedule.id, schedule);
    }
    Ok(all)
}
