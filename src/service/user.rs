//! Changes of users.

use super::{attempt, change};
use crate::AppState;
use crate::domain::user::{NewPassword, WRONG_PASSWORD};
use crate::domain::{Account, Caller, Draft, UserChange, UserId};
use crate::error::{Error, Result};

/// Answers with the user that was changed, and with the account as it is then.
pub async fn update(
    state: &AppState,
    caller: &Caller,
    draft: Draft<UserChange>,
) -> Result<(UserId, Account)> {
    let who = *caller;
    let password = new_password(state, caller, &draft).await?;
    change(state, caller, move |account, _| {
        let user = account.update_user(&who, draft, password)?;
        Ok((user, account.clone()))
    })
    .await
}

/// The password that a draft brings, if it brings one. Hashing and comparing are slow, so what would be refused all the
/// same is refused before.
async fn new_password(
    state: &AppState,
    caller: &Caller,
    draft: &Draft<UserChange>,
) -> Result<Option<NewPassword>> {
    let Some(change) = draft.value() else {
        return Ok(None);
    };
    let Some(new) = change.new_password.clone() else {
        return Ok(None);
    };
    let current = attempt(state, caller, |account, _| {
        let user = account.update_user(caller, draft.clone(), None)?;
        let operator = account.user(user)?.operator;
        let is_own = operator == caller.operator;
        Ok(account
            .operator(operator)?
            .password()
            .filter(|_| is_own)
            .cloned())
    })?;
    // An administrator sets another's without the old one, which is then not looked at.
    if let (Some(hash), Some(old)) = (&current, &change.old_password)
        && !state
            .passwords
            .verify(Some(hash.clone()), old.clone())
            .await?
    {
        return Err(Error::Refused(vec![format!(
            "OldPassword: {WRONG_PASSWORD}"
        )]));
    }
    Ok(Some(NewPassword {
        hash: state.passwords.hash(new).await?,
        replaces: current,
    }))
}
