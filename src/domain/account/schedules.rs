//! The duty schedules of operators and groups.

use std::sync::Arc;

use imbl::OrdMap;

use super::Account;
use crate::domain::{
    DutySchedule, Operator, OperatorGroup, OperatorGroupGuid, OperatorGuid, Recurrence, ScheduleId,
};
use crate::error::{Error, Result};

/// The operator or group that schedules belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScheduleOwner {
    Operator(OperatorGuid),
    Group(OperatorGroupGuid),
}

impl From<OperatorGuid> for ScheduleOwner {
    fn from(guid: OperatorGuid) -> Self {
        Self::Operator(guid)
    }
}

impl From<OperatorGroupGuid> for ScheduleOwner {
    fn from(guid: OperatorGroupGuid) -> Self {
        Self::Group(guid)
    }
}

impl Account {
    pub fn schedules_of(&self, owner: ScheduleOwner) -> Result<&OrdMap<ScheduleId, DutySchedule>> {
        Ok(match owner {
            ScheduleOwner::Operator(guid) => &self.operator(guid)?.schedules,
            ScheduleOwner::Group(guid) => &self.operator_group(guid)?.schedules,
        })
    }

    /// Adds a schedule. "Adds a off-duty schedule to all operators in the specified group" (operator group API): each present
    /// member gets a copy of a group's schedule.
    pub fn add_schedule(
        &mut self,
        owner: ScheduleOwner,
        recurrence: Recurrence,
    ) -> Result<DutySchedule> {
        self.schedules_of(owner)?;
        let schedule = DutySchedule {
            id: self.new_schedule_id()?,
            recurrence,
            copy_of: None,
        };
        self.put_schedule(owner, schedule.clone())?;
        if let ScheduleOwner::Group(guid) = owner {
            for member in self.members_of(guid)? {
                let copy = DutySchedule {
                    id: self.new_schedule_id()?,
                    recurrence,
                    copy_of: Some(schedule.id),
                };
                self.put_schedule(ScheduleOwner::Operator(member), copy)?;
            }
        }
        Ok(schedule)
    }

    /// Adds a schedule from a document, without adding copies of it; without an Id, it gets the next one.
    pub fn restore_schedule(
        &mut self,
        owner: ScheduleOwner,
        id: Option<ScheduleId>,
        recurrence: Recurrence,
        copy_of: Option<ScheduleId>,
    ) -> Result<()> {
        let id = id.map_or_else(|| self.new_schedule_id(), Ok)?;
        let schedule = DutySchedule {
            id,
            recurrence,
            copy_of,
        };
        self.put_schedule(owner, schedule)
    }

    /// Replaces a schedule. A change of a group's schedule is applied to its copies; a change of a copy affects only that copy.
    pub fn replace_schedule(
        &mut self,
        owner: ScheduleOwner,
        id: ScheduleId,
        recurrence: Recurrence,
    ) -> Result<()> {
        let schedule = DutySchedule {
            recurrence,
            ..self.schedule(owner, id)?.clone()
        };
        self.put_schedule(owner, schedule)?;
        if let ScheduleOwner::Group(_) = owner {
            self.change_copies(id, |copy| Some(DutySchedule { recurrence, ..copy }));
        }
        Ok(())
    }

    /// Removes a schedule, and with a group's schedule its copies.
    pub fn remove_schedule(&mut self, owner: ScheduleOwner, id: ScheduleId) -> Result<()> {
        self.schedule(owner, id)?;
        self.change_schedules(owner, |schedules| {
            schedules.remove(&id);
        })?;
        if let ScheduleOwner::Group(_) = owner {
            self.change_copies(id, |_| None);
        }
        Ok(())
    }

    pub fn schedule(&self, owner: ScheduleOwner, id: ScheduleId) -> Result<&DutySchedule> {
        self.schedules_of(owner)?.get(&id).ok_or_else(|| {
            Error::NotFound(match owner {
                ScheduleOwner::Operator(guid) => {
                    format!("operator {guid} has no duty schedule {id}")
                }
                ScheduleOwner::Group(guid) => {
                    format!("operator group {guid} has no duty schedule {id}")
                }
            })
        })
    }

    fn put_schedule(&mut self, owner: ScheduleOwner, schedule: DutySchedule) -> Result<()> {
        self.change_schedules(owner, |schedules| {
            schedules.insert(schedule.id, schedule);
        })
    }

    fn change_schedules(
        &mut self,
        owner: ScheduleOwner,
        change: impl FnOnce(&mut OrdMap<ScheduleId, DutySchedule>),
    ) -> Result<()> {
        match owner {
            ScheduleOwner::Operator(guid) => {
                let mut operator = Operator::clone(self.operator(guid)?);
                change(&mut operator.schedules);
                self.operators.insert(operator);
            }
            ScheduleOwner::Group(guid) => {
                let mut group = OperatorGroup::clone(self.operator_group(guid)?);
                change(&mut group.schedules);
                self.operator_groups.insert(group);
            }
        }
        Ok(())
    }

    /// Changes the copies of a group's schedule that still exist, wherever their operators are now.
    pub(super) fn change_copies(
        &mut self,
        group_schedule: ScheduleId,
        change: impl Fn(DutySchedule) -> Option<DutySchedule>,
    ) {
        let is_copy = |schedule: &&DutySchedule| schedule.copy_of == Some(group_schedule);
        for operator in self.operators.iter().cloned().collect::<Vec<_>>() {
            let copies: Vec<_> = operator
                .schedules
                .values()
                .filter(is_copy)
                .cloned()
                .collect();
            if copies.is_empty() {
                continue;
            }
            let mut operator = Arc::unwrap_or_clone(operator);
            for copy in copies {
                let id = copy.id;
                match change(copy) {
                    Some(copy) => operator.schedules.insert(id, copy),
                    None => operator.schedules.remove(&id),
                };
            }
            self.operators.insert(operator);
        }
    }

    fn new_schedule_id(&mut self) -> Result<ScheduleId> {
        let id = ScheduleId::try_from(self.next_schedule_id).map_err(|_| {
            let last = ScheduleId::LAST;
            let message = format!("all Ids of duty schedules are used up, 1 to {last}");
            Error::refused("Id", message)
        })?;
        self.next_schedule_id += 1;
        Ok(id)
    }
}
