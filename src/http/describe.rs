//! Describes the account API in the OpenAPI document: what its extractors and responses add to an operation.

use std::sync::Arc;

use axum::Extension;
use axum::http::StatusCode;
use schemars::JsonSchema;

use super::error::MessageList;
use super::extract::{FromPath, Json, LARGEST_BODY, Path, PathAndBody};
use super::user::Envelope;
use crate::bind::{self, SentAs};
use crate::domain::Caller;
use crate::error::Error;
use crate::operation::path::is_of_users;
use crate::operation::{Created, Describe, Description, ParameterLocation};
use crate::store::Tenant;
use crate::wire::{FORM, FromBody};

/// Adds what all operations of the account API and of the companion API share.
pub fn describe(description: &mut Description<'_>) {
    // The names are the vendor's.
    let scheme = match description.operation.path {
        "/Register" => "user-basicauth",
        _ => "basicauth",
    };
    description.secured_by(Some(scheme));
    let always = [
        StatusCode::UNAUTHORIZED,
        StatusCode::INTERNAL_SERVER_ERROR,
        StatusCode::SERVICE_UNAVAILABLE,
    ];
    for status in description.operation.refusals.iter().copied().chain(always) {
        add_error(description, status);
    }
}

/// Adds an error status, with an example of its response.
pub fn add_error(description: &mut Description<'_>, status: StatusCode) {
    let (text, error) = match status {
        StatusCode::BAD_REQUEST => (
            "The request cannot be understood, or would change what belongs to the system.",
            Error::malformed("FullName", "is required"),
        ),
        StatusCode::UNAUTHORIZED => (
            "The credentials are missing or wrong.",
            Error::Unauthenticated,
        ),
        StatusCode::FORBIDDEN => (
            "A rule refuses it, or the caller has no right to it.",
            Error::Forbidden("only members of the Administrators group may do this"),
        ),
        StatusCode::NOT_FOUND => (
            "What is named does not exist in the caller's account.",
            Error::NotFound(
                "operator 36fad910-6e9f-4886-b1a7-9b4637362cb8 does not exist".to_owned(),
            ),
        ),
        StatusCode::REQUEST_TIMEOUT => ("The body did not arrive in time.", Error::TooSlow),
        StatusCode::PAYLOAD_TOO_LARGE => ("The body is too large.", Error::TooLarge(LARGEST_BODY)),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => (
            "The media type of the body is not one that is read.",
            Error::wrong_type("application/json", "text/plain"),
        ),
        StatusCode::SERVICE_UNAVAILABLE => ("The emulator is still starting.", Error::NotReady),
        _ => (
            "The emulator failed; its log tells more.",
            Error::Failed(String::new()),
        ),
    };
    if is_of_users(description.operation.path) {
        Envelope::describe_error(description, status, text, &error);
    } else {
        description.error_response::<MessageList>(
            status,
            text,
            &["application/json"],
            &serde_json::json!(MessageList::of(&error)),
        );
    }
}

impl Describe for Extension<Arc<Tenant>> {
    fn describe(_: &mut Description<'_>) {}
}

/// A handler takes the caller where its rights matter: where something is changed.
impl Describe for Extension<Caller> {
    fn describe(description: &mut Description<'_>) {
        add_error(description, StatusCode::FORBIDDEN);
    }
}

impl<P: FromPath> Describe for Path<P> {
    fn describe(description: &mut Description<'_>) {
        let schemas = P::schemas(&mut description.schemas.requests);
        if schemas.is_empty() {
            return;
        }
        for (name, schema) in description.path_parameters().zip(schemas) {
            description.parameter(ParameterLocation::Path, name, schema);
        }
        add_error(description, StatusCode::BAD_REQUEST);
        add_error(description, StatusCode::NOT_FOUND);
    }
}

impl<P: FromPath, B: FromBody<P>> Describe for PathAndBody<P, B> {
    fn describe(description: &mut Description<'_>) {
        Path::<P>::describe(description);
        let mut body = |name: &str, media_types: &[&str], sent_as| {
            let requests = &mut description.schemas.requests;
            let schema = bind::describe(requests, name, &B::example(), sent_as, |fields| {
                B::bind(fields, None)
            });
            description.body(media_types, true, &schema);
        };
        let (forms, others): (Vec<_>, Vec<_>) =
            B::MEDIA_TYPES.iter().partition(|name| **name == FORM);
        body(B::NAME, &others, SentAs::Json);
        if !forms.is_empty() {
            body(&format!("{}Form", B::NAME), &forms, SentAs::Form);
        }
        for status in [
            StatusCode::BAD_REQUEST,
            StatusCode::FORBIDDEN,
            StatusCode::REQUEST_TIMEOUT,
            StatusCode::PAYLOAD_TOO_LARGE,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ] {
            add_error(description, status);
        }
    }
}

impl<T: JsonSchema> Describe for Json<T> {
    fn describe(description: &mut Description<'_>) {
        description.response::<T>(StatusCode::OK);
    }
}

impl<T: JsonSchema> Describe for Created<Json<T>> {
    fn describe(description: &mut Description<'_>) {
        description.response::<T>(StatusCode::CREATED);
    }
}
