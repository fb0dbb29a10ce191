//! `/Operator` and what lies below an operator, but for its duty schedules.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use serde::Serialize;

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
use crate::service;
use crate::store::Slot;

pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/Operator", get(list).post(create))
        .route(
            "/Operator/{operatorGuid}",
            get(look).put(replace).patch(patch).delete(delete),
        )
        .route("/Operator/{operatorGuid}/OperatorGroup", get(groups))
        .route(
            "/Operator/{operatorGuid}/Authorization",
            get(authorizations),
        )
        .route(
            "/Operator/{operatorGuid}/Authorization/{authorizationType}",
            post(authorize).delete(withdraw),
        )
}

/// An operator as the API writes it. `Password` and the `…Specified` flags are never written.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct OperatorBody<'a> {
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
    fn new(operator: &'a Operator, owner: OperatorGuid) -> Self {
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
    fn bind(fields: &mut Fields, _: Option<&()>) -> Option<Self> {
        Some(change(fields, Base::Defaults))
    }
}

/// PUT
impl FromBody<OperatorGuid> for OperatorChange {
    fn bind(fields: &mut Fields, path: Option<&OperatorGuid>) -> Option<Self> {
        fields.agrees("OperatorGuid", path, guid);
        Some(change(fields, Base::Defaults))
    }
}

/// PATCH
struct OperatorPatch(OperatorChange);

impl FromBody<OperatorGuid> for OperatorPatch {
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

/// `Operator_GetAllOperators`
async fn list(Extension(slot): Extension<Arc<Slot>>) -> Response {
    let account = &slot.account;
    let operators: Vec<_> = account
        .operators
        .iter()
        .map(|operator| OperatorBody::new(operator, account.owner))
        .collect();
    Json(operators).into_response()
}

/// `Operator_CreateOperator`
async fn create(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Extension(slot): Extension<Arc<Slot>>,
    Bound((), draft): Bound<(), OperatorChange>,
) -> Result<Response> {
    let operator = service::operator::create(&state, &caller, draft).await?;
    Ok((
        StatusCode::CREATED,
        Json(OperatorBody::new(&operator, slot.account.owner)),
    )
        .into_response())
}

/// `Operator_GetOperator`
async fn look(
    Extension(slot): Extension<Arc<Slot>>,
    Path(guid): Path<OperatorGuid>,
) -> Result<Response> {
    let operator = slot.account.operator(guid)?;
    Ok(Json(OperatorBody::new(operator, slot.account.owner)).into_response())
}

/// `Operator_UpdateOperator`
async fn replace(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Bound(guid, draft): Bound<OperatorGuid, OperatorChange>,
) -> Result<StatusCode> {
    service::operator::update(&state, &caller, guid, draft).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `Operator_UpdateOperatorWithPatch`
async fn patch(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Bound(guid, draft): Bound<OperatorGuid, OperatorPatch>,
) -> Result<StatusCode> {
    service::operator::update(
        &state,
        &caller,
        guid,
        draft.map(|OperatorPatch(change)| change),
    )
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `Operator_DeleteOperator`
async fn delete(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path(guid): Path<OperatorGuid>,
) -> Result<StatusCode> {
    service::operator::delete(&state, &caller, guid).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct GroupOfOperator {
    operator_group_guid: OperatorGroupGuid,
}

/// `Operator_GetOperatorGroupsForOperator`
async fn groups(
    Extension(slot): Extension<Arc<Slot>>,
    Path(guid): Path<OperatorGuid>,
) -> Result<Json<Vec<GroupOfOperator>>> {
    let groups = slot.account.groups_of(guid)?.into_iter();
    Ok(Json(
        groups
            .map(|operator_group_guid| GroupOfOperator {
                operator_group_guid,
            })
            .collect(),
    ))
}

/// `Operator_GetAuthorizationsForOperator`
async fn authorizations(
    Extension(slot): Extension<Arc<Slot>>,
    Path(guid): Path<OperatorGuid>,
) -> Result<Json<Vec<OperatorAuthorization>>> {
    slot.account.authorizations_of(guid).map(Json)
}

/// `Operator_PostAuthorizationForOperator`
async fn authorize(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path((guid, authorization)): Path<(OperatorGuid, OperatorAuthorization)>,
) -> Result<StatusCode> {
    service::operator::authorize(&state, &caller, guid, authorization).await?;
    Ok(StatusCode::CREATED)
}

/// `Operator_DeleteAuthorizationForOperator`
async fn withdraw(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path((guid, authorization)): Path<(OperatorGuid, OperatorAuthorization)>,
) -> Result<StatusCode> {
    service::operator::withdraw(&state, &caller, guid, authorization).await?;
    Ok(StatusCode::NO_CONTENT)
}
