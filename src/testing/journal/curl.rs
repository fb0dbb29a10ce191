//! Formats a recorded request as a `curl` command. Credentials are not recorded, so curl prompts for the password.

use super::redaction::REDACTED;
use super::{Body, Entry};

/// Headers that curl sets by itself, or that are not recorded.
const OMITTED_HEADERS: [&str; 8] = [
    "host",
    "user-agent",
    "accept-encoding",
    "connection",
    "content-length",
    "transfer-encoding",
    "authorization",
    "cookie",
];

/// A `curl` command.
pub struct Command {
    pub line: String,
    /// Why it does not repeat the request as it was.
    pub why_not: Option<&'static str>,
}

impl Command {
    pub fn new(entry: &Entry, base_url: &str) -> Self {
        let mut parts = vec!["curl".to_owned()];
        match &*entry.method {
            "GET" => {}
            // With -X, curl would wait for a body that never comes.
            "HEAD" => parts.push("-I".to_owned()),
            method => parts.push(format!("-X {}", quoted(method))),
        }
        if let Some(user_name) = &entry.user_name {
            parts.push(format!("-u {}", quoted(user_name)));
        }
        let headers = entry.request.headers.iter();
        for (name, value) in headers.filter(|(name, _)| !OMITTED_HEADERS.contains(&&**name)) {
            // An empty one is sent if it ends with a semicolon.
            let separator = if value.is_empty() { ";" } else { ": " };
            parts.push(format!(
                "-H {}",
                quoted(&format!("{name}{separator}{value}"))
            ));
        }
        if let Some(text) = entry.request.body.text() {
            if !entry
                .request
                .headers
                .iter()
                .any(|(name, _)| name == "content-type")
            {
                // curl would add that of a form.
                parts.push("-H content-type:".to_owned());
            }
            parts.push(format!("--data-raw {}", quoted(text)));
        }
        let target = entry.target();
        if target.contains(['{', '}', '[', ']']) {
            parts.push("-g".to_owned());
        }
        if target.contains("/.") {
            parts.push("--path-as-is".to_owned());
        }
        parts.push(quoted(&format!("{base_url}{target}")));
        Self {
            line: parts.join(" "),
            why_not: why_not(entry),
        }
    }
}

/// Returns what keeps a recorded request from being repeated.
fn why_not(entry: &Entry) -> Option<&'static str> {
    let headers = &entry.request.headers;
    let is_redacted = |text: &str| text.contains(REDACTED) || text.contains("%5Bredacted%5D");
    match &entry.request.body {
        Body::Withheld => return Some("the body is not kept"),
        Body::Start(_) => return Some("only the start of the body is kept"),
        Body::Text(text) if is_redacted(text) => {
            return Some(
                "the secrets of the body are not kept; write them where [redacted] stands",
            );
        }
        Body::Text(_) | Body::None => {}
    }
    let sent = headers
        .iter()
        .filter(|(name, _)| !OMITTED_HEADERS.contains(&&**name));
    if entry.query.as_deref().is_some_and(is_redacted) {
        Some("the secrets of the query are not kept")
    } else if { sent }.any(|(_, value)| is_redacted(&value)) {
        Some("the secrets of the headers are not kept")
    } else if headers.are_cut {
        Some("only the first headers are kept")
    } else if entry.user_name.is_none() && headers.iter().any(|(name, _)| name == "authorization") {
        Some("its credentials are not kept, and name no user")
    } else {
        None
    }
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
    use super::super::{Body, Entry, Message};
    use super::Command;

    fn command(method: &str, query: Option<&str>, body: Body) -> Command {
        let headers = [
            ("authorization", &b"[redacted]"[..]),
            ("content-type", b"application/json"),
            ("x-empty", b""),
        ];
        let entry = Entry {
            method: method.to_owned().into(),
            query: query.map(str::to_owned),
            user_name: Some("it's me".to_owned()),
            request: Message {
                headers: headers.into_iter().collect(),
                body,
            },
            ..Entry::example()
        };
        Command::new(&entry, "http://localhost:8080")
    }

    #[test]
    fn shell_special_characters_are_quoted() {
        let body = Body::Text(r#"{"a": "it's"}"#.into());
        let command = command("POST", Some("a=$(x)[1]"), body);
        assert_eq!(
            command.line,
            r#"curl -X POST -u 'it'\''s me' -H 'content-type: application/json' -H 'x-empty;' --data-raw '{"a": "it'\''s"}' -g 'http://localhost:8080/v4/Operator?a=$(x)[1]'"#
        );
        assert_eq!(command.why_not, None);
    }

    #[test]
    fn a_request_that_is_not_kept_as_a_whole_cannot_be_repeated() {
        let text = |text: &str| Body::Text(text.into());
        for (query, body) in [
            (None, Body::Withheld),
            (None, Body::Start("{".into())),
            (None, text(r#"{"Password":"[redacted]"}"#)),
            (None, text("Password=%5Bredacted%5D")),
            (Some("password=%5Bredacted%5D"), Body::None),
        ] {
            assert!(command("POST", query, body).why_not.is_some());
        }
    }

    #[test]
    fn a_body_of_no_type_is_not_sent_as_a_form() {
        let request = Message {
            body: Body::Text("{}".into()),
            ..Message::default()
        };
        let entry = Entry {
            method: "HEAD".into(),
            request,
            ..Entry::example()
        };
        let command = Command::new(&entry, "http://h");
        assert_eq!(
            command.line,
            "curl -I -H content-type: --data-raw '{}' http://h/v4/Operator"
        );
    }
}
