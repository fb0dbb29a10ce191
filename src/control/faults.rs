//! `…/faults`: injects failures on demand.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::NoContent;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use strum::{EnumString, VariantNames};

use super::extract::{FromShape, Path};
use super::problem::{Problem, Result};
use super::requests::{MatchBody, MatchShape};
use super::scope::{Scope, Scoped, both};
use crate::bind::{Fields, Item, Located, limit, shape, with_example};
use crate::domain::node::{Content, Node};
use crate::domain::restore_parsed;
use crate::domain::text::quoted;
use crate::domain::value::{LARGEST_WHOLE, from_node, word_of};
use crate::operation::{Created, Operation};
use crate::testing::fault::{Effect, Fault, When};
use crate::testing::journal::Match;

pub static OPERATIONS: &[[Operation; 2]] = &[
    both!(GET "/faults" => list, "Emulator_ListFaults", "The faults that are in wait."),
    both!(POST "/faults" => create, "Emulator_CreateFault", "Lets the requests that match fail."),
    both!(DELETE "/faults" => clear, "Emulator_ClearFaults", "Takes all faults away."),
    both!(GET "/faults/{faultId}" => get, "Emulator_GetFault", "A fault, with its hits."),
    both!(DELETE "/faults/{faultId}" => delete, "Emulator_DeleteFault", "Takes a fault away."),
];

const LONGEST_DELAY: u64 = 600_000;

/// The statuses whose responses have no body (RFC 9110, 15.3.5, 15.3.6 and 15.4.5).
const WITHOUT_BODY: [u16; 3] = [204, 205, 304];

shape! {
    /// A fault: which requests it affects, how, and how often.
    FaultShape = "NewFault", fault_schema {
        matches: MatchShape = "match",
        effect: EffectShape = "effect",
        when: WhenBody = "when",
        skip: u64 = "skip",
        /// How many requests it affects before it is removed; unlimited by default.
        count: u64 = "count",
        probability: f64 = "probability",
    }
    required: "effect";
}

fn fault_schema(mut schema: Schema) -> Schema {
    limit(&mut schema, "count", 1, LARGEST_WHOLE.unsigned_abs());
    limit(&mut schema, "probability", 0, 1);
    let status_before = json!({"required": ["match"], "properties": {
        "match": {"required": ["status"], "properties": {"status": {"type": "integer"}}}, "when": {"enum": ["before", null]}
    }});
    schema.insert("not".to_owned(), status_before);
    with_example(
        schema,
        &json!({"match": {"method": "POST", "path": "/v4/Operator"}, "effect": {"status": 503}, "when": "before", "count": 1}),
    )
}

shape! {
    /// One of: a response (`status`, `headers`, `body`), a delay, an end of the connection.
    EffectShape = "NewEffect", effect_schema {
        status: u16 = "status",
        headers: Headers = "headers",
        body: AnyJson = "body",
        delay_ms: u64 = "delayMs",
        network: Network = "network",
    }
}

fn effect_schema(mut schema: Schema) -> Schema {
    limit(&mut schema, "status", 200, 599);
    limit(&mut schema, "delayMs", 0, LONGEST_DELAY);
    let absent = json!({"type": "null"});
    let kinds = json!([
        {"required": ["status"], "properties": {
            "status": {"type": "integer"}, "delayMs": absent, "network": absent
        }, "not": {"required": ["body"], "properties": {
            "status": {"enum": WITHOUT_BODY}, "body": {"not": absent}
        }}},
        {"required": ["delayMs"], "properties": {
            "delayMs": {"type": "integer"}, "network": absent, "status": absent, "headers": absent, "body": absent
        }},
        {"required": ["network"], "properties": {
            "network": {"type": "string"}, "delayMs": absent, "status": absent, "headers": absent, "body": absent
        }}
    ]);
    schema.insert("oneOf".to_owned(), kinds);
    schema
}

/// The headers of a response.
#[derive(Debug)]
pub struct Headers(Vec<(String, String)>);

