//! The emulator's own API, under `/_emulator`.

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Serialize;

use crate::error::Error;

/// An error as RFC 9457 writes it.
#[derive(Debug, Serialize)]
struct Problem {
    title: &'static str,
    status: u16,
    detail: String,
}

impl Problem {
    fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: detail.into(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (
            status,
            [(CONTENT_TYPE, "application/problem+json")],
            axum::Json(self),
        )
            .into_response()
    }
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
}

pub fn routes() -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/ready", get(ready))
        .method_not_allowed_fallback(async || {
            Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "the Allow header names the methods of this path",
            )
        })
        .fallback(async || {
            Problem::new(
                StatusCode::NOT_FOUND,
                "there is no such path under /_emulator",
            )
        })
}

async fn health() -> axum::Json<Health> {
    axum::Json(Health { status: "alive" })
}

async fn ready() -> axum::Json<Health> {
    axum::Json(Health { status: "ready" })
}

/// The answer to any request before the accounts are there.
pub fn starting(path: &str) -> Response {
    match path.strip_prefix("/_emulator/") {
        Some("health") => axum::Json(Health { status: "alive" }).into_response(),
        Some(_) => Problem::new(StatusCode::SERVICE_UNAVAILABLE, Error::NotReady.to_string())
            .into_response(),
        None => Error::NotReady.into_response(),
    }
}
