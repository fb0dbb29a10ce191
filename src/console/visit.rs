//! The middleware of all pages: it finds the session and the current operator, and checks the CSRF value and the control token.

use std::ops::Deref;
use std::str::FromStr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts, OriginalUri, Request, State};
use axum::http::header::{COOKIE, REFRESH, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::Console;
use super::form::FormData;
use super::page::{Failure, FailurePage, Frame, Result, Section, page_with, redirect};
use super::session::Session;
use crate::AppState;
use crate::body;
use crate::control::LARGEST_BODY;
use crate::domain::{Account, Caller, Operator};
use crate::store::Tenant;

/// The context of one page request.
#[derive(Debug, Clone)]
pub struct Visit {
    pub app: AppState,
    pub session: Arc<Session>,
    pub operator: Option<CurrentOperator>,
    /// The base URL of the emulator as seen by the browser: `http://127.0.0.1:8080`.
    pub base_url: String,
    /// The requested path and query.
    pub target: String,
}

impl Visit {
    /// Redirects to `path`, where `notice` is shown.
    pub fn done(&self, notice: impl Into<String>, path: impl AsRef<str>) -> Response {
        self.session.set_notice(notice);
        redirect(path)
    }
}

/// The operator who is logged in, with the account as of this request.
#[derive(Debug, Clone)]
pub struct CurrentOperator {
    pub caller: Caller,
    pub tenant: Arc<Tenant>,
}

impl CurrentOperator {
    pub fn account(&self) -> &Account {
        &self.tenant.account
    }

    pub fn operator(&self) -> &Arc<Operator> {
        self.account()
            .operator(self.caller.operator)
            .expect("the middleware confirmed the caller")
    }

    pub fn is_administrator(&self) -> bool {
        self.caller.may_administer(self.account()).is_ok()
    }
}

/// The context of a page request that requires a log-in.
#[derive(Debug)]
pub struct LoggedIn {
    pub visit: Visit,
    pub operator: CurrentOperator,
}

impl Deref for LoggedIn {
    type Target = CurrentOperator;

    fn deref(&self) -> &CurrentOperator {
        &self.operator
    }
}

impl LoggedIn {
    pub fn app(&self) -> &AppState {
        &self.visit.app
    }

    pub fn frame(&self, section: Section, title: impl Into<String>) -> Frame {
        Frame::new(&self.visit, section, title)
    }
}

impl FromRequestParts<Console> for Visit {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &Console) -> Result<Self> {
        let visit = parts.extensions.get::<Self>();
        Ok(visit.expect("the middleware inserts the visit").clone())
    }
}

impl FromRequestParts<Console> for LoggedIn {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self> {
        let visit = Visit::from_request_parts(parts, console).await?;
        let operator = visit.operator.clone().ok_or(Failure::LogIn)?;
        Ok(Self { visit, operator })
    }
}

/// Parses a path segment or form value; an invalid one results in a 404.
pub fn parse<T: FromStr>(text: &str) -> Result<T> {
    text.parse().map_err(|_| Failure::unknown_page())
}

/// A response extension: starts the given session.
#[derive(Debug, Clone)]
pub struct StartSession(pub Arc<Session>);

/// A response extension: ends the session.
#[derive(Debug, Clone, Copy)]
pub struct EndSession;

pub async fn middleware(
    State(console): State<Console>,
    OriginalUri(uri): OriginalUri,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let names = &console.app.names;
    let base_url = names.base_url(&parts);
    let cookie = Cookie::from_headers(&parts.headers, &base_url, names.base_path());
    let (session, is_new) = match console.sessions.find(&cookie.token) {
        Some(session) => (session, false),
        None if is_cross_site(&parts) => return refresh(uri.path()),
        None => (Arc::new(Session::new(false, None)), true),
    };
    let operator = current_operator(&console.app, &session);
    let has_expired = session.caller.is_some() && operator.is_none();
    let visit = Visit {
        app: console.app.clone(),
        operator,
        base_url,
        target: uri
            .path_and_query()
            .map_or_else(|| uri.path(), |target| target.as_str())
            .to_owned(),
        session,
    };

    let response = async {
        let is_form = !matches!(parts.method, Method::GET | Method::HEAD);
        let app = &visit.app;
        let refusal = app.names.refusal(&app.control, &parts.uri, &parts.headers);
        let refusal = refusal.or_else(|| {
            let message = "requests from pages of another site are refused";
            (is_form && is_cross_site(&parts)).then(|| message.to_owned())
        });
        if let Some(message) = refusal {
            return Failure::new(StatusCode::FORBIDDEN, message).into_response();
        }
        if wants_token(&visit) && parts.uri.path() != "/token" {
            return redirect(with_next("/console/token", &visit.target));
        }
        if is_form {
            match read_form(&parts.headers, body, &visit).await {
                Ok(data) => parts.extensions.insert(data),
                Err(failure) => return failure.into_response(),
            };
        }
        parts.extensions.insert(visit.clone());
        next.run(Request::from_parts(parts, Body::empty())).await
    };
    let mut response = response.await;
    if let Some(failure) = response.extensions_mut().remove::<Failure>() {
        response = error_page(failure, &visit);
    }

    let start = response.extensions_mut().remove::<StartSession>();
    let end = response.extensions_mut().remove::<EndSession>();
    if start.is_some() || end.is_some() || has_expired {
        console.sessions.close(&cookie.token);
    }
    let new_session = match start {
        Some(StartSession(session)) => Some(session),
        None if has_expired => {
            let session = Session::new(visit.session.has_token, None);
            session.set_notice(
                "Your session is over: the log-in that it began with is no longer valid.",
            );
            Some(Arc::new(session))
        }
        None => is_new.then_some(visit.session),
    };
    if let Some(session) = new_session {
        let token = console.sessions.open(session);
        response
            .headers_mut()
            .append(SET_COOKIE, cookie.with_token(&token));
    }
    response
}

