//! What all pages have in common: the frame around them, errors, and where to go next.

use std::fmt;

use askama::Template;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};

use super::form::Form;
use super::visit::{Visit, Who};
use crate::domain::AccountId;
use crate::error::Error;
use crate::status::{messages, sentence, status};

/// Which entry of the navigation a page belongs to.
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

/// What stands around a page.
#[derive(Debug)]
pub struct Frame {
    pub title: String,
    pub section: Section,
    pub csrf: String,
    pub notice: Option<String>,
    pub who: Option<Person>,
    /// The account that the tools for testers are about; none stands for the server.
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
    /// The frame of a page; the tools in its navigation are those of the account of who is logged in.
    pub fn new(visit: &Visit, section: Section, title: impl Into<String>) -> Self {
        let person = |who: &Who| Person {
            name: who.operator().profile().full_name.to_string(),
            account: who.caller.account,
            is_administrator: who.is_administrator(),
        };
        Self {
            title: title.into(),
            section,
            csrf: visit.session.csrf.clone(),
            notice: visit.session.take_notice(),
            who: visit.who.as_ref().map(person),
            scope: visit.who.as_ref().map(|who| who.caller.account),
        }
    }

    #[must_use]
    pub fn about(self, scope: Option<AccountId>) -> Self {
        Self { scope, ..self }
    }

    /// Where the tools for testers are.
    pub fn tools(&self) -> String {
        tools(self.scope)
    }

    /// Marks the entry of the navigation that a page belongs to.
    pub fn current(&self, section: Section) -> &'static str {
        if self.section == section {
            "aria-current=page"
        } else {
            ""
        }
    }
}

/// Where the tools for one account, or for the server, are.
pub fn tools(scope: Option<AccountId>) -> String {
    scope.map_or_else(
        || "/console".to_owned(),
        |account| format!("/console/accounts/{account}"),
    )
}

/// A page of its own.
pub fn page(template: &impl Template) -> Result<Response> {
    page_with(StatusCode::OK, template)
}

pub fn page_with(status: StatusCode, template: &impl Template) -> Result<Response> {
    let html = template
        .render()
        .map_err(|error| Error::Failed(format!("a page could not be written: {error}")))?;
    let mut response = (status, Html(html)).into_response();
    // What an operator saw is not for whoever uses the browser next.
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Where a browser goes when a form was taken.
pub fn go(path: impl AsRef<str>) -> Response {
    Redirect::to(path.as_ref()).into_response()
}

/// A page that is a form and little else.
#[derive(Debug, Template)]
#[template(path = "form_page.html")]
pub struct FormPage {
    pub frame: Frame,
    pub crumbs: Vec<Crumb>,
    pub intro: &'static str,
    pub form: Form,
    /// Where the form goes.
    pub action: String,
    pub submit: &'static str,
    pub cancel: String,
}

/// A question before something is done that cannot be undone.
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

/// A page that lies above another one.
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

/// Why there is no page: a redirect to the log-in, or an error, which gets its page on the way out.
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
        // Its page needs the frame, which is made where the visit is known.
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

/// What a template shows of things that have few words.
pub fn count(number: usize, one: &str, many: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        _ => format!("{number} {many}"),
    }
}
