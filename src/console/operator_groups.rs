//! Operator groups: their members, duty state and permissions. (Off-duty schedules are in `schedules`.)

use std::collections::HashSet;
use std::sync::Arc;

use super::form::MOST_SUGGESTED;
use super::operators::{Permissions, texts};
use super::prelude::*;
use crate::domain::text::Description;
use crate::domain::{Operator, OperatorGroup, OperatorGroupAuthorization, OperatorGroupGuid};
use crate::error::Error;
use crate::service;
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
        .route("/groups/{guid}/permissions", post(change_permissions))
}

pages! {
    List = "groups.html" { groups: Listed<Row> }
    New = "group_new.html" { form: Form }
    Show = "group.html" {
        path: String,
        group: Arc<OperatorGroup>,
        /// The members, each with whether it cannot leave.
        members: Listed<(Arc<Operator>, bool)>,
        permissions: Permissions,
        /// The form that adds a member, and some of the other operators.
        add: Form,
        others: Vec<(String, String)>,
        change: Form,
    }
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

struct Row {
    group: Arc<OperatorGroup>,
    members: usize,
    on_duty: usize,
}

async fn list(login: LoggedIn) -> Result<Response> {
    let account = login.account();
    let row = |group: &Arc<OperatorGroup>| {
        let members = account.members_of(group.guid).into_iter().flatten();
        let members: Vec<_> = members
            .filter_map(|guid| account.operator(guid).ok())
            .collect();
        let on_duty = members
            .iter()
            .filter(|operator| operator.profile().is_on_duty);
        Row {
            group: Arc::clone(group),
            on_duty: on_duty.count(),
            members: members.len(),
        }
    };
    let groups = Listed::search(&login, account.operator_groups.iter(), |group| {
        vec![group.description.to_string()]
    });
    page(&List {
        frame: login.frame("Operator groups").below(crumbs()[..1].to_vec()),
        groups: groups.map(row),
    })
}

async fn new(login: LoggedIn) -> Result<Response> {
    page(&New {
        frame: login.frame("Add operator group").below(crumbs()),
        form: login.form(Form::to("/console/groups")),
    })
}

async fn create(login: LoggedIn) -> Result<Response> {
    let input = bind::<(), Description>(&login.data.entries(), None);
    let group = service::operator_group::create(&login.app, login.caller(), input).await?;
    Ok(done(
        format!("{} was added.", group.description),
        path_of(group.guid),
    ))
}

async fn show(login: LoggedIn) -> Result<Response> {
    let account = login.account();
    let group = account.operator_group(login.segment("guid")?)?;
    let guids: HashSet<_> = account.members_of(group.guid)?.into_iter().collect();
    let is_member = |operator: &&Arc<Operator>| guids.contains(&operator.guid);
    let all = || account.operators.iter();
    let others = all().filter(|operator| !is_member(operator));
    let others = others.map(|operator| {
        let profile = operator.profile();
        (profile.email.to_string(), profile.full_name.to_string())
    });
    let change =
        Form::to(path_of(group.guid)).with_value("Description", group.description.as_str());
    page(&Show {
        frame: login.frame(group.description.as_str()).below(crumbs()),
        members: Listed::search(&login, all().filter(is_member), |operator| texts(operator)).map(
            |operator| {
                let stays = account.always_holds(group, operator.guid);
                (Arc::clone(operator), stays)
            },
        ),
        permissions: Permissions::new(
            group.all_authorizations(),
            OperatorGroupAuthorization::Administrator,
        ),
        path: path_of(group.guid),
        group: Arc::clone(group),
        add: login.form(Form::to(path_of(group.guid) + "/members")),
        others: others.take(MOST_SUGGESTED).collect(),
        change: login.form(change),
    })
}

async fn save(login: LoggedIn) -> Result<Response> {
    let guid: OperatorGroupGuid = login.segment("guid")?;
    let input = bind::<OperatorGroupGuid, Description>(&login.data.entries(), Some(&guid));
    service::operator_group::update(&login.app, login.caller(), guid, input).await?;
    Ok(done("The group was saved.", path_of(guid)))
}

async fn ask_to_delete(login: LoggedIn) -> Result<Response> {
    let group = login.account().operator_group(login.segment("guid")?)?;
    let text = format!("{} will be gone; its operators stay.", group.description);
    login.ask("Delete operator group", text, crumbs_below(group))
}

async fn delete(login: LoggedIn) -> Result<Response> {
    service::operator_group::delete(&login.app, login.caller(), login.segment("guid")?).await?;
    Ok(done("The group was deleted.", "/console/groups"))
}

async fn add_member(login: LoggedIn) -> Result<Response> {
    let guid = login.segment("guid")?;
    let operator = login
        .account()
        .operator_named(login.data.text("operator").trim());
    let operator = operator
        .map_err(|message| Error::malformed("operator", message))?
        .guid;
    service::operator_group::add_member(&login.app, login.caller(), guid, operator).await?;
    Ok(done("The operator joined the group.", path_of(guid)))
}

async fn remove_member(login: LoggedIn) -> Result<Response> {
    let (guid, operator) = (login.segment("guid")?, login.value("operator")?);
    service::operator_group::remove_member(&login.app, login.caller(), guid, operator).await?;
    Ok(done("The operator left the group.", path_of(guid)))
}

async fn set_duty(login: LoggedIn) -> Result<Response> {
    let guid = login.segment("guid")?;
    let is_on_duty = login.data.get("duty").as_deref() == Some("on");
    service::operator_group::set_all_on_duty(&login.app, login.caller(), guid, is_on_duty).await?;
    let word = if is_on_duty { "on" } else { "off" };
    Ok(done(
        format!("All operators of the group are {word} duty."),
        path_of(guid),
    ))
}

async fn change_permissions(login: LoggedIn) -> Result<Response> {
    let (guid, word) = (login.segment("guid")?, login.value("permission")?);
    let (app, caller) = (&login.app, login.caller());
    let notice = if login.data.get("withdraw").is_some() {
        service::operator_group::remove_authorization(app, caller, guid, word).await?;
        "The permission was withdrawn."
    } else {
        service::operator_group::authorize(app, caller, guid, word).await?;
        "The permission was assigned."
    };
    Ok(done(notice, path_of(guid)))
}
