//! `/api/Users`: an older API over the same people. It has answers of its own form, errors included, under more than one
//! media type, and takes forms as well as JSON.

use std::sync::{Arc, LazyLock};

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Extension, Router};
use chrono::DateTime;
use serde::Serialize;
use serde_json::{Map, Value};

use super::body::Fields;
use super::error::{messages, status};
use super::extract::{Bound, FromBody, Json, Path, is_json, media_type};
use super::observe::Trace;
use super::why::Told;
use crate::AppState;
use crate::domain::draft::Sent;
use crate::domain::user::{OwnChange, TimeInterval, Whom, names};
use crate::domain::{
    Account, AccountId, Caller, Moment, Patch, PlainPassword, User, UserChange, UserId,
};
use crate::error::{Error, Result};
use crate::service;
use crate::store::Slot;

/// The path of the older API, which is not under `/v4`.
pub const USERS: &str = "/api/Users";

pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/api/Users", get(list).put(update))
        .route("/api/Users/{id}", get(look))
}

/// The vendor's UserStruct.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct UserBody<'a> {
    #[serde(rename = "ID")]
    id: UserId,
    #[serde(rename = "ClientID")]
    client_id: AccountId,
    client_name: &'a str,
    user_name: &'a str,
    given_name: &'a str,
    family_name: &'a str,
    active: bool,
    email: &'a str,
    user_role: i32,
    user_role_description: &'static str,
    mobile_number: &'a str,
    #[serde(rename = "TimeZoneID")]
    time_zone_id: String,
    enable_alert_timeframe: bool,
    alert_timeframe_start: TimeInterval,
    alert_timeframe_end: TimeInterval,
    default_dashboard: i32,
    date_format: &'a str,
    time_format: &'a str,
    graph_tooltips: bool,
}

impl<'a> UserBody<'a> {
    fn new(account: &'a Account, user: &'a User) -> Result<Self> {
        let User {
            operator,
            id,
            active,
            enable_alert_timeframe,
            alert_timeframe_start,
            alert_timeframe_end,
            default_dashboard,
            date_format,
            time_format,
            graph_tooltips,
        } = user;
        let profile = account.operator(*operator)?.profile();
        let (given_name, family_name) = names(&profile.full_name);
        let role = account.role_of(*operator);
        Ok(Self {
            id: *id,
            client_id: account.id,
            client_name: &account.settings.name,
            user_name: profile.email.as_str(),
            given_name,
            family_name,
            active: *active,
            email: profile.email.as_str(),
            user_role: role as i32,
            user_role_description: role.into(),
            mobile_number: profile.mobile_phone.as_str(),
            time_zone_id: profile
                .time_zone_id
                .map(|id| id.to_string())
                .unwrap_or_default(),
            enable_alert_timeframe: *enable_alert_timeframe,
            alert_timeframe_start: *alert_timeframe_start,
            alert_timeframe_end: *alert_timeframe_end,
            default_dashboard: *default_dashboard,
            date_format: date_format.as_str(),
            time_format: time_format.as_str(),
            graph_tooltips: *graph_tooltips,
        })
    }
}

/// "User to update". `ClientID`, `ClientName` and `UserRoleDescription` are read-only, and not looked at.
impl FromBody<()> for UserChange {
    fn json(media_type: &str, body: Bytes) -> Result<Bytes> {
        const ALLOWED: &str =
            "application/json, text/json, text/html or application/x-www-form-urlencoded";
        match media_type {
            "application/x-www-form-urlencoded" => of_form(&body),
            json if is_json(json) || FORMATS.contains(&json) => Ok(body),
            other => Err(Error::wrong_type(ALLOWED, other)),
        }
    }

