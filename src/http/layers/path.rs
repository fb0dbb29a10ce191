//! Normalizes the path of a request, which clients may write in many ways.

use axum::extract::Request;
use axum::http::Uri;

use crate::operation::path::{canonical_path, is_under};

/// Rewrites the path of a request to the form of the routes.
pub fn make_canonical(mut request: Request) -> Request {
    let Some(path) = canonical_path(request.uri().path()) else {
        return request;
    };
    let path_and_query = match request.uri().query() {
        Some(query) => format!("{path}?{query}"),
        None => path,
    };
    // A canonical path is a valid one, so this cannot fail; if it did, the path would just not be found.
    if let Ok(uri) = Uri::try_from(path_and_query) {
        *request.uri_mut() = uri;
    }
    request
}

/// Returns whether the path of a request, in the form of the routes, is one of the pages for people next to the API.
pub fn is_page(request: &Request) -> bool {
    is_under("/swagger", request.uri().path())
}
