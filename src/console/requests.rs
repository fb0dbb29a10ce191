//! The journal pages: requests as they arrive, each 4xx with its reason.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::Router;
use axum::extract::{Extension, Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::{Instant, sleep, sleep_until};

use super::Console;
use super::curl;
use super::page::{Crumb, Failure, Frame, Result, Section, crumb, page, tools};
use super::tools::Tool;
use super::visit::parse;
use crate::connection::Connection;
use crate::control::of_json;
use crate::domain::AccountId;
use crate::testing::journal::{Authentication, Body, Entry, Message};
use crate::testing::matching::Match;

/// The maximum number of requests on a page.
const PAGE_SIZE: usize = 200;

/// How long a long poll for newer requests lasts.
const POLL_TIMEOUT: Duration = Duration::from_secs(25);

/// How long to wait after a request, so that those that follow at once are shown with it.
const BATCH_DELAY: Duration = Duration::from_millis(50);

pub fn routes() -> Router<Console> {
    Router::new()
        .route("/requests", get(list))
        .route("/requests/newer", get(newer))
        .route("/requests/clear", post(clear))
        .route("/requests/{sequence}", get(show))
}

/// Which requests are shown. An empty field matches everything.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Filter {
    method: String,
    path: String,
    status: String,
    user_name: String,
    operation_id: String,
    /// Only requests with a greater sequence number.
    since: u64,
}

impl Filter {
    /// Returns the criteria, or an error that says why no request can fulfill them.
    fn matches(&self, tool: &Tool) -> Result<Match> {
        let fields = [
            ("method", &self.method),
            ("path", &self.path),
            ("operationId", &self.operation_id),
            ("userName", &self.user_name),
            ("status", &self.status),
        ];
        let fields = fields
            .into_iter()
            .filter(|(_, text)| !text.trim().is_empty())
            .map(|(name, text)| (name.to_owned(), Value::from(text.trim())));
        Ok(of_json(Value::Object(fields.collect()), tool.within())?)
    }

    fn says_something(&self) -> bool {
        let all = [
            &self.method,
            &self.path,
            &self.operation_id,
            &self.user_name,
            &self.status,
        ];
        all.iter().any(|text| !text.trim().is_empty())
    }

    /// Returns the matching requests, latest first.
    fn rows(&self, tool: &Tool, matches: &Match) -> Vec<Row> {
        let entries = tool.scope.requests(matches);
        let newer = entries
            .iter()
            .rev()
            .take_while(|entry| entry.sequence > self.since);
        newer
            .take(PAGE_SIZE)
            .map(|entry| Row::new(entry, tool))
            .collect()
    }
}

struct Row {
    entry: Arc<Entry>,
    path: String,
    time: String,
    account: Option<AccountId>,
}

impl Row {
    fn new(entry: &Arc<Entry>, tool: &Tool) -> Self {
        Self {
            path: format!("{}/requests/{}", tool.path(), entry.sequence),
            time: entry.time().day_first(),
            // In an account's own journal, the title shows its number.
            account: entry.account.filter(|_| tool.scope.tenant.is_none()),
            entry: Arc::clone(entry),
        }
    }
}

/// The display of an entry, shared by the rows and its own page.
trait DisplayEntry {
    fn target(&self) -> String;
    fn status_text(&self) -> String;
    fn kind(&self) -> &'static str;
    fn milliseconds(&self) -> String;
}

impl DisplayEntry for Entry {
    fn target(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }

    fn status_text(&self) -> String {
        self.status
            .map_or_else(|| "none".to_owned(), |status| status.to_string())
    }

    /// Returns the CSS class of the status, for its colour.
    fn kind(&self) -> &'static str {
        match self.status {
            Some(200..=299) => "good",
            Some(300..=499) => "warn",
            _ => "bad",
        }
    }

    fn milliseconds(&self) -> String {
        format!("{:.1}", self.duration.as_secs_f64() * 1000.0)
    }
}

