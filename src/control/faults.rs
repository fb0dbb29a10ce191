//! `…/faults`: failures on demand.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::NoContent;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::extract::{Path, object, whole, whole_or_null};
use super::problem::{Problem, Result};
use super::requests::MatchBody;
use super::scope::{Scope, Scoped, both};
use crate::error::Error;
use crate::operation::{Created, Operation};
use crate::testing::fault::{Effect, Fault, When};
use crate::testing::journal::Match;

pub static OPERATIONS: &[[Operation; 2]] = &[
    both!(GET "/faults" => list, "Emulator_ListFaults", "The faults that are in wait."),
    both!(POST "/faults" => create, "Emulator_CreateFault", "Lets the requests that match fail."),
    both!(DELETE "/faults" => clear, "Emulator_ClearFaults", "Takes all faults away."),
    both!(GET "/faults/{faultId}" => look, "Emulator_GetFault", "A fault, with its hits."),
    both!(DELETE "/faults/{faultId}" => delete, "Emulator_DeleteFault", "Takes a fault away."),
];

const LONGEST_DELAY: u64 = 600_000;

/// Statuses whose answers end with their heads (RFC 9110, 15.3.5, 15.3.6 and 15.4.5).
const WITHOUT_BODY: [u16; 3] = [204, 205, 304];

/// A fault as a body describes it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(
    extend("not" = {"required": ["match"], "properties": {
        "match": {"required": ["status"], "properties": {"status": {"type": "integer"}}}, "when": {"const": "before"}
    }}),
    example = json!({
        "match": {"method": "POST", "path": "/v4/Operator"}, "effect": {"status": 503}, "when": "before", "count": 1
    })
)]
pub struct NewFault {
    #[serde(default, deserialize_with = "object")]
    r#match: MatchBody,
    #[serde(deserialize_with = "object")]
    effect: EffectBody,
    #[serde(default)]
    when: WhenBody,
    #[serde(default, deserialize_with = "whole")]
    skip: u64,
    /// How often it strikes before it is gone; without it, there is no end to it.
    #[serde(default, deserialize_with = "whole_or_null")]
    #[schemars(range(min = 1))]
    count: Option<u64>,
    #[serde(default = "always")]
    #[schemars(range(min = 0, max = 1))]
    probability: f64,
}

fn always() -> f64 {
    1.0
}

/// One of: an answer (`status`, `headers`, `body`), a delay, an end of the connection.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline, extend("oneOf" = [
    {"required": ["status"], "properties": {
        "status": {"type": "integer"}, "delayMs": {"type": "null"}, "network": {"type": "null"}
    }, "not": {"required": ["body"], "properties": {
        "status": {"enum": WITHOUT_BODY}, "body": {"not": {"type": "null"}}
    }}},
    {"required": ["delayMs"], "properties": {
        "delayMs": {"type": "integer"}, "network": {"type": "null"},
        "status": {"type": "null"}, "headers": {"type": "null"}, "body": {"type": "null"}
    }},
    {"required": ["network"], "properties": {
        "network": {"type": "string"}, "delayMs": {"type": "null"},
        "status": {"type": "null"}, "headers": {"type": "null"}, "body": {"type": "null"}
    }}
]))]
struct EffectBody {
    #[serde(
        default,
        deserialize_with = "whole_or_null",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(range(min = 200, max = 599))]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend(
        "propertyNames" = {"pattern": "^(?!(?i:content-length|transfer-encoding|connection)$)[!#$%&'*+.^_`|~0-9A-Za-z-]+$"},
        "additionalProperties" = {"type": "string", "pattern": "^[ -~]*$"}
    ))]
    headers: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Value>,
    #[serde(
        default,
        deserialize_with = "whole_or_null",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(range(max = LONGEST_DELAY))]
    delay_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<Network>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Network {
    Reset,
    Hang,
}

#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "When")]
enum WhenBody {
    #[default]
    Before,
    After,
}

/// A fault as it is shown.
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
    /// How many hits it has left; without a count, there is no end to them.
    #[serde(skip_serializing_if = "Option::is_none")]
    remaining: Option<u64>,
}

async fn list(scope: Scope) -> Json<Vec<FaultBody>> {
    Json(
        scope
            .beside()
            .faults
            .list()
            .into_iter()
            .map(FaultBody::from)
            .collect(),
    )
}

