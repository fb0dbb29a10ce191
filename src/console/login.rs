//! The pages for the control token, logging in and logging out.

use std::sync::Arc;

use super::page::redirect;
use super::prelude::*;
use super::session::Session;
use super::visit::NextSession;
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

pages! {
    LoginPage = "login.html" {
        form: Form,
        /// The e-mail address and password of the owner, if the password is the one of the built-in account.
        default: Option<(String, &'static str)>,
    }
    TokenPage = "token.html" { form: Form }
}

/// Asks for the log-in of an operator; of the account that the visitor is in, if any.
async fn login_page(visit: Visit) -> Result<Response> {
    let all = visit.app.store.state();
    let found = match visit.account.and_then(|account| all.tenant(account)) {
        Some(tenant) => {
            let owner = tenant.account.operator(tenant.account.owner)?;
            let name = format!("{}/{}", tenant.account.id, owner.profile().email);
            Some((Arc::clone(tenant), Arc::clone(owner), name))
        }
        None => registration::find(&all, DEFAULT_LOGIN.0)
            .map(|(tenant, operator)| (tenant, operator, DEFAULT_LOGIN.0.to_owned())),
    };
    let default = found.as_ref().filter(|(tenant, operator, _)| {
        let hash = operator.password().map(PasswordHash::as_str);
        tenant.account.may_log_in(operator) && hash == default_password_hash()
    });
    let email = visit.account.and(found.as_ref());
    let email = email.map_or("", |(_, _, name)| name);
    let form = Form::to("/console/login").with_value("email", email);
    page(&LoginPage {
        frame: visit.frame("Log in"),
        form: visit.form(form.with_value("next", visit.next_page())),
        default: default.map(|(_, _, name)| (name.clone(), DEFAULT_LOGIN.1)),
    })
}

async fn log_in(visit: Visit) -> Result<Response> {
    let operator = registration::find(&visit.app.store.state(), visit.data.text("email").trim());
    let login =
        registration::log_in(&visit.app, operator.as_ref(), &visit.data.text("password")).await;
    let caller = login.map_err(|error| match error {
        Error::Unauthenticated => {
            Error::refused("", "no operator has this e-mail address and this password")
        }
        error => error,
    })?;
    // A new session token prevents session fixation: an attacker may have set the visitor's.
    Ok(begin(
        &visit,
        Session::new(visit.session.has_token, Some(caller)),
    ))
}

/// Begins a session and continues with the page that was asked for.
fn begin(visit: &Visit, session: Session) -> Response {
    let mut response = redirect(visit.next_page());
    let next = NextSession(Some(Arc::new(session)));
    response.extensions_mut().insert(next);
    response
}

async fn log_out() -> Response {
    let mut response = redirect("/console/login");
    response.extensions_mut().insert(NextSession(None));
    response
}

async fn token_page(visit: Visit) -> Result<Response> {
    let form = Form::to("/console/token").with_value("next", visit.next_page());
    page(&TokenPage {
        frame: visit.frame("Token"),
        form: visit.form(form),
    })
}

async fn submit_token(visit: Visit) -> Result<Response> {
    if visit.app.control.admits(visit.data.get("token").as_deref()) {
        return Ok(begin(&visit, Session::new(true, visit.session.caller)));
    }
    Err(Error::refused("token", "this is not the token").into())
}
