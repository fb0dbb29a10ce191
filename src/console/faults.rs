//! The faults page: list, add, remove. The form is bound as the fault that the control API would receive.

use serde_json::{Map, Value, json};

use super::form::{FormData, Words, words};
use super::page::count;
use super::prelude::*;
use crate::control::{Within, of_json};
use crate::error::Error;
use crate::testing::fault::{Definition, Effect, End, Fault, When};

pub fn routes() -> Router<Console> {
    Router::new()
        .route("/faults", get(list).post(create))
        .route("/faults/delete", post(delete))
        .route("/faults/clear", get(ask_to_clear).post(clear))
}

pages! {
    List = "faults.html" { path: String, rows: Vec<Fault>, form: Form, operations: Words }
}

impl List {
    fn matches(fault: &Fault) -> String {
        let matches = &fault.definition.matches;
        let parts = matches.criteria().map(|criterion| {
            let name: &'static str = criterion.into();
            match matches.expected(criterion) {
                Value::String(text) => format!("{name} {text}"),
                other => format!("{name} {other}"),
            }
        });
        let parts: Vec<_> = parts.collect();
        if parts.is_empty() {
            "every request".to_owned()
        } else {
            parts.join(", ")
        }
    }

    fn effect(fault: &Fault) -> String {
        let Effect { delay, end } = &fault.definition.effect;
        let delay = delay.map(|delay| format!("{} ms later", delay.as_millis()));
        let end = end.as_ref().map(|end| match end {
            End::Answer(answer) => format!("answer {}", answer.status),
            End::Reset => "connection reset".to_owned(),
            End::Hang => "no answer".to_owned(),
        });
        let parts: Vec<_> = end.into_iter().chain(delay).collect();
        parts.join(", ")
    }

    fn when(fault: &Fault) -> &'static str {
        match fault.definition.when {
            When::Before => "before the change",
            When::After => "after the change",
        }
    }

    fn left(fault: &Fault) -> String {
        fault.definition.count.map_or_else(
            || "no end".to_owned(),
            |count| format!("{} left", count.saturating_sub(fault.hits)),
        )
    }
}

async fn list(tool: Tool) -> Result<Response> {
    let mut operations: Vec<_> = tool
        .app
        .catalog
        .all()
        .map(|operation| operation.id)
        .collect();
    operations.sort_unstable();
    let path = tool.path() + "/faults";
    page(&List {
        frame: tool.frame("Faults"),
        rows: tool.scope.testing().faults.list(),
        operations: words(&operations),
        form: tool.form(Form::to(path.as_str()).with_value("effect.status", 503)),
        path,
    })
}

async fn create(tool: Tool) -> Result<Response> {
    let fault = fault(&tool.data, tool.within())?;
    let added = tool.scope.testing().faults.add(fault);
    added.map_err(|error| Error::malformed("", error.to_string()))?;
    Ok(done("The fault was added.", tool.path() + "/faults"))
}

/// Binds the fault of a form as the control API would. Only the fields of the selected effect are used.
fn fault(data: &FormData, within: Within<'_>) -> Result<Definition, Error> {
    let given = |name: &str| data.get_nonblank(name).map_or(Value::Null, Value::from);
    // The binder rejects what is no number, and no JSON.
    let json = |name: &str| {
        let text = data.get_nonblank(name);
        text.map_or(Value::Null, |text| {
            serde_json::from_str(&text).unwrap_or(text.into())
        })
    };
    let effect = match data.text("effect").as_str() {
        "delay" => json!({"delayMs": json("effect.delayMs")}),
        network @ ("reset" | "hang") => json!({"network": network}),
        _ => json!({
            "status": json("effect.status"), "headers": headers(data)?, "body": json("effect.body")
        }),
    };
    let matches = ["method", "path", "operationId", "userName"]
        .map(|name| (name.to_owned(), given(&format!("match.{name}"))));
    let fault = json!({
        "match": Map::from_iter(matches), "effect": effect, "when": given("when"), "skip": json("skip"),
        "count": json("count"), "probability": json("probability"),
    });
    of_json(fault, within)
}

/// Parses headers written as `Name: value`, one per line.
fn headers(data: &FormData) -> Result<Value, Error> {
    let headers = data.get_nonblank("effect.headers").unwrap_or_default();
    let header = |line: &str| {
        let (name, value) = line.split_once(':').ok_or_else(|| {
            let message = "write each on a line of its own, as Retry-After: 5";
            Error::malformed("effect.headers", message)
        })?;
        Ok((name.trim().to_owned(), value.trim().into()))
    };
    let lines = headers.lines().filter(|line| !line.trim().is_empty());
    let headers: Map<_, _> = lines.map(header).collect::<Result<_, Error>>()?;
    Ok(if headers.is_empty() {
        Value::Null
    } else {
        headers.into()
    })
}

async fn delete(tool: Tool) -> Result<Response> {
    let id = tool.data.get("id").and_then(|id| id.parse().ok());
    let is_removed = id.is_some_and(|id| tool.scope.testing().faults.remove(id));
    let notice = if is_removed {
        "The fault was removed."
    } else {
        "The fault was gone already: its count was used up."
    };
    Ok(done(notice, tool.path() + "/faults"))
}

async fn ask_to_clear(tool: Tool) -> Result<Response> {
    let faults = tool.scope.testing().faults.list().len();
    let text = format!("{} will be gone.", count(faults, "fault", "faults"));
    let above = vec![crumb("Faults", tool.path() + "/faults")];
    tool.ask("Remove all faults", text, above)
}

async fn clear(tool: Tool) -> Result<Response> {
    tool.scope.testing().faults.clear();
    Ok(done("All faults were removed.", tool.path() + "/faults"))
}
