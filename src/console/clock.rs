//! The clock page: show, freeze, advance, resume.

use askama::Template;
use axum::Router;
use axum::extract::Extension;
use axum::response::Response;
use axum::routing::{get, post};

use super::Console;
use super::form::{Form, FormData, FormField};
use super::page::{Frame, Result, Section, page, page_with};
use super::tools::Tool;
use crate::control::{Freeze, Instant, of_json};
use crate::error::Error;
use crate::service;
use crate::status::status;

pub fn routes() -> Router<Console> {
    Router::new()
        .route("/clock", get(show))
        .route("/clock/freeze", post(freeze))
        .route("/clock/advance", post(advance))
        .route("/clock/resume", post(resume))
}

#[derive(Template)]
#[template(path = "clock.html")]
struct Show {
    frame: Frame,
    path: String,
    mode: &'static str,
    now: String,
    /// The same time in ISO 8601.
    machine_now: String,
    is_own: bool,
    freeze: Form,
    advance: Form,
}

fn freeze_form() -> Form {
    let at =
        FormField::input("datetime-local", "at", "At (UTC)").hint("Empty: at what it shows now");
    Form::new([at])
}

fn advance_form() -> Form {
    Form::new([
        FormField::text("by", "By")
            .hint("An ISO 8601 duration: P31D is 31 days, PT1H30M an hour and a half"),
        FormField::input("datetime-local", "to", "or to (UTC)"),
    ])
}

fn page_of(tool: &Tool, freeze: Form, advance: Form) -> Show {
    let now = tool.scope.now();
    Show {
        frame: tool.frame(Section::Clock, "Clock"),
        path: tool.path() + "/clock",
        mode: service::clock::of(&tool.scope).mode(),
        now: now.day_first(),
        machine_now: format!("{now}Z"),
        is_own: tool.scope.testing().clock().is_some(),
        freeze,
        advance,
    }
}

async fn show(tool: Tool) -> Result<Response> {
    page(&page_of(&tool, freeze_form(), advance_form()))
}

async fn freeze(tool: Tool, Extension(data): Extension<FormData>) -> Result<Response> {
    let form = freeze_form().with_data(&data);
    let request = of_json::<Freeze>(form.object(), tool.within());
    let result = request.map(|Freeze { at }| {
        service::clock::freeze(&tool.scope, at.into_value().map(|Instant(at)| at));
    });
    done(&tool, result, "The clock stands still.", |error| {
        Ok(page_of(&tool, form.with_error(error)?, advance_form()))
    })
}

async fn advance(tool: Tool, Extension(data): Extension<FormData>) -> Result<Response> {
    let form = advance_form().with_data(&data);
    let request = of_json(form.object(), tool.within());
    let result = request.and_then(|advance| service::clock::advance(&tool.scope, advance));
    done(&tool, result, "The clock was moved on.", |error| {
        Ok(page_of(&tool, freeze_form(), form.with_error(error)?))
    })
}

async fn resume(tool: Tool) -> Result<Response> {
    service::clock::resume(&tool.scope);
    Ok(tool
        .visit
        .done("The clock runs again.", tool.path() + "/clock"))
}

fn done(
    tool: &Tool,
    result: Result<(), Error>,
    notice: &str,
    error_page: impl FnOnce(Error) -> Result<Show, Error>,
) -> Result<Response> {
    match result {
        Ok(()) => Ok(tool.visit.done(notice, tool.path() + "/clock")),
        Err(error) => page_with(status(&error), &error_page(error)?),
    }
}
