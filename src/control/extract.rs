//! The extractors of the control API: body, path and query. Their rejections are problems (RFC 9457).

use std::borrow::Cow;
use std::convert::Infallible;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::problem::{Problem, Result};
use super::scope::Scope;
use crate::bind::{self, Fields, Shape, Source};
use crate::document::{self, Mistakes};
use crate::domain::node::{Content, Key, Node};
use crate::error::Error;
use crate::operation::Catalog;
use crate::{AppState, body};

/// The largest accepted body. The control API and the console accept seeds, which may be large.
pub const LARGEST_BODY: usize = 16 * 1024 * 1024;

/// A value that is built from the fields of a body.
pub trait FromShape: Sized {
    type Shape: Shape;

    /// Combines the fields. Problems of their combination are added to `fields`.
    fn join(shape: Self::Shape, fields: &mut Fields<'_>, within: Within<'_>) -> Option<Self>;
}

/// What the values of a request are valid in.
#[derive(Debug, Clone, Copy)]
pub struct Within<'a> {
    pub catalog: Catalog,
    /// The scope of the request, if it has one.
    pub scope: Option<&'a Scope>,
}

/// Binds the fields of a body or a query.
fn bind<T: FromShape>(
    entries: &[(Key, Node)],
    source: &'static Source,
    within: Within<'_>,
) -> Result<T, Error> {
    let (value, problems) = bind::object(entries, source, |fields| {
        let shape = T::Shape::bind(fields);
        T::join(shape, fields, within)
    });
    match value {
        Some(value) if problems.is_empty() => Ok(value),
        _ => Err(Error::Malformed(problems.into_vec())),
    }
}

/// Binds an object that the server itself has put together, such as the values of a form of the console.
pub fn of_json<T: FromShape>(object: Json, within: Within<'_>) -> Result<T, Error> {
    match serde_json::from_value(object) {
        Ok(Node {
            content: Content::Object(entries),
            ..
        }) => bind(&entries, &bind::CONTROL, within),
        _ => bind(&[], &bind::CONTROL, within),
    }
}

/// Binds the parameters of a query.
pub fn of_query<'a, T: FromShape>(
    parameters: impl IntoIterator<Item = (impl Into<Cow<'a, str>>, impl Into<Cow<'a, str>>)>,
    within: Within<'_>,
) -> Result<T, Error> {
    let parameters = parameters.into_iter();
    let entries: Vec<_> = parameters
        .map(|(name, value)| {
            let value = Content::Text(value.into().into_owned());
            (Key::from(name.into()), value.into())
        })
        .collect();
    bind(&entries, &bind::CONTROL_QUERY, within)
}

/// Reads a list of objects from the text of a file, which messages call `source`.
pub fn of_list<T: FromShape>(
    text: &str,
    source: &str,
    within: Within<'_>,
) -> Result<Vec<T>, Mistakes> {
    document::read_list(text, source, |fields| {
        let shape = T::Shape::bind(fields);
        T::join(shape, fields, within)
    })
}

/// A JSON body; an empty one is `{}`.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: FromShape> FromRequest<AppState> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self> {
        let entries = read(request, state).await?;
        let catalog = state.catalog;
        let within = Within {
            catalog,
            scope: None,
        };
        Ok(Self(bind(&entries, &bind::CONTROL, within)?))
    }
}

/// A scope and the body of a request to it. A body may arrive late, so the scope is looked up again once it is complete.
pub struct Scoped<T>(pub Scope, pub T);

impl<T: FromShape> FromRequest<AppState> for Scoped<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self> {
        let (mut parts, body) = request.into_parts();
        let scope = Scope::from_request_parts(&mut parts, state).await?;
        let entries = read(Request::from_parts(parts, body), state).await?;
        let scope = scope.again()?;
        let within = Within {
            catalog: state.catalog,
            scope: Some(&scope),
        };
        let value = bind(&entries, &bind::CONTROL, within)?;
        Ok(Self(scope, value))
    }
}

/// Reads a body, which has to be an object.
async fn read(request: Request, state: &AppState) -> Result<Vec<(Key, Node)>> {
    let (parts, body) = request.into_parts();
    let bytes = body::read(&parts.headers, body, LARGEST_BODY, state.read_timeout).await?;
    let bytes: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
    let entries = bind::entries(bytes);
    entries.map_err(|problems| Error::Malformed(problems.into_vec()).into())
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

/// The parameters of a query to a scope.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: FromShape> FromRequestParts<AppState> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self> {
        let scope = Scope::from_request_parts(parts, state).await?;
        let within = Within {
            catalog: state.catalog,
            scope: Some(&scope),
        };
        let query = parts.uri.query().unwrap_or_default();
        let parameters = form_urlencoded::parse(query.as_bytes());
        Ok(Self(of_query(parameters, within)?))
    }
}
