//! `…/coverage`: which operations were called, and what became of the requests.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::NoContent;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::extract::{FromShape, Query, Within};
use super::matches::outside;
use super::scope::{Scope, both};
use crate::AppState;
use crate::bind::{Fields, shape};
use crate::domain::text::{nearest, quoted};
use crate::operation::{Catalog, Operation};
use crate::testing::coverage::{Outcomes, Tally};
use crate::testing::matching::Match;

pub static OPERATIONS: &[[Operation; 2]] = &[
    both!(GET "/coverage" => get, "Emulator_GetCoverage", "Which operations were called since the start, and what became of the requests."),
    both!(DELETE "/coverage" => clear, "Emulator_ClearCoverage", "Begins to count anew."),
];

/// The requests that are counted.
#[derive(Debug)]
pub struct Counted {
    pub label: Option<String>,
}

shape! {
    /// The requests that are counted.
    CountedShape = "CoverageQuery" {
        /// Only those of accounts with this label, deleted ones included.
        label: String = "label",
    }
}

impl FromShape for Counted {
    type Shape = CountedShape;

    fn join(shape: CountedShape, fields: &mut Fields<'_>, within: Within<'_>) -> Option<Self> {
        let label = shape.label.into_value();
        let criteria = Match {
            label: label.clone(),
            ..Match::default()
        };
        if let Some((field, message)) = outside(&criteria, within.scope) {
            return fields.malformed(field, message);
        }
        if let (Some(label), Some(scope)) = (&label, within.scope) {
            let labels = Vec::from_iter(scope.labels());
            if !labels.contains(label) {
                let near = nearest(label, &labels).map_or_else(String::new, |near| {
                    format!("; the nearest one is {}", quoted(near))
                });
                let message = format!(
                    "no account has the label {}, and no request is counted of one that had it{near}",
                    quoted(label)
                );
                return fields.malformed("label", message);
            }
        }
        Some(Self { label })
    }
}

/// Which operations were called, and what became of the requests.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Coverage", example = json!({
    "calls": 3,
    "emulated": {"operations": 47, "called": 1},
    "operations": [{
        "operationId": "Operator_CreateOperator", "method": "POST", "path": "/v4/Operator", "isEmulated": true, "calls": 2,
        "statuses": {"400": 1}, "lost": 1, "fields": {"400": {"Email": 1}}, "struckAfter": 1
    }],
    "neverCalled": ["Operator_DeleteOperator"],
    "unknown": [{"method": "GET", "path": "/v4/Operators", "calls": 1}],
    "otherUnknown": 0
}))]
pub struct CoverageBody {
    /// All requests.
    pub calls: u64,
    pub emulated: Emulated,
    /// Every operation of the live service.
    pub operations: Vec<OperationBody>,
    /// The `operationId`s of those that are emulated and were not called.
    pub never_called: Vec<&'static str>,
    /// The requests that no operation has: the 100 most frequent ones.
    pub unknown: Vec<UnknownBody>,
    /// The number of further ones.
    pub other_unknown: u64,
    /// Whether some requests may be counted elsewhere: of more than 10,000 accounts (or labels), those that were used least
    /// recently are added to their label (or to the server).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_partial: bool,
}

/// The operations that are emulated, and how many of them were called.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Emulated {
    pub operations: usize,
    pub called: usize,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "OperationCoverage")]
pub struct OperationBody {
    pub operation_id: &'static str,
    pub method: &'static str,
    pub path: String,
    pub is_emulated: bool,
    pub calls: u64,
    /// How often it was answered with each status.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub statuses: BTreeMap<String, u64>,
    /// How often there was no answer.
    #[serde(skip_serializing_if = "is_zero")]
    pub lost: u64,
    /// By status: how often an answer complained of each field; the items of a list are one, `Authorizations[]`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, BTreeMap<String, u64>>,
    /// The number of requests that a fault struck before they were carried out.
    #[serde(skip_serializing_if = "is_zero")]
    pub struck_before: u64,
    /// The number of requests that a fault struck afterwards.
    #[serde(skip_serializing_if = "is_zero")]
    pub struck_after: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "UnknownRequest")]
pub struct UnknownBody {
    pub method: String,
    pub path: String,
    pub calls: u64,
}

impl CoverageBody {
    pub fn new((mut tally, is_partial): (Tally, bool), catalog: Catalog) -> Self {
        let operations: Vec<_> = catalog
            .all()
            .map(|known| {
                let outcomes = tally.operations.remove(known.id).unwrap_or_default();
                let Outcomes {
                    mut statuses,
                    fields: all_fields,
                    struck_before,
                    struck_after,
                } = outcomes;
                let mut fields = BTreeMap::<String, BTreeMap<_, _>>::new();
                for ((status, field), times) in all_fields {
                    let of_status = fields.entry(status.to_string()).or_default();
                    of_status.insert(field, times);
                }
                OperationBody {
                    operation_id: known.id,
                    method: known.method,
                    path: known.path,
                    is_emulated: known.emulated.is_some(),
                    calls: statuses.values().sum(),
                    lost: statuses.remove(&None).unwrap_or_default(),
                    statuses: statuses
                        .into_iter()
                        .filter_map(|(status, times)| Some((status?.to_string(), times)))
                        .collect(),
                    fields,
                    struck_before,
                    struck_after,
                }
            })
            .collect();
        let mut unknown: Vec<_> = tally
            .unknown
            .into_iter()
            .map(|((method, path), calls)| UnknownBody {
                method,
                path,
                calls,
            })
            .collect();
        unknown.sort_by_key(|request| std::cmp::Reverse(request.calls));
        let emulated = operations.iter().filter(|operation| operation.is_emulated);
        let never_called: Vec<_> = emulated
            .clone()
            .filter(|operation| operation.calls == 0)
            .map(|operation| operation.operation_id)
            .collect();
        let of_unknown: u64 = unknown.iter().map(|request| request.calls).sum();
        let of_operations: u64 = operations.iter().map(|operation| operation.calls).sum();
        let count = emulated.count();
        Self {
            calls: of_operations + of_unknown + tally.other_unknown,
            emulated: Emulated {
                operations: count,
                called: count - never_called.len(),
            },
            operations,
            never_called,
            unknown,
            other_unknown: tally.other_unknown,
            is_partial,
        }
    }
}

async fn get(
    State(state): State<AppState>,
    scope: Scope,
    Query(Counted { label }): Query<Counted>,
) -> Json<CoverageBody> {
    let sum = scope.coverage(label.as_deref());
    Json(CoverageBody::new(sum, state.catalog))
}

async fn clear(scope: Scope, Query(Counted { label }): Query<Counted>) -> NoContent {
    scope.forget_coverage(label.as_deref());
    NoContent
}
