//! The scopes of operations: "Everything that belongs to an account is found both for the whole server and for one account."

use std::collections::HashMap;

use super::extract::Path;
use super::problem::Problem;
use crate::AppState;
use crate::domain::AccountId;
use crate::error::Error;
pub use crate::service::scope::Scope;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;

/// Declares an operation twice: for the whole server and for one account.
macro_rules! both {
    ($method:ident $path:literal => $handler:expr, $id:literal, $summary:literal $(, [$($refusal:expr),*])?) => {
        [
            crate::operation::operation!($method $path => $handler, $id, $summary)$(.or(&[$($refusal),*]))?,
            crate::operation::operation!(
                $method concat!("/accounts/{accountId}", $path) => $handler,
                concat!($id, "OfAccount"), $summary
            )$(.or(&[$($refusal),*]))?,
        ]
    };
}

pub(super) use both;

impl FromRequestParts<AppState> for Scope {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let Path(mut parameters) =
            Path::<HashMap<String, String>>::from_request_parts(parts, state).await?;
        let account = parameters
            .remove("accountId")
            .map(|id| account_id(&id))
            .transpose()?;
        Ok(Self::of(account, &state.store)?)
    }
}

pub fn account_id(text: &str) -> Result<AccountId, Error> {
    text.parse()
        .map_err(|message| Error::malformed("accountId", message))
}
