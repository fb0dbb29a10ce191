//! `…/faults`: failures on demand.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::problem::{Body, Path, Problem, Result};
use super::requests::MatchBody;
use super::scope::Scope;
use crate::AppState;
use crate::domain::fault::{Effect, Fault, When};

pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/faults", get(list).post(create).delete(clear))
        .route("/faults/{faultId}", get(look).delete(delete))
}

/// A fault as a body describes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewFault {
    #[serde(default)]
    r#match: MatchBody,
    effect: EffectBody,
    #[serde(default)]
    when: WhenBody,
    #[serde(default)]
    skip: u64,
    count: Option<u64>,
    #[serde(default = "always")]
    probability: f64,
}

fn always() -> f64 {
    1.0
}

/// One of: an answer (`status`, `headers`, `body`), a delay, an end of the connection.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
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

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Network {
    Reset,
    Hang,
}

#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum WhenBody {
    #[default]
    Before,
    After,
}

/// A fault as it is shown.
#[derive(Serialize)]
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

async fn create(scope: Scope, Body(new): Body<NewFault>) -> Result<(StatusCode, Json<FaultBody>)> {
    let NewFault {
        r#match,
        effect,
        when,
        skip,
        count,
        probability,
    } = new;
    if !(0.0..=1.0).contains(&probability) {
        return Err(Problem::bad_request("probability: a number from 0 to 1"));
    }
    if count == Some(0) {
        return Err(Problem::bad_request(
            "count: at least 1; leave it out for a fault that stays",
        ));
    }
    let fault = Fault {
        id: Fault::new_id(),
        matches: r#match.into(),
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
    };
    scope.beside().faults.add(fault.clone());
    Ok((StatusCode::CREATED, Json(fault.into())))
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

async fn delete(scope: Scope, Path(id): Path<FaultPath>) -> Result<StatusCode> {
    if scope.beside().faults.remove(id.fault_id) {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(id.unknown())
    }
}

async fn clear(scope: Scope) -> StatusCode {
    scope.beside().faults.clear();
    StatusCode::NO_CONTENT
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

impl TryFrom<EffectBody> for Effect {
    type Error = Problem;

    fn try_from(effect: EffectBody) -> Result<Self> {
        const LONGEST_DELAY: u64 = 600_000;
        match effect {
            EffectBody {
                status: Some(status),
                headers,
                body,
                delay_ms: None,
                network: None,
            } => {
                if !(200..=599).contains(&status) {
                    return Err(Problem::bad_request(format!(
                        "effect.status: {status} is no status of an answer, 200 to 599"
                    )));
                }
                let headers: Vec<_> = headers.unwrap_or_default().into_iter().collect();
                for (name, value) in &headers {
                    // The server says itself where an answer ends.
                    let can_be_sent = name.parse::<HeaderName>().is_ok_and(|name| {
                        ![CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION].contains(&name)
                    });
                    if !can_be_sent || value.parse::<HeaderValue>().is_err() {
                        return Err(Problem::bad_request(format!(
                            "effect.headers: {name} cannot be sent"
                        )));
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
                    return Err(Problem::bad_request(format!(
                        "effect.delayMs: at most {LONGEST_DELAY}"
                    )));
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
            _ => Err(Problem::bad_request(
                "effect: one of {status, headers, body}, {delayMs} and {network: \"reset\" or \"hang\"}",
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
