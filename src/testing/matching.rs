//! The criteria that select requests: of the journal, to wait for, to verify, and those that a fault applies to.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde_json::{Value, json};
use strum::{IntoStaticStr, VariantArray};

use crate::domain::{AccountId, Problem};

/// Criteria for requests. A request matches if it fulfills all criteria that are set.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Match {
    pub method: Option<String>,
    /// The canonical path, in which `*` matches one segment.
    pub path: Option<String>,
    pub operation_id: Option<String>,
    pub user_name: Option<String>,
    pub account: Option<AccountId>,
    pub label: Option<String>,
    pub status: Option<Status>,
    /// A part of the body of the request.
    pub body: Option<Value>,
    /// A text that occurs in path, query, reasons or bodies.
    pub text: Option<String>,
    /// Whether the live service has no such operation.
    pub unknown: Option<bool>,
    /// The operations that the other criteria leave possible.
    pub reach: Reach,
}

/// The operations that a request must be one of to fulfill a [`Match`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Reach {
    #[default]
    Any,
    /// Their `operationId`s; [`UNKNOWN`] stands for requests that no operation has.
    Only(Arc<[&'static str]>),
}

/// The key of requests that no operation has.
pub const UNKNOWN: &str = "";

/// A status of a response, or a class of statuses: `404`, `4xx`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Exactly(u16),
    Class(u16),
}

impl Status {
    fn includes(self, status: u16) -> bool {
        match self {
            Self::Exactly(exactly) => status == exactly,
            Self::Class(class) => status / 100 == class,
        }
    }
}

impl FromStr for Status {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let class = text.strip_suffix("xx").or_else(|| text.strip_suffix("XX"));
        let parsed = match class {
            Some(class) => class.parse().map(|class| (Self::Class(class), class * 100)),
            None => text.parse().map(|status| (Self::Exactly(status), status)),
        };
        match parsed {
            Ok((status, 100..=599)) => Ok(status),
            _ => Err(format!(
                "{text:?} is no status: 100 to 599, or a class such as \"4xx\""
            )),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(status) => write!(formatter, "{status}"),
            Self::Class(class) => write!(formatter, "{class}xx"),
        }
    }
}

/// The properties of a request that a [`Match`] compares.
#[derive(Debug, Clone, Copy, Default)]
pub struct Matched<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub query: Option<&'a str>,
    pub operation_id: Option<&'a str>,
    pub user_name: Option<&'a str>,
    pub account: Option<AccountId>,
    pub label: Option<&'a str>,
    pub status: Option<u16>,
    pub reasons: &'a [Problem],
    /// The body of the request, as far as it is kept.
    pub body: Option<&'a str>,
    /// The body of the response, as far as it is kept.
    pub response_body: Option<&'a str>,
}

/// One criterion of a [`Match`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, VariantArray, IntoStaticStr)]
#[strum(serialize_all = "camelCase")]
pub enum Criterion {
    Method,
    Path,
    OperationId,
    UserName,
    Account,
    Label,
    Status,
    Unknown,
    Body,
    Text,
}

impl Match {
    pub fn fits(&self, request: Matched<'_>) -> bool {
        self.differences(request).next().is_none()
    }

    /// Returns the criteria that a request does not fulfill.
    pub fn differences(&self, request: Matched<'_>) -> impl Iterator<Item = Criterion> {
        let all = Criterion::VARIANTS.iter().copied();
        all.filter(move |criterion| !self.agrees(*criterion, request))
    }

    /// Returns the criteria that are set.
    pub fn criteria(&self) -> impl Iterator<Item = Criterion> {
        let all = Criterion::VARIANTS.iter().copied();
        all.filter(|criterion| !self.expected(*criterion).is_null() || self.is_null(*criterion))
    }

    /// Returns whether a criterion expects null.
    fn is_null(&self, criterion: Criterion) -> bool {
        criterion == Criterion::Body && self.body.is_some()
    }

