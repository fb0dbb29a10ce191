//! `…/clock`: freeze the time, move it on, let it go.

use axum::Json;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::problem::Result;
use super::scope::{Scope, Scoped, both};
use crate::domain::Moment;
use crate::operation::Operation;
use crate::service::clock;

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

async fn freeze(Scoped(scope, Freeze { at }): Scoped<Freeze>) -> Result<Json<ClockBody>> {
    clock::freeze(&scope, at.as_deref())?;
    Ok(Json(shown(&scope)))
}

async fn advance(Scoped(scope, Advance { by, to }): Scoped<Advance>) -> Result<Json<ClockBody>> {
    clock::advance(&scope, by.as_deref(), to.as_deref())?;
    Ok(Json(shown(&scope)))
}

async fn resume(scope: Scope) -> Json<ClockBody> {
    clock::resume(&scope);
    Json(shown(&scope))
}

fn shown(scope: &Scope) -> ClockBody {
    ClockBody {
        mode: clock::of(scope).mode(),
        now: format!("{}Z", scope.now()),
    }
}
