//! The bytes of a request's body: one reader for all APIs.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http_body_util::BodyExt as _;
use tokio::time::timeout;

use crate::error::{Error, Result};

/// Some clients write a byte order mark, which RFC 8259 lets a reader of JSON pass over.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Reads a body that has to be there in time and within a limit, without its byte order mark. What is left of one that is
/// too large is the concern of the connection.
pub async fn read(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    within: Duration,
) -> Result<Bytes> {
    let bytes = timeout(within, read_up_to(limit, headers, body))
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

async fn read_up_to(limit: usize, headers: &HeaderMap, mut body: Body) -> Result<Bytes> {
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok())
        .unwrap_or_default();
    if announced > limit {
        return Err(Error::TooLarge(limit));
    }
    // Most bodies are one piece, which is then not copied.
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
                whole.reserve(announced);
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

/// The content coding of a body, if it has one (RFC 9110, 8.4).
fn encoding(headers: &HeaderMap) -> Option<String> {
    let values = headers.get_all(CONTENT_ENCODING).iter();
    let codings: Vec<_> = values
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .collect();
    let codings = codings.join(",");
    let named = |coding: &str| !(coding.is_empty() || coding.eq_ignore_ascii_case("identity"));
    codings
        .split(',')
        .any(|coding| named(coding.trim()))
        .then_some(codings)
}
