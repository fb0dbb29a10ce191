//! `…/clock`: freezes, advances and resumes the clock.

use std::str::FromStr;

use axum::Json;
use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde_json::json;

use super::extract::{FromShape, Scoped, Within};
use super::problem::Result;
use super::scope::{Scope, both};
use crate::bind::{Fields, shape, with_example};
use crate::domain::input::FieldValue;
use crate::domain::value::{from_node, parsed};
use crate::domain::{Moment, restore_parsed, schema};
use crate::operation::Operation;
use crate::service::clock::{self, Advance};
use crate::testing::clock::Period;

pub static OPERATIONS: &[[Operation; 2]] = &[
    both!(GET "/clock" => get, "Emulator_GetClock", "What the clock says."),
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

shape! {
    /// The instant at which to freeze the clock.
    Freeze = "ClockFreeze", freeze_schema {
        /// The default is the present.
        at: Instant = "at",
    }
}

/// A date and time. In contrast to a `Moment`, no value of it counts as absent.
#[derive(Debug)]
pub struct Instant(pub Moment);

impl FromStr for Instant {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        text.parse().map(Self)
    }
}

restore_parsed!(Instant);

from_node!(Instant, Text, parsed);

schema!(Instant, Moment::json_schema);

fn freeze_schema(schema: Schema) -> Schema {
    with_example(schema, &json!({"at": "2026-01-01T00:00:00Z"}))
}

impl FromShape for Freeze {
    type Shape = Self;

    fn join(shape: Self, _: &mut Fields<'_>, _: Within<'_>) -> Option<Self> {
        Some(shape)
    }
}

shape! {
    /// How far, or to which instant, to advance the clock.
    AdvanceShape = "ClockAdvance", advance_schema {
        /// An ISO 8601 duration.
        by: Period = "by",
        to: Instant = "to",
    }
}

fn advance_schema(mut schema: Schema) -> Schema {
    let either = json!([
        {"required": ["by"], "properties": {"by": {"type": "string"}, "to": {"type": "null"}}},
        {"required": ["to"], "properties": {"to": {"type": "string"}, "by": {"type": "null"}}}
    ]);
    schema.insert("oneOf".to_owned(), either);
    with_example(schema, &json!({"by": "P31D"}))
}

impl FromShape for Advance {
    type Shape = AdvanceShape;

    fn join(shape: AdvanceShape, fields: &mut Fields<'_>, _: Within<'_>) -> Option<Self> {
        match (shape.by.into_sent(), shape.to.into_sent()) {
            (FieldValue::Value(by), FieldValue::Absent) => Some(Self::By(by)),
            (FieldValue::Absent, FieldValue::Value(Instant(to))) => Some(Self::To(to)),
            (FieldValue::Invalid, _) | (_, FieldValue::Invalid) => None,
            (FieldValue::Absent, FieldValue::Absent)
            | (FieldValue::Value(_), FieldValue::Value(_)) => fields.malformed(
                "",
                "say either by (an ISO 8601 duration) or to (a date and time)",
            ),
        }
    }
}

async fn get(scope: Scope) -> Json<ClockBody> {
    Json(clock_body(&scope))
}

async fn freeze(Scoped(scope, Freeze { at }): Scoped<Freeze>) -> Json<ClockBody> {
    clock::freeze(&scope, at.into_value().map(|Instant(at)| at));
    Json(clock_body(&scope))
}

async fn advance(Scoped(scope, advance): Scoped<Advance>) -> Result<Json<ClockBody>> {
    clock::advance(&scope, advance)?;
    Ok(Json(clock_body(&scope)))
}

async fn resume(scope: Scope) -> Json<ClockBody> {
    clock::resume(&scope);
    Json(clock_body(&scope))
}

fn clock_body(scope: &Scope) -> ClockBody {
    ClockBody {
        mode: clock::of(scope).mode(),
        now: format!("{}Z", scope.now()),
    }
}
