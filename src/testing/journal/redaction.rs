//! Redacts secrets from recorded requests and responses, and truncates long bodies.

use std::borrow::Cow;
use std::ops::Deref;

use memchr::{memchr3_iter, memmem};
use percent_encoding::percent_decode_str;
use serde::de::IgnoredAny;
use serde_json::Value;

/// The number of bytes of a body that are kept.
const MAX_BODY: usize = 4 * 1024;

/// The number of bytes of the headers of a message that are kept.
const MAX_HEADERS: usize = 3 * 1024;

/// Redacted headers, stored in a single buffer, since every request has some: lines of a name, a tab and a value.
#[derive(Debug, Clone, Default)]
pub struct Headers {
    lines: Vec<u8>,
    /// Whether there were more.
    pub are_cut: bool,
}

impl<'a> FromIterator<(&'a str, &'a [u8])> for Headers {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a [u8])>>(headers: I) -> Self {
        // Large enough for most heads.
        let mut lines = Vec::with_capacity(256);
        for (name, value) in headers {
            let value = redacted_header(name, value);
            if lines.len() + name.len() + value.len() > MAX_HEADERS {
                return Self {
                    lines,
                    are_cut: true,
                };
            }
            lines.extend_from_slice(name.as_bytes());
            lines.push(b'\t');
            lines.extend_from_slice(value);
            // A value has no line end.
            lines.push(b'\n');
        }
        Self {
            lines,
            are_cut: false,
        }
    }
}

impl Headers {
    /// Returns names and values. Values are read as text only here, since most are never looked at.
    pub fn iter(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        self.lines.split(|byte| *byte == b'\n').filter_map(|line| {
            let end = line.iter().position(|byte| *byte == b'\t')?;
            let text = String::from_utf8_lossy;
            Some((text(&line[..end]), text(&line[end + 1..])))
        })
    }

    pub(super) fn bytes(&self) -> usize {
        self.lines.capacity()
    }
}

/// A redacted body.
#[derive(Debug, Default, PartialEq, Eq)]
pub enum Body {
    /// There was no body.
    #[default]
    None,
    Text(Text),
    /// The first 4 KiB of a longer one.
    Start(Text),
    /// A body that may hold secrets which cannot be located, or that is no text.
    Withheld,
}

impl Body {
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::None | Self::Withheld => 0,
            Self::Text(text) | Self::Start(text) => text.0.len(),
        }
    }

    /// Returns what is kept of the body.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::None | Self::Withheld => None,
            Self::Text(text) | Self::Start(text) => Some(text),
        }
    }
}

/// A text of a body. It is read as UTF-8 only when it is looked at, since most are never looked at.
#[derive(Debug, PartialEq, Eq)]
pub struct Text(Vec<u8>);

impl Deref for Text {
    type Target = str;

    /// Returns the text up to its end, or up to a character that it is cut within.
    fn deref(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_else(|_| {
            let start = self.0.utf8_chunks().next();
            start.map_or("", |start| start.valid())
        })
    }
}

impl<T: Into<Vec<u8>>> From<T> for Text {
    fn from(bytes: T) -> Self {
        Self(bytes.into())
    }
}

/// Redacts the secrets of a query. A query without secrets is returned unchanged.
pub fn redacted_query(query: &str) -> String {
    let fields = || form_urlencoded::parse(query.as_bytes());
    if !fields().any(|(name, value)| is_secret(&name) || is_secret(&value)) {
        return query.to_owned();
    }
    // A query whose names are not field names is not form-encoded, so its secrets cannot be located.
    if fields().any(|(name, _)| is_secret(&name) && !is_name(&name)) {
        return REDACTED.to_owned();
    }
    let mut redacted = form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields() {
        redacted.append_pair(&name, without_secret(&name, &value));
    }
    redacted.finish()
}

/// The word that the names of secret fields contain, in any letter case.
const SECRET_WORD: &[u8] = b"password";

/// The replacement for a secret.
pub const REDACTED: &str = "[redacted]";

/// Redacts the value of a header that holds credentials. Names of headers are in lower case.
fn redacted_header<'a>(name: &str, value: &'a [u8]) -> &'a [u8] {
    match name {
        // What nearly every request has need not be searched.
        "host" | "accept" | "content-type" | "content-length" | "user-agent" => value,
        "authorization" | "cookie" | "set-cookie" => REDACTED.as_bytes(),
        _ if is_secret(name) || name.ends_with("-authorization") => REDACTED.as_bytes(),
        _ => value,
    }
}

