//! Around every request of the account API: faults strike it, and the journal is told of it before the answer goes out.

use std::mem;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::{MatchedPath, Request};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::response::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::Response;
use http_body_util::{BodyExt as _, Collected};
use serde_json::Value;
use tokio::time::timeout;

use super::auth::{Credentials, credentials};
use super::operations;
use super::{extract, why};
use crate::AppState;
use crate::connection::{Connection, Ending};
use crate::domain::fault::{Effect, When};
use crate::domain::journal::{self, Authentication, Entry, Matched, Message, redacted_query};
use crate::operation::path::documented;
use crate::store::{Slot, State as Accounts};

/// What the parts of the server learn of a request on its way.
#[derive(Debug, Clone, Default)]
pub struct Trace(Arc<Learned>);

#[derive(Debug, Default)]
struct Learned {
    operation_id: OnceLock<&'static str>,
    login: OnceLock<Login>,
    body: OnceLock<Bytes>,
    fault: OnceLock<u64>,
}

/// The credentials of a request, where they were asked for.
#[derive(Debug)]
struct Login {
    /// The account that they name, whether they were accepted or not.
    slot: Option<Arc<Slot>>,
    user_name: Option<String>,
    is_accepted: bool,
}

impl Trace {
    pub fn of(request: &Request) -> Self {
        request
            .extensions()
            .get::<Self>()
            .cloned()
            .unwrap_or_default()
    }

    /// The trace of a request whose operation is known now, since it has a route.
    pub fn of_routed(request: &Request) -> Self {
        let trace = Self::of(request);
        let route = request
            .extensions()
            .get::<MatchedPath>()
            .map(MatchedPath::as_str)
            .unwrap_or_default();
        if let Some(operation) = operations::find(request.method().as_str(), route) {
            trace.names(operation.id);
        }
        trace
    }

    /// Notes the operation of the request.
    pub fn names(&self, operation_id: &'static str) {
        let _ = self.0.operation_id.set(operation_id);
    }

    /// The credentials of an account were accepted.
    pub fn accepted(&self, slot: &Arc<Slot>, user_name: String) {
        let slot = Some(Arc::clone(slot));
        let _ = self.0.login.set(Login {
            slot,
            user_name: Some(user_name),
            is_accepted: true,
        });
    }

    /// Credentials were asked for, and there were none that could be accepted; they may name an account all the same.
    pub fn refused(&self, slot: Option<&Arc<Slot>>, user_name: Option<String>) {
        let _ = self.0.login.set(Login {
            slot: slot.cloned(),
            user_name,
            is_accepted: false,
        });
    }

    pub fn read(&self, body: &Bytes) {
        let _ = self.0.body.set(body.clone());
    }

    /// The account that the credentials name, if they name one.
    pub fn slot(&self) -> Option<&Arc<Slot>> {
        self.0.login.get()?.slot.as_ref()
    }

    fn user_name(&self) -> Option<&str> {
        self.0.login.get()?.user_name.as_deref()
    }

    fn matched<'a>(&'a self, method: &'a str, path: &'a str, status: Option<u16>) -> Matched<'a> {
        Matched {
            method,
            path,
            operation_id: self.0.operation_id.get().copied(),
            user_name: self.user_name(),
            status,
        }
    }
}

/// Lets faults strike a request whose credentials were accepted: before it is bound, or after its change was committed.
pub async fn strike(state: &AppState, trace: Trace, request: Request, next: Next) -> Response {
    let connection = request.extensions().get::<Connection>().cloned();
    let connection = connection.expect("every request came over a connection");
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let effect = |when, status| {
        let all = state.store.state();
        let own = trace.slot().map(|slot| &slot.beside.faults);
        let mut faults = own
            .into_iter()
            .chain([&all.beside.faults])
            .filter(|faults| !faults.is_empty())
            .peekable();
        faults.peek()?;
        let path = documented(uri.path());
        let request = trace.matched(method.as_str(), &path, status);
        let (id, effect) = faults.find_map(|faults| faults.strike(when, request, rand::random))?;
        let _ = trace.0.fault.set(id);
        Some(effect)
    };
    match effect(When::Before, None) {
        Some(Effect::Delay(delay)) => pause(delay, &connection).await,
        Some(effect) => {
            extract::read_for_journal(state, &trace, request).await;
            return instead(effect, &connection).await;
        }
        None => {}
    }
    let response = next.run(request).await;
    match effect(When::After, Some(response.status().as_u16())) {
        Some(Effect::Delay(delay)) => pause(delay, &connection).await,
        Some(effect) => return instead(effect, &connection).await,
        None => {}
    }
    response
}

/// Lets time pass, unless the server stops.
async fn pause(delay: Duration, connection: &Connection) {
    // The error is that the server did not stop.
    let _ = timeout(delay, connection.stopping()).await;
}

