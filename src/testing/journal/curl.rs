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
        let has = |name: &str| entry.request.headers.iter().any(|(is, _)| is == name);
        // What curl would add by itself.
        if !has("accept") {
            parts.push("-H accept:".to_owned());
        }
        if let Some(text) = entry.request.body.text() {
            if !has("content-type") {
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
    let Entry {
        query,
        request,
        user_name,
        ..
    } = entry;
    let is_redacted = |text: &str| text.contains(REDACTED) || text.contains("%5Bredacted%5D");
    let is_cut = |text: &str| text.ends_with('…');
    let mut sent = request
        .headers
        .iter()
        .filter(|(name, _)| !OMITTED_HEADERS.contains(&&**name));
    let has_credentials = || {
        request
            .headers
            .iter()
            .any(|(name, _)| name == "authorization")
    };
    match &request.body {
        Body::Withheld => Some("its body is not kept"),
        Body::None if request.has_unread_body() => Some("its body was not read"),
        Body::Start(_) => Some("only the start of its body is kept"),
        // It was written anew without its secrets, so its blanks and double fields are gone, too.
        Body::Text(text) if text.to_ascii_lowercase().contains("password") => {
            Some("its body names secrets, which are not kept; write them where [redacted] stands")
        }
        Body::Text(_) if entry.method == "HEAD" => Some("curl sends no body with HEAD"),
        _ if is_cut(&entry.path) || query.as_deref().is_some_and(is_cut) => {
            Some("only the start of its path and query is kept")
        }
        _ if query.as_deref().is_some_and(is_redacted) => {
            Some("the secrets of its query are not kept")
        }
        _ if sent.any(|(_, value)| is_redacted(&value)) => {
            Some("the secrets of its headers are not kept")
        }
        _ if request.headers.are_cut => Some("only its first headers are kept"),
        _ if user_name.as_deref().map_or_else(has_credentials, is_cut) => {
            Some("its credentials are not kept, and name no user")
        }
        _ => None,
    }
}

/// Quotes a word for a shell where necessary.
fn quoted(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:@".contains(&byte);
    let is_control = |character: char| character.is_ascii_control() && !"\n\t".contains(character);
    if !text.is_empty() && text.bytes().all(is_plain) {
        text.to_owned()
    } else if text.contains(is_control) {
        // A browser would not copy them as they are.
        let escaped = text.chars().map(|character| match character {
            '\\' | '\'' => format!("\\{character}"),
            _ if is_control(character) => format!("\\x{:02x}", u32::from(character)),
            _ => character.to_string(),
        });
        format!("$'{}'", escaped.collect::<String>())
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Body, Entry, Message};
    use super::{Command, REDACTED};

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
            r#"curl -X POST -u 'it'\''s me' -H 'content-type: application/json' -H 'x-empty;' -H accept: --data-raw '{"a": "it'\''s"}' -g 'http://localhost:8080/v4/Operator?a=$(x)[1]'"#
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

    /// Returns the command for a request with these headers and this body.
    fn with(method: &str, headers: &[(&str, &[u8])], body: Body) -> Command {
        let request = Message {
            headers: headers.iter().copied().collect(),
            body,
        };
        let entry = Entry {
            method: method.to_owned().into(),
            request,
            ..Entry::example()
        };
        Command::new(&entry, "http://h")
    }

    #[test]
    fn nothing_is_sent_that_the_request_did_not_have() {
        let command = with("POST", &[], Body::Text("{\r\n'}".into()));
        assert_eq!(
            command.line,
            r"curl -X POST -H accept: -H content-type: --data-raw $'{\x0d
\'}' http://h/v4/Operator"
        );
        assert_eq!(command.why_not, None);
        assert_eq!(
            with("HEAD", &[], Body::None).line,
            "curl -I -H accept: http://h/v4/Operator"
        );
    }

    #[test]
    fn what_was_not_read_or_has_other_credentials_cannot_be_repeated() {
        for (method, name, value, body) in [
            ("HEAD", "accept", "*/*", Body::Text("{}".into())),
            ("DELETE", "content-length", "7", Body::None),
            ("GET", "transfer-encoding", "chunked", Body::None),
            ("GET", "authorization", REDACTED, Body::None),
            ("GET", "x-password", REDACTED, Body::None),
        ] {
            let command = with(method, &[(name, value.as_bytes())], body);
            assert!(command.why_not.is_some(), "{method} {name}");
        }
        assert!(
            with("GET", &[("content-length", b"0")], Body::None)
                .why_not
                .is_none()
        );
        let long = Entry {
            path: format!("/v4/{}…", "x".repeat(1020)),
            ..Entry::example()
        };
        assert!(Command::new(&long, "http://h").why_not.is_some());
    }
}
