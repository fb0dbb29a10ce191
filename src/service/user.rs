//! Changes of users.

use super::{ask, change};
use crate::AppState;
use crate::domain::account::{ChangedUser, OldPassword};
use crate::domain::{Account, Caller, Input, PasswordHash, UserChange, UserId};
use crate::error::{Error, Result};

/// Answers with the user that was changed, and with the account as it is then.
pub async fn update(
    state: &AppState,
    caller: &Caller,
    input: Input<UserChange>,
) -> Result<(UserId, Account)> {
    let who = *caller;
    let (old, password) = passwords(state, caller, &input).await?;
    change(state, caller, move |account, _| {
        let changed = decide(account, &who, input, &old)?;
        let user = account.insert_changed_user(changed, password)?;
        Ok((user, account.clone()))
    })
    .await
}

fn decide(
    account: &Account,
    caller: &Caller,
    input: Input<UserChange>,
    old: &OldPassword,
) -> Result<ChangedUser> {
    let access = |asked: Option<&UserChange>| {
        asked.map_or(Ok(()), |change| account.may_change_user(caller, change))
    };
    input.settle(access, |asked, problems| {
        account.changed_user(caller, asked?, old, problems)
    })
}

/// Compares the OldPassword of a draft, and hashes its NewPassword. Both are slow, so a caller without the right is refused
/// first. Mistakes wait for the comparison: "a wrong OldPassword is told beside whatever else is wrong".
async fn passwords(
    state: &AppState,
    caller: &Caller,
    input: &Input<UserChange>,
) -> Result<(OldPassword, Option<PasswordHash>)> {
    let Some((key, asked)) = input
        .value()
        .and_then(|change| Some((&change.key, change.password.clone()?)))
    else {
        return Ok((OldPassword::NotRight, None));
    };
    let judge = |account: &Account, old: &OldPassword| {
        decide(account, caller, input.clone(), old).map(drop)
    };
    let current = ask(state, caller, |account| {
        match judge(account, &OldPassword::NotCompared) {
            Ok(()) | Err(Error::Malformed(_) | Error::Refused(_)) => {}
            Err(other) => return Err(other),
        }
        Ok(account.password_to_know(caller, key).cloned())
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
    ask(state, caller, |account| judge(account, &old))?;
    let hash = match asked.new {
        Some(new) => Some(state.passwords.hash(new).await?),
        None => None,
    };
    Ok((old, hash))
}