/// Returns the operator of a session if the log-in is still valid.
fn current_operator(app: &AppState, session: &Session) -> Option<CurrentOperator> {
    let caller = session.caller?;
    let tenant = Arc::clone(app.store.state().tenant(caller.account)?);
    caller.confirm(&tenant.account).ok()?;
    Some(CurrentOperator { caller, tenant })
}

fn wants_token(visit: &Visit) -> bool {
    visit.app.control.has_token() && !visit.session.has_token
}

/// Renders the page of an error.
fn error_page(failure: Failure, visit: &Visit) -> Response {
    let (status, messages) = match failure {
        Failure::LogIn => return redirect(with_next("/console/login", &visit.target)),
        Failure::Cause(status, messages) => (status, messages),
    };
    let title = status.canonical_reason().unwrap_or("Error");
    let frame = Frame::new(visit, Section::None, title);
    page_with(status, &FailurePage { frame, messages }).unwrap_or_else(|_| status.into_response())
}

/// Reads a submitted form and checks that its CSRF value is the session's.
async fn read_form(headers: &HeaderMap, body: Body, visit: &Visit) -> Result<FormData> {
    let body = body::read(headers, body, LARGEST_BODY, visit.app.read_timeout).await?;
    let data = FormData::parse(&body);
    if visit
        .session
        .accepts_csrf(&data.get("csrf").unwrap_or_default())
    {
        Ok(data)
    } else {
        let message =
            "this form is from a session that is over; go back, reload the page and send it again";
        Err(Failure::new(StatusCode::FORBIDDEN, message))
    }
}

/// Returns whether, according to `Sec-Fetch-Site`, a page of another site made this request.
fn is_cross_site(parts: &Parts) -> bool {
    let site = parts.headers.get("sec-fetch-site");
    site.is_some_and(|site| site != "same-origin" && site != "none")
}

/// Makes the browser request the same page again. A link from another site arrives without the `SameSite=Strict` cookie;
/// answering it with a new session would replace the existing one, whereas the repeated request carries the cookie.
fn refresh(path: &str) -> Response {
    let mut response = StatusCode::OK.into_response();
    if let Ok(refresh) = HeaderValue::from_str(&format!("0; url={path}")) {
        response.headers_mut().insert(REFRESH, refresh);
    }
    response
}

/// Appends the page to continue with as the query parameter `next`.
fn with_next(path: &str, next: &str) -> String {
    let query: String = form_urlencoded::Serializer::new(String::new())
        .append_pair("next", next)
        .finish();
    format!("{path}?{query}")
}

/// Returns the page to continue with: `next` if it is a page of the console, otherwise the start page.
pub fn next_page(next: Option<String>) -> String {
    next.filter(|next| {
        next.starts_with("/console/") && next.bytes().all(|byte| byte.is_ascii_graphic())
    })
    .unwrap_or_else(|| "/console/setup".to_owned())
}

/// A session's cookie. Cookies ignore ports, so its name contains the port, for several emulators on one machine.
struct Cookie {
    name: String,
    path: String,
    token: String,
}

impl Cookie {
    fn from_headers(headers: &HeaderMap, base_url: &str, base_path: &str) -> Self {
        let url = base_url.parse::<Uri>().unwrap_or_default();
        let name = format!("console-{}", url.port_u16().unwrap_or(80));
        let token = headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|cookies| cookies.to_str().ok())
            .flat_map(|cookies| cookies.split(';'))
            .filter_map(|cookie| cookie.trim().split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, token)| token.to_owned());
        Self {
            name,
            path: format!("{base_path}/console"),
            token: token.unwrap_or_default(),
        }
    }

    fn with_token(&self, token: &str) -> HeaderValue {
        let Self { name, path, .. } = self;
        HeaderValue::from_str(&format!(
            "{name}={token}; HttpOnly; SameSite=Strict; Path={path}"
        ))
        .unwrap_or_else(|_| HeaderValue::from_static(""))
    }
}