async fn create(Scoped(scope, new): Scoped<NewFault>) -> Result<Created<Json<FaultBody>>> {
    let fault = Fault::try_from(new)?;
    scope.beside().faults.add(fault.clone());
    Ok(Created(Json(fault.into())))
}

async fn look(scope: Scope, Path(id): Path<FaultPath>) -> Result<Json<FaultBody>> {
    let fault = scope
        .beside()
        .faults
        .list()
        .into_iter()
        .find(|fault| fault.id == id.fault_id);
    fault
        .map(|fault| Json(fault.into()))
        .ok_or_else(|| id.unknown())
}

async fn delete(scope: Scope, Path(id): Path<FaultPath>) -> Result<NoContent> {
    if scope.beside().faults.remove(id.fault_id) {
        Ok(NoContent)
    } else {
        Err(id.unknown())
    }
}

async fn clear(scope: Scope) -> NoContent {
    scope.beside().faults.clear();
    NoContent
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FaultPath {
    fault_id: u64,
}

impl FaultPath {
    fn unknown(&self) -> Problem {
        Problem::new(
            StatusCode::NOT_FOUND,
            format!(
                "there is no fault {}; one whose count is used up is gone",
                self.fault_id
            ),
        )
    }
}

impl TryFrom<NewFault> for Fault {
    type Error = Error;

    fn try_from(new: NewFault) -> Result<Self, Error> {
        let NewFault {
            r#match,
            effect,
            when,
            skip,
            count,
            probability,
        } = new;
        if !(0.0..=1.0).contains(&probability) {
            return Err(Error::malformed("probability", "a number from 0 to 1"));
        }
        let matches = Match::from(r#match);
        if matches.status.is_some() && matches!(when, WhenBody::Before) {
            return Err(Error::malformed(
                "match.status",
                "a fault before the request knows of no status; let it strike after",
            ));
        }
        if count == Some(0) {
            return Err(Error::malformed(
                "count",
                "at least 1; leave it out for a fault that stays",
            ));
        }
        Ok(Self {
            id: Self::new_id(),
            matches,
            effect: effect.try_into()?,
            when: match when {
                WhenBody::Before => When::Before,
                WhenBody::After => When::After,
            },
            skip,
            count,
            probability,
            seen: 0,
            hits: 0,
        })
    }
}

impl TryFrom<EffectBody> for Effect {
    type Error = Error;

    fn try_from(effect: EffectBody) -> Result<Self, Error> {
        match effect {
            EffectBody {
                status: Some(status),
                headers,
                body,
                delay_ms: None,
                network: None,
            } => {
                if !(200..=599).contains(&status) {
                    return Err(Error::malformed(
                        "effect.status",
                        format!("{status} is no status of an answer, 200 to 599"),
                    ));
                }
                if body.is_some() && WITHOUT_BODY.contains(&status) {
                    return Err(Error::malformed(
                        "effect.body",
                        format!("an answer of status {status} has none"),
                    ));
                }
                let headers: Vec<_> = headers.unwrap_or_default().into_iter().collect();
                for (name, value) in &headers {
                    // The server says itself where an answer ends.
                    let can_be_sent = name.parse::<HeaderName>().is_ok_and(|name| {
                        ![CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION].contains(&name)
                    });
                    if !can_be_sent || value.parse::<HeaderValue>().is_err() {
                        return Err(Error::malformed(
                            "effect.headers",
                            format!("{name} cannot be sent"),
                        ));
                    }
                }
                Ok(Self::Answer {
                    status,
                    headers,
                    body,
                })
            }
            EffectBody {
                status: None,
                headers: None,
                body: None,
                delay_ms: Some(delay),
                network: None,
            } => {
                if delay > LONGEST_DELAY {
                    return Err(Error::malformed(
                        "effect.delayMs",
                        format!("at most {LONGEST_DELAY}"),
                    ));
                }
                Ok(Self::Delay(Duration::from_millis(delay)))
            }
            EffectBody {
                status: None,
                headers: None,
                body: None,
                delay_ms: None,
                network: Some(network),
            } => Ok(match network {
                Network::Reset => Self::Reset,
                Network::Hang => Self::Hang,
            }),
            _ => Err(Error::malformed(
                "effect",
                "one of {status, headers, body}, {delayMs} and {network: \"reset\" or \"hang\"}",
            )),
        }
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
