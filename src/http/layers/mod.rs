//! What surrounds the operations: a request passes the layers in their order, and its answer passes them back.

mod authentication;
mod envelope;
mod faults;
pub mod journal;
mod path;

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

/// What follows a layer.
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

/// What comes back from it.
type Answer = Result<Response, Infallible>;

/// The account API and its companion, with pages for people beside them.
pub fn api(state: &AppState, pages: Router<AppState>) -> impl Next + use<> {
    ServiceBuilder::new()
        .map_request(path::make_canonical)
        // Around all that follows, since it keeps answers as they are sent.
        .layer(layer(state, journal::record))
        .layer(layer(state, envelope::put_errors_in))
        // A panic is recorded as the 500 that it becomes.
        .map_response(Response::into_response)
        .layer(CatchPanicLayer::custom(|panic| {
            Error::of_panic(panic).into_response()
        }))
        .service(routed(state, pages))
}

/// From the route of a request to its operation. A wrong method or path is told before credentials are asked for.
fn routed(state: &AppState, pages: Router<AppState>) -> Router {
    let by_api_user = ServiceBuilder::new()
        .layer(layer(state, authentication::of_api_user))
        .layer(layer(state, faults::strike));
    let by_operator = ServiceBuilder::new()
        .layer(layer(state, authentication::of_operator))
        .layer(layer(state, faults::strike));
    let (registration, others): (Vec<_>, Vec<_>) =
        operations::all().partition(|operation| operation.path == "/Register");
    Router::new()
        .merge(routes(others).route_layer(by_api_user))
        .merge(routes(registration).route_layer(by_operator))
        .merge(heads())
        .merge(pages)
        .method_not_allowed_fallback(wrong_method)
        .fallback(unknown_path)
        .with_state(state.clone())
}

/// A layer of an async function, as axum's `from_fn` makes one, but without a box around what follows and the function's future:
/// every request passes four of them.
fn layer<S, F, Fut>(
    state: &AppState,
    around: F,
) -> impl Layer<S, Service = impl Next + use<S, F, Fut>> + Clone + use<S, F, Fut>
where
    S: Next,
    F: Fn(AppState, Request, S) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Answer> + Send + 'static,
{
    let state = state.clone();
    layer_fn(move |next: S| {
        let (state, around) = (state.clone(), around.clone());
        service_fn(move |request| around(state.clone(), request, next.clone()))
    })
}

/// HEAD is no method of the vendor's API, but the router would take it for a GET.
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
        // The methods of pages are known to the router alone.
        return error.into_response();
    }
    ([(ALLOW, allowed.join(", "))], error).into_response()
}

/// "before credentials are asked for (some of them need none)": the rest of the live service has no routes.
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
    Trace::of(&request).names(id);
    Error::NotEmulated(format!("{id} ({method} {})", documented(path)))
}
