//! What the tools for testers have in common: they are about one account, or about the server with all of them.

use std::collections::HashMap;

use axum::Router;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use super::Console;
use super::page::{Failure, Frame, Result, Section, tools};
use super::visit::{Visit, named};
use crate::AppState;
use crate::service::scope::Scope;

/// The same pages for the server and below each account.
pub fn both(routes: Router<Console>) -> Router<Console> {
    Router::new()
        .nest("/accounts/{accountId}", routes.clone())
        .merge(routes)
}

/// A visit of a tool. It asks for no log-in, as the control API does not.
#[derive(Debug)]
pub struct Tool {
    pub visit: Visit,
    pub scope: Scope,
}

impl Tool {
    pub fn app(&self) -> &AppState {
        &self.visit.app
    }

    pub fn frame(&self, section: Section, title: impl Into<String>) -> Frame {
        Frame::new(&self.visit, section, title).about(self.scope.account())
    }

    /// Where the tools for the same account are.
    pub fn path(&self) -> String {
        tools(self.scope.account())
    }
}

impl FromRequestParts<Console> for Tool {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self> {
        let visit = Visit::from_request_parts(parts, console).await?;
        let path = Path::<HashMap<String, String>>::from_request_parts(parts, console).await;
        let account = path
            .ok()
            .and_then(|Path(mut path)| path.remove("accountId"))
            .map(|id| named(&id))
            .transpose()?;
        let scope = Scope::of(account, &visit.app.store)?;
        Ok(Self { visit, scope })
    }
}
