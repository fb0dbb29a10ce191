//! Content negotiation of the companion API: `Accept` chooses between three media types, all of them JSON.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT;

use crate::http::extract::media_type;

pub const HTML: &str = "text/html";

/// The media types of responses, all of them JSON; the first is the default.
pub const FORMATS: [&str; 3] = ["application/json", "text/json", HTML];

/// Chooses the media type of a response as ASP.NET Web API does: by `Accept`, else that of the request, else the first.
/// A client that accepts none of them gets one all the same, not a 406.
pub fn negotiated(headers: &HeaderMap) -> &'static str {
    let accept: Vec<_> = headers.get_all(ACCEPT).iter().collect();
    let mut ranges: Vec<_> = accept
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(range)
        .collect();
    // The highest quality comes first, and among equal ones the most specific range.
    ranges.sort_by(|(one, one_quality), (other, other_quality)| {
        let stars = |range: &str| range.matches('*').count();
        (other_quality.total_cmp(one_quality)).then(stars(one).cmp(&stars(other)))
    });
    let is_refused = |format: &str| {
        ranges
            .iter()
            .any(|(range, quality)| range == format && *quality <= 0.0)
    };
    let accepted = ranges
        .iter()
        .filter(|(_, quality)| *quality > 0.0)
        .find_map(|(range, _)| {
            FORMATS
                .into_iter()
                .find(|format| covers(range, format) && !is_refused(format))
        });
    let of_request = || {
        let content_type = media_type(headers);
        FORMATS.into_iter().find(|format| *format == content_type)
    };
    accepted.or_else(of_request).unwrap_or(FORMATS[0])
}

/// Parses one media range of `Accept` and its quality: `text/*;q=0.5`.
fn range(text: &str) -> (String, f32) {
    let mut parts = text.split(';');
    let range = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
    let quality = parts
        .filter_map(|parameter| parameter.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
        .and_then(|(_, value)| value.trim().parse().ok());
    (range, quality.unwrap_or(1.0))
}

fn covers(range: &str, format: &str) -> bool {
    match range.strip_suffix('*') {
        Some("*/") => true,
        Some(start) => start.ends_with('/') && format.starts_with(start),
        None => range == format,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;

    use super::negotiated;

    #[test]
    fn the_media_type_is_the_one_with_the_highest_quality() {
        for (accept, content_type, chosen) in [
            ("", "", "application/json"),
            ("*/*", "text/json", "application/json"),
            ("text/json", "", "text/json"),
            ("TEXT/HTML", "", "text/html"),
            ("text/*", "", "text/json"),
            (
                "text/html;q=0.4, text/json;q=0.5, application/xml",
                "",
                "text/json",
            ),
            ("text/html; level=1 ;q=0.4, */*;q=0.3", "", "text/html"),
            ("*/*, text/html", "", "text/html"),
            ("text/json;q=0, text/*", "", "text/html"),
            (
                "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
                "",
                "text/html",
            ),
            ("application/xml", "", "application/json"),
            ("application/xml", "text/html; charset=utf-8", "text/html"),
            ("application/json;q=0", "", "application/json"),
            ("", "text/json", "text/json"),
            ("", "application/x-www-form-urlencoded", "application/json"),
            (",;q=x,*", "", "application/json"),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in [("accept", accept), ("content-type", content_type)] {
                if !value.is_empty() {
                    headers.insert(name, value.parse().unwrap());
                }
            }
            assert_eq!(negotiated(&headers), chosen, "{accept} {content_type}");
        }
    }
}
