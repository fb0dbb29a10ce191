//! The users of an account, one for each operator, and the rules of `/api/Users`.

use std::sync::Arc;

use super::Account;
use super::groups::OWNER_ADMINISTERS;
use crate::domain::operator::Profile;
use crate::domain::text::{Email, FullName, PhoneNumber, quoted};
use crate::domain::timezone::TimeZoneId;
use crate::domain::user::{UserRole, UserSettingsChange, names};
use crate::domain::{
    Caller, Operator, OperatorGuid, PasswordHash, Patch, PlainPassword, Problems, User, UserId,
};
use crate::error::{Error, Result};

pub const OWNER_IS_ACTIVE: &str = "the owner of the account cannot be deactivated";

/// The ID or name by which a request refers to a user.
#[derive(Debug, Clone)]
pub enum UserKey {
    Id(UserId),
    Name(String),
}

/// A change of a user. Absent fields stay as they are.
#[derive(Debug, Clone)]
pub struct UserChange {
    pub key: UserKey,
    pub password: Option<PasswordChange>,
    /// Another name for the e-mail address.
    pub user_name: Option<Email>,
    pub given_name: Option<FullName>,
    pub family_name: Option<FullName>,
    pub email: Option<Email>,
    pub role: Option<UserRole>,
    pub mobile_number: Option<PhoneNumber>,
    pub time_zone_id: Patch<TimeZoneId>,
    pub settings: UserSettingsChange,
}

/// A user after a change that is not stored yet.
#[derive(Debug)]
pub struct ChangedUser {
    user: User,
    profile: Profile,
    role: Option<UserRole>,
}

/// A change of a user's password.
#[derive(Debug, Clone)]
pub struct PasswordChange {
    pub old: Option<PlainPassword>,
    /// `None` if the password in the request breaks its rule.
    pub new: Option<PlainPassword>,
}

/// The result of verifying an OldPassword. Verifying it is slow, so it is done before the change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OldPassword {
    NotCompared,
    /// It matches this hash.
    Right(PasswordHash),
    /// It is wrong, or there was nothing to compare it with.
    NotRight,
}

impl Account {
    pub fn user(&self, id: UserId) -> Result<&Arc<User>> {
        self.users
            .at(i32::from(id).into())
            .ok_or_else(|| Error::NotFound(format!("user {id} does not exist")))
    }

    fn user_by_key(&self, key: &UserKey) -> Result<&Arc<User>> {
        match key {
            UserKey::Id(id) => self.user(*id),
            UserKey::Name(name) => self
                .operator_by_email(name)
                .and_then(|operator| self.users.get(&operator.guid))
                .ok_or_else(|| Error::NotFound(format!("user {} does not exist", quoted(name)))),
        }
    }

    pub fn role_of(&self, operator: OperatorGuid) -> UserRole {
        if self.is_administrator(operator) {
            UserRole::Administrator
        } else {
            UserRole::Monitor
        }
    }

    /// Returns whether an operator and its API users may use the account.
    pub fn is_active(&self, operator: OperatorGuid) -> bool {
        self.users
            .get(&operator)
            .is_some_and(|user| user.settings.active)
    }

    /// Returns whether an operator may log in with its password: the one rule for all places that accept one.
    pub fn may_log_in(&self, operator: &Operator) -> bool {
        operator.may_log_in() && self.is_active(operator.guid)
    }

    /// Returns the hash that OldPassword has to match: that of the caller's own password. An administrator sets the password of
    /// another user without it.
    pub fn password_to_know(&self, caller: &Caller, key: &UserKey) -> Option<&PasswordHash> {
        let user = self.user_by_key(key).ok()?;
        let operator = self.operator(user.operator).ok()?;
        operator
            .password()
            .filter(|_| operator.guid == caller.operator)
    }

    /// Stores a changed user, with the profile and the role of its operator.
    pub fn insert_changed_user(
        &mut self,
        changed: ChangedUser,
        password: Option<PasswordHash>,
    ) -> Result<UserId> {
        let ChangedUser {
            user,
            profile,
            role,
        } = changed;
        self.set_profile(user.operator, profile, password)?;
        if let Some(role) = role {
            self.set_role(user.operator, role)?;
        }
        let id = user.id;
        self.restore_user(user);
        Ok(id)
    }

    /// Checks the caller's right to a change. Everybody may change their own user, except for the fields that give rights. A
    /// field that is sent with its current value, as by clients that send back all that they received, is no change.
    pub fn may_change_user(&self, caller: &Caller, change: &UserChange) -> Result<()> {
        let user = self.user_by_key(&change.key);
        match &user {
            Ok(user) => caller.may_edit_operator(self, user.operator)?,
            Err(_) => caller.may_administer(self)?,
        }
        let user = user?;
        let changes_role = change
            .role
            .is_some_and(|role| role != self.role_of(user.operator));
        let active = change.settings.active.value();
        let changes_active = active.is_some_and(|active| active != user.settings.active);
        if changes_role || changes_active {
            caller.may_administer(self)?;
        }
        Ok(())
    }

