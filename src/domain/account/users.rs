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

/// Which user is meant.
#[derive(Debug, Clone)]
pub enum UserKey {
    Id(UserId),
    Name(String),
}

/// A change of a user. What is absent stays as it is.
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

/// What a change makes of a user.
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
    /// Nothing, where what was sent breaks its rule.
    pub new: Option<PlainPassword>,
}

/// What is known of an OldPassword. Comparing it is slow, so it is done before the change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OldPassword {
    NotCompared,
    /// It is the password of this hash.
    Right(PasswordHash),
    /// It is wrong, or there was nothing to compare.
    NotRight,
}

impl Account {
    pub fn user(&self, id: UserId) -> Result<&Arc<User>> {
        self.users
            .at(i32::from(id).into())
            .ok_or_else(|| Error::NotFound(format!("user {id} does not exist")))
    }

    fn user_named(&self, key: &UserKey) -> Result<&Arc<User>> {
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

    /// Whether an operator and its API users may use the account.
    pub fn is_active(&self, operator: OperatorGuid) -> bool {
        self.users
            .get(&operator)
            .is_some_and(|user| user.settings.active)
    }

    /// Whether an operator may log in with its password: the one rule for all places that take one.
    pub fn may_log_in(&self, operator: &Operator) -> bool {
        operator.may_log_in() && self.is_active(operator.guid)
    }

    /// Returns the hash that OldPassword has to match: of the caller's own password. An administrator sets another's without.
    pub fn password_to_know(&self, caller: &Caller, key: &UserKey) -> Option<&PasswordHash> {
        let user = self.user_named(key).ok()?;
        let operator = self.operator(user.operator).ok()?;
        operator
            .password()
            .filter(|_| operator.guid == caller.operator)
    }

    /// Puts a changed user in its place, with what its operator says of itself, and its rights.
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

    /// Everybody may change the user that they are, but for what gives rights. What is sent as it is, as by clients that
    /// send back all that they got, is no change.
    pub fn may_change_user(&self, caller: &Caller, change: &UserChange) -> Result<()> {
        let user = self.user_named(&change.key);
        match &user {
            Ok(user) => caller.may_edit_operator(self, user.operator)?,
            Err(_) => caller.may_administer(self)?,
        }
        let user = user?;
        let is_promoted = change
            .role
            .is_some_and(|role| role != self.role_of(user.operator));
        let active = change.settings.active.value();
        let is_switched = active.is_some_and(|active| active != user.settings.active);
        if is_promoted || is_switched {
            caller.may_administer(self)?;
        }
        Ok(())
    }

    /// Decides how a user is after a change.
    pub fn changed_user(
        &self,
        caller: &Caller,
        change: UserChange,
        old: &OldPassword,
        problems: &mut Problems,
    ) -> Option<ChangedUser> {
        let user = self.user_named(&change.key).ok()?;
        let operator = self.operator(user.operator).ok()?;
        if let Some(change) = &change.password
            && operator.guid == caller.operator
        {
            Self::old_password_is_right(operator, change, old)
                .unwrap_or_else(|told| problems.refused("OldPassword", told));
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

    fn old_password_is_right(
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

    /// What an operator says of itself after a change, as far as nothing is wrong with it.
    fn profile_of_user(
        &self,
        operator: &Operator,
        change: &UserChange,
        problems: &mut Problems,
    ) -> Profile {
        let mut profile = operator.profile().clone();
        let (given, family) = names(&operator.profile().full_name);
        let as_text = |name: &Option<FullName>, or: &str| {
            name.as_ref()
                .map_or_else(|| or.to_owned(), |name| name.as_str().trim().to_owned())
        };
        let (new_given, new_family) = (
            as_text(&change.given_name, given),
            as_text(&change.family_name, family),
        );
        // A name that stays keeps its blanks.
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
        let renamed = (change.email.as_ref().map(|email| ("Email", email)))
            .or_else(|| change.user_name.as_ref().map(|email| ("UserName", email)));
        if let Some((field, email)) = renamed {
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

    /// Membership of the Administrators group is all that there is of a role.
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

    /// Makes an operator a user, which every operator is, unless it is one.
    pub(super) fn add_user(&mut self, operator: OperatorGuid) -> Result<()> {
        if !self.users.contains(&operator) {
            let id = self.new_user_id()?;
            self.restore_user(User::new(operator, id));
        }
        Ok(())
    }
}