    /// Returns whether any criterion is about the body of the request.
    pub fn needs_body(&self) -> bool {
        self.body.is_some() || self.text.is_some()
    }

    fn agrees(&self, criterion: Criterion, request: Matched<'_>) -> bool {
        let is = |expected: &Option<String>, actual| {
            expected
                .as_deref()
                .is_none_or(|expected| Some(expected) == actual)
        };
        match criterion {
            Criterion::Method => {
                let method = self.method.as_ref();
                method.is_none_or(|method| method.eq_ignore_ascii_case(request.method))
            }
            Criterion::Path => {
                let path = self.path.as_ref();
                path.is_none_or(|path| path_fits(path, request.path))
            }
            Criterion::OperationId => is(&self.operation_id, request.operation_id),
            Criterion::UserName => is(&self.user_name, request.user_name),
            Criterion::Account => self
                .account
                .is_none_or(|account| Some(account) == request.account),
            Criterion::Label => is(&self.label, request.label),
            Criterion::Status => self
                .status
                .is_none_or(|status| request.status.is_some_and(|actual| status.includes(actual))),
            Criterion::Unknown => self
                .unknown
                .is_none_or(|unknown| unknown == request.operation_id.is_none()),
            Criterion::Body => self.body.as_ref().is_none_or(|part| {
                request
                    .body
                    .and_then(parsed)
                    .is_some_and(|body| is_part(part, &body))
            }),
            Criterion::Text => {
                let text = self.text.as_ref();
                text.is_none_or(|text| request.mentions(text))
            }
        }
    }

    /// Returns what a criterion expects, in JSON.
    pub fn expected(&self, criterion: Criterion) -> Value {
        match criterion {
            Criterion::Method => json!(self.method),
            Criterion::Path => json!(self.path),
            Criterion::OperationId => json!(self.operation_id),
            Criterion::UserName => json!(self.user_name),
            Criterion::Account => json!(self.account.map(|account| account.to_string())),
            Criterion::Label => json!(self.label),
            Criterion::Status => match self.status {
                Some(Status::Exactly(status)) => json!(status),
                status => json!(status.map(|status| status.to_string())),
            },
            Criterion::Unknown => json!(self.unknown),
            Criterion::Body => json!(self.body),
            Criterion::Text => json!(self.text),
        }
    }
}

/// Writes the criteria: `method POST, path /v4/Operator`.
impl fmt::Display for Match {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let criteria = self.criteria().map(|criterion| {
            let name: &'static str = criterion.into();
            match self.expected(criterion) {
                Value::String(text) => format!("{name} {text}"),
                other => format!("{name} {other}"),
            }
        });
        let criteria: Vec<_> = criteria.collect();
        if criteria.is_empty() {
            return formatter.write_str("every request");
        }
        formatter.write_str(&criteria.join(", "))
    }
}

impl Matched<'_> {
    /// Returns what a request has where a criterion expects something, in JSON.
    pub fn actual(&self, criterion: Criterion) -> Value {
        match criterion {
            Criterion::Method => json!(self.method),
            Criterion::Path => json!(self.path),
            Criterion::OperationId => json!(self.operation_id),
            Criterion::UserName => json!(self.user_name),
            Criterion::Account => json!(self.account.map(|account| account.to_string())),
            Criterion::Label => json!(self.label),
            Criterion::Status => json!(self.status),
            Criterion::Unknown => json!(self.operation_id.is_none()),
            Criterion::Body => self.body.map_or(Value::Null, |body| {
                parsed(body).unwrap_or_else(|| json!(body))
            }),
            // What does not occur anywhere is nowhere to be shown.
            Criterion::Text => Value::Null,
        }
    }

    fn mentions(&self, text: &str) -> bool {
        let reasons = self.reasons.iter();
        let reasons = reasons.flat_map(|reason| [reason.field.as_str(), &reason.message]);
        [Some(self.path), self.query, self.body, self.response_body]
            .into_iter()
            .flatten()
            .chain(reasons)
            .any(|place| contains(place, text))
    }
}

