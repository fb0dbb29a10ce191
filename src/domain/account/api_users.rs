//! The API users of an account.

use std::sync::Arc;

use super::Account;
use crate::domain::text::Description;
use crate::domain::{ApiUser, ApiUserGuid, Context, OperatorGuid, Problems, SecretDigest};
use crate::error::{Error, Result};

/// The fields of a request that creates or replaces an API user.
#[derive(Debug, Clone)]
pub struct ApiUserChange {
    pub operator: OperatorGuid,
    pub description: Description,
}

impl Account {
    pub fn api_user(&self, guid: ApiUserGuid) -> Result<&Arc<ApiUser>> {
        self.api_users
            .get(&guid)
            .ok_or_else(|| Error::NotFound(format!("API user {guid} does not exist")))
    }

    pub fn api_users_of(&self, operator: OperatorGuid) -> impl Iterator<Item = &Arc<ApiUser>> {
        self.api_users
            .iter()
            .filter(move |api_user| api_user.operator == operator)
    }

    /// Adds an API user. Returns it and its password, which cannot be retrieved again.
    pub fn add_api_user(
        &mut self,
        change: ApiUserChange,
        context: &Context,
    ) -> (Arc<ApiUser>, String) {
        let ApiUserChange {
            operator,
            description,
        } = change;
        let (api_user, password) = ApiUser::generic(operator, description, context);
        let api_user = Arc::new(api_user);
        self.api_users.insert(Arc::clone(&api_user));
        (api_user, password)
    }

    /// Returns an API user after a change; broken rules are added to `problems`. "The OperatorGuid associated to the API user
    /// must remain unchanged." (ApiUser API)
    pub fn changed_api_user(
        &self,
        guid: ApiUserGuid,
        change: ApiUserChange,
        problems: &mut Problems,
    ) -> Option<ApiUser> {
        let ApiUserChange {
            operator,
            description,
        } = change;
        let api_user = self.api_user(guid).ok()?;
        let message = "an API user stays with its operator";
        problems.refuse_unless(api_user.operator == operator, "OperatorGuid", message);
        Some(ApiUser {
            description,
            ..ApiUser::clone(api_user)
        })
    }

    pub fn remove_api_user(&mut self, guid: ApiUserGuid) -> Result<()> {
        self.api_user(guid)?;
        self.api_users.remove(&guid);
        Ok(())
    }

    /// Sets a new password for the owner's first API user, or adds one if the owner has none.
    pub fn renew_owner_credentials(&mut self, context: &Context) -> (Arc<ApiUser>, String) {
        let Some(api_user) = self.api_users_of(self.owner).next().cloned() else {
            return self.add_owner_credentials(context);
        };
        let password = context.new_password();
        let api_user = Arc::new(ApiUser {
            password: SecretDigest::of(&password),
            ..Arc::unwrap_or_clone(api_user)
        });
        self.api_users.insert(Arc::clone(&api_user));
        (api_user, password)
    }

    /// Adds an API user of the owner.
    pub fn add_owner_credentials(&mut self, context: &Context) -> (Arc<ApiUser>, String) {
        let (api_user, password) = ApiUser::generic(self.owner, Description::default(), context);
        let api_user = Arc::new(api_user);
        self.api_users.insert(Arc::clone(&api_user));
        (api_user, password)
    }
}
