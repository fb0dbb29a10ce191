//! The operators of an account, and an operator's tabs Main, Member of and Permissions. (Off-duty schedules are in
//! `schedules`, API management is in `api_users`.)

use std::sync::Arc;

use strum::VariantNames;

use super::form::MOST_SUGGESTED;
use super::prelude::*;
use crate::domain::api_user::LastUsed;
use crate::domain::operator::{SetupMode, SmsProvider};
use crate::domain::outgoing_phone_number::OUTGOING_PHONE_NUMBERS;
use crate::domain::text::CULTURES;
use crate::domain::{
    NewOperator, Operator, OperatorAuthorization, OperatorChange, OperatorGroup, OperatorGuid,
};
use crate::error::Error;
use crate::service;
use crate::service::timezone::timezones;
use crate::wire::{OperatorBody, bind};

pub fn routes() -> Router<Console> {
    Router::new()
        .route("/operators", get(list).post(create))
        .route("/operators/new", get(new))
        .route("/operators/{guid}", get(main).post(save))
        .route("/operators/{guid}/delete", get(ask_to_delete).post(delete))
        .route("/operators/{guid}/groups", get(groups).post(join))
        .route("/operators/{guid}/groups/leave", post(leave))
        .route(
            "/operators/{guid}/permissions",
            get(permissions).post(change_permissions),
        )
}

pages! {
    List = "operators.html" { operators: Listed<Row> }
    /// The page of a new operator, or the tab Main of one.
    Main = "operator.html" {
        head: Option<Head>,
        form: Form,
        submit: &'static str,
        /// Numbers that calls come from, and time zones, each with its label.
        numbers: Vec<(i32, String)>,
        zones: Vec<(i32, String)>,
        hash: String,
        may_delete: bool,
    }
    MemberOf = "operator_groups_of.html" {
        head: Head,
        /// The operator's groups, each with whether the operator cannot leave it.
        groups: Listed<(Arc<OperatorGroup>, bool)>,
        form: Form,
        /// Some of the other groups.
        others: Vec<(String, String)>,
    }
    PermissionsTab = "operator_permissions.html" { head: Head, permissions: Permissions }
}

/// The header above each tab of an operator.
#[derive(Debug)]
pub struct Head {
    pub guid: OperatorGuid,
    pub name: String,
    pub email: String,
    /// `Owner`, `Administrator` or empty.
    pub right: &'static str,
    pub is_on_duty: bool,
    pub is_active: bool,
}

impl Head {
    pub fn new(login: &LoggedIn, operator: &Operator) -> Self {
        let account = login.account();
        Self {
            guid: operator.guid,
            name: operator.profile().full_name.to_string(),
            email: operator.profile().email.to_string(),
            right: match operator.guid {
                guid if guid == account.owner => "Owner",
                guid if account.is_administrator(guid) => "Administrator",
                _ => "",
            },
            is_active: account.is_active(operator.guid),
            is_on_duty: operator.profile().is_on_duty,
        }
    }

    pub fn path(&self) -> String {
        path_of(self.guid)
    }
}

pub fn path_of(operator: OperatorGuid) -> String {
    format!("/console/operators/{operator}")
}

pub fn crumbs() -> Vec<Crumb> {
    vec![
        crumb("Account setup", "/console/setup"),
        crumb("Operators", "/console/operators"),
    ]
}

/// Returns the breadcrumbs of the pages below an operator.
pub fn crumbs_below(operator: &Operator) -> Vec<Crumb> {
    let mut crumbs = crumbs();
    let name = operator.profile().full_name.as_str();
    crumbs.push(crumb(name, path_of(operator.guid)));
    crumbs
}

struct Row {
    head: Head,
    last_used: Option<String>,
}

/// "Click the View all operators button." (API management)
async fn list(login: LoggedIn) -> Result<Response> {
    let account = login.account();
    let row = |operator: &Arc<Operator>| {
        let api_users = account.api_users_of(operator.guid);
        let last_used = api_users.map(|api_user| login.usage(api_user).0).max();
        Row {
            head: Head::new(&login, operator),
            last_used: last_used.map(LastUsed::readable),
        }
    };
    page(&List {
        frame: login.frame("Operators").below(crumbs()[..1].to_vec()),
        operators: Listed::search(&login, account.operators.iter(), |operator| texts(operator))
            .map(row),
    })
}

/// Returns what operators are found by.
pub fn texts(operator: &Arc<Operator>) -> Vec<String> {
    let profile = operator.profile();
    let (name, email) = (profile.full_name.to_string(), profile.email.to_string());
    vec![name, email, operator.guid.to_string()]
}

/// Returns the page of an operator, or that of a new one.
fn main_page(login: &LoggedIn, operator: Option<&Operator>) -> Result<Response> {
    let (account, caller) = (login.account(), login.caller());
    let title = operator.map_or("Add operator", |operator| {
        operator.profile().full_name.as_str()
    });
    let form = match operator {
        None => Form::to("/console/operators"),
        Some(operator) => {
            let body = serde_json::to_value(OperatorBody::new(operator, account.owner));
            let form = Form::to(path_of(operator.guid)).with_object(&body.unwrap_or_default());
            let may_edit = caller.may_edit_operator(account, operator.guid);
            form.disabled_unless(may_edit.is_ok())
        }
    };
    let zones = timezones(login.app.store.now(&login.operator.tenant).year());
    let zones = zones.iter().map(|zone| (zone.id, zone.description.clone()));
    let numbers = OUTGOING_PHONE_NUMBERS.iter().map(|number| {
        let label = format!("{} ({})", number.phone_number, number.description);
        (number.id, label)
    });
    let is_free = |guid| ![account.owner, caller.operator].contains(&guid);
    page(&Main {
        frame: login.frame(title).below(crumbs()),
        head: operator.map(|operator| Head::new(login, operator)),
        form: login.form(form),
        submit: operator.map_or("Add operator", |_| "Save"),
        numbers: numbers.collect(),
        zones: zones.collect(),
        hash: operator.map_or("", Operator::hash).to_owned(),
        may_delete: login.is_administrator()
            && operator.is_some_and(|operator| is_free(operator.guid)),
    })
}

