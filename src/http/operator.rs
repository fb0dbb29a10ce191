//! `/Operator` and what lies below an operator, but for its duty schedules.

use std::borrow::Cow;
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::NoContent;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::answer::{self, ObjectSchema};
use super::extract::{Bound, FromBody, Json, Path};
use crate::AppState;
use crate::bind::{Fields, NewFields, guid};
use crate::domain::operator::{Profile, ProfileChange};
use crate::domain::record::{ChangeSource, Field, Record as _};
use crate::domain::value;
use crate::domain::{
    Caller, NewOperator, Operator, OperatorAuthorization, OperatorChange, OperatorGroupGuid,
    OperatorGuid, Patch, PlainPassword,
};
use crate::error::Result;
use crate::operation::{Created, Operation, operation};
use crate::service;
use crate::store::Slot;

pub static OPERATIONS: &[Operation] = &[
    operation!(GET "/Operator" => list, "Operator_GetAllOperators", "All operators of the account."),
    operation!(POST "/Operator" => create, "Operator_CreateOperator", "Makes an operator.")
        .but("no invitation is sent"),
    operation!(GET "/Operator/{operatorGuid}" => look, "Operator_GetOperator", "An operator."),
    operation!(
        PUT "/Operator/{operatorGuid}" => replace,
        "Operator_UpdateOperator", "Replaces an operator: what is left out takes its default."
    ),
    operation!(
        PATCH "/Operator/{operatorGuid}" => patch,
        "Operator_UpdateOperatorWithPatch", "Changes an operator: what is left out stays, and null takes the default."
    ),
    operation!(
        DELETE "/Operator/{operatorGuid}" => delete,
        "Operator_DeleteOperator", "Deletes an operator, with its API users and schedules."
    ),
    operation!(
        GET "/Operator/{operatorGuid}/OperatorGroup" => groups,
        "Operator_GetOperatorGroupsForOperator", "The groups of an operator."
    ),
    operation!(
        GET "/Operator/{operatorGuid}/Authorization" => authorizations,
        "Operator_GetAuthorizationsForOperator", "What an operator is authorized to."
    ),
    operation!(
        POST "/Operator/{operatorGuid}/Authorization/{authorizationType}" => authorize,
        "Operator_PostAuthorizationForOperator", "Authorizes an operator."
    )
    .but("it is kept and shown; only membership of Administrators is enforced"),
    operation!(
        DELETE "/Operator/{operatorGuid}/Authorization/{authorizationType}" => withdraw,
        "Operator_DeleteAuthorizationForOperator", "Withdraws an authorization of an operator."
    ),
];

/// An operator as the API writes it. `Password` and the `…Specified` flags are never written.
#[derive(Debug)]
pub struct OperatorBody<'a> {
    operator: &'a Operator,
    owner: OperatorGuid,
}

impl<'a> OperatorBody<'a> {
    pub fn new(operator: &'a Operator, owner: OperatorGuid) -> Self {
        Self { operator, owner }
    }
}

/// The property that is none of the profile's, and the field that it stands in front of in the documents.
const IS_OWNER: (&str, &str) = ("IsAccountAdministrator", "BackupEmail");

impl Serialize for OperatorBody<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let Self { operator, owner } = *self;
        let mut object = serializer.serialize_map(None)?;
        object.serialize_entry("OperatorGuid", &operator.guid)?;
        object.serialize_entry("Hash", operator.hash())?;
        let mut is_written = false;
        answer::write(&mut object, operator.profile(), |field, object| {
            if is_written || field != IS_OWNER.1 {
                return Ok(());
            }
            is_written = true;
            object.serialize_entry(IS_OWNER.0, &(operator.guid == owner))
        })?;
        object.end()
    }
}

impl JsonSchema for OperatorBody<'_> {
    fn schema_name() -> Cow<'static, str> {
        "Operator".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        const DESCRIPTION: &str = "An operator as the API writes it. `Password` and the `…Specified` flags are never written.";
        let mut schema = ObjectSchema::new(generator);
        schema.property::<OperatorGuid>("OperatorGuid");
        schema.property::<String>("Hash");
        schema.record::<Profile>(|field, schema| {
            if field == IS_OWNER.1 {
                schema.property::<bool>(IS_OWNER.0);
            }
        });
        schema.build(
            DESCRIPTION,
            &json!({
                "OperatorGuid": "36fad910-6e9f-4886-b1a7-9b4637362cb8",
                "Hash": "8d969eef6ecad3c29a3a629280e686cf",
                "FullName": "Third Operator",
                "Email": "third@example.com",
                "MobilePhone": "+31 6 1234 5678",
                "OutgoingPhoneNumber": "",
                "OutgoingPhoneNumberId": 1,
                "IsAccountAdministrator": false,
                "BackupEmail": "",
                "IsOnDuty": true,
                "CultureName": "nl-NL",
                "TimeZoneId": 56,
                "SmsProvider": "UseAccountSetting",
                "PhoneProvider": "UseAccountSetting",
                "DefaultDashboard": "AccountOverview",
                "OperatorRole": "Unspecified",
                "SetupMode": "Manual"
            }),
        )
    }
}

/// POST
impl FromBody<()> for NewOperator {
    const NAME: &'static str = "OperatorInput";

