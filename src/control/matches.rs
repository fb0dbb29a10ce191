//! Matches: which requests are listed, counted, waited for, verified, or struck by a fault.

use schemars::{JsonSchema, Schema, json_schema};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::any_json::AnyJson;
use super::extract::{FromShape, Within};
use super::scope::Scope;
use crate::bind::{Fields, Located, Part, shape, with_example};
use crate::domain::node::Node;
use crate::domain::text::quoted;
use crate::domain::value::{FromNode, Kind, Mismatch};
use crate::domain::{AccountId, restore_parsed, schema};
use crate::testing::journal::names_a_secret;
use crate::testing::matching::{Criterion, Match, Status};

shape! {
    /// Which requests match: those that agree with every given field.
    MatchShape = "Match", match_schema {
        method: String = "method",
        /// The path without its query; `*` is one segment. `/Operator` and `/V4/operator/` mean `/v4/Operator`.
        path: String = "path",
        operation_id: String = "operationId",
        /// The API user; for `/Register`, the operator.
        user_name: String = "userName",
        account: AccountId = "account",
        /// The label of the account.
        label: String = "label",
        /// A status, or a class such as `4xx`.
        status: Status = "status",
        /// A part of the request's JSON body or form: fields that it has, and items of its lists.
        body: AnyJson = "body",
        /// A text in path, query, reasons or bodies, in any letter case.
        text: String = "text",
        /// Whether the live service has no such operation.
        unknown: bool = "unknown",
    }
}

fn match_schema(schema: Schema) -> Schema {
    with_example(schema, &json!({"method": "POST", "path": "/v4/Operator"}))
}

impl Part for MatchShape {
    fn bind(fields: &mut Fields<'_>) -> Self {
        <Self as crate::bind::Shape>::bind(fields)
    }
}

restore_parsed!(Status);

impl FromNode for Status {
    const KIND: Kind = Kind::Text;

    fn read(node: &Node) -> Result<Option<Self>, Mismatch> {
        let text = match node.integer() {
            Some(number) => number.to_string(),
            None => node.text()?.to_owned(),
        };
        text.parse().map(Some).map_err(Mismatch::malformed)
    }
}

schema!(Status, |_| json_schema!({"anyOf": [
    {"type": "integer", "minimum": 100, "maximum": 599},
    {"type": "string", "pattern": "^[1-5](xx|XX|[0-9][0-9])$"}
]}));

impl MatchShape {
    /// Returns the match, whose fields are called `prefix` and their name in the body.
    pub fn resolve(
        self,
        prefix: &str,
        fields: &mut Fields<'_>,
        within: Within<'_>,
    ) -> Option<Match> {
        let criteria = Match {
            method: self.method.into_value(),
            path: self.path.into_value(),
            operation_id: self.operation_id.into_value(),
            user_name: self.user_name.into_value(),
            account: self.account.into_value(),
            label: self.label.into_value(),
            status: self.status.into_value(),
            body: self.body.into_value().map(|AnyJson(body)| body),
            text: self.text.into_value(),
            unknown: self.unknown.into_value(),
            ..Match::default()
        };
        if criteria.body.as_ref().is_some_and(names_a_secret) {
            let message = "has a password, and passwords are not recorded";
            return fields.malformed(&format!("{prefix}body"), message);
        }
        if let Some((field, message)) = outside(&criteria, within.scope) {
            return fields.malformed(&format!("{prefix}{field}"), message);
        }
        match within.catalog.resolve(criteria) {
            Ok(criteria) => Some(criteria),
            Err(problems) => {
                for problem in problems {
                    let field = format!("{prefix}{}", problem.field);
                    fields.malformed::<()>(&field, problem.message);
                }
                None
            }
        }
    }
}

/// Returns why a match cannot be met in a scope: an account has only its own requests.
pub fn outside(criteria: &Match, scope: Option<&Scope>) -> Option<(&'static str, String)> {
    let scope = scope?;
    let own = scope.account()?;
    let label = scope.all.base(own).and_then(|base| base.label.as_ref());
    if criteria.account.is_some_and(|account| account != own) {
        Some((
            "account",
            format!("is another one than {own}, whose requests these are"),
        ))
    } else if criteria.label.is_some() && criteria.label.as_ref() != label {
        let label = label.map_or("has none".to_owned(), |label| {
            format!("is {}", quoted(label))
        });
        Some((
            "label",
            format!("is not that of account {own}, which {label}"),
        ))
    } else {
        None
    }
}