impl Body {
    /// Redacts a body of external origin according to its content type.
    pub fn of_foreign(content_type: &[u8], bytes: &[u8]) -> Self {
        if bytes.is_empty() {
            return Self::None;
        }
        let is_json = || serde_json::from_slice::<IgnoredAny>(bytes).is_ok();
        let content_type = content_type.to_ascii_lowercase();
        let is_form = content_type.starts_with(b"application/x-www-form-urlencoded");
        // curl declares every body a form by default, so a body that is valid JSON is treated as JSON.
        if is_json() {
            Self::of_json(bytes)
        } else if is_form && let Some(form) = Self::of_form(bytes) {
            form
        } else {
            Self::of_text(bytes)
        }
    }

    /// Redacts and truncates a JSON body.
    pub fn of_json(bytes: &[u8]) -> Self {
        let start = &bytes[..bytes.len().min(MAX_BODY)];
        // A secret follows the name of its field, so a start that holds no such name holds no secret either. An escape
        // may hide a name.
        if !may_name_a_secret(start) {
            return match bytes.len() {
                0 => Self::None,
                1..=MAX_BODY => Self::Text(start.into()),
                _ => Self::Start(start.into()),
            };
        }
        match serde_json::from_slice::<Value>(bytes) {
            Ok(mut value) => {
                redact(&mut value);
                Self::truncated(&value.to_string())
            }
            Err(_) => Self::of_text(bytes),
        }
    }

    /// Truncates a body that is neither JSON nor a form. Its secrets could not be located, so one that may hold some is withheld.
    fn of_text(bytes: &[u8]) -> Self {
        let Ok(text) = std::str::from_utf8(bytes) else {
            return Self::Withheld;
        };
        // An escape may hide a name, and so may the zeros of UTF-16.
        let decoded = percent_decode_str(text).decode_utf8_lossy();
        let may_hold_credentials = |text: &str| {
            is_secret(text)
                || ["authorization", "basic ", "bearer "]
                    .iter()
                    .any(|word| text.to_ascii_lowercase().contains(word))
        };
        if text.contains('\0')
            || may_name_a_secret(bytes)
            || may_hold_credentials(text)
            || may_hold_credentials(&decoded)
        {
            return Self::Withheld;
        }
        Self::truncated(text)
    }

    /// Redacts and truncates a form. Returns `None` for a body whose names are not field names, since that is not a form.
    fn of_form(bytes: &[u8]) -> Option<Self> {
        let fields: Option<Vec<_>> = form_urlencoded::parse(bytes)
            .map(|(name, value)| {
                is_name(&name).then(|| {
                    let value = without_secret(&name, &value);
                    let value = form_urlencoded::byte_serialize(value.as_bytes());
                    format!("{name}={}", value.collect::<String>())
                })
            })
            .collect();
        Some(Self::truncated(&fields?.join("&")))
    }

    fn truncated(text: &str) -> Self {
        if text.len() <= MAX_BODY {
            return Self::Text(text.into());
        }
        Self::Start(text.as_bytes()[..MAX_BODY].into())
    }
}

/// Returns whether a body of this content type (in lower case) may be JSON: `/api/Users` sends its JSON as HTML, too.
pub fn may_hold_json(content_type: &[u8]) -> bool {
    [b"application/json".as_slice(), b"text/html"]
        .iter()
        .any(|media_type| content_type.starts_with(media_type))
        || memmem::find(content_type, b"json").is_some()
}

/// Returns whether bytes may contain the name of a secret field. It searches for the rarest letter of the word, since it runs
/// on the start of every body.
fn may_name_a_secret(bytes: &[u8]) -> bool {
    memchr3_iter(b'w', b'W', b'\\', bytes).any(|index| match bytes[index] {
        b'\\' => bytes.get(index + 1) == Some(&b'u'),
        _ => index
            .checked_sub(4)
            .and_then(|start| bytes.get(start..start + SECRET_WORD.len()))
            .is_some_and(|word| word.eq_ignore_ascii_case(SECRET_WORD)),
    })
}

/// Returns whether a text can be the name of a form field.
fn is_name(text: &str) -> bool {
    text.chars()
        .all(|character| character.is_alphanumeric() || "_-.[]$".contains(character))
}

fn is_secret(name: &str) -> bool {
    name.as_bytes()
        .windows(SECRET_WORD.len())
        .any(|word| word.eq_ignore_ascii_case(SECRET_WORD))
}

