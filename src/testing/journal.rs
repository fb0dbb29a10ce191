//! The journal: what was asked of an account and what was answered, without secrets.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use memchr::memchr3_iter;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::domain::{AccountId, Moment};

/// What is kept of an account's requests.
const ENTRIES: usize = 1000;

/// What is kept of a body.
const BODY: usize = 4 * 1024;

/// The latest requests, in the order of their answers.
#[derive(Debug, Default)]
pub struct Journal {
    entries: Mutex<VecDeque<Arc<Entry>>>,
}

impl Journal {
    /// Adds an entry. `number` gives it its number while no other can be added.
    pub fn record(&self, mut entry: Entry, number: impl FnOnce() -> u64) {
        let mut entries = self.lock();
        let oldest = if entries.len() == ENTRIES {
            entries.pop_front()
        } else {
            None
        };
        entry.sequence = number();
        entries.push_back(Arc::new(entry));
        drop(entries);
        // What the oldest held is given back when others can go on.
        drop(oldest);
    }

    /// The requests that fit, in their order.
    pub fn find(&self, matches: &Match) -> Vec<Arc<Entry>> {
        let entries = self.lock();
        let fits = |entry: &&Arc<Entry>| matches.fits(entry.matched());
        entries.iter().filter(fits).cloned().collect()
    }

    pub fn count(&self, matches: &Match) -> usize {
        let entries = self.lock();
        let fits = |entry: &&Arc<Entry>| matches.fits(entry.matched());
        entries.iter().filter(fits).count()
    }

    pub fn len(&self) -> usize {
        self.lock().len()
    }

    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    pub fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Arc<Entry>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request and its answer.
#[derive(Debug)]
pub struct Entry {
    /// Counts all requests of the server.
    pub sequence: u64,
    pub time: Moment,
    pub duration: Duration,
    pub method: String,
    /// The canonical path: with `/v4`, in the vendor's spelling, without the query.
    pub path: String,
    pub query: Option<String>,
    pub operation_id: Option<&'static str>,
    /// Nothing, where the connection was ended or left hanging instead of an answer.
    pub status: Option<u16>,
    pub account: Option<AccountId>,
    pub user_name: Option<String>,
    pub authentication: Authentication,
    /// The Id of the fault that struck.
    pub fault: Option<u64>,
    /// Why the answer is a 4xx.
    pub reason: Option<String>,
    pub request: Message,
    pub response: Message,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authentication {
    /// The path asks for none, or the request failed before it was asked for.
    NotAsked,
    Accepted,
    Refused,
}

/// Headers and body of a request or of an answer.
#[derive(Debug, Default)]
pub struct Message {
    pub headers: Headers,
    pub body: Body,
}

/// Headers without their secrets, in one text, since there are some in every request.
#[derive(Debug, Default)]
pub struct Headers(String);

impl<'a> FromIterator<(&'a str, Cow<'a, str>)> for Headers {
    fn from_iter<I: IntoIterator<Item = (&'a str, Cow<'a, str>)>>(headers: I) -> Self {
        // Most heads find room in this.
        let mut text = String::with_capacity(256);
        for (name, value) in headers {
            for part in [name, ": ", redacted_header(name, &value), "\n"] {
                text.push_str(part);
            }
        }
        Self(text)
    }
}

impl Headers {
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.lines().filter_map(|line| line.split_once(": "))
    }
}

/// A body without its secrets.
#[derive(Debug, Default, PartialEq, Eq)]
pub enum Body {
    /// There was none, or one that is neither JSON nor a form.
    #[default]
    None,
    Text(String),
    /// The first 4 KiB of a longer one.
    Start(String),
}

/// A query without its secrets; one that holds none is kept as it was written.
pub fn redacted_query(query: &str) -> String {
    let fields = || form_urlencoded::parse(query.as_bytes());
    if !fields().any(|(name, value)| is_secret(&name) || is_secret(&value)) {
        return query.to_owned();
    }
    // What has no names of fields is none, and nobody can tell what in it is secret.
    if fields().any(|(name, _)| is_secret(&name) && !is_name(&name)) {
        return REDACTED.to_owned();
    }
    let mut redacted = form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields() {
        redacted.append_pair(&name, without_secret(&name, &value));
    }
    redacted.finish()
}

/// What the names of secret fields have in them, in any letter case.
const WORD: &[u8] = b"password";

/// What stands in the place of a secret.
const REDACTED: &str = "[redacted]";

