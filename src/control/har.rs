//! Recorded requests as an HTTP Archive (HAR 1.2), which browsers and viewers of proxies open.

use std::borrow::Cow;
use std::sync::Arc;

use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use crate::testing::journal::{Body, Entry, Message};

/// An HTTP Archive.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline, extend("type" = "object"), example = json!({"log": {
    "version": "1.2", "creator": {"name": "uptrends-emulator", "version": "0.1.0"}, "entries": []
}}))]
pub struct Archive(Value);

impl Archive {
    /// Creates an archive of requests that were sent to a base URL.
    pub fn of(entries: &[Arc<Entry>], base_url: &str) -> Self {
        let entries: Vec<_> = entries
            .iter()
            .map(|entry| archived(entry, base_url))
            .collect();
        Self(json!({"log": {
            "version": "1.2",
            "creator": {"name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION")},
            "entries": entries,
        }}))
    }
}

fn archived(entry: &Entry, base_url: &str) -> Value {
    let milliseconds = entry.duration.as_secs_f64() * 1000.0;
    let query = entry.query.as_deref().unwrap_or_default();
    let question_mark = if query.is_empty() { "" } else { "?" };
    let parameters: Vec<_> = form_urlencoded::parse(query.as_bytes())
        .map(|(name, value)| json!({"name": name, "value": value}))
        .collect();
    let mut request = json!({
        "method": entry.method,
        "url": format!("{base_url}{}{question_mark}{query}", entry.path),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": headers(&entry.request),
        "queryString": parameters,
        "headersSize": -1,
        "bodySize": size(&entry.request),
    });
    if let Some(text) = entry.request.body.text() {
        let media_type = header(&entry.request, "content-type").unwrap_or_default();
        request["postData"] = json!({"mimeType": media_type, "params": [], "text": text});
    }
    let media_type = header(&entry.response, "content-type").unwrap_or("x-unknown".into());
    let mut comment = vec![format!("request {}", entry.sequence)];
    comment.extend(entry.operation_id.map(str::to_owned));
    comment.extend(entry.fault.map(|fault| format!("struck by fault {fault}")));
    let is_cut =
        |message: &Message| matches!(message.body, Body::Start(_)) || message.headers.are_cut;
    if is_cut(&entry.request) || is_cut(&entry.response) {
        comment.push("long headers and bodies are cut".to_owned());
    }
    comment.extend(entry.reasons.iter().map(ToString::to_string));
    json!({
        "startedDateTime": entry.precise_time(),
        "time": milliseconds,
        "request": request,
        // A status of 0 stands for a response that never came.
        "response": {
            "status": entry.status.unwrap_or_default(),
            "statusText": status_text(entry),
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": headers(&entry.response),
            "content": {
                "size": size(&entry.response),
                "mimeType": media_type,
                "text": entry.response.body.text().unwrap_or_default(),
            },
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": size(&entry.response),
        },
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
        "comment": comment.join("; "),
    })
}

fn status_text(entry: &Entry) -> &'static str {
    let status = entry
        .status
        .and_then(|status| StatusCode::from_u16(status).ok());
    status
        .and_then(|status| status.canonical_reason())
        .unwrap_or_default()
}

fn headers(message: &Message) -> Vec<Value> {
    let headers = message.headers.iter();
    headers
        .map(|(name, value)| json!({"name": name, "value": value}))
        .collect()
}

fn header<'m>(message: &'m Message, name: &str) -> Option<Cow<'m, str>> {
    let mut headers = message.headers.iter();
    headers
        .find(|(other, _)| *other == name)
        .map(|(_, value)| value)
}

/// Returns the size of a body, or -1, which stands for an unknown one, if it is not kept whole.
fn size(message: &Message) -> i64 {
    match &message.body {
        Body::None => 0,
        Body::Text(text) => text.len().try_into().unwrap_or(i64::MAX),
        Body::Start(_) | Body::Withheld => -1,
    }
}