/// Returns whether a text contains another, without regard to case.
fn contains(text: &str, part: &str) -> bool {
    if !part.is_ascii() {
        return text.to_lowercase().contains(&part.to_lowercase());
    }
    let mut windows = text.as_bytes().windows(part.len().max(1));
    part.is_empty() || windows.any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
}

/// Returns a body as JSON: JSON itself, or the fields of a form.
fn parsed(body: &str) -> Option<Value> {
    if let Ok(value) = serde_json::from_str(body) {
        return Some(value);
    }
    if body.starts_with(['{', '[', '"']) || !body.contains('=') {
        return None;
    }
    let fields = form_urlencoded::parse(body.as_bytes());
    let fields = fields.map(|(name, value)| (name.into_owned(), Value::from(value.into_owned())));
    Some(Value::Object(fields.collect()))
}

/// Returns whether a value is a part of another: objects have at least the fields of the part, whose names are compared as the
/// API binds them, without regard to case; lists have at least its items.
fn is_part(part: &Value, whole: &Value) -> bool {
    match (part, whole) {
        (Value::Object(part), Value::Object(whole)) => part.iter().all(|(name, part)| {
            whole
                .iter()
                .any(|(other, whole)| name.eq_ignore_ascii_case(other) && is_part(part, whole))
        }),
        (Value::Array(part), Value::Array(whole)) => part
            .iter()
            .all(|part| whole.iter().any(|whole| is_part(part, whole))),
        (Value::Number(part), Value::Number(whole)) => part.as_f64() == whole.as_f64(),
        // The values of a form are texts.
        (Value::Number(part), Value::String(whole)) => part.to_string() == *whole,
        (Value::Bool(part), Value::String(whole)) => whole.parse() == Ok(*part),
        _ => part == whole,
    }
}

fn path_fits(pattern: &str, path: &str) -> bool {
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return true,
            (Some("*"), Some(_)) => {}
            (Some(one), Some(other)) if one.eq_ignore_ascii_case(other) => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{contains, is_part, parsed, path_fits};

    #[test]
    fn a_star_in_a_path_matches_one_segment() {
        assert!(path_fits("/v4/operator/*", "/v4/Operator/36fad910"));
        assert!(!path_fits("/v4/operator/*", "/v4/Operator"));
        assert!(!path_fits(
            "/v4/operator/*",
            "/v4/Operator/36fad910/DutySchedule"
        ));
        assert!(path_fits(
            "/v4/*/*/DutySchedule",
            "/v4/Operator/36fad910/DutySchedule"
        ));
    }

    #[test]
    fn a_part_of_a_body_has_some_of_its_fields_and_items() {
        let whole =
            json!({"FullName": "Alice", "Id": 1, "Types": [{"a": 1, "b": 2}, "x"], "No": null});
        for part in [
            json!({}),
            json!({"fullname": "Alice"}),
            json!({"Id": 1.0}),
            json!({"Types": ["x"]}),
            json!({"Types": [{"b": 2}]}),
            json!({"No": null}),
        ] {
            assert!(is_part(&part, &whole), "{part}");
        }
        for part in [
            json!({"FullName": "alice"}),
            json!({"Types": ["y"]}),
            json!({"Missing": null}),
            json!([]),
            json!({"Id": "1"}),
        ] {
            assert!(!is_part(&part, &whole), "{part}");
        }
        let form = parsed("UserName=a%40b&ID=7&Active=true").unwrap();
        assert!(is_part(
            &json!({"username": "a@b", "ID": 7, "Active": true}),
            &form
        ));
        assert_eq!(parsed("{\"a\": "), None);
    }

    #[test]
    fn texts_are_found_without_regard_to_case() {
        assert!(contains("the E-Mail address", "e-mail"));
        assert!(contains("Ärger", "äRGER"));
        assert!(!contains("short", "longer than it"));
    }
}