    fn bind(fields: &mut Fields, _: Option<&()>) -> Option<Self> {
        let old_password =
            match fields.value("OldPassword", |text| Ok(PlainPassword::claimed(text))) {
                Sent::Value(password) => Some(password),
                Sent::Absent | Sent::Wrong => None,
            };
        let new_password = fields.text("NewPassword").value();
        // Generated clients send a 0 for an ID that they do not have.
        let is_named = fields.is_given("ID");
        let (whom, user_name) = match (fields.integer("ID").value(), is_named) {
            (Some(0), _) | (None, false) => (by_name(fields), None),
            (id, _) => (
                id.map(|id| Whom::Id(UserId(id))),
                fields.not_blank("UserName"),
            ),
        };
        let given_name = fields.text("GivenName").value();
        let family_name = fields.text("FamilyName").value();
        let active = fields.boolean("Active").value();
        let email = fields.not_blank("Email");
        let role = fields.word_or_number("UserRole");
        let mobile_number = fields.text("MobileNumber").value();
        let time_zone_id = if fields.is_given("TimeZoneID") {
            fields.text_or("TimeZoneID", Patch::Clear)
        } else {
            Patch::Keep
        };
        let own = OwnChange {
            active,
            enable_alert_timeframe: fields.boolean("EnableAlertTimeframe").value(),
            alert_timeframe_start: interval(fields, "AlertTimeframeStart"),
            alert_timeframe_end: interval(fields, "AlertTimeframeEnd"),
            default_dashboard: fields.integer("DefaultDashboard").value(),
            date_format: fields.text("DateFormat").value(),
            time_format: fields.text("TimeFormat").value(),
            graph_tooltips: fields.boolean("GraphTooltips").value(),
        };
        Some(Self {
            whom: whom?,
            old_password,
            new_password,
            user_name,
            given_name,
            family_name,
            email,
            role,
            mobile_number,
            time_zone_id,
            own,
        })
    }
}

fn by_name(fields: &mut Fields) -> Option<Whom> {
    match fields.value("UserName", |text| Ok(text.to_owned())) {
        Sent::Value(name) => Some(Whom::Name(name)),
        Sent::Absent => fields.malformed("ID", "is required, unless UserName says who is meant"),
        Sent::Wrong => None,
    }
}

fn interval(fields: &mut Fields, name: &str) -> Option<TimeInterval> {
    match fields.value(name, str::parse) {
        Sent::Value(interval) => Some(interval),
        Sent::Absent | Sent::Wrong => None,
    }
}

/// The JSON that a form stands for. An empty field says nothing, as ASP.NET takes it for null; of two that are called
/// the same, the first is meant.
fn of_form(form: &[u8]) -> Result<Bytes> {
    const BOOLEANS: [&str; 3] = ["Active", "EnableAlertTimeframe", "GraphTooltips"];
    const NUMBERS: [&str; 3] = ["ID", "UserRole", "DefaultDashboard"];
    // curl calls whatever it sends a form.
    if form.trim_ascii_start().starts_with(b"{") {
        return Err(Error::Malformed(vec![
            "the body is JSON, but its content type says that it is a form; send Content-Type: application/json"
                .to_owned(),
        ]));
    }
    let is_one_of =
        |names: &[&str], name: &str| names.iter().any(|one| one.eq_ignore_ascii_case(name));
    let mut fields = Map::new();
    for (name, text) in form_urlencoded::parse(form) {
        let word = text.trim().to_ascii_lowercase();
        let value = if is_one_of(&BOOLEANS, &name) {
            word.parse().map(Value::Bool).ok()
        } else if is_one_of(&NUMBERS, &name) {
            word.parse::<i64>().map(Value::from).ok()
        } else {
            None
        };
        if !text.is_empty() && !fields.keys().any(|key| key.eq_ignore_ascii_case(&name)) {
            fields.insert(
                name.into_owned(),
                value.unwrap_or_else(|| text.into_owned().into()),
            );
        }
    }
    Ok(Value::Object(fields).to_string().into())
}

/// `Users_GetAllUsers`
async fn list(
    Extension(envelope): Extension<Envelope>,
    Extension(slot): Extension<Arc<Slot>>,
) -> Result<Response> {
    let users = slot.account.users.iter();
    let users: Result<Vec<_>> = users
        .map(|user| UserBody::new(&slot.account, user))
        .collect();
    Ok(envelope.around(users?, Vec::new()))
}

/// `Users_GetUser`
async fn look(
    Extension(envelope): Extension<Envelope>,
    Extension(slot): Extension<Arc<Slot>>,
    Path(id): Path<UserId>,
) -> Result<Response> {
    let user = UserBody::new(&slot.account, slot.account.user(id)?)?;
    Ok(envelope.around(vec![user], Vec::new()))
}

/// `Users_UpdateUser`
async fn update(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Extension(envelope): Extension<Envelope>,
    Bound((), draft): Bound<(), UserChange>,
) -> Result<Response> {
    let (id, account) = service::user::update(&state, &caller, draft).await?;
    let user = UserBody::new(&account, account.user(id)?)?;
    Ok(envelope.around(vec![user], Vec::new()))
}

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
    severity: Severity,
    message_code: MessageCode,
    /// The status of the answer.
    code_desc: u16,
    message_text: String,
    /// Which of the users sent is meant: there is one.
    record_number: i32,
}

