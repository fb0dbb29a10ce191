//! What answers of the older API are put in, errors included.

use std::sync::LazyLock;

use axum::extract::Request;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use chrono::DateTime;
use serde::Serialize;

use super::accept::{HTML, negotiated};
use super::{UserBody, is_of_users};
use crate::AppState;
use crate::domain::Moment;
use crate::error::Error;
use crate::http::error::{messages, status};
use crate::http::extract::Json;
use crate::http::observe::Trace;
use crate::http::why::Told;

/// The vendor's GetUsersResponse: what every answer is, errors included.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct GetUsersResponse<'a> {
    users: Vec<UserBody<'a>>,
    messages: Vec<MessageBody>,
    server_information: ServerInformation,
    version_information: VersionInformation,
}

/// The vendor's Message. The document shows numbers without their meanings: these are the emulator's own.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct MessageBody {
    severity: i32,
    message_code: i32,
    /// The status of the answer.
    code_desc: u16,
    message_text: String,
    /// Which of the users sent is meant: there is one.
    record_number: i32,
}

/// The one severity that there is: 0 and 1 would be information and warnings.
const ERROR: i32 = 2;

/// What kind of error it is.
enum MessageCode {
    /// The request cannot be bound.
    Malformed = 1,
    Unauthenticated = 2,
    /// The right to do it is missing.
    Forbidden = 3,
    /// A rule says no.
    Refused = 4,
    NotFound = 5,
    /// Path, method, size, content type or time of the request are not as they have to be.
    WrongRequest = 6,
    Failed = 7,
}

impl From<&Error> for MessageCode {
    fn from(error: &Error) -> Self {
        match error {
            Error::Malformed(_) => Self::Malformed,
            Error::Unauthenticated => Self::Unauthenticated,
            Error::Forbidden(_) => Self::Forbidden,
            Error::Refused(_) => Self::Refused,
            Error::NotFound(_) => Self::NotFound,
            Error::UnknownPath(_)
            | Error::WrongMethod(_)
            | Error::NotEmulated(_)
            | Error::TooLarge(_)
            | Error::WrongType { .. }
            | Error::TooSlow => Self::WrongRequest,
            Error::NotReady | Error::Failed(_) => Self::Failed,
        }
    }
}

#[derive(Serialize)]
struct ServerInformation {
    #[serde(rename = "CurrentTimeUTC")]
    current_time: Moment,
    #[serde(rename = "BuildDateUTC")]
    build_date: Moment,
}

/// When the program was built, if the build says so: the same source gives the same program, so it does not look at a
/// clock (https://reproducible-builds.org/specs/source-date-epoch/).
static BUILD_DATE: LazyLock<Moment> = LazyLock::new(|| {
    let seconds = option_env!("SOURCE_DATE_EPOCH").and_then(|seconds| seconds.parse().ok());
    DateTime::from_timestamp(seconds.unwrap_or_default(), 0)
        .unwrap_or_default()
        .into()
});

/// The version of the API, as the document prints it.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct VersionInformation {
    major: i32,
    minor: i32,
    hotfix: i32,
    beta: bool,
    version: &'static str,
}

const VERSION: VersionInformation = VersionInformation {
    major: 1,
    minor: 8,
    hotfix: 0,
    beta: true,
    version: "1.8.0.BETA",
};

/// What the answer to one request is put in.
#[derive(Debug, Clone)]
pub struct Envelope {
    state: AppState,
    trace: Trace,
    format: &'static str,
}

impl Envelope {
    /// For a request to the older API, which carries it to its handler; others have none.
    pub fn of(state: &AppState, request: &mut Request) -> Option<Self> {
        if !is_of_users(request.uri().path()) {
            return None;
        }
        let envelope = Self {
            state: state.clone(),
            trace: Trace::of(request),
            format: negotiated(request.headers()),
        };
        request.extensions_mut().insert(envelope.clone());
        Some(envelope)
    }

    /// An answer without errors.
    pub(super) fn around(&self, users: Vec<UserBody<'_>>) -> Response {
        self.write(users, Vec::new())
    }

    fn write(&self, users: Vec<UserBody<'_>>, messages: Vec<MessageBody>) -> Response {
        let mut response = Json(GetUsersResponse {
            users,
            messages,
            server_information: ServerInformation {
                current_time: self
                    .state
                    .store
                    .state()
                    .now(self.trace.slot().map(|slot| &**slot)),
                build_date: *BUILD_DATE,
            },
            version_information: VERSION,
        })
        .into_response();
        let content_type = HeaderValue::try_from(format!("{}; charset=utf-8", self.format))
            .expect("a media type can stand in a header");
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, content_type);
        if self.format == HTML {
            // It is JSON: a browser must not take what users wrote for HTML, or run it.
            let policy = HeaderValue::from_static("default-src 'none'; sandbox");
            headers.insert(CONTENT_SECURITY_POLICY, policy);
        }
        response
    }

    /// Puts an error, of whatever cause, into the envelope; what is no error is there already, and what a fault answers
    /// stays as it is.
    pub fn around_answer(&self, answer: Response) -> Response {
        let Some(Told(error)) = answer.extensions().get::<Told>() else {
            return answer;
        };
        let (wrapped, body) = self.around_error(error).into_parts();
        let (mut parts, _) = answer.into_parts();
        parts.headers.remove(CONTENT_LENGTH);
        for (name, value) in &wrapped.headers {
            parts.headers.insert(name, value.clone());
        }
        Response::from_parts(parts, body)
    }

    fn around_error(&self, error: &Error) -> Response {
        let messages = messages(error).into_iter().map(|message_text| MessageBody {
            severity: ERROR,
            message_code: MessageCode::from(error) as i32,
            code_desc: status(error).as_u16(),
            message_text,
            record_number: 0,
        });
        self.write(Vec::new(), messages.collect())
    }
}
