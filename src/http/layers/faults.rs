//! Injects faults into requests whose credentials were accepted.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::Value;
use tokio::time::timeout;
use tower::ServiceExt as _;

use super::journal::Trace;
use super::{LayerResult, Next};
use crate::AppState;
use crate::connection::{Connection, Ending};
use crate::operation::path::documented;
use crate::testing::fault::{Effect, When};

/// Applies faults to a request before it is bound, or after its change was committed.
pub async fn inject(state: AppState, request: Request, next: impl Next) -> LayerResult {
    let trace = Trace::of(&request);
    let connection = request.extensions().get::<Connection>().cloned();
    let connection = connection.expect("every request has a connection");
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let effect = |when, status| {
        let all = state.store.state();
        let own = trace.tenant().map(|tenant| &tenant.testing.faults);
        let mut faults = own
            .into_iter()
            .chain([&all.testing.faults])
            .filter(|faults| !faults.is_empty())
            .peekable();
        faults.peek()?;
        let path = documented(uri.path());
        let request = trace.matched(method.as_str(), &path, status);
        let (id, effect) = faults.find_map(|faults| faults.strike(when, request, rand::random))?;
        trace.set_fault(id);
        Some(effect)
    };
    match effect(When::Before, None) {
        Some(Effect::Delay(delay)) => pause(delay, &connection).await,
        Some(effect) => {
            trace.read_unbound_body(&state, request).await;
            return Ok(replacement(effect, &connection).await);
        }
        None => {}
    }
    let Ok(response) = next.oneshot(request).await;
    match effect(When::After, Some(response.status().as_u16())) {
        Some(Effect::Delay(delay)) => pause(delay, &connection).await,
        Some(effect) => return Ok(replacement(effect, &connection).await),
        None => {}
    }
    Ok(response)
}

/// Waits for a delay, or until the server stops.
async fn pause(delay: Duration, connection: &Connection) {
    // An error means that the server did not stop during the delay.
    let _ = timeout(delay, connection.stopping()).await;
}

/// Returns the response of an effect, which replaces that of the operation, or ends the connection.
async fn replacement(effect: Effect, connection: &Connection) -> Response {
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
                // Names and values were validated when the fault was created.
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
                // Under another content type, such as that of a proxy's error page, a string is sent as it is.
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
