//! Changes of users.

use super::{attempt, change};
use crate::AppState;
use crate::domain::user::OldPassword;
use crate::domain::{Account, Caller, Draft, PasswordHash, UserChange, UserId};
use crate::error::{Error, Result};

/// Answers with the user that was changed, and with the account as it is then.
pub async fn update(
    state: &AppState,
    caller: &Caller,
    draft: Draft<UserChange>,
) -> Result<(UserId, Account)> {
    let who = *caller;
    let (old, password) = passwords(state, caller, &draft).await?;
    change(state, caller, move |account, _| {
        let user = account.update_user(&who, draft, &old, password)?;
        Ok((user, account.clone()))
    })
    .await
}

/// Compares the OldPassword of a draft, and hashes its NewPassword. Both are slow, so a caller without the right is refused
/// first. Mistakes wait for the comparison: "a wrong OldPassword is told beside whatever else is wrong".
async fn passwords(
    state: &AppState,
    caller: &Caller,
    draft: &Draft<UserChange>,
) -> Result<(OldPassword, Option<PasswordHash>)> {
    let Some((whom, asked)) = draft
        .value()
        .and_then(|change| Some((&change.whom, change.password.clone()?)))
    else {
        return Ok((OldPassword::NotRight, None));
    };
    let judge = |old: &OldPassword| {
        attempt(state, caller, |account, _| {
            account.update_user(caller, draft.clone(), old, None)
        })
    };
    match judge(&OldPassword::NotCompared) {
        Ok(_) | Err(Error::Malformed(_) | Error::Refused(_)) => {}
        Err(other) => return Err(other),
    }
    let current = attempt(state, caller, |account, _| {
        Ok(account.password_to_know(caller, whom).cloned())
    })?;
    let old = match (current, asked.old) {
        (Some(hash), Some(claimed)) => {
            let is_right = state.passwords.verify(Some(hash.clone()), claimed);
            if is_right.await? {
                OldPassword::Right(hash)
            } else {
                OldPassword::NotRight
            }
        }
        _ => OldPassword::NotRight,
    };
    judge(&old)?;
    let hash = match asked.new {
        Some(new) => Some(state.passwords.hash(new).await?),
        None => None,
    };
    Ok((old, hash))
}