/// Returns the criteria of a match that is written in one line, with their values: each word, or what is in quotation marks, is the
/// value of the criterion that `name:` before it names, or belongs to the text. `status:404 label:"my suite" alice` is a status, a
/// label and a text.
pub fn in_words(line: &str) -> Vec<(&str, String)> {
    let (mut criteria, mut text) = (Vec::new(), Vec::new());
    let mut rest = line.trim();
    while !rest.is_empty() {
        let word = rest.split_whitespace().next().unwrap_or_default();
        let name = word.split_once(':').map_or("", |(name, _)| name);
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphabetic());
        let start = if is_name { name.len() + 1 } else { 0 };
        let (value, after) = split_value(&rest[start..]);
        if is_name && name != "text" {
            criteria.push((name, value.to_owned()));
        } else {
            text.push(value);
        }
        rest = after.trim_start();
    }
    if !text.is_empty() {
        criteria.push(("text", text.join(" ")));
    }
    criteria
}

/// Splits a text after its first word, or after what stands in quotation marks, the second of which ends a word.
fn split_value(text: &str) -> (&str, &str) {
    let ends_word = |at: usize| {
        text[at + 1..]
            .chars()
            .next()
            .is_none_or(char::is_whitespace)
    };
    let mut marks = text.match_indices('"').map(|(at, _)| at);
    match marks.next().zip(marks.find(|at| ends_word(*at))) {
        Some((0, end)) => (&text[1..end], &text[end + 1..]),
        _ => text.split_at(text.find(char::is_whitespace).unwrap_or(text.len())),
    }
}

/// Returns the match that is the field `match` of a body. Without one, every request matches.
pub fn resolve(
    matches: Located<MatchShape>,
    fields: &mut Fields<'_>,
    within: Within<'_>,
) -> Option<Match> {
    match matches.into_value() {
        Some(matches) => matches.resolve("match.", fields, within),
        None => Some(Match::default()),
    }
}

impl FromShape for Match {
    type Shape = MatchShape;

    fn join(shape: MatchShape, fields: &mut Fields<'_>, within: Within<'_>) -> Option<Self> {
        shape.resolve("", fields, within)
    }
}

/// A match, as the API returns it: in its canonical form.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct MatchBody(Map<String, Value>);

impl From<&Match> for MatchBody {
    fn from(criteria: &Match) -> Self {
        let set = criteria.criteria();
        Self(
            set.map(|criterion: Criterion| {
                let name: &'static str = criterion.into();
                (name.to_owned(), criteria.expected(criterion))
            })
            .collect(),
        )
    }
}

impl JsonSchema for MatchBody {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        MatchShape::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> Schema {
        MatchShape::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::in_words;

    #[test]
    fn a_line_names_criteria_and_a_text() {
        for (line, criteria) in [
            ("", &[][..]),
            (" alice  bob ", &[("text", "alice bob")][..]),
            ("status:404 alice", &[("status", "404"), ("text", "alice")]),
            (
                "alice label:\"my suite\" bob",
                &[("label", "my suite"), ("text", "alice bob")],
            ),
            ("label:a\"b path:", &[("label", "a\"b"), ("path", "")]),
            ("label:\"a \"b\"-c\"", &[("label", "a \"b\"-c")]),
            ("label:\"a b", &[("label", "\"a"), ("text", "b")]),
            (
                "text:Email: \"is required\"",
                &[("text", "Email: is required")],
            ),
            ("\"Email: é\"", &[("text", "Email: é")]),
            (
                "{\"FullName\": 7} 12:30",
                &[("text", "{\"FullName\": 7} 12:30")],
            ),
        ] {
            let expected = criteria
                .iter()
                .map(|(name, value)| (*name, (*value).to_owned()));
            assert_eq!(in_words(line), expected.collect::<Vec<_>>(), "{line}");
        }
    }
}
