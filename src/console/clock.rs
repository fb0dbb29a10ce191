//! The clock page: show, freeze, advance, resume.

use super::prelude::*;
use crate::control::{Freeze, Instant, of_json};
use crate::service;

pub fn routes() -> Router<Console> {
    Router::new()
        .route("/clock", get(show))
        .route("/clock/freeze", post(freeze))
        .route("/clock/advance", post(advance))
        .route("/clock/resume", post(resume))
}

pages! {
    Show = "clock.html" { path: String, mode: &'static str, now: String, is_own: bool, freeze: Form, advance: Form }
}

async fn show(tool: Tool) -> Result<Response> {
    page(&Show {
        frame: tool.frame("Clock"),
        path: tool.path() + "/clock",
        mode: service::clock::of(&tool.scope).mode(),
        now: tool.scope.now().readable(),
        is_own: tool.scope.testing().clock().is_some(),
        freeze: tool.form(Form::to(tool.path() + "/clock/freeze")),
        advance: tool.form(Form::to(tool.path() + "/clock/advance")),
    })
}

async fn freeze(tool: Tool) -> Result<Response> {
    let Freeze { at } = of_json(
        tool.data.clone().with_times(&["at"]).object(&["at"]),
        tool.within(),
    )?;
    service::clock::freeze(&tool.scope, at.into_value().map(|Instant(at)| at));
    Ok(done("The clock stands still.", tool.path() + "/clock"))
}

async fn advance(tool: Tool) -> Result<Response> {
    let advance = of_json(
        tool.data.clone().with_times(&["to"]).object(&["by", "to"]),
        tool.within(),
    )?;
    service::clock::advance(&tool.scope, advance)?;
    Ok(done("The clock was moved on.", tool.path() + "/clock"))
}

async fn resume(tool: Tool) -> Result<Response> {
    service::clock::resume(&tool.scope);
    Ok(done("The clock runs again.", tool.path() + "/clock"))
}
