//! The coverage page: the operations of the API by what became of their requests, and those that were never called.

use super::page::count;
use super::prelude::*;
use crate::control::{Counted, CoverageBody, OperationCoverage, of_query};

pub fn routes() -> Router<Console> {
    Router::new()
        .route("/coverage", get(show))
        .route("/coverage/clear", get(ask_to_clear).post(clear))
}

pages! {
    Show = "coverage.html" {
        path: String,
        label: String,
        calls: String,
        coverage: CoverageBody,
        /// The operations that were called, each with the page of its requests.
        called: Vec<(OperationCoverage, String)>,
    }
}

/// What is counted: the requests of accounts with a label, or all in scope.
struct Counts {
    label: String,
    coverage: CoverageBody,
}

impl Counts {
    fn of(tool: &Tool) -> Result<Self> {
        let label = tool.data.get_nonblank("label");
        let label = label.map(|label| ("label", label));
        let Counted { label } = of_query(label, tool.within())?;
        let sum = tool.scope.coverage(label.as_deref());
        Ok(Self {
            label: label.unwrap_or_default(),
            coverage: CoverageBody::new(sum, tool.app.catalog),
        })
    }

    fn calls(&self) -> String {
        let calls = self.coverage.calls.try_into();
        count(calls.unwrap_or(usize::MAX), "call", "calls")
    }
}

async fn show(tool: Tool) -> Result<Response> {
    let mut counts = Counts::of(&tool)?;
    let operations = &mut counts.coverage.operations;
    let called = operations.extract_if(.., |operation| operation.calls > 0);
    let called = called.map(|operation| {
        let search = format!("operationId:{}", operation.operation_id);
        let requests = tool.path() + "/requests" + &tool.query_with("q", &search);
        (operation, requests)
    });
    page(&Show {
        frame: tool.frame("Coverage"),
        path: tool.path() + "/coverage",
        called: called.collect(),
        calls: counts.calls(),
        label: counts.label,
        coverage: counts.coverage,
    })
}

async fn ask_to_clear(tool: Tool) -> Result<Response> {
    let calls = Counts::of(&tool)?.calls();
    let above = vec![crumb("Coverage", tool.path() + "/coverage")];
    tool.ask("Count anew", format!("{calls} will be forgotten."), above)
}

async fn clear(tool: Tool) -> Result<Response> {
    let Counts { label, .. } = Counts::of(&tool)?;
    let label = Some(label).filter(|label| !label.is_empty());
    tool.scope.forget_coverage(label.as_deref());
    Ok(done("Counting begins anew.", tool.path() + "/coverage"))
}
