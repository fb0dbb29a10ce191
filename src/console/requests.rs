//! The journal pages: requests as they arrive, each 4xx with its reasons.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::extract::Extension;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use serde_json::Value;
use tokio::time::{Instant, sleep, sleep_until};

use super::curl::Command;
use super::faults;
use super::form::FormData;
use super::page::{count, cut, grouped, page_with};
use super::prelude::*;
use crate::connection::Connection;
use crate::control::of_query;
use crate::domain::AccountId;
use crate::error::Error;
use crate::status::sentence;
use crate::testing::journal::{Authentication, Body, Entry, Message};
use crate::testing::matching::Match;

/// The maximum number of requests on a page.
const PAGE_SIZE: usize = 50;

/// The number of characters of a target or of reasons that a list shows.
const LONGEST_SHOWN: usize = 160;

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
        path: String,
        search: Search,
        /// Why no request can be found.
        problems: Vec<String>,
        found: Found,
        base_url: String,
        instance: String,
    }
    Show = "request.html" {
        entry: Arc<Entry>,
        time: String,
        authentication: &'static str,
        /// The account that the request was for, with the page about it.
        account: Option<(AccountId, String)>,
        messages: [(&'static str, DisplayMessage); 2],
        command: Command,
        faults: Vec<Crumb>,
    }
}

/// What is searched for.
struct Search {
    /// The text of the box: each word is `name:value` for a criterion of a match, or belongs to the text that is searched for.
    text: String,
    status: String,
    method: String,
}

impl Search {
    fn of(data: &FormData) -> Self {
        let value = |name| data.text(name).trim().to_owned();
        Self {
            text: value("q"),
            status: value("status"),
            method: value("method"),
        }
    }

    /// Returns the criteria, or an error that says why no request can fulfill them.
    fn matches(&self, tool: &Tool) -> Result<Match, Error> {
        let mut parameters = vec![("status", &*self.status), ("method", &*self.method)];
        parameters.retain(|(_, value)| !value.is_empty());
        let mut text = Vec::new();
        let mut rest = self.text.as_str();
        while !rest.is_empty() {
            let word = rest.split_whitespace().next().unwrap_or_default();
            let name = word.split_once(':').map_or("", |(name, _)| name);
            let after = if is_name(name) {
                let (value, after) = split_value(&rest[name.len() + 1..]);
                parameters.push((name, value));
                after
            } else {
                text.push(word);
                &rest[word.len()..]
            };
            rest = after.trim_start();
        }
        let text = text.join(" ");
        if !text.is_empty() {
            parameters.push(("text", &text));
        }
        of_query(parameters, tool.within())
    }

    fn is_given(&self) -> bool {
        [&self.text, &self.status, &self.method]
            .iter()
            .any(|text| !text.is_empty())
    }

    /// Returns the query of the page with one parameter set.
    fn with(&self, name: &str, value: &str) -> String {
        let parameters = [
            ("q", self.text.as_str()),
            ("status", &self.status),
            ("method", &self.method),
            ("before", ""),
        ];
        let all = parameters.map(|(key, own)| (key, if key == name { value } else { own }));
        let given = all.iter().filter(|(_, value)| !value.is_empty());
        form_urlencoded::Serializer::for_suffix("?".to_owned(), 1)
            .extend_pairs(given)
            .finish()
    }

    /// Returns the links that turn a status or a method on or off, each with whether it is on.
    fn chips(&self) -> Vec<(Crumb, bool)> {
        let chip = |name, chosen: &str, value| {
            let is_on = chosen == value;
            (
                crumb(value, self.with(name, if is_on { "" } else { value })),
                is_on,
            )
        };
        let statuses = ["2xx", "4xx", "5xx"].map(|value| chip("status", &self.status, value));
        let methods = ["GET", "POST", "PUT", "PATCH", "DELETE"];
        let methods = methods.map(|value| chip("method", &self.method, value));
        statuses.into_iter().chain(methods).collect()
    }
}

/// Splits a text after its first word, or after what stands in quotation marks, the second of which ends a word.
fn split_value(text: &str) -> (&str, &str) {
    let ends_word = |at: usize| {
        text[at + 1..]
            .chars()
            .next()
            .is_none_or(char::is_whitespace)
    };
    let mut marks = text.match_indices('"').map(|(at, _)| at);
    match marks.next().zip(marks.find(|at| ends_word(*at))) {
        Some((0, end)) => (&text[1..end], &text[end + 1..]),
        _ => text.split_at(text.find(char::is_whitespace).unwrap_or(text.len())),
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// A page of the requests that match, the latest first.
#[derive(Default, Template)]
#[template(path = "request_rows.html")]
struct Found {
    rows: Vec<Row>,
    /// Describes the rows: `51 to 100 of 1,000 requests`.
    caption: String,
    /// The links to newer and older requests.
    links: Vec<Crumb>,
    /// Whether the latest request is on the page.
    is_latest: bool,
}

impl Found {
    fn new(tool: &Tool, search: &Search, matches: &Match) -> Self {
        let before = tool
            .data
            .get("before")
            .and_then(|before| before.parse().ok());
        let found = tool.scope.requests(matches);
        let end = before.map_or(found.len(), |before| {
            found.partition_point(|entry| entry.sequence < before)
        });
        let start = end.saturating_sub(PAGE_SIZE);
        let newest = found.len() - end;
        let all = count(found.len(), "request", "requests");
        let caption = match start..end {
            range if range.len() == found.len() => all,
            range => format!(
                "{} to {} of {all}",
                grouped(newest + 1),
                grouped(newest + range.len())
            ),
        };
        let mut links = Vec::new();
        if newest > 0 {
            links.push(crumb("Latest", search.with("before", "")));
        }
        if start > 0 {
            links.push(crumb(
                "Older",
                search.with("before", &found[start].sequence.to_string()),
            ));
        }
        let rows = found[start..end].iter().rev();
        Self {
            rows: rows.map(|entry| Row::new(entry, tool)).collect(),
            caption,
            links,
            is_latest: newest == 0,
        }
    }

    /// Returns the number of the latest request.
    fn latest(&self) -> u64 {
        self.rows.first().map_or(0, |row| row.entry.sequence)
    }
}

struct Row {
    entry: Arc<Entry>,
    path: String,
    target: String,
    reason: Option<String>,
    time: String,
    account: Option<AccountId>,
}

impl Row {
    fn new(entry: &Arc<Entry>, tool: &Tool) -> Self {
        Self {
            path: format!("{}/requests/{}", tool.path(), entry.sequence),
            target: cut(&entry.target(), LONGEST_SHOWN),
            reason: entry.reason().map(|reason| cut(&reason, LONGEST_SHOWN)),
            time: entry.time().readable(),
            // In an account's own journal, the title shows its number.
            account: entry.account.filter(|_| tool.scope.tenant.is_none()),
            entry: Arc::clone(entry),
        }
    }
}

/// The display of an entry, shared by the rows and its own page.
pub trait DisplayEntry {
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
            .map_or_else(|| "no answer".to_owned(), |status| status.to_string())
    }

    fn kind(&self) -> &'static str {
        kind(self.status)
    }

    fn milliseconds(&self) -> String {
        format!("{:.1}", self.duration.as_secs_f64() * 1000.0)
    }
}

/// Returns the CSS class of a status, for its colour.
pub fn kind(status: Option<u16>) -> &'static str {
    match status {
        Some(200..=299) => "good",
        Some(300..=499) => "warn",
        _ => "bad",
    }
}

