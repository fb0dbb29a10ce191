//! Off-duty schedules of operators and of groups.

use askama::Template;
use axum::Router;
use axum::extract::{Extension, Path};
use axum::response::Response;
use axum::routing::{get, post};
use strum::VariantNames as _;

use super::Console;
use super::form::{Form, FormData, FormField};
use super::operator_groups;
use super::operators::{self, Head, Tab};
use super::page::{Crumb, Failure, FormPage, Frame, Result, Section, crumb, page, page_with};
use super::visit::{LoggedIn, parse};
use crate::domain::account::ScheduleOwner;
use crate::domain::duty_schedule::{ScheduleMode, WeekDay};
use crate::domain::text::whole_number;
use crate::domain::{DutySchedule, OperatorGroupGuid, OperatorGuid, Recurrence, ScheduleId};
use crate::service;
use crate::status::status;
use crate::wire::{DutyScheduleBody, bind};

pub fn routes() -> Router<Console> {
    Router::new()
        .merge(routes_below::<OperatorGuid>("/operators"))
        .merge(routes_below::<OperatorGroupGuid>("/groups"))
}

fn routes_below<O: Owner>(path: &str) -> Router<Console> {
    let path = format!("{path}/{{guid}}/schedules");
    Router::new()
        .route(&path, get(list::<O>).post(create::<O>))
        .route(
            &format!("{path}/{{scheduleId}}"),
            get(show::<O>).post(save::<O>),
        )
        .route(&format!("{path}/{{scheduleId}}/delete"), post(delete::<O>))
}

/// The owner of schedules, an operator or a group, and its pages.
trait Owner: std::str::FromStr + Into<ScheduleOwner> + Copy + Send + Sync + 'static {
    const SECTION: Section;

    fn path(self) -> String;

    /// Returns the breadcrumbs above the schedules.
    fn crumbs(self, login: &LoggedIn) -> Result<Vec<Crumb>>;

    /// Returns the header of the tab, if the schedules are shown in one.
    fn head(self, login: &LoggedIn) -> Result<Option<Head>>;
}

impl Owner for OperatorGuid {
    const SECTION: Section = Section::Operators;

    fn path(self) -> String {
        operators::path_of(self) + "/schedules"
    }

    fn crumbs(self, login: &LoggedIn) -> Result<Vec<Crumb>> {
        Ok(operators::crumbs_below(login.account().operator(self)?))
    }

    fn head(self, login: &LoggedIn) -> Result<Option<Head>> {
        let operator = login.account().operator(self)?;
        Ok(Some(Head::new(login, operator, Tab::Schedules)))
    }
}

impl Owner for OperatorGroupGuid {
    const SECTION: Section = Section::OperatorGroups;

    fn path(self) -> String {
        operator_groups::path_of(self) + "/schedules"
    }

    fn crumbs(self, login: &LoggedIn) -> Result<Vec<Crumb>> {
        Ok(operator_groups::crumbs_below(
            login.account().operator_group(self)?,
        ))
    }

    fn head(self, _: &LoggedIn) -> Result<Option<Head>> {
        Ok(None)
    }
}

#[derive(Template)]
#[template(path = "schedules.html")]
struct List {
    frame: Frame,
    head: Option<Head>,
    crumbs: Vec<Crumb>,
    path: String,
    rows: Vec<Row>,
    form: Form,
    may_edit: bool,
}

struct Row {
    id: ScheduleId,
    mode: &'static str,
    when: String,
    is_copy: bool,
}

impl From<&DutySchedule> for Row {
    fn from(schedule: &DutySchedule) -> Self {
        let when = match schedule.recurrence {
            Recurrence::OneTime { start, end } => {
                format!("{} to {} UTC", start.day_first(), end.day_first())
            }
            Recurrence::Daily { hours } => format!("{} to {}", hours.start(), hours.end()),
            Recurrence::Weekly { day, hours } => {
                format!(
                    "{}, {} to {}",
                    <&str>::from(day),
                    hours.start(),
                    hours.end()
                )
            }
            Recurrence::Monthly { day, hours } => {
                format!("day {}, {} to {}", day.get(), hours.start(), hours.end())
            }
        };
        Self {
            id: schedule.id,
            mode: schedule.recurrence.mode().into(),
            when,
            is_copy: schedule.copy_of.is_some(),
        }
    }
}

/// Returns the form. Fields of modes other than the selected one stay empty; the script hides them.
fn form() -> Form {
    Form::new([
        FormField::word("ScheduleMode", "Repeats", None, ScheduleMode::VARIANTS).required(),
        FormField::input("datetime-local", "StartDateTime", "Start (UTC)")
            .shown_for("ScheduleMode=OneTime"),
        FormField::input("datetime-local", "EndDateTime", "End (UTC)")
            .shown_for("ScheduleMode=OneTime"),
        FormField::word("WeekDay", "Day of the week", Some("–"), WeekDay::VARIANTS)
            .shown_for("ScheduleMode=Weekly"),
        FormField::number("MonthDay", "Day of the month")
            .hint("1 to 31")
            .shown_for("ScheduleMode=Monthly"),
        FormField::input("time", "StartTime", "From time")
            .shown_for("ScheduleMode=Daily,Weekly,Monthly"),
        FormField::input("time", "EndTime", "To time")
            .hint("Before the start: runs past midnight")
            .shown_for("ScheduleMode=Daily,Weekly,Monthly"),
    ])
}

