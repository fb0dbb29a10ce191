//! The token, log in, log out.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Extension, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use super::Console;
use super::form::{Form, FormData, FormField};
use super::page::{Frame, Result, Section, go, page_with};
use super::session::Session;
use super::visit::{Begins, Ends, Visit, next_page};
use crate::AppState;
use crate::document::{DEFAULT_LOGIN, default_password_hash};
use crate::domain::PasswordHash;
use crate::error::Error;
use crate::service::registration;

pub fn routes() -> Router<Console> {
    Router::new()
        .route("/login", get(login_page).post(log_in))
        .route("/logout", post(log_out))
        .route("/token", get(token_page).post(give_token))
}

#[derive(Deserialize)]
struct Onward {
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    frame: Frame,
    form: Form,
    next: String,
    /// E-mail address and password of the built-in account, where they are right.
    default: Option<(&'static str, &'static str)>,
}

fn login_form() -> Form {
    Form::new([
        FormField::line("text", "email", "E-mail address")
            .required()
            .autocomplete("username")
            .hint(
                "An operator’s. Where several accounts have it: account number / e-mail address.",
            ),
        FormField::line("password", "password", "Password")
            .required()
            .autocomplete("current-password"),
    ])
}

async fn login_page(visit: Visit, Query(Onward { next }): Query<Onward>) -> Result<Response> {
    show_login(StatusCode::OK, &visit, login_form(), next_page(next))
}

fn show_login(status: StatusCode, visit: &Visit, form: Form, next: String) -> Result<Response> {
    let page = LoginPage {
        frame: Frame::new(visit, Section::None, "Log in"),
        form,
        next,
        default: default_login(&visit.app),
    };
    page_with(status, &page)
}

/// The default log-in, if it is the right one: the password is known by its hash, which was made with the built-in account.
fn default_login(app: &AppState) -> Option<(&'static str, &'static str)> {
    let (tenant, operator) = registration::find(&app.store.state(), DEFAULT_LOGIN.0)?;
    let kept = operator.password().map(PasswordHash::as_str);
    (tenant.account.may_log_in(&operator) && kept == default_password_hash())
        .then_some(DEFAULT_LOGIN)
}

async fn log_in(visit: Visit, Extension(sent): Extension<FormData>) -> Result<Response> {
    let next = next_page(sent.get("next"));
    let text = |name| sent.get(name).unwrap_or_default();
    let found = registration::find(&visit.app.store.state(), text("email").trim());
    match registration::log_in(&visit.app, found.as_ref(), &text("password")).await {
        Ok(caller) => {
            // With another token than the visitor had, whom somebody may have given theirs.
            let session = Session::new(visit.session.has_token, Some(caller));
            let mut response = go(next);
            response.extensions_mut().insert(Begins(Arc::new(session)));
            Ok(response)
        }
        Err(Error::Unauthenticated) => {
            let mut form = login_form().sent(&sent);
            let told = "No operator has this e-mail address and this password.";
            form.messages.push(told.to_owned());
            show_login(StatusCode::FORBIDDEN, &visit, form, next)
        }
        Err(error) => Err(error.into()),
    }
}

async fn log_out() -> Response {
    let mut response = go("/console/login");
    response.extensions_mut().insert(Ends);
    response.into_response()
}

#[derive(Template)]
#[template(path = "token.html")]
struct TokenPage {
    frame: Frame,
    form: Form,
    next: String,
}

fn token_form() -> Form {
    Form::new([FormField::line("password", "token", "Token").required()])
}

async fn token_page(visit: Visit, Query(Onward { next }): Query<Onward>) -> Result<Response> {
    let page = TokenPage {
        frame: Frame::new(&visit, Section::None, "Token"),
        form: token_form(),
        next: next_page(next),
    };
    page_with(StatusCode::OK, &page)
}

async fn give_token(visit: Visit, Extension(sent): Extension<FormData>) -> Result<Response> {
    let next = next_page(sent.get("next"));
    if visit.app.control.admits(sent.get("token").as_deref()) {
        let session = Session::new(true, visit.session.caller);
        let mut response = go(next);
        response.extensions_mut().insert(Begins(Arc::new(session)));
        return Ok(response);
    }
    let mut form = token_form();
    form.messages.push("This is not the token.".to_owned());
    let page = TokenPage {
        frame: Frame::new(&visit, Section::None, "Token"),
        form,
        next,
    };
    page_with(StatusCode::FORBIDDEN, &page)
}
