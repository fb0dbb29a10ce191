//! Records every request in the journal before its response is sent.

use std::mem;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::extract::{MatchedPath, Request};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, EXPECT};
use axum::http::response::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Uri};
use axum::response::Response;
use http_body_util::{BodyExt as _, Collected};
use tower::ServiceExt as _;
use tracing::{Level, field};

use super::authentication::{BasicCredentials, credentials};
use super::path::is_page;
use super::{LayerResult, Next};
use crate::body;
use crate::connection::{Connection, DISCARDING};
use crate::error::Error;
use crate::http::extract::LARGEST_BODY;
use crate::http::{operations, reason};
use crate::operation::path::documented;
use crate::store::{State as Accounts, Tenant};
use crate::testing::journal::{self, Authentication, Entry, Matched, Message, redacted_query};
use crate::{AppState, Control};

/// The facts about a request that layers and extractors record for the journal and for faults.
#[derive(Debug, Clone, Default)]
pub struct Trace(Arc<TraceData>);

#[derive(Debug, Default)]
struct TraceData {
    operation_id: OnceLock<&'static str>,
    login: OnceLock<Login>,
    body: OnceLock<Bytes>,
    fault: OnceLock<u64>,
}

/// The credentials of a request whose route requires them.
#[derive(Debug)]
struct Login {
    /// The account that the user name belongs to, whether the credentials were accepted or not.
    tenant: Option<Arc<Tenant>>,
    user_name: Option<String>,
    is_accepted: bool,
}

impl Trace {
    /// Returns the trace of a request, or an empty one if it carries none.
    pub fn of(request: &Request) -> Self {
        request
            .extensions()
            .get::<Self>()
            .cloned()
            .unwrap_or_default()
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
        let _ = self.0.operation_id.set(operation_id);
    }

    /// Records the credentials of the request, whose route requires them. They may name an account without being accepted.
    pub fn set_login(
        &self,
        tenant: Option<Arc<Tenant>>,
        user_name: Option<String>,
        is_accepted: bool,
    ) {
        let _ = self.0.login.set(Login {
            tenant,
            user_name,
            is_accepted,
        });
    }

    /// Records the body of the request.
    pub fn set_body(&self, body: &Bytes) {
        let _ = self.0.body.set(body.clone());
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
            Ok(bytes) => self.set_body(&bytes),
            Err(Error::TooSlow) => {
                if let Some(connection) = parts.extensions.get::<Connection>() {
                    connection.is_late();
                }
            }
            Err(_) => {}
        }
    }

    /// Records the fault that is applied to the request.
    pub fn set_fault(&self, fault: u64) {
        let _ = self.0.fault.set(fault);
    }

    /// Returns the account that the credentials name, if they name one.
    pub fn tenant(&self) -> Option<&Arc<Tenant>> {
        self.0.login.get()?.tenant.as_ref()
    }

    /// Returns the properties of the request that faults match on.
    pub fn matched<'a>(
        &'a self,
        method: &'a str,
        path: &'a str,
        status: Option<u16>,
    ) -> Matched<'a> {
        let login = self.0.login.get();
        Matched {
            method,
            path,
            operation_id: self.0.operation_id.get().copied(),
            user_name: login.and_then(|login| login.user_name.as_deref()),
            status,
        }
    }
}

/// Records requests, except those for pages. Without the control API nobody could read the journal, so nothing is recorded.
pub async fn record(state: AppState, mut request: Request, next: impl Next) -> LayerResult {
    let is_recorded = matches!(state.control, Control::On { .. });
    if !(is_recorded || tracing::enabled!(Level::DEBUG)) || is_page(&request) {
        return next.oneshot(request).await;
    }
    let recording = Recording::of(state, &mut request);
    let Ok(response) = next.oneshot(request).await;
    Ok(recording.finish(response).await)
}

/// A request that is not in a journal yet. It is written when it is answered, or when this is dropped: because it ends without
/// a response, or because its client disconnected.
struct Recording {
    state: AppState,
    /// Loaded once, so that a request before a reset is not in the journal after it.
    all: Arc<Accounts>,
    start: Instant,
    method: Method,
    uri: Uri,
    headers: journal::Headers,
    authorization: Option<HeaderValue>,
    content_type: Option<HeaderValue>,
    trace: Trace,
    is_written: bool,
}

