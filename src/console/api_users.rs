//! The API management tab of an operator.
//!
//! "The API management tab of an operator lets you manage all API accounts that are related to a specific operator." (API
//! management)

use std::sync::Arc;

use axum::http::StatusCode;
use axum::routing::head;

use super::operators::{Head, crumbs, crumbs_below, path_of};
use super::prelude::*;
use super::session::News;
use super::visit::leave;
use crate::domain::account::ApiUserChange;
use crate::domain::api_user::LastUsed;
use crate::domain::node::{Content, Key, Node};
use crate::domain::{ApiUser, ApiUserGuid, Operator, OperatorGuid};
use crate::service;
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
            // The password is shown once, which HEAD must not use up.
            head(async || StatusCode::NO_CONTENT).get(password),
        )
        .route(
            "/operators/{guid}/api-users/{apiUserGuid}/delete",
            get(ask_to_delete).post(delete),
        )
}

pages! {
    List = "api_users.html" {
        head: Head,
        /// The API users, each with its last use and its number of requests.
        api_users: Listed<(Arc<ApiUser>, (LastUsed, i64))>,
    }
    /// The page of an API user; that of a new one is the first step of "Follow the wizard and make sure to note down the password."
    Edit = "api_user.html" { is_new: bool, submit: &'static str, operator: String, form: Form }
    /// The second step of the wizard, and the page that follows a new account.
    Credentials = "credentials.html" {
        is_wizard: bool,
        user_name: String,
        /// "You cannot retrieve passwords on the API management tab or elsewhere in your account."
        password: Option<String>,
        base_url: String,
    }
}

impl List {
    fn kind(api_user: &ApiUser) -> &'static str {
        api_user.api_user_type.into()
    }
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
/// account was last used."
async fn list(login: LoggedIn) -> Result<Response> {
    let operator = login.account().operator(login.segment("guid")?)?;
    let api_users = login.account().api_users_of(operator.guid);
    let head = Head::new(&login, operator);
    page(&List {
        frame: login
            .frame(format!("{}: API management", head.name))
            .below(crumbs()),
        api_users: Listed::new(&login, api_users)
            .map(|api_user| (Arc::clone(api_user), login.usage(api_user))),
        head,
    })
}

/// Returns the body that the API would receive; the operator's GUID comes from the page's path.
fn body(login: &LoggedIn, operator: OperatorGuid) -> Vec<(Key, Node)> {
    let mut body = login.data.entries();
    let guid = Content::Text(operator.to_string());
    body.insert(0, (Key::from("OperatorGuid"), guid.into()));
    body
}

async fn new(login: LoggedIn) -> Result<Response> {
    let operator = login.account().operator(login.segment("guid")?)?;
    page(&Edit {
        frame: login.frame("Add API user").below(crumbs_of(operator)),
        is_new: true,
        submit: "Add API user",
        operator: operator.profile().full_name.to_string(),
        form: login.form(Form::to(tab_of(operator.guid))),
    })
}

async fn create(login: LoggedIn) -> Result<Response> {
    let guid = login.segment("guid")?;
    let input = bind::<(), ApiUserChange>(&body(&login, guid), None);
    let (api_user, password) = service::api_user::create(&login.app, login.caller(), input).await?;
    let news = News::created("The API user was added.", api_user.guid, password);
    Ok(leave(
        news,
        format!("{}/{}/password", tab_of(guid), api_user.guid),
    ))
}

async fn password(login: LoggedIn) -> Result<Response> {
    let (operator, api_user) = found(&login)?;
    let frame = login.frame("Note down the password");
    credentials(&login, frame.below(crumbs_of(operator)), api_user, true)
}

/// Returns the page that shows the password of an API user, once.
pub fn credentials(
    visit: &Visit,
    frame: Frame,
    api_user: &ApiUser,
    is_wizard: bool,
) -> Result<Response> {
    page(&Credentials {
        frame,
        is_wizard,
        user_name: api_user.user_name.clone(),
        password: visit.session.take_password(api_user.guid),
        base_url: visit.base_url.clone(),
    })
}

/// Returns the operator and the API user of a page.
fn found(login: &LoggedIn) -> Result<(&Operator, &ApiUser)> {
    let operator = login.account().operator(login.segment("guid")?)?;
    let api_user = login.account().api_user(login.segment("apiUserGuid")?)?;
    if api_user.operator == operator.guid {
        Ok((operator, api_user))
    } else {
        Err(Failure::unknown_page())
    }
}

async fn show(login: LoggedIn) -> Result<Response> {
    let (operator, api_user) = found(&login)?;
    let form = Form::to(login.path());
    page(&Edit {
        frame: login.frame("Edit API user").below(crumbs_of(operator)),
        is_new: false,
        submit: "Save",
        operator: operator.profile().full_name.to_string(),
        form: login.form(form.with_value("Description", api_user.description.as_str())),
    })
}

async fn save(login: LoggedIn) -> Result<Response> {
    let (operator, api_user) = found(&login)?;
    let body = body(&login, operator.guid);
    let input = bind::<ApiUserGuid, ApiUserChange>(&body, Some(&api_user.guid));
    service::api_user::update(&login.app, login.caller(), api_user.guid, input).await?;
    Ok(done("The API user was saved.", tab_of(operator.guid)))
}

async fn ask_to_delete(login: LoggedIn) -> Result<Response> {
    let (operator, api_user) = found(&login)?;
    let name = &api_user.user_name;
    let text = format!("Whatever logs in as {name} will be refused from now on.");
    login.ask("Delete API user", text, crumbs_of(operator))
}

async fn delete(login: LoggedIn) -> Result<Response> {
    let (operator, api_user) = found(&login)?;
    service::api_user::delete(&login.app, login.caller(), api_user.guid).await?;
    Ok(done("The API user was deleted.", tab_of(operator.guid)))
}
