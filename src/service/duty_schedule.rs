//! Changes of duty schedules. Operators may change their own; administrators may change those of all operators and groups.

use super::change;
use crate::AppState;
use crate::domain::account::ScheduleOwner;
use crate::domain::{Account, Caller, DutySchedule, Input, Recurrence, ScheduleId};
use crate::error::Result;

fn may_schedule(caller: &Caller, account: &Account, owner: ScheduleOwner) -> Result<()> {
    match owner {
        ScheduleOwner::Operator(guid) => caller.may_edit_operator(account, guid),
        ScheduleOwner::Group(_) => caller.may_administer(account),
    }
}

pub async fn create(
    state: &AppState,
    caller: &Caller,
    owner: ScheduleOwner,
    input: Input<Recurrence>,
) -> Result<DutySchedule> {
    let who = *caller;
    change(state, caller, move |account, _| {
        let access = |_: Option<&Recurrence>| {
            may_schedule(&who, account, owner)?;
            account.schedules_of(owner).map(drop)
        };
        let recurrence = input.settle(access, |recurrence, _| recurrence)?;
        account.add_schedule(owner, recurrence)
    })
    .await
}

pub async fn update(
    state: &AppState,
    caller: &Caller,
    owner: ScheduleOwner,
    id: ScheduleId,
    input: Input<Recurrence>,
) -> Result<()> {
    let who = *caller;
    change(state, caller, move |account, _| {
        let access = |_: Option<&Recurrence>| {
            may_schedule(&who, account, owner)?;
            account.schedule(owner, id).map(drop)
        };
        let recurrence = input.settle(access, |recurrence, _| recurrence)?;
        account.replace_schedule(owner, id, recurrence)
    })
    .await
}

pub async fn delete(
    state: &AppState,
    caller: &Caller,
    owner: ScheduleOwner,
    id: ScheduleId,
) -> Result<()> {
    let who = *caller;
    change(state, caller, move |account, _| {
        may_schedule(&who, account, owner)?;
        account.remove_schedule(owner, id)
    })
    .await
}
