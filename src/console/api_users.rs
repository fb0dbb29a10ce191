//! The API management tab of an operator.
//!
//! "The API management tab of an operator lets you manage all API accounts that are related to a specific operator." (API
//! management)

use askama::Template;
use axum::Router;
use axum::extract::{Extension, Path};
use axum::response::Response;
use axum::routing::get;
use serde_json::json;

use super::Console;
use super::form::{Form, FormData, FormField};
use super::operators::{Head, Tab, crumbs_below, path_of};
use super::page::{
    Crumb, Failure, FormPage, Frame, Question, Result, Section, crumb, page, page_with,
};
use super::session::CreatedApiUser;
use super::visit::{LoggedIn, parse};
use crate::domain::account::ApiUserChange;
use crate::domain::{ApiUser, ApiUserGuid, Operator, OperatorGuid};
use crate::service;
use crate::status::status;
use crate::wire::bind;

pub fn routes() -> Router<Console> {
    Router::new()
        .route("/operators/{guid}/api-users", get(list).post(create))
        .route("/operators/{guid}/api-users/new", get(new))
        .route(
            "/operators/{guid}/api-users/{apiUserGuid}",
            get(show).post(save),
        )
        .route(
            "/operators/{guid}/api-users/{apiUserGuid}/password",
            get(password),
        )
        .route(
            "/operators/{guid}/api-users/{apiUserGuid}/delete",
            get(ask_to_delete).post(delete),
        )
}

#[derive(Template)]
#[template(path = "api_users.html")]
struct List {
    frame: Frame,
    head: Head,
    rows: Vec<Row>,
    may_administer: bool,
}

struct Row {
    guid: ApiUserGuid,
    user_name: String,
    description: String,
    api_user_type: &'static str,
    created: String,
    last_used: String,
    requests: i64,
}

fn tab_of(operator: OperatorGuid) -> String {
    path_of(operator) + "/api-users"
}

fn crumbs_of(operator: &Operator) -> Vec<Crumb> {
    let mut crumbs = crumbs_below(operator);
    crumbs.push(crumb("API management", tab_of(operator.guid)));
    crumbs
}

/// "you can see all API user accounts that are linked to this operator. You can also see the creation date and when the
/// account was last used." Times have the format of the API's `LastUsed`, in UTC, so that both show the same.
async fn list(login: LoggedIn, Path(guid): Path<String>) -> Result<Response> {
    let operator = login.account().operator(parse(&guid)?)?;
    let now = login.app().store.now(&login.tenant);
    let row = |api_user: &ApiUser| {
        let (last_used, requests) = api_user.used(login.tenant.usage.of(api_user.guid, now));
        Row {
            guid: api_user.guid,
            user_name: api_user.user_name.clone(),
            description: api_user.description.to_string(),
            api_user_type: api_user.api_user_type.into(),
            created: api_user.created.day_first(),
            last_used: last_used.to_string(),
            requests,
        }
    };
    let api_users = login.account().api_users_of(operator.guid);
    let head = Head::new(&login, operator, Tab::ApiUsers);
    page(&List {
        frame: login.frame(Section::Operators, format!("{}: API management", head.name)),
        rows: api_users.map(|api_user| row(api_user)).collect(),
        head,
        may_administer: login.is_administrator(),
    })
}

fn form() -> Form {
    let description = FormField::any_text("Description", "Description")
        .hint("What uses it: a script, a pipeline, a person. At most 255 characters.");
    Form::new([description])
}

/// Returns the body that the API would receive; the operator's GUID comes from the page's path.
fn body(form: &Form, operator: OperatorGuid) -> serde_json::Value {
    let mut body = form.object();
    body["OperatorGuid"] = json!(operator);
    body
}

/// The first step of "Follow the wizard and make sure to note down the password."
#[derive(Template)]
#[template(path = "api_user_new.html")]
struct New {
    frame: Frame,
    crumbs: Vec<Crumb>,
    operator: String,
    form: Form,
    path: String,
}

fn new_page(login: &LoggedIn, operator: &Operator, form: Form) -> New {
    New {
        frame: login.frame(Section::Operators, "Add API user"),
        crumbs: crumbs_of(operator),
        operator: operator.profile().full_name.to_string(),
        form,
        path: tab_of(operator.guid),
    }
}

async fn new(login: LoggedIn, Path(guid): Path<String>) -> Result<Response> {
    let operator = login.account().operator(parse(&guid)?)?;
    page(&new_page(&login, operator, form()))
}

