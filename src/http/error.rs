//! Errors as clients see them: a status, and `{"Messages": [{"Message": "…"}]}`.

use std::sync::Arc;

use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

use super::extract::Json;
use super::why::Told;
use crate::error::Error;

/// What is wrong with a request, one message each.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct MessageList {
    messages: Vec<MessageInfo>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct MessageInfo {
    message: String,
}

/// The status that an error is answered with.
pub fn status(error: &Error) -> StatusCode {
    match error {
        Error::UnknownPath(_) | Error::NotFound(_) => StatusCode::NOT_FOUND,
        Error::WrongMethod(_) => StatusCode::METHOD_NOT_ALLOWED,
        Error::Unauthenticated => StatusCode::UNAUTHORIZED,
        Error::NotEmulated(_) => StatusCode::NOT_IMPLEMENTED,
        Error::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
        Error::WrongType { .. } | Error::WrongEncoding(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Error::TooSlow => StatusCode::REQUEST_TIMEOUT,
        Error::Malformed(_) => StatusCode::BAD_REQUEST,
        Error::Forbidden(_) | Error::Refused(_) => StatusCode::FORBIDDEN,
        Error::NotReady => StatusCode::SERVICE_UNAVAILABLE,
        Error::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// What an error tells: one sentence for each mistake.
pub fn messages(error: &Error) -> Vec<String> {
    match error {
        Error::Malformed(problems) | Error::Refused(problems) => problems
            .iter()
            .map(|problem| sentence(&problem.to_string()))
            .collect(),
        Error::Failed(_) => vec!["An error occurred in the server; its log tells more.".to_owned()],
        other => vec![sentence(&other.to_string())],
    }
}

impl MessageList {
    /// The body of an error.
    pub fn of(error: &Error) -> Self {
        let messages = messages(error)
            .into_iter()
            .map(|message| MessageInfo { message })
            .collect();
        Self { messages }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = status(&self);
        if let Self::Failed(cause) = &self {
            tracing::error!(cause, "a request failed");
        }
        let mut response = (status, Json::of(&MessageList::of(&self))).into_response();
        response.extensions_mut().insert(Told(Arc::new(self)));
        if status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Basic realm=\"Uptrends API\"");
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// Errors are written as Rust's errors are; people read sentences.
pub fn sentence(message: &str) -> String {
    let mut characters = message.chars();
    let first = characters
        .next()
        .map(|first| first.to_uppercase().to_string())
        .unwrap_or_default();
    let end = if message.ends_with(['.', '!', '?']) {
        ""
    } else {
        "."
    };
    format!("{first}{}{end}", characters.as_str())
}
