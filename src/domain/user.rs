//! Users: operators as the companion API, `/api/Users`, sees them. What an operator says of itself, a user says too; here
//! is what it has beyond that, and the rules of that API.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use chrono::{NaiveTime, Timelike as _};
use schemars::json_schema;
use serde::Serialize;
use strum::{EnumString, IntoStaticStr, VariantNames};

use super::account::OWNER_ADMINISTERS;
use super::collection::Keyed;
use super::id::id;
use super::node::{Content, Node};
use super::operator::Profile;
use super::record::{Record as _, record};
use super::schema::schema;
use super::text::{DateFormat, Email, FullName, PhoneNumber, TimeFormat, quoted};
use super::timezone::TimeZoneId;
use super::value::{Mismatch, Value, formed, from_node, one_of};
use super::{
    Account, Caller, Operator, OperatorGuid, PasswordHash, Patch, PlainPassword, Problems,
    restore_parsed,
};
use crate::error::{Error, Result};

id!(
    /// The ID of a user: unique in its account, never used again.
    UserId,
    "ID",
    {"type": "integer", "format": "int32", "minimum": 1, "maximum": UserId::LAST}
);

record!(
    /// What a user has that its operator has not.
    UserSettings,
    /// A change of it. What is absent stays as it is.
    UserSettingsChange {
        /// Who is not active cannot log in, nor can its API users.
        active: bool = "Active" or true,
        enable_alert_timeframe: bool = "EnableAlertTimeframe",
        alert_timeframe_start: TimeInterval = "AlertTimeframeStart",
        alert_timeframe_end: TimeInterval = "AlertTimeframeEnd",
        default_dashboard: i32 = "DefaultDashboard",
        date_format: DateFormat = "DateFormat",
        time_format: TimeFormat = "TimeFormat",
        graph_tooltips: bool = "GraphTooltips" or true,
    }
);

/// An operator as a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub operator: OperatorGuid,
    pub id: UserId,
    pub settings: UserSettings,
}

impl Keyed for User {
    type Key = OperatorGuid;

    fn key(&self) -> OperatorGuid {
        self.operator
    }
}

impl User {
    /// A user with what nobody set.
    pub fn new(operator: OperatorGuid, id: UserId) -> Self {
        let settings = UserSettings::new(UserSettingsChange::default())
            .expect("every setting of a user has a default");
        Self {
            operator,
            id,
            settings,
        }
    }

    /// The user after a change.
    #[must_use]
    pub fn changed(&self, change: UserSettingsChange) -> Self {
        let mut user = self.clone();
        user.settings.apply(change);
        user
    }
}

/// A time of day to the tenth of a microsecond, as .NET writes a `TimeSpan`: `08:30:00`, `08:30:00.1234567`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct TimeInterval(NaiveTime);

/// How many nanoseconds the last digit of a fraction stands for.
const TICK: u32 = 100;

impl FromStr for TimeInterval {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let trimmed = text.trim();
        let (seconds, fraction) = trimmed.split_once('.').unwrap_or((trimmed, "0"));
        let is_fraction = (1..=7).contains(&fraction.len());
        NaiveTime::parse_from_str(&format!("{seconds}.{fraction}"), "%H:%M:%S%.f")
            .ok()
            // Chrono reads 8:0:0 and the leap second 23:59:60 as well.
            .filter(|time| is_fraction && time.format("%H:%M:%S").to_string() == seconds)
            .filter(|time| time.nanosecond() < 1_000_000_000)
            .map(Self)
            .ok_or_else(|| {
                format!(
                    "{} is not a time interval below 24 hours; write it as 08:30:00 or 08:30:00.1234567",
                    quoted(text)
                )
            })
    }
}

restore_parsed!(TimeInterval);

impl fmt::Display for TimeInterval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hour, minute, second) = (self.0.hour(), self.0.minute(), self.0.second());
        write!(f, "{hour:02}:{minute:02}:{second:02}")?;
        match self.0.nanosecond() / TICK {
            0 => Ok(()),
            ticks => write!(f, ".{ticks:07}"),
        }
    }
}