impl Item for Headers {
    fn read(node: &Node, name: &str, fields: &mut Fields<'_>) -> Located<Self> {
        let Content::Object(entries) = &node.content else {
            return fields.wrong(
                name,
                node,
                format!("must be an object, not {}", node.content),
            );
        };
        let mut headers = Vec::new();
        for (key, value) in entries {
            let Ok(value) = value.text() else {
                let message = format!(
                    "{} must be a text, not {}",
                    quoted(&key.name),
                    value.content
                );
                return fields.wrong(name, node, message);
            };
            // The server itself sets the headers that delimit a response.
            let can_be_sent = key
                .name
                .parse::<HeaderName>()
                .is_ok_and(|name| ![CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION].contains(&name));
            if !can_be_sent || value.parse::<HeaderValue>().is_err() {
                return fields.wrong(name, node, format!("{} cannot be sent", key.name));
            }
            headers.push((key.name.clone(), value.to_owned()));
        }
        Located::Value {
            value: Self(headers),
            place: node.place.clone(),
        }
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "propertyNames": {"pattern": "^(?!(?i:content-length|transfer-encoding|connection)$)[!#$%&'*+.^_`|~0-9A-Za-z-]+$"},
            "additionalProperties": {"type": "string", "pattern": "^[ -~]*$"}
        })
    }
}

/// Any JSON value, unchanged.
#[derive(Debug)]
pub struct AnyJson(Value);

impl Item for AnyJson {
    fn read(node: &Node, _: &str, _: &mut Fields<'_>) -> Located<Self> {
        Located::Value {
            value: Self(node.into()),
            place: node.place.clone(),
        }
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({})
    }
}

/// An effect, as the API returns it.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
struct EffectBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delay_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<Network>,
}

#[derive(Debug, Clone, Copy, Serialize, JsonSchema, EnumString, VariantNames)]
#[serde(rename_all = "camelCase")]
#[strum(serialize_all = "camelCase")]
pub enum Network {
    Reset,
    Hang,
}

#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema, EnumString, VariantNames,
)]
#[serde(rename_all = "camelCase")]
#[strum(serialize_all = "camelCase")]
#[schemars(rename = "When")]
pub enum WhenBody {
    #[default]
    Before,
    After,
}

restore_parsed!(Network, WhenBody);

from_node!(Network, Text, word_of);
from_node!(WhenBody, Text, word_of);

/// A fault, as the API returns it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Fault", example = json!({
    "id": 1, "match": {"method": "POST", "path": "/v4/Operator"}, "effect": {"status": 503}, "when": "before",
    "skip": 0, "count": 1, "probability": 1.0, "hits": 0, "remaining": 1
}))]
struct FaultBody {
    id: u64,
    r#match: MatchBody,
    effect: EffectBody,
    when: WhenBody,
    skip: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    probability: f64,
    hits: u64,
    /// How many hits are left; unlimited without a count.
    #[serde(skip_serializing_if = "Option::is_none")]
    remaining: Option<u64>,
}

async fn list(scope: Scope) -> Json<Vec<FaultBody>> {
    Json(
        scope
            .testing()
            .faults
            .list()
            .into_iter()
            .map(FaultBody::from)
            .collect(),
    )
}

async fn create(Scoped(scope, fault): Scoped<Fault>) -> Created<Json<FaultBody>> {
    scope.testing().faults.add(fault.clone());
    Created(Json(fault.into()))
}

async fn get(scope: Scope, Path(id): Path<FaultPath>) -> Result<Json<FaultBody>> {
    let fault = scope
        .testing()
        .faults
        .list()
        .into_iter()
        .find(|fault| fault.id == id.fault_id);
    fault
        .map(|fault| Json(fault.into()))
        .ok_or_else(|| id.not_found())
}

async fn delete(scope: Scope, Path(id): Path<FaultPath>) -> Result<NoContent> {
    if scope.testing().faults.remove(id.fault_id) {
        Ok(NoContent)
    } else {
        Err(id.not_found())
    }
}

