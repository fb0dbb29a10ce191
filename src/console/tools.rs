//! Parts shared by the tools for testers, which operate on one account or on the whole server.

use std::ops::Deref;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::Console;
use super::page::{Failure, Result, tools};
use super::visit::Visit;
use crate::control::Within;
use crate::service::scope::Scope;
use crate::store::Tenant;

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

impl Deref for Tool {
    type Target = Visit;

    fn deref(&self) -> &Visit {
        &self.visit
    }
}

impl Tool {
    /// Returns the base path of the tools for the same scope.
    pub fn path(&self) -> String {
        tools(self.scope.account())
    }

    /// Returns what the values of a form are valid in.
    pub fn within(&self) -> Within<'_> {
        Within {
            catalog: self.app.catalog,
            scope: Some(&self.scope),
        }
    }

    /// Returns the account of a page that only accounts have.
    pub fn tenant(&self) -> Result<&Tenant> {
        let tenant = self.scope.tenant.as_deref();
        tenant.ok_or_else(Failure::unknown_page)
    }
}

impl FromRequestParts<Console> for Tool {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self> {
        let mut visit = Visit::from_request_parts(parts, console).await?;
        let is_of_account = visit.segments.contains_key("accountId");
        let account = is_of_account.then(|| visit.segment("accountId"));
        let scope = Scope::of(account.transpose()?, &visit.app.store)?;
        // A list that stays open in another tab asks for newer requests by itself.
        if visit.data.get("since").is_none() {
            visit.enter(scope.account());
        }
        Ok(Self { visit, scope })
    }
}
