//! `…/requests/verify`: checks how many requests match, and says what came nearest if it is another number.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde_json::{Value, json};

use super::extract::{FromShape, Scoped, Within};
use super::matches::{self, MatchBody, MatchShape};
use super::requests::Count;
use super::scope::both;
use crate::bind::{Fields, shape, with_example};
use crate::operation::Operation;
use crate::service::verification::{
    Difference, Expected, Missed, NearMiss, Verification, verify as check,
};
use crate::testing::journal::Entry;
use crate::testing::matching::Match;

pub static OPERATIONS: &[[Operation; 2]] = &[both!(
    POST "/requests/verify" => verify, "Emulator_VerifyRequests",
    "Checks that so many requests match. If not, the answer names those that come nearest, and what differs in each.",
    [StatusCode::EXPECTATION_FAILED]
)];

/// The requests that a test expects.
#[derive(Debug)]
struct Verify {
    matches: Match,
    expected: Expected,
}

shape! {
    /// The requests that a test expects: `times`, or `atLeast` and `atMost`. The default is at least 1.
    VerifyShape = "RequestVerification", verify_schema {
        matches: MatchShape = "match",
        times: usize = "times",
        at_least: usize = "atLeast",
        at_most: usize = "atMost",
    }
}

fn verify_schema(mut schema: Schema) -> Schema {
    let number = json!({"type": "integer"});
    schema.insert(
        "not".to_owned(),
        json!({
            "required": ["times"], "properties": {"times": number},
            "anyOf": [
                {"required": ["atLeast"], "properties": {"atLeast": number}},
                {"required": ["atMost"], "properties": {"atMost": number}}
            ]
        }),
    );
    with_example(
        schema,
        &json!({"match": {"method": "POST", "path": "/v4/Operator", "body": {"FullName": "Alice"}}, "times": 1}),
    )
}

impl FromShape for Verify {
    type Shape = VerifyShape;

    fn join(shape: VerifyShape, fields: &mut Fields<'_>, within: Within<'_>) -> Option<Self> {
        let times = shape.times.into_value();
        let at_least = shape.at_least.into_value();
        let at_most = shape.at_most.into_value();
        let expected = match (times, at_least, at_most) {
            (Some(times), None, None) => Expected {
                at_least: times,
                at_most: Some(times),
            },
            (Some(_), _, _) => {
                return fields.malformed("times", "goes with neither atLeast nor atMost");
            }
            (None, Some(at_least), Some(at_most)) if at_least > at_most => {
                return fields.malformed("atMost", format!("is less than atLeast, {at_least}"));
            }
            (None, None, Some(at_most)) => Expected {
                at_least: 0,
                at_most: Some(at_most),
            },
            (None, at_least, at_most) => Expected {
                at_least: at_least.unwrap_or(1),
                at_most,
            },
        };
        Some(Self {
            matches: matches::resolve(shape.matches, fields, within)?,
            expected,
        })
    }
}

async fn verify(Scoped(scope, verify): Scoped<Verify>) -> Result<Json<Count>, Failure> {
    let Verify { matches, expected } = verify;
    match check(&scope, &matches, expected) {
        Verification::Met { count } => Ok(Json(Count { count })),
        Verification::Missed(missed) => Err(Failure::of(&matches, &missed)),
    }
}

/// An expectation that was not met, in the format of RFC 9457.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "VerificationFailure")]
pub struct Failure {
    title: &'static str,
    status: u16,
    /// The whole in a sentence for each request.
    detail: String,
    count: usize,
    expected: ExpectedBody,
    r#match: MatchBody,
    /// The latest requests that match.
    matched: Vec<RequestBody>,
    /// The requests that come nearest, the nearest first, with what differs in each.
    nearest: Vec<RequestBody>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
struct ExpectedBody {
    at_least: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    at_most: Option<usize>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct RequestBody {
    sequence: u64,
    method: String,
    path: String,
    status: Option<u16>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    differs: Vec<DifferenceBody>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct DifferenceBody {
    field: &'static str,
    expected: Value,
    actual: Value,
}

impl RequestBody {
    fn of(entry: &Entry) -> Self {
        Self {
            sequence: entry.sequence,
            method: entry.method.to_string(),
            path: entry.path.clone(),
            status: entry.status,
            differs: Vec::new(),
        }
    }

    fn of_near_miss(NearMiss { entry, differs }: &NearMiss) -> Self {
        Self {
            differs: differs.iter().map(DifferenceBody::from).collect(),
            ..Self::of(entry)
        }
    }
}

impl From<&Difference> for DifferenceBody {
    fn from(difference: &Difference) -> Self {
        let Difference {
            criterion,
            expected,
            actual,
        } = difference;
        Self {
            field: criterion.into(),
            expected: expected.clone(),
            actual: actual.clone(),
        }
    }
}

impl Failure {
    fn of(matches: &Match, missed: &Missed) -> Self {
        /// The number of matching requests that are shown.
        const SHOWN: usize = 10;

        let Missed {
            expected,
            found,
            nearest,
        } = missed;
        let latest = found.iter().rev().take(SHOWN);
        Self {
            title: "Expectation Failed",
            status: StatusCode::EXPECTATION_FAILED.as_u16(),
            detail: missed.sentences().join("; "),
            count: found.len(),
            expected: ExpectedBody {
                at_least: expected.at_least,
                at_most: expected.at_most,
            },
            r#match: matches.into(),
            matched: latest.map(|entry| RequestBody::of(entry)).collect(),
            nearest: nearest.iter().map(RequestBody::of_near_miss).collect(),
        }
    }

    /// Returns an example for the document.
    pub fn example() -> Value {
        json!({
            "title": "Expectation Failed", "status": 417,
            "detail": "0 requests match, and exactly 1 should; request 7, POST /v4/Operator, comes near: status is 400, not 201",
            "count": 0, "expected": {"atLeast": 1, "atMost": 1}, "match": {"path": "/v4/Operator", "status": 201}, "matched": [],
            "nearest": [{
                "sequence": 7, "method": "POST", "path": "/v4/Operator", "status": 400,
                "differs": [{"field": "status", "expected": 201, "actual": 400}]
            }]
        })
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let problem = [(CONTENT_TYPE, "application/problem+json")];
        (StatusCode::EXPECTATION_FAILED, problem, Json(self)).into_response()
    }
}