async fn new(login: LoggedIn) -> Result<Response> {
    main_page(&login, None)
}

async fn create(login: LoggedIn) -> Result<Response> {
    let input = bind::<(), NewOperator>(&login.data.entries(), None);
    let operator = service::operator::create(&login.app, login.caller(), input).await?;
    let notice = format!("{} was added.", operator.profile().full_name);
    Ok(done(notice, path_of(operator.guid)))
}

async fn main(login: LoggedIn) -> Result<Response> {
    let operator = login.account().operator(login.segment("guid")?)?;
    main_page(&login, Some(operator))
}

/// Saves the form; as with PATCH, a field missing from it stays unchanged.
async fn save(login: LoggedIn) -> Result<Response> {
    let guid: OperatorGuid = login.segment("guid")?;
    let input = bind::<OperatorGuid, OperatorChange>(&login.data.entries(), Some(&guid));
    service::operator::update(&login.app, login.caller(), guid, input).await?;
    Ok(done("The operator was saved.", path_of(guid)))
}

async fn ask_to_delete(login: LoggedIn) -> Result<Response> {
    let operator = login.account().operator(login.segment("guid")?)?;
    let text = format!(
        "{} will be gone, and with this operator all its API users, memberships, permissions and off-duty schedules.",
        operator.profile().full_name
    );
    login.ask("Delete operator", text, crumbs_below(operator))
}

async fn delete(login: LoggedIn) -> Result<Response> {
    service::operator::delete(&login.app, login.caller(), login.segment("guid")?).await?;
    Ok(done("The operator was deleted.", "/console/operators"))
}

async fn groups(login: LoggedIn) -> Result<Response> {
    let account = login.account();
    let operator = account.operator(login.segment("guid")?)?;
    let joined = account.groups_of(operator.guid)?;
    let is_joined = |group: &&Arc<OperatorGroup>| joined.contains(&group.guid);
    let all = || account.operator_groups.iter();
    let others = all().filter(|group| !is_joined(group));
    let others = others.map(|group| (group.guid.to_string(), group.description.to_string()));
    let head = Head::new(&login, operator);
    page(&MemberOf {
        frame: login
            .frame(format!("{}: member of", head.name))
            .below(crumbs()),
        groups: Listed::new(&login, all().filter(is_joined)).map(|group| {
            let stays = account.always_holds(group, operator.guid);
            (Arc::clone(group), stays)
        }),
        form: login.form(Form::to(path_of(operator.guid) + "/groups")),
        others: others.take(MOST_SUGGESTED).collect(),
        head,
    })
}

async fn join(login: LoggedIn) -> Result<Response> {
    let guid = login.segment("guid")?;
    let group = login.account().group_named(login.data.text("group").trim());
    let group = group.map_err(|message| Error::malformed("group", message))?;
    service::operator_group::add_member(&login.app, login.caller(), group.guid, guid).await?;
    Ok(done(
        "The operator joined the group.",
        path_of(guid) + "/groups",
    ))
}

async fn leave(login: LoggedIn) -> Result<Response> {
    let (guid, group) = (login.segment("guid")?, login.value("group")?);
    service::operator_group::remove_member(&login.app, login.caller(), group, guid).await?;
    Ok(done(
        "The operator left the group.",
        path_of(guid) + "/groups",
    ))
}

/// The permissions of an operator or a group.
#[derive(Debug)]
pub struct Permissions {
    pub held: Vec<&'static str>,
    pub assignable: Vec<&'static str>,
    /// The one that is tied to a group, and so has no button.
    pub reserved: &'static str,
}

impl Permissions {
    pub fn new<P: Into<&'static str> + VariantNames>(
        held: impl IntoIterator<Item = P>,
        reserved: P,
    ) -> Self {
        let (held, reserved): (Vec<_>, _) =
            (held.into_iter().map(P::into).collect(), reserved.into());
        let is_free = |word: &&'static str| !held.contains(word) && *word != reserved;
        Self {
            assignable: P::VARIANTS.iter().copied().filter(is_free).collect(),
            held,
            reserved,
        }
    }
}

async fn permissions(login: LoggedIn) -> Result<Response> {
    let operator = login.account().operator(login.segment("guid")?)?;
    let held = login.account().authorizations_of(operator.guid)?;
    let name = &operator.profile().full_name;
    page(&PermissionsTab {
        frame: login.frame(format!("{name}: permissions")).below(crumbs()),
        head: Head::new(&login, operator),
        permissions: Permissions::new(held, OperatorAuthorization::AccountAdministrator),
    })
}

async fn change_permissions(login: LoggedIn) -> Result<Response> {
    let (guid, word) = (login.segment("guid")?, login.value("permission")?);
    let (app, caller) = (&login.app, login.caller());
    let notice = if login.data.get("withdraw").is_some() {
        service::operator::remove_authorization(app, caller, guid, word).await?;
        "The permission was withdrawn."
    } else {
        service::operator::authorize(app, caller, guid, word).await?;
        "The permission was assigned."
    };
    Ok(done(notice, path_of(guid) + "/permissions"))
}
