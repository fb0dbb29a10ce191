//! The journal pages: requests as they arrive, each 4xx with its reasons.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::extract::Extension;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use serde_json::Value;
use tokio::time::{Instant, sleep, sleep_until};

use super::faults;
use super::page::{count, page_with, short};
use super::prelude::*;
use crate::connection::Connection;
use crate::control::{in_words, of_query};
use crate::domain::Problem;
use crate::error::Error;
use crate::testing::journal::{Body, Command, Entry, Message};
use crate::testing::matching::Match;

/// How long a long poll for newer requests lasts.
const POLL_TIMEOUT: Duration = Duration::from_secs(25);

/// How long to wait after a request, so that those that follow at once are shown with it.
const BATCH_DELAY: Duration = Duration::from_millis(100);

pub fn routes() -> Router<Console> {
    Router::new()
        .route("/requests", get(list))
        .route("/requests/newer", get(newer))
        .route("/requests/clear", post(clear))
        .route("/requests/{sequence}", get(show))
}

pages! {
    List = "requests.html" {
        rows: Rows,
        /// Why no request can be found.
        problems: Vec<String>,
        /// The links that turn a status or a method on or off, each with whether it is on.
        chips: Vec<(Crumb, bool)>,
        /// Those that are on.
        chosen: Vec<(&'static str, String)>,
        instance: String,
    }
    Show = "request.html" {
        entry: Arc<Entry>,
        /// The page about the account that the request was for, or about its requests.
        account: String,
        command: Command,
        faults: Vec<Crumb>,
    }
}

/// Requests, the latest first.
#[derive(Template)]
#[template(path = "request_rows.html")]
struct Rows {
    list: Listed<Arc<Entry>>,
    path: String,
    /// Whether rows tell their accounts.
    is_of_server: bool,
    is_search: bool,
    base_url: String,
}

impl Rows {
    fn new(tool: &Tool, entries: Vec<Arc<Entry>>) -> Self {
        Self {
            list: Listed::new(tool, entries.into_iter().rev()),
            path: tool.path() + "/requests",
            is_of_server: tool.scope.tenant.is_none(),
            is_search: tool.query_with("page", "") != "?",
            base_url: tool.base_url.clone(),
        }
    }

    /// Returns the number of the latest request.
    fn latest(&self) -> u64 {
        self.list.rows.first().map_or(0, |entry| entry.sequence)
    }
}

/// Returns the criteria of the search box and of the chips, or an error that says why no request can fulfill them.
fn matches(tool: &Tool) -> Result<Match, Error> {
    let search = tool.data.text("q");
    let searched = in_words(&search);
    of_query(searched.into_iter().chain(chosen(tool)), tool.within())
}

/// Returns the chosen status, method and label.
fn chosen(tool: &Tool) -> Vec<(&'static str, String)> {
    let value = |name| Some((name, tool.data.get_nonblank(name)?));
    ["status", "method", "label"]
        .into_iter()
        .filter_map(value)
        .collect()
}

fn chips(tool: &Tool) -> Vec<(Crumb, bool)> {
    let chip = |name, value| {
        let is_on = tool.data.text(name) == value;
        let query = tool.query_with(name, if is_on { "" } else { value });
        (crumb(value, query), is_on)
    };
    let statuses = ["2xx", "4xx", "5xx"].map(|value| chip("status", value));
    let methods = ["GET", "POST", "PUT", "PATCH", "DELETE"].map(|value| chip("method", value));
    let label = tool.data.get_nonblank("label");
    let label = label.map(|label| {
        (
            crumb(
                format!("Label {}", short(label)),
                tool.query_with("label", ""),
            ),
            true,
        )
    });
    statuses.into_iter().chain(methods).chain(label).collect()
}

/// Returns what a list says of the status of a response.
pub fn status(entry: &Entry) -> String {
    let status = entry.status.map(|status| status.to_string());
    status.unwrap_or_else(|| "no answer".to_owned())
}

/// Returns the CSS class of a status, for its colour.
pub fn kind(status: &str) -> &'static str {
    match status.as_bytes().first() {
        Some(b'2') => "good",
        Some(b'3' | b'4') => "warn",
        _ => "bad",
    }
}

