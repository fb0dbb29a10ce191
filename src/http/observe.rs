//! Around every request of the account API: faults strike it, and the journal is told of it before the answer goes out.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http_body_util::BodyExt as _;

use super::operations::{self, Operation};
use super::why;
use crate::AppState;
use crate::domain::fault::{Effect, When};
use crate::domain::journal::{self, Authentication, Entry, Matched, Message, redacted_header};
use crate::server::Connection;
use crate::store::Slot;

/// What the parts of the server learn of a request on its way.
#[derive(Debug, Clone, Default)]
pub struct Trace(Arc<Learned>);

#[derive(Debug, Default)]
struct Learned {
    operation: OnceLock<&'static Operation>,
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
    /// The trace of a request whose operation is known now, since it has a route.
    pub fn of_routed(request: &Request) -> Self {
        let trace = request
            .extensions()
            .get::<Self>()
            .cloned()
            .unwrap_or_default();
        let route = request
            .extensions()
            .get::<MatchedPath>()
            .map(MatchedPath::as_str)
            .unwrap_or_default();
        if let Some(operation) = operations::find(request.method().as_str(), route) {
            let _ = trace.0.operation.set(operation);
        }
        trace
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

    fn slot(&self) -> Option<&Arc<Slot>> {
        self.0.login.get()?.slot.as_ref()
    }

    fn user_name(&self) -> Option<&str> {
        self.0.login.get()?.user_name.as_deref()
    }

    fn matched<'a>(&'a self, method: &'a str, path: &'a str, status: Option<u16>) -> Matched<'a> {
        Matched {
            method,
            path,
            operation_id: self.0.operation.get().map(|operation| operation.id),
            user_name: self.user_name(),
            status,
        }
    }
}

/// An answer that is none: what becomes of the connection instead.
#[derive(Debug, Clone, Copy)]
enum NoAnswer {
    Reset,
    Hang,
}

/// Lets faults strike a request: before it is bound, or after its change was committed.
pub async fn strike(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let trace = Trace::of_routed(&request);
    let (method, path) = (
        request.method().clone(),
        format!("/v4{}", request.uri().path()),
    );
    let effect = |when, status| {
        let request = trace.matched(method.as_str(), &path, status);
        let own = trace
            .slot()
            .and_then(|slot| slot.beside.faults.strike(when, request, rand::random));
        let (id, effect) = own.or_else(|| {
            state
                .store
                .state()
                .beside
                .faults
                .strike(when, request, rand::random)
        })?;
        let _ = trace.0.fault.set(id);
        Some(effect)
    };
    match effect(When::Before, None) {
        Some(Effect::Delay(delay)) => tokio::time::sleep(delay).await,
        Some(effect) => return instead(effect),
        None => {}
    }
    let response = next.run(request).await;
    match effect(When::After, Some(response.status().as_u16())) {
        Some(Effect::Delay(delay)) => tokio::time::sleep(delay).await,
        Some(effect) => return instead(effect),
        None => {}
    }
    response
}

/// What a client gets in the place of an answer.
fn instead(effect: Effect) -> Response {
    let no_answer = |no_answer: NoAnswer| {
        let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
        response.extensions_mut().insert(no_answer);
        response
    };
    match effect {
        Effect::Answer {
            status,
            headers,
            body,
        } => {
            let mut response =
                Response::new(body.map_or_else(Body::empty, |body| Body::from(body.to_string())));
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
            response
        }
        Effect::Reset => no_answer(NoAnswer::Reset),
        Effect::Hang => no_answer(NoAnswer::Hang),
        Effect::Delay(_) => unreachable!("a delay is no answer"),
    }
}

/// Writes a request and its answer into the journal of its account, or of the server, and lets the answer go.
pub async fn record(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let start = Instant::now();
    let trace = Trace::default();
    request.extensions_mut().insert(trace.clone());
    let connection = request.extensions().get::<Connection>().cloned();
    let (method, uri, headers) = (
        request.method().clone(),
        request.uri().clone(),
        request.headers().clone(),
    );

    let response = next.run(request).await;
    let (parts, body) = response.into_parts();
    // Answers are made whole, so this waits for nothing.
    let body = body
        .collect()
        .await
        .map(|body| body.to_bytes())
        .unwrap_or_default();
    let no_answer = parts.extensions.get::<NoAnswer>().copied();

    let all = state.store.state();
    let slot = trace.slot();
    let entry = Entry {
        sequence: 0,
        time: all.now(slot.map(|slot| &**slot)),
        duration: start.elapsed(),
        method: method.to_string(),
        path: format!("/v4{}", uri.path()),
        query: uri.query().map(str::to_owned),
        operation_id: trace.0.operation.get().map(|operation| operation.id),
        status: no_answer.is_none().then(|| parts.status.as_u16()),
        account: slot.map(|slot| slot.account.id),
        user_name: trace.user_name().map(str::to_owned),
        authentication: match trace.0.login.get() {
            None => Authentication::NotAsked,
            Some(Login {
                is_accepted: true, ..
            }) => Authentication::Accepted,
            Some(Login {
                is_accepted: false, ..
            }) => Authentication::Refused,
        },
        fault: trace.0.fault.get().copied(),
        reason: why::reason(
            &all,
            &parts,
            &headers,
            uri.path(),
            slot.map(|slot| slot.account.id),
        ),
        request: message(&headers, trace.0.body.get()),
        response: message(&parts.headers, Some(&body)),
    };
    state
        .store
        .record(slot.map_or(&all.beside, |slot| &slot.beside), entry);
    drop(all);
    match (no_answer, connection) {
        (Some(NoAnswer::Reset), Some(connection)) => connection.reset().await,
        (Some(_), _) => std::future::pending().await,
        (None, _) => Response::from_parts(parts, Body::from(body)),
    }
}

fn message(headers: &HeaderMap, body: Option<&Bytes>) -> Message {
    let header = |(name, value): (&HeaderName, &HeaderValue)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        (
            name.to_string(),
            redacted_header(name.as_str(), &value).to_owned(),
        )
    };
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let body = match body {
        Some(body) if content_type.contains("json") => journal::Body::of_json(body),
        Some(body) if content_type.starts_with("application/x-www-form-urlencoded") => {
            journal::Body::of_form(body)
        }
        _ => journal::Body::None,
    };
    Message {
        headers: headers.iter().map(header).collect(),
        body,
    }
}
