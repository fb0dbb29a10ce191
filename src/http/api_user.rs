//! `/ApiUser`: the API users of an account.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::NoContent;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::extract::{Json, Path, PathAndBody};
use crate::AppState;
use crate::domain::account::ApiUserChange;
use crate::domain::api_user::LastUsed;
use crate::domain::{ApiUser, ApiUserGuid, ApiUserType, Caller, Moment, OperatorGuid};
use crate::error::Result;
use crate::operation::{Created, Operation, operation};
use crate::service;
use crate::store::Tenant;
use crate::testing::Usage;

pub static OPERATIONS: &[Operation] = &[
    operation!(GET "/ApiUser" => list, "ApiUser_GetAllApiUsers", "All API users of the account."),
    operation!(POST "/ApiUser" => create, "ApiUser_CreateApiUser", "Makes an API user, and shows its password once.")
        .or(&[StatusCode::NOT_FOUND]),
    operation!(
        GET "/ApiUser/Operator/{operatorGuid}" => list_of_operator,
        "ApiUser_GetApiUsersForOperator", "The API users of an operator."
    ),
    operation!(GET "/ApiUser/{apiUserGuid}" => get, "ApiUser_GetApiUser", "An API user."),
    operation!(
        PUT "/ApiUser/{apiUserGuid}" => replace,
        "ApiUser_UpdateApiUser", "Changes the description of an API user."
    ),
    operation!(DELETE "/ApiUser/{apiUserGuid}" => delete, "ApiUser_DeleteApiUser", "Deletes an API user."),
];

/// An API user, as the API returns it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
#[schemars(rename = "ApiUser", example = json!({
    "ApiUserGuid": "c1534087-590e-497e-b58e-00bc4dbfa1d3",
    "OperatorGuid": "36fad910-6e9f-4886-b1a7-9b4637362cb8",
    "UserName": "c1534087590e497eb58e00bc4dbfa1d3",
    "Type": "Generic",
    "Description": "CI",
    "CreatedDate": "2025-11-11T21:18:01",
    "LastUsed": "25/06/2026 19:37:59",
    "UsageLast30Days": 12
}))]
struct ApiUserBody {
    api_user_guid: ApiUserGuid,
    operator_guid: OperatorGuid,
    user_name: String,
    /// Only in the response to its creation.
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<String>,
    r#type: ApiUserType,
    description: String,
    created_date: Moment,
    #[schemars(with = "LastUsed")]
    last_used: String,
    #[serde(rename = "UsageLast30Days")]
    usage_last_30_days: i64,
}

impl ApiUserBody {
    fn new(api_user: &ApiUser, usage: &Usage, now: Moment) -> Self {
        let (last_used, usage_last_30_days) = api_user.used(usage.of(api_user.guid, now));
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

async fn list(
    State(state): State<AppState>,
    Extension(tenant): Extension<Arc<Tenant>>,
) -> Json<Vec<ApiUserBody>> {
    let now = state.store.now(&tenant);
    let api_users = tenant.account.api_users.iter();
    Json::list(api_users.map(|api_user| ApiUserBody::new(api_user, &tenant.usage, now)))
}

async fn list_of_operator(
    State(state): State<AppState>,
    Extension(tenant): Extension<Arc<Tenant>>,
    Path(operator): Path<OperatorGuid>,
) -> Result<Json<Vec<ApiUserBody>>> {
    tenant.account.operator(operator)?;
    let now = state.store.now(&tenant);
    let api_users = tenant.account.api_users_of(operator);
    Ok(Json::list(api_users.map(|api_user| {
        ApiUserBody::new(api_user, &tenant.usage, now)
    })))
}

async fn create(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Extension(tenant): Extension<Arc<Tenant>>,
    PathAndBody((), input): PathAndBody<(), ApiUserChange>,
) -> Result<Created<Json<ApiUserBody>>> {
    let (api_user, password) = service::api_user::create(&state, &caller, input).await?;
    let body = ApiUserBody::new(&api_user, &tenant.usage, state.store.now(&tenant));
    Ok(Created(Json::of(&ApiUserBody {
        password: Some(password),
        ..body
    })))
}

async fn get(
    State(state): State<AppState>,
    Extension(tenant): Extension<Arc<Tenant>>,
    Path(guid): Path<ApiUserGuid>,
) -> Result<Json<ApiUserBody>> {
    let api_user = tenant.account.api_user(guid)?;
    let body = ApiUserBody::new(api_user, &tenant.usage, state.store.now(&tenant));
    Ok(Json::of(&body))
}

async fn replace(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    PathAndBody(guid, input): PathAndBody<ApiUserGuid, ApiUserChange>,
) -> Result<NoContent> {
    service::api_user::update(&state, &caller, guid, input).await?;
    Ok(NoContent)
}

async fn delete(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path(guid): Path<ApiUserGuid>,
) -> Result<NoContent> {
    service::api_user::delete(&state, &caller, guid).await?;
    Ok(NoContent)
}
