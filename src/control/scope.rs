//! "Everything that belongs to an account is found both for the whole server and for one account."

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::problem::{Path, Problem};
use crate::AppState;
use crate::domain::AccountId;
use crate::error::Error;
use crate::service::accounts;
use crate::store::{Beside, Slot, State};

/// The same operation for the server and below each account.
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

/// What a request is about: one account, or the server.
#[derive(Debug)]
pub struct Scope {
    pub slot: Option<Arc<Slot>>,
    pub all: Arc<State>,
}

impl Scope {
    /// What an account, or without one the server, is at this moment.
    fn of(account: Option<AccountId>, state: &AppState) -> Result<Self, Error> {
        let all = Arc::clone(&*state.store.state());
        let slot = account
            .map(|account| accounts::slot(&all, account).cloned())
            .transpose()?;
        Ok(Self { slot, all })
    }

    /// What it is now: accounts come and go, and a reset gives one a new journal.
    pub fn again(&self, state: &AppState) -> Result<Self, Error> {
        Self::of(self.slot.as_ref().map(|slot| slot.account.id), state)
    }

    pub fn beside(&self) -> &Beside {
        self.slot
            .as_ref()
            .map_or(&self.all.beside, |slot| &slot.beside)
    }
}

impl FromRequestParts<AppState> for Scope {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let Path(mut parameters) =
            Path::<HashMap<String, String>>::from_request_parts(parts, state).await?;
        let account = parameters
            .remove("accountId")
            .map(|id| account_id(&id))
            .transpose()?;
        Ok(Self::of(account, state)?)
    }
}

pub fn account_id(text: &str) -> Result<AccountId, Error> {
    text.parse()
        .map_err(|message| Error::Malformed(vec![format!("accountId: {message}")]))
}
