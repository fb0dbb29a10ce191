//! `…/requests`: the journal, for tests to list, count and wait for requests.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Extension;
use axum::Json;
use axum::http::StatusCode;
use axum::response::NoContent;
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use super::extract::{FromShape, Query};
use super::problem::{Problem, Result};
use super::scope::{Scope, Scoped, both};
use crate::bind::{Fields, limit, shape, with_example};
use crate::connection::Connection;
use crate::operation::Operation;
use crate::operation::path::canonical;
use crate::testing::journal::{self, Authentication, Entry, Match, Message};

pub static OPERATIONS: &[[Operation; 2]] = &[
    both!(GET "/requests" => list, "Emulator_ListRequests", "The latest requests, oldest first."),
    both!(DELETE "/requests" => clear, "Emulator_ClearRequests", "Forgets all requests."),
    both!(POST "/requests/count" => count, "Emulator_CountRequests", "How many requests match."),
    both!(POST "/requests/wait" => wait, "Emulator_WaitForRequests", "Waits until so many requests match.",
        [StatusCode::REQUEST_TIMEOUT]),
];

shape! {
    /// Which requests match: those that agree with every given field.
    MatchShape = "Match", match_schema {
        method: String = "method",
        path: String = "path",
        operation_id: String = "operationId",
        user_name: String = "userName",
        status: u16 = "status",
    }
}

fn match_schema(schema: Schema) -> Schema {
    with_example(schema, &json!({"method": "POST", "path": "/v4/Operator"}))
}

impl From<MatchShape> for Match {
    fn from(
        MatchShape {
            method,
            path,
            operation_id,
            user_name,
            status,
        }: MatchShape,
    ) -> Self {
        Self {
            method: method.into_value(),
            path: path.into_value().as_deref().map(canonical),
            operation_id: operation_id.into_value(),
            user_name: user_name.into_value(),
            status: status.into_value(),
        }
    }
}

impl FromShape for Match {
    type Shape = MatchShape;

    fn join(shape: MatchShape, _: &mut Fields<'_>) -> Option<Self> {
        Some(shape.into())
    }
}

/// A match, as the API returns it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct MatchBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
}

