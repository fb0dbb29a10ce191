//! Operator groups: their members, duty state and permissions. (Off-duty schedules are in `schedules`.)

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Extension, Path};
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::json;
use strum::VariantNames as _;

use super::Console;
use super::form::{Form, FormData, FormField};
use super::page::{Crumb, FormPage, Frame, Question, Result, Section, crumb, page, page_with};
use super::visit::{LoggedIn, parse};
use crate::domain::text::Description;
use crate::domain::{
    GroupKind, Operator, OperatorGroup, OperatorGroupAuthorization, OperatorGroupGuid,
};
use crate::service;
use crate::status::status;
use crate::wire::bind;

pub fn routes() -> Router<Console> {
    Router::new()
        .route("/groups", get(list).post(create))
        .route("/groups/new", get(new))
        .route("/groups/{guid}", get(show).post(save))
        .route("/groups/{guid}/delete", get(ask_to_delete).post(delete))
        .route("/groups/{guid}/members", post(add_member))
        .route("/groups/{guid}/members/remove", post(remove_member))
        .route("/groups/{guid}/duty", post(set_duty))
        .route("/groups/{guid}/permissions", post(authorize))
        .route(
            "/groups/{guid}/permissions/withdraw",
            post(delete_authorization),
        )
}

pub fn path_of(group: OperatorGroupGuid) -> String {
    format!("/console/groups/{group}")
}

fn crumbs() -> Vec<Crumb> {
    vec![
        crumb("Account setup", "/console/setup"),
        crumb("Operator groups", "/console/groups"),
    ]
}

/// Returns the breadcrumbs of the pages below a group.
pub fn crumbs_below(group: &OperatorGroup) -> Vec<Crumb> {
    let mut crumbs = crumbs();
    crumbs.push(crumb(group.description.as_str(), path_of(group.guid)));
    crumbs
}

#[derive(Template)]
#[template(path = "groups.html")]
struct List {
    frame: Frame,
    rows: Vec<Row>,
    may_administer: bool,
}

struct Row {
    group: Arc<OperatorGroup>,
    members: usize,
    on_duty: usize,
}

async fn list(login: LoggedIn) -> Result<Response> {
    let account = login.account();
    let row = |group: &Arc<OperatorGroup>| -> Result<Row> {
        let members = account.members_of(group.guid)?;
        let is_on_duty = |guid: &&_| {
            account
                .operator(**guid)
                .is_ok_and(|operator| operator.profile().is_on_duty)
        };
        Ok(Row {
            group: Arc::clone(group),
            on_duty: members.iter().filter(is_on_duty).count(),
            members: members.len(),
        })
    };
    page(&List {
        frame: login.frame(Section::OperatorGroups, "Operator groups"),
        rows: account
            .operator_groups
            .iter()
            .map(row)
            .collect::<Result<_>>()?,
        may_administer: login.is_administrator(),
    })
}

fn form() -> Form {
    Form::new([FormField::text("Description", "Description").required()])
}

fn new_page(login: &LoggedIn, form: Form) -> FormPage {
    FormPage {
        frame: login.frame(Section::OperatorGroups, "Add operator group"),
        crumbs: crumbs(),
        intro: "",
        form,
        action: "/console/groups".to_owned(),
        submit: "Add operator group",
        cancel: "/console/groups".to_owned(),
    }
}

async fn new(login: LoggedIn) -> Result<Response> {
    page(&new_page(&login, form()))
}

async fn create(login: LoggedIn, Extension(data): Extension<FormData>) -> Result<Response> {
    let form = form().with_data(&data);
    let input = bind::<(), Description>(&form.object(), None);
    match service::operator_group::create(login.app(), &login.caller, input).await {
        Ok(group) => Ok(login.visit.done(
            format!("{} was added.", group.description),
            path_of(group.guid),
        )),
        Err(error) => page_with(status(&error), &new_page(&login, form.with_error(error)?)),
    }
}

#[derive(Template)]
#[template(path = "group.html")]
struct Show {
    frame: Frame,
    crumbs: Vec<Crumb>,
    group: Arc<OperatorGroup>,
    /// The members, each with whether it cannot leave.
    members: Vec<(Arc<Operator>, bool)>,
    others: Vec<Arc<Operator>>,
    held: Vec<&'static str>,
    assignable: Vec<&'static str>,
    form: Form,
    may_administer: bool,
}

impl Show {
    fn path(&self) -> String {
        path_of(self.group.guid)
    }

    fn is_everyone(&self) -> bool {
        self.group.kind == GroupKind::Everyone
    }

    /// Returns whether a permission is reserved for one system group, and so has no button here.
    fn is_of_group(permission: &str) -> bool {
        permission == <&str>::from(OperatorGroupAuthorization::Administrator)
    }
}

