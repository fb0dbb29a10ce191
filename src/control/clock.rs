//! `…/clock`: freeze the time, move it on, let it go.

use axum::Json;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::problem::{Body, Problem, Result};
use super::scope::{Scope, both};
use crate::domain::clock::{Period, system_time};
use crate::domain::{Clock, Moment};
use crate::operation::Operation;

pub static OPERATIONS: &[[Operation; 2]] = &[
    both!(GET "/clock" => look, "Emulator_GetClock", "What the clock says."),
    both!(POST "/clock/freeze" => freeze, "Emulator_FreezeClock", "Stops the clock, at an instant or where it is."),
    both!(POST "/clock/advance" => advance, "Emulator_AdvanceClock", "Moves the clock on."),
    both!(POST "/clock/resume" => resume, "Emulator_ResumeClock", "Lets the clock go, back at the real time."),
];

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Clock", example = json!({"mode": "frozen", "now": "2026-01-01T00:00:00Z"}))]
struct ClockBody {
    #[schemars(extend("enum" = ["running", "moved", "frozen"]))]
    mode: &'static str,
    #[schemars(extend("format" = "date-time"))]
    now: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ClockFreeze", example = json!({"at": "2026-01-01T00:00:00Z"}))]
struct Freeze {
    /// Nothing stands for now.
    #[schemars(with = "Option<Moment>")]
    at: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(
    rename = "ClockAdvance",
    extend("oneOf" = [
        {"required": ["by"], "properties": {"by": {"type": "string"}, "to": {"type": "null"}}},
        {"required": ["to"], "properties": {"to": {"type": "string"}, "by": {"type": "null"}}}
    ]),
    example = json!({"by": "P31D"})
)]
struct Advance {
    /// An ISO 8601 duration.
    #[schemars(regex(pattern = "^P"))]
    by: Option<String>,
    #[schemars(with = "Option<Moment>")]
    to: Option<String>,
}

async fn look(scope: Scope) -> Json<ClockBody> {
    Json(shown(&scope))
}

async fn freeze(scope: Scope, Body(Freeze { at }): Body<Freeze>) -> Result<Json<ClockBody>> {
    let at = at
        .map(|at| moment("at", &at))
        .transpose()?
        .unwrap_or_else(|| now(&scope));
    scope.beside().set_clock(Some(Clock::Frozen(at)));
    Ok(Json(shown(&scope)))
}

async fn advance(scope: Scope, Body(Advance { by, to }): Body<Advance>) -> Result<Json<ClockBody>> {
    let server = scope.slot.as_ref().and_then(|_| scope.all.beside.clock());
    scope.beside().move_clock(|own| {
        let (clock, system) = (own.or(server).unwrap_or_default(), system_time());
        let now = clock.now(system);
        let to = match (&by, &to) {
            (Some(by), None) => by
                .parse()
                .and_then(|period: Period| period.after(now))
                .map_err(|message| Problem::bad_request(format!("by: {message}")))?,
            (None, Some(to)) => moment("to", to)?,
            _ => {
                return Err(Problem::bad_request(
                    "say either by (an ISO 8601 duration) or to (a date and time)",
                ));
            }
        };
        if to < now {
            return Err(Problem::bad_request(format!(
                "to: {to} lies before {now}; freeze the clock to go back"
            )));
        }
        Ok(clock.set(to, system))
    })?;
    Ok(Json(shown(&scope)))
}

async fn resume(scope: Scope) -> Json<ClockBody> {
    scope.beside().set_clock(None);
    Json(shown(&scope))
}

fn shown(scope: &Scope) -> ClockBody {
    ClockBody {
        mode: clock(scope).mode(),
        now: format!("{}Z", now(scope)),
    }
}

/// The clock that counts: an account's own, or the server's.
fn clock(scope: &Scope) -> Clock {
    scope
        .beside()
        .clock()
        .or_else(|| scope.all.beside.clock())
        .unwrap_or_default()
}

fn now(scope: &Scope) -> Moment {
    scope.all.now(scope.slot.as_deref())
}

fn moment(field: &str, text: &str) -> Result<Moment> {
    text.parse()
        .map_err(|message| Problem::bad_request(format!("{field}: {message}")))
}
