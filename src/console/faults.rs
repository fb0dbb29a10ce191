//! The faults page: list, add, remove. The form is bound as the fault that the control API would receive.

use askama::Template;
use axum::Router;
use axum::extract::Extension;
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::{Map, Value};

use super::Console;
use super::form::{Form, FormData, FormField};
use super::page::{Frame, Result, Section, page, page_with};
use super::tools::Tool;
use crate::app::AppState;
use crate::control::{Within, of_json};
use crate::error::Error;
use crate::status::status;
use crate::testing::fault::{Definition, Effect, End, Fault, When};

pub fn routes() -> Router<Console> {
    Router::new()
        .route("/faults", get(list).post(create))
        .route("/faults/delete", post(delete))
        .route("/faults/clear", post(clear))
}

#[derive(Template)]
#[template(path = "faults.html")]
struct List {
    frame: Frame,
    path: String,
    rows: Vec<Fault>,
    form: Form,
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

fn form(app: &AppState) -> Form {
    let mut operations: Vec<_> = app.catalog.all().map(|operation| operation.id).collect();
    operations.sort_unstable();
    Form::default()
        .group(
            "Which requests",
            [
                FormField::text("match.method", "Method").hint("POST, for example. Empty: any"),
                FormField::text("match.path", "Path")
                    .hint("/v4/Operator/* – a star is one segment. Empty: any"),
                FormField::word("match.operationId", "Operation", Some("Any"), &operations),
                FormField::text("match.userName", "API user").hint("Its user name. Empty: any"),
            ],
        )
        .group(
            "What goes wrong",
            [
                FormField::page_only(
                    "effect",
                    "Effect",
                    &[
                        ("answer", "Another answer"),
                        ("delay", "The right answer, late"),
                        ("reset", "The connection is reset"),
                        ("hang", "No answer ever comes"),
                    ],
                ),
                FormField::number("effect.status", "Status")
                    .value("503")
                    .hint("200 to 599")
                    .shown_for("effect=answer"),
                FormField::area("effect.headers", "Headers")
                    .hint("One a line: Retry-After: 5")
                    .shown_for("effect=answer"),
                FormField::json("effect.body", "Body")
                    .hint("JSON")
                    .shown_for("effect=answer"),
                FormField::number("effect.delayMs", "Delay in milliseconds")
                    .shown_for("effect=delay"),
                FormField::choice(
                    "when",
                    "When",
                    &[
                        ("before", "Before the change is made"),
                        ("after", "After it was committed: its answer is lost"),
                    ],
                ),
            ],
        )
        .group(
            "How often",
            [
                FormField::number("skip", "Let pass first")
                    .hint("So many matching requests. Empty: none"),
                FormField::number("count", "Strike")
                    .hint("So many times. Empty: until it is removed"),
                FormField::number("probability", "Probability").hint("0 to 1. Empty: always"),
            ],
        )
}

fn list_page(tool: &Tool, form: Form) -> List {
    List {
        frame: tool.frame(Section::Faults, "Faults"),
        path: tool.path() + "/faults",
        rows: tool.scope.testing().faults.list(),
        form,
    }
}

async fn list(tool: Tool) -> Result<Response> {
    page(&list_page(&tool, form(tool.app())))
}

async fn create(tool: Tool, Extension(data): Extension<FormData>) -> Result<Response> {
    let form = form(tool.app()).with_data(&data);
    let added = fault(&form, &data, tool.within()).and_then(|definition| {
        let added = tool.scope.testing().faults.add(definition);
        added.map_err(|error| Error::malformed("", error.to_string()))
    });
    match added {
        Ok(_) => Ok(tool
            .visit
            .done("The fault was added.", tool.path() + "/faults")),
        Err(error) => page_with(status(&error), &list_page(&tool, form.with_error(error)?)),
    }
}

/// Binds the fault of a form. Only the fields of the selected effect are used.
fn fault(form: &Form, data: &FormData, within: Within<'_>) -> Result<Definition, Error> {
    let mut object = form.object();
    let effect = object["effect"].take();
    let part = |name: &str| effect.get(name).cloned().unwrap_or_default();
    let kind = data.get("effect").unwrap_or_default();
    object["effect"] = match kind.as_str() {
        "delay" => serde_json::json!({"delayMs": part("delayMs")}),
        "reset" | "hang" => serde_json::json!({"network": kind}),
        _ => serde_json::json!({
            "status": part("status"), "headers": headers(&part("headers"))?, "body": part("body")
        }),
    };
    of_json(object, within)
}

/// Parses headers written as `Name: value`, one per line.
fn headers(text: &Value) -> Result<Value, Error> {
    let lines = text.as_str().unwrap_or_default().lines();
    let lines = lines.filter(|line| !line.trim().is_empty());
    let headers: Map<_, _> = lines
        .map(|line| {
            let (name, value) = line.split_once(':').ok_or_else(|| {
                let message = "write each on a line of its own, as Retry-After: 5";
                Error::malformed("effect.headers", message)
            })?;
            Ok((name.trim().to_owned(), value.trim().into()))
        })
        .collect::<Result<_, Error>>()?;
    Ok(if headers.is_empty() {
        Value::Null
    } else {
        headers.into()
    })
}

async fn delete(tool: Tool, Extension(data): Extension<FormData>) -> Result<Response> {
    let id = data.get("id").and_then(|id| id.parse().ok());
    let is_removed = id.is_some_and(|id| tool.scope.testing().faults.remove(id));
    let notice = if is_removed {
        "The fault was removed."
    } else {
        "The fault was gone already: its count was used up."
    };
    Ok(tool.visit.done(notice, tool.path() + "/faults"))
}

async fn clear(tool: Tool) -> Result<Response> {
    tool.scope.testing().faults.clear();
    Ok(tool
        .visit
        .done("All faults were removed.", tool.path() + "/faults"))
}
