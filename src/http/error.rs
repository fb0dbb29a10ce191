//! Errors as responses: a status, and `{"Messages": [{"Message": "…"}]}`.

use std::sync::Arc;

use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

use super::extract::Json;
use super::reason::Cause;
use crate::error::Error;
use crate::status::{messages, status};

/// The problems of a request, one message each.
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

impl MessageList {
    /// Creates the body for an error.
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
        response_of(Arc::new(self))
    }
}

/// Returns the response that reports an error.
pub fn response_of(error: Arc<Error>) -> Response {
    let status = status(&error);
    if let Error::Failed(cause) = &*error {
        tracing::error!(cause, "a request failed");
    }
    let mut response = (status, Json::of(&MessageList::of(&error))).into_response();
    response.extensions_mut().insert(Cause(error));
    if status == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static("Basic realm=\"Uptrends API\"");
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    response
}