async fn create(
    login: LoggedIn,
    Path(guid): Path<String>,
    Extension(data): Extension<FormData>,
) -> Result<Response> {
    let guid: OperatorGuid = parse(&guid)?;
    let form = form().with_data(&data);
    let input = bind::<(), ApiUserChange>(&body(&form, guid), None);
    match service::api_user::create(login.app(), &login.caller, input).await {
        Ok((api_user, password)) => {
            let path = format!("{}/{}/password", tab_of(guid), api_user.guid);
            login.visit.session.store_created(CreatedApiUser {
                api_user: api_user.guid,
                password,
            });
            Ok(login.visit.done("The API user was added.", path))
        }
        Err(error) => {
            let status = status(&error);
            let form = form.with_error(error)?;
            let operator = login.account().operator(guid)?;
            page_with(status, &new_page(&login, operator, form))
        }
    }
}

/// The second step of the wizard.
#[derive(Template)]
#[template(path = "api_user_password.html")]
struct Shown {
    frame: Frame,
    crumbs: Vec<Crumb>,
    user_name: String,
    /// "You cannot retrieve passwords on the API management tab or elsewhere in your account."
    password: Option<String>,
    base_url: String,
    path: String,
}

async fn password(
    login: LoggedIn,
    Path((guid, api_user)): Path<(String, String)>,
) -> Result<Response> {
    let (operator, api_user) = found(&login, &guid, &api_user)?;
    page(&Shown {
        frame: login.frame(Section::Operators, "Note down the password"),
        crumbs: crumbs_of(operator),
        user_name: api_user.user_name.clone(),
        password: login.visit.session.take_password(api_user.guid),
        base_url: login.visit.base_url.clone(),
        path: tab_of(operator.guid),
    })
}

/// Returns an operator and one of its API users.
fn found<'a>(
    login: &'a LoggedIn,
    operator: &str,
    api_user: &str,
) -> Result<(&'a Operator, &'a ApiUser)> {
    let operator = login.account().operator(parse(operator)?)?;
    let api_user = login.account().api_user(parse(api_user)?)?;
    if api_user.operator == operator.guid {
        Ok((operator, api_user))
    } else {
        Err(Failure::unknown_page())
    }
}

fn edit_page(login: &LoggedIn, operator: &Operator, form: Form) -> FormPage {
    FormPage {
        frame: login.frame(Section::Operators, "Edit API user"),
        crumbs: crumbs_of(operator),
        intro: "Only the description of an API user can be changed.",
        form,
        action: login.visit.target.clone(),
        submit: "Save",
        cancel: tab_of(operator.guid),
    }
}

async fn show(login: LoggedIn, Path((guid, api_user)): Path<(String, String)>) -> Result<Response> {
    let (operator, api_user) = found(&login, &guid, &api_user)?;
    let form = form().with_object(&json!({"Description": api_user.description}));
    page(&edit_page(&login, operator, form))
}

async fn save(
    login: LoggedIn,
    Path((guid, api_user)): Path<(String, String)>,
    Extension(data): Extension<FormData>,
) -> Result<Response> {
    let (operator, api_user) = found(&login, &guid, &api_user)?;
    let form = form().with_data(&data);
    let body = body(&form, operator.guid);
    let input = bind::<ApiUserGuid, ApiUserChange>(&body, Some(&api_user.guid));
    match service::api_user::update(login.app(), &login.caller, api_user.guid, input).await {
        Ok(()) => Ok(login
            .visit
            .done("The API user was saved.", tab_of(operator.guid))),
        Err(error) => {
            let status = status(&error);
            page_with(
                status,
                &edit_page(&login, operator, form.with_error(error)?),
            )
        }
    }
}

async fn ask_to_delete(
    login: LoggedIn,
    Path((guid, api_user)): Path<(String, String)>,
) -> Result<Response> {
    let (operator, api_user) = found(&login, &guid, &api_user)?;
    page(&Question {
        frame: login.frame(Section::Operators, "Delete API user"),
        crumbs: crumbs_of(operator),
        text: format!(
            "Whatever logs in as {} will be refused from now on.",
            api_user.user_name
        ),
        action: login.visit.target.clone(),
        submit: "Delete API user",
        cancel: tab_of(operator.guid),
    })
}

async fn delete(
    login: LoggedIn,
    Path((guid, api_user)): Path<(String, String)>,
) -> Result<Response> {
    let (operator, api_user) = found(&login, &guid, &api_user)?;
    service::api_user::delete(login.app(), &login.caller, api_user.guid).await?;
    Ok(login
        .visit
        .done("The API user was deleted.", tab_of(operator.guid)))
}
