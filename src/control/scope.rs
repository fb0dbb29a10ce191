//! "Everything that belongs to an account is found both for the whole server and for one account."

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use super::problem::Problem;
use crate::AppState;
use crate::domain::AccountId;
use crate::error::Error;
use crate::service::accounts;
use crate::store::{Beside, Slot, State};

/// The same routes for the server and below each account.
pub fn both(routes: Router<AppState>) -> Router<AppState> {
    Router::new()
        .nest("/accounts/{accountId}", routes.clone())
        .merge(routes)
}

/// What a request is about: one account, or the server.
#[derive(Debug)]
pub struct Scope {
    pub slot: Option<Arc<Slot>>,
    pub all: Arc<State>,
}

impl Scope {
    pub fn beside(&self) -> &Beside {
        self.slot
            .as_ref()
            .map_or(&self.all.beside, |slot| &slot.beside)
    }
}

impl FromRequestParts<AppState> for Scope {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let all = Arc::clone(&*state.store.state());
        let parameters = Path::<HashMap<String, String>>::from_request_parts(parts, state).await;
        let slot = match parameters
            .ok()
            .and_then(|Path(mut parameters)| parameters.remove("accountId"))
        {
            Some(id) => Some(Arc::clone(accounts::slot(&all, account_id(&id)?)?)),
            None => None,
        };
        Ok(Self { slot, all })
    }
}

pub fn account_id(text: &str) -> Result<AccountId, Error> {
    text.parse()
        .map_err(|message| Error::Malformed(vec![format!("accountId: {message}")]))
}
