//! `/api/Users`: a companion API to the same operators, for clients that use it. It follows "PUT api/Users", a help page of
//! another service (an ASP.NET Web API); the live service has no such path. Its responses, errors included, have an envelope
//! and several media types, and request bodies may be forms as well as JSON.

mod accept;
mod envelope;

use std::borrow::Cow;
use std::str::FromStr;
use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::extract::{Path, PathAndBody};
use crate::AppState;
use crate::bind::{self, Entries, Fields, Source};
use crate::domain::account::{PasswordChange, UserKey};
use crate::domain::input::FieldValue;
use crate::domain::node::{Key, Node};
use crate::domain::record::{ChangeSource, Field, Record as _};
use crate::domain::schema;
use crate::domain::text::{Email, PhoneNumber};
use crate::domain::timezone::TimeZoneId;
use crate::domain::user::{UserRole, UserSettings, names};
use crate::domain::value::{self, Mismatch, from_node, ruled_unless_blank};
use crate::domain::{
    Account, AccountId, Caller, Operator, Patch, PlainPassword, User, UserChange, UserId,
};
use crate::error::{Error, Result};
use crate::operation::path::USERS;
use crate::operation::{Operation, operation};
use crate::service;
use crate::store::Tenant;
use crate::wire::record::{self, ObjectSchema};
use crate::wire::{FORM, FromBody, is_json};
use accept::FORMATS;
pub use envelope::Envelope;
use envelope::Enveloped;

pub static OPERATIONS: &[Operation] = &[
    operation!(GET USERS => list, "Users_GetAllUsers", "All users of the account.").but(COMPANION),
    operation!(PUT USERS => update, "Users_UpdateUser", "Changes a user: what is left out stays.")
        .but(COMPANION)
        .or(&[StatusCode::NOT_FOUND]),
    operation!(GET "/api/Users/{id}" => get, "Users_GetUser", "A user.").but(COMPANION),
];

const COMPANION: &str = "this path is that of a companion API, which the emulator offers in the form of another service";

/// A user in a response: the help page's UserStruct.
struct UserBody<'a> {
    account: &'a Account,
    user: &'a User,
    operator: &'a Operator,
}

impl<'a> UserBody<'a> {
    fn new(account: &'a Account, user: &'a User) -> Result<Self> {
        Ok(Self {
            account,
            user,
            operator: account.operator(user.operator)?,
        })
    }
}

impl Serialize for UserBody<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let Self {
            account,
            user,
            operator,
        } = *self;
        let profile = operator.profile();
        let (given_name, family_name) = names(&profile.full_name);
        let mut object = serializer.serialize_map(None)?;
        object.serialize_entry("ID", &user.id)?;
        object.serialize_entry("ClientID", &account.id)?;
        object.serialize_entry("ClientName", &account.settings.name)?;
        object.serialize_entry("UserName", &profile.email)?;
        object.serialize_entry("GivenName", given_name)?;
        object.serialize_entry("FamilyName", family_name)?;
        record::write(&mut object, &user.settings, |field, object| {
            if field != AFTER_PROFILE {
                return Ok(());
            }
            let role = account.role_of(operator.guid);
            let zone = profile.time_zone_id.map(|id| id.to_string());
            object.serialize_entry("Email", &profile.email)?;
            object.serialize_entry("UserRole", &(role as i32))?;
            object.serialize_entry("UserRoleDescription", <&str>::from(role))?;
            object.serialize_entry("MobileNumber", &profile.mobile_phone)?;
            object.serialize_entry("TimeZoneID", &zone.unwrap_or_default())
        })?;
        object.end()
    }
}

