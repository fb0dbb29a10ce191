//! Applies faults to requests: those of the account that the credentials name, and those of the server.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;
use tokio::time::timeout;
use tower::ServiceExt as _;

use super::authentication;
use super::trace::{Asked, Trace};
use super::{LayerResult, Next};
use crate::connection::{Connection, Ending};
use crate::error::Error;
use crate::http::extract::LARGEST_BODY;
use crate::operation::not_emulated;
use crate::testing::fault::{Answer, Effect, End, Interest, Strike, When};
use crate::{AppState, body};

/// Applies faults to a request before it is bound, or after its change was committed. The credentials are checked already.
pub async fn inject(state: AppState, request: Request, next: impl Next) -> LayerResult {
    let trace = Trace::of(&request);
    if let Some(interest) = interest(&state, &trace) {
        return Box::pin(strike(state, request, next, trace, interest)).await;
    }
    let method = request.method().clone();
    let Ok(response) = next.oneshot(request).await;
    trace.set_outcome(&method, response.status());
    Ok(response)
}

/// Applies faults to a request that no operation handles. `next` rejects it, without credentials being asked for.
pub async fn inject_unhandled(state: AppState, request: Request, next: impl Next) -> LayerResult {
    let trace = Trace::of(&request);
    let operation = not_emulated::find(request.method().as_str(), request.uri().path());
    if let Some(operation) = operation {
        trace.set_operation(operation.id);
    }
    let login = authentication::find(&state, request.headers());
    let asked = match operation {
        Some(operation) if operation.asks_for_credentials() => Asked::IfStruck,
        _ => Asked::Never,
    };
    trace.set_login(login.tenant, login.user_name, login.caller, asked);
    inject(state, request, next).await
}

/// Returns what the faults want to know that may strike a request.
fn interest(state: &AppState, trace: &Trace) -> Option<Interest> {
    let operation_id = trace.operation_id();
    let own = trace.tenant();
    let own = own.and_then(|tenant| tenant.testing.faults.interest(operation_id));
    let of_server = state.store.state().testing.faults.interest(operation_id);
    match (own, of_server) {
        (Some(own), Some(of_server)) => Some(own.with(of_server)),
        (own, of_server) => own.or(of_server),
    }
}

async fn strike(
    state: AppState,
    mut request: Request,
    next: impl Next,
    trace: Trace,
    interest: Interest,
) -> LayerResult {
    let connection = request.extensions().get::<Connection>().cloned();
    let connection = connection.expect("every request has a connection");
    let method = request.method().clone();
    if interest.in_body {
        let (parts, body) = request.into_parts();
        let read = body::read(&parts.headers, body, LARGEST_BODY, state.read_timeout).await;
        let bytes = match read {
            Ok(bytes) => bytes,
            Err(error) => return Ok(error.into_response()),
        };
        trace.set_body(&parts.headers, &bytes);
        request = Request::from_parts(parts, Body::from(bytes));
    }
    if interest.before {
        let Strike {
            effect: Effect { delay, end },
            is_refused,
            ..
        } = trace.strike(&state, When::Before, None);
        pause(delay, &connection).await;
        if let Some(end) = end {
            trace.read_unbound_body(&state, request).await;
            return Ok(response_of(end, &connection).await);
        }
        if is_refused {
            return Ok(Error::Unauthenticated.into_response());
        }
    }
    let Ok(mut response) = next.oneshot(request).await;
    trace.set_outcome(&method, response.status());
    if interest.after {
        let (parts, body) = response.into_parts();
        let body = body::of_response(body).await;
        let strike = trace.strike(&state, When::After, Some((&parts, &body)));
        let Effect { delay, end } = strike.effect;
        pause(delay, &connection).await;
        if let Some(end) = end {
            return Ok(response_of(end, &connection).await);
        }
        response = Response::from_parts(parts, Body::from(body));
    }
    Ok(response)
}

/// Waits for a delay, or until the server stops.
async fn pause(delay: Option<Duration>, connection: &Connection) {
    if let Some(delay) = delay {
        // An error means that the server did not stop during the delay.
        let _ = timeout(delay, connection.stopping()).await;
    }
}

/// Returns the response that replaces that of the operation, or ends the connection.
async fn response_of(end: End, connection: &Connection) -> Response {
    let Answer {
        status,
        headers,
        body,
    } = match end {
        End::Reset => connection.end(Ending::Reset).await,
        End::Hang => connection.end(Ending::Hang).await,
        End::Answer(answer) => answer,
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let is_error = status.is_client_error() || status.is_server_error();
    let mut response = if is_error && body.is_none() {
        Error::Injected(status.as_u16()).into_response()
    } else {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status;
        let json = HeaderValue::from_static("application/json; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, json);
        response
    };
    for (name, value) in headers {
        // Names and values were validated when the fault was created.
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse()) {
            response.headers_mut().insert(name, value);
        }
    }
    let content_type = response.headers().get(CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    let is_json = content_type.is_some_and(|text| text.to_ascii_lowercase().contains("json"));
    match body {
        None => {}
        // Under another content type, such as that of a proxy's error page, a string is sent as it is.
        Some(Value::String(text)) if !is_json => *response.body_mut() = Body::from(text),
        Some(body) => *response.body_mut() = Body::from(body.to_string()),
    }
    response
}
