//! `…/requests`: the journal, for tests to list, count and wait for requests.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::OriginalUri;
use axum::http::header::{CONTENT_DISPOSITION, LINK};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, NoContent, Response};
use axum::{Extension, Json};
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::extract::{FromShape, Path, Query, Scoped, Within};
use super::har::Archive;
use super::matches::{self, MatchShape};
use super::problem::{Problem, Result};
use super::recorded::RecordedRequest;
use super::scope::{Scope, both};
use crate::bind::{Fields, limit, shape, with_example};
use crate::connection::Connection;
use crate::operation::{Describe, Description, Operation};
use crate::service::waiting::{self, Waited};
use crate::testing::journal::Entry;
use crate::testing::matching::Match;

pub static OPERATIONS: &[[Operation; 2]] = &[
    both!(GET "/requests" => list, "Emulator_ListRequests", "Recorded requests, oldest first, a page at a time."),
    both!(DELETE "/requests" => clear, "Emulator_ClearRequests", "Forgets the requests that match."),
    both!(GET "/requests/{sequence}" => get, "Emulator_GetRequest", "The request that an answer named in Emulator-Request."),
    both!(GET "/requests.har" => archive, "Emulator_GetRequestArchive", "Recorded requests as an HTTP Archive (HAR 1.2)."),
    both!(POST "/requests/count" => count, "Emulator_CountRequests", "How many requests match."),
    both!(POST "/requests/wait" => wait, "Emulator_WaitForRequests", "Waits until so many requests match.",
        [StatusCode::REQUEST_TIMEOUT]),
];

/// The largest number of requests on a page, which is also the default.
const PAGE: usize = 1000;

/// Which requests are listed.
#[derive(Debug)]
struct List {
    matches: Match,
    since: Option<u64>,
    before: Option<u64>,
    limit: usize,
}

shape! {
    /// Which requests are listed.
    ListShape = "RequestList", list_schema {
        /// Only requests with a greater sequence number: the page begins with the first of them.
        since: u64 = "since",
        /// Only requests with a smaller sequence number: the page ends with the last of them.
        before: u64 = "before",
        /// At most this many, from 1 to 1000, which is the default. Without `since`, they are the latest.
        limit: usize = "limit",
        ..matches: MatchShape,
    }
}

fn list_schema(mut schema: Schema) -> Schema {
    limit(&mut schema, "limit", 1, PAGE as u64);
    schema
}

impl FromShape for List {
    type Shape = ListShape;

    fn join(shape: ListShape, fields: &mut Fields<'_>, within: Within<'_>) -> Option<Self> {
        let limit = shape.limit.into_value().unwrap_or(PAGE);
        if !(1..=PAGE).contains(&limit) {
            fields.malformed::<()>("limit", format!("must be from 1 to {PAGE}"));
        }
        Some(Self {
            matches: shape.matches.resolve("", fields, within)?,
            since: shape.since.into_value(),
            before: shape.before.into_value(),
            limit,
        })
    }
}

impl List {
    /// Returns the requests of the page, and whether there are older ones.
    fn find(&self, scope: &Scope) -> (Vec<Arc<Entry>>, bool) {
        let mut found = scope.requests(&self.matches);
        found.retain(|entry| {
            self.since.is_none_or(|since| entry.sequence > since)
                && self.before.is_none_or(|before| entry.sequence < before)
        });
        if self.since.is_some() {
            found.truncate(self.limit);
            return (found, false);
        }
        let older = found.len().saturating_sub(self.limit);
        found.drain(..older);
        (found, older > 0)
    }
}

/// A page of requests, with a link to the older ones.
struct Page {
    entries: Json<Vec<RecordedRequest>>,
    older: Option<String>,
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let mut response = self.entries.into_response();
        if let Some(link) = self.older.and_then(|link| link.try_into().ok()) {
            response.headers_mut().insert(LINK, link);
        }
        response
    }
}

impl Describe for Page {
    fn describe(description: &mut Description<'_>) {
        Json::<Vec<RecordedRequest>>::describe(description);
    }
}

async fn list(scope: Scope, OriginalUri(uri): OriginalUri, Query(list): Query<List>) -> Page {
    let (found, has_older) = list.find(&scope);
    let first = found.first().filter(|_| has_older);
    Page {
        older: first.map(|first| older_page(&uri, first.sequence)),
        entries: Json(
            found
                .iter()
                .map(|entry| RecordedRequest::of(entry))
                .collect(),
        ),
    }
}

