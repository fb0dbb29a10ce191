//! Parts shared by the tools for testers, which operate on one account or on the whole server.

use std::collections::HashMap;

use axum::Router;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use super::Console;
use super::page::{Failure, Frame, Result, Section, tools};
use super::visit::{Visit, parse};
use crate::AppState;
use crate::control::Within;
use crate::service::scope::Scope;

/// Mounts the same pages for the server and below each account.
pub fn in_both_scopes(routes: Router<Console>) -> Router<Console> {
    Router::new()
        .nest("/accounts/{accountId}", routes.clone())
        .merge(routes)
}

/// The context of a request for a tool. Like the control API, it requires no log-in.
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
        Frame::new(&self.visit, section, title).with_scope(self.scope.account())
    }

    /// Returns what the values of a form are valid in.
    pub fn within(&self) -> Within<'_> {
        Within {
            catalog: self.app().catalog,
            scope: Some(&self.scope),
        }
    }

    /// Returns the base path of the tools for the same scope.
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
            .map(|id| parse(&id))
            .transpose()?;
        let scope = Scope::of(account, &visit.app.store)?;
        Ok(Self { visit, scope })
    }
}
