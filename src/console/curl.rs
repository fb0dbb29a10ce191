//! Formats a recorded request as a `curl` command. Credentials are not recorded, so curl prompts for the password.

use crate::testing::journal::{Body, Entry};

/// Headers that curl sets by itself, or that are not recorded.
const OMITTED_HEADERS: [&str; 8] = [
    "host",
    "user-agent",
    "accept",
    "accept-encoding",
    "connection",
    "content-length",
    "authorization",
    "cookie",
];

pub fn command(entry: &Entry, base_url: &str) -> String {
    let mut parts = vec!["curl".to_owned()];
    if entry.method != "GET" {
        parts.push(format!("-X {}", quoted(&entry.method)));
    }
    if let Some(user_name) = &entry.user_name {
        parts.push(format!("-u {}", quoted(user_name)));
    }
    for (name, value) in entry.request.headers.iter() {
        if !OMITTED_HEADERS.contains(&&*name) {
            parts.push(format!("-H {}", quoted(&format!("{name}: {value}"))));
        }
    }
    if let Body::Text(text) | Body::Start(text) = &entry.request.body {
        parts.push(format!("--data-raw {}", quoted(text)));
    }
    let query = entry.query.as_ref().map(|query| format!("?{query}"));
    let query = query.unwrap_or_default();
    parts.push(quoted(&format!("{base_url}{}{query}", entry.path)));
    parts.join(" ")
}

/// Quotes a word for a shell where necessary.
fn quoted(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:@".contains(&byte);
    if !text.is_empty() && text.bytes().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::command;
    use crate::testing::journal::{Body, Entry, Message};

    fn entry(method: &str, query: Option<&str>, body: Body) -> Entry {
        let headers = [
            ("authorization", &b"Basic eDp5"[..]),
            ("content-type", b"application/json"),
        ];
        Entry {
            method: method.to_owned().into(),
            query: query.map(str::to_owned),
            user_name: Some("it's me".to_owned()),
            request: Message {
                headers: headers.into_iter().collect(),
                body,
            },
            ..Entry::example()
        }
    }

    #[test]
    fn shell_special_characters_are_quoted() {
        let entry = entry(
            "POST",
            Some("a=$(x)"),
            Body::Text(r#"{"a": "it's"}"#.into()),
        );
        assert_eq!(
            command(&entry, "http://localhost:8080"),
            r#"curl -X POST -u 'it'\''s me' -H 'content-type: application/json' --data-raw '{"a": "it'\''s"}' 'http://localhost:8080/v4/Operator?a=$(x)'"#
        );
    }
}
