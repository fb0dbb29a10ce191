//! `…/faults`: injects failures on demand.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::NoContent;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use strum::{EnumString, VariantNames};

use super::any_json::{AnyFields, AnyJson};
use super::extract::{FromShape, Path, Scoped, Within, of_json};
use super::matches::{self, MatchBody, MatchShape};
use super::problem::{Problem, Result};
use super::scope::{Scope, both};
use crate::AppState;
use crate::bind::{Fields, Item, Located, limit, shape, with_example};
use crate::domain::node::{Content, Node};
use crate::domain::restore_parsed;
use crate::domain::text::quoted;
use crate::domain::value::{LARGEST_WHOLE, from_node, word_of};
use crate::operation::{Created, Operation};
use crate::testing::fault::{Answer, Definition, Effect, End, Fault, TooMany, When};

pub static OPERATIONS: &[[Operation; 2]] = &[
    both!(GET "/faults" => list, "Emulator_ListFaults", "All faults, spent ones included; those of the server too in the list of an account."),
    both!(POST "/faults" => create, "Emulator_CreateFault", "Lets the requests that match fail, or answers them."),
    both!(DELETE "/faults" => clear, "Emulator_ClearFaults", "Takes all faults away."),
    both!(GET "/faults/{faultId}" => get, "Emulator_GetFault", "A fault, with its hits."),
    both!(PATCH "/faults/{faultId}" => patch, "Emulator_ChangeFault", "Changes a fault, which keeps what it did."),
    both!(DELETE "/faults/{faultId}" => delete, "Emulator_DeleteFault", "Takes a fault away."),
];

const LONGEST_DELAY: u64 = 600_000;

/// The statuses whose responses have no body (RFC 9110, 15.3.5, 15.3.6 and 15.4.5).
const WITHOUT_BODY: [u16; 3] = [204, 205, 304];

shape! {
    /// A fault: which requests it affects, how, and how often.
    FaultShape = "NewFault", fault_schema {
        /// What it is called in lists.
        name: String = "name",
        matches: MatchShape = "match",
        effect: EffectShape = "effect",
        when: WhenBody = "when",
        skip: u64 = "skip",
        /// How many requests it affects before it is spent; unlimited by default.
        count: u64 = "count",
        probability: f64 = "probability",
        /// The seed of the random numbers behind `probability`, so that a run can be repeated; by default a random one.
        seed: u64 = "seed",
        /// Whether it strikes; true by default.
        enabled: bool = "enabled",
    }
    required: "effect";
}

fn fault_schema(mut schema: Schema) -> Schema {
    limit(&mut schema, "count", 1, LARGEST_WHOLE.unsigned_abs());
    limit(&mut schema, "probability", 0, 1);
    let status_before = json!({"required": ["match"], "properties": {
        "match": {"required": ["status"], "properties": {"status": {"not": {"type": "null"}}}}, "when": {"enum": ["before", null]}
    }});
    schema.insert("not".to_owned(), status_before);
    with_example(
        schema,
        &json!({"match": {"method": "POST", "path": "/v4/Operator"}, "effect": {"status": 503}, "when": "before", "count": 1}),
    )
}

shape! {
    /// A response (`status`, `headers`, `body`) or an end of the connection, a delay, or a delay and then one of the others.
    EffectShape = "NewEffect", effect_schema {
        delay_ms: u64 = "delayMs",
        /// Without `body`, an error has the API's own error body.
        status: u16 = "status",
        headers: Headers = "headers",
        body: AnyJson = "body",
        network: Network = "network",
    }
}

fn effect_schema(mut schema: Schema) -> Schema {
    limit(&mut schema, "status", 200, 599);
    limit(&mut schema, "delayMs", 0, LONGEST_DELAY);
    let absent = json!({"type": "null"});
    let kinds = json!([
        {"required": ["status"], "properties": {"status": {"type": "integer"}, "network": absent},
            "not": {"required": ["body"], "properties": {
                "status": {"enum": WITHOUT_BODY}, "body": {"not": absent}
            }}},
        {"required": ["delayMs"], "properties": {
            "delayMs": {"type": "integer"}, "network": absent, "status": absent, "headers": absent, "body": absent
        }},
        {"required": ["network"], "properties": {
            "network": {"type": "string"}, "status": absent, "headers": absent, "body": absent
        }}
    ]);
    schema.insert("anyOf".to_owned(), kinds);
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
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Fault", example = json!({
    "id": 1, "match": {"method": "POST", "path": "/v4/Operator"}, "effect": {"status": 503}, "when": "before",
    "skip": 0, "count": 1, "probability": 1.0, "seed": 7, "enabled": true, "hits": 1, "remaining": 0, "spent": true,
    "requests": [{"sequence": 17, "committed": false}]
}))]
struct FaultBody {
    id: u64,
    /// Whether it belongs to the server, in the list of an account.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    of_server: bool,
    #[serde(flatten)]
    definition: DefinitionBody,
    hits: u64,
    /// How many hits are left; unlimited without a count.
    #[serde(skip_serializing_if = "Option::is_none")]
    remaining: Option<u64>,
    /// Whether it has hit as often as it was to.
    spent: bool,
    /// The latest requests that it hit, at most 1000.
    requests: Vec<StruckBody>,
}

