//! The routes of the OpenAPI document and of Swagger UI, which shows it. All files are inside the binary.

use std::sync::LazyLock;

use axum::Router;
use axum::extract::Request;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_FRAME_OPTIONS,
};
use axum::http::{HeaderValue, Uri};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::Documents;
use crate::AppState;
use crate::base_path::add_base_path;
use crate::domain::SecretDigest;

const HTML: &str = "text/html; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JSON: &str = "application/json; charset=utf-8";

const SCRIPT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui-bundle.js.gz"));
const STYLE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui.css.gz"));

/// The query of the URLs of Swagger UI's files, which is made of their content: another version of the program has another one.
static VERSION: LazyLock<String> =
    LazyLock::new(|| SecretDigest::of(&[SCRIPT, STYLE].concat()).hex()[..16].to_owned());

static INDEX: LazyLock<String> =
    LazyLock::new(|| include_str!("index.html").replace("VERSION", &VERSION));

/// Returns the routes of the pages, at the paths that the vendor uses.
pub fn pages(state: &AppState, documents: &'static LazyLock<Documents>) -> Router<AppState> {
    let index = get(async || file(HTML, &INDEX));
    Router::new()
        .route("/swagger", index.clone())
        .route("/swagger/index.html", index)
        .route(
            "/swagger/start.js",
            get(async || file(JAVASCRIPT, include_str!("start.js"))),
        )
        .route(
            "/swagger/swagger-ui-bundle.js",
            get(async |uri| gzipped(&uri, JAVASCRIPT, SCRIPT)),
        )
        .route(
            "/swagger/swagger-ui.css",
            get(async |uri| gzipped(&uri, CSS, STYLE)),
        )
        .route(
            "/swagger/v1/swagger.json",
            get(async move || file(JSON, &documents.openapi)),
        )
        .route(
            "/swagger/v1/swagger-2.0.json",
            get(async move || file(JSON, &documents.swagger2)),
        )
        .layer(from_fn_with_state(state.clone(), add_base_path))
        .layer(from_fn(restrict_sources))
}

fn file(content_type: &'static str, content: &'static str) -> Response {
    (
        [(CONTENT_TYPE, content_type), (CACHE_CONTROL, "no-cache")],
        content,
    )
        .into_response()
}

/// Returns a file of Swagger UI. It is stored as gzip, which every browser accepts.
fn gzipped(uri: &Uri, content_type: &'static str, content: &'static [u8]) -> Response {
    let cache = match uri.query() {
        Some(version) if version == *VERSION => "public, max-age=31536000, immutable",
        _ => "no-cache",
    };
    let headers = [
        (CONTENT_TYPE, content_type),
        (CONTENT_ENCODING, "gzip"),
        (CACHE_CONTROL, cache),
    ];
    (headers, content).into_response()
}

/// Allows pages to load resources from this server only, and no page of another site to put one into a frame.
async fn restrict_sources(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let policy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    response
}
