//! The operators of an account, and an operator's tabs Main, Member of and Permissions. (Off-duty schedules are in
//! `schedules`, API management is in `api_users`.)

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Extension, Path, Query};
use axum::response::Response;
use axum::routing::{get, post};
use strum::VariantNames as _;

use super::Console;
use super::form::{Form, FormData, FormField};
use super::page::{Crumb, FormPage, Frame, Question, Result, Section, crumb, page, page_with};
use super::setup::Search;
use super::visit::{LoggedIn, parse};
use crate::domain::operator::{SetupMode, SmsProvider};
use crate::domain::outgoing_phone_number::OUTGOING_PHONE_NUMBERS;
use crate::domain::text::CULTURES;
use crate::domain::{
    NewOperator, Operator, OperatorAuthorization, OperatorChange, OperatorGroup, OperatorGuid,
};
use crate::service;
use crate::service::timezone::timezones;
use crate::status::status;
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
            get(permissions).post(authorize),
        )
        .route(
            "/operators/{guid}/permissions/withdraw",
            post(delete_authorization),
        )
}

/// The tabs of an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    Main,
    Schedules,
    Groups,
    Permissions,
    ApiUsers,
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
    pub tab: Tab,
}

impl Head {
    pub fn new(login: &LoggedIn, operator: &Operator, tab: Tab) -> Self {
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
            tab,
        }
    }

    pub fn path(&self) -> String {
        path_of(self.guid)
    }

    pub fn current(&self, tab: Tab) -> &'static str {
        if self.tab == tab {
            "aria-current=page"
        } else {
            ""
        }
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

#[derive(Template)]
#[template(path = "operators.html")]
struct List {
    frame: Frame,
    search: Search,
    rows: Vec<Row>,
    all: usize,
}

struct Row {
    head: Head,
    last_used: Option<String>,
}

/// "Click the View all operators button." (API management)
async fn list(login: LoggedIn, Query(search): Query<Search>) -> Result<Response> {
    let account = login.account();
    let now = login.app().store.now(&login.tenant);
    let rows = account
        .operators
        .iter()
        .filter(|operator| {
            let profile = operator.profile();
            search.matches(&[
                profile.full_name.as_str(),
                profile.email.as_str(),
                &operator.guid.to_string(),
            ])
        })
        .map(|operator| {
            let api_users = account.api_users_of(operator.guid);
            let last_used = api_users.map(|api_user| {
                let usage = login.tenant.usage.of(api_user.guid, now);
                api_user.used(usage).0
            });
            Row {
                head: Head::new(&login, operator, Tab::Main),
                last_used: last_used.max().map(|last_used| last_used.to_string()),
            }
        })
        .collect();
    page(&List {
        frame: login.frame(Section::Operators, "Operators"),
        search,
        rows,
        all: account.operators.len(),
    })
}

fn form(login: &LoggedIn) -> Form {
    let zones = timezones(login.app().store.now(&login.tenant).year());
    let zones = zones.iter().map(|zone| (zone.id, zone.description.clone()));
    let numbers = OUTGOING_PHONE_NUMBERS.iter().map(|number| {
        (
            number.id,
            format!("{} ({})", number.phone_number, number.description),
        )
    });
    let default = "Account default";
    Form::default()
        .group(
            "Operator",
            [
                FormField::text("FullName", "Full name").required(),
                FormField::input("email", "Email", "E-mail address")
                    .required()
                    .hint("The name to log in with. Unique in the account."),
                FormField::input("password", "Password", "Password")
                    .autocomplete("new-password")
                    .hint("Leave it empty to keep the one there is."),
                FormField::input("email", "BackupEmail", "Backup e-mail address"),
                FormField::check("IsOnDuty", "On duty"),
            ],
        )
        .group(
            "Phone and SMS",
            [
                FormField::input("tel", "MobilePhone", "Mobile phone").hint("With country code: +31 6 1234 5678"),
                FormField::input("tel", "OutgoingPhoneNumber", "Outgoing phone number"),
                FormField::number_choice("OutgoingPhoneNumberId", "Number that calls come from", default, numbers),
                FormField::word("SmsProvider", "SMS provider", None, SmsProvider::VARIANTS),
                FormField::optional_flag("UseNumericSender", "Numeric sender"),
                FormField::text("PhoneProvider", "Phone provider").hint("Empty: UseAccountSetting"),
            ],
        )
        .group(
            "Preferences",
            [
                FormField::word("CultureName", "Culture", Some(default), &CULTURES),
                FormField::number_choice("TimeZoneId", "Time zone", default, zones),
                FormField::text("DefaultDashboard", "Default dashboard")
                    .hint("A built-in one such as AccountOverview, or a GUID. Empty: UseAccountSpecifiedDashboard"),
            ],
        )
        .group(
            "Access",
            [
                FormField::optional_flag("AllowNativeLogin", "Log in with a password"),
                FormField::optional_flag("AllowSingleSignon", "Single sign-on"),
                FormField::text("OperatorRole", "Role").hint("Empty: Unspecified"),
                FormField::word("SetupMode", "Setup", None, SetupMode::VARIANTS)
                    .hint("Who is invited chooses the password."),
            ],
        )
}

