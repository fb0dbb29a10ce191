//! Reads request bodies, for all APIs.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http_body_util::BodyExt as _;
use hyper::body::Frame;
use tokio::time::timeout;

use crate::error::{Error, Result};

/// The byte order mark that some clients send; RFC 8259 allows a parser of JSON to ignore it.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Reads a whole body within a time limit and a size limit, and removes its byte order mark. The rest of a body that is too
/// large is left to the connection.
pub async fn read(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    time_limit: Duration,
) -> Result<Bytes> {
    let bytes = timeout(time_limit, read_up_to(limit, headers, body))
        .await
        .map_err(|_| Error::TooSlow)??;
    if let Some(encoding) = encoding(headers) {
        return Err(Error::WrongEncoding(encoding));
    }
    match bytes.strip_prefix(BYTE_ORDER_MARK) {
        Some(rest) => Ok(bytes.slice_ref(rest)),
        None => Ok(bytes),
    }
}

/// Returns the body of a response of our own, which is complete in memory: nearly always it is one frame.
pub async fn of_response(mut body: Body) -> Bytes {
    let mut whole = Bytes::new();
    while let Some(frame) = body.frame().await {
        match frame.map(Frame::into_data) {
            Ok(Ok(data)) if whole.is_empty() => whole = data,
            Ok(Ok(data)) => whole = [whole, data].concat().into(),
            Ok(Err(_)) | Err(_) => {}
        }
    }
    whole
}

async fn read_up_to(limit: usize, headers: &HeaderMap, mut body: Body) -> Result<Bytes> {
    let content_length = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok())
        .unwrap_or_default();
    if content_length > limit {
        return Err(Error::TooLarge(limit));
    }
    // Most bodies arrive as a single frame, which is then not copied.
    let mut whole = Vec::new();
    let mut first = Bytes::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Error::malformed("", "the body ended before its time"))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if first.len() + whole.len() + data.len() > limit {
            return Err(Error::TooLarge(limit));
        }
        if first.is_empty() && whole.is_empty() {
            first = data;
        } else {
            if whole.is_empty() {
                whole.reserve(content_length);
                whole.extend_from_slice(&std::mem::take(&mut first));
            }
            whole.extend_from_slice(&data);
        }
    }
    Ok(if whole.is_empty() {
        first
    } else {
        whole.into()
    })
}

/// Returns the content coding of a body, if it has one (RFC 9110, 8.4).
fn encoding(headers: &HeaderMap) -> Option<String> {
    let values = headers.get_all(CONTENT_ENCODING).iter();
    let codings: Vec<_> = values
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .collect();
    let codings = codings.join(",");
    let is_encoded = |coding: &str| !(coding.is_empty() || coding.eq_ignore_ascii_case("identity"));
    codings
        .split(',')
        .any(|coding| is_encoded(coding.trim()))
        .then_some(codings)
}
