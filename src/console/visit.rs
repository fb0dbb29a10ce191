//! Around all pages: whose session it is, whether a form was made for it, whether the token was given, who is logged in.

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
use super::page::{Failure, FailurePage, Frame, Result, Section, go, page_with};
use super::session::Session;
use crate::AppState;
use crate::body;
use crate::control::LARGEST_BODY;
use crate::domain::{Account, Caller, Operator};
use crate::store::Tenant;

/// One request for a page.
#[derive(Debug, Clone)]
pub struct Visit {
    pub app: AppState,
    pub session: Arc<Session>,
    pub who: Option<Who>,
    /// What the URLs of the emulator begin with, as the browser knows it: `http://127.0.0.1:8080`.
    pub base_url: String,
    /// The page that is asked for, with its query.
    pub target: String,
}

impl Visit {
    /// Leaves a word for the next page, and goes there.
    pub fn done(&self, notice: impl Into<String>, path: impl AsRef<str>) -> Response {
        self.session.tell(notice);
        go(path)
    }
}

/// The operator who is logged in, and the account at this moment.
#[derive(Debug, Clone)]
pub struct Who {
    pub caller: Caller,
    pub tenant: Arc<Tenant>,
}

impl Who {
    pub fn account(&self) -> &Account {
        &self.tenant.account
    }

    pub fn operator(&self) -> &Arc<Operator> {
        self.account()
            .operator(self.caller.operator)
            .expect("the caller was confirmed")
    }

    pub fn is_administrator(&self) -> bool {
        self.caller.may_administer(self.account()).is_ok()
    }
}

/// A visit of an operator who is logged in.
#[derive(Debug)]
pub struct LoggedIn {
    pub visit: Visit,
    pub who: Who,
}

impl Deref for LoggedIn {
    type Target = Who;

    fn deref(&self) -> &Who {
        &self.who
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
        Ok(visit.expect("every page is visited").clone())
    }
}

impl FromRequestParts<Console> for LoggedIn {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self> {
        let visit = Visit::from_request_parts(parts, console).await?;
        let who = visit.who.clone().ok_or(Failure::LogIn)?;
        Ok(Self { visit, who })
    }
}

/// What a part of a path names; where it cannot name anything, there is no such page.
pub fn named<T: FromStr>(text: &str) -> Result<T> {
    text.parse().map_err(|_| Failure::unknown_page())
}

/// A session that begins with this answer.
#[derive(Debug, Clone)]
pub struct Begins(pub Arc<Session>);

/// The session ends with this answer.
#[derive(Debug, Clone, Copy)]
pub struct Ends;

pub async fn enter(
    State(console): State<Console>,
    OriginalUri(uri): OriginalUri,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let names = &console.app.names;
    let base_url = names.base_url(&parts);
    let cookie = Cookie::of(&parts.headers, &base_url, names.base_path());
    let (session, is_new) = match console.sessions.find(&cookie.token) {
        Some(session) => (session, false),
        None if comes_from_elsewhere(&parts) => return again(uri.path()),
        None => (Arc::new(Session::new(false, None)), true),
    };
    let who = who(&console.app, &session);
    let is_over = session.caller.is_some() && who.is_none();
    let visit = Visit {
        app: console.app.clone(),
        who,
        base_url,
        target: uri
            .path_and_query()
            .map_or_else(|| uri.path(), |target| target.as_str())
            .to_owned(),
        session,
    };

    let answered = async {
        let is_form = !matches!(parts.method, Method::GET | Method::HEAD);
        let app = &visit.app;
        let refusal = app.names.refusal(&app.control, &parts.uri, &parts.headers);
        let refusal = refusal.or_else(|| {
            let told = "requests from pages of another site are refused";
            (is_form && comes_from_elsewhere(&parts)).then(|| told.to_owned())
        });
        if let Some(told) = refusal {
            return Failure::new(StatusCode::FORBIDDEN, told).into_response();
        }
        if wants_token(&visit) && parts.uri.path() != "/token" {
            return go(with_next("/console/token", &visit.target));
        }
        if is_form {
            match form(&parts.headers, body, &visit).await {
                Ok(sent) => parts.extensions.insert(sent),
                Err(failure) => return failure.into_response(),
            };
        }
        parts.extensions.insert(visit.clone());
        next.run(Request::from_parts(parts, Body::empty())).await
    };
    let mut response = answered.await;
    if let Some(failure) = response.extensions_mut().remove::<Failure>() {
        response = told(failure, &visit);
    }

    let begins = response.extensions_mut().remove::<Begins>();
    let ends = response.extensions_mut().remove::<Ends>();
    if begins.is_some() || ends.is_some() || is_over {
        console.sessions.close(&cookie.token);
    }
    let begun = match begins {
        Some(Begins(session)) => Some(session),
        None if is_over => {
            let session = Session::new(visit.session.has_token, None);
            session.tell("Your session is over: the log-in that it began with is no longer valid.");
            Some(Arc::new(session))
        }
        None => is_new.then_some(visit.session),
    };
    if let Some(session) = begun {
        let token = console.sessions.open(session);
        response
            .headers_mut()
            .append(SET_COOKIE, cookie.with(&token));
    }
    response
}

