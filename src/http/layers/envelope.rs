//! Errors of the companion API are answered in its envelope, whatever their cause.

use axum::extract::Request;
use axum::http::header::CONTENT_LENGTH;
use axum::response::Response;
use tower::ServiceExt as _;

use super::{Answer, Next};
use crate::AppState;
use crate::http::reason::Cause;
use crate::http::user::Envelope;

/// Hands the envelope of a request to the companion API to its handler, and puts an error into it. What is no error is there
/// already, and what a fault answers stays as it is.
pub async fn put_errors_in(state: AppState, mut request: Request, next: impl Next) -> Answer {
    let Some(envelope) = Envelope::of(&state, &mut request) else {
        return next.oneshot(request).await;
    };
    let Ok(answer) = next.oneshot(request).await;
    let Some(Cause(error)) = answer.extensions().get() else {
        return Ok(answer);
    };
    let (wrapped, body) = envelope.around_error(error).into_parts();
    let (mut parts, _) = answer.into_parts();
    parts.headers.remove(CONTENT_LENGTH);
    for (name, value) in &wrapped.headers {
        parts.headers.insert(name, value.clone());
    }
    Ok(Response::from_parts(parts, body))
}