/// What a fault is, as it was made.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct DefinitionBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    r#match: MatchBody,
    effect: EffectBody,
    when: WhenBody,
    skip: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    probability: f64,
    seed: u64,
    enabled: bool,
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct StruckBody {
    sequence: u64,
    /// Whether the change of the request was committed.
    committed: bool,
}

async fn list(scope: Scope) -> Json<Vec<FaultBody>> {
    let own = scope.testing().faults.list();
    let own = own.iter().map(FaultBody::from);
    let of_server = scope.faults_of_server();
    let of_server = of_server.iter().map(|fault| FaultBody {
        of_server: true,
        ..fault.into()
    });
    Json(own.chain(of_server).collect())
}

async fn create(Scoped(scope, definition): Scoped<Definition>) -> Result<Created<Json<FaultBody>>> {
    let fault = scope.testing().faults.add(definition)?;
    Ok(Created(Json((&fault).into())))
}

async fn get(scope: Scope, Path(id): Path<FaultPath>) -> Result<Json<FaultBody>> {
    Ok(Json((&id.find(&scope)?).into()))
}

/// What changes of a fault: a JSON Merge Patch (RFC 7396) of what it was made of.
struct Changes(Value);

impl FromShape for Changes {
    type Shape = ChangesShape;

    fn join(shape: ChangesShape, _: &mut Fields<'_>, _: Within<'_>) -> Option<Self> {
        Some(Self(Value::Object(shape.changes.0)))
    }
}

shape! {
    /// What changes of a fault (RFC 7396): a field that is null goes back to its default. What it did is kept.
    ChangesShape = "FaultChanges", changes_schema {
        ..changes: AnyFields,
    }
}

fn changes_schema(mut schema: Schema) -> Schema {
    // They are those of a new fault, which the changed one is checked as.
    schema.remove("additionalProperties");
    with_example(schema, &json!({"enabled": false}))
}

async fn patch(
    Path(id): Path<FaultPath>,
    State(state): State<AppState>,
    Scoped(scope, Changes(changes)): Scoped<Changes>,
) -> Result<Json<FaultBody>> {
    let fault = id.find(&scope)?;
    let mut definition = json!(DefinitionBody::from(&fault.definition));
    merge(&mut definition, changes);
    let within = Within {
        catalog: state.catalog,
        scope: Some(&scope),
    };
    let definition = of_json(definition, within)?;
    let redefined = scope.testing().faults.redefine(fault.id, definition)?;
    let redefined = redefined.ok_or_else(|| id.not_found())?;
    Ok(Json((&redefined).into()))
}