impl From<Match> for MatchBody {
    fn from(
        Match {
            method,
            path,
            operation_id,
            user_name,
            status,
        }: Match,
    ) -> Self {
        Self {
            method,
            path,
            operation_id,
            user_name,
            status,
        }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ListQuery {
    method: Option<String>,
    path: Option<String>,
    operation_id: Option<String>,
    user_name: Option<String>,
    status: Option<u16>,
    /// Only requests with a greater sequence number.
    since: Option<u64>,
    /// At most this many, the latest ones.
    limit: Option<usize>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(example = json!({"count": 1}))]
struct Count {
    count: usize,
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

    fn join(shape: WaitShape, fields: &mut Fields<'_>) -> Option<Self> {
        let timeout = shape.timeout_ms.into_value().unwrap_or(5_000);
        if timeout > LONGEST_WAIT {
            return fields.malformed("timeoutMs", format!("at most {LONGEST_WAIT}"));
        }
        Some(Self {
            matches: shape
                .matches
                .into_value()
                .map(Match::from)
                .unwrap_or_default(),
            at_least: shape.at_least.into_value().unwrap_or(1),
            timeout: Duration::from_millis(timeout),
        })
    }
}

/// The longest wait that a client may ask for, in milliseconds.
const LONGEST_WAIT: u64 = 60_000;

async fn list(scope: Scope, Query(query): Query<ListQuery>) -> Json<Vec<EntryBody>> {
    let ListQuery {
        method,
        path,
        operation_id,
        user_name,
        status,
        since,
        limit,
    } = query;
    let matches = Match {
        method,
        path: path.as_deref().map(canonical),
        operation_id,
        user_name,
        status,
    };
    let mut found = scope.requests(&matches);
    found.retain(|entry| since.is_none_or(|since| entry.sequence > since));
    let skipped = found.len().saturating_sub(limit.unwrap_or(usize::MAX));
    Json(
        found
            .iter()
            .skip(skipped)
            .map(|entry| EntryBody::from(&**entry))
            .collect(),
    )
}

/// An empty query: requests cannot be cleared selectively.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NoFilter {}

async fn clear(scope: Scope, Query(NoFilter {}): Query<NoFilter>) -> NoContent {
    scope.forget_requests();
    NoContent
}

async fn count(Scoped(scope, matches): Scoped<Match>) -> Json<Count> {
    Json(Count {
        count: scope.count(&matches),
    })
}

async fn wait(
    Extension(connection): Extension<Connection>,
    Scoped(mut scope, wait): Scoped<Wait>,
) -> Result<Json<Count>> {
    let Wait {
        matches,
        at_least,
        timeout,
    } = wait;
    let deadline = Instant::now() + timeout;
    loop {
        // Subscribed before counting, so that no request is missed between counting and waiting.
        let mut changes = scope.testing().changes();
        scope = scope.again()?;
        let count = scope.count(&matches);
        if count >= at_least {
            return Ok(Json(Count { count }));
        }
        tokio::select! {
            _ = changes.changed() => {}
            () = sleep_until(deadline) => {
                let within = timeout.as_millis();
                let message = format!("{count} of {at_least} requests came within {within} ms");
                return Err(Problem::new(StatusCode::REQUEST_TIMEOUT, message));
            }
            () = connection.left() => {
                let message = format!("the client left, and {count} of {at_least} requests had come");
                return Err(Problem::new(StatusCode::REQUEST_TIMEOUT, message));
            }
            () = connection.stopping() => {
                return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the server stops"));
            }
        }
    }
}

/// A request in the journal.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RecordedRequest", example = json!({
    "sequence": 7,
    "time": "2026-06-25T19:37:59Z",
    "durationMicros": 180,
    "accountId": "123456",
    "method": "GET",
    "path": "/v4/Operator",
    "operationId": "Operator_GetAllOperators",
    "status": 200,
    "userName": "emulator",
    "authentication": "accepted",
    "request": {"headers": {"accept": "application/json"}},
    "response": {"headers": {"content-type": "application/json; charset=utf-8"}, "body": []}
}))]
struct EntryBody {
    sequence: u64,
    #[schemars(extend("format" = "date-time"))]
    time: String,
    duration_micros: u128,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<String>,
    method: String,
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    query: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation_id: Option<&'static str>,
    /// Null if the connection was ended or left hanging.
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_name: Option<String>,
    #[schemars(extend("enum" = ["accepted", "refused", "notAsked"]))]
    authentication: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    request: MessageBody,
    response: MessageBody,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RecordedMessage")]
struct MessageBody {
    headers: BTreeMap<String, String>,
    /// A JSON body as JSON, any other as a string.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Value>,
    /// Whether only the start of the body was recorded.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_cut: bool,
}

impl From<&Entry> for EntryBody {
    fn from(entry: &Entry) -> Self {
        Self {
            sequence: entry.sequence,
            time: format!("{}Z", entry.time),
            duration_micros: entry.duration.as_micros(),
            account_id: entry.account.map(|account| account.to_string()),
            method: entry.method.clone(),
            path: entry.path.clone(),
            query: entry.query.clone(),
            operation_id: entry.operation_id,
            status: entry.status,
            user_name: entry.user_name.clone(),
            authentication: match entry.authentication {
                Authentication::NotAsked => "notAsked",
                Authentication::Accepted => "accepted",
                Authentication::Refused => "refused",
            },
            fault: entry.fault,
            reason: entry.reason.clone(),
            request: (&entry.request).into(),
            response: (&entry.response).into(),
        }
    }
}

impl From<&Message> for MessageBody {
    fn from(message: &Message) -> Self {
        let (body, is_cut) = match &message.body {
            journal::Body::None => (None, false),
            journal::Body::Text(text) => (
                Some(serde_json::from_str(text).unwrap_or_else(|_| Value::from(text.as_str()))),
                false,
            ),
            journal::Body::Start(text) => (Some(Value::from(text.as_str())), true),
        };
        let mut headers: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in message.headers.iter() {
            // Several lines of one name form a list (RFC 9110, 5.3).
            let joined = headers.entry(name.to_owned()).or_default();
            let separator = if joined.is_empty() { "" } else { ", " };
            joined.extend([separator, value]);
        }
        Self {
            headers,
            body,
            is_cut,
        }
    }
}
