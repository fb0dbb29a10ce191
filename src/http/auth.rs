//! Basic authentication: from the header of a request to the one who asks.

use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::AUTHORIZATION;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::extract;
use super::observe::{self, Trace};
use crate::AppState;
use crate::error::{Error, Result};

/// A user name and a password, as they were sent.
pub struct Credentials {
    pub user_name: String,
    pub password: String,
}

/// Resolves the API user of a request to its operator, and counts the request as use of it. Around all paths but
/// `/Register`, so that a new one is closed from its first day.
pub async fn authenticate(
    State(state): State<AppState>,
    mut request: Request,
    next: Next,
) -> Response {
    let trace = Trace::of_routed(&request);
    let Ok(Credentials {
        user_name,
        password,
    }) = credentials(request.headers().get(AUTHORIZATION))
    else {
        trace.refused(None, None);
        extract::read_for_journal(&state, &trace, request).await;
        return Error::Unauthenticated.into_response();
    };
    let Some((caller, slot)) = state.store.authenticate(&user_name, &password) else {
        trace.refused(
            state.store.state().login(&user_name).map(|(slot, _)| slot),
            Some(user_name),
        );
        extract::read_for_journal(&state, &trace, request).await;
        return Error::Unauthenticated.into_response();
    };
    if let Some(api_user) = caller.api_user() {
        slot.usage.count(api_user, state.store.now(&slot));
    }
    trace.accepted(&slot, user_name);
    request.extensions_mut().insert(caller);
    request.extensions_mut().insert(slot);
    observe::strike(&state, trace, request, next).await
}

/// Reads UTF-8, and what is none as ISO 8859-1, which some clients send (Python's requests, curl on Windows).
fn text_of(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| error.into_bytes().into_iter().map(char::from).collect())
}

/// The credentials of a request (RFC 7617); the password may hold colons.
pub fn credentials(authorization: Option<&HeaderValue>) -> Result<Credentials> {
    const BASE64: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let basic = || {
        let (scheme, token) = authorization?.to_str().ok()?.trim().split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("Basic") {
            return None;
        }
        let decoded = text_of(BASE64.decode(token.trim()).ok()?);
        let (user_name, password) = decoded.split_once(':')?;
        Some(Credentials {
            user_name: user_name.to_owned(),
            password: password.to_owned(),
        })
    };
    basic().ok_or(Error::Unauthenticated)
}
