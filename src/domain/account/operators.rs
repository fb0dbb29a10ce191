//! The operators of an account, and the rules between them.

use std::sync::Arc;

use super::Account;
use crate::domain::operator::{NewOperator, Profile, ProfileChange, SetupMode};
use crate::domain::record::Record as _;
use crate::domain::text::{Email, quoted};
use crate::domain::{
    Context, Operator, OperatorAuthorization, OperatorChange, OperatorGroup, OperatorGroupGuid,
    OperatorGuid, PasswordHash, Patch, Problems,
};
use crate::error::{Error, Result};

impl Account {
    pub fn operator(&self, guid: OperatorGuid) -> Result<&Arc<Operator>> {
        self.operators
            .get(&guid)
            .ok_or_else(|| Error::NotFound(format!("operator {guid} does not exist")))
    }

    pub fn operator_by_email(&self, email: &str) -> Option<&Arc<Operator>> {
        self.operators.get(self.emails.get(&Email::key_of(email))?)
    }

    /// Returns the operator with an e-mail address or a GUID, or why there is none.
    pub fn operator_named(&self, name: &str) -> Result<&Arc<Operator>, &'static str> {
        let by_guid = || self.operators.get(&name.parse().ok()?);
        let found = self.operator_by_email(name).or_else(by_guid);
        found.ok_or("no operator has this e-mail address or GUID")
    }

    /// Returns the Administrators group, which every account has once it is loaded.
    pub(super) fn administrators(&self) -> Option<OperatorGroupGuid> {
        self.administrators
    }

    pub fn is_administrator(&self, operator: OperatorGuid) -> bool {
        self.administrators
            .and_then(|guid| self.operator_groups.get(&guid))
            .is_some_and(|group| group.members.contains_key(&operator))
    }

    /// Adds an operator. Like every operator, it is a member of Everyone, and it may use the account.
    pub fn add_operator(
        &mut self,
        profile: Profile,
        password: Option<PasswordHash>,
        context: &Context,
    ) -> Result<Arc<Operator>> {
        self.add_named_operator(context.new_guid(), profile, password)
    }

    /// Adds an operator with a GUID of the caller's choice, which must be unused.
    pub fn add_named_operator(
        &mut self,
        guid: OperatorGuid,
        profile: Profile,
        password: Option<PasswordHash>,
    ) -> Result<Arc<Operator>> {
        self.add_user(guid)?;
        let operator = Arc::new(Operator::new(guid, profile, password));
        self.insert_operator(Arc::clone(&operator));
        Ok(operator)
    }

    /// Sets an operator's password, where its hash was computed after the operator was added.
    pub fn set_password(&mut self, guid: OperatorGuid, password: PasswordHash) -> Result<()> {
        let operator = self.operator(guid)?.with_password(password);
        self.insert_operator(operator);
        Ok(())
    }

    /// Replaces the profile of an operator. Its password stays, unless there is a new one.
    pub fn set_profile(
        &mut self,
        guid: OperatorGuid,
        profile: Profile,
        password: Option<PasswordHash>,
    ) -> Result<()> {
        let operator = self.operator(guid)?;
        let password = password.or_else(|| operator.password().cloned());
        self.insert_operator(operator.with_profile(profile, password));
        Ok(())
    }

    /// Removes an operator: "you cannot delete the operator associated with the API account you are using" (operator API).
    pub fn remove_operator(
        &mut self,
        guid: OperatorGuid,
        used_by_caller: OperatorGuid,
    ) -> Result<()> {
        let email = self.operator(guid)?.profile().email.key();
        let mut problems = Problems::default();
        let message = "the operator of the API user in use cannot be deleted";
        problems.refuse_unless(guid != used_by_caller, "", message);
        let message = "the owner of the account cannot be deleted";
        problems.refuse_unless(guid != self.owner, "", message);
        problems.into_result()?;

        self.operators.remove(&guid);
        self.users.remove(&guid);
        self.emails.remove(&email);
        let has_operator = |group: &&Arc<OperatorGroup>| group.members.contains_key(&guid);
        for group in self
            .operator_groups
            .iter()
            .filter(has_operator)
            .cloned()
            .collect::<Vec<_>>()
        {
            let mut group = Arc::unwrap_or_clone(group);
            group.members.remove(&guid);
            self.operator_groups.insert(group);
        }
        for api_user in self
            .api_users_of(guid)
            .map(|api_user| api_user.guid)
            .collect::<Vec<_>>()
        {
            self.api_users.remove(&api_user);
        }
        Ok(())
    }

    /// Returns the authorizations of an operator. AccountAdministrator comes with membership of the Administrators group only.
    pub fn authorizations_of(&self, guid: OperatorGuid) -> Result<Vec<OperatorAuthorization>> {
        let mut all = self.operator(guid)?.authorizations.clone();
        if self.is_administrator(guid) {
            all.insert(OperatorAuthorization::AccountAdministrator);
        }
        Ok(all.into_iter().collect())
    }

    pub fn authorize_operator(
        &mut self,
        guid: OperatorGuid,
        authorization: OperatorAuthorization,
    ) -> Result<()> {
        let mut operator = Operator::clone(self.operator(guid)?);
        Self::check_assignable(authorization)?;
        operator.authorizations.insert(authorization);
        self.operators.insert(operator);
        Ok(())
    }

    pub fn remove_operator_authorization(
        &mut self,
        guid: OperatorGuid,
        authorization: OperatorAuthorization,
    ) -> Result<()> {
        let mut operator = Operator::clone(self.operator(guid)?);
        Self::check_assignable(authorization)?;
        if !operator.authorizations.remove(&authorization) {
            let word: &str = authorization.into();
            return Err(Error::NotFound(format!(
                "operator {guid} does not have the authorization {word}"
            )));
        }
        self.operators.insert(operator);
        Ok(())
    }

    fn check_assignable(authorization: OperatorAuthorization) -> Result<()> {
        if authorization == OperatorAuthorization::AccountAdministrator {
            let message =
                "AccountAdministrator comes and goes with membership of the Administrators group";
            return Err(Error::refused("", message));
        }
        Ok(())
    }

    /// Returns the profile of a new operator; broken rules are added to `problems`.
    pub fn new_profile(&self, new: NewOperator, problems: &mut Problems) -> Option<Profile> {
        self.check_profile(&new.profile, new.password.is_some(), None, problems);
        Profile::new(new.profile)
    }

    /// Returns the profile that replaces that of an operator; broken rules are added to `problems`.
    pub fn replaced_profile(
        &self,
        guid: OperatorGuid,
        new: NewOperator,
        problems: &mut Problems,
    ) -> Option<Profile> {
        self.check_profile(&new.profile, new.password.is_some(), Some(guid), problems);
        Profile::new(new.profile)
    }

    /// Returns the profile of an operator after a change; broken rules are added to `problems`.
    pub fn changed_profile(
        &self,
        guid: OperatorGuid,
        change: OperatorChange,
        problems: &mut Problems,
    ) -> Option<Profile> {
        let OperatorChange {
            profile: change,
            password,
        } = change;
        self.check_profile(&change, password.is_some(), Some(guid), problems);
        let mut profile = self.operator(guid).ok()?.profile().clone();
        profile.apply(change);
        Some(profile)
    }

    /// Checks the rules of an operator that involve more than one field.
    fn check_profile(
        &self,
        change: &ProfileChange,
        has_password: bool,
        guid: Option<OperatorGuid>,
        problems: &mut Problems,
    ) {
        if let Patch::Set(email) = &change.email
            && let Err(message) = self.email_is_free(email, guid)
        {
            problems.refused("Email", message);
        }
        let is_invited = change.setup_mode == Patch::Set(SetupMode::Invitation);
        let message = "an operator who is invited chooses the password; leave it out";
        problems.refuse_unless(!is_invited || !has_password, "Password", message);
        let sso = self.settings.single_sign_on;
        let message = "can be false only where the account has single sign-on";
        let is_allowed = sso || change.allow_native_login != Patch::Set(Some(false));
        problems.refuse_unless(is_allowed, "AllowNativeLogin", message);
        let message = "can be true only where the account has single sign-on";
        let is_allowed = sso || change.allow_single_signon != Patch::Set(Some(true));
        problems.refuse_unless(is_allowed, "AllowSingleSignon", message);
    }

    /// Checks that no operator of the account other than `operator` has an e-mail address.
    pub(super) fn email_is_free(
        &self,
        email: &Email,
        operator: Option<OperatorGuid>,
    ) -> Result<(), String> {
        match self.emails.get(&email.key()) {
            Some(holder) if Some(*holder) != operator => Err(format!(
                "another operator of the account has {}",
                quoted(email.as_str())
            )),
            _ => Ok(()),
        }
    }

    /// Inserts or replaces an operator, which must be a user, and updates the index of e-mail addresses.
    pub fn insert_operator(&mut self, operator: impl Into<Arc<Operator>>) {
        let operator = operator.into();
        if let Some(before) = self.operators.get(&operator.guid) {
            self.emails.remove(&before.profile().email.key());
        }
        self.emails
            .insert(operator.profile().email.key(), operator.guid);
        self.operators.insert(operator);
    }
}
