//! The console, under `/console`: the live service's pages for people, and tools for those who test.
//!
//! Its pages read accounts and call services as the API does, and its forms are bound as the API's bodies are.
//!
//! | Module | Does |
//! |---|---|
//! | `visit` | stands around all pages: sessions, forgery, the token, who is logged in |
//! | `session` | keeps what the server knows of a visitor |
//! | `page` | frames, errors and redirects |
//! | `form` | shows a form, binds it, shows it again with what is wrong with it |
//! | `login` | the token, log in, log out |
//! | `operators`, `operator_groups`, `schedules`, `api_users`, `setup` | Account setup |
//! | `requests`, `faults`, `clock`, `accounts` | what the control API offers, for people |

mod accounts;
mod api_users;
mod assets;
mod clock;
mod curl;
mod faults;
mod form;
mod login;
mod operator_groups;
mod operators;
mod page;
mod requests;
mod schedules;
mod session;
mod setup;
mod tools;
mod visit;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::header::{
    ACCEPT, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderValue, Method};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;

use tower_http::catch_panic::CatchPanicLayer;

use crate::error::Error;
use crate::{AppState, Control};
use page::Failure;
use session::Sessions;

/// What every page can reach.
#[derive(Debug, Clone)]
struct Console {
    app: AppState,
    sessions: Arc<Sessions>,
}

/// Everything under `/console`; nothing with `--control off`.
pub fn routes(state: &AppState) -> Option<Router> {
    match &state.control {
        Control::Off => return None,
        Control::On { .. } => {}
    }
    let console = Console {
        app: state.clone(),
        sessions: Arc::default(),
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
        .merge(tools::both(requests::routes()))
        .merge(tools::both(faults::routes()))
        .merge(tools::both(clock::routes()))
        .method_not_allowed_fallback(async || {
            Failure::from(Error::WrongMethod(
                "this page has nothing of that kind".to_owned(),
            ))
        })
        .fallback(async || Failure::unknown_page())
        .layer(CatchPanicLayer::custom(|panic| {
            Failure::from(Error::of_panic(panic)).into_response()
        }))
        .layer(from_fn_with_state(console.clone(), visit::enter))
        .with_state(console);
    Some(
        Router::new()
            .nest("/assets", assets::routes())
            .merge(pages)
            .layer(from_fn(guarded)),
    )
}

/// Whatever comes from here is shown by itself, runs nothing but its own script, and tells other sites nothing.
async fn guarded(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, "default-src 'self'"),
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

/// Leads a browser from `/` to the console; all others get the API's answer.
pub async fn welcome(request: Request, next: Next) -> Response {
    let wants_page = request
        .headers()
        .get(ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    if wants_page && request.method() == Method::GET {
        Redirect::to("/console").into_response()
    } else {
        next.run(request).await
    }
}
