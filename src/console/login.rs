//! The pages for the control token, logging in and logging out.

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
use super::page::{Frame, Result, Section, page_with, redirect};
use super::session::Session;
use super::visit::{EndSession, StartSession, Visit, next_page};
use crate::AppState;
use crate::document::{DEFAULT_LOGIN, default_password_hash};
use crate::domain::PasswordHash;
use crate::error::Error;
use crate::service::registration;

pub fn routes() -> Router<Console> {
    Router::new()
        .route("/login", get(login_page).post(log_in))
        .route("/logout", post(log_out))
        .route("/token", get(token_page).post(submit_token))
}

#[derive(Deserialize)]
struct NextQuery {
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    frame: Frame,
    form: Form,
    next: String,
    /// The e-mail address and password of the built-in account, if they are valid.
    default: Option<(&'static str, &'static str)>,
}

fn login_form() -> Form {
    Form::new([
        FormField::input("text", "email", "E-mail address")
            .required()
            .autocomplete("username")
            .hint(
                "An operator’s. Where several accounts have it: account number / e-mail address.",
            ),
        FormField::input("password", "password", "Password")
            .required()
            .autocomplete("current-password"),
    ])
}

async fn login_page(visit: Visit, Query(NextQuery { next }): Query<NextQuery>) -> Result<Response> {
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

/// Returns the default credentials if they are valid: the owner's password hash must be the one of the built-in account.
fn default_login(app: &AppState) -> Option<(&'static str, &'static str)> {
    let (tenant, operator) = registration::find(&app.store.state(), DEFAULT_LOGIN.0)?;
    let hash = operator.password().map(PasswordHash::as_str);
    (tenant.account.may_log_in(&operator) && hash == default_password_hash())
        .then_some(DEFAULT_LOGIN)
}

async fn log_in(visit: Visit, Extension(data): Extension<FormData>) -> Result<Response> {
    let next = next_page(data.get("next"));
    let text = |name| data.get(name).unwrap_or_default();
    let operator = registration::find(&visit.app.store.state(), text("email").trim());
    match registration::log_in(&visit.app, operator.as_ref(), &text("password")).await {
        Ok(caller) => {
            // A new session token prevents session fixation: an attacker may have set the visitor's.
            let session = Session::new(visit.session.has_token, Some(caller));
            let mut response = redirect(next);
            response
                .extensions_mut()
                .insert(StartSession(Arc::new(session)));
            Ok(response)
        }
        Err(Error::Unauthenticated) => {
            let mut form = login_form().with_data(&data);
            let message = "No operator has this e-mail address and this password.";
            form.messages.push(message.to_owned());
            show_login(StatusCode::FORBIDDEN, &visit, form, next)
        }
        Err(error) => Err(error.into()),
    }
}

async fn log_out() -> Response {
    let mut response = redirect("/console/login");
    response.extensions_mut().insert(EndSession);
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
    Form::new([FormField::input("password", "token", "Token").required()])
}

async fn token_page(visit: Visit, Query(NextQuery { next }): Query<NextQuery>) -> Result<Response> {
    let page = TokenPage {
        frame: Frame::new(&visit, Section::None, "Token"),
        form: token_form(),
        next: next_page(next),
    };
    page_with(StatusCode::OK, &page)
}

async fn submit_token(visit: Visit, Extension(data): Extension<FormData>) -> Result<Response> {
    let next = next_page(data.get("next"));
    if visit.app.control.admits(data.get("token").as_deref()) {
        let session = Session::new(true, visit.session.caller);
        let mut response = redirect(next);
        response
            .extensions_mut()
            .insert(StartSession(Arc::new(session)));
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
