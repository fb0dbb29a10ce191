//! Describes the control API in the OpenAPI document: what its extractors add to an operation.

use axum::Extension;
use axum::extract::OriginalUri;
use axum::http::StatusCode;
use schemars::{JsonSchema, Schema, json_schema};
use serde_json::json;

use super::extract::{BaseUrl, Body, FromShape, Path, Query, Scoped};
use super::problem::Problem;
use super::scope::Scope;
use super::verify::Failure;
use crate::connection::Connection;
use crate::operation::{Describe, Description, ParameterLocation};

/// Adds what the operations without access control share.
pub fn describe_open(description: &mut Description<'_>) {
    description.secured_by(None);
    for status in description.operation.refusals {
        add_error(description, *status);
    }
}

/// Adds what all other operations of the control API share.
pub fn describe(description: &mut Description<'_>) {
    for name in description.path_parameters() {
        let schema = parameter(name, description);
        description.parameter(ParameterLocation::Path, name, schema);
        add_error(description, StatusCode::BAD_REQUEST);
        add_error(description, StatusCode::NOT_FOUND);
    }
    // The token is only required if there is one.
    description.secured_by(None);
    description.secured_by(Some("controlToken"));
    let always = [
        StatusCode::UNAUTHORIZED,
        StatusCode::FORBIDDEN,
        StatusCode::INTERNAL_SERVER_ERROR,
        StatusCode::SERVICE_UNAVAILABLE,
    ];
    for status in description.operation.refusals.iter().copied().chain(always) {
        add_error(description, status);
    }
}

fn parameter(name: &str, description: &mut Description<'_>) -> Schema {
    match name {
        "accountId" => json_schema!({"type": "string", "pattern": "^[0-9]{1,9}$"}),
        "faultId" | "sequence" => u64::json_schema(&mut description.schemas.requests),
        _ => json_schema!({"type": "string", "minLength": 1}),
    }
}

fn add_error(description: &mut Description<'_>, status: StatusCode) {
    const MEDIA_TYPES: &[&str] = &["application/problem+json"];

    if status == StatusCode::EXPECTATION_FAILED {
        let text = "Another number of requests matches.";
        return description.error_response::<Failure>(
            status,
            text,
            MEDIA_TYPES,
            &Failure::example(),
        );
    }
    let text = match status {
        StatusCode::BAD_REQUEST => "The request cannot be understood, or breaks a rule.",
        StatusCode::UNAUTHORIZED => "The token of --control-token is missing or wrong.",
        StatusCode::FORBIDDEN => {
            "The request comes from a web page of elsewhere, or would give an account what another has."
        }
        StatusCode::NOT_FOUND => "What is named does not exist.",
        StatusCode::REQUEST_TIMEOUT => "Too few requests matched in time.",
        StatusCode::PAYLOAD_TOO_LARGE => "The body is larger than 16 MiB.",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "The body has a content encoding.",
        StatusCode::SERVICE_UNAVAILABLE => {
            "The emulator is still starting, or cannot keep changes."
        }
        _ => "The emulator failed; its log tells more.",
    };
    let example = Problem::new(status, text);
    description.error_response::<Problem>(status, text, MEDIA_TYPES, &json!(example));
}

impl Describe for Scope {
    fn describe(_: &mut Description<'_>) {}
}

impl<T: FromShape> Describe for Scoped<T> {
    fn describe(description: &mut Description<'_>) {
        Scope::describe(description);
        Body::<T>::describe(description);
    }
}

impl Describe for BaseUrl {
    fn describe(_: &mut Description<'_>) {}
}

impl Describe for Extension<Connection> {
    fn describe(_: &mut Description<'_>) {}
}

impl<T> Describe for Path<T> {
    fn describe(_: &mut Description<'_>) {}
}

impl Describe for OriginalUri {
    fn describe(_: &mut Description<'_>) {}
}

impl<T: FromShape> Describe for Query<T> {
    fn describe(description: &mut Description<'_>) {
        description.query::<T::Shape>();
        add_error(description, StatusCode::BAD_REQUEST);
    }
}

impl<T: FromShape> Describe for Body<T> {
    fn describe(description: &mut Description<'_>) {
        let schema = description.schemas.requests.subschema_for::<T::Shape>();
        let whole = T::Shape::json_schema(&mut description.schemas.requests);
        let is_required = whole.get("required").is_some();
        description.body(&["application/json"], is_required, &schema);
        add_error(description, StatusCode::BAD_REQUEST);
        add_error(description, StatusCode::PAYLOAD_TOO_LARGE);
        add_error(description, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
}