    /// Returns a user after a change; broken rules are added to `problems`.
    pub fn changed_user(
        &self,
        caller: &Caller,
        change: UserChange,
        old: &OldPassword,
        problems: &mut Problems,
    ) -> Option<ChangedUser> {
        let user = self.user_by_key(&change.key).ok()?;
        let operator = self.operator(user.operator).ok()?;
        if let Some(change) = &change.password
            && operator.guid == caller.operator
        {
            Self::check_old_password(operator, change, old)
                .unwrap_or_else(|message| problems.refused("OldPassword", message));
        }
        if let (Some(user_name), Some(email)) = (&change.user_name, &change.email) {
            let message = "is the same as Email; leave one of them out, or send the same";
            problems.refuse_unless(user_name.key() == email.key(), "UserName", message);
        }
        let profile = self.profile_of_user(operator, &change, problems);
        if change.settings.active == Patch::Set(false) && user.settings.active {
            if operator.guid == self.owner {
                problems.refused("Active", OWNER_IS_ACTIVE);
            } else if operator.guid == caller.operator {
                problems.refused("Active", "nobody can deactivate itself");
            }
        }
        if change.role == Some(UserRole::Monitor) {
            let is_owner = operator.guid == self.owner;
            problems.refuse_unless(!is_owner, "UserRole", OWNER_ADMINISTERS);
        }
        Some(ChangedUser {
            user: user.changed(change.settings),
            profile,
            role: change.role,
        })
    }

    fn check_old_password(
        operator: &Operator,
        change: &PasswordChange,
        old: &OldPassword,
    ) -> Result<(), &'static str> {
        let Some(current) = operator.password() else {
            return Err("there is none yet; an administrator can set the first one");
        };
        if change.old.is_none() {
            return Err("is needed to set a NewPassword of one's own");
        }
        match old {
            OldPassword::NotCompared => Ok(()),
            OldPassword::Right(hash) if hash == current => Ok(()),
            OldPassword::Right(_) | OldPassword::NotRight => Err("is not the user's password"),
        }
    }

    /// Returns the profile of an operator after a change, as far as the change is valid.
    fn profile_of_user(
        &self,
        operator: &Operator,
        change: &UserChange,
        problems: &mut Problems,
    ) -> Profile {
        let mut profile = operator.profile().clone();
        let (given, family) = names(&operator.profile().full_name);
        let as_text = |name: &Option<FullName>, default: &str| {
            name.as_ref().map_or_else(
                || default.to_owned(),
                |name| name.as_str().trim().to_owned(),
            )
        };
        let (new_given, new_family) = (
            as_text(&change.given_name, given),
            as_text(&change.family_name, family),
        );
        // An unchanged name keeps its whitespace.
        if (new_given.as_str(), new_family.as_str()) != (given, family) {
            let joined = format!("{new_given} {new_family}");
            if joined.trim().is_empty() {
                problems.malformed("GivenName", "is required, unless there is a FamilyName");
            }
            match joined.trim().parse() {
                Ok(full_name) => profile.full_name = full_name,
                Err(message) => {
                    problems.refused("GivenName", format!("with FamilyName, it {message}"));
                }
            }
        }
        let new_email = (change.email.as_ref().map(|email| ("Email", email)))
            .or_else(|| change.user_name.as_ref().map(|email| ("UserName", email)));
        if let Some((field, email)) = new_email {
            match self.email_is_free(email, Some(operator.guid)) {
                Ok(()) => profile.email = email.clone(),
                Err(message) => problems.refused(field, message),
            }
        }
        if let Some(mobile_number) = &change.mobile_number {
            profile.mobile_phone = mobile_number.clone();
        }
        match change.time_zone_id {
            Patch::Keep => {}
            Patch::Clear => profile.time_zone_id = None,
            Patch::Set(zone) => profile.time_zone_id = Some(zone),
        }
        profile
    }

    /// Sets the role of an operator, which is nothing but membership of the Administrators group.
    fn set_role(&mut self, operator: OperatorGuid, role: UserRole) -> Result<()> {
        let Some(group) = self.administrators() else {
            return Ok(());
        };
        match role {
            UserRole::Administrator => self.add_member(group, operator),
            UserRole::Monitor if self.is_administrator(operator) => {
                self.remove_member(group, operator)
            }
            UserRole::Monitor => Ok(()),
        }
    }

    pub fn restore_user(&mut self, user: User) {
        self.users.place(i32::from(user.id).into(), user);
    }

    pub fn new_user_id(&mut self) -> Result<UserId> {
        let id = UserId::try_from(self.next_user_id).map_err(|_| {
            let last = UserId::LAST;
            Error::refused("ID", format!("all IDs of users are used up, 1 to {last}"))
        })?;
        self.next_user_id += 1;
        Ok(id)
    }

    /// Adds the user of an operator, unless it exists; every operator has one.
    pub(super) fn add_user(&mut self, operator: OperatorGuid) -> Result<()> {
        if !self.users.contains(&operator) {
            let id = self.new_user_id()?;
            self.restore_user(User::new(operator, id));
        }
        Ok(())
    }
}
