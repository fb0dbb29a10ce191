//! Errors as clients see them: a status, and `{"Messages": [{"Message": "…"}]}`.

use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::extract::Json;
use crate::error::Error;

/// The vendor's MessageList.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct MessageList {
    messages: Vec<MessageInfo>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct MessageInfo {
    message: String,
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::UnknownPath(_) | Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::WrongMethod(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::NotEmulated(_) => StatusCode::NOT_IMPLEMENTED,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotJson(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Forbidden(_) | Self::Refused(_) => StatusCode::FORBIDDEN,
            Self::NotReady => StatusCode::SERVICE_UNAVAILABLE,
            Self::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let messages = match self {
            Self::Malformed(messages) | Self::Refused(messages) => messages,
            Self::Failed(cause) => {
                tracing::error!(cause, "a request failed");
                vec!["An error occurred in the server; its log tells more.".to_owned()]
            }
            other => vec![other.to_string()],
        };
        let messages = messages
            .into_iter()
            .map(|message| MessageInfo {
                message: sentence(&message),
            })
            .collect();
        let mut response = (status, Json(MessageList { messages })).into_response();
        if status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Basic realm=\"Uptrends API\"");
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// Errors are written as Rust's errors are; people read sentences.
fn sentence(message: &str) -> String {
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
