//! The extractors of the account API: path and body are bound together, so that one response reports the problems of both.

use std::marker::PhantomData;

use axum::body::{Body, Bytes};
use axum::extract::path::RawPathParamsIter;
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer as _};

use super::layers::trace::Trace;
use crate::AppState;
use crate::bind;
use crate::body;
use crate::domain::text::{whole_number, word};
use crate::domain::{
    ApiUserGuid, Input, OperatorAuthorization, OperatorGroupAuthorization, OperatorGroupGuid,
    OperatorGuid, Problems, ScheduleId, UserId,
};
use crate::error::{Error, Result};
use crate::wire::FromBody;

/// The largest accepted body; a larger one is answered with 413.
pub const LARGEST_BODY: usize = 64 * 1024;

/// A JSON response. It is serialized when it is created, so that it can be created from data that the handler only borrows,
/// and outlive that data.
#[derive(Debug)]
pub struct Json<T> {
    bytes: serde_json::Result<Vec<u8>>,
    body: PhantomData<fn(T)>,
}

impl<T: Serialize> Json<T> {
    pub fn of(body: &T) -> Self {
        Self::write(|serializer| body.serialize(serializer))
    }
}

impl<T: Serialize> Json<Vec<T>> {
    pub fn list(items: impl IntoIterator<Item = T>) -> Self {
        Self::write(|serializer| serializer.collect_seq(items))
    }
}

impl<T> Json<T> {
    fn write(
        body: impl FnOnce(&mut serde_json::Serializer<&mut Vec<u8>>) -> serde_json::Result<()>,
    ) -> Self {
        // Most responses fit into this.
        let mut bytes = Vec::with_capacity(1024);
        Self {
            bytes: body(&mut serde_json::Serializer::new(&mut bytes)).map(|()| bytes),
            body: PhantomData,
        }
    }
}

impl<T> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");
        match self.bytes {
            Ok(bytes) => ([(CONTENT_TYPE, JSON)], bytes).into_response(),
            Err(error) => {
                Error::Failed(format!("an answer could not be written: {error}")).into_response()
            }
        }
    }
}

/// The parameters of a request's path.
#[derive(Debug)]
pub struct Path<P>(pub P);

impl<P: FromPath> FromRequestParts<AppState> for Path<P> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self> {
        let mut problems = Problems::default();
        let path = bind_path(parts, state, &mut problems).await;
        problems.into_result()?;
        Ok(Self(path.expect("a path without problems is bound")))
    }
}

/// The parameters of a request's path, and the input in its body.
#[derive(Debug)]
pub struct PathAndBody<P, B>(pub P, pub Input<B>);

impl<P: FromPath + Send, B: FromBody<P>> FromRequest<AppState> for PathAndBody<P, B> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &AppState) -> Result<Self> {
        let (mut parts, body) = request.into_parts();
        let bytes = read_in_time(state, &parts.headers, body).await?;
        if let Some(trace) = parts.extensions.get::<Trace>() {
            trace.set_body(&parts.headers, &bytes);
        }
        let (entries, source) = B::entries(&media_type(&parts.headers), &bytes)?;

        let mut problems = Problems::default();
        let path = bind_path(&mut parts, state, &mut problems).await;
        let (body, body_problems) = match entries {
            Ok(entries) => bind::object(&entries, source, |fields| B::bind(fields, path.as_ref())),
            Err(body_problems) => (None, body_problems),
        };
        let Some(path) = path else {
            problems.append(body_problems);
            return Err(problems
                .into_result()
                .expect_err("a path that is not bound has a problem"));
        };
        Ok(Self(path, Input::new(body, body_problems)))
    }
}

/// A value that is bound from the parameters of a path.
pub trait FromPath: Sized {
    fn bind(parameters: &mut Parameters<'_>) -> Option<Self>;

    /// Returns the schema of each parameter, in their order.
    fn schemas(generator: &mut SchemaGenerator) -> Vec<Schema>;
}

/// The parameters of a path that are not bound yet, in their order.
pub struct Parameters<'a> {
    rest: RawPathParamsIter<'a>,
    problems: &'a mut Problems,
}

impl Parameters<'_> {
    fn next<S: Segment>(&mut self) -> Option<S> {
        let (name, value) = self.rest.next()?;
        S::read(value)
            .map_err(|message| self.problems.malformed(name, message))
            .ok()
    }
}

impl FromPath for () {
    fn bind(_: &mut Parameters<'_>) -> Option<Self> {
        Some(())
    }

    fn schemas(_: &mut SchemaGenerator) -> Vec<Schema> {
        Vec::new()
    }
}

impl<S: Segment> FromPath for S {
    fn bind(parameters: &mut Parameters<'_>) -> Option<Self> {
        parameters.next()
    }

    fn schemas(generator: &mut SchemaGenerator) -> Vec<Schema> {
        vec![generator.subschema_for::<S>()]
    }
}

impl<S: Segment, T: Segment> FromPath for (S, T) {
    fn bind(parameters: &mut Parameters<'_>) -> Option<Self> {
        let (first, second) = (parameters.next(), parameters.next());
        first.zip(second)
    }

    fn schemas(generator: &mut SchemaGenerator) -> Vec<Schema> {
        vec![
            generator.subschema_for::<S>(),
            generator.subschema_for::<T>(),
        ]
    }
}

/// The type of one path parameter.
pub trait Segment: JsonSchema + Sized {
    fn read(text: &str) -> Result<Self, String>;
}

macro_rules! segment {
    ($($type:ty: $read:expr),* $(,)?) => {
        $(impl Segment for $type {
            fn read(text: &str) -> Result<Self, String> {
                $read(text)
            }
        })*
    };
}

segment! {
    OperatorGuid: str::parse,
    OperatorGroupGuid: str::parse,
    ApiUserGuid: str::parse,
    OperatorAuthorization: word,
    OperatorGroupAuthorization: word,
    ScheduleId: |text| whole_number(text).map(ScheduleId::named),
    UserId: |text| whole_number(text).map(UserId::named),
    i32: whole_number,
}

async fn bind_path<P: FromPath>(
    parts: &mut Parts,
    state: &AppState,
    problems: &mut Problems,
) -> Option<P> {
    let Ok(parameters) = RawPathParams::from_request_parts(parts, state).await else {
        problems.malformed("", "the path is not valid UTF-8");
        return None;
    };
    P::bind(&mut Parameters {
        rest: parameters.iter(),
        problems,
    })
}

async fn read_in_time(state: &AppState, headers: &HeaderMap, body: Body) -> Result<Bytes> {
    body::read(headers, body, LARGEST_BODY, state.read_timeout).await
}

/// Returns the media type of a body in lower case, or an empty string without one.
pub fn media_type(headers: &HeaderMap) -> String {
    let content_type = headers
        .get(CONTENT_TYPE)
        .map(HeaderValue::as_bytes)
        .unwrap_or_default();
    String::from_utf8_lossy(content_type)
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}
