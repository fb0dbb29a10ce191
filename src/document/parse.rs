//! Parses the text of a document, YAML or JSON, to a tree of values, each with its line and column.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;

use granit_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, StrInput, Tag, options};
use serde::de::IgnoredAny;

use crate::domain::node::{Content, Key, Node};
use crate::domain::{Place, Problem};

/// The maximum nesting depth of a document, so that reading it does not overflow the stack.
const MAX_DEPTH: usize = 64;

/// The maximum number of values that all aliases together may expand to, so that a short text cannot exhaust the memory.
const MAX_ALIASED: usize = 1_000_000;

/// Parses the text of a document. An empty text is null.
pub fn parse(text: &str) -> Result<Node, Problem> {
    // Some editors write a byte order mark.
    let text = printable(text.strip_prefix('\u{feff}').unwrap_or(text));
    let limit = 2 * MAX_DEPTH;
    let options = options! {
        emit_comments: false,
        flow_nesting_limit: limit,
        block_nesting_limit: limit,
    };
    let mut tree = TreeBuilder {
        events: Parser::new_from_str_with_options(&text, options),
        anchors: HashMap::new(),
        aliased: 0,
    };
    tree.document()
}

/// Escapes the characters that JSON allows and YAML does not (YAML 1.2, 5.1, "Character Set"). Columns after such a character, on
/// its line, are those of the escaped text.
fn printable(text: &str) -> Cow<'_, str> {
    let is_unprintable = |character| matches!(character, '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}');
    // In JSON such characters can only occur in a string, where an escape is equivalent.
    if !text.contains(is_unprintable) || serde_json::from_str::<IgnoredAny>(text).is_err() {
        return text.into();
    }
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if is_unprintable(character) {
            let _ = write!(escaped, "\\u{:04x}", u32::from(character));
        } else {
            escaped.push(character);
        }
    }
    escaped.into()
}

fn place(marker: &Marker) -> Place {
    Place::Text {
        line: marker.line(),
        column: marker.col() + 1,
    }
}

fn problem(marker: &Marker, message: impl Into<String>) -> Problem {
    Problem {
        place: Some(place(marker)),
        ..Problem::general(message)
    }
}

/// Builds the tree from the events of the parser.
struct TreeBuilder<'t> {
    events: Parser<'t, StrInput<'t>>,
    /// The values that aliases refer to.
    anchors: HashMap<usize, Node>,
    /// The number of values that aliases have expanded to so far.
    aliased: usize,
}

impl<'t> TreeBuilder<'t> {
    fn next(&mut self) -> Result<(Event<'t>, Span), Problem> {
        let to_problem = |error: ScanError| problem(error.marker(), error.info());
        let next = self.events.next_event().transpose().map_err(to_problem)?;
        Ok(next.unwrap_or((Event::StreamEnd, Span::default())))
    }

    fn document(&mut self) -> Result<Node, Problem> {
        let mut root = Content::Null.into();
        loop {
            match self.next()? {
                (Event::DocumentStart(..), _) => {
                    let (event, span) = self.next()?;
                    root = self.node(event, span, 0)?;
                    self.next()?;
                    break;
                }
                (Event::StreamEnd, _) => break,
                _ => {}
            }
        }
        match self.next()? {
            (Event::DocumentStart(..), span) => Err(problem(
                &span.start,
                "a second document begins here; a file holds one",
            )),
            _ => Ok(root),
        }
    }

    /// Builds the value that starts with an event.
    fn node(&mut self, event: Event<'t>, span: Span, depth: usize) -> Result<Node, Problem> {
        let start = &span.start;
        if depth > MAX_DEPTH {
            let message = format!("is nested too deeply; at most {MAX_DEPTH} levels are allowed");
            return Err(problem(start, message));
        }
        let (content, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_plain = style == ScalarStyle::Plain;
                (scalar(text, is_plain, tag.as_deref(), start)?, anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                check_tag(tag.as_deref(), "seq", start)?;
                (self.list(depth)?, anchor)
            }
            Event::MappingStart(_, anchor, tag) => {
                check_tag(tag.as_deref(), "map", start)?;
                (self.object(depth)?, anchor)
            }
            Event::Alias(anchor) => (self.alias(anchor, start)?, 0),
            other => {
                let message = format!("a value is expected here, not {other:?}");
                return Err(problem(start, message));
            }
        };
        let node = Node {
            content,
            place: place(start),
        };
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn list(&mut self, depth: usize) -> Result<Content, Problem> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Content::List(items)),
                (event, span) => items.push(self.node(event, span, depth + 1)?),
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Content, Problem> {
        let mut entries = Vec::new();
        let mut merged = Vec::new();
        loop {
            let (event, span) = self.next()?;
            let (name, is_merge) = match event {
                Event::MappingEnd => break,
                Event::Scalar(text, style, _, None) => {
                    let is_merge = style == ScalarStyle::Plain && text == "<<";
                    (text.into_owned(), is_merge)
                }
                _ => return Err(problem(&span.start, "a key has to be a text")),
            };
            let (event, value) = self.next()?;
            let value = self.node(event, value, depth + 1)?;
            if is_merge {
                merged.extend(merge(value, &span.start)?);
            } else {
                let place = place(&span.start);
                entries.push((Key { name, place }, value));
            }
        }
        // Explicit entries take precedence over merged ones, and earlier merged entries over later ones.
        for (key, value) in merged {
            if !entries.iter().any(|(other, _)| other.name == key.name) {
                entries.push((key, value));
            }
        }
        Ok(Content::Object(entries))
    }

