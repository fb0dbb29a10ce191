//! Authentication: resolves the `Authorization` header of a request to its caller.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::IntoResponse as _;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use tower::{ServiceExt as _, service_fn};

use super::trace::{Asked, Trace};
use super::{LayerResult, Next, faults};
use crate::AppState;
use crate::domain::Caller;
use crate::error::Error;
use crate::service::registration;
use crate::store::Tenant;

/// A user name and a password, as sent.
pub struct BasicCredentials {
    pub user_name: String,
    pub password: String,
}

/// What the credentials of a request name.
#[derive(Debug, Default)]
pub struct Login {
    pub user_name: Option<String>,
    /// The account of the API user, whether the password is right or not.
    pub tenant: Option<Arc<Tenant>>,
    /// `None` if the credentials are not accepted.
    pub caller: Option<Caller>,
}

/// Finds the API user of a request.
pub fn find(state: &AppState, headers: &HeaderMap) -> Login {
    let Some(BasicCredentials {
        user_name,
        password,
    }) = credentials(headers.get(AUTHORIZATION))
    else {
        return Login::default();
    };
    let (caller, accepted) = state.store.authenticate(&user_name, &password).unzip();
    let tenant = accepted.or_else(|| {
        let all = state.store.state();
        all.login(&user_name).map(|(tenant, _)| Arc::clone(tenant))
    });
    Login {
        user_name: Some(user_name),
        tenant,
        caller,
    }
}

/// Counts a request as a use of its API user.
pub fn count(state: &AppState, caller: &Caller, tenant: &Tenant) {
    if let Some(api_user) = caller.api_user() {
        tenant.usage.count(api_user, state.store.now(tenant));
    }
}

/// Resolves the API user of a request to its operator, and counts the request as a use of it. Applied to all paths but
/// `/Register`, so that a new path requires authentication from its first day.
pub async fn of_api_user(state: AppState, mut request: Request, next: impl Next) -> LayerResult {
    let trace = Trace::of_routed(&request);
    let login = find(&state, request.headers());
    trace.set_login(
        login.tenant.clone(),
        login.user_name,
        login.caller,
        Asked::Always,
    );
    match (login.caller, login.tenant) {
        (Some(caller), Some(tenant)) => {
            count(&state, &caller, &tenant);
            request.extensions_mut().insert(caller);
            request.extensions_mut().insert(tenant);
            next.oneshot(request).await
        }
        _ => refuse(state, request, trace).await,
    }
}

/// Rejects a request, unless a fault strikes it.
async fn refuse(state: AppState, request: Request, trace: Trace) -> LayerResult {
    let unauthenticated = {
        let state = state.clone();
        service_fn(move |request| {
            let (state, trace) = (state.clone(), trace.clone());
            async move {
                trace.read_unbound_body(&state, request).await;
                Ok(Error::Unauthenticated.into_response())
            }
        })
    };
    Box::pin(faults::inject(state, request, unauthenticated)).await
}

/// Resolves the login of a request to `/Register` to its operator. No other path takes an operator's login.
pub async fn of_operator(state: AppState, mut request: Request, next: impl Next) -> LayerResult {
    let trace = Trace::of_routed(&request);
    let Some(BasicCredentials {
        user_name,
        password,
    }) = credentials(request.headers().get(AUTHORIZATION))
    else {
        trace.set_login(None, None, None, Asked::Always);
        return refuse(state, request, trace).await;
    };
    let found = registration::find(&state.store.state(), &user_name);
    let login = registration::log_in(&state, found.as_ref(), &password).await;
    trace.set_login(
        found.map(|(tenant, _)| tenant),
        Some(user_name),
        login.as_ref().ok().copied(),
        Asked::Always,
    );
    match login {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.oneshot(request).await
        }
        Err(Error::Unauthenticated) => refuse(state, request, trace).await,
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