#[derive(Template)]
#[template(path = "requests.html")]
struct List {
    frame: Frame,
    path: String,
    filter: Filter,
    rows: Vec<Row>,
    base_url: String,
    /// The number of the latest request; the script polls for newer ones.
    latest: u64,
}

async fn list(tool: Tool, Query(filter): Query<Filter>) -> Result<Response> {
    let rows = filter.rows(&tool, &filter.matches(&tool)?);
    page(&List {
        frame: tool.frame(Section::Requests, "Requests"),
        path: tool.path() + "/requests",
        base_url: tool.visit.base_url.clone(),
        latest: rows.first().map_or(0, |row| row.entry.sequence),
        filter,
        rows,
    })
}

#[derive(Template)]
#[template(path = "request_rows.html")]
struct Rows {
    rows: Vec<Row>,
}

/// Returns the rows of newer requests as soon as there are any, or 204 after `POLL_TIMEOUT`.
async fn newer(
    mut tool: Tool,
    Extension(connection): Extension<Connection>,
    Query(filter): Query<Filter>,
) -> Result<Response> {
    let deadline = Instant::now() + POLL_TIMEOUT;
    let matches = filter.matches(&tool)?;
    loop {
        // Subscribe before reading, so that no request between reading and waiting is missed.
        let subscription = tool.scope.subscribe(matches.clone());
        let rows = filter.rows(&tool, &matches);
        if !rows.is_empty() {
            return page(&Rows { rows });
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

async fn clear(tool: Tool) -> Result<Response> {
    tool.scope.forget_requests(&Match::default());
    Ok(tool
        .visit
        .done("The requests were cleared.", tool.path() + "/requests"))
}

#[derive(Template)]
#[template(path = "request.html")]
struct Show {
    frame: Frame,
    crumbs: Vec<Crumb>,
    entry: Arc<Entry>,
    time: String,
    authentication: &'static str,
    /// The account that the request was for, with its tools.
    account: Option<(AccountId, String)>,
    messages: [(&'static str, DisplayMessage); 2],
    curl: String,
}

/// Headers and body for display.
struct DisplayMessage {
    headers: Vec<(String, String)>,
    body: Option<String>,
    is_cut: bool,
}

impl From<&Message> for DisplayMessage {
    fn from(message: &Message) -> Self {
        let (body, is_cut) = match &message.body {
            Body::None | Body::Withheld => (None, false),
            Body::Text(text) => (Some(indented(text)), false),
            Body::Start(text) => (Some(text.to_string()), true),
        };
        let headers = message.headers.iter();
        Self {
            headers: headers
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
            body,
            is_cut,
        }
    }
}

/// Indents JSON; returns any other text unchanged.
fn indented(text: &str) -> String {
    serde_json::from_str::<Value>(text)
        .ok()
        .and_then(|value| serde_json::to_string_pretty(&value).ok())
        .unwrap_or_else(|| text.to_owned())
}

async fn show(tool: Tool, Path(path): Path<Vec<(String, String)>>) -> Result<Response> {
    let sequence: u64 = path
        .iter()
        .find(|(name, _)| name == "sequence")
        .map_or_else(|| Err(Failure::unknown_page()), |(_, number)| parse(number))?;
    let entry = tool.scope.request(sequence).ok_or_else(|| {
        let message = "this request is not in the journal any more";
        Failure::new(StatusCode::NOT_FOUND, message)
    })?;
    page(&Show {
        frame: tool.frame(Section::Requests, format!("Request {sequence}")),
        crumbs: vec![crumb("Requests", tool.path() + "/requests")],
        time: entry.time().day_first(),
        authentication: match entry.authentication {
            Authentication::NotAsked => "not asked for",
            Authentication::Accepted => "accepted",
            Authentication::Refused => "refused",
        },
        account: entry.account.map(|account| (account, tools(Some(account)))),
        messages: [
            ("Request", DisplayMessage::from(&entry.request)),
            ("Answer", DisplayMessage::from(&entry.response)),
        ],
        curl: curl::command(&entry, &tool.visit.base_url),
        entry,
    })
}
