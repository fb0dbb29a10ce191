//! A recorded request, as the API returns it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use crate::testing::journal::{self, Authentication, Entry, Message};

/// A request in the journal, without passwords and credentials.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
#[schemars(example = json!({
    "sequence": 7,
    "time": "2026-06-25T19:37:59.031Z",
    "durationMicros": 180,
    "accountId": "123456",
    "method": "GET",
    "path": "/v4/Operator",
    "operationId": "Operator_GetAllOperators",
    "status": 200,
    "userName": "emulator",
    "authentication": "accepted",
    "committed": false,
    "request": {"headers": {"accept": "application/json"}},
    "response": {"headers": {"content-type": "application/json; charset=utf-8"}, "body": []}
}))]
pub struct RecordedRequest {
    /// The number in the journal, one count for the whole server.
    pub sequence: u64,
    /// The time of the account's clock, in RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    pub time: String,
    pub duration_micros: u128,
    /// The account that the credentials name, if they name one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    /// The label of the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    pub method: String,
    /// The canonical path: with `/v4`, in the spelling of the documents, without the query.
    pub path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation_id: Option<&'static str>,
    /// There is none if the connection was ended or left hanging.
    pub status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_name: Option<String>,
    /// `accepted`, `refused` or `notAsked`.
    #[schemars(extend("enum" = ["accepted", "refused", "notAsked"]))]
    pub authentication: &'static str,
    /// The fault that decided what became of the request, or the first that delayed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<u64>,
    /// Whether a change was committed, whatever became of its response.
    pub committed: bool,
    /// Why the response was a 4xx.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    pub request: RecordedMessage,
    pub response: RecordedMessage,
}

/// The headers and the body of a request or a response in the journal.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RecordedMessage {
    pub headers: BTreeMap<String, String>,
    /// A JSON body as JSON, any other as a string.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// Whether only the start of the body or of the headers was recorded.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_cut: bool,
    /// Whether the body was not recorded, since it may hold credentials or is no text.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_withheld: bool,
}

impl RecordedRequest {
    pub(crate) fn of(entry: &Entry) -> Self {
        Self {
            sequence: entry.sequence,
            time: entry.precise_time(),
            duration_micros: entry.duration.as_micros(),
            account_id: entry.account.map(|account| account.to_string()),
            label: entry.label.clone(),
            method: entry.method.to_string(),
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
            committed: entry.committed,
            reasons: entry.reasons.iter().map(ToString::to_string).collect(),
            request: RecordedMessage::of(&entry.request),
            response: RecordedMessage::of(&entry.response),
        }
    }
}

impl RecordedMessage {
    fn of(message: &Message) -> Self {
        let body = match &message.body {
            journal::Body::None | journal::Body::Withheld => None,
            journal::Body::Text(text) => {
                Some(serde_json::from_str(text).unwrap_or_else(|_| Value::from(&**text)))
            }
            journal::Body::Start(text) => Some(Value::from(&**text)),
        };
        let mut headers: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in message.headers.iter() {
            // Several lines of one name form a list (RFC 9110, 5.3).
            let joined = headers.entry(name.into_owned()).or_default();
            let separator = if joined.is_empty() { "" } else { ", " };
            joined.extend([separator, &*value]);
        }
        Self {
            headers,
            body,
            is_cut: message.headers.are_cut || matches!(message.body, journal::Body::Start(_)),
            is_withheld: message.body == journal::Body::Withheld,
        }
    }
}
