//! The facts about a request: what layers and extractors record of it for the journal, for coverage and for faults.

use std::borrow::Cow;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use axum::body::Bytes;
use axum::extract::{MatchedPath, Request};
use axum::http::header::{CONTENT_TYPE, EXPECT};
use axum::http::response::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};

use super::authentication;
use crate::connection::{Connection, DISCARDING};
use crate::domain::Caller;
use crate::error::Error;
use crate::http::extract::LARGEST_BODY;
use crate::http::{operations, reason};
use crate::operation::path::documented;
use crate::store::{State as Accounts, Tenant};
use crate::testing::fault::{Strike, Struck, When};
use crate::testing::journal::{self, Authentication, Entry, Message, redacted_query};
use crate::{AppState, body, system};

/// The longest path, query and user name that are kept, in bytes.
const MAX_TEXT: usize = 1024;

/// The number of reasons that are kept.
const MAX_REASONS: usize = 20;

/// The facts about a request that layers and extractors record for the journal and for faults; nothing if it is not recorded.
#[derive(Debug, Clone, Default)]
pub struct Trace(Option<Arc<TraceData>>);

#[derive(Debug)]
struct TraceData {
    start: Instant,
    method: Method,
    uri: Uri,
    headers: Mutex<journal::Headers>,
    operation_id: OnceLock<&'static str>,
    login: OnceLock<Login>,
    /// The body with its content type.
    body: OnceLock<(Option<HeaderValue>, Bytes)>,
    is_committed: AtomicBool,
    strikes: Mutex<Strikes>,
}

/// The faults that struck a request.
#[derive(Debug, Default)]
struct Strikes {
    decisive: Option<u64>,
    ids: Vec<u64>,
    before: bool,
    after: bool,
    /// Whether the credentials were asked for, if a fault decides that.
    has_asked: bool,
}

/// The credentials of a request.
#[derive(Debug)]
struct Login {
    /// The account that the user name belongs to, whether the credentials were accepted or not.
    tenant: Option<Arc<Tenant>>,
    user_name: Option<String>,
    /// `None` if they are not accepted.
    caller: Option<Caller>,
    asked: Asked,
}

/// Whether a request is asked for its credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    Always,
    /// If a fault strikes. The operation is not emulated, and answered before credentials are asked for.
    IfStruck,
    Never,
}

impl Asked {
    fn is(self, is_struck: bool) -> bool {
        match self {
            Self::Always => true,
            Self::IfStruck => is_struck,
            Self::Never => false,
        }
    }
}

impl Trace {
    /// Starts to trace a request.
    pub fn start(request: &Request) -> Self {
        Self(Some(Arc::new(TraceData {
            start: Instant::now(),
            method: request.method().clone(),
            uri: request.uri().clone(),
            headers: Mutex::new(journal_headers(request.headers())),
            operation_id: OnceLock::new(),
            login: OnceLock::new(),
            body: OnceLock::new(),
            is_committed: AtomicBool::new(false),
            strikes: Mutex::default(),
        })))
    }

    /// Returns the trace of a request, or an empty one if it carries none.
    pub fn of(request: &Request) -> Self {
        let trace = request.extensions().get::<Self>();
        trace.cloned().unwrap_or_default()
    }

    /// Returns the trace of a request that has a route, and records the operation of the route.
    pub fn of_routed(request: &Request) -> Self {
        let trace = Self::of(request);
        let route = request
            .extensions()
            .get::<MatchedPath>()
            .map(MatchedPath::as_str)
            .unwrap_or_default();
        if let Some(operation) = operations::find(request.method().as_str(), route) {
            trace.set_operation(operation.id);
        }
        trace
    }

    /// Records the operation of the request.
    pub fn set_operation(&self, operation_id: &'static str) {
        if let Some(data) = &self.0 {
            let _ = data.operation_id.set(operation_id);
        }
    }