    fn alias(&mut self, anchor: usize, start: &Marker) -> Result<Content, Problem> {
        let Some(node) = self.anchors.get(&anchor) else {
            return Err(problem(
                start,
                "an alias cannot be part of what it stands for",
            ));
        };
        self.aliased += size(node);
        if self.aliased > MAX_ALIASED {
            let message = format!("aliases stand for more than {MAX_ALIASED} values");
            return Err(problem(start, message));
        }
        Ok(node.content.clone())
    }
}

/// Returns the entries of a merge key (<https://yaml.org/type/merge.html>).
fn merge(value: Node, start: &Marker) -> Result<Vec<(Key, Node)>, Problem> {
    match value.content {
        Content::Object(entries) => Ok(entries),
        Content::List(items) => {
            let all = items.into_iter().map(|item| merge(item, start));
            Ok(all.collect::<Result<Vec<_>, _>>()?.concat())
        }
        _ => Err(problem(start, "<< merges objects, and nothing else")),
    }
}

/// Returns the number of values in a tree.
fn size(node: &Node) -> usize {
    let parts = match &node.content {
        Content::List(items) => items.iter().map(size).sum(),
        Content::Object(entries) => entries.iter().map(|(_, value)| size(value)).sum(),
        _ => 0,
    };
    1 + parts
}

fn check_tag(tag: Option<&Tag>, core: &str, start: &Marker) -> Result<(), Problem> {
    match tag {
        Some(tag) if tag.core_suffix() != Some(core) => Err(unsupported(tag, start)),
        _ => Ok(()),
    }
}

fn unsupported(tag: &Tag, start: &Marker) -> Problem {
    problem(start, format!("unsupported tag `{}`", tag.original()))
}

/// Resolves a scalar by its tag, or else by the core schema (YAML 1.2, 10.3.2).
fn scalar(
    text: Cow<'_, str>,
    is_plain: bool,
    tag: Option<&Tag>,
    start: &Marker,
) -> Result<Content, Problem> {
    let is_text = match tag.map(|tag| (tag, tag.core_suffix())) {
        None => !is_plain,
        Some((_, Some("str"))) => true,
        // The non-specific tag makes a scalar without quotes a string.
        Some((tag, _)) if tag.original() == "!" => true,
        Some((_, Some("null" | "bool" | "int" | "float"))) => false,
        Some((tag, _)) => return Err(unsupported(tag, start)),
    };
    if is_text {
        return Ok(Content::Text(text.into_owned()));
    }
    Ok(match &*text {
        "" | "~" | "null" | "Null" | "NULL" => Content::Null,
        "true" | "True" | "TRUE" => Content::Flag(true),
        "false" | "False" | "FALSE" => Content::Flag(false),
        _ => parse_number(&text).unwrap_or_else(|| Content::Text(text.into_owned())),
    })
}

/// Parses a plain scalar as a number, if it is one. Digits after a leading zero are a text, such as a phone number or an account
/// number.
fn parse_number(text: &str) -> Option<Content> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(
        unsigned,
        ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN"
    ) {
        return Some(Content::Fraction(f64::NAN));
    }
    let begins_with_digit = |text: &str| text.starts_with(|first: char| first.is_ascii_digit());
    match unsigned.strip_prefix('0') {
        Some(rest) if begins_with_digit(rest) => return None,
        Some(rest) if rest.starts_with('o') => return radix(&rest[1..], 8),
        Some(rest) if rest.starts_with('x') => return radix(&rest[1..], 16),
        None if !begins_with_digit(unsigned.trim_start_matches('.')) => return None,
        _ => {}
    }
    let whole = text.parse().map(Content::Whole).ok();
    whole.or_else(|| text.parse().map(Content::Fraction).ok())
}

