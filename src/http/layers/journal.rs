//! Records every request in the journal before its response is sent.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::response::Parts;
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use tower::ServiceExt as _;
use tracing::{Level, field};

use super::path::is_page;
use super::trace::Trace;
use super::{LayerResult, Next};
use crate::body;
use crate::store::State as Accounts;
use crate::testing::journal::Entry;
use crate::{AppState, Control};

/// The header that names the request in the journal: its account or `-`, and its sequence number.
const EMULATOR_REQUEST: HeaderName = HeaderName::from_static("emulator-request");

/// Records requests, except those for pages. Without the control API nobody could read the journal, so nothing is recorded.
pub async fn record(state: AppState, mut request: Request, next: impl Next) -> LayerResult {
    let is_recorded = matches!(state.control, Control::On { .. });
    let is_traced = is_recorded
        || tracing::enabled!(Level::DEBUG)
        || !state.store.state().testing.faults.is_empty();
    if !is_traced || is_page(&request) {
        return next.oneshot(request).await;
    }
    let trace = Trace::start(&request);
    request.extensions_mut().insert(trace.clone());
    let mut recording = Recording {
        all: Arc::clone(&*state.store.state()),
        state,
        trace,
        is_written: false,
    };
    let Ok(response) = next.oneshot(request).await;
    let (mut parts, body) = response.into_parts();
    let body = body::of_response(body).await;
    if let Some(name) = recording.write(Some((&parts, &body))) {
        parts.headers.insert(EMULATOR_REQUEST, name);
    }
    Ok(Response::from_parts(parts, Body::from(body)))
}

/// A request that is not in a journal yet. It is written when it is answered, or when this is dropped: because it ends without
/// a response, or because its client disconnected.
struct Recording {
    state: AppState,
    /// Loaded once, so that a request before a reset is not in the journal after it.
    all: Arc<Accounts>,
    trace: Trace,
    is_written: bool,
}

impl Recording {
    /// Writes the request and its response, if there is one, into the journal of its account, or of the server. Returns the
    /// name of the request, if it has one.
    fn write(&mut self, response: Option<(&Parts, &Bytes)>) -> Option<HeaderValue> {
        self.is_written = true;
        let entry = self.trace.finished(&self.all, response)?;
        log(&entry);
        if matches!(self.state.control, Control::Off) {
            return None;
        }
        let tenant = self.trace.tenant().map(|tenant| &**tenant);
        let entry = self.state.store.record(&self.all, tenant, entry);
        self.trace.settle(&self.state, &self.all, &entry);
        Some(name_of(&entry))
    }
}

/// Returns the name of a recorded request. Each response has one, so it is written without the machinery of formatting.
fn name_of(entry: &Entry) -> HeaderValue {
    // The longest name has 30 bytes. It is written from its end.
    let mut name = [b'-'; 32];
    let slash = write_number(entry.sequence, &mut name, 32) - 1;
    name[slash] = b'/';
    let start = match entry.account {
        Some(account) => write_number(account.number().into(), &mut name, slash),
        None => slash - 1,
    };
    HeaderValue::from_bytes(&name[start..]).expect("digits are a valid header value")
}

/// Writes a number before an index, and returns that of its first digit.
fn write_number(mut number: u64, text: &mut [u8], mut at: usize) -> usize {
    loop {
        at -= 1;
        text[at] = b"0123456789"[(number % 10) as usize];
        number /= 10;
        if number == 0 {
            return at;
        }
    }
}

fn log(entry: &Entry) {
    tracing::debug!(
        method = &*entry.method,
        path = entry.path,
        status = entry.status,
        elapsed = ?entry.duration,
        account = entry.account.map(field::display),
        user = entry.user_name,
        operation = entry.operation_id,
        reason = entry.reason(),
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
