//! The path of a request, which clients may write in many ways.

use axum::extract::Request;
use axum::http::header::ALLOW;
use axum::http::{HeaderValue, Method, StatusCode, Uri};
use axum::response::Response;

use crate::operation::path::canonical_path;

/// Brings the path of a request into the form of the routes.
pub fn make_canonical(request: &mut Request) {
    let Some(path) = canonical_path(request.uri().path()) else {
        return;
    };
    let path_and_query = match request.uri().query() {
        Some(query) => format!("{path}?{query}"),
        None => path,
    };
    // What was a path stays one, so this cannot fail; if it did, the path would just not be found.
    if let Ok(uri) = Uri::try_from(path_and_query) {
        *request.uri_mut() = uri;
    }
}

/// Whether a path, in the form of the routes, is one of the pages for people, which stand beside the API.
pub fn is_page(request: &Request) -> bool {
    request.uri().path().split('/').nth(1) == Some("swagger")
}

/// HEAD is no method of the vendor's API, but the router takes it for a GET; CONNECT is a method that no route has.
pub fn take_head_away(request: &mut Request) {
    if request.method() == Method::HEAD {
        *request.method_mut() = Method::CONNECT;
    }
}

/// The method of a request as it was sent, before [`take_head_away`].
pub fn as_sent(method: Method) -> Method {
    if method == Method::CONNECT {
        Method::HEAD
    } else {
        method
    }
}

/// The router names HEAD as well where a GET is allowed.
pub fn take_head_from_allow(response: &mut Response) {
    if response.status() != StatusCode::METHOD_NOT_ALLOWED {
        return;
    }
    let Some(allow) = response
        .headers()
        .get(ALLOW)
        .and_then(|allow| allow.to_str().ok())
    else {
        return;
    };
    let methods: Vec<_> = allow
        .split(',')
        .filter(|method| *method != "HEAD")
        .collect();
    if let Ok(allow) = HeaderValue::from_str(&methods.join(", ")) {
        response.headers_mut().insert(ALLOW, allow);
    }
}
