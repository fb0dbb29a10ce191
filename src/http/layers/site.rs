//! Keeps pages of other sites from changing accounts with credentials that the browser remembers and sends by itself.

use axum::extract::Request;
use axum::response::IntoResponse as _;
use tower::ServiceExt as _;

use super::{LayerResult, Next};
use crate::AppState;
use crate::error::Error;
use crate::names::{FOREIGN, is_foreign_form};

/// Rejects what may change something and comes from a page of another site. Clients other than browsers, and Swagger UI, which is
/// of the same origin, pass.
pub async fn refuse_other_sites(_: AppState, request: Request, next: impl Next) -> LayerResult {
    if is_foreign_form(request.method(), request.headers()) {
        return Ok(Error::Forbidden(FOREIGN).into_response());
    }
    next.oneshot(request).await
}
