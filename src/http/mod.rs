//! The account API as clients see it: its operations, and what surrounds a request to one of them.

mod account;
mod api_user;
mod auth;
mod describe;
mod duty_schedule;
mod error;
mod extract;
mod observe;
mod operations;
mod operator;
mod operator_group;
mod path;
mod registration;
mod timezone;
mod user;
mod why;

pub use operations::{ACCOUNT_API, USER_API};

use std::convert::Infallible;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::http::header::ALLOW;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::head;
use tower::{Layer as _, Service};
use tower_http::catch_panic::CatchPanicLayer;

use crate::error::Error;
use crate::operation::not_emulated::{self, NotEmulated};
use crate::operation::path::documented;
use crate::operation::routes;
use crate::{AppState, Control};
use observe::{Recording, Trace};
use user::Envelope;

/// The account API and its companion, with pages for people beside them.
pub fn api(
    state: &AppState,
    pages: Router<AppState>,
) -> impl Service<Request, Response = Response, Error = Infallible, Future: Send + 'static>
+ Clone
+ Send
+ Sync
+ 'static
+ use<> {
    let (registration, others): (Vec<_>, Vec<_>) =
        operations::all().partition(|operation| operation.path == "/Register");
    let with_credentials =
        routes(others).route_layer(from_fn_with_state(state.clone(), auth::authenticate));
    let api = Router::new()
        .merge(with_credentials)
        .merge(routes(registration).route_layer(from_fn_with_state(
            state.clone(),
            registration::authenticate,
        )))
        .merge(heads())
        .merge(pages)
        // Set after the layers above, so that a wrong method is told before credentials are asked for.
        .method_not_allowed_fallback(wrong_method)
        .fallback(unknown_path)
        .with_state(state.clone());
    // A panic is recorded as the 500 that it becomes.
    let api = CatchPanicLayer::custom(|panic| Error::of_panic(panic).into_response()).layer(api);
    from_fn_with_state(state.clone(), enter).layer(api)
}

/// What comes before and after every request: its path is brought into its form, an error of the companion API into its
/// envelope, and all of it into the journal, unless it is for a page. Nobody can read the journal where there is no
/// control API.
async fn enter(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    path::make_canonical(&mut request);
    if path::is_page(&request) {
        return next.run(request).await;
    }
    let recording = match state.control {
        Control::On { .. } => Some(Recording::of(state.clone(), &mut request)),
        Control::Off => None,
    };
    let envelope = Envelope::of(&state, &mut request);
    let mut response = next.run(request).await;
    if let Some(envelope) = envelope {
        response = envelope.around_answer(response);
    }
    match recording {
        Some(recording) => recording.answered(response).await,
        None => response,
    }
}

/// HEAD is no method of the vendor's API, but the router would take it for a GET.
fn heads() -> Router<AppState> {
    operations::all()
        .filter(|operation| operation.method == "GET")
        .fold(Router::new(), |routes, operation| {
            routes.route(operation.path, head(wrong_method))
        })
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