fn page_of(login: &LoggedIn, guid: OperatorGroupGuid, form: Form) -> Result<Show> {
    let account = login.account();
    let group = Arc::clone(account.operator_group(guid)?);
    let guids = account.members_of(guid)?;
    let (members, others): (Vec<_>, _) = account
        .operators
        .iter()
        .cloned()
        .partition(|operator| guids.contains(&operator.guid));
    let members = members.into_iter().map(|operator| {
        let stays = account.always_holds(&group, operator.guid);
        (operator, stays)
    });
    let members = members.collect();
    let held: Vec<&str> = group
        .all_authorizations()
        .into_iter()
        .map(<&str>::from)
        .collect();
    let words = OperatorGroupAuthorization::VARIANTS.iter().copied();
    Ok(Show {
        frame: login.frame(Section::OperatorGroups, group.description.as_str()),
        crumbs: crumbs(),
        members,
        others,
        assignable: words
            .filter(|word| !held.contains(word) && !Show::is_of_group(word))
            .collect(),
        held,
        form,
        group,
        may_administer: login.is_administrator(),
    })
}

async fn show(login: LoggedIn, Path(guid): Path<String>) -> Result<Response> {
    let group = login.account().operator_group(parse(&guid)?)?;
    let form = form().with_object(&json!({"Description": group.description}));
    page(&page_of(&login, group.guid, form)?)
}

async fn save(
    login: LoggedIn,
    Path(guid): Path<String>,
    Extension(data): Extension<FormData>,
) -> Result<Response> {
    let guid: OperatorGroupGuid = parse(&guid)?;
    let form = form().with_data(&data);
    let input = bind::<OperatorGroupGuid, Description>(&form.object(), Some(&guid));
    match service::operator_group::update(login.app(), &login.caller, guid, input).await {
        Ok(()) => Ok(login.visit.done("The group was saved.", path_of(guid))),
        Err(error) => page_with(
            status(&error),
            &page_of(&login, guid, form.with_error(error)?)?,
        ),
    }
}

async fn ask_to_delete(login: LoggedIn, Path(guid): Path<String>) -> Result<Response> {
    let group = login.account().operator_group(parse(&guid)?)?;
    page(&Question {
        frame: login.frame(Section::OperatorGroups, "Delete operator group"),
        crumbs: crumbs_below(group),
        text: format!("{} will be gone; its operators stay.", group.description),
        action: path_of(group.guid) + "/delete",
        submit: "Delete operator group",
        cancel: path_of(group.guid),
    })
}

async fn delete(login: LoggedIn, Path(guid): Path<String>) -> Result<Response> {
    service::operator_group::delete(login.app(), &login.caller, parse(&guid)?).await?;
    Ok(login
        .visit
        .done("The group was deleted.", "/console/groups"))
}

async fn add_member(
    login: LoggedIn,
    Path(guid): Path<String>,
    Extension(data): Extension<FormData>,
) -> Result<Response> {
    let (guid, operator) = (
        parse(&guid)?,
        parse(&data.get("operator").unwrap_or_default())?,
    );
    service::operator_group::add_member(login.app(), &login.caller, guid, operator).await?;
    Ok(login
        .visit
        .done("The operator joined the group.", path_of(guid)))
}

async fn remove_member(
    login: LoggedIn,
    Path(guid): Path<String>,
    Extension(data): Extension<FormData>,
) -> Result<Response> {
    let (guid, operator) = (
        parse(&guid)?,
        parse(&data.get("operator").unwrap_or_default())?,
    );
    service::operator_group::remove_member(login.app(), &login.caller, guid, operator).await?;
    Ok(login
        .visit
        .done("The operator left the group.", path_of(guid)))
}

async fn set_duty(
    login: LoggedIn,
    Path(guid): Path<String>,
    Extension(data): Extension<FormData>,
) -> Result<Response> {
    let guid = parse(&guid)?;
    let is_on_duty = data.get("duty").as_deref() == Some("on");
    service::operator_group::set_all_on_duty(login.app(), &login.caller, guid, is_on_duty).await?;
    let word = if is_on_duty { "on" } else { "off" };
    Ok(login.visit.done(
        format!("All operators of the group are {word} duty."),
        path_of(guid),
    ))
}

async fn authorize(
    login: LoggedIn,
    Path(guid): Path<String>,
    Extension(data): Extension<FormData>,
) -> Result<Response> {
    let (guid, word) = (parse(&guid)?, data.get("permission").unwrap_or_default());
    service::operator_group::authorize(login.app(), &login.caller, guid, parse(&word)?).await?;
    Ok(login
        .visit
        .done(format!("{word} was assigned."), path_of(guid)))
}

async fn delete_authorization(
    login: LoggedIn,
    Path(guid): Path<String>,
    Extension(data): Extension<FormData>,
) -> Result<Response> {
    let (guid, word) = (parse(&guid)?, data.get("permission").unwrap_or_default());
    service::operator_group::remove_authorization(login.app(), &login.caller, guid, parse(&word)?)
        .await?;
    Ok(login
        .visit
        .done(format!("{word} was withdrawn."), path_of(guid)))
}
