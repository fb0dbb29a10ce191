//! The operations on accounts: authorization, and the change that each operation makes.

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
pub mod verification;
pub mod waiting;

use crate::AppState;
use crate::domain::{Account, Caller, Context};
use crate::error::{Error, Result};

/// Makes a change on behalf of a caller, who must still exist when the change runs.
async fn change<T: Send + 'static>(
    state: &AppState,
    caller: &Caller,
    change: impl FnOnce(&mut Account, &Context) -> Result<T> + Send + 'static,
) -> Result<T> {
    let change = confirmed(*caller, change);
    state.store.change(caller.account, change).await
}

/// Returns a change that is made only if the caller still exists.
fn confirmed<T>(
    caller: Caller,
    change: impl FnOnce(&mut Account, &Context) -> Result<T>,
) -> impl FnOnce(&mut Account, &Context) -> Result<T> {
    move |account, context| {
        caller.confirm(account)?;
        change(account, context)
    }
}

/// Reads the current account of a caller, to reject a request before slow work is started for it.
fn with_account<T>(
    state: &AppState,
    caller: &Caller,
    read: impl FnOnce(&Account) -> Result<T>,
) -> Result<T> {
    let all = state.store.state();
    let tenant = all.tenant(caller.account).ok_or(Error::Unauthenticated)?;
    caller.confirm(&tenant.account)?;
    read(&tenant.account)
}
