//! The statuses and messages of errors.

use axum::http::StatusCode;

use crate::error::Error;

/// Returns the status that an error is answered with.
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
        Error::Injected(status) => {
            StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
        }
        Error::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Returns the messages of an error: one sentence for each problem.
pub fn messages(error: &Error) -> Vec<String> {
    match error {
        Error::Malformed(problems) | Error::Refused(problems) => problems
            .iter()
            .map(|problem| sentence(&problem.to_string()))
            .collect(),
        Error::Failed(_) => vec!["An error occurred in the server; its log tells more.".to_owned()],
        Error::Injected(_) => {
            let status = status(error);
            vec![sentence(
                status.canonical_reason().unwrap_or(status.as_str()),
            )]
        }
        other => vec![sentence(&other.to_string())],
    }
}

/// Turns an error message, which follows Rust's conventions, into a sentence for people.
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
