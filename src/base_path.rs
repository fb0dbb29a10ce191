//! A middleware that adds the path of the public URL to the links of pages.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION, REFRESH};
use axum::middleware::Next;
use axum::response::Response;
use http_body_util::{BodyExt as _, Collected};

use crate::AppState;

/// Adds the path of the public URL, which the proxy strips from requests, to the links and redirects of pages.
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
    for (name, prefix) in [(LOCATION, ""), (REFRESH, "url=")] {
        let value = parts
            .headers
            .get(&name)
            .and_then(|value| value.to_str().ok());
        let rewritten = value
            .map(|value| value.replacen(&format!("{prefix}/"), &format!("{prefix}{base}/"), 1));
        if let Some(Ok(rewritten)) = rewritten.as_deref().map(HeaderValue::from_str) {
            parts.headers.insert(name, rewritten);
        }
    }
    // User input cannot match: in HTML its quotation marks are escaped, and in JSON they follow a backslash.
    let link_start = match parts.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes) {
        Some(b"text/html; charset=utf-8") => "=\"/",
        Some(b"application/json; charset=utf-8") => ": \"/",
        _ => return Response::from_parts(parts, body),
    };
    // Pages are rendered completely before they are sent, so this does not wait.
    let bytes = body
        .collect()
        .await
        .map(Collected::to_bytes)
        .unwrap_or_default();
    let rewritten = String::from_utf8_lossy(&bytes).replace(
        link_start,
        &format!("{}{base}/", link_start.trim_end_matches('/')),
    );
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(rewritten))
}
