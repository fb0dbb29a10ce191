//! `/Register`: the only path that takes an operator's login instead of an API user's.

use std::convert::Infallible;

use axum::Extension;
use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::extract::Json;
use crate::AppState;
use crate::bind::{self, or_blank};
use crate::domain::input::FieldValue;
use crate::domain::text::Description;
use crate::domain::{Caller, Input, OperatorGuid};
use crate::error::Result;
use crate::operation::{
    Created, Describe, Description as OperationDescription, Operation, ParameterLocation, operation,
};
use crate::service::registration::{self, Registered, Registration};

pub static OPERATIONS: &[Operation] = &[operation!(
    POST "/Register" => register,
    "Register_Post", "Makes an API user with an operator's own login, and shows its password once."
)
.or(&[
    StatusCode::BAD_REQUEST,
    StatusCode::FORBIDDEN,
    StatusCode::NOT_FOUND,
])];

/// The vendor's RegistrationResponse. `status` is the only property of the API in lower case.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
#[schemars(example = json!({
    "UserName": "c1534087590e497eb58e00bc4dbfa1d3",
    "Password": "t2Tq0N0c0mFhT8sQJx3n1wYb6pE",
    "AccountId": "123456",
    "OperatorName": "Alice Admin",
    "status": "OK"
}))]
struct RegistrationResponse {
    user_name: String,
    password: String,
    account_id: String,
    operator_name: String,
    #[serde(rename = "status")]
    status: &'static str,
}

async fn register(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Query(input): Query,
) -> Result<Created<Json<RegistrationResponse>>> {
    let Registered {
        api_user,
        password,
        account,
        operator,
    } = registration::register(&state, &caller, input).await?;
    let body = RegistrationResponse {
        user_name: api_user.user_name.clone(),
        password,
        account_id: account.to_string(),
        operator_name: operator.profile().full_name.to_string(),
        status: "OK",
    };
    Ok(Created(Json::of(&body)))
}

/// The registration that the query of a request describes.
struct Query(Input<Registration>);

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> std::result::Result<Self, Infallible> {
        Ok(Self(parse_query(parts.uri.query().unwrap_or_default())))
    }
}

impl Describe for Query {
    fn describe(operation: &mut OperationDescription<'_>) {
        let requests = &mut operation.schemas.requests;
        let description = requests.subschema_for::<Description>();
        let operator = or_blank(requests.subschema_for::<OperatorGuid>());
        operation.parameter(ParameterLocation::Query, "description", description);
        operation.parameter(ParameterLocation::Query, "operatorGuid", operator);
    }
}

/// Parses a query. "If this is empty, it will be defaulted to "API"", and "Leave empty to create an API acount for your own
/// operator" (Swagger, `Register_Post`).
fn parse_query(query: &str) -> Input<Registration> {
    let parameters = bind::form(query.as_bytes());
    let (registration, problems) = bind::object(&parameters, &bind::QUERY, |fields| {
        let description = fields.patch_of::<Description>("description").value();
        let description = description.filter(|text| !text.as_str().trim().is_empty());
        let operator = match fields.value("operatorGuid") {
            FieldValue::Value(guid) => Some(guid),
            FieldValue::Absent | FieldValue::Invalid => None,
        };
        Some(Registration {
            description: description.unwrap_or_else(default_description),
            operator,
        })
    });
    Input::new(registration, problems)
}

fn default_description() -> Description {
    "API".parse().expect("the default is a valid description")
}
