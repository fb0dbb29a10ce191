//! `/ApiUser`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Extension, Router};
use serde::Serialize;

use super::body::{Fields, guid};
use super::extract::{Bound, FromBody, Json, Path};
use crate::AppState;
use crate::domain::Usage;
use crate::domain::account::ApiUserChange;
use crate::domain::api_user::LastUsed;
use crate::domain::draft::Sent;
use crate::domain::{ApiUser, ApiUserGuid, ApiUserType, Caller, Moment, OperatorGuid};
use crate::error::Result;
use crate::service;
use crate::store::Slot;

pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/ApiUser", get(list).post(create))
        .route("/ApiUser/Operator/{operatorGuid}", get(list_of_operator))
        .route(
            "/ApiUser/{apiUserGuid}",
            get(look).put(replace).delete(delete),
        )
}

/// An API user as the API writes it.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ApiUserBody {
    api_user_guid: ApiUserGuid,
    operator_guid: OperatorGuid,
    user_name: String,
    /// In the answer to its creation alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<String>,
    r#type: ApiUserType,
    description: String,
    created_date: Moment,
    last_used: String,
    #[serde(rename = "UsageLast30Days")]
    usage_last_30_days: i64,
}

impl ApiUserBody {
    fn new(api_user: &ApiUser, usage: &Usage, now: Moment) -> Self {
        let (last_used, usage_last_30_days) = match usage.of(api_user.guid, now) {
            Some((last_used, requests)) => (LastUsed::At(last_used), requests),
            None if api_user.predates_last_used => (LastUsed::Unknown, 0),
            None => (LastUsed::NotYet, 0),
        };
        Self {
            api_user_guid: api_user.guid,
            operator_guid: api_user.operator,
            user_name: api_user.user_name.clone(),
            password: None,
            r#type: api_user.api_user_type,
            description: api_user.description.to_string(),
            created_date: api_user.created,
            last_used: last_used.to_string(),
            usage_last_30_days,
        }
    }
}

/// POST: "provide only OperatorGuid and Description" (ApiUser API).
impl FromBody<()> for ApiUserChange {
    fn bind(fields: &mut Fields, _: Option<&()>) -> Option<Self> {
        let operator = operator(fields);
        let description = fields.text("Description").value().unwrap_or_default();
        Some(Self {
            operator: operator?,
            description,
        })
    }
}

/// PUT: "Only Description can be updated."
impl FromBody<ApiUserGuid> for ApiUserChange {
    fn bind(fields: &mut Fields, path: Option<&ApiUserGuid>) -> Option<Self> {
        fields.agrees("ApiUserGuid", path, guid);
        let operator = operator(fields);
        let description = fields.text("Description").value().unwrap_or_default();
        if !fields.is_given("Description") {
            fields.malformed::<()>("Description", "is required; it may be empty");
        }
        Some(Self {
            operator: operator?,
            description,
        })
    }
}

/// The operator that a body has to name; an all-zero GUID names nobody.
fn operator(fields: &mut Fields) -> Option<OperatorGuid> {
    match fields.value("OperatorGuid", str::parse::<OperatorGuid>) {
        Sent::Value(operator) if operator != OperatorGuid::from(uuid::Uuid::nil()) => {
            Some(operator)
        }
        Sent::Value(_) | Sent::Absent => fields.malformed("OperatorGuid", "is required"),
        Sent::Wrong => None,
    }
}

async fn list(
    State(state): State<AppState>,
    Extension(slot): Extension<Arc<Slot>>,
) -> Json<Vec<ApiUserBody>> {
    let now = state.store.now(&slot);
    Json(
        slot.account
            .api_users
            .iter()
            .map(|api_user| ApiUserBody::new(api_user, &slot.usage, now))
            .collect(),
    )
}

async fn list_of_operator(
    State(state): State<AppState>,
    Extension(slot): Extension<Arc<Slot>>,
    Path(operator): Path<OperatorGuid>,
) -> Result<Json<Vec<ApiUserBody>>> {
    slot.account.operator(operator)?;
    let now = state.store.now(&slot);
    let api_users = slot.account.api_users_of(operator);
    Ok(Json(
        api_users
            .map(|api_user| ApiUserBody::new(api_user, &slot.usage, now))
            .collect(),
    ))
}

async fn create(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Extension(slot): Extension<Arc<Slot>>,
    Bound((), draft): Bound<(), ApiUserChange>,
) -> Result<(StatusCode, Json<ApiUserBody>)> {
    let (api_user, password) = service::api_user::create(&state, &caller, draft).await?;
    let body = ApiUserBody::new(&api_user, &slot.usage, state.store.now(&slot));
    Ok((
        StatusCode::CREATED,
        Json(ApiUserBody {
            password: Some(password),
            ..body
        }),
    ))
}

async fn look(
    State(state): State<AppState>,
    Extension(slot): Extension<Arc<Slot>>,
    Path(guid): Path<ApiUserGuid>,
) -> Result<Json<ApiUserBody>> {
    let api_user = slot.account.api_user(guid)?;
    Ok(Json(ApiUserBody::new(
        api_user,
        &slot.usage,
        state.store.now(&slot),
    )))
}

async fn replace(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Bound(guid, draft): Bound<ApiUserGuid, ApiUserChange>,
) -> Result<StatusCode> {
    service::api_user::update(&state, &caller, guid, draft).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn delete(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path(guid): Path<ApiUserGuid>,
) -> Result<StatusCode> {
    service::api_user::delete(&state, &caller, guid).await?;
    Ok(StatusCode::NO_CONTENT)
}
