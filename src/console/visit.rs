//! The middleware of all pages: it finds the session and the current operator, and checks the CSRF value and the control token.

use std::collections::HashMap;
use std::ops::Deref;
use std::str::FromStr;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts, OriginalUri, RawPathParams, Request, State};
use axum::http::header::{COOKIE, REFRESH, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::Console;
use super::form::{Form, FormData, Refused};
use super::page::{Crumb, Failure, Frame, Result, failure, question, redirect};
use super::session::{News, Session};
use crate::AppState;
use crate::body;
use crate::control::LARGEST_BODY;
use crate::domain::api_user::LastUsed;
use crate::domain::{Account, AccountId, ApiUser, Caller, Operator, SecretDigest};
use crate::names::is_cross_site;
use crate::status::sentence;
use crate::store::Tenant;

/// The context of one page request.
#[derive(Debug, Clone)]
pub struct Visit {
    pub app: AppState,
    pub session: Arc<Session>,
    pub operator: Option<CurrentOperator>,
    /// The account that the page is about, or else that of the page before it.
    pub account: Option<AccountId>,
    /// The base URL of the emulator as seen by the browser: `http://127.0.0.1:8080`.
    pub base_url: String,
    /// The requested path and query.
    pub target: String,
    /// The fields of the submitted form, and those of the query.
    pub data: FormData,
    /// The named segments of the path.
    pub segments: HashMap<String, String>,
}

impl Visit {
    pub fn frame(&self, title: impl Into<String>) -> Frame {
        Frame::new(self, title)
    }

    /// Makes an account, or the whole server, the subject of this page and of later ones without a subject of their own.
    pub fn enter(&mut self, account: Option<AccountId>) {
        self.account = account;
        self.session.set_account(account);
    }

    /// Parses a named segment of the path; an invalid one results in a 404.
    pub fn segment<T: FromStr>(&self, name: &str) -> Result<T> {
        parse(self.segments.get(name).map_or("", String::as_str))
    }

    /// Parses a form field that the page filled in; an invalid one results in a 404.
    pub fn value<T: FromStr>(&self, name: &str) -> Result<T> {
        parse(&self.data.text(name))
    }

    /// Returns a form as it is displayed: if it was just refused, as it was sent, with what is wrong.
    pub fn form(&self, form: Form) -> Form {
        match self.session.take_refused(&form.action) {
            Some(Refused { data, problems, .. }) => Form {
                values: data,
                problems,
                ..form
            },
            None => form,
        }
    }

    /// Returns the confirmation page of an irreversible action, which is named like its button.
    pub fn ask(
        &self,
        action: &str,
        text: impl Into<String>,
        above: Vec<Crumb>,
    ) -> Result<Response> {
        question(self.frame(action).below(above), text)
    }

    /// Returns whether the visitor has entered the token of `--control-token`, if there is one.
    pub fn is_admitted(&self) -> bool {
        self.session.has_token || !self.app.control.has_token()
    }

    /// Returns the query of the page with one parameter set.
    pub fn query_with(&self, name: &str, value: &str) -> String {
        let kept = ["q", "status", "method", "label"]
            .into_iter()
            .filter(|kept| *kept != name);
        let kept = kept.map(|kept| (kept, self.data.text(kept)));
        let all = kept.chain([(name, value.to_owned())]);
        let given = all.filter(|(_, value)| !value.trim().is_empty());
        form_urlencoded::Serializer::for_suffix("?".to_owned(), 1)
            .extend_pairs(given)
            .finish()
    }

    /// Returns the requested path.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// Returns the path of a page that a form names, if it is one of the console.
    pub fn own_page(&self, path: &str) -> Option<String> {
        let is_own = |path: &&str| path.starts_with("/console/");
        let path = path
            .strip_prefix(self.app.names.base_path())
            .filter(is_own)
            .or(Some(path).filter(is_own))?;
        let is_plain = path.bytes().all(|byte| byte.is_ascii_graphic());
        is_plain.then(|| path.to_owned())
    }

    /// Returns the page to continue with: the one that `next` names, or else the start page.
    pub fn next_page(&self) -> String {
        let next = self.data.get("next").and_then(|next| self.own_page(&next));
        next.unwrap_or_else(|| "/console/setup".to_owned())
    }
}

/// Redirects to `path`, where `notice` is shown.
pub fn done(notice: impl Into<String>, path: impl AsRef<str>) -> Response {
    leave(News::notice(notice), path)
}

/// Redirects to `path` with something for the page there.
pub fn leave(news: News, path: impl AsRef<str>) -> Response {
    let mut response = redirect(path);
    response.extensions_mut().insert(news);
    response
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
    type Target = Visit;

    fn deref(&self) -> &Visit {
        &self.visit
    }
}

impl LoggedIn {
    pub fn account(&self) -> &Account {
        self.operator.account()
    }

    pub fn caller(&self) -> &Caller {
        &self.operator.caller
    }

    pub fn is_administrator(&self) -> bool {
        self.operator.is_administrator()
    }

    /// Returns the last use of an API user, and the number of its requests in 30 days.
    pub fn usage(&self, api_user: &ApiUser) -> (LastUsed, i64) {
        let tenant = &self.operator.tenant;
        let now = self.app.store.now(tenant);
        api_user.used(tenant.usage.of(api_user.guid, now))
    }
}

impl FromRequestParts<Console> for Visit {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &Console) -> Result<Self> {
        let visit = parts.extensions.get::<Self>();
        let mut visit = visit.expect("the middleware inserts the visit").clone();
        let segments = RawPathParams::from_request_parts(parts, &()).await;
        let segments = segments.map_err(|_| Failure::unknown_page())?;
        let segment = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        visit.segments = segments.iter().map(segment).collect();
        Ok(visit)
    }
}