async fn clear(scope: Scope) -> NoContent {
    scope.testing().faults.clear();
    NoContent
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FaultPath {
    fault_id: u64,
}

impl FaultPath {
    fn not_found(&self) -> Problem {
        Problem::new(
            StatusCode::NOT_FOUND,
            format!(
                "there is no fault {}; one whose count is used up is gone",
                self.fault_id
            ),
        )
    }
}

impl FromShape for Fault {
    type Shape = FaultShape;

    fn join(shape: FaultShape, fields: &mut Fields<'_>) -> Option<Self> {
        let FaultShape {
            matches,
            effect,
            when,
            skip,
            count,
            probability,
        } = shape;
        let matches = matches.into_value().map(Match::from).unwrap_or_default();
        let when = when.into_value().unwrap_or_default();
        if matches.status.is_some() && when == WhenBody::Before {
            fields.malformed::<()>(
                "match.status",
                "a fault before the request knows of no status; let it strike after",
            );
        }
        let count = count.into_value();
        if count == Some(0) {
            let message = "at least 1; leave it out for a fault that stays";
            fields.malformed::<()>("count", message);
        }
        let probability = probability.into_value().unwrap_or(1.0);
        if !(0.0..=1.0).contains(&probability) {
            fields.malformed::<()>("probability", "a number from 0 to 1");
        }
        let effect = match effect {
            Located::Value { value, .. } => join_effect(value, fields),
            Located::Absent => fields.malformed("effect", "is required"),
            Located::Invalid => None,
        };
        Some(Self {
            id: Self::new_id(),
            matches,
            effect: effect?,
            when: match when {
                WhenBody::Before => When::Before,
                WhenBody::After => When::After,
            },
            skip: skip.into_value().unwrap_or_default(),
            count,
            probability,
            seen: 0,
            hits: 0,
        })
    }
}

fn join_effect(effect: EffectShape, fields: &mut Fields<'_>) -> Option<Effect> {
    let EffectShape {
        status,
        headers,
        body,
        delay_ms,
        network,
    } = effect;
    let is_response = !(status.is_absent() && headers.is_absent() && body.is_absent());
    match (is_response, delay_ms, network) {
        (true, Located::Absent, Located::Absent) if !status.is_absent() => {
            let status = status.into_value()?;
            let body = body.into_value().map(|AnyJson(body)| body);
            if !(200..=599).contains(&status) {
                let message = format!("{status} is no status of an answer, 200 to 599");
                fields.malformed::<()>("effect.status", message);
            }
            if body.is_some() && WITHOUT_BODY.contains(&status) {
                let message = format!("an answer of status {status} has none");
                fields.malformed::<()>("effect.body", message);
            }
            let headers = headers.into_value().map(|Headers(headers)| headers);
            Some(Effect::Answer {
                status,
                headers: headers.unwrap_or_default(),
                body,
            })
        }
        (false, Located::Value { value: delay, .. }, Located::Absent) => {
            if delay > LONGEST_DELAY {
                fields.malformed::<()>("effect.delayMs", format!("at most {LONGEST_DELAY}"));
            }
            Some(Effect::Delay(Duration::from_millis(delay)))
        }
        (false, Located::Absent, Located::Value { value, .. }) => Some(match value {
            Network::Reset => Effect::Reset,
            Network::Hang => Effect::Hang,
        }),
        (false, Located::Invalid, Located::Absent) | (false, Located::Absent, Located::Invalid) => {
            None
        }
        _ => fields.malformed(
            "effect",
            "one of {status, headers, body}, {delayMs} and {network: \"reset\" or \"hang\"}",
        ),
    }
}

impl From<Fault> for FaultBody {
    fn from(fault: Fault) -> Self {
        let effect = match fault.effect {
            Effect::Answer {
                status,
                headers,
                body,
            } => EffectBody {
                status: Some(status),
                headers: (!headers.is_empty()).then(|| headers.into_iter().collect()),
                body,
                ..EffectBody::default()
            },
            Effect::Delay(delay) => EffectBody {
                delay_ms: Some(delay.as_millis().try_into().unwrap_or(u64::MAX)),
                ..EffectBody::default()
            },
            Effect::Reset => EffectBody {
                network: Some(Network::Reset),
                ..EffectBody::default()
            },
            Effect::Hang => EffectBody {
                network: Some(Network::Hang),
                ..EffectBody::default()
            },
        };
        Self {
            id: fault.id,
            r#match: fault.matches.into(),
            effect,
            when: match fault.when {
                When::Before => WhenBody::Before,
                When::After => WhenBody::After,
            },
            skip: fault.skip,
            count: fault.count,
            probability: fault.probability,
            hits: fault.hits,
            remaining: fault.count.map(|count| count.saturating_sub(fault.hits)),
        }
    }
}