    /// Returns the operation of the request, if it is known.
    pub fn operation_id(&self) -> Option<&'static str> {
        self.0.as_ref()?.operation_id.get().copied()
    }

    /// Records the credentials of the request. They may name an account without being accepted.
    pub fn set_login(
        &self,
        tenant: Option<Arc<Tenant>>,
        user_name: Option<String>,
        caller: Option<Caller>,
        asked: Asked,
    ) {
        if let Some(data) = &self.0 {
            let _ = data.login.set(Login {
                tenant,
                user_name,
                caller,
                asked,
            });
        }
    }

    /// Records the body of the request, whose headers name its type.
    pub fn set_body(&self, headers: &HeaderMap, body: &Bytes) {
        if let Some(data) = &self.0 {
            let content_type = headers.get(CONTENT_TYPE).cloned();
            let _ = data.body.set((content_type, body.clone()));
        }
    }

    /// Reads and records the body of a request that is answered without being bound, unless its client asks first whether
    /// to send it. The response waits no longer for it than for a body that is discarded.
    pub async fn read_unbound_body(&self, state: &AppState, request: Request) {
        let (parts, body) = request.into_parts();
        if parts.headers.contains_key(EXPECT) {
            return;
        }
        let within = state.read_timeout.min(DISCARDING);
        match body::read(&parts.headers, body, LARGEST_BODY, within).await {
            Ok(bytes) => self.set_body(&parts.headers, &bytes),
            Err(Error::TooSlow) => {
                if let Some(connection) = parts.extensions.get::<Connection>() {
                    connection.is_late();
                }
            }
            Err(_) => {}
        }
    }

    /// Records the status that the operation answers with: a change that succeeded was committed.
    pub fn set_outcome(&self, method: &Method, status: StatusCode) {
        if let Some(data) = &self.0
            && status.is_success()
            && method != Method::GET
        {
            data.is_committed.store(true, Ordering::Release);
        }
    }

    /// Finds and records the faults that strike the request now.
    pub fn strike(
        &self,
        state: &AppState,
        when: When,
        response: Option<(&Parts, &Bytes)>,
    ) -> Strike {
        let mut strike = Strike::default();
        let Some(data) = &self.0 else {
            return strike;
        };
        let all = state.store.state();
        let entry = data.entry(&all, journal::Headers::default(), response);
        let mut request = entry.matched();
        // The journal keeps the start of a long body, but a fault sees all of it.
        let whole = data
            .body
            .get()
            .map(|(_, body)| String::from_utf8_lossy(body));
        request.body = whole.as_deref().or(request.body);
        let own = self.tenant().map(|tenant| &tenant.testing.faults);
        for faults in own.into_iter().chain([&all.testing.faults]) {
            faults.strike(when, request, self.is_admitted(), &mut strike);
        }
        let mut strikes = lock(&data.strikes);
        strikes.ids.extend(&strike.ids);
        let is_struck = strike.is_refused || !strike.ids.is_empty();
        if is_struck && !mem::replace(&mut strikes.has_asked, true) {
            self.count_use(state);
        }
        match when {
            _ if strike.ids.is_empty() => {}
            When::Before => strikes.before = true,
            When::After => strikes.after = true,
        }
        if strike.effect.end.is_some() || strikes.decisive.is_none() {
            strikes.decisive = strike.decisive;
        }
        strike
    }

    /// Returns the request as it is recorded once it is over; `None` if it is not recorded.
    pub fn finished(
        &self,
        all: &Accounts,
        response: Option<(&Parts, &Bytes)>,
    ) -> Option<Arc<Entry>> {
        let data = self.0.as_ref()?;
        let headers = mem::take(&mut *lock(&data.headers));
        Some(Arc::new(data.entry(all, headers, response)))
    }

    /// Counts a recorded request, and adds it to those that its faults have struck.
    pub fn settle(&self, state: &AppState, all: &Accounts, entry: &Entry) {
        let Some(data) = &self.0 else { return };
        let strikes = lock(&data.strikes);
        let coverage = &state.store.coverage;
        coverage.record(entry, strikes.before, strikes.after);
        let struck = Struck {
            sequence: entry.sequence,
            committed: entry.committed,
        };
        let own = self.tenant().map(|tenant| &tenant.testing.faults);
        for id in &strikes.ids {
            if !own.is_some_and(|faults| faults.record(*id, struck)) {
                all.testing.faults.record(*id, struck);
            }
        }
    }

    fn login(&self) -> Option<&Login> {
        self.0.as_ref()?.login.get()
    }

    /// Returns the account that the credentials name, if they name one.
    pub fn tenant(&self) -> Option<&Arc<Tenant>> {
        self.login()?.tenant.as_ref()
    }

    /// Returns whether the credentials suffice for a canned answer.
    fn is_admitted(&self) -> bool {
        self.login()
            .is_some_and(|login| login.caller.is_some() || login.asked == Asked::Never)
    }

    /// Counts a request that is asked for its credentials only now as a use of its API user.
    fn count_use(&self, state: &AppState) {
        if let Some(Login {
            tenant: Some(tenant),
            caller: Some(caller),
            asked: Asked::IfStruck,
            ..
        }) = self.login()
        {
            authentication::count(state, caller, tenant);
        }
    }
}