impl JsonSchema for UserBody<'_> {
    fn schema_name() -> Cow<'static, str> {
        "UserStruct".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = ObjectSchema::new(generator);
        schema.property::<UserId>("ID");
        schema.property::<AccountId>("ClientID");
        for name in ["ClientName", "UserName", "GivenName", "FamilyName"] {
            schema.property::<String>(name);
        }
        schema.record::<UserSettings>(|field, schema| {
            if field == AFTER_PROFILE {
                schema.property::<String>("Email");
                schema.property::<i32>("UserRole");
                for name in ["UserRoleDescription", "MobileNumber", "TimeZoneID"] {
                    schema.property::<String>(name);
                }
            }
        });
        schema.build(
            "The document's UserStruct.",
            &envelope::example()["Users"][0],
        )
    }
}

/// "User to update" (PUT api/Users). `ClientID`, `ClientName` and `UserRoleDescription` are read-only and ignored.
impl FromBody<()> for UserChange {
    const NAME: &'static str = "UserInput";
    const MEDIA_TYPES: &'static [&'static str] = &[FORMATS[0], FORMATS[1], FORMATS[2], FORM];

    fn example() -> Value {
        json!({"ID": 2, "GivenName": "Second", "FamilyName": "Operator", "TimeZoneID": "56"})
    }

    fn entries(media_type: &str, body: &Bytes) -> Result<(Entries, &'static Source)> {
        const ALLOWED: &str =
            "application/json, text/json, text/html or application/x-www-form-urlencoded";
        match media_type {
            FORM => Ok((Ok(parse_form(body)?), &bind::USERS_FORM)),
            json if is_json(json) || FORMATS.contains(&json) => {
                Ok((bind::entries(body), &bind::USERS_BODY))
            }
            other => Err(Error::wrong_type(ALLOWED, other)),
        }
    }

    fn bind(fields: &mut Fields<'_>, _: Option<&()>) -> Option<Self> {
        let old = fields.patch_of("OldPassword").value();
        let old = old.map(|ClaimedPassword(password)| password);
        let is_changed = fields.is_given("NewPassword");
        let new = fields.patch_of("NewPassword").value();
        let password = is_changed.then_some(PasswordChange { old, new });
        let (key, user_name) = match fields.value("ID") {
            FieldValue::Absent => (key_by_name(fields), None),
            FieldValue::Value(RequestedId(id)) => {
                (Some(UserKey::Id(id)), fields.kept("UserName").value())
            }
            FieldValue::Invalid => (None, fields.kept("UserName").value()),
        };
        fields.require_either(["ID", "UserName"]);
        let mut fields = UserFields {
            profile: ProfileFields::default(),
            fields,
        };
        let given_name = fields.fields.patch_of("GivenName").value();
        let family_name = fields.fields.patch_of("FamilyName").value();
        let settings = UserSettings::change(&mut fields);
        let ProfileFields {
            email,
            role,
            mobile_number,
            time_zone_id,
        } = fields.profile;
        Some(Self {
            key: key?,
            password,
            user_name,
            given_name,
            family_name,
            email,
            role,
            mobile_number,
            time_zone_id,
            settings,
        })
    }
}

/// The setting before which the help page lists the fields of an operator's profile.
const AFTER_PROFILE: &str = "EnableAlertTimeframe";

/// The settings of a user in a body, and the fields of the profile that are listed among them.
struct UserFields<'f, 'n> {
    profile: ProfileFields,
    fields: &'f mut Fields<'n>,
}

/// The changes of a user's body to an operator's profile and rights.
#[derive(Default)]
struct ProfileFields {
    email: Option<Email>,
    role: Option<UserRole>,
    mobile_number: Option<PhoneNumber>,
    time_zone_id: Patch<TimeZoneId>,
}

impl ProfileFields {
    fn bind(fields: &mut Fields<'_>) -> Self {
        Self {
            email: fields.kept("Email").value(),
            role: fields.patch_of("UserRole").value(),
            mobile_number: fields.patch_of("MobileNumber").value(),
            time_zone_id: match fields.value("TimeZoneID") {
                FieldValue::Value(NumberText(id)) => Patch::Set(id),
                // A blank text clears the time zone; null leaves it unchanged.
                FieldValue::Absent if fields.is_given("TimeZoneID") => Patch::Clear,
                FieldValue::Absent | FieldValue::Invalid => Patch::Keep,
            },
        }
    }
}