async fn list(tool: Tool) -> Result<Response> {
    let search = Search::of(&tool.data);
    let (status, problems, found) = match search.matches(&tool) {
        Ok(matches) => (
            StatusCode::OK,
            Vec::new(),
            Found::new(&tool, &search, &matches),
        ),
        Err(Error::Malformed(problems)) => {
            let problems = problems
                .iter()
                .map(|problem| sentence(&problem.to_string()));
            (
                StatusCode::BAD_REQUEST,
                problems.collect(),
                Found::default(),
            )
        }
        Err(error) => return Err(error.into()),
    };
    let list = List {
        frame: tool.frame("Requests"),
        path: tool.path() + "/requests",
        search,
        problems,
        found,
        base_url: tool.base_url.clone(),
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
    let search = Search::of(&tool.data);
    let matches = search.matches(&tool)?;
    loop {
        // Subscribe before reading, so that no request between reading and waiting is missed.
        let subscription = tool.scope.subscribe(matches.clone());
        let found = Found::new(&tool, &search, &matches);
        if found.latest() > since {
            return page(&found);
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
    let search = Search::of(&tool.data);
    let matches = search.matches(&tool)?;
    let number = tool.scope.forget_requests(&matches);
    let notice = count(number, "request was", "requests were") + " deleted.";
    Ok(done(
        notice,
        tool.path() + "/requests" + &search.with("before", ""),
    ))
}

/// Headers and body for display.
struct DisplayMessage {
    headers: Vec<(String, String)>,
    body: String,
    /// What is to be known about the body.
    note: &'static str,
}

impl From<&Message> for DisplayMessage {
    fn from(message: &Message) -> Self {
        let (body, note) = match &message.body {
            Body::None => (String::new(), "There was no body."),
            Body::Withheld => (
                String::new(),
                "The body is not kept: it is no text, or may hold credentials that cannot be told apart.",
            ),
            Body::Text(text) => (indented(text), ""),
            Body::Start(text) => (text.to_string(), "Only the start of the body is kept."),
        };
        let headers = message.headers.iter();
        let headers = headers.map(|(name, value)| (name.into_owned(), value.into_owned()));
        Self {
            headers: headers.collect(),
            body,
            note,
        }
    }
}

/// Indents JSON if that changes nothing but blanks; returns any other text as it came.
fn indented(text: &str) -> String {
    let indented = serde_json::from_str::<Value>(text).ok().and_then(|value| {
        let is_same = value.to_string().as_str() == text;
        is_same.then(|| format!("{value:#}"))
    });
    indented.unwrap_or_else(|| text.to_owned())
}

async fn show(tool: Tool) -> Result<Response> {
    let sequence: u64 = tool.segment("sequence")?;
    let path = tool.path();
    let entry = tool.scope.request(sequence).ok_or_else(|| {
        let message = "this request is not in the journal any more";
        Failure::new(StatusCode::NOT_FOUND, message)
    })?;
    let existing = entry
        .account
        .filter(|account| tool.scope.all.tenant(*account).is_some());
    let path_of = |account| match existing {
        Some(_) => tools(existing),
        None => format!("/console/requests?q=account:{account}"),
    };
    page(&Show {
        frame: tool
            .frame(format!("Request {sequence}"))
            .below(vec![crumb("Requests", format!("{path}/requests"))]),
        time: entry.time().readable(),
        authentication: match entry.authentication {
            Authentication::NotAsked => "not asked for",
            Authentication::Accepted => "accepted",
            Authentication::Refused => "refused",
        },
        account: entry.account.map(|account| (account, path_of(account))),
        messages: [
            ("Request", DisplayMessage::from(&entry.request)),
            ("Answer", DisplayMessage::from(&entry.response)),
        ],
        command: Command::new(&entry, &tool.base_url),
        faults: faults::presets(&tools(existing), Some(sequence)),
        entry,
    })
}
