//! The envelope of the companion API's responses, errors included.

use std::sync::LazyLock;

use axum::Extension;
use axum::extract::Request;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::DateTime;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::UserBody;
use super::accept::{FORMATS, HTML, negotiated};
use crate::AppState;
use crate::domain::Moment;
use crate::error::Error;
use crate::http::extract::Json;
use crate::http::layers::trace::Trace;
use crate::operation::path::is_of_users;
use crate::operation::{Describe, Description};
use crate::status::{messages, status};

/// The help page's GetUsersResponse: the body of every response, errors included.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
#[schemars(example = example())]
struct GetUsersResponse<'a> {
    users: Vec<UserBody<'a>>,
    messages: Vec<MessageBody>,
    server_information: ServerInformation,
    version_information: VersionInformation,
}

/// The help page's Message. The page shows numbers without their meanings; the meanings here are the emulator's own.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
#[schemars(rename = "Message")]
struct MessageBody {
    severity: i32,
    message_code: i32,
    /// The status of the response.
    code_desc: u16,
    message_text: String,
    /// The index of the user in the request: there is only one.
    record_number: i32,
}

/// The only severity in use: 0 and 1 would be information and warnings.
const ERROR: i32 = 2;

/// The kind of an error.
enum MessageCode {
    /// The request cannot be bound.
    Malformed = 1,
    Unauthenticated = 2,
    /// The caller lacks the right.
    Forbidden = 3,
    /// A rule rejects the request.
    Refused = 4,
    NotFound = 5,
    /// The path, method, size, content type or timing of the request is wrong.
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
            | Error::WrongEncoding(_)
            | Error::TooSlow => Self::WrongRequest,
            Error::NotReady | Error::Injected(_) | Error::Failed(_) => Self::Failed,
        }
    }
}

#[derive(Serialize, JsonSchema)]
struct ServerInformation {
    #[serde(rename = "CurrentTimeUTC")]
    current_time: Moment,
    #[serde(rename = "BuildDateUTC")]
    build_date: Moment,
}

/// The date of the build, if the build sets it. The clock is not read, so that the same source gives the same program
/// (https://reproducible-builds.org/specs/source-date-epoch/).
static BUILD_DATE: LazyLock<Moment> = LazyLock::new(|| {
    let seconds = option_env!("SOURCE_DATE_EPOCH").and_then(|seconds| seconds.parse().ok());
    DateTime::from_timestamp(seconds.unwrap_or_default(), 0)
        .unwrap_or_default()
        .into()
});

/// The version of the API, as the help page prints it.
#[derive(Serialize, JsonSchema)]
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

/// Returns an example of a response, as the help page shows it.
pub(super) fn example() -> Value {
    json!({
        "Users": [{
            "ID": 2,
            "ClientID": 123_456,
            "ClientName": "Example account",
            "UserName": "operator@example.com",
            "GivenName": "Second",
            "FamilyName": "Operator",
            "Active": true,
            "Email": "operator@example.com",
            "UserRole": 0,
            "UserRoleDescription": "Monitor",
            "MobileNumber": "",
            "TimeZoneID": "56",
            "EnableAlertTimeframe": false,
            "AlertTimeframeStart": "00:00:00",
            "AlertTimeframeEnd": "00:00:00",
            "DefaultDashboard": 0,
            "DateFormat": "dd/MM/yyyy",
            "TimeFormat": "HH:mm:ss",
            "GraphTooltips": true
        }],
        "Messages": [],
        "ServerInformation": {"CurrentTimeUTC": "2026-06-25T19:37:59", "BuildDateUTC": "1970-01-01T00:00:00"},
        "VersionInformation": VERSION
    })
}

/// A response in its envelope.
pub struct Enveloped(Response);

impl IntoResponse for Enveloped {
    fn into_response(self) -> Response {
        self.0
    }
}

impl Describe for Enveloped {
    fn describe(description: &mut Description<'_>) {
        description.response_as::<GetUsersResponse<'static>>(StatusCode::OK, &FORMATS);
    }
}

impl Describe for Extension<Envelope> {
    fn describe(_: &mut Description<'_>) {}
}

/// The envelope of the response to one request.
#[derive(Debug, Clone)]
pub struct Envelope {
    state: AppState,
    trace: Trace,
    format: &'static str,
}

impl Envelope {
    /// Creates the envelope of a request to the companion API, and adds it to the request for its handler. Other requests
    /// have none.
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

    /// Adds an error status to the description of an operation, with an example of its response.
    pub fn describe_error(
        description: &mut Description<'_>,
        status: StatusCode,
        text: &str,
        error: &Error,
    ) {
        let example = GetUsersResponse {
            users: Vec::new(),
            messages: messages_of(error),
            server_information: ServerInformation {
                current_time: *BUILD_DATE,
                build_date: *BUILD_DATE,
            },
            version_information: VERSION,
        };
        description.error_response::<GetUsersResponse<'static>>(
            status,
            text,
            &FORMATS,
            &json!(example),
        );
    }

    /// Creates a response without errors.
    pub(super) fn wrap(&self, users: Vec<UserBody<'_>>) -> Enveloped {
        Enveloped(self.write(users, Vec::new()))
    }

    fn write(&self, users: Vec<UserBody<'_>>, messages: Vec<MessageBody>) -> Response {
        let mut response = Json::of(&GetUsersResponse {
            users,
            messages,
            server_information: ServerInformation {
                current_time: self
                    .state
                    .store
                    .state()
                    .now(self.trace.tenant().map(|tenant| &**tenant)),
                build_date: *BUILD_DATE,
            },
            version_information: VERSION,
        })
        .into_response();
        let content_type = HeaderValue::try_from(format!("{}; charset=utf-8", self.format))
            .expect("a media type is a valid header value");
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, content_type);
        if self.format == HTML {
            // The body is JSON: a browser must not interpret text of users as HTML, or run it.
            let policy = HeaderValue::from_static("default-src 'none'; sandbox");
            headers.insert(CONTENT_SECURITY_POLICY, policy);
        }
        response
    }

    /// Creates a response that reports an error.
    pub fn wrap_error(&self, error: &Error) -> Response {
        self.write(Vec::new(), messages_of(error))
    }
}

fn messages_of(error: &Error) -> Vec<MessageBody> {
    let message = |message_text| MessageBody {
        severity: ERROR,
        message_code: MessageCode::from(error) as i32,
        code_desc: status(error).as_u16(),
        message_text,
        record_number: 0,
    };
    messages(error).into_iter().map(message).collect()
}
