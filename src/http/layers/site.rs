//! Keeps pages of other sites from changing accounts with credentials that the browser remembers and sends by itself.

use std::sync::Arc;

use axum::extract::Request;

use tower::ServiceExt as _;

use super::trace::Trace;
use super::{LayerResult, Next};
use crate::AppState;
use crate::error::Error;
use crate::http::error::response_of;
use crate::names::FOREIGN;

/// Rejects what may change something and comes from a page of another site. Clients other than browsers, and Swagger UI, which is
/// of the same origin, pass.
pub async fn refuse_other_sites(state: AppState, request: Request, next: impl Next) -> LayerResult {
    let names = &state.names;
    if !names.is_foreign_change(request.method(), request.uri(), request.headers()) {
        return next.oneshot(request).await;
    }
    let trace = Trace::of(&request);
    trace.read_unbound_body(&state, request).await;
    Ok(response_of(Arc::new(Error::Forbidden(FOREIGN))))
}
