//! The faults page: list, add, remove. The form is bound as the fault that the control API would receive.

use serde_json::{Map, Value, json};

use super::form::{FormData, Words, words};
use super::page::count;
use super::prelude::*;
use crate::control::{Within, of_json};
use crate::domain::text::quoted;
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

/// Returns the links to the forms of usual faults, filled in for requests like one of the journal: of its account, which `tools`
/// are for, or else of accounts with its label.
pub fn presets(tools: &str, entry: &Entry, is_account_gone: bool) -> Vec<Crumb> {
    let label = entry.label.as_deref().filter(|_| is_account_gone);
    let is_unknown = entry.operation_id.is_none();
    // Of a path that was cut, only the operation is sure.
    let (path, operation) = match entry.operation_id {
        Some(operation) if entry.path.ends_with('…') => (None, Some(operation)),
        _ => (Some(&*entry.path), None),
    };
    let request = [
        ("match.method", Some(&*entry.method)),
        ("match.path", path),
        ("match.operationId", operation),
        ("match.unknown", is_unknown.then_some("true")),
        ("match.label", label),
    ];
    let request = request
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)));
    let request = form_urlencoded::Serializer::for_suffix("&".to_owned(), 1)
        .extend_pairs(request)
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

/// The fields of a fault that are texts, and those that are numbers or flags, whatever its effect is.
const TEXTS: &str = "name when match.method match.path match.operationId match.userName match.label match.status match.text";
const NUMBERS: &str = "match.unknown effect.delayMs skip count probability";

/// Binds the fault of a form as the control API would. Only the fields of the selected effect are used.
fn fault(data: &FormData, within: Within<'_>) -> Result<Definition, Error> {
    let mut fault = json!({"match": {}, "effect": {}});
    let mut set = |name: &str, value: Value| match name.split_once('.') {
        Some((part, field)) => fault[part][field] = value,
        None => fault[name] = value,
    };
    // The binder rejects what is no number.
    let number = |text: String| serde_json::from_str(&text).unwrap_or(text.into());
    let given = |name: &'static str| Some((name, data.get_nonblank(name)?));
    for (name, text) in TEXTS.split(' ').filter_map(given) {
        set(name, text.into());
    }
    for (name, text) in NUMBERS.split(' ').filter_map(given) {
        set(name, number(text));
    }
    match data.text("effect").as_str() {
        "answer" | "" => {
            set(
                "effect.status",
                data.get_nonblank("effect.status")
                    .map_or(Value::Null, number),
            );
            set("effect.headers", headers(data)?);
            if let Some(text) = data.get_nonblank("effect.body") {
                let body = serde_json::from_str(&text);
                let refused =
                    |error| Error::malformed("effect.body", format!("is not JSON: {error}"));
                set("effect.body", body.map_err(refused)?);
            }
        }
        "delay" => {}
        network @ ("reset" | "hang") => set("effect.network", network.into()),
        other => {
            return Err(Error::malformed(
                "effect",
                format!("{} is none", quoted(other)),
            ));
        }
    }
    of_json(fault, within)
}

/// Parses headers written as `Name: value`, one per line.
fn headers(data: &FormData) -> Result<Value, Error> {
    let lines = data.get_nonblank("effect.headers").unwrap_or_default();
    let mut headers = Map::new();
    for line in lines.lines().filter(|line| !line.trim().is_empty()) {
        let (name, value) = line.split_once(':').unwrap_or_default();
        if name.trim().is_empty()
            || headers
                .insert(name.trim().to_owned(), value.trim().into())
                .is_some()
        {
            let message = "write each once, on a line of its own, as Retry-After: 5";
            return Err(Error::malformed("effect.headers", message));
        }
    }
    Ok(Some(headers).filter(|headers| !headers.is_empty()).into())
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
