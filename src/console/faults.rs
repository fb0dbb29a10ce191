//! The faults page: list, add, remove. The form is bound as the fault that the control API would receive.

use serde_json::{Map, Value, json};

use super::form::{FormData, Words, words};
use super::page::count;
use super::prelude::*;
use crate::control::{Within, of_json};
use crate::error::Error;
use crate::testing::fault::{Definition, Effect, End, Fault, Struck, When};
use crate::testing::journal::Entry;

pub fn routes() -> Router<Console> {
    Router::new()
        .route("/faults", get(list).post(create))
        .route("/faults/delete", post(delete))
        .route("/faults/clear", get(ask_to_clear).post(clear))
}

pages! {
    List = "faults.html" {
        path: String,
        rows: Listed<Row>,
        /// Whether some are those of the scope itself.
        has_own: bool,
        presets: Vec<Crumb>,
        form: Form,
        operations: Words,
    }
}

/// The number of requests that a row shows of those that its fault struck.
const SHOWN_REQUESTS: usize = 5;

/// Usual faults: what their links say, and the values of their forms.
const PRESETS: [(&str, &str); 5] = [
    ("Lose one answer", "effect=reset&when=after&count=1"),
    (
        "429 with Retry-After",
        "effect=answer&effect.status=429&effect.headers=Retry-After:+5&count=1",
    ),
    ("Slow answers", "effect=delay&effect.delayMs=3000"),
    ("Reset the connection", "effect=reset&count=1"),
    (
        "A canned answer",
        "effect=answer&effect.status=200&effect.body=[]",
    ),
];

/// Returns the links to the forms of usual faults, filled in for requests like one of the journal.
pub fn presets(tools: &str, entry: &Entry) -> Vec<Crumb> {
    let request = form_urlencoded::Serializer::new("&".to_owned())
        .append_pair("match.method", &entry.method)
        .append_pair("match.path", &entry.path)
        .finish();
    usual(tools, &request)
}

fn usual(tools: &str, request: &str) -> Vec<Crumb> {
    let link = |(name, values): &(&str, &str)| {
        crumb(*name, format!("{tools}/faults?{values}{request}#add"))
    };
    PRESETS.iter().map(link).collect()
}

/// A fault of the list.
struct Row {
    fault: Fault,
    /// Whether it is one of the whole server, in the list of an account.
    is_of_server: bool,
}

impl Row {
    fn effect(&self) -> String {
        let Effect { delay, end } = &self.fault.definition.effect;
        let delay = delay.map(|delay| format!("{} ms later", delay.as_millis()));
        let end = end.as_ref().map(|end| match end {
            End::Answer(answer) => format!("answer {}", answer.status),
            End::Reset => "connection reset".to_owned(),
            End::Hang => "no answer".to_owned(),
        });
        let parts: Vec<_> = end.into_iter().chain(delay).collect();
        parts.join(", ")
    }

    fn when(&self) -> &'static str {
        match self.fault.definition.when {
            When::Before => "before the change",
            When::After => "after the change",
        }
    }

    fn left(&self) -> String {
        match self.fault.definition.count {
            _ if !self.fault.definition.enabled => "switched off".to_owned(),
            None => "no end".to_owned(),
            Some(_) if self.fault.is_spent() => "spent".to_owned(),
            Some(count) => format!("{} left", count.saturating_sub(self.fault.hits)),
        }
    }

    /// Returns the latest requests that were struck.
    fn struck(&self) -> impl Iterator<Item = &Struck> {
        self.fault.requests.iter().rev().take(SHOWN_REQUESTS)
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
    let row = |is_of_server| {
        move |fault| Row {
            fault,
            is_of_server,
        }
    };
    let own = tool.scope.testing().faults.list().into_iter().rev();
    let of_server = tool.scope.faults_of_server().into_iter().rev();
    let mut form = Form::to(path.as_str());
    form.values = tool.data.clone();
    if tool.data.get("effect").is_none() {
        form = form.with_value("effect.status", 503);
    }
    page(&List {
        frame: tool.frame("Faults"),
        has_own: own.len() > 0,
        rows: Listed::new(&tool, own.map(row(false)).chain(of_server.map(row(true)))),
        presets: usual(&tool.path(), ""),
        operations: words(&operations),
        form: tool.form(form),
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
    let delay = json("effect.delayMs");
    let effect = match data.text("effect").as_str() {
        "delay" => json!({"delayMs": delay}),
        network @ ("reset" | "hang") => json!({"network": network, "delayMs": delay}),
        _ => json!({
            "status": json("effect.status"), "headers": headers(data)?, "body": json("effect.body"), "delayMs": delay
        }),
    };
    let matches = [
        "method",
        "path",
        "operationId",
        "userName",
        "label",
        "status",
        "text",
    ]
    .map(|name| (name.to_owned(), given(&format!("match.{name}"))));
    let fault = json!({
        "name": given("name"), "match": Map::from_iter(matches), "effect": effect, "when": given("when"),
        "skip": json("skip"), "count": json("count"), "probability": json("probability"),
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
        "The fault was gone already."
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
