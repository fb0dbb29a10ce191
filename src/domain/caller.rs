//! Who asks, and what they may.

use super::{Account, AccountId, ApiUserGuid, OperatorGuid};
use crate::error::{Error, Result};

/// The API user behind a request, and the operator it stands for. It carries no rights: they are asked of the account, at
/// the moment of the change.
#[derive(Debug, Clone, Copy)]
pub struct Caller {
    pub account: AccountId,
    pub operator: OperatorGuid,
    pub api_user: ApiUserGuid,
}

impl Caller {
    /// The API user that the credentials named must still be there, and its operator active, when a change that waited has
    /// its turn.
    pub fn confirm(&self, account: &Account) -> Result<()> {
        if account.api_users.contains(&self.api_user) && account.is_active(self.operator) {
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

    /// Everybody may edit the operator that they are.
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
