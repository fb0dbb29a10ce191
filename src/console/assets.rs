//! The style sheet, the script and the icon, embedded at build time.

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

use crate::domain::SecretDigest;

const ASSETS: [(&str, &str, &str); 3] = [
    (
        "/console.css",
        "text/css; charset=utf-8",
        include_str!("assets/console.css"),
    ),
    (
        "/console.js",
        "text/javascript; charset=utf-8",
        include_str!("assets/console.js"),
    ),
    (
        "/icon.svg",
        "image/svg+xml",
        include_str!("assets/icon.svg"),
    ),
];

pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    ASSETS
        .into_iter()
        .fold(Router::new(), |routes, (path, content_type, content)| {
            let digest = SecretDigest::of(content).hex();
            let etag = format!("\"{}\"", &digest[..16]);
            let handler =
                async move |headers: HeaderMap| serve(&headers, content_type, &etag, content);
            routes.route(path, get(handler))
        })
}

/// Serves an asset with an ETag. Browsers revalidate their cached copy, since another version of the program may differ.
fn serve(headers: &HeaderMap, content_type: &str, etag: &str, content: &'static str) -> Response {
    let head = [(ETAG, etag), (CACHE_CONTROL, "no-cache")];
    let is_cached = headers
        .get(IF_NONE_MATCH)
        .and_then(|etags| etags.to_str().ok())
        .is_some_and(|etags| etags.contains(etag));
    if is_cached {
        (StatusCode::NOT_MODIFIED, head).into_response()
    } else {
        (head, [(CONTENT_TYPE, content_type)], content).into_response()
    }
}
