//! The reasons for 4xx responses in the journal, which are more explicit than the responses themselves may be.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::http::response::Parts;
use uuid::Uuid;

use crate::domain::{AccountId, Problem, guid};
use crate::error::Error;
use crate::service::registration;
use crate::store::{Name, State};

/// The error behind a response, attached to it for the layers that it passes on its way out.
#[derive(Debug, Clone)]
pub struct Cause(pub Arc<Error>);

/// Returns the reasons for a 4xx in plain words; none for other statuses, and for the responses of faults.
pub fn of(
    all: &State,
    response: &Parts,
    path: &str,
    user_name: Option<&str>,
    account: Option<AccountId>,
    is_accepted: bool,
) -> Vec<Problem> {
    // The reason for the response of a fault is not in the request.
    let cause = match response.extensions.get::<Cause>() {
        Some(Cause(cause)) if response.status.is_client_error() => &**cause,
        None | Some(_) => return Vec::new(),
    };
    if matches!(cause, Error::Injected(_)) {
        return Vec::new();
    }
    let specific = match response.status {
        StatusCode::UNAUTHORIZED if is_accepted => Some(
            "the credentials were right when the request came, and no longer in its turn"
                .to_owned(),
        ),
        StatusCode::UNAUTHORIZED => Some(unauthenticated(all, path, user_name)),
        StatusCode::NOT_FOUND => account.and_then(|account| of_another_account(all, path, account)),
        _ => None,
    };
    match (specific, cause) {
        (Some(specific), _) => vec![Problem::general(specific)],
        (None, Error::Malformed(problems) | Error::Refused(problems)) => problems.clone(),
        (None, other) => vec![Problem::general(other.to_string())],
    }
}

fn unauthenticated(all: &State, path: &str, user_name: Option<&str>) -> String {
    let is_register = path == "/Register";
    let Some(user_name) = user_name else {
        return "there are no credentials of Basic authentication, or they cannot be read"
            .to_owned();
    };
    let api_user = all.login(user_name);
    let operator = registration::find(all, user_name);
    match (is_register, api_user, operator) {
        (false, Some((tenant, api_user)), _) if !tenant.account.is_active(api_user.operator) => {
            format!(
                "the operator of API user {user_name} is not active: Active of /api/Users is false"
            )
        }
        (false, Some(_), _) => format!("the password of API user {user_name} is wrong"),
        (false, None, Some(_)) => "this is an operator's login: only /Register takes it".to_owned(),
        (false, None, None) => format!("no account has an API user {user_name}"),
        (true, _, Some((tenant, operator))) if !tenant.account.is_active(operator.guid) => {
            format!("operator {user_name} is not active: Active of /api/Users is false")
        }
        (true, _, Some((_, operator))) if operator.password().is_none() => {
            format!("operator {user_name} has no password")
        }
        (true, _, Some((_, operator))) if !operator.may_log_in() => {
            format!("operator {user_name} may not log in: AllowNativeLogin is false")
        }
        (true, _, Some(_)) => format!("the password of operator {user_name} is wrong"),
        (true, Some(_), None) => {
            "this is an API user: /Register takes an operator's login".to_owned()
        }
        (true, None, None) => format!("no account has an operator {user_name}"),
    }
}

/// Returns the reason for a 404 whose GUID exists elsewhere: "another account has this operator".
fn of_another_account(all: &State, path: &str, account: AccountId) -> Option<String> {
    let own = &all.tenant(account)?.account;
    let is_missing = |guid: &Uuid| {
        let guid = *guid;
        !(own.operators.contains(&guid.into())
            || own.operator_groups.contains(&guid.into())
            || own.api_users.contains(&guid.into()))
    };
    let missing = path.split('/').filter_map(guid::read).find(is_missing)?;
    let found = [
        (Name::Operator(missing.into()), "operator"),
        (Name::OperatorGroup(missing.into()), "operator group"),
        (Name::ApiUser(missing.into()), "API user"),
    ];
    let (_, found) = found
        .into_iter()
        .find(|(name, _)| all.holder(name.clone()).is_some())?;
    Some(format!("another account has this {found}"))
}