fn radix(digits: &str, radix: u32) -> Option<Content> {
    let whole = i64::from_str_radix(digits, radix);
    whole.map(Content::Whole).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::parse;
    use crate::domain::Place;

    fn read(text: &str) -> Value {
        let node = parse(text).unwrap_or_else(|problem| panic!("{text}: {problem:?}"));
        (&node).into()
    }

    #[test]
    fn json_is_read_as_a_json_parser_reads_it() {
        for text in [
            r#"{"a": [1, -2, 0, 5.0, 1.5e3, true, false, null], "b": {"c": {}}, "d": []}"#,
            r#"["\ud83e\udd80", "\u0000\u001f\u007f", "a\/b\\\"\n\t", "", " ", "1", "true", "null", "~", "<<"]"#,
            "[\"\u{7f}\u{85}\u{9f}\u{2028}\u{ffff}\", \"😀\"]",
            "{\n\t\"a\":\t1,\n\t\"b\" : [\n\t\t2\n\t]\n}",
            r#"{"a":1,"b":[{"c":2},{"d":"x: y # z"}]}"#,
            "5",
            r#""x""#,
        ] {
            let json: Value = serde_json::from_str(text).unwrap();
            assert_eq!(read(text), json, "{text}");
        }
    }

    #[test]
    fn plain_scalars_are_resolved_by_the_core_schema() {
        for (scalar, expected) in [
            ("yes", json!("yes")),
            ("True", json!(true)),
            ("~", Value::Null),
            ("", Value::Null),
            ("012", json!("012")),
            ("+31", json!(31)),
            ("0x1F", json!(31)),
            ("0o17", json!(15)),
            ("1_000", json!("1_000")),
            ("1e3", json!(1000.0)),
            (".5", json!(0.5)),
            ("0.5", json!(0.5)),
            ("-0", json!(0)),
            (".", json!(".")),
            ("1.2.3", json!("1.2.3")),
            ("2026-01-01", json!("2026-01-01")),
            ("08:00", json!("08:00")),
            ("infinity", json!("infinity")),
            ("nan", json!("nan")),
            ("'1'", json!("1")),
            ("!!str 1", json!("1")),
            ("!!int '1'", json!(1)),
        ] {
            assert_eq!(read(&format!("a: {scalar}"))["a"], expected, "{scalar}");
        }
    }

    #[test]
    fn aliases_and_merges_are_expanded() {
        let text = "x: &x {a: 1, b: 2}\ny: &y [1, *x]\nz: {<<: *x, b: 3}\nw: {b: 4, <<: [{a: 5}, *x]}\nv: *y";
        let read = read(text);
        assert_eq!(read["y"], json!([1, {"a": 1, "b": 2}]));
        assert_eq!(read["z"], json!({"b": 3, "a": 1}));
        assert_eq!(read["w"], json!({"b": 4, "a": 5}));
        assert_eq!(read["v"], read["y"]);
    }

    #[test]
    fn syntax_errors_are_reported_with_their_line() {
        let mut bomb = "a: &a 1\n".to_owned();
        for (before, name) in ('a'..='h').zip('b'..='i') {
            let ten = format!("*{before},").repeat(10);
            bomb = format!("{bomb}{name}: &{name} [{ten}]\n");
        }
        for (text, line, expected) in [
            (
                "a: &a [*a]",
                1,
                "an alias cannot be part of what it stands for",
            ),
            (&*bomb, 7, "aliases stand for more than"),
            ("<<: 1", 1, "<< merges objects"),
            ("? [1]\n: 2", 1, "a key has to be a text"),
            ("a: [1", 1, ""),
            ("a: 'x", 1, ""),
            ("a: \tx\n\tb: 1", 1, ""),
            (
                &*format!("{}{}", "[".repeat(70), "]".repeat(70)),
                1,
                "is nested too deeply",
            ),
            (&*"- ".repeat(200), 1, ""),
            (&*"- ".repeat(100_000), 1, ""),
        ] {
            let problem = parse(text).unwrap_err();
            assert!(
                problem.message.contains(expected),
                "{text:.40}: {problem:?}"
            );
            let Some(Place::Text { line: found, .. }) = problem.place else {
                panic!("{text:.40}: {problem:?}");
            };
            assert_eq!(found, line, "{text:.40}: {problem:?}");
        }
    }
}