impl Recording {
    /// Starts to record a request, and adds a trace to it.
    fn of(state: AppState, request: &mut Request) -> Self {
        let trace = Trace::default();
        request.extensions_mut().insert(trace.clone());
        let headers = request.headers();
        Self {
            all: Arc::clone(&*state.store.state()),
            state,
            start: Instant::now(),
            method: request.method().clone(),
            uri: request.uri().clone(),
            headers: journal_headers(headers),
            authorization: headers.get(AUTHORIZATION).cloned(),
            content_type: headers.get(CONTENT_TYPE).cloned(),
            trace,
            is_written: false,
        }
    }

    /// Writes the request and its response into the journal of its account, or of the server, and returns the response.
    async fn finish(mut self, response: Response) -> Response {
        let (parts, body) = response.into_parts();
        // Bodies of responses are complete in memory, so this does not wait.
        let body = body
            .collect()
            .await
            .map(Collected::to_bytes)
            .unwrap_or_default();
        self.write(Some((&parts, &body)));
        Response::from_parts(parts, Body::from(body))
    }

    fn write(&mut self, response: Option<(&Parts, &Bytes)>) {
        self.is_written = true;
        let Self { all, trace, .. } = self;
        let login = trace.0.login.get();
        // An unknown path requires no credentials, but those that were sent may still name an account.
        let unchecked_login = || {
            let BasicCredentials { user_name, .. } = credentials(self.authorization.as_ref())?;
            let (tenant, _) = all.login(&user_name)?;
            Some((Arc::clone(tenant), user_name))
        };
        let (tenant, user_name) = match login {
            Some(login) => (login.tenant.clone(), login.user_name.clone()),
            None => unchecked_login().unzip(),
        };
        let account = tenant.as_ref().map(|tenant| tenant.account.id);
        let request = Message {
            headers: mem::take(&mut self.headers),
            body: trace.0.body.get().map_or(journal::Body::None, |body| {
                journal::Body::of_foreign(text(self.content_type.as_ref()), body)
            }),
        };
        let entry = Entry {
            sequence: 0,
            time: all.now(tenant.as_deref()),
            duration: self.start.elapsed(),
            method: self.method.to_string(),
            path: documented(self.uri.path()),
            query: self.uri.query().map(redacted_query),
            operation_id: trace.0.operation_id.get().copied(),
            status: response.map(|(parts, _)| parts.status.as_u16()),
            account,
            authentication: match login {
                None => Authentication::NotAsked,
                Some(login) if login.is_accepted => Authentication::Accepted,
                Some(_) => Authentication::Refused,
            },
            fault: trace.0.fault.get().copied(),
            reason: response.and_then(|(parts, _)| {
                let is_accepted = login.is_some_and(|login| login.is_accepted);
                let path = self.uri.path();
                reason::of(all, parts, path, user_name.as_deref(), account, is_accepted)
            }),
            user_name,
            request,
            response: response.map_or_else(Message::default, |(parts, body)| Message {
                headers: journal_headers(&parts.headers),
                body: match text(parts.headers.get(CONTENT_TYPE)) {
                    content_type if trace.0.fault.get().is_some() => {
                        journal::Body::of_foreign(content_type, body)
                    }
                    content_type if journal::may_hold_json(content_type) => {
                        journal::Body::of_json(body)
                    }
                    _ => journal::Body::None,
                },
            }),
        };
        log(&entry);
        if matches!(self.state.control, Control::On { .. }) {
            self.state.store.record(all, tenant.as_deref(), entry);
        }
    }
}

fn log(entry: &Entry) {
    tracing::debug!(
        method = entry.method,
        path = entry.path,
        status = entry.status,
        elapsed = ?entry.duration,
        account = entry.account.map(field::display),
        user = entry.user_name,
        operation = entry.operation_id,
        reason = entry.reason,
        "answered"
    );
}

impl Drop for Recording {
    fn drop(&mut self) {
        if !self.is_written {
            self.write(None);
        }
    }
}

fn text(header: Option<&HeaderValue>) -> &str {
    header
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

/// Converts headers to the form of the journal.
fn journal_headers(headers: &HeaderMap) -> journal::Headers {
    headers
        .iter()
        .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())))
        .collect()
}