fn may_edit<O: Owner>(login: &LoggedIn, owner: O) -> bool {
    let account = login.account();
    match owner.into() {
        ScheduleOwner::Operator(guid) => login.caller.may_edit_operator(account, guid),
        ScheduleOwner::Group(_) => login.caller.may_administer(account),
    }
    .is_ok()
}

fn list_page<O: Owner>(login: &LoggedIn, owner: O, form: Form) -> Result<List> {
    let schedules = login.account().schedules_of(owner.into())?;
    let (head, mut crumbs) = (owner.head(login)?, owner.crumbs(login)?);
    let name = crumbs.last().map_or("", |owner| owner.name.as_str());
    let title = format!("{name}: off-duty schedules");
    if head.is_some() {
        // A tab has the breadcrumbs of the operator's page.
        crumbs.pop();
    }
    Ok(List {
        frame: login.frame(O::SECTION, title),
        head,
        crumbs,
        path: owner.path(),
        rows: schedules.values().map(Row::from).collect(),
        form,
        may_edit: may_edit(login, owner),
    })
}

async fn list<O: Owner>(login: LoggedIn, Path(owner): Path<String>) -> Result<Response> {
    page(&list_page::<O>(&login, parse(&owner)?, form())?)
}

async fn create<O: Owner>(
    login: LoggedIn,
    Path(owner): Path<String>,
    Extension(data): Extension<FormData>,
) -> Result<Response> {
    let owner: O = parse(&owner)?;
    let form = form().with_data(&data);
    let input = bind::<(), Recurrence>(&form.object(), None);
    match service::duty_schedule::create(login.app(), &login.caller, owner.into(), input).await {
        Ok(schedule) => Ok(login
            .visit
            .done(format!("Schedule {} was added.", schedule.id), owner.path())),
        Err(error) => page_with(
            status(&error),
            &list_page(&login, owner, form.with_error(error)?)?,
        ),
    }
}

fn edit_page<O: Owner>(login: &LoggedIn, owner: O, id: ScheduleId, form: Form) -> Result<FormPage> {
    let mut crumbs = owner.crumbs(login)?;
    crumbs.push(crumb("Off-duty schedules", owner.path()));
    Ok(FormPage {
        frame: login.frame(O::SECTION, format!("Schedule {id}")),
        crumbs,
        intro: "",
        form,
        action: format!("{}/{id}", owner.path()),
        submit: "Save",
        cancel: owner.path(),
    })
}

async fn show<O: Owner>(
    login: LoggedIn,
    Path((owner, id)): Path<(String, String)>,
) -> Result<Response> {
    let (owner, id): (O, _) = (parse(&owner)?, schedule_id(&id)?);
    let schedules = login.account().schedules_of(owner.into())?;
    let schedule = schedules.get(&id).ok_or_else(Failure::unknown_page)?;
    let body = serde_json::to_value(DutyScheduleBody::from(schedule)).unwrap_or_default();
    page(&edit_page(&login, owner, id, form().with_object(&body))?)
}

async fn save<O: Owner>(
    login: LoggedIn,
    Path((owner, id)): Path<(String, String)>,
    Extension(data): Extension<FormData>,
) -> Result<Response> {
    let (owner, id): (O, _) = (parse(&owner)?, schedule_id(&id)?);
    let form = form().with_data(&data);
    let input = bind::<(), Recurrence>(&form.object(), None);
    match service::duty_schedule::update(login.app(), &login.caller, owner.into(), id, input).await
    {
        Ok(()) => Ok(login
            .visit
            .done(format!("Schedule {id} was saved."), owner.path())),
        Err(error) => {
            let status = status(&error);
            page_with(
                status,
                &edit_page(&login, owner, id, form.with_error(error)?)?,
            )
        }
    }
}

async fn delete<O: Owner>(
    login: LoggedIn,
    Path((owner, id)): Path<(String, String)>,
) -> Result<Response> {
    let (owner, id): (O, _) = (parse(&owner)?, schedule_id(&id)?);
    service::duty_schedule::delete(login.app(), &login.caller, owner.into(), id).await?;
    Ok(login
        .visit
        .done(format!("Schedule {id} was deleted."), owner.path()))
}

fn schedule_id(text: &str) -> Result<ScheduleId> {
    whole_number(text)
        .map(ScheduleId::named)
        .map_err(|_| Failure::unknown_page())
}