/// The operator of a session, if the log-in still holds.
fn who(app: &AppState, session: &Session) -> Option<Who> {
    let caller = session.caller?;
    let tenant = Arc::clone(app.store.state().tenant(caller.account)?);
    caller.confirm(&tenant.account).ok()?;
    Some(Who { caller, tenant })
}

fn wants_token(visit: &Visit) -> bool {
    visit.app.control.has_token() && !visit.session.has_token
}

/// The page of an error.
fn told(failure: Failure, visit: &Visit) -> Response {
    let (status, messages) = match failure {
        Failure::LogIn => return go(with_next("/console/login", &visit.target)),
        Failure::Cause(status, messages) => (status, messages),
    };
    let title = status.canonical_reason().unwrap_or("Error");
    let frame = Frame::new(visit, Section::None, title);
    page_with(status, &FailurePage { frame, messages }).unwrap_or_else(|_| status.into_response())
}

/// A form that was made for this session.
async fn form(headers: &HeaderMap, body: Body, visit: &Visit) -> Result<FormData> {
    let body = body::read(headers, body, LARGEST_BODY, visit.app.read_timeout).await?;
    let sent = FormData::parse(&body);
    if visit
        .session
        .made_form(&sent.get("csrf").unwrap_or_default())
    {
        Ok(sent)
    } else {
        let told =
            "this form is from a session that is over; go back, reload the page and send it again";
        Err(Failure::new(StatusCode::FORBIDDEN, told))
    }
}

/// Whether the browser says that a page of another site made this request.
fn comes_from_elsewhere(parts: &Parts) -> bool {
    let site = parts.headers.get("sec-fetch-site");
    site.is_some_and(|site| site != "same-origin" && site != "none")
}

/// Who follows a link from another site comes without the cookie, since it is strict. Asked from here, the same page comes
/// with it: without this, a session would be lost to a new one.
fn again(path: &str) -> Response {
    let mut response = StatusCode::OK.into_response();
    if let Ok(refresh) = HeaderValue::from_str(&format!("0; url={path}")) {
        response.headers_mut().insert(REFRESH, refresh);
    }
    response
}

/// A page that leads on to another one.
fn with_next(path: &str, next: &str) -> String {
    let query: String = form_urlencoded::Serializer::new(String::new())
        .append_pair("next", next)
        .finish();
    format!("{path}?{query}")
}

/// Where to go on: a page of the console and nothing else.
pub fn next_page(next: Option<String>) -> String {
    next.filter(|next| {
        next.starts_with("/console/") && next.bytes().all(|byte| byte.is_ascii_graphic())
    })
    .unwrap_or_else(|| "/console/setup".to_owned())
}

/// The cookie of a session. Cookies do not know of ports, so its name tells those of several emulators on one machine apart.
struct Cookie {
    name: String,
    path: String,
    token: String,
}

impl Cookie {
    fn of(headers: &HeaderMap, base_url: &str, base_path: &str) -> Self {
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

    fn with(&self, token: &str) -> HeaderValue {
        let Self { name, path, .. } = self;
        HeaderValue::from_str(&format!(
            "{name}={token}; HttpOnly; SameSite=Strict; Path={path}"
        ))
        .unwrap_or_else(|_| HeaderValue::from_static(""))
    }
}