impl FromRequestParts<Console> for LoggedIn {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self> {
        let mut visit = Visit::from_request_parts(parts, console).await?;
        let operator = visit.operator.clone().ok_or(Failure::LogIn)?;
        visit.enter(Some(operator.caller.account));
        Ok(Self { visit, operator })
    }
}

/// Parses a path segment or form value; an invalid one results in a 404.
pub fn parse<T: FromStr>(text: &str) -> Result<T> {
    text.parse().map_err(|_| Failure::unknown_page())
}

/// A response extension: ends the session, and starts the given one.
#[derive(Debug, Clone)]
pub struct NextSession(pub Option<Arc<Session>>);

/// A response extension: what the form leaves in the session.
#[derive(Debug, Clone)]
struct Left(Arc<Session>, News);

/// Answers a request for a page. A form that is sent again is answered as before.
pub async fn middleware(State(console): State<Console>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let Parts {
        method,
        uri,
        headers,
        ..
    } = &parts;
    let (names, control) = (&console.app.names, &console.app.control);
    let form = match names.refusal(control, method, uri, headers) {
        Some(message) => Err(Failure::new(StatusCode::FORBIDDEN, message)),
        None if method.is_safe() => Ok(None),
        None => {
            let body = body::read(headers, body, LARGEST_BODY, console.app.read_timeout).await;
            body.map(Some).map_err(Failure::from)
        }
    };
    let (mut response, is_again) = if let Ok(Some(body)) = &form {
        let text = String::from_utf8_lossy(body);
        // The cookie tells visitors apart, and each display of a page has other forms.
        let key = SecretDigest::of(&format!("{:?} {uri} {text}", headers.get(COOKIE)));
        let sent = console.sent.clone();
        sent.once(key, was_done, || answer(console, parts, form, next))
            .await
    } else {
        (answer(console, parts, form, next).await, false)
    };
    if let Some(Left(session, mut news)) = response.extensions_mut().remove() {
        if is_again && let Some(notice) = &mut news.notice {
            notice.push_str(" It was sent before, so nothing was done again.");
        }
        session.set_news(news);
    }
    response
}

/// Returns whether a form was carried out. Any other may be sent again.
fn was_done(response: &Response) -> bool {
    let left = response.extensions().get::<Left>();
    response.status().is_redirection() && left.is_none_or(|Left(_, news)| news.refused.is_none())
}

