//! The table of duty schedules.

use std::collections::HashMap;

use imbl::OrdMap;
use sqlx::SqliteConnection;

use super::load::Corrupt;
use super::rows::{self, Table as _, table};
use crate::domain::account::ScheduleOwner;
use crate::domain::duty_schedule::{MonthDay, RecurrenceParts, ScheduleMode, TimeOfDay, WeekDay};
use crate::domain::input::FieldValue;
use crate::domain::{
    AccountId, DutySchedule, Moment, OperatorGroupGuid, OperatorGuid, Recurrence, ScheduleId,
};

/// The loaded schedules of all operators and groups, which are moved out as their owners are loaded.
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

table! {
    Row: "duty_schedule" (account_id: AccountId, schedule_id: ScheduleId) {
        operator_guid: Option<OperatorGuid>,
        operator_group_guid: Option<OperatorGroupGuid>,
        copy_of: Option<ScheduleId>,
        schedule_mode: ScheduleMode,
        start_date_time: Option<Moment>,
        end_date_time: Option<Moment>,
        week_day: Option<WeekDay>,
        month_day: Option<MonthDay>,
        start_time: Option<TimeOfDay>,
        end_time: Option<TimeOfDay>,
    }
}

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
            Recurrence::Monthly { day, hours } => (None, None, Some(day), Some(hours)),
        };
        let (start_date_time, end_date_time) = dates.unzip();
        let (start_time, end_time) = hours.map(|hours| (hours.start(), hours.end())).unzip();
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

    fn owner(&self) -> Option<ScheduleOwner> {
        match (self.operator_guid, self.operator_group_guid) {
            (Some(operator), None) => Some(ScheduleOwner::Operator(operator)),
            (None, Some(group)) => Some(ScheduleOwner::Group(group)),
            _ => None,
        }
    }

    fn schedule(self) -> Option<DutySchedule> {
        let parts = RecurrenceParts {
            mode: FieldValue::Value(self.schedule_mode),
            start_date_time: self.start_date_time.into(),
            end_date_time: self.end_date_time.into(),
            week_day: self.week_day.into(),
            month_day: self.month_day.into(),
            start_time: self.start_time.into(),
            end_time: self.end_time.into(),
        };
        Some(DutySchedule {
            id: self.schedule_id,
            recurrence: parts.restore()?,
            copy_of: self.copy_of,
        })
    }
}

pub async fn load(connection: &mut SqliteConnection) -> Result<Schedules, Corrupt> {
    let mut all = Schedules::default();
    for row in rows::load::<Row>(connection).await? {
        let (account_id, owner) = (row.account_id, row.owner());
        let (owner, schedule) = owner.zip(row.schedule()).ok_or(Corrupt::Row(Row::TABLE))?;
        let schedules = all.0.entry((account_id, owner)).or_default();
        schedules.insert(schedule.id, schedule);
    }
    Ok(all)
}
