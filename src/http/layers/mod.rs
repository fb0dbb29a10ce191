//! The layers around the operations: a request passes them in order, and its response in reverse order.

mod authentication;
mod envelope;
mod faults;
pub mod journal;
mod path;
mod site;

use std::convert::Infallible;

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::http::Method;
use axum::http::header::ALLOW;
use axum::response::{IntoResponse as _, Response};
use axum::routing::head;
use tower::layer::layer_fn;
use tower::{Layer, Service, ServiceBuilder, service_fn};
use tower_http::catch_panic::CatchPanicLayer;

use super::operations;
use crate::AppState;
use crate::error::Error;
use crate::operation::not_emulated::{self, NotEmulated};
use crate::operation::path::documented;
use crate::operation::routes;
use journal::Trace;

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
/// future: every request passes four such layers.
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

async fn wrong_method(route: MatchedPath, method: Method) -> Response {
    let error = Error::WrongMethod(format!(
        "{method} is not a method of this path; the Allow header names those that are"
    ));
    let allowed: Vec<_> = operations::methods(route.as_str()).collect();
    if allowed.is_empty() {
        // Only the router knows the methods of pages.
        return error.into_response();
    }
    ([(ALLOW, allowed.join(", "))], error).into_response()
}

/// Rejects a request that no route matches, "before credentials are asked for (some of them need none)": the operations of the
/// live service that are not emulated have no routes.
async fn unknown_path(request: Request) -> Error {
    let path = request.uri().path();
    if !not_emulated::is_not_emulated(path) {
        return Error::UnknownPath(format!("there is no {path}"));
    }
    let Some(NotEmulated { method, path, id }) =
        not_emulated::find(request.method().as_str(), path)
    else {
        return Error::NotEmulated(documented(path));
    };
    Trace::of(&request).set_operation(id);
    Error::NotEmulated(format!("{id} ({method} {})", documented(path)))
}
