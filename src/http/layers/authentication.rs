//! Authentication: resolves the `Authorization` header of a request to its caller.

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
use super::{LayerResult, Next};
use crate::AppState;
use crate::error::Error;
use crate::service::registration;

/// A user name and a password, as sent.
pub struct BasicCredentials {
    pub user_name: String,
    pub password: String,
}

/// Resolves the API user of a request to its operator, and counts the request as a use of it. Applied to all paths but
/// `/Register`, so that a new path requires authentication from its first day.
pub async fn of_api_user(state: AppState, mut request: Request, next: impl Next) -> LayerResult {
    let trace = Trace::of_routed(&request);
    let login = credentials(request.headers().get(AUTHORIZATION));
    let found = login
        .as_ref()
        .and_then(|login| state.store.authenticate(&login.user_name, &login.password));
    match (login, found) {
        (Some(login), Some((caller, tenant))) => {
            if let Some(api_user) = caller.api_user() {
                tenant.usage.count(api_user, state.store.now(&tenant));
            }
            trace.set_login(Some(Arc::clone(&tenant)), Some(login.user_name), true);
            request.extensions_mut().insert(caller);
            request.extensions_mut().insert(tenant);
            next.oneshot(request).await
        }
        (login, _) => {
            let user_name = login.map(|login| login.user_name);
            let tenant = user_name.as_deref().and_then(|name| {
                let all = state.store.state();
                all.login(name).map(|(tenant, _)| Arc::clone(tenant))
            });
            trace.set_login(tenant, user_name, false);
            trace.read_unbound_body(&state, request).await;
            Ok(Error::Unauthenticated.into_response())
        }
    }
}

/// Resolves the login of a request to `/Register` to its operator. No other path takes an operator's login.
pub async fn of_operator(state: AppState, mut request: Request, next: impl Next) -> LayerResult {
    let trace = Trace::of_routed(&request);
    let Some(BasicCredentials {
        user_name,
        password,
    }) = credentials(request.headers().get(AUTHORIZATION))
    else {
        trace.set_login(None, None, false);
        return Ok(Error::Unauthenticated.into_response());
    };
    let found = registration::find(&state.store.state(), &user_name);
    let login = registration::log_in(&state, found.as_ref(), &password).await;
    trace.set_login(
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

/// Decodes UTF-8, or else ISO 8859-1, which some clients send (Python's requests, curl on Windows).
fn decode_text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| error.into_bytes().into_iter().map(char::from).collect())
}

/// Parses the credentials of a request (RFC 7617); the password may contain colons.
pub fn credentials(authorization: Option<&HeaderValue>) -> Option<BasicCredentials> {
    const BASE64: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let (scheme, token) = authorization?.to_str().ok()?.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return None;
    }
    let decoded = decode_text(BASE64.decode(token.trim()).ok()?);
    let (user_name, password) = decoded.split_once(':')?;
    Some(BasicCredentials {
        user_name: user_name.to_owned(),
        password: password.to_owned(),
    })
}