    fn example() -> Value {
        json!({"FullName": "Third Operator", "Email": "third@example.com", "TimeZoneId": 56})
    }

    fn bind(fields: &mut Fields<'_>, _: Option<&()>) -> Option<Self> {
        let (profile, password) = bind(fields, true);
        Some(Self { profile, password })
    }
}

/// PUT
impl FromBody<OperatorGuid> for NewOperator {
    const NAME: &'static str = <Self as FromBody<()>>::NAME;

    fn example() -> Value {
        <Self as FromBody<()>>::example()
    }

    fn bind(fields: &mut Fields<'_>, path: Option<&OperatorGuid>) -> Option<Self> {
        fields.agrees("OperatorGuid", path, guid);
        <Self as FromBody<()>>::bind(fields, None)
    }
}

/// PATCH
impl FromBody<OperatorGuid> for OperatorChange {
    const NAME: &'static str = "OperatorPatch";

    fn example() -> Value {
        json!({"IsOnDuty": true, "CultureName": "nl-NL", "TimeZoneId": null})
    }

    fn bind(fields: &mut Fields<'_>, path: Option<&OperatorGuid>) -> Option<Self> {
        fields.agrees("OperatorGuid", path, guid);
        let (profile, password) = bind(fields, false);
        Some(Self { profile, password })
    }
}

/// The fields of an operator in a body, among them the password, which stands in front of `MobilePhone` in the documents.
struct OperatorFields<'f, 'n> {
    fields: &'f mut Fields<'n>,
    is_new: bool,
    password: Option<PlainPassword>,
}

impl ChangeSource for OperatorFields<'_, '_> {
    fn patch<T: value::Value>(&mut self, field: &Field<T>) -> Patch<T> {
        if field.name == "MobilePhone" {
            self.password = self.fields.patch_of("Password").value();
        }
        if self.is_new {
            NewFields(self.fields).patch(field)
        } else {
            self.fields.patch(field)
        }
    }
}

fn bind(fields: &mut Fields<'_>, is_new: bool) -> (ProfileChange, Option<PlainPassword>) {
    let mut fields = OperatorFields {
        fields,
        is_new,
        password: None,
    };
    let profile = Profile::change(&mut fields);
    (profile, fields.password)
}

async fn list(Extension(slot): Extension<Arc<Slot>>) -> Json<Vec<OperatorBody<'static>>> {
    let operators = slot.account.operators.iter();
    Json::list(operators.map(|operator| OperatorBody::new(operator, slot.account.owner)))
}

async fn create(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Extension(slot): Extension<Arc<Slot>>,
    Bound((), draft): Bound<(), NewOperator>,
) -> Result<Created<Json<OperatorBody<'static>>>> {
    let operator = service::operator::create(&state, &caller, draft).await?;
    let body = OperatorBody::new(&operator, slot.account.owner);
    Ok(Created(Json::of(&body)))
}

async fn look(
    Extension(slot): Extension<Arc<Slot>>,
    Path(guid): Path<OperatorGuid>,
) -> Result<Json<OperatorBody<'static>>> {
    let operator = slot.account.operator(guid)?;
    let body = OperatorBody::new(operator, slot.account.owner);
    Ok(Json::of(&body))
}

async fn replace(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Bound(guid, draft): Bound<OperatorGuid, NewOperator>,
) -> Result<NoContent> {
    service::operator::replace(&state, &caller, guid, draft).await?;
    Ok(NoContent)
}

async fn patch(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Bound(guid, draft): Bound<OperatorGuid, OperatorChange>,
) -> Result<NoContent> {
    service::operator::update(&state, &caller, guid, draft).await?;
    Ok(NoContent)
}

async fn delete(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path(guid): Path<OperatorGuid>,
) -> Result<NoContent> {
    service::operator::delete(&state, &caller, guid).await?;
    Ok(NoContent)
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
#[schemars(rename = "OperatorMember", example = json!({
    "OperatorGroupGuid": "82f4171a-16c3-4bc6-ab4d-56edee7fd6c8"
}))]
struct GroupOfOperator {
    operator_group_guid: OperatorGroupGuid,
}

async fn groups(
    Extension(slot): Extension<Arc<Slot>>,
    Path(guid): Path<OperatorGuid>,
) -> Result<Json<Vec<GroupOfOperator>>> {
    let groups = slot.account.groups_of(guid)?.into_iter();
    let body = |operator_group_guid| GroupOfOperator {
        operator_group_guid,
    };
    Ok(Json::list(groups.map(body)))
}

async fn authorizations(
    Extension(slot): Extension<Arc<Slot>>,
    Path(guid): Path<OperatorGuid>,
) -> Result<Json<Vec<OperatorAuthorization>>> {
    slot.account.authorizations_of(guid).map(Json::list)
}

async fn authorize(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path((guid, authorization)): Path<(OperatorGuid, OperatorAuthorization)>,
) -> Result<Created> {
    service::operator::authorize(&state, &caller, guid, authorization).await?;
    Ok(Created(()))
}

async fn withdraw(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path((guid, authorization)): Path<(OperatorGuid, OperatorAuthorization)>,
) -> Result<NoContent> {
    service::operator::withdraw(&state, &caller, guid, authorization).await?;
    Ok(NoContent)
}
