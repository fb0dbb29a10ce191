//! The web console under `/console`: the live service's account setup pages, and tools for testers.
//!
//! Pages read accounts and call services as the API does; forms are bound in the same way as the API's request bodies.
//!
//! | Module | Holds |
//! |---|---|
//! | `visit` | the middleware of all pages: sessions, CSRF checks, the control token, the current operator |
//! | `session` | sessions and their data |
//! | `sent` | answers a form that is sent twice once |
//! | `page` | page layout, lists in pages, errors and redirects |
//! | `prelude` | what nearly every module of pages uses |
//! | `form` | form fields, binding, and display with validation messages |
//! | `login` | the token page, log in, log out |
//! | `operators`, `operator_groups`, `schedules`, `api_users`, `setup` | the pages of Account setup |
//! | `requests`, `faults`, `coverage`, `clock`, `accounts` | the control API as web pages |

mod accounts;
mod api_users;
mod assets;
mod clock;
mod coverage;
mod faults;
mod form;
mod login;
mod operator_groups;
mod operators;
mod page;
mod prelude;
mod requests;
mod schedules;
mod sent;
mod session;
mod setup;
mod tools;
mod visit;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::HeaderValue;
use axum::http::header::{
    CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;

use tower_http::catch_panic::CatchPanicLayer;

use crate::error::Error;
use crate::{AppState, Control};
use page::Failure;
use sent::Sent;
use session::Sessions;

/// The state that every page handler can access.
#[derive(Debug, Clone)]
struct Console {
    app: AppState,
    sessions: Arc<Sessions>,
    sent: Sent,
}

/// Returns the routes under `/console`, or `None` with `--control off`.
pub fn routes(state: &AppState) -> Option<Router> {
    match &state.control {
        Control::Off => return None,
        Control::On { .. } => {}
    }
    let console = Console {
        app: state.clone(),
        sessions: Arc::default(),
        sent: Sent::default(),
    };
    let pages = Router::new()
        .route("/", get(async || Redirect::to("/console/setup")))
        .merge(login::routes())
        .merge(setup::routes())
        .merge(operators::routes())
        .merge(api_users::routes())
        .merge(schedules::routes())
        .merge(operator_groups::routes())
        .merge(accounts::routes())
        .merge(tools::in_both_scopes(requests::routes()))
        .merge(tools::in_both_scopes(faults::routes()))
        .merge(tools::in_both_scopes(coverage::routes()))
        .merge(tools::in_both_scopes(clock::routes()))
        .method_not_allowed_fallback(async || {
            let message = "this page has nothing of that kind";
            Failure::from(Error::WrongMethod(message.to_owned()))
        })
        .fallback(async || Failure::unknown_page())
        .layer(CatchPanicLayer::custom(|panic| {
            Failure::from(Error::of_panic(panic)).into_response()
        }))
        .layer(from_fn_with_state(console.clone(), visit::middleware))
        .with_state(console);
    Some(
        Router::new()
            .merge(assets::routes())
            .merge(pages)
            .layer(from_fn(set_security_headers)),
    )
}

/// Sets headers so that pages cannot be framed, run only the console's own script, and send no referrer to other sites.
async fn set_security_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in [
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        ),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "same-origin"),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}
