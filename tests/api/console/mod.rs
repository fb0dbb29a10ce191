//! Tests of the console without JavaScript, as in any browser; `tests/browser` uses it in Chromium.

mod accounts;
mod api_management;
mod browser;
mod operators;
mod requests;
mod rights;
mod safety;
mod slips;
mod tools;

use crate::app::{TestApp, text};

/// Returns the path of the owner's page.
async fn owner_path(app: &TestApp) -> String {
    path_of(&text(&app.owner().await, "OperatorGuid"))
}

fn path_of(guid: &str) -> String {
    format!("/console/operators/{guid}")
}