/// Returns the value of a field, or a replacement if the value is a secret or mentions one: it may be a nested document.
fn without_secret<'a>(name: &str, value: &'a str) -> &'a str {
    if is_secret(name) || is_secret(value) {
        REDACTED
    } else {
        value
    }
}

/// Returns whether a value has a field of a secret, at any depth. Such a field is recorded without its value.
pub fn names_a_secret(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields
            .iter()
            .any(|(name, value)| is_secret(name) || names_a_secret(value)),
        Value::Array(items) => items.iter().any(names_a_secret),
        _ => false,
    }
}

/// Replaces the value of every field whose name contains "password", at any depth.
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

#[cfg(test)]
mod tests {
    use super::{Body, redacted_query};

    const FORM: &[u8] = b"application/x-www-form-urlencoded";

    fn redacted(json: &str) -> String {
        match Body::of_json(json.as_bytes()) {
            Body::None | Body::Withheld => "nothing".to_owned(),
            Body::Text(text) | Body::Start(text) => text.to_owned(),
        }
    }

    #[test]
    fn passwords_are_redacted_at_any_depth_and_in_any_spelling() {
        for json in [
            r#"{"Password":"s3cret"}"#,
            r#"{"a":[{"password":"s3cret"}]}"#,
            r#"{"\u0050assword":"s3cret"}"#,
            r#"{"Password":"other","PASSWORD":"s3cret"}"#,
            r#"{"Password":{"deep":["s3cret"]}}"#,
            r#"{"NewPassword":"s3cret","OldPassword":"s3cret"}"#,
            r#"{"Password":"s3cret""#,
        ] {
            assert!(
                !redacted(json).contains("s3cret"),
                "{json}: {}",
                redacted(json)
            );
        }
        assert_eq!(
            redacted(r#"{"Password":"s3cret","FullName":"X"}"#),
            r#"{"Password":"[redacted]","FullName":"X"}"#
        );
        assert_eq!(redacted(r#"{"FullName": "X"}"#), r#"{"FullName": "X"}"#);
        assert_eq!(
            Body::of_foreign(FORM, b"Pass%77ord=s3cret&a=b"),
            Body::Text("Password=%5Bredacted%5D&a=b".into())
        );
    }

    #[test]
    fn a_body_that_is_neither_json_nor_a_form_is_kept_unless_it_may_hold_secrets() {
        for input in [
            r#"{"Password":"s3cret""#,
            r#"{"Password":"s3cret=""#,
            r#"a=b&{"Password":"s3cret&s3cret""#,
            r#"{"Pass%77ord":"s3cret"#,
            r#"{"\u0050assword":"s3cret"#,
            "P\0a\0s\0s\0w\0o\0r\0d\0",
            "Authorization: Basic czNjcmV0",
        ] {
            assert_eq!(Body::of_foreign(FORM, input.as_bytes()), Body::Withheld);
            assert_eq!(
                Body::of_foreign(b"text/plain", input.as_bytes()),
                Body::Withheld
            );
        }
        assert_eq!(Body::of_foreign(b"", &[0xff, 0xfe, b'P']), Body::Withheld);
        let malformed = r#"{"FullName": "Alice",}"#;
        assert_eq!(
            Body::of_foreign(b"application/json", malformed.as_bytes()),
            Body::Text(malformed.into())
        );
        assert_eq!(
            Body::of_foreign(FORM, br#"{"Password":"s3cret"}"#),
            Body::Text(r#"{"Password":"[redacted]"}"#.into())
        );
        assert_eq!(
            Body::of_foreign(FORM, br#"a={"Password":"s3cret"}"#),
            Body::Text("a=%5Bredacted%5D".into())
        );
    }

    #[test]
    fn queries_are_kept_unchanged_except_for_their_secrets() {
        assert_eq!(redacted_query("a=%20b&c"), "a=%20b&c");
        assert_eq!(
            redacted_query("a=%20b&Pass%77ord=s3cret"),
            "a=+b&Password=%5Bredacted%5D"
        );
    }

    #[test]
    fn a_long_body_is_truncated() {
        let long = format!(
            r#"{{"FullName":"{}","Password":"s3cret"}}"#,
            "é".repeat(4000)
        );
        assert!(
            matches!(Body::of_json(long.as_bytes()), Body::Start(start) if start.len() <= 4096 && start.len() > 4090)
        );
        let at_the_limit = format!(
            r#"{{"FullName":"{}","Password":"s3cret"}}"#,
            "x".repeat(4096 - 26)
        );
        assert!(
            !redacted(&at_the_limit).contains("s3"),
            "{}",
            redacted(&at_the_limit)
        );
    }
}
