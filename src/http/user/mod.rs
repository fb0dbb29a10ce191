//! `/api/Users`: a companion API over the same people, for programs that speak it. Its form is that of "PUT api/Users", a
//! help page of another service (an ASP.NET Web API); the live service has no such path. It has answers of its own form,
//! errors included, under more than one media type, and takes forms as well as JSON.

mod accept;
mod envelope;

use std::str::FromStr;
use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use schemars::{JsonSchema, json_schema};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::body::Fields;
use super::extract::{Bound, FORM, FromBody, Path, is_json};
use crate::AppState;
use crate::domain::draft::Sent;
use crate::domain::schema;
use crate::domain::timezone::TimeZoneId;
use crate::domain::user::{OwnChange, PasswordChange, TimeInterval, Whom, names};
use crate::domain::{Account, AccountId, Caller, Patch, PlainPassword, User, UserChange, UserId};
use crate::error::{Error, Result};
use crate::operation::{Operation, operation};
use crate::service;
use crate::store::Slot;
use accept::FORMATS;
pub use envelope::Envelope;
use envelope::Enveloped;

/// The path of the companion API, which is not under `/v4`.
pub const USERS: &str = "/api/Users";

/// Whether a path, in the form of the routes, belongs to the companion API.
pub fn is_of_users(path: &str) -> bool {
    path.strip_prefix(USERS)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

pub static OPERATIONS: &[Operation] = &[
    operation!(GET USERS => list, "Users_GetAllUsers", "All users of the account.").but(COMPANION),
    operation!(PUT USERS => update, "Users_UpdateUser", "Changes a user: what is left out stays.")
        .but(COMPANION)
        .or(&[StatusCode::NOT_FOUND]),
    operation!(GET "/api/Users/{id}" => look, "Users_GetUser", "A user.").but(COMPANION),
];

const COMPANION: &str = "this path is that of a companion API, which the emulator offers in the form of another service";

/// The document's UserStruct.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
#[schemars(rename = "UserStruct")]
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

/// "User to update" (PUT api/Users). `ClientID`, `ClientName` and `UserRoleDescription` are read-only, and not looked at.
impl FromBody<()> for UserChange {
    const NAME: &'static str = "UserInput";
    const MEDIA_TYPES: &'static [&'static str] = &[FORMATS[0], FORMATS[1], FORMATS[2], FORM];

    fn example() -> Value {
        json!({"ID": 2, "GivenName": "Second", "FamilyName": "Operator", "TimeZoneID": "56"})
    }

    fn json(media_type: &str, body: Bytes) -> Result<Bytes> {
        const ALLOWED: &str =
            "application/json, text/json, text/html or application/x-www-form-urlencoded";
        match media_type {
            FORM => of_form(&body),
            json if is_json(json) || FORMATS.contains(&json) => Ok(body),
            other => Err(Error::wrong_type(ALLOWED, other)),
        }
    }

    fn bind(fields: &mut Fields, _: Option<&()>) -> Option<Self> {
        let old = fields.text("OldPassword").value();
        let old = old.and_then(|ClaimedPassword(password)| password);
        let is_changed = fields.is_given("NewPassword");
        let new = fields.text("NewPassword").value();
        let password = is_changed.then_some(PasswordChange { old, new });
        // Generated clients send a 0 for an ID that they do not have.
        let is_named = fields.is_given("ID");
        let id = fields.id::<UserId>("ID").value();
        let (whom, user_name) = match (id, is_named) {
            (Some(0), _) | (None, false) => (by_name(fields), None),
            (id, _) => (
                id.map(|id| Whom::Id(UserId(id))),
                fields.not_blank("UserName"),
            ),
        };
        fields.requires_either(["ID", "UserName"]);
        let given_name = fields.text("GivenName").value();
        let family_name = fields.text("FamilyName").value();
        let active = fields.boolean("Active").value();
        let email = fields.not_blank("Email");
        let role = fields.word_or_number("UserRole");
        let mobile_number = fields.text("MobileNumber").value();
        let time_zone_id = if fields.is_given("TimeZoneID") {
            match fields.text_or("TimeZoneID", Patch::Clear) {
                Patch::Set(NumberText(id)) => Patch::Set(id),
                Patch::Clear => Patch::Clear,
                Patch::Keep => Patch::Keep,
            }
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
            password,
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

/// A password that is only compared. One of blanks may be right; an empty one is none.
struct ClaimedPassword(Option<PlainPassword>);

impl FromStr for ClaimedPassword {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let is_one = !text.is_empty();
        Ok(Self(is_one.then(|| PlainPassword::claimed(text))))
    }
}

schema!(
    ClaimedPassword,
    |_| json_schema!({"type": "string", "format": "password", "writeOnly": true})
);

/// The Id of a time zone in a text, as this API has it.
struct NumberText(TimeZoneId);

impl FromStr for NumberText {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        text.parse().map(Self)
    }
}

schema!(
    NumberText,
    |_| json_schema!({"type": "string", "pattern": "^[0-9]+$"})
);

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
        return Err(Error::malformed(
            "",
            "the body is JSON, but its content type says that it is a form; send Content-Type: application/json",
        ));
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

async fn list(
    Extension(envelope): Extension<Envelope>,
    Extension(slot): Extension<Arc<Slot>>,
) -> Result<Enveloped> {
    let users = slot.account.users.iter();
    let users: Result<Vec<_>> = users
        .map(|user| UserBody::new(&slot.account, user))
        .collect();
    Ok(envelope.around(users?))
}

async fn look(
    Extension(envelope): Extension<Envelope>,
    Extension(slot): Extension<Arc<Slot>>,
    Path(id): Path<UserId>,
) -> Result<Enveloped> {
    let user = UserBody::new(&slot.account, slot.account.user(id)?)?;
    Ok(envelope.around(vec![user]))
}

async fn update(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Extension(envelope): Extension<Envelope>,
    Bound((), draft): Bound<(), UserChange>,
) -> Result<Enveloped> {
    let (id, account) = service::user::update(&state, &caller, draft).await?;
    let user = UserBody::new(&account, account.user(id)?)?;
    Ok(envelope.around(vec![user]))
}
