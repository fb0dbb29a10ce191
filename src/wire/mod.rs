//! The JSON objects that the account API and the forms of the console share: how they are read and written.

mod api_user;
mod duty_schedule;
mod operator;
mod operator_group;
pub mod record;

pub use duty_schedule::{DutyScheduleBody, Replacement};
pub use operator::OperatorBody;

use axum::body::Bytes;
use serde_json::Value;

use crate::bind::{self, Entries, Fields, Source};
use crate::domain::Input;
use crate::domain::node::{Key, Node};
use crate::error::{Error, Result};

/// An input that is bound from a request body.
pub trait FromBody<P>: Sized {
    /// The name of the body's schema in the OpenAPI document.
    const NAME: &'static str;

    /// Returns a simple example of a body.
    fn example() -> Value;

    /// The media types that a body may have.
    const MEDIA_TYPES: &'static [&'static str] = &["application/json"];

    /// Parses a body of a media type.
    fn entries(media_type: &str, body: &Bytes) -> Result<(Entries, &'static Source)> {
        if is_json(media_type) {
            Ok((bind::entries(body), &bind::BODY))
        } else {
            Err(Error::wrong_type("application/json", media_type))
        }
    }

    /// Binds a body. Problems are collected in `fields`. `path` holds the parameters of the path, if they are known.
    fn bind(fields: &mut Fields<'_>, path: Option<&P>) -> Option<Self>;
}

/// Binds a form of the console in the same way as the body of a request.
pub fn bind<P, B: FromBody<P>>(form: &[(Key, Node)], path: Option<&P>) -> Input<B> {
    let (body, problems) = bind::object(form, &bind::CONSOLE_FORM, |fields| B::bind(fields, path));
    Input::new(body, problems)
}

/// The media type of forms.
pub const FORM: &str = "application/x-www-form-urlencoded";

pub fn is_json(media_type: &str) -> bool {
    media_type == "application/json"
        || media_type
            .strip_prefix("application/")
            .is_some_and(|subtype| subtype.ends_with("+json"))
}
