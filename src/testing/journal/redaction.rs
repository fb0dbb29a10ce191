//! What is kept of a request or an answer: all but its secrets, and of a long body the start.

use std::borrow::Cow;

use memchr::memchr3_iter;
use serde::de::IgnoredAny;
use serde_json::Value;

/// What is kept of a body.
const BODY: usize = 4 * 1024;

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

#[cfg(test)]
mod tests {
    use super::{Body, redacted_query};

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
}
