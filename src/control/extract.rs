//! The extractors of the control API: body, path and query. Their rejections are problems (RFC 9457).

use std::convert::Infallible;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::problem::{Problem, Result};
use crate::bind::{self, Fields, Shape};
use crate::domain::node::{Content, Key, Node};
use crate::error::Error;
use crate::{AppState, body};

/// The largest accepted body. The control API and the console accept seeds, which may be large.
pub const LARGEST_BODY: usize = 16 * 1024 * 1024;

/// A value that is built from the fields of a body.
pub trait FromShape: Sized {
    type Shape: Shape;

    /// Combines the fields. Problems of their combination are added to `fields`.
    fn join(shape: Self::Shape, fields: &mut Fields<'_>) -> Option<Self>;
}

/// Binds the fields of a body.
fn bind<T: FromShape>(entries: &[(Key, Node)]) -> Result<T, Error> {
    let (value, problems) = bind::object(entries, &bind::CONTROL, |fields| {
        let shape = T::Shape::bind(fields);
        T::join(shape, fields)
    });
    match value {
        Some(value) if problems.is_empty() => Ok(value),
        _ => Err(Error::Malformed(problems.into_vec())),
    }
}

/// Binds the values of a form of the console.
pub fn of_form<T: FromShape>(form: Json) -> Result<T, Error> {
    match serde_json::from_value(form) {
        Ok(Node {
            content: Content::Object(entries),
            ..
        }) => bind(&entries),
        _ => bind(&[]),
    }
}

/// A JSON body; an empty one is `{}`.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: FromShape> FromRequest<AppState> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self> {
        let (parts, body) = request.into_parts();
        let bytes = body::read(&parts.headers, body, LARGEST_BODY, state.read_timeout).await?;
        let bytes: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        let entries = match bind::entries(bytes) {
            Ok(entries) => entries,
            Err(problems) => return Err(Error::Malformed(problems.into_vec()).into()),
        };
        Ok(Self(bind(&entries)?))
    }
}

/// The base of the emulator's URLs, as the client of a request sees it.
#[derive(Debug)]
pub struct BaseUrl(pub String);

impl FromRequestParts<AppState> for BaseUrl {
    type Rejection = Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &AppState,
    ) -> std::result::Result<Self, Infallible> {
        Ok(Self(state.names.base_url(parts)))
    }
}

/// The parameters of a path.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        axum::extract::Path::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Path(path)| Self(path))
            .map_err(|error| Problem::new(error.status(), error.body_text()))
    }
}

/// The parameters of a query.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        axum::extract::Query::try_from_uri(&parts.uri)
            .map(|axum::extract::Query(query)| Self(query))
            .map_err(|error| Problem::bad_request(error.body_text()))
    }
}