impl Serialize for TimeInterval {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

from_node!(TimeInterval, Text, formed, empty Blank);

impl Value for TimeInterval {
    fn unset() -> Option<Self> {
        Some(Self::default())
    }
}

schema!(TimeInterval, |_| json_schema!({
    "type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,7})?$"
}));

/// The access level of a user: whether the operator is a member of the Administrators group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr, VariantNames)]
#[strum(ascii_case_insensitive)]
pub enum UserRole {
    Monitor = 0,
    Administrator = 1,
}

impl TryFrom<i32> for UserRole {
    type Error = String;

    fn try_from(number: i32) -> Result<Self, String> {
        match number {
            0 => Ok(Self::Monitor),
            1 => Ok(Self::Administrator),
            other => Err(format!("{other} is none of 0 (Monitor), 1 (Administrator)")),
        }
    }
}

/// Reads the word or its number.
fn word_or_number(node: &Node) -> Result<Option<UserRole>, Mismatch> {
    match node.content {
        Content::Text(_) => one_of(node),
        _ => UserRole::try_from(node.whole()?)
            .map(Some)
            .map_err(Mismatch::malformed),
    }
}

from_node!(UserRole, Number, word_or_number, empty Blank);

schema!(UserRole, |_| json_schema!({"anyOf": [
    {"type": "string", "enum": UserRole::VARIANTS},
    {"type": "integer", "enum": [UserRole::Monitor as i32, UserRole::Administrator as i32]}
]}));

/// Which user is meant.
#[derive(Debug, Clone)]
pub enum Whom {
    Id(UserId),
    Name(String),
}

/// A change of a user. What is absent stays as it is.
#[derive(Debug, Clone)]
pub struct UserChange {
    pub whom: Whom,
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

/// A full name in two parts: what is before its first blank, and what is behind.
pub fn names(full_name: &FullName) -> (&str, &str) {
    let name = full_name.as_str().trim();
    let (given, family) = name.split_once(' ').unwrap_or((name, ""));
    (given, family.trim_start())
}

/// Users.
impl Account {
    pub fn user(&self, id: UserId) -> Result<&Arc<User>> {
        self.users
            .at(i32::from(id).into())
            .ok_or_else(|| Error::NotFound(format!("user {id} does not exist")))
    }

    fn user_named(&self, whom: &Whom) -> Result<&Arc<User>> {
        match whom {
            Whom::Id(id) => self.user(*id),
            Whom::Name(name) => self
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
    pub fn password_to_know(&self, caller: &Caller, whom: &Whom) -> Option<&PasswordHash> {
        let user = self.user_named(whom).ok()?;
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
        let user = self.user_named(&change.whom);
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
        let user = self.user_named(&change.whom).ok()?;
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
}

pub const OWNER_IS_ACTIVE: &str = "the owner of the account cannot be deactivated";

#[cfg(test)]
mod tests {
    use super::{TimeInterval, names};

    #[test]
    fn time_intervals_are_those_of_dot_net_below_a_day() {
        for (text, written) in [
            ("00:00:00", "00:00:00"),
            ("23:59:59.9999999", "23:59:59.9999999"),
            ("00:00:00.1234567", "00:00:00.1234567"),
            ("08:30:00.5", "08:30:00.5000000"),
            (" 08:30:00.0000000 ", "08:30:00"),
        ] {
            let interval: TimeInterval = text.parse().unwrap();
            assert_eq!(interval.to_string(), written);
        }
        for text in [
            "",
            "08:30",
            "8:30:00",
            "24:00:00",
            "23:59:60",
            "1.00:00:00",
            "-01:00:00",
            "08:30:00.",
            "08:30:00.12345678",
            "08:30:00.x",
        ] {
            assert!(text.parse::<TimeInterval>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_full_name_is_split_at_its_first_blank() {
        for (full_name, parts) in [
            ("Alice", ("Alice", "")),
            ("Alice Admin", ("Alice", "Admin")),
            ("Mary Ann van Dyke", ("Mary", "Ann van Dyke")),
            (" Alice  Admin ", ("Alice", "Admin")),
        ] {
            assert_eq!(names(&full_name.parse().unwrap()), parts);
        }
    }
}
