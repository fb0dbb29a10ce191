//! Changes of users.

use super::{change, with_account};
use crate::AppState;
use crate::domain::account::{ChangedUser, OldPassword};
use crate::domain::{Account, Caller, Input, PasswordHash, UserChange, UserId};
use crate::error::{Error, Result};

/// Updates a user. Returns its Id, and the account after the change.
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
    let access = |change: Option<&UserChange>| {
        change.map_or(Ok(()), |change| account.may_change_user(caller, change))
    };
    input.settle(access, |change, problems| {
        account.changed_user(caller, change?, old, problems)
    })
}

/// Verifies the OldPassword of a change, and hashes its NewPassword. Both are slow, so a caller without the right is rejected
/// first. Other mistakes are reported after the comparison: "a wrong OldPassword is told beside whatever else is wrong".
async fn passwords(
    state: &AppState,
    caller: &Caller,
    input: &Input<UserChange>,
) -> Result<(OldPassword, Option<PasswordHash>)> {
    let Some((key, passwords)) = input
        .value()
        .and_then(|change| Some((&change.key, change.password.clone()?)))
    else {
        return Ok((OldPassword::NotRight, None));
    };
    let check = |account: &Account, old: &OldPassword| {
        decide(account, caller, input.clone(), old).map(drop)
    };
    let current = with_account(state, caller, |account| {
        match check(account, &OldPassword::NotCompared) {
            Ok(()) | Err(Error::Malformed(_) | Error::Refused(_)) => {}
            Err(other) => return Err(other),
        }
        Ok(account.password_to_know(caller, key).cloned())
    })?;
    let old = match (current, passwords.old) {
        (Some(hash), Some(candidate)) => {
            let is_correct = state.passwords.verify(Some(hash.clone()), candidate);
            if is_correct.await? {
                OldPassword::Right(hash)
            } else {
                OldPassword::NotRight
            }
        }
        _ => OldPassword::NotRight,
    };
    with_account(state, caller, |account| check(account, &old))?;
    let hash = match passwords.new {
        Some(new) => Some(state.passwords.hash(new).await?),
        None => None,
    };
    Ok((old, hash))
}
