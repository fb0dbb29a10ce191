//! Parts shared by all pages: the layout, errors, redirects and common page types.

use std::fmt;

use askama::Template;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};

use super::form::Form;
use super::visit::{CurrentOperator, Visit};
use crate::domain::AccountId;
use crate::error::Error;
use crate::status::{messages, sentence, status};

/// The navigation entry that a page belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    Setup,
    Operators,
    OperatorGroups,
    TimeZones,
    Requests,
    Faults,
    Clock,
    Accounts,
    None,
}

/// The data of the layout around a page.
#[derive(Debug)]
pub struct Frame {
    pub title: String,
    pub section: Section,
    pub csrf: String,
    pub notice: Option<String>,
    pub who: Option<Person>,
    /// The account that the navigation's links to the tools refer to; `None` means the whole server.
    pub scope: Option<AccountId>,
}

/// The operator who is logged in.
#[derive(Debug)]
pub struct Person {
    pub name: String,
    pub account: AccountId,
    pub is_administrator: bool,
}

impl Frame {
    /// Creates the frame of a page. Its links to the tools refer to the current operator's account.
    pub fn new(visit: &Visit, section: Section, title: impl Into<String>) -> Self {
        let person = |operator: &CurrentOperator| Person {
            name: operator.operator().profile().full_name.to_string(),
            account: operator.caller.account,
            is_administrator: operator.is_administrator(),
        };
        Self {
            title: title.into(),
            section,
            csrf: visit.session.csrf.clone(),
            notice: visit.session.take_notice(),
            who: visit.operator.as_ref().map(person),
            scope: visit
                .operator
                .as_ref()
                .map(|operator| operator.caller.account),
        }
    }

    #[must_use]
    pub fn with_scope(self, scope: Option<AccountId>) -> Self {
        Self { scope, ..self }
    }

    /// Returns the base path of the tools for testers.
    pub fn tools(&self) -> String {
        tools(self.scope)
    }

    /// Returns the attribute that marks the page's own navigation entry.
    pub fn current(&self, section: Section) -> &'static str {
        if self.section == section {
            "aria-current=page"
        } else {
            ""
        }
    }
}

/// Returns the base path of the tools for one account, or for the server.
pub fn tools(scope: Option<AccountId>) -> String {
    scope.map_or_else(
        || "/console".to_owned(),
        |account| format!("/console/accounts/{account}"),
    )
}

/// Renders a page with status 200.
pub fn page(template: &impl Template) -> Result<Response> {
    page_with(StatusCode::OK, template)
}

/// Renders a page with the given status.
pub fn page_with(status: StatusCode, template: &impl Template) -> Result<Response> {
    let html = template
        .render()
        .map_err(|error| Error::Failed(format!("a page could not be written: {error}")))?;
    let mut response = (status, Html(html)).into_response();
    // The browser's next user must not see an operator's pages.
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Redirects the browser with 303, as after a successful form submission.
pub fn redirect(path: impl AsRef<str>) -> Response {
    Redirect::to(path.as_ref()).into_response()
}

/// A page that consists of a form.
#[derive(Debug, Template)]
#[template(path = "form_page.html")]
pub struct FormPage {
    pub frame: Frame,
    pub crumbs: Vec<Crumb>,
    pub intro: &'static str,
    pub form: Form,
    /// The URL that the form is posted to.
    pub action: String,
    pub submit: &'static str,
    pub cancel: String,
}

/// A confirmation page shown before an irreversible action.
#[derive(Debug, Template)]
#[template(path = "question.html")]
pub struct Question {
    pub frame: Frame,
    pub crumbs: Vec<Crumb>,
    pub text: String,
    pub action: String,
    pub submit: &'static str,
    pub cancel: String,
}

/// A breadcrumb: a link to a parent page.
#[derive(Debug)]
pub struct Crumb {
    pub name: String,
    pub path: String,
}

pub fn crumb(name: impl Into<String>, path: impl Into<String>) -> Crumb {
    Crumb {
        name: name.into(),
        path: path.into(),
    }
}

pub type Result<T, E = Failure> = std::result::Result<T, E>;

/// Why a handler returned no page: a log-in is needed, or an error, whose page the middleware renders.
#[derive(Debug, Clone)]
pub enum Failure {
    LogIn,
    Cause(StatusCode, Vec<String>),
}

impl Failure {
    pub fn new(status: StatusCode, message: impl fmt::Display) -> Self {
        Self::Cause(status, vec![sentence(&message.to_string())])
    }

    pub fn unknown_page() -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is no such page")
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match &error {
            Error::Unauthenticated => return Self::LogIn,
            Error::Failed(cause) => tracing::error!(cause, "a page failed"),
            _ => {}
        }
        Self::Cause(status(&error), messages(&error))
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        // The error page needs a frame, which only the middleware can create, since it has the `Visit`.
        let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

#[derive(Debug, Template)]
#[template(path = "failure.html")]
pub struct FailurePage {
    pub frame: Frame,
    pub messages: Vec<String>,
}

/// Formats a number with the singular or plural noun.
pub fn count(number: usize, one: &str, many: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        _ => format!("{number} {many}"),
    }
}