/// A header without its secret: credentials are not kept.
fn redacted_header<'a>(name: &str, value: &'a str) -> &'a str {
    match name {
        "authorization" | "cookie" | "set-cookie" => REDACTED,
        _ if is_secret(name) || name.ends_with("-authorization") => REDACTED,
        _ => value,
    }
}

impl Body {
    /// What is kept of a body that others made, by the type that they gave it.
    pub fn of_foreign(content_type: &str, bytes: &[u8]) -> Self {
        let is_json = || serde_json::from_slice::<IgnoredAny>(bytes).is_ok();
        let content_type = content_type.to_ascii_lowercase();
        let is_form = content_type.starts_with("application/x-www-form-urlencoded");
        // curl calls whatever it sends a form, so a form may be JSON, which is not to be read as one.
        if (is_form || may_hold_json(&content_type)) && is_json() {
            Self::of_json(bytes)
        } else if is_form {
            Self::of_form(bytes)
        } else {
            Self::None
        }
    }

    /// What is kept of a body that is JSON.
    pub fn of_json(bytes: &[u8]) -> Self {
        let start = &bytes[..bytes.len().min(BODY)];
        // A secret follows the name of its field, so where no start of a body holds such a name, none holds a secret. An
        // escape may hide a name.
        if !may_name_a_secret(start) {
            return match (std::str::from_utf8(start), bytes.len() > BODY) {
                (Ok(""), _) => Self::None,
                (Ok(text), false) => Self::Text(text.to_owned()),
                (Ok(text), true) => Self::Start(text.to_owned()),
                // The cut may go through a character; before it, JSON is UTF-8.
                (Err(error), _) => {
                    Self::Start(String::from_utf8_lossy(&start[..error.valid_up_to()]).into_owned())
                }
            };
        }
        match serde_json::from_slice::<Value>(bytes) {
            Ok(mut value) => {
                redact(&mut value);
                Self::cut(&value.to_string())
            }
            // It is not JSON, so nobody can tell what in it is secret.
            Err(_) => Self::None,
        }
    }

    /// What is kept of a form. What has no names of fields is none, and nobody can tell what in it is secret.
    fn of_form(bytes: &[u8]) -> Self {
        let fields: Option<Vec<_>> = form_urlencoded::parse(bytes)
            .map(|(name, value)| {
                is_name(&name).then(|| format!("{name}={}", without_secret(&name, &value)))
            })
            .collect();
        match fields {
            Some(fields) if !fields.is_empty() => Self::cut(&fields.join("&")),
            _ => Self::None,
        }
    }

    fn cut(text: &str) -> Self {
        if text.len() <= BODY {
            return Self::Text(text.to_owned());
        }
        Self::Start(text[..text.floor_char_boundary(BODY)].to_owned())
    }
}

/// Whether a body of this type, in lower case, may be JSON: `/api/Users` calls its JSON HTML as well.
pub fn may_hold_json(content_type: &str) -> bool {
    content_type.contains("json") || content_type.starts_with("text/html")
}

/// Looks for the rarest letter of the word, since it looks at the start of every body.
fn may_name_a_secret(bytes: &[u8]) -> bool {
    memchr3_iter(b'w', b'W', b'\\', bytes).any(|at| match bytes[at] {
        b'\\' => bytes.get(at + 1) == Some(&b'u'),
        _ => at
            .checked_sub(4)
            .and_then(|start| bytes.get(start..start + WORD.len()))
            .is_some_and(|word| word.eq_ignore_ascii_case(WORD)),
    })
}

/// Whether a text can be the name of a form's field.
fn is_name(text: &str) -> bool {
    text.chars()
        .all(|character| character.is_alphanumeric() || "_-.[]$".contains(character))
}

fn is_secret(name: &str) -> bool {
    name.as_bytes()
        .windows(WORD.len())
        .any(|word| word.eq_ignore_ascii_case(WORD))
}

/// The value of a field, unless it is a secret or speaks of one: it may be a document of its own.
fn without_secret<'a>(name: &str, value: &'a str) -> &'a str {
    if is_secret(name) || is_secret(value) {
        REDACTED
    } else {
        value
    }
}

/// Takes the value of every field that is called a password, at any depth.
fn redact(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut() {
                if is_secret(name) && !value.is_null() {
                    *value = REDACTED.into();
                } else {
                    redact(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(redact),
        _ => {}
    }
}

/// Which requests are meant: all that agree with what is given. Without a word on something, any will do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Match {
    pub method: Option<String>,
    /// The canonical path; `*` stands for one segment.
    pub path: Option<String>,
    pub operation_id: Option<String>,
    pub user_name: Option<String>,
    pub status: Option<u16>,
}

/// What a match looks at.
#[derive(Debug, Clone, Copy)]
pub struct Matched<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub operation_id: Option<&'a str>,
    pub user_name: Option<&'a str>,
    pub status: Option<u16>,
}

