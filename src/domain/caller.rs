//! The caller of a request, and its rights.

use super::{Account, AccountId, ApiUserGuid, OperatorGuid, PasswordHash, SecretDigest};
use crate::error::{Error, Result};

/// The operator that makes a request. It holds no rights: they are looked up in the account at the moment of the change.
#[derive(Debug, Clone, Copy)]
pub struct Caller {
    pub account: AccountId,
    pub operator: OperatorGuid,
    pub credentials: AuthenticatedBy,
}

/// The credentials that authenticated an operator.
#[derive(Debug, Clone, Copy)]
pub enum AuthenticatedBy {
    /// Those of an API user of the operator.
    ApiUser(ApiUserGuid),
    /// The operator's own password; this is the digest of its hash.
    Password(SecretDigest),
}

impl AuthenticatedBy {
    /// Returns the credentials of an operator whose password matched this hash.
    pub fn password(hash: &PasswordHash) -> Self {
        Self::Password(SecretDigest::of(hash.as_str()))
    }
}

impl Caller {
    /// Returns the API user of the credentials, if it is one.
    pub fn api_user(&self) -> Option<ApiUserGuid> {
        match self.credentials {
            AuthenticatedBy::ApiUser(guid) => Some(guid),
            AuthenticatedBy::Password(_) => None,
        }
    }

    /// Checks that the credentials are still valid when a queued change is made: in the meantime, the API user may have been
    /// deleted, or the operator deleted or deactivated, or its password changed or no longer allowed for login.
    pub fn confirm(&self, account: &Account) -> Result<()> {
        let is_valid = match self.credentials {
            AuthenticatedBy::ApiUser(guid) => {
                account.api_users.contains(&guid) && account.is_active(self.operator)
            }
            AuthenticatedBy::Password(digest) => {
                account.operator(self.operator).is_ok_and(|operator| {
                    account.may_log_in(operator)
                        && operator.password().is_some_and(|hash| {
                            SecretDigest::of(hash.as_str()).agrees_with(&digest)
                        })
                })
            }
        };
        if is_valid {
            Ok(())
        } else {
            Err(Error::Unauthenticated)
        }
    }

    pub fn may_administer(&self, account: &Account) -> Result<()> {
        if account.is_administrator(self.operator) {
            Ok(())
        } else {
            Err(Error::Forbidden(
                "only members of the Administrators group may do this",
            ))
        }
    }

    /// Checks that the caller may edit an operator. Everybody may edit their own.
    pub fn may_edit_operator(&self, account: &Account, operator: OperatorGuid) -> Result<()> {
        if operator == self.operator || account.is_administrator(self.operator) {
            Ok(())
        } else {
            Err(Error::Forbidden(
                "only members of the Administrators group may change another operator",
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{AuthenticatedBy, Caller};
    use crate::domain::account::Settings;
    use crate::domain::operator::Profile;
    use crate::domain::user::{User, UserSettingsChange};
    use crate::domain::{Account, AccountId, Context, Operator, OperatorGuid, PasswordHash, Patch};

    #[test]
    fn a_caller_is_confirmed_only_while_its_credentials_are_valid() {
        let context = Context {
            now: "2026-06-25T19:37:59".parse().unwrap(),
            random: |bytes| bytes.fill(1),
        };
        let settings = Settings {
            name: "Acme".to_owned(),
            time_zone_id: "1".parse().unwrap(),
            single_sign_on: false,
        };
        let (name, email) = ("An Owner".parse(), "owner@example.com".parse());
        let owner = Operator::new(
            OperatorGuid::derived("owner"),
            Profile::of(name.unwrap(), email.unwrap()),
            Some(PasswordHash::new("one")),
        );
        let mut account = Account::new(AccountId::FIRST, settings, owner);
        let (api_user, _) = account.add_owner_credentials(&context);
        let by_api_user = Caller {
            account: account.id,
            operator: api_user.operator,
            credentials: AuthenticatedBy::ApiUser(api_user.guid),
        };
        let operator = account.operator(api_user.operator).unwrap();
        let by_password = Caller {
            credentials: AuthenticatedBy::password(operator.password().unwrap()),
            ..by_api_user
        };
        let are_confirmed = |account: &Account| {
            [by_api_user, by_password].map(|caller| caller.confirm(account).is_ok())
        };
        assert_eq!(are_confirmed(&account), [true, true]);

        let set_active = |account: &mut Account, active| {
            let user = User::clone(account.users.get(&api_user.operator).unwrap());
            account.restore_user(user.changed(UserSettingsChange {
                active: Patch::Set(active),
                ..UserSettingsChange::default()
            }));
        };
        let mut changed = account.clone();
        set_active(&mut changed, false);
        assert_eq!(are_confirmed(&changed), [false, false]);
        set_active(&mut changed, true);
        assert_eq!(are_confirmed(&changed), [true, true]);
        changed.api_users.remove(&api_user.guid);
        assert_eq!(are_confirmed(&changed), [false, true]);
        let another = PasswordHash::new("another");
        changed.set_password(operator.guid, another).unwrap();
        assert_eq!(are_confirmed(&changed), [false, false]);
    }
}