#[derive(Clone, Copy)]
enum Severity {
    /// 0 and 1 would be information and warnings, of which there are none.
    Error = 2,
}

/// What kind of error it is.
#[derive(Clone, Copy)]
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

macro_rules! written_as_number {
    ($($type:ty),*) => {
        $(impl Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_i32(*self as i32)
            }
        })*
    };
}

written_as_number!(Severity, MessageCode);

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

    fn around(&self, users: Vec<UserBody<'_>>, messages: Vec<MessageBody>) -> Response {
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
            severity: Severity::Error,
            message_code: error.into(),
            code_desc: status(error).as_u16(),
            message_text,
            record_number: 0,
        });
        self.around(Vec::new(), messages.collect())
    }
}

/// Whether a path, in the form of the routes, belongs to the older API.
pub fn is_of_users(path: &str) -> bool {
    path.strip_prefix(USERS)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

const HTML: &str = "text/html";

/// The media types of answers, all of them JSON; the first is for those who do not say.
const FORMATS: [&str; 3] = ["application/json", "text/json", HTML];

/// The media type of an answer, chosen as ASP.NET Web API does it: by `Accept`, else that of the request, else the first.
/// Nobody is told that nothing acceptable is there (406).
fn negotiated(headers: &HeaderMap) -> &'static str {
    let accept: Vec<_> = headers.get_all(ACCEPT).iter().collect();
    let mut ranges: Vec<_> = accept
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(range)
        .collect();
    // What is liked more comes first, and of that what is said more precisely.
    ranges.sort_by(|(one, one_quality), (other, other_quality)| {
        let stars = |range: &str| range.matches('*').count();
        (other_quality.total_cmp(one_quality)).then(stars(one).cmp(&stars(other)))
    });
    let is_refused = |format: &str| {
        ranges
            .iter()
            .any(|(range, quality)| range == format && *quality <= 0.0)
    };
    let wanted = ranges
        .iter()
        .filter(|(_, quality)| *quality > 0.0)
        .find_map(|(range, _)| {
            FORMATS
                .into_iter()
                .find(|format| covers(range, format) && !is_refused(format))
        });
    let of_request = || {
        let sent = media_type(headers);
        FORMATS.into_iter().find(|format| *format == sent)
    };
    wanted.or_else(of_request).unwrap_or(FORMATS[0])
}

/// One media range of `Accept` with its quality: `text/*;q=0.5`.
fn range(text: &str) -> (String, f32) {
    let mut parts = text.split(';');
    let range = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
    let quality = parts
        .filter_map(|parameter| parameter.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
        .and_then(|(_, value)| value.trim().parse().ok());
    (range, quality.unwrap_or(1.0))
}

fn covers(range: &str, format: &str) -> bool {
    match range.strip_suffix('*') {
        Some("*/") => true,
        Some(start) => start.ends_with('/') && format.starts_with(start),
        None => range == format,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;

    use super::negotiated;

    #[test]
    fn the_media_type_is_the_one_that_is_liked_most() {
        for (accept, content_type, chosen) in [
            ("", "", "application/json"),
            ("*/*", "text/json", "application/json"),
            ("text/json", "", "text/json"),
            ("TEXT/HTML", "", "text/html"),
            ("text/*", "", "text/json"),
            (
                "text/html;q=0.4, text/json;q=0.5, application/xml",
                "",
                "text/json",
            ),
            ("text/html; level=1 ;q=0.4, */*;q=0.3", "", "text/html"),
            ("*/*, text/html", "", "text/html"),
            ("text/json;q=0, text/*", "", "text/html"),
            (
                "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
                "",
                "text/html",
            ),
            ("application/xml", "", "application/json"),
            ("application/xml", "text/html; charset=utf-8", "text/html"),
            ("application/json;q=0", "", "application/json"),
            ("", "text/json", "text/json"),
            ("", "application/x-www-form-urlencoded", "application/json"),
            (",;q=x,*", "", "application/json"),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in [("accept", accept), ("content-type", content_type)] {
                if !value.is_empty() {
                    headers.insert(name, value.parse().unwrap());
                }
            }
            assert_eq!(negotiated(&headers), chosen, "{accept} {content_type}");
        }
    }
}