impl Match {
    pub fn fits(&self, request: Matched<'_>) -> bool {
        let Self {
            method,
            path,
            operation_id,
            user_name,
            status,
        } = self;
        method
            .as_ref()
            .is_none_or(|method| method.eq_ignore_ascii_case(request.method))
            && path
                .as_ref()
                .is_none_or(|path| path_fits(path, request.path))
            && operation_id
                .as_ref()
                .is_none_or(|id| Some(id.as_str()) == request.operation_id)
            && user_name
                .as_ref()
                .is_none_or(|name| Some(name.as_str()) == request.user_name)
            && status.is_none_or(|status| Some(status) == request.status)
    }
}

impl Entry {
    pub fn matched(&self) -> Matched<'_> {
        Matched {
            method: &self.method,
            path: &self.path,
            operation_id: self.operation_id,
            user_name: self.user_name.as_deref(),
            status: self.status,
        }
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
    use super::{Body, path_fits, redacted_query};

    const FORM: &str = "application/x-www-form-urlencoded";

    fn kept(json: &str) -> String {
        match Body::of_json(json.as_bytes()) {
            Body::None => "nothing".to_owned(),
            Body::Text(text) | Body::Start(text) => text,
        }
    }

    #[test]
    fn passwords_are_taken_out_at_any_depth_and_however_they_are_spelled() {
        for json in [
            r#"{"Password":"s3cret"}"#,
            r#"{"a":[{"password":"s3cret"}]}"#,
            r#"{"\u0050assword":"s3cret"}"#,
            r#"{"Password":"other","PASSWORD":"s3cret"}"#,
            r#"{"Password":{"deep":["s3cret"]}}"#,
            r#"{"NewPassword":"s3cret","OldPassword":"s3cret"}"#,
            r#"{"Password":"s3cret""#,
        ] {
            assert!(!kept(json).contains("s3cret"), "{json}: {}", kept(json));
        }
        assert_eq!(
            kept(r#"{"Password":"s3cret","FullName":"X"}"#),
            r#"{"Password":"[redacted]","FullName":"X"}"#
        );
        assert_eq!(kept(r#"{"FullName": "X"}"#), r#"{"FullName": "X"}"#);
        assert_eq!(
            Body::of_foreign(FORM, b"Pass%77ord=s3cret&a=b"),
            Body::Text("Password=[redacted]&a=b".to_owned())
        );
    }

    #[test]
    fn what_is_called_a_form_and_is_none_is_not_kept_as_one() {
        for none in [
            r#"{"Password":"s3cret""#,
            r#"{"Password":"s3cret=""#,
            r#"a=b&{"Password":"s3cret&s3cret""#,
        ] {
            assert_eq!(Body::of_foreign(FORM, none.as_bytes()), Body::None);
        }
        assert_eq!(
            Body::of_foreign(FORM, br#"{"Password":"s3cret"}"#),
            Body::Text(r#"{"Password":"[redacted]"}"#.to_owned())
        );
        assert_eq!(
            Body::of_foreign(FORM, br#"a={"Password":"s3cret"}"#),
            Body::Text("a=[redacted]".to_owned())
        );
    }

    #[test]
    fn queries_are_kept_as_they_were_written_but_for_their_secrets() {
        assert_eq!(redacted_query("a=%20b&c"), "a=%20b&c");
        assert_eq!(
            redacted_query("a=%20b&Pass%77ord=s3cret"),
            "a=+b&Password=%5Bredacted%5D"
        );
    }

    #[test]
    fn of_a_long_body_the_start_is_kept() {
        let long = format!(
            r#"{{"FullName":"{}","Password":"s3cret"}}"#,
            "é".repeat(4000)
        );
        assert!(
            matches!(Body::of_json(long.as_bytes()), Body::Start(start) if start.len() <= 4096 && start.len() > 4090)
        );
        let at_the_edge = format!(
            r#"{{"FullName":"{}","Password":"s3cret"}}"#,
            "x".repeat(4096 - 26)
        );
        assert!(!kept(&at_the_edge).contains("s3"), "{}", kept(&at_the_edge));
    }

    #[test]
    fn a_star_in_a_path_stands_for_one_segment() {
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
}