impl ChangeSource for UserFields<'_, '_> {
    fn patch<T: value::Value>(&mut self, field: &Field<T>) -> Patch<T> {
        if field.name == AFTER_PROFILE {
            self.profile = ProfileFields::bind(self.fields);
        }
        self.fields.patch(field)
    }
}

/// A password that is only compared. A blank one may be correct; an empty one counts as absent.
struct ClaimedPassword(PlainPassword);

fn claimed_password(node: &Node) -> std::result::Result<Option<ClaimedPassword>, Mismatch> {
    let text = node.text()?;
    Ok((!text.is_empty()).then(|| ClaimedPassword(PlainPassword::claimed(text))))
}

from_node!(ClaimedPassword, Text, claimed_password);

schema!(
    ClaimedPassword,
    |_| json_schema!({"type": "string", "format": "password", "writeOnly": true})
);

/// The Id of a time zone, which this API writes as a string.
struct NumberText(TimeZoneId);

impl FromStr for NumberText {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        text.parse().map(Self)
    }
}

from_node!(NumberText, Text, ruled_unless_blank, empty Blank);

schema!(
    NumberText,
    |_| json_schema!({"type": "string", "pattern": "^[0-9]+$"})
);

fn key_by_name(fields: &mut Fields<'_>) -> Option<UserKey> {
    match fields.kept("UserName") {
        Patch::Set(Name(name)) => Some(UserKey::Name(name)),
        Patch::Keep | Patch::Clear if fields.is_given("UserName") => None,
        Patch::Keep | Patch::Clear => {
            fields.malformed("ID", "is required, unless UserName says who is meant")
        }
    }
}

/// The ID of a user in a request, who need not exist.
struct RequestedId(UserId);

/// Parses an ID. 0 counts as absent, since generated clients send it for an ID that they do not have.
fn requested_id(node: &Node) -> std::result::Result<Option<RequestedId>, Mismatch> {
    let id = node.whole()?;
    Ok((id != 0).then(|| RequestedId(UserId::named(id))))
}

from_node!(RequestedId, Number, requested_id, empty Zero);

schema!(RequestedId, UserId::json_schema);

/// The name of a user in a request, who need not exist.
struct Name(String);

fn name(node: &Node) -> std::result::Result<Option<Name>, Mismatch> {
    Ok(Some(Name(node.text()?.to_owned())))
}

from_node!(Name, Text, name);

schema!(Name, Email::json_schema);

/// Parses the fields of a form.
fn parse_form(form: &[u8]) -> Result<Vec<(Key, Node)>> {
    // curl sends every body as a form unless it is given a content type.
    if form.trim_ascii_start().starts_with(b"{") {
        return Err(Error::malformed(
            "",
            "the body is JSON, but its content type says that it is a form; send Content-Type: application/json",
        ));
    }
    Ok(bind::form(form))
}

async fn list(
    Extension(envelope): Extension<Envelope>,
    Extension(tenant): Extension<Arc<Tenant>>,
) -> Result<Enveloped> {
    let users = tenant.account.users.iter();
    let users: Result<Vec<_>> = users
        .map(|user| UserBody::new(&tenant.account, user))
        .collect();
    Ok(envelope.wrap(users?))
}

async fn get(
    Extension(envelope): Extension<Envelope>,
    Extension(tenant): Extension<Arc<Tenant>>,
    Path(id): Path<UserId>,
) -> Result<Enveloped> {
    let user = UserBody::new(&tenant.account, tenant.account.user(id)?)?;
    Ok(envelope.wrap(vec![user]))
}

async fn update(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Extension(envelope): Extension<Envelope>,
    PathAndBody((), input): PathAndBody<(), UserChange>,
) -> Result<Enveloped> {
    let (id, account) = service::user::update(&state, &caller, input).await?;
    let user = UserBody::new(&account, account.user(id)?)?;
    Ok(envelope.wrap(vec![user]))
}
