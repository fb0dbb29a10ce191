//! Authentication: from the `Authorization` header of a request to the one who asks.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::HeaderValue;
use axum::http::header::AUTHORIZATION;
use axum::response::IntoResponse as _;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use tower::ServiceExt as _;

use super::journal::Trace;
use super::{Answer, Next};
use crate::AppState;
use crate::error::Error;
use crate::service::registration;

/// A user name and a password, as they were sent.
pub struct BasicCredentials {
    pub user_name: String,
    pub password: String,
}

/// Resolves the API user of a request to its operator, and counts the request as use of it. For all paths but `/Register`, so
/// that a new one is closed from its first day.
pub async fn of_api_user(state: AppState, mut request: Request, next: impl Next) -> Answer {
    let trace = Trace::of_routed(&request);
    let sent = credentials(request.headers().get(AUTHORIZATION));
    let found = sent
        .as_ref()
        .and_then(|sent| state.store.authenticate(&sent.user_name, &sent.password));
    match (sent, found) {
        (Some(sent), Some((caller, tenant))) => {
            if let Some(api_user) = caller.api_user() {
                tenant.usage.count(api_user, state.store.now(&tenant));
            }
            trace.asked(Some(Arc::clone(&tenant)), Some(sent.user_name), true);
            request.extensions_mut().insert(caller);
            request.extensions_mut().insert(tenant);
            next.oneshot(request).await
        }
        (sent, _) => {
            let user_name = sent.map(|sent| sent.user_name);
            let tenant = user_name.as_deref().and_then(|name| {
                let all = state.store.state();
                all.login(name).map(|(tenant, _)| Arc::clone(tenant))
            });
            trace.asked(tenant, user_name, false);
            trace.read_unbound(&state, request).await;
            Ok(Error::Unauthenticated.into_response())
        }
    }
}

/// Resolves the login of a request to `/Register` to its operator: the one path that takes it instead of an API user's.
pub async fn of_operator(state: AppState, mut request: Request, next: impl Next) -> Answer {
    let trace = Trace::of_routed(&request);
    let Some(BasicCredentials {
        user_name,
        password,
    }) = credentials(request.headers().get(AUTHORIZATION))
    else {
        trace.asked(None, None, false);
        return Ok(Error::Unauthenticated.into_response());
    };
    let found = registration::find(&state.store.state(), &user_name);
    let login = registration::log_in(&state, found.as_ref(), &password).await;
    trace.asked(
        found.map(|(tenant, _)| tenant),
        Some(user_name),
        login.is_ok(),
    );
    match login {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.oneshot(request).await
        }
        Err(error) => Ok(error.into_response()),
    }
}

/// Reads UTF-8, and what is none as ISO 8859-1, which some clients send (Python's requests, curl on Windows).
fn text_of(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| error.into_bytes().into_iter().map(char::from).collect())
}

/// The credentials of a request (RFC 7617); the password may hold colons.
pub fn credentials(authorization: Option<&HeaderValue>) -> Option<BasicCredentials> {
    const BASE64: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let (scheme, token) = authorization?.to_str().ok()?.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return None;
    }
    let decoded = text_of(BASE64.decode(token.trim()).ok()?);
    let (user_name, password) = decoded.split_once(':')?;
    Some(BasicCredentials {
        user_name: user_name.to_owned(),
        password: password.to_owned(),
    })
}