/// Returns a link to the requests before one, with the same criteria (RFC 8288; it is relative to the page).
fn older_page(uri: &Uri, before: u64) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        if name != "before" {
            query.append_pair(&name, &value);
        }
    }
    query.append_pair("before", &before.to_string());
    format!("<?{}>; rel=\"next\"", query.finish())
}

#[derive(Deserialize)]
struct RequestPath {
    sequence: u64,
}

async fn get(
    scope: Scope,
    Path(RequestPath { sequence }): Path<RequestPath>,
) -> Result<Json<RecordedRequest>> {
    let recorded = scope.request(sequence).ok_or_else(|| {
        let message = format!("request {sequence} is not recorded here, or not any more");
        Problem::new(StatusCode::NOT_FOUND, message)
    })?;
    Ok(Json(RecordedRequest::of(&recorded)))
}

/// An archive, which a browser saves as a file.
struct ArchiveFile(Json<Archive>);

impl IntoResponse for ArchiveFile {
    fn into_response(self) -> Response {
        let disposition = [(CONTENT_DISPOSITION, "attachment; filename=\"requests.har\"")];
        (disposition, self.0).into_response()
    }
}

impl Describe for ArchiveFile {
    fn describe(description: &mut Description<'_>) {
        Json::<Archive>::describe(description);
    }
}

async fn archive(
    scope: Scope,
    base: super::extract::BaseUrl,
    Query(list): Query<List>,
) -> ArchiveFile {
    let (found, _) = list.find(&scope);
    ArchiveFile(Json(Archive::of(&found, &base.0)))
}

async fn clear(scope: Scope, Query(matches): Query<Match>) -> NoContent {
    scope.forget_requests(&matches);
    NoContent
}

#[derive(Serialize, JsonSchema)]
#[schemars(example = json!({"count": 1}))]
pub struct Count {
    pub count: usize,
}

async fn count(Scoped(scope, matches): Scoped<Match>) -> Json<Count> {
    Json(Count {
        count: scope.requests(&matches).len(),
    })
}

/// The requests to wait for.
#[derive(Debug)]
struct Wait {
    matches: Match,
    at_least: usize,
    timeout: Duration,
}

shape! {
    /// The requests to wait for: how many, and for how long.
    WaitShape = "RequestWait", wait_schema {
        matches: MatchShape = "match",
        /// The default is 1.
        at_least: usize = "atLeast",
        /// The default is 5000.
        timeout_ms: u64 = "timeoutMs",
    }
}

fn wait_schema(mut schema: Schema) -> Schema {
    limit(&mut schema, "timeoutMs", 0, LONGEST_WAIT);
    with_example(
        schema,
        &json!({"match": {"operationId": "Operator_GetAllOperators"}, "atLeast": 1, "timeoutMs": 5000}),
    )
}

impl FromShape for Wait {
    type Shape = WaitShape;

    fn join(shape: WaitShape, fields: &mut Fields<'_>, within: Within<'_>) -> Option<Self> {
        let timeout = shape.timeout_ms.into_value().unwrap_or(5_000);
        if timeout > LONGEST_WAIT {
            fields.malformed::<()>("timeoutMs", format!("at most {LONGEST_WAIT}"));
        }
        Some(Self {
            matches: matches::resolve(shape.matches, fields, within)?,
            at_least: shape.at_least.into_value().unwrap_or(1),
            timeout: Duration::from_millis(timeout),
        })
    }
}

/// The longest wait that a client may ask for, in milliseconds.
const LONGEST_WAIT: u64 = 60_000;

async fn wait(
    Extension(connection): Extension<Connection>,
    Scoped(scope, wait): Scoped<Wait>,
) -> Result<Json<Count>> {
    let Wait {
        matches,
        at_least,
        timeout,
    } = wait;
    let (status, message) = tokio::select! {
        biased;
        waited = waiting::wait(scope, &matches, at_least, timeout) => match waited? {
            Waited::Met { count } => return Ok(Json(Count { count })),
            Waited::Late(missed) => {
                let (count, within) = (missed.found.len(), timeout.as_millis());
                let mut sentences = missed.sentences();
                sentences[0] = format!("{count} of {at_least} requests came within {within} ms");
                (StatusCode::REQUEST_TIMEOUT, sentences.join("; "))
            }
            Waited::Crowded => (StatusCode::SERVICE_UNAVAILABLE, waiting::CROWDED.to_owned()),
        },
        () = connection.left() => (StatusCode::REQUEST_TIMEOUT, "the client left".to_owned()),
        () = connection.stopping() => (StatusCode::SERVICE_UNAVAILABLE, "the server stops".to_owned()),
    };
    Err(Problem::new(status, message))
}
