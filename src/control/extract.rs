//! What the control API takes from a request: its body, path and query. What cannot be taken is a problem.

use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Number;

use super::problem::{Problem, Result};
use crate::AppState;
use crate::body;

/// Seeds come to the control API and to the console, and a seed may be large.
pub const LARGEST_BODY: usize = 16 * 1024 * 1024;

/// A JSON body; an empty one is `{}`.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<AppState> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self> {
        let (parts, body) = request.into_parts();
        let bytes = body::read(&parts.headers, body, LARGEST_BODY, state.read_timeout).await?;
        let bytes: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        let told =
            |error| Problem::bad_request(format!("the body is not what is expected: {error}"));
        let mut json = serde_json::Deserializer::from_slice(bytes);
        let Object(body) =
            serde_path_to_error::deserialize(&mut json).map_err(|error| told(error.to_string()))?;
        json.end().map_err(|error| told(error.to_string()))?;
        Ok(Self(body))
    }
}

/// What a JSON object holds. Serde by itself takes a list of the fields' values as well.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        object(deserializer).map(Self)
    }
}

/// A value that is written as an object and in no other way.
pub fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> std::result::Result<T, D::Error> {
    struct Fields<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, fields: A) -> std::result::Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(fields))
        }
    }

    deserializer.deserialize_map(Fields(PhantomData))
}

/// A whole number, however it is written: `5.0` is 5.
pub fn whole<'de, D: Deserializer<'de>, T: TryFrom<u64>>(
    deserializer: D,
) -> std::result::Result<T, D::Error> {
    let given = Number::deserialize(deserializer)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float that is whole and in range is exact"
    )]
    let of_float = |number: f64| {
        (number.fract() == 0.0 && (0.0..1e19).contains(&number)).then_some(number as u64)
    };
    let whole = given.as_u64().or_else(|| given.as_f64().and_then(of_float));
    whole
        .and_then(|whole| whole.try_into().ok())
        .ok_or_else(|| de::Error::custom(format!("{given} is not a whole number, or too large")))
}

/// A whole number, or nothing.
pub fn whole_or_null<'de, D: Deserializer<'de>, T: TryFrom<u64>>(
    deserializer: D,
) -> std::result::Result<Option<T>, D::Error> {
    struct Whole<T>(T);

    impl<'de, T: TryFrom<u64>> Deserialize<'de> for Whole<T> {
        fn deserialize<D: Deserializer<'de>>(
            deserializer: D,
        ) -> std::result::Result<Self, D::Error> {
            whole(deserializer).map(Self)
        }
    }

    let given = Option::<Whole<T>>::deserialize(deserializer)?;
    Ok(given.map(|Whole(whole)| whole))
}

/// What the URLs of the emulator begin with, for the client of a request.
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
