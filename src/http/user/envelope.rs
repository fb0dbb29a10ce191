//! What answers of the companion API are put in, errors included.

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
use crate::http::layers::journal::Trace;
use crate::operation::path::is_of_users;
use crate::operation::{Describe, Description};
use crate::status::{messages, status};

/// The document's GetUsersResponse: what every answer is, errors included.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
#[schemars(example = example())]
struct GetUsersResponse<'a> {
    users: Vec<UserBody<'a>>,
    messages: Vec<MessageBody>,
    server_information: ServerInformation,
    version_information: VersionInformation,
}

/// The document's Message. It shows numbers without their meanings: these are the emulator's own.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
#[schemars(rename = "Message")]
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
            | Error::WrongEncoding(_)
            | Error::TooSlow => Self::WrongRequest,
            Error::NotReady | Error::Failed(_) => Self::Failed,
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

/// When the program was built, if the build says so: the same source gives the same program, so it does not look at a
/// clock (https://reproducible-builds.org/specs/source-date-epoch/).
static BUILD_DATE: LazyLock<Moment> = LazyLock::new(|| {
    let seconds = option_env!("SOURCE_DATE_EPOCH").and_then(|seconds| seconds.parse().ok());
    DateTime::from_timestamp(seconds.unwrap_or_default(), 0)
        .unwrap_or_default()
        .into()
});

/// The version of the API, as the document prints it.
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

/// An answer, as the document shows it.
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

/// An answer in its envelope.
pub struct Enveloped(Response);

impl IntoResponse for Enveloped {
    fn into_response(self) -> Response {
        self.0
    }
}

impl Describe for Enveloped {
    fn describe(description: &mut Description<'_>) {
        description.answers_as::<GetUsersResponse<'static>>(StatusCode::OK, &FORMATS);
    }
}

impl Describe for Extension<Envelope> {
    fn describe(_: &mut Description<'_>) {}
}

/// What the answer to one request is put in.
#[derive(Debug, Clone)]
pub struct Envelope {
    state: AppState,
    trace: Trace,
    format: &'static str,
}

impl Envelope {
    /// For a request to the companion API, which carries it to its handler; others have none.
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

    /// Adds a status to the description of an operation, with what an answer of it may say.
    pub fn refuses(
        description: &mut Description<'_>,
        status: StatusCode,
        told: &str,
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
        description.refuses(status, told, &FORMATS, &example);
    }

    /// An answer without errors.
    pub(super) fn around(&self, users: Vec<UserBody<'_>>) -> Enveloped {
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

    pub fn around_error(&self, error: &Error) -> Response {
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
