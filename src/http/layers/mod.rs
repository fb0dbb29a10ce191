//! The layers around the operations: a request passes them in order, and its response in reverse order.

mod authentication;
mod envelope;
mod faults;
mod journal;
mod path;
mod site;
pub mod trace;

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::ALLOW;
use axum::response::{IntoResponse as _, Response};
use axum::routing::head;
use tower::layer::layer_fn;
use tower::{Layer, Service, ServiceBuilder, service_fn};
use tower_http::catch_panic::CatchPanicLayer;

use super::error::response_of;
use super::operations;
use crate::AppState;
use crate::error::Error;
use crate::operation::not_emulated::{self, NotEmulated};
use crate::operation::path::documented;
use crate::operation::routes;
use trace::Trace;

/// The service that a layer calls.
pub trait Next:
    Service<Request, Response = Response, Error = Infallible, Future: Send + 'static>
    + Clone
    + Send
    + Sync
    + 'static
{
}

impl<S> Next for S where
    S: Service<Request, Response = Response, Error = Infallible, Future: Send + 'static>
        + Clone
        + Send
        + Sync
        + 'static
{
}

/// The result of a layer and of the service that it calls.
type LayerResult = Result<Response, Infallible>;

/// Returns the account API and the companion API, with pages for people next to them.
pub fn api(state: &AppState, pages: Router<AppState>) -> impl Next + use<> {
    ServiceBuilder::new()
        .map_request(path::make_canonical)
        // Outside of all that follow, since it records responses as they are sent.
        .layer(layer(state, journal::record))
        .layer(layer(state, envelope::wrap_errors))
        .layer(layer(state, site::refuse_other_sites))
        // A panic is recorded as the 500 that it results in.
        .map_response(Response::into_response)
        .layer(CatchPanicLayer::custom(|panic| {
            Error::of_panic(panic).into_response()
        }))
        .service(routed(state, pages))
}

/// Routes requests to their operations. A wrong method or path is reported before credentials are required.
fn routed(state: &AppState, pages: Router<AppState>) -> Router {
    let for_api_users = ServiceBuilder::new()
        .layer(layer(state, authentication::of_api_user))
        .layer(layer(state, faults::inject));
    let for_operators = ServiceBuilder::new()
        .layer(layer(state, authentication::of_operator))
        .layer(layer(state, faults::inject));
    let (registration, others): (Vec<_>, Vec<_>) =
        operations::all().partition(|operation| operation.path == "/Register");
    Router::new()
        .merge(routes(others).route_layer(for_api_users))
        .merge(routes(registration).route_layer(for_operators))
        .merge(heads())
        .merge(pages)
        .method_not_allowed_fallback(wrong_method)
        .fallback(unknown_path)
        .with_state(state.clone())
}

/// Creates a layer from an async function, as axum's `from_fn` does, but without boxing the inner service and the function's
/// future: every request passes several such layers.
fn layer<S, F, Fut>(
    state: &AppState,
    around: F,
) -> impl Layer<S, Service = impl Next + use<S, F, Fut>> + Clone + use<S, F, Fut>
where
    S: Next,
    F: Fn(AppState, Request, S) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = LayerResult> + Send + 'static,
{
    let state = state.clone();
    layer_fn(move |next: S| {
        let (state, around) = (state.clone(), around.clone());
        service_fn(move |request| around(state.clone(), request, next.clone()))
    })
}

/// Rejects HEAD, which is not a method of the vendor's API, but which the router would handle as a GET.
fn heads() -> Router<AppState> {
    operations::all()
        .filter(|operation| operation.method == "GET")
        .fold(Router::new(), |routes, operation| {
            routes.route(operation.path, head(wrong_method))
        })
}

async fn wrong_method(State(state): State<AppState>, request: Request) -> Response {
    let route = request.extensions().get::<MatchedPath>();
    let allowed = route.map(|route| operations::methods(route.as_str()).collect::<Vec<_>>());
    let error = Error::WrongMethod(format!(
        "{} is not a method of this path; the Allow header names those that are",
        request.method()
    ));
    let error = reject(state, request, error).await;
    // Only the router knows the methods of pages.
    match allowed.filter(|allowed| !allowed.is_empty()) {
        Some(allowed) => ([(ALLOW, allowed.join(", "))], error).into_response(),
        None => error,
    }
}

/// Rejects a request that no route matches, "before credentials are asked for (some of them need none)": the operations of the
/// live service that are not emulated have no routes.
async fn unknown_path(State(state): State<AppState>, request: Request) -> Response {
    let path = request.uri().path();
    let error = if !not_emulated::is_not_emulated(path) {
        Error::UnknownPath(format!("there is no {path}"))
    } else if let Some(NotEmulated { method, path, id }) =
        not_emulated::find(request.method().as_str(), path)
    {
        Error::NotEmulated(format!("{id} ({method} {})", documented(path)))
    } else {
        Error::NotEmulated(documented(path))
    };
    reject(state, request, error).await
}

/// Rejects a request that no operation handles, unless a fault strikes it.
async fn reject(state: AppState, request: Request, error: Error) -> Response {
    let trace = Trace::of(&request);
    let error = Arc::new(error);
    let rejection = {
        let state = state.clone();
        service_fn(move |request| {
            let (state, trace, error) = (state.clone(), trace.clone(), Arc::clone(&error));
            async move {
                trace.read_unbound_body(&state, request).await;
                Ok(response_of(error))
            }
        })
    };
    let Ok(response) = faults::inject_unhandled(state, request, rejection).await;
    response
}