/// Returns the response, with the cookie of a session that begins. `form` is the body of a form, if the request is one.
async fn answer(
    console: Console,
    mut parts: Parts,
    form: Result<Option<Bytes>>,
    next: Next,
) -> Response {
    let names = &console.app.names;
    let base_url = names.base_url(&parts);
    let cookie = Cookie::from_headers(&parts.headers, &base_url, names.base_path());
    let uri = parts.extensions.get::<OriginalUri>();
    let uri = uri.map_or_else(|| parts.uri.clone(), |OriginalUri(uri)| uri.clone());
    let (session, is_new) = match console.sessions.find(&cookie.token) {
        Some(session) => (session, false),
        None if is_cross_site(&parts.headers) => return refresh(&uri),
        None => (Arc::new(Session::new(false, None)), true),
    };
    let operator = current_operator(&console.app, &session);
    let has_expired = session.caller.is_some() && operator.is_none();
    let data = form
        .and_then(|form| form.map_or(Ok(FormData::default()), |form| read_form(&form, &session)));
    let (data, failure) = match data {
        Ok(data) => (data, None),
        Err(failure) => (FormData::default(), Some(failure)),
    };
    let visit = Visit {
        operator,
        account: session.account(),
        base_url,
        target: uri
            .path_and_query()
            .map_or("", PathAndQuery::as_str)
            .to_owned(),
        data: data.with(FormData::parse(uri.query().unwrap_or_default().as_bytes())),
        segments: HashMap::new(),
        app: console.app,
        session,
    };

    let mut response = if !visit.is_admitted() && parts.uri.path() != "/token" {
        redirect(with_query("/console/token", "next", &visit.target))
    } else if let Some(failure) = failure {
        failure.into_response()
    } else {
        parts.extensions.insert(visit.clone());
        next.run(Request::from_parts(parts, Body::empty())).await
    };
    if let Some(failure) = response.extensions_mut().remove::<Failure>() {
        response = failed(failure, &visit);
    }

    let next_session = response.extensions_mut().remove::<NextSession>();
    if next_session.is_some() || has_expired {
        console.sessions.close(&cookie.token);
    }
    let new_session = match next_session {
        Some(NextSession(session)) => session,
        None if has_expired => {
            let session = Session::new(visit.session.has_token, None);
            let notice = "Your session is over: the log-in that it began with is no longer valid.";
            session.set_news(News::notice(notice));
            Some(Arc::new(session))
        }
        None => is_new.then(|| Arc::clone(&visit.session)),
    };
    if let Some(news) = response.extensions_mut().remove::<News>() {
        let session = new_session.as_ref().unwrap_or(&visit.session);
        let left = Left(Arc::clone(session), news);
        response.extensions_mut().insert(left);
    }
    if let Some(session) = new_session {
        let cookie = cookie.with_token(&console.sessions.open(session));
        response.headers_mut().append(SET_COOKIE, cookie);
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

/// Returns the response to a request that failed. A form with fields is shown again on its page, where it can be corrected; so the
/// browser's history has no page that would send it again.
fn failed(cause: Failure, visit: &Visit) -> Response {
    let page = visit
        .data
        .get("from_page")
        .and_then(|page| visit.own_page(&page));
    let (status, messages) = match (cause, page) {
        (Failure::LogIn, page) => {
            let next = page.unwrap_or_else(|| visit.target.clone());
            return redirect(with_query("/console/login", "next", &next));
        }
        (Failure::Refused(_, problems), Some(page)) => {
            let refused = Refused::new(visit.path(), &visit.data, problems);
            let refused = Some(refused);
            return leave(
                News {
                    refused,
                    ..News::default()
                },
                page,
            );
        }
        (Failure::Refused(status, problems), None) => {
            let messages = problems
                .iter()
                .map(|problem| sentence(&problem.to_string()));
            (status, messages.collect())
        }
        (Failure::Cause(status, messages), _) => (status, messages),
    };
    let frame = visit.frame(status.canonical_reason().unwrap_or("Error"));
    failure(status, frame, messages)
}

/// Reads a submitted form and checks that its CSRF value is the session's.
fn read_form(body: &[u8], session: &Session) -> Result<FormData> {
    let data = FormData::parse(body);
    if session.accepts_csrf(&data.text("csrf")) {
        Ok(data)
    } else {
        let message =
            "this form is from a session that is over; go back, reload the page and send it again";
        Err(Failure::new(StatusCode::FORBIDDEN, message))
    }
}

/// Makes the browser request the same page again. A link from another site arrives without the `SameSite=Strict` cookie;
/// answering it with a new session would replace the existing one, whereas the repeated request carries the cookie.
fn refresh(uri: &Uri) -> Response {
    let target = uri.path_and_query().map_or("", PathAndQuery::as_str);
    let mut response = StatusCode::OK.into_response();
    if let Ok(refresh) = HeaderValue::from_str(&format!("0; url={target}")) {
        response.headers_mut().insert(REFRESH, refresh);
    }
    response
}

/// Returns a path with a query of one parameter.
pub fn with_query(path: &str, name: &str, value: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair(name, value)
        .finish();
    format!("{path}?{query}")
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
