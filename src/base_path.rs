//! The path of the public URL, in the links of pages.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION, REFRESH};
use axum::middleware::Next;
use axum::response::Response;
use http_body_util::{BodyExt as _, Collected};

use crate::AppState;

/// Gives pages the path of the public URL, which the proxy strips: their links, and where they lead.
pub async fn add_base_path(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let response = next.run(request).await;
    let base = state.names.base_path();
    if base.is_empty() {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    for (name, before) in [(LOCATION, ""), (REFRESH, "url=")] {
        let value = parts
            .headers
            .get(&name)
            .and_then(|value| value.to_str().ok());
        let moved = value
            .map(|value| value.replacen(&format!("{before}/"), &format!("{before}{base}/"), 1));
        if let Some(Ok(moved)) = moved.as_deref().map(HeaderValue::from_str) {
            parts.headers.insert(name, moved);
        }
    }
    // What people wrote has no quotation marks in HTML, and none without a backslash in JSON.
    let of = match parts.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes) {
        Some(b"text/html; charset=utf-8") => "=\"/",
        Some(b"application/json; charset=utf-8") => ": \"/",
        _ => return Response::from_parts(parts, body),
    };
    // Pages are made whole, so this waits for nothing.
    let bytes = body
        .collect()
        .await
        .map(Collected::to_bytes)
        .unwrap_or_default();
    let moved = String::from_utf8_lossy(&bytes)
        .replace(of, &format!("{}{base}/", of.trim_end_matches('/')));
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(moved))
}
