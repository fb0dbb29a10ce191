//! Parts shared by all pages: the layout, lists in pages, errors and common page types.

use std::fmt;

use askama::Template;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};

use super::session;
use super::visit::{CurrentOperator, Visit};
use crate::domain::{AccountId, Problem};
use crate::error::Error;
use crate::status::{messages, sentence, status};
use crate::store::State;
use crate::testing::Clock;

/// Declares pages: each is a template with the frame around it, and other values.
macro_rules! pages {
    ($($(#[$doc:meta])* $name:ident = $path:literal { $($(#[$about:meta])* $field:ident: $type:ty),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(::askama::Template)]
        #[template(path = $path)]
        struct $name {
            frame: $crate::console::page::Frame,
            $($(#[$about])* $field: $type,)*
        }
    )*};
}
pub(super) use pages;

/// The pages that show one account or the whole server.
pub const TOOLS: [&str; 4] = ["requests", "faults", "coverage", "clock"];

/// The number of rows of a page of a list. With the longest texts, cut, the page stays below 60 KB.
const PAGE_SIZE: usize = 50;

/// The number of accounts that the picker suggests.
const SUGGESTED_ACCOUNTS: usize = 20;

/// The data of the layout around a page.
#[derive(Debug)]
pub struct Frame {
    pub title: String,
    /// The path and query of the page.
    pub target: String,
    pub csrf: String,
    /// Distinguishes the forms of this page from those of the same page shown again.
    pub shown: String,
    pub notice: Option<String>,
    /// The operator who is logged in.
    pub who: Option<CurrentOperator>,
    /// The account of the page; `None` means the whole server.
    pub scope: Option<AccountId>,
    pub label: String,
    /// The newest accounts with their labels.
    pub accounts: Vec<(AccountId, String)>,
    /// What makes requests of the account behave unusually, each with the page about it.
    pub alerts: Vec<Crumb>,
    /// The pages above this one.
    pub crumbs: Vec<Crumb>,
}

impl Frame {
    /// Creates the frame of a page. The account of the latest page stays, if this page has none of its own.
    pub fn new(visit: &Visit, title: impl Into<String>) -> Self {
        let all = visit.app.store.state();
        let is_admitted = visit.is_admitted();
        let scope = visit
            .account
            .filter(|account| is_admitted && all.tenant(*account).is_some());
        let newest = all
            .newest()
            .filter(|_| is_admitted)
            .take(SUGGESTED_ACCOUNTS);
        Self {
            title: title.into(),
            target: visit.target.clone(),
            csrf: visit.session.csrf.clone(),
            shown: session::token::<9>(),
            notice: visit.session.take_notice(),
            who: visit.operator.clone(),
            scope,
            label: scope.map_or("", |account| all.label(account)).to_owned(),
            accounts: newest
                .map(|tenant| tenant.account.id)
                .map(|id| (id, cut(all.label(id), 40)))
                .collect(),
            alerts: if is_admitted {
                alerts(&all, scope)
            } else {
                Vec::new()
            },
            crumbs: Vec::new(),
        }
    }

    #[must_use]
    pub fn below(mut self, crumbs: Vec<Crumb>) -> Self {
        self.crumbs = crumbs;
        self
    }

    pub fn is_administrator(&self) -> bool {
        let who = self.who.as_ref();
        who.is_some_and(CurrentOperator::is_administrator)
    }

    /// Returns the name of the account, or of the server.
    pub fn scope_name(&self) -> String {
        match self.scope {
            Some(account) => format!("Account {account}"),
            None => "Whole server".to_owned(),
        }
    }

    /// Returns the base path of the tools for testers.
    pub fn tools(&self) -> String {
        tools(self.scope)
    }

    /// Returns the path of a page of Account setup. To set up another account than that of the log-in, people log in to it.
    pub fn setup(&self, page: &str) -> String {
        let account = self.who.as_ref().map(|who| who.caller.account);
        match (account, self.scope) {
            (Some(own), Some(scope)) if own != scope => {
                format!("/console/login?next=/console/{page}")
            }
            _ => format!("/console/{page}"),
        }
    }

    /// Returns the name of the navigation entry that the page belongs to.
    pub fn section(&self) -> &str {
        match (self.segment(2), self.segment(4)) {
            ("accounts", tool) if TOOLS.contains(&tool) => tool,
            (name, _) => name,
        }
    }

    /// Returns a segment of the page's path, such as the tab of an operator.
    pub fn segment(&self, number: usize) -> &str {
        let path = self.target.split('?').next().unwrap_or_default();
        path.split('/').nth(number).unwrap_or_default()
    }

    /// Returns the attribute that marks the page's own navigation entry.
    pub fn current(&self, section: &str) -> &'static str {
        if self.section() == section {
            "aria-current=page"
        } else {
            ""
        }
    }

    /// Returns the page above this one.
    pub fn parent(&self) -> &str {
        let parent = self.crumbs.last();
        parent.map_or("/console/", |crumb| crumb.path.as_str())
    }
}

/// Returns what makes requests of an account, or of the server, behave unusually: a clock of its own, and faults.
fn alerts(all: &State, scope: Option<AccountId>) -> Vec<Crumb> {
    let own = scope.and_then(|id| Some((all.tenant(id)?, id)));
    let own = own.map(|(tenant, id)| (&*tenant.testing, Some(id), format!("account {id}")));
    let server = (&*all.testing, None, "the whole server".to_owned());
    let mut alerts = Vec::new();
    let mut has_clock = false;
    for (testing, account, name) in own.into_iter().chain([server]) {
        // The clock of an account replaces that of the server.
        if let Some(clock) = testing.clock().filter(|_| !has_clock) {
            has_clock = true;
            let state = match clock {
                Clock::Frozen(at) => format!("stands still at {}", at.readable()),
                Clock::Running | Clock::Moved(_) => "is moved".to_owned(),
            };
            let text = format!("The clock of {name} {state}.");
            alerts.push(crumb(text, tools(account) + "/clock"));
        }
        let waiting = testing
            .faults
            .waiting(scope, scope.map(|scope| all.label(scope)));
        if waiting > 0 {
            let text = count(waiting, "fault waits", "faults wait");
            let whose = account.map_or("any account", |_| &name);
            let text = format!("{text} for requests of {whose}.");
            alerts.push(crumb(text, tools(account) + "/faults"));
        }
    }
    alerts
}

/// Returns the base path of the tools for one account, or for the server.
pub fn tools(scope: Option<AccountId>) -> String {
    scope.map_or_else(
        || "/console".to_owned(),
        |account| format!("/console/accounts/{account}"),
    )
}

/// Returns as much of a text as a list shows: in 50 rows, the longest ones would make a page too large.
pub fn short(text: impl fmt::Display) -> String {
    cut(text.to_string(), 50)
}

/// Returns the start of a text, with an ellipsis where something is left out.
pub fn cut(text: impl AsRef<str>, length: usize) -> String {
    let text = text.as_ref();
    match text.char_indices().nth(length) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A page of a list.
#[derive(Debug)]
pub struct Listed<T> {
    pub rows: Vec<T>,
    pub search: String,
    /// The number of rows before the page, and that of all.
    pub first: usize,
    pub found: usize,
    /// The links to the first, the previous, the next and the last page.
    pub links: Vec<Crumb>,
}

impl<T> Listed<T> {
    /// Returns the requested page; one that is no more, since rows were deleted, is the last.
    pub fn new(visit: &Visit, items: impl Iterator<Item = T>) -> Self {
        let rows: Vec<_> = items.collect();
        let found = rows.len();
        let last = found.div_ceil(PAGE_SIZE).max(1);
        let number = visit.data.get("page").and_then(|page| page.parse().ok());
        let number = number.unwrap_or(1).clamp(1, last);
        let first = PAGE_SIZE * (number - 1);
        let links = [
            ("First", 1, number > 1),
            ("Previous", number - 1, number > 1),
            ("Next", number + 1, number < last),
            ("Last", last, number < last),
        ];
        let links = links.into_iter().filter(|(_, _, is_there)| *is_there);
        let link = |(name, number, _): (&str, usize, bool)| {
            crumb(name, visit.query_with("page", &number.to_string()))
        };
        Self {
            rows: rows.into_iter().skip(first).take(PAGE_SIZE).collect(),
            search: visit.data.text("q").trim().to_owned(),
            first,
            found,
            links: links.map(link).collect(),
        }
    }

    /// Returns the requested page of those items of which a text contains the search term, ignoring case.
    pub fn search(
        visit: &Visit,
        items: impl Iterator<Item = T>,
        texts: impl Fn(&T) -> Vec<String>,
    ) -> Self {
        let term = visit.data.text("q").trim().to_lowercase();
        let has_term = |text: &String| text.to_lowercase().contains(&term);
        let is_found = |item: &T| term.is_empty() || texts(item).iter().any(has_term);
        Self::new(visit, items.filter(is_found))
    }

    /// Returns the same page with other rows.
    pub fn map<U>(self, row: impl FnMut(T) -> U) -> Listed<U> {
        Listed {
            rows: self.rows.into_iter().map(row).collect(),
            search: self.search,
            first: self.first,
            found: self.found,
            links: self.links,
        }
    }

    /// Describes the rows: `51 to 100 of 10,000 accounts`.
    pub fn caption(&self, one: &str, many: &str) -> String {
        let all = count(self.found, one, many);
        if self.links.is_empty() {
            return all;
        }
        let last = grouped(self.first + self.rows.len());
        format!("{} to {last} of {all}", grouped(self.first + 1))
    }
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
    // The browser's next user must not see an operator's pages, nor the secrets on some of them.
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Renders the page that asks before an irreversible action.
pub fn question(frame: Frame, text: impl Into<String>) -> Result<Response> {
    let text = text.into();
    page(&Question { frame, text })
}

/// Renders the page of an error.
pub fn failure(status: StatusCode, frame: Frame, messages: Vec<String>) -> Response {
    page_with(status, &FailurePage { frame, messages }).unwrap_or_else(|_| status.into_response())
}

/// Redirects the browser with 303, as after a successful form submission.
pub fn redirect(path: impl AsRef<str>) -> Response {
    Redirect::to(path.as_ref()).into_response()
}

pages! {
    /// A confirmation page shown before an irreversible action. It posts to its own URL.
    Question = "question.html" { text: String }
    FailurePage = "failure.html" { messages: Vec<String> }
}

/// A link to another page, such as the ones above a page.
#[derive(Debug, Clone)]
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

/// Why a handler returned no page: a log-in is needed, or an error. The middleware renders its page, or shows it in the form that
/// it is about.
#[derive(Debug, Clone)]
pub enum Failure {
    LogIn,
    /// A form cannot be bound, or breaks rules.
    Refused(StatusCode, Vec<Problem>),
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
        let status = status(&error);
        match error {
            Error::Unauthenticated => Self::LogIn,
            Error::Malformed(problems) | Error::Refused(problems) => {
                Self::Refused(status, problems)
            }
            error => {
                if let Error::Failed(cause) = &error {
                    tracing::error!(cause, "a page failed");
                }
                Self::Cause(status, messages(&error))
            }
        }
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

/// Formats a number with the singular or plural noun.
pub fn count(number: usize, one: &str, many: &str) -> String {
    let noun = if number == 1 { one } else { many };
    format!("{} {noun}", grouped(number))
}

/// Writes a number with commas between groups of three digits.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
