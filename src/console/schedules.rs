//! Off-duty schedules of operators and of groups.

use strum::VariantNames as _;

use super::form::{Words, words};
use super::operator_groups;
use super::operators::{self, Head};
use super::prelude::*;
use crate::domain::account::ScheduleOwner;
use crate::domain::duty_schedule::{ScheduleMode, WeekDay};
use crate::domain::text::whole_number;
use crate::domain::{DutySchedule, Input, Recurrence, ScheduleId};
use crate::service;
use crate::wire::{DutyScheduleBody, bind};

pub fn routes() -> Router<Console> {
    let below = Router::new()
        .route("/schedules", get(list).post(create))
        .route("/schedules/{scheduleId}", get(show).post(save))
        .route("/schedules/{scheduleId}/delete", post(delete));
    Router::new()
        .nest("/operators/{guid}", below.clone())
        .nest("/groups/{guid}", below)
}

pages! {
    List = "schedules.html" {
        head: Option<Head>,
        path: String,
        /// The schedules; none on the page of one of them.
        schedules: Option<Listed<DutySchedule>>,
        form: Form,
        submit: &'static str,
        modes: Words,
        days: Words,
        may_edit: bool,
    }
}

/// The operator or group of the page, and what is above its schedules.
struct Above {
    owner: ScheduleOwner,
    path: String,
    crumbs: Vec<Crumb>,
    /// The header of the tab of an operator.
    head: Option<Head>,
    may_edit: bool,
}

impl Above {
    fn of(login: &LoggedIn) -> Result<Self> {
        let (account, caller) = (login.account(), login.caller());
        let above = if login.path().starts_with("/console/groups/") {
            let group = account.operator_group(login.segment("guid")?)?;
            Self {
                owner: group.guid.into(),
                path: operator_groups::path_of(group.guid) + "/schedules",
                crumbs: operator_groups::crumbs_below(group),
                head: None,
                may_edit: login.is_administrator(),
            }
        } else {
            let operator = account.operator(login.segment("guid")?)?;
            Self {
                owner: operator.guid.into(),
                path: operators::path_of(operator.guid) + "/schedules",
                crumbs: operators::crumbs_below(operator),
                head: Some(Head::new(login, operator)),
                may_edit: caller.may_edit_operator(account, operator.guid).is_ok(),
            }
        };
        Ok(above)
    }
}

impl List {
    fn mode(schedule: &DutySchedule) -> &'static str {
        schedule.recurrence.mode().into()
    }

    fn when(schedule: &DutySchedule) -> String {
        let (day, hours) = match schedule.recurrence {
            Recurrence::OneTime { start, end } => {
                return format!("{} to {} UTC", start.readable(), end.readable());
            }
            Recurrence::Daily { hours } => (String::new(), hours),
            Recurrence::Weekly { day, hours } => (format!("{}, ", <&str>::from(day)), hours),
            Recurrence::Monthly { day, hours } => (format!("day {}, ", day.get()), hours),
        };
        format!("{day}{} to {}", hours.start(), hours.end())
    }
}

async fn list(login: LoggedIn) -> Result<Response> {
    let mut above = Above::of(&login)?;
    let schedules = login.account().schedules_of(above.owner)?.values().cloned();
    let name = above.crumbs.last().map_or("", |owner| &owner.name);
    let title = format!("{name}: off-duty schedules");
    if above.head.is_some() {
        // A tab has the breadcrumbs of the operator's page.
        above.crumbs.pop();
    }
    page(&List {
        frame: login.frame(title).below(above.crumbs),
        head: above.head,
        schedules: Some(Listed::new(&login, schedules)),
        form: login.form(Form::to(above.path.clone())),
        submit: "Add schedule",
        modes: words(ScheduleMode::VARIANTS),
        days: words(WeekDay::VARIANTS),
        path: above.path,
        may_edit: above.may_edit,
    })
}

/// Returns what the form of the page says, as the API would receive it.
fn recurrence(login: &LoggedIn) -> Input<Recurrence> {
    let data = login.data.clone();
    let data = data.with_times(&["StartDateTime", "EndDateTime"]);
    bind::<(), _>(&data.entries(), None)
}

async fn create(login: LoggedIn) -> Result<Response> {
    let Above { owner, path, .. } = Above::of(&login)?;
    let input = recurrence(&login);
    let schedule = service::duty_schedule::create(&login.app, login.caller(), owner, input).await?;
    Ok(done(format!("Schedule {} was added.", schedule.id), path))
}

async fn show(login: LoggedIn) -> Result<Response> {
    let (mut above, id) = (Above::of(&login)?, schedule_id(&login)?);
    let schedules = login.account().schedules_of(above.owner)?;
    let schedule = schedules.get(&id).ok_or_else(Failure::unknown_page)?;
    let body = serde_json::to_value(DutyScheduleBody::from(schedule)).unwrap_or_default();
    above.crumbs.push(crumb("Off-duty schedules", above.path));
    page(&List {
        frame: login.frame(format!("Schedule {id}")).below(above.crumbs),
        head: None,
        schedules: None,
        form: login.form(Form::to(login.path()).with_object(&body)),
        submit: "Save",
        modes: words(ScheduleMode::VARIANTS),
        days: words(WeekDay::VARIANTS),
        path: String::new(),
        may_edit: above.may_edit,
    })
}

async fn save(login: LoggedIn) -> Result<Response> {
    let (Above { owner, path, .. }, id) = (Above::of(&login)?, schedule_id(&login)?);
    let input = recurrence(&login);
    service::duty_schedule::update(&login.app, login.caller(), owner, id, input).await?;
    Ok(done(format!("Schedule {id} was saved."), path))
}

async fn delete(login: LoggedIn) -> Result<Response> {
    let (Above { owner, path, .. }, id) = (Above::of(&login)?, schedule_id(&login)?);
    service::duty_schedule::delete(&login.app, login.caller(), owner, id).await?;
    Ok(done(format!("Schedule {id} was deleted."), path))
}

fn schedule_id(login: &LoggedIn) -> Result<ScheduleId> {
    let id: String = login.segment("scheduleId")?;
    let id = whole_number(&id).map_err(|_| Failure::unknown_page())?;
    Ok(ScheduleId::named(id))
}