fn new_page(login: &LoggedIn, form: Form) -> FormPage {
    FormPage {
        frame: login.frame(Section::Operators, "Add operator"),
        crumbs: crumbs(),
        intro: "A new operator is a member of Everyone and may access the account.",
        form,
        action: "/console/operators".to_owned(),
        submit: "Add operator",
        cancel: "/console/operators".to_owned(),
    }
}

async fn new(login: LoggedIn) -> Result<Response> {
    page(&new_page(&login, form(&login)))
}

async fn create(login: LoggedIn, Extension(data): Extension<FormData>) -> Result<Response> {
    let form = form(&login).with_data(&data);
    let input = bind::<(), NewOperator>(&form.object(), None);
    match service::operator::create(login.app(), &login.caller, input).await {
        Ok(operator) => Ok(login.visit.done(
            format!("{} was added.", operator.profile().full_name),
            path_of(operator.guid),
        )),
        Err(error) => page_with(status(&error), &new_page(&login, form.with_error(error)?)),
    }
}

#[derive(Template)]
#[template(path = "operator.html")]
struct Main {
    frame: Frame,
    head: Head,
    form: Form,
    hash: String,
    may_edit: bool,
    may_delete: bool,
}

fn main_page(login: &LoggedIn, operator: &Operator, form: Form) -> Main {
    let head = Head::new(login, operator, Tab::Main);
    let may_edit = login
        .caller
        .may_edit_operator(login.account(), operator.guid);
    Main {
        frame: login.frame(Section::Operators, head.name.clone()),
        may_edit: may_edit.is_ok(),
        may_delete: login.is_administrator()
            && operator.guid != login.account().owner
            && operator.guid != login.caller.operator,
        hash: operator.hash().to_owned(),
        head,
        form,
    }
}

async fn main(login: LoggedIn, Path(guid): Path<String>) -> Result<Response> {
    let operator = login.account().operator(parse(&guid)?)?;
    let body = OperatorBody::new(operator, login.account().owner);
    let form = form(&login).with_object(&serde_json::to_value(body).unwrap_or_default());
    page(&main_page(&login, operator, form))
}

/// Saves the form; as with PATCH, a field missing from it stays unchanged.
async fn save(
    login: LoggedIn,
    Path(guid): Path<String>,
    Extension(data): Extension<FormData>,
) -> Result<Response> {
    let guid: OperatorGuid = parse(&guid)?;
    let form = form(&login).with_data(&data);
    let input = bind::<OperatorGuid, OperatorChange>(&form.patch(), Some(&guid));
    match service::operator::update(login.app(), &login.caller, guid, input).await {
        Ok(()) => Ok(login.visit.done("The operator was saved.", path_of(guid))),
        Err(error) => {
            let status = status(&error);
            let form = form.with_error(error)?;
            page_with(
                status,
                &main_page(&login, login.account().operator(guid)?, form),
            )
        }
    }
}

async fn ask_to_delete(login: LoggedIn, Path(guid): Path<String>) -> Result<Response> {
    let operator = login.account().operator(parse(&guid)?)?;
    page(&Question {
        frame: login.frame(Section::Operators, "Delete operator"),
        crumbs: crumbs_below(operator),
        text: format!(
            "{} will be gone, and with this operator all its API users, memberships, permissions and off-duty schedules.",
            operator.profile().full_name
        ),
        action: path_of(operator.guid) + "/delete",
        submit: "Delete operator",
        cancel: path_of(operator.guid),
    })
}

