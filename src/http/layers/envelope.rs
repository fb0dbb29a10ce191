//! Wraps errors of the companion API in its envelope, whatever their cause.

use axum::extract::Request;
use axum::http::header::CONTENT_LENGTH;
use axum::response::Response;
use tower::ServiceExt as _;

use super::{LayerResult, Next};
use crate::AppState;
use crate::http::reason::Cause;
use crate::http::user::Envelope;

/// Passes the envelope of a request to the companion API to its handler, and wraps an error in it. Other responses are wrapped
/// already, and the response of a fault stays as it is.
pub async fn wrap_errors(state: AppState, mut request: Request, next: impl Next) -> LayerResult {
    let Some(envelope) = Envelope::of(&state, &mut request) else {
        return next.oneshot(request).await;
    };
    let Ok(response) = next.oneshot(request).await;
    let Some(Cause(error)) = response.extensions().get() else {
        return Ok(response);
    };
    let (wrapped, body) = envelope.wrap_error(error).into_parts();
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(CONTENT_LENGTH);
    for (name, value) in &wrapped.headers {
        parts.headers.insert(name, value.clone());
    }
    Ok(Response::from_parts(parts, body))
}
