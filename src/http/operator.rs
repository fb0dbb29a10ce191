//! `/Operator` and what lies below an operator, but for its duty schedules.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::NoContent;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::body::{Fields, guid};
use super::extract::{Bound, FromBody, Json, Path};
use crate::AppState;
use crate::domain::operator::{Base, Profile, SetupMode, SmsProvider};
use crate::domain::outgoing_phone_number::OutgoingPhoneNumberId;
use crate::domain::timezone::TimeZoneId;
use crate::domain::{
    Caller, Operator, OperatorAuthorization, OperatorChange, OperatorGroupGuid, OperatorGuid,
    Patch, PlainPassword,
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
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
#[schemars(rename = "Operator", example = json!({
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
}))]
pub struct OperatorBody<'a> {
    operator_guid: OperatorGuid,
    hash: &'a str,
    full_name: &'a str,
    email: &'a str,
    mobile_phone: &'a str,
    outgoing_phone_number: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    outgoing_phone_number_id: Option<OutgoingPhoneNumberId>,
    is_account_administrator: bool,
    backup_email: &'a str,
    is_on_duty: bool,
    culture_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_zone_id: Option<TimeZoneId>,
    sms_provider: SmsProvider,
    #[serde(skip_serializing_if = "Option::is_none")]
    use_numeric_sender: Option<bool>,
    phone_provider: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    allow_native_login: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allow_single_signon: Option<bool>,
    default_dashboard: &'a str,
    operator_role: &'a str,
    setup_mode: SetupMode,
}

impl<'a> OperatorBody<'a> {
    pub fn new(operator: &'a Operator, owner: OperatorGuid) -> Self {
        let Profile {
            full_name,
            email,
            mobile_phone,
            outgoing_phone_number,
            outgoing_phone_number_id,
            backup_email,
            is_on_duty,
            culture_name,
            time_zone_id,
            sms_provider,
            use_numeric_sender,
            phone_provider,
            allow_native_login,
            allow_single_signon,
            default_dashboard,
            operator_role,
            setup_mode,
        } = operator.profile();
        Self {
            operator_guid: operator.guid,
            hash: operator.hash(),
            full_name: full_name.as_str(),
            email: email.as_str(),
            mobile_phone: mobile_phone.as_str(),
            outgoing_phone_number: outgoing_phone_number.as_str(),
            outgoing_phone_number_id: *outgoing_phone_number_id,
            is_account_administrator: operator.guid == owner,
            backup_email: backup_email.as_str(),
            is_on_duty: *is_on_duty,
            culture_name: culture_name.as_str(),
            time_zone_id: *time_zone_id,
            sms_provider: *sms_provider,
            use_numeric_sender: *use_numeric_sender,
            phone_provider: phone_provider.as_str(),
            allow_native_login: *allow_native_login,
            allow_single_signon: *allow_single_signon,
            default_dashboard: default_dashboard.as_str(),
            operator_role: operator_role.as_str(),
            setup_mode: *setup_mode,
        }
    }
}

/// POST
impl FromBody<()> for OperatorChange {
    const NAME: &'static str = "OperatorInput";

    fn example() -> Value {
        json!({"FullName": "Third Operator", "Email": "third@example.com", "TimeZoneId": 56})
    }

    fn bind(fields: &mut Fields, _: Option<&()>) -> Option<Self> {
        Some(change(fields, Base::Defaults))
    }
}

/// PUT
impl FromBody<OperatorGuid> for OperatorChange {
    const NAME: &'static str = <Self as FromBody<()>>::NAME;

    fn example() -> Value {
        <Self as FromBody<()>>::example()
    }

    fn bind(fields: &mut Fields, path: Option<&OperatorGuid>) -> Option<Self> {
        fields.agrees("OperatorGuid", path, guid);
        Some(change(fields, Base::Defaults))
    }
}

/// PATCH
struct OperatorPatch(OperatorChange);

impl FromBody<OperatorGuid> for OperatorPatch {
    const NAME: &'static str = "OperatorPatch";

    fn example() -> Value {
        json!({"IsOnDuty": true, "CultureName": "nl-NL", "TimeZoneId": null})
    }

    fn bind(fields: &mut Fields, path: Option<&OperatorGuid>) -> Option<Self> {
        fields.agrees("OperatorGuid", path, guid);
        Some(Self(change(fields, Base::Current)))
    }
}

fn change(fields: &mut Fields, base: Base) -> OperatorChange {
    let full_name = match base {
        Base::Defaults => fields.required("FullName"),
        Base::Current => fields.not_blank("FullName"),
    };
    let email = match base {
        Base::Defaults => fields.required("Email"),
        Base::Current => fields.not_blank("Email"),
    };
    let password: Option<PlainPassword> = fields.text("Password").value();
    let mobile_phone = fields.text("MobilePhone");
    let outgoing_phone_number = fields.text("OutgoingPhoneNumber");
    let outgoing_phone_number_id = fields.specified_number("OutgoingPhoneNumberId");
    let backup_email = fields.text("BackupEmail");
    let is_on_duty = fields.boolean("IsOnDuty");
    let culture_name = fields.specified_text("CultureName");
    let time_zone_id = fields.specified_number("TimeZoneId");
    // The vendor's Terraform provider sends empty texts for the words that its user did not write. Where absent fields
    // take their defaults anyway, that is the default as well.
    let sms_provider = fields.word_or("SmsProvider", Patch::Keep);
    let use_numeric_sender = fields.specified_boolean("UseNumericSender");
    let phone_provider = fields.text_or("PhoneProvider", Patch::Keep);
    let allow_native_login = fields.specified_boolean("AllowNativeLogin");
    let allow_single_signon = fields.specified_boolean("AllowSingleSignon");
    let default_dashboard = fields.text_or("DefaultDashboard", Patch::Keep);
    let operator_role = fields.text_or("OperatorRole", Patch::Keep);
    let setup_mode = fields.word_or("SetupMode", Patch::Keep);
    OperatorChange {
        base,
        full_name,
        email,
        password,
        mobile_phone,
        outgoing_phone_number,
        outgoing_phone_number_id,
        backup_email,
        is_on_duty,
        culture_name,
        time_zone_id,
        sms_provider,
        use_numeric_sender,
        phone_provider,
        allow_native_login,
        allow_single_signon,
        default_dashboard,
        operator_role,
        setup_mode,
    }
}

async fn list(Extension(slot): Extension<Arc<Slot>>) -> Json<Vec<OperatorBody<'static>>> {
    let operators = slot.account.operators.iter();
    Json::list(operators.map(|operator| OperatorBody::new(operator, slot.account.owner)))
}

async fn create(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Extension(slot): Extension<Arc<Slot>>,
    Bound((), draft): Bound<(), OperatorChange>,
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
    Bound(guid, draft): Bound<OperatorGuid, OperatorChange>,
) -> Result<NoContent> {
    service::operator::update(&state, &caller, guid, draft).await?;
    Ok(NoContent)
}

async fn patch(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Bound(guid, draft): Bound<OperatorGuid, OperatorPatch>,
) -> Result<NoContent> {
    service::operator::update(
        &state,
        &caller,
        guid,
        draft.map(|OperatorPatch(change)| change),
    )
    .await?;
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
