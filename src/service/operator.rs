//! Changes of operators and of their authorizations.

use std::sync::Arc;

use super::{change, confirmed, with_account};
use crate::AppState;
use crate::domain::operator::{Profile, SetupMode};
use crate::domain::{
    Account, Caller, Context, Input, NewOperator, Operator, OperatorAuthorization, OperatorChange,
    OperatorGuid, PasswordHash, PlainPassword, Problems,
};
use crate::error::Result;
use crate::testing::outbox::{Kind, Message};

pub async fn create(
    state: &AppState,
    caller: &Caller,
    input: Input<NewOperator>,
) -> Result<Arc<Operator>> {
    let who = *caller;
    let validated = move |account: &Account, input: Input<NewOperator>| {
        input.settle(
            |_| who.may_administer(account),
            |new, problems| account.new_profile(new?, problems),
        )
    };
    let password = input.value().and_then(|new| new.password.clone());
    let check = |account: &Account| validated(account, input.clone()).map(drop);
    let password = hash(state, caller, password, check).await?;
    change_inviting(state, caller, move |account, context| {
        let profile = validated(account, input)?;
        let operator = account.add_operator(profile, password, context)?;
        let is_invited = is_invited(&operator);
        Ok((operator, is_invited))
    })
    .await
}

fn is_invited(operator: &Operator) -> bool {
    operator.profile().setup_mode == SetupMode::Invitation
}

/// Makes a change of one operator, and sends an invitation if that says so, once it is committed.
async fn change_inviting(
    state: &AppState,
    caller: &Caller,
    change: impl FnOnce(&mut Account, &Context) -> Result<(Arc<Operator>, bool)> + Send + 'static,
) -> Result<Arc<Operator>> {
    let change = confirmed(*caller, move |account, context| {
        Ok((change(account, context)?, context.now))
    });
    let changed = state.store.change_tested(caller.account, change).await?;
    let (((operator, is_invited), time), testing) = changed;
    if is_invited {
        testing.outbox.add(Message {
            to: operator.profile().email.clone(),
            kind: Kind::Invitation,
            operator: operator.guid,
            time,
        });
    }
    Ok(operator)
}

pub async fn replace(
    state: &AppState,
    caller: &Caller,
    guid: OperatorGuid,
    input: Input<NewOperator>,
) -> Result<()> {
    let password = input.value().and_then(|new| new.password.clone());
    edit(
        state,
        caller,
        guid,
        input,
        password,
        Account::replaced_profile,
    )
    .await
}

pub async fn update(
    state: &AppState,
    caller: &Caller,
    guid: OperatorGuid,
    input: Input<OperatorChange>,
) -> Result<()> {
    let password = input.value().and_then(|change| change.password.clone());
    edit(
        state,
        caller,
        guid,
        input,
        password,
        Account::changed_profile,
    )
    .await
}

/// Sets the profile of an operator to the result of `profile`.
async fn edit<T: Clone + Send + 'static>(
    state: &AppState,
    caller: &Caller,
    guid: OperatorGuid,
    input: Input<T>,
    password: Option<PlainPassword>,
    profile: fn(&Account, OperatorGuid, T, &mut Problems) -> Option<Profile>,
) -> Result<()> {
    let who = *caller;
    let validated = move |account: &Account, input: Input<T>| {
        let access = |_: Option<&T>| {
            who.may_edit_operator(account, guid)?;
            account.operator(guid).map(drop)
        };
        input.settle(access, |change, problems| {
            profile(account, guid, change?, problems)
        })
    };
    let check = |account: &Account| validated(account, input.clone()).map(drop);
    let password = hash(state, caller, password, check).await?;
    change_inviting(state, caller, move |account, _| {
        let profile = validated(account, input)?;
        let was_invited = is_invited(account.operator(guid)?);
        account.set_profile(guid, profile, password)?;
        let operator = account.operator(guid)?;
        // A client that sends back what it got does not invite again.
        let is_invited = is_invited(operator) && !was_invited;
        Ok((Arc::clone(operator), is_invited))
    })
    .await
    .map(drop)
}

/// Returns the hash of the password in a request, if there is one. Hashing is slow, so a request that would be rejected anyway
/// is rejected before.
async fn hash(
    state: &AppState,
    caller: &Caller,
    password: Option<PlainPassword>,
    check: impl FnOnce(&Account) -> Result<()>,
) -> Result<Option<PasswordHash>> {
    let Some(password) = password else {
        return Ok(None);
    };
    with_account(state, caller, check)?;
    state.passwords.hash(password).await.map(Some)
}

pub async fn delete(state: &AppState, caller: &Caller, guid: OperatorGuid) -> Result<()> {
    let who = *caller;
    change(state, caller, move |account, _| {
        who.may_administer(account)?;
        account.remove_operator(guid, who.operator)
    })
    .await
}

pub async fn authorize(
    state: &AppState,
    caller: &Caller,
    guid: OperatorGuid,
    authorization: OperatorAuthorization,
) -> Result<()> {
    let who = *caller;
    change(state, caller, move |account, _| {
        who.may_administer(account)?;
        account.authorize_operator(guid, authorization)
    })
    .await
}

pub async fn remove_authorization(
    state: &AppState,
    caller: &Caller,
    guid: OperatorGuid,
    authorization: OperatorAuthorization,
) -> Result<()> {
    let who = *caller;
    change(state, caller, move |account, _| {
        who.may_administer(account)?;
        account.remove_operator_authorization(guid, authorization)
    })
    .await
}