/// What a client gets in the place of its answer, if it gets one.
async fn instead(effect: Effect, connection: &Connection) -> Response {
    match effect {
        Effect::Answer {
            status,
            headers,
            body,
        } => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() =
                StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let json = HeaderValue::from_static("application/json; charset=utf-8");
            response.headers_mut().insert(CONTENT_TYPE, json);
            for (name, value) in headers {
                // Names and values were looked at when the fault was made.
                if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse()) {
                    response.headers_mut().insert(name, value);
                }
            }
            let content_type = response.headers().get(CONTENT_TYPE);
            let content_type = content_type.and_then(|value| value.to_str().ok());
            let is_json =
                content_type.is_some_and(|text| text.to_ascii_lowercase().contains("json"));
            *response.body_mut() = match body {
                None => Body::empty(),
                // Where it is no JSON, such as the page of a proxy, a text is sent as it is.
                Some(Value::String(text)) if !is_json => Body::from(text),
                Some(body) => Body::from(body.to_string()),
            };
            response
        }
        Effect::Reset => connection.end(Ending::Reset).await,
        Effect::Hang => connection.end(Ending::Hang).await,
        Effect::Delay(_) => unreachable!("a delay is no answer"),
    }
}

/// A request that is not in a journal yet. It gets there when it is answered, or when this is dropped: because it ends without
/// an answer, or because its client went away.
pub struct Recording {
    state: AppState,
    /// Taken once, so that what is asked before a reset is not in the journal after it.
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
    /// Begins with a request, which carries a trace from now on.
    pub fn of(state: AppState, request: &mut Request) -> Self {
        let trace = Trace::default();
        request.extensions_mut().insert(trace.clone());
        let headers = request.headers();
        Self {
            all: Arc::clone(&*state.store.state()),
            state,
            start: Instant::now(),
            method: request.method().clone(),
            uri: request.uri().clone(),
            headers: kept(headers),
            authorization: headers.get(AUTHORIZATION).cloned(),
            content_type: headers.get(CONTENT_TYPE).cloned(),
            trace,
            is_written: false,
        }
    }

    /// Writes the request and its answer into the journal of its account, or of the server, and lets the answer go.
    pub async fn answered(mut self, response: Response) -> Response {
        let (parts, body) = response.into_parts();
        // Answers are made whole, so this waits for nothing.
        let body = body
            .collect()
            .await
            .map(Collected::to_bytes)
            .unwrap_or_default();
        self.write(Some((&parts, &body)));
        Response::from_parts(parts, Body::from(body))
    }

    fn write(&mut self, answer: Option<(&Parts, &Bytes)>) {
        self.is_written = true;
        let Self { all, trace, .. } = self;
        let login = trace.0.login.get();
        // A path that nobody serves asks for no credentials, but those that came name an account all the same.
        let named = || {
            let Credentials { user_name, .. } = credentials(self.authorization.as_ref()).ok()?;
            let (slot, _) = all.login(&user_name)?;
            Some((Arc::clone(slot), user_name))
        };
        let (slot, user_name) = match login {
            Some(login) => (login.slot.clone(), login.user_name.clone()),
            None => named().unzip(),
        };
        let account = slot.as_ref().map(|slot| slot.account.id);
        let request = Message {
            headers: mem::take(&mut self.headers),
            body: trace.0.body.get().map_or(journal::Body::None, |body| {
                journal::Body::of_foreign(text(self.content_type.as_ref()), body)
            }),
        };
        let entry = Entry {
            sequence: 0,
            time: all.now(slot.as_deref()),
            duration: self.start.elapsed(),
            method: self.method.to_string(),
            path: documented(self.uri.path()),
            query: self.uri.query().map(redacted_query),
            operation_id: trace.0.operation_id.get().copied(),
            status: answer.map(|(parts, _)| parts.status.as_u16()),
            account,
            authentication: match login {
                None => Authentication::NotAsked,
                Some(login) if login.is_accepted => Authentication::Accepted,
                Some(_) => Authentication::Refused,
            },
            fault: trace.0.fault.get().copied(),
            reason: answer.and_then(|(parts, _)| {
                let is_accepted = login.is_some_and(|login| login.is_accepted);
                let path = self.uri.path();
                why::reason(all, parts, path, user_name.as_deref(), account, is_accepted)
            }),
            user_name,
            request,
            response: answer.map_or_else(Message::default, |(parts, body)| Message {
                headers: kept(&parts.headers),
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
        self.state.store.record(all, slot.as_deref(), entry);
    }
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

/// What is kept of headers.
fn kept(headers: &HeaderMap) -> journal::Headers {
    headers
        .iter()
        .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())))
        .collect()
}