async fn delete(login: LoggedIn, Path(guid): Path<String>) -> Result<Response> {
    service::operator::delete(login.app(), &login.caller, parse(&guid)?).await?;
    Ok(login
        .visit
        .done("The operator was deleted.", "/console/operators"))
}

#[derive(Template)]
#[template(path = "operator_groups_of.html")]
struct MemberOf {
    frame: Frame,
    head: Head,
    /// The operator's groups, each with whether the operator cannot leave it.
    groups: Vec<(Arc<OperatorGroup>, bool)>,
    others: Vec<Arc<OperatorGroup>>,
    may_administer: bool,
}

async fn groups(login: LoggedIn, Path(guid): Path<String>) -> Result<Response> {
    let account = login.account();
    let operator = account.operator(parse(&guid)?)?;
    let joined = account.groups_of(operator.guid)?;
    let (groups, others): (Vec<_>, _) = account
        .operator_groups
        .iter()
        .cloned()
        .partition(|group| joined.contains(&group.guid));
    let groups = groups.into_iter().map(|group| {
        let stays = account.always_holds(&group, operator.guid);
        (group, stays)
    });
    let head = Head::new(&login, operator, Tab::Groups);
    page(&MemberOf {
        frame: login.frame(Section::Operators, format!("{}: member of", head.name)),
        head,
        groups: groups.collect(),
        others,
        may_administer: login.is_administrator(),
    })
}

async fn join(
    login: LoggedIn,
    Path(guid): Path<String>,
    Extension(data): Extension<FormData>,
) -> Result<Response> {
    let (guid, group) = (
        parse(&guid)?,
        parse(&data.get("group").unwrap_or_default())?,
    );
    service::operator_group::add_member(login.app(), &login.caller, group, guid).await?;
    Ok(login
        .visit
        .done("The operator joined the group.", path_of(guid) + "/groups"))
}

async fn leave(
    login: LoggedIn,
    Path(guid): Path<String>,
    Extension(data): Extension<FormData>,
) -> Result<Response> {
    let (guid, group) = (
        parse(&guid)?,
        parse(&data.get("group").unwrap_or_default())?,
    );
    service::operator_group::remove_member(login.app(), &login.caller, group, guid).await?;
    Ok(login
        .visit
        .done("The operator left the group.", path_of(guid) + "/groups"))
}

#[derive(Template)]
#[template(path = "operator_permissions.html")]
struct Permissions {
    frame: Frame,
    head: Head,
    held: Vec<&'static str>,
    assignable: Vec<&'static str>,
    may_administer: bool,
}

impl Permissions {
    /// Returns whether a permission is tied to the membership of a group, and so has no button here.
    fn is_of_group(permission: &str) -> bool {
        permission == <&str>::from(OperatorAuthorization::AccountAdministrator)
    }
}

async fn permissions(login: LoggedIn, Path(guid): Path<String>) -> Result<Response> {
    let account = login.account();
    let operator = account.operator(parse(&guid)?)?;
    let held = account.authorizations_of(operator.guid)?;
    let held: Vec<&str> = held.into_iter().map(<&str>::from).collect();
    let words = OperatorAuthorization::VARIANTS.iter().copied();
    let words = words.filter(|word| !held.contains(word) && !Permissions::is_of_group(word));
    let words = words.collect();
    let name = &operator.profile().full_name;
    page(&Permissions {
        frame: login.frame(Section::Operators, format!("{name}: permissions")),
        head: Head::new(&login, operator, Tab::Permissions),
        assignable: words,
        held,
        may_administer: login.is_administrator(),
    })
}

async fn authorize(
    login: LoggedIn,
    Path(guid): Path<String>,
    Extension(data): Extension<FormData>,
) -> Result<Response> {
    let (guid, word) = (parse(&guid)?, data.get("permission").unwrap_or_default());
    service::operator::authorize(login.app(), &login.caller, guid, parse(&word)?).await?;
    let notice = format!("{word} was assigned.");
    Ok(login.visit.done(notice, path_of(guid) + "/permissions"))
}

async fn delete_authorization(
    login: LoggedIn,
    Path(guid): Path<String>,
    Extension(data): Extension<FormData>,
) -> Result<Response> {
    let (guid, word) = (parse(&guid)?, data.get("permission").unwrap_or_default());
    service::operator::remove_authorization(login.app(), &login.caller, guid, parse(&word)?)
        .await?;
    let notice = format!("{word} was withdrawn.");
    Ok(login.visit.done(notice, path_of(guid) + "/permissions"))
}