/// Returns a problem as one of the search box, which is written in another way than JSON.
fn in_box(problem: &Problem) -> String {
    let message = problem.to_string();
    message.replace("add \"unknown\": true", "add unknown:true") + "."
}

async fn list(tool: Tool) -> Result<Response> {
    let (status, entries, problems) = match matches(&tool) {
        Ok(matches) => (StatusCode::OK, tool.scope.requests(&matches), Vec::new()),
        Err(Error::Malformed(problems)) => (StatusCode::BAD_REQUEST, Vec::new(), problems),
        Err(error) => return Err(error.into()),
    };
    let list = List {
        frame: tool.frame("Requests"),
        rows: Rows::new(&tool, entries),
        problems: problems.iter().map(in_box).collect(),
        chips: chips(&tool),
        chosen: chosen(&tool),
        instance: tool.app.instance.to_string(),
    };
    page_with(status, &list)
}

/// Returns the first page again as soon as there are newer requests, or 204 after `POLL_TIMEOUT`. To a page that another instance of
/// the emulator has sent, the answer is 205: what it shows is no more.
async fn newer(mut tool: Tool, Extension(connection): Extension<Connection>) -> Result<Response> {
    if tool.data.text("instance") != tool.app.instance.to_string() {
        return Ok(StatusCode::RESET_CONTENT.into_response());
    }
    let deadline = Instant::now() + POLL_TIMEOUT;
    let since: u64 = tool.value("since")?;
    let matches = matches(&tool)?;
    loop {
        // Subscribe before reading, so that no request between reading and waiting is missed.
        let subscription = tool.scope.subscribe(matches.clone());
        let rows = Rows::new(&tool, tool.scope.requests(&matches));
        if rows.latest() != since {
            return page(&rows);
        }
        let Some(subscription) = subscription else {
            break;
        };
        tokio::select! {
            () = subscription.came() => sleep(BATCH_DELAY).await,
            () = tool.scope.testing().end_of() => {}
            () = sleep_until(deadline) => break,
            () = connection.left() => break,
            () = connection.stopping() => break,
        }
        tool.scope = tool.scope.again()?;
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Deletes the requests that the page would list.
async fn clear(tool: Tool) -> Result<Response> {
    let number = tool.scope.forget_requests(&matches(&tool)?);
    let notice = count(number, "request was", "requests were") + " deleted.";
    Ok(done(
        notice,
        tool.path() + "/requests" + &tool.query_with("page", ""),
    ))
}

impl Show {
    /// Returns a body for display, and what is to be known about it.
    fn shown(message: &Message) -> (String, &'static str) {
        let note = match &message.body {
            Body::None if message.has_unread_body() => "The body was not read.",
            Body::None => "There was no body.",
            Body::Withheld => {
                "The body is not kept: it is no text, or may hold credentials that cannot be told apart."
            }
            Body::Text(text) => return (indented(text), ""),
            Body::Start(text) => return (text.to_string(), "Only the start of the body is kept."),
        };
        (String::new(), note)
    }
}

/// Indents JSON if that changes nothing but blanks; returns any other text as it came.
fn indented(text: &str) -> String {
    let indented = serde_json::from_str::<Value>(text).ok().and_then(|value| {
        let is_same = value.to_string().as_str() == text;
        is_same.then(|| format!("{value:#}"))
    });
    // Deep nesting makes it many times longer.
    let indented = indented.filter(|indented| indented.len() <= 4 * text.len());
    indented.unwrap_or_else(|| text.to_owned())
}

async fn show(tool: Tool) -> Result<Response> {
    let sequence: u64 = tool.segment("sequence")?;
    let entry = tool.scope.request(sequence).ok_or_else(|| {
        let message = "this request is not in the journal any more";
        Failure::new(StatusCode::NOT_FOUND, message)
    })?;
    let account = entry
        .account
        .filter(|account| tool.scope.all.tenant(*account).is_some());
    let tools = tools(account);
    let requests = crumb("Requests", tool.path() + "/requests");
    page(&Show {
        frame: tool
            .frame(format!("Request {sequence}"))
            .below(vec![requests]),
        account: match (account, entry.account) {
            (None, Some(deleted)) => format!("/console/requests?q=account:{deleted}"),
            _ => tools.clone(),
        },
        command: Command::new(&entry, &tool.base_url),
        faults: faults::presets(&tools, &entry, account.is_none()),
        entry,
    })
}
