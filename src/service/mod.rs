//! Who may do something, and which change it is.

pub mod accounts;
pub mod api_user;
pub mod clock;
pub mod duty_schedule;
pub mod operator;
pub mod operator_group;
pub mod password;
pub mod registration;
pub mod scope;
pub mod timezone;
pub mod user;

use crate::AppState;
use crate::domain::{Account, Caller, Context};
use crate::error::{Error, Result};

/// Makes a change for a caller, who must still be there when its turn comes.
async fn change<T: Send + 'static>(
    state: &AppState,
    caller: &Caller,
    change: impl FnOnce(&mut Account, &Context) -> Result<T> + Send + 'static,
) -> Result<T> {
    let caller = *caller;
    let change = move |account: &mut Account, context: &Context| {
        caller.confirm(account)?;
        change(account, context)
    };
    state.store.change(caller.account, change).await
}

/// Asks the account as it is now: what is slow to prepare is not begun where it would be refused all the same.
fn ask<T>(
    state: &AppState,
    caller: &Caller,
    question: impl FnOnce(&Account) -> Result<T>,
) -> Result<T> {
    let all = state.store.state();
    let tenant = all.tenant(caller.account).ok_or(Error::Unauthenticated)?;
    caller.confirm(&tenant.account)?;
    question(&tenant.account)
}