/// Applies a JSON Merge Patch.
fn merge(target: &mut Value, changes: Value) {
    let Value::Object(changes) = changes else {
        *target = changes;
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (name, change) in changes {
        match target.as_object_mut() {
            Some(fields) if change.is_null() => {
                fields.shift_remove(&name);
            }
            _ => merge(&mut target[name], change),
        }
    }
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
    fn find(&self, scope: &Scope) -> Result<Fault> {
        let found = scope.testing().faults.get(self.fault_id);
        found.ok_or_else(|| self.not_found())
    }

    fn not_found(&self) -> Problem {
        let message = format!("there is no fault {} here", self.fault_id);
        Problem::new(StatusCode::NOT_FOUND, message)
    }
}

impl From<TooMany> for Problem {
    fn from(error: TooMany) -> Self {
        Self::bad_request(error.to_string())
    }
}

/// The largest body of a response, in bytes of JSON.
const LARGEST_ANSWER: usize = 1024 * 1024;

impl FromShape for Definition {
    type Shape = FaultShape;

    fn join(shape: FaultShape, fields: &mut Fields<'_>, within: Within<'_>) -> Option<Self> {
        let FaultShape {
            name,
            matches,
            effect,
            when,
            skip,
            count,
            probability,
            seed,
            enabled,
        } = shape;
        let when = when.into_value().unwrap_or_default();
        let matches = matches::resolve(matches, fields, within);
        let has_status = matches
            .as_ref()
            .is_some_and(|matches| matches.status.is_some());
        if has_status && when == WhenBody::Before {
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
            name: name.into_value(),
            matches: matches?,
            effect: effect?,
            when: match when {
                WhenBody::Before => When::Before,
                WhenBody::After => When::After,
            },
            skip: skip.into_value().unwrap_or_default(),
            count,
            probability,
            // Every reader of JSON reads this number exactly.
            seed: seed
                .into_value()
                .unwrap_or_else(|| rand::random::<u32>().into()),
            enabled: enabled.into_value().unwrap_or(true),
        })
    }
}

fn join_effect(effect: EffectShape, fields: &mut Fields<'_>) -> Option<Effect> {
    let EffectShape {
        delay_ms,
        status,
        headers,
        body,
        network,
    } = effect;
    let is_answer = !(status.is_absent() && headers.is_absent() && body.is_absent());
    if is_answer && !network.is_absent() {
        return fields.malformed("effect", "has either status, headers and body, or network");
    }
    if is_answer && status.is_absent() {
        return fields.malformed(
            "effect.status",
            "is required for an answer with headers or a body",
        );
    }
    if !is_answer && network.is_absent() && delay_ms.is_absent() {
        return fields.malformed("effect", "needs one of status, delayMs and network");
    }
    let delay = delay_ms.into_value();
    if delay.is_some_and(|delay| delay > LONGEST_DELAY) {
        fields.malformed::<()>("effect.delayMs", format!("at most {LONGEST_DELAY}"));
    }
    let end = if is_answer {
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
        if body
            .as_ref()
            .is_some_and(|body| body.to_string().len() > LARGEST_ANSWER)
        {
            fields.malformed::<()>("effect.body", format!("at most {LARGEST_ANSWER} bytes"));
        }
        let headers = headers.into_value().map(|Headers(headers)| headers);
        Some(End::Answer(Answer {
            status,
            headers: headers.unwrap_or_default(),
            body,
        }))
    } else {
        network.into_value().map(|network| match network {
            Network::Reset => End::Reset,
            Network::Hang => End::Hang,
        })
    };
    Some(Effect {
        delay: delay.map(Duration::from_millis),
        end,
    })
}

impl From<&Definition> for DefinitionBody {
    fn from(definition: &Definition) -> Self {
        let Definition {
            name,
            matches,
            effect: Effect { delay, end },
            when,
            skip,
            count,
            probability,
            seed,
            enabled,
        } = definition;
        let delay = delay.map(|delay| delay.as_millis().try_into().unwrap_or(u64::MAX));
        let effect = match end {
            Some(End::Answer(Answer {
                status,
                headers,
                body,
            })) => EffectBody {
                status: Some(*status),
                headers: (!headers.is_empty()).then(|| headers.iter().cloned().collect()),
                body: body.clone(),
                ..EffectBody::default()
            },
            end => EffectBody {
                network: end.as_ref().map(|end| match end {
                    End::Hang => Network::Hang,
                    _ => Network::Reset,
                }),
                ..EffectBody::default()
            },
        };
        Self {
            name: name.clone(),
            r#match: matches.into(),
            effect: EffectBody {
                delay_ms: delay,
                ..effect
            },
            when: match when {
                When::Before => WhenBody::Before,
                When::After => WhenBody::After,
            },
            skip: *skip,
            count: *count,
            probability: *probability,
            seed: *seed,
            enabled: *enabled,
        }
    }
}

impl From<&Fault> for FaultBody {
    fn from(fault: &Fault) -> Self {
        let struck = fault.requests.iter().map(|struck| StruckBody {
            sequence: struck.sequence,
            committed: struck.committed,
        });
        Self {
            id: fault.id,
            of_server: false,
            definition: (&fault.definition).into(),
            hits: fault.hits,
            remaining: fault
                .definition
                .count
                .map(|count| count.saturating_sub(fault.hits)),
            spent: fault.is_spent(),
            requests: struck.collect(),
        }
    }
}