impl TraceData {
    /// Returns the request as it is recorded, with its response, if there is one yet. No match is about its headers.
    fn entry(
        &self,
        all: &Accounts,
        headers: journal::Headers,
        response: Option<(&Parts, &Bytes)>,
    ) -> Entry {
        let login = self.login.get();
        let tenant = login.and_then(|login| login.tenant.as_deref());
        let user_name = login.and_then(|login| login.user_name.clone());
        let account = tenant.map(|tenant| tenant.account.id);
        let base = account.and_then(|account| all.base(account));
        let strikes = lock(&self.strikes);
        let authentication = match login {
            Some(login) if login.asked.is(strikes.has_asked) => match login.caller {
                Some(_) => Authentication::Accepted,
                None => Authentication::Refused,
            },
            _ => Authentication::NotAsked,
        };
        Entry {
            sequence: 0,
            system: system::now(),
            clock: all.clock(tenant),
            duration: self.start.elapsed(),
            method: method_name(&self.method),
            path: cut(documented(self.uri.path())),
            query: self.uri.query().map(redacted_query).map(cut),
            operation_id: self.operation_id.get().copied(),
            status: response.map(|(parts, _)| parts.status.as_u16()),
            account,
            label: base.and_then(|base| base.label.clone()),
            authentication,
            fault: strikes.decisive,
            committed: self.is_committed.load(Ordering::Acquire),
            reasons: response.map_or_else(Vec::new, |(parts, _)| {
                let is_accepted = authentication == Authentication::Accepted;
                let path = self.uri.path();
                let mut reasons =
                    reason::of(all, parts, path, user_name.as_deref(), account, is_accepted);
                reasons.truncate(MAX_REASONS);
                for reason in &mut reasons {
                    reason.message = cut(mem::take(&mut reason.message));
                }
                reasons
            }),
            user_name: user_name.map(cut),
            request: Message {
                headers,
                body: self
                    .body
                    .get()
                    .map_or(journal::Body::None, |(content_type, body)| {
                        journal::Body::of_foreign(bytes(content_type.as_ref()), body)
                    }),
            },
            response: response.map_or_else(Message::default, |(parts, body)| Message {
                headers: journal_headers(&parts.headers),
                body: match bytes(parts.headers.get(CONTENT_TYPE)) {
                    content_type if strikes.decisive.is_some() => {
                        journal::Body::of_foreign(content_type, body)
                    }
                    content_type if journal::may_hold_json(content_type) => {
                        journal::Body::of_json(body)
                    }
                    _ => journal::Body::None,
                },
            }),
        }
    }
}

/// Returns the name of a method, without a copy of those that the API has.
fn method_name(method: &Method) -> Cow<'static, str> {
    match *method {
        Method::GET => "GET".into(),
        Method::POST => "POST".into(),
        Method::PUT => "PUT".into(),
        Method::PATCH => "PATCH".into(),
        Method::DELETE => "DELETE".into(),
        _ => cut(method.to_string()).into(),
    }
}

fn bytes(header: Option<&HeaderValue>) -> &[u8] {
    header.map(HeaderValue::as_bytes).unwrap_or_default()
}

/// Converts headers to the form of the journal.
fn journal_headers(headers: &HeaderMap) -> journal::Headers {
    headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()))
        .collect()
}

/// Limits a text that a client may make long.
fn cut(mut text: String) -> String {
    if text.len() > MAX_TEXT {
        text.truncate(text.floor_char_boundary(MAX_TEXT));
        text.push('…');
    }
    text
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
