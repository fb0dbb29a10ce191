//! The account: the value that holds all that belongs to it, and the rules between its parts.
//!
//! A change is made on a copy, which costs nothing; a change that fails leaves a copy that nobody looks at.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use chrono::{NaiveDate, NaiveTime};
use imbl::OrdMap;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde::Serialize;

use super::api_user::SecretDigest;
use super::collection::Keyed;
use super::node::Node;
use super::operator::{NewOperator, Profile, ProfileChange, SetupMode};
use super::record::Record as _;
use super::schema::schema;
use super::text::{Description, Email, quoted};
use super::timezone::TimeZoneId;
use super::value::{FromNode, Kind, Mismatch, ruled};
use super::{
    ApiUser, ApiUserGuid, Collection, Context, DutySchedule, GroupKind, Kept, Moment, Operator,
    OperatorAuthorization, OperatorChange, OperatorGroup, OperatorGroupAuthorization,
    OperatorGroupGuid, OperatorGuid, PasswordHash, Patch, Problems, Recurrence, Restore,
    ScheduleId, User, UserId,
};
use crate::error::{Error, Result};

/// The number of an account: 1 to 9 digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct AccountId(i32);

impl AccountId {
    /// The number of the first account where there is none yet.
    pub const FIRST: Self = Self(100_000);

    /// The number behind this one.
    pub fn next(self) -> Option<Self> {
        (self.0 < 999_999_999).then(|| Self(self.0 + 1))
    }
}

impl FromStr for AccountId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let trimmed = text.trim();
        let is_number =
            (1..=9).contains(&trimmed.len()) && trimmed.bytes().all(|byte| byte.is_ascii_digit());
        match trimmed.parse() {
            Ok(number) if is_number => Ok(Self(number)),
            _ => Err(format!(
                "{} is not an account's number; write 1 to 9 digits",
                quoted(text)
            )),
        }
    }
}

/// Documents hold it as a text, since it may begin with 0.
impl FromNode for AccountId {
    const KIND: Kind = Kind::Text;

    fn read(node: &Node) -> Result<Option<Self>, Mismatch> {
        ruled(node)
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": "^[0-9]{1,9}$"})
    }
}

/// Rows hold it as a number, and documents as a text.
impl Restore for AccountId {
    fn restore(kept: Kept<'_>) -> Option<Self> {
        match kept {
            Kept::Text(_) => kept.parse(),
            kept => i32::restore(kept).map(Self),
        }
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

schema!(
    AccountId,
    |_| json_schema!({"type": "integer", "format": "int32"})
);

pub(super) const OWNER_ADMINISTERS: &str =
    "the owner of the account cannot be removed from the Administrators group";

/// What an account says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub name: String,
    pub time_zone_id: TimeZoneId,
    pub single_sign_on: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub id: AccountId,
    pub settings: Settings,
    pub owner: OperatorGuid,
    pub operators: Collection<Operator>,
    pub operator_groups: Collection<OperatorGroup>,
    pub api_users: Collection<ApiUser>,
    /// One for each operator, in the order of their IDs.
    pub users: Collection<User>,
    /// Finds operators by e-mail address; follows from `operators`.
    emails: OrdMap<String, OperatorGuid>,
    /// Follows from `operator_groups`.
    administrators: Option<OperatorGroupGuid>,
    next_schedule_id: i32,
    next_user_id: i32,
}

impl Keyed for Account {
    type Key = AccountId;

    fn key(&self) -> AccountId {
        self.id
    }
}

/// All of an account that is saved; what else it has follows from that. Whatever handles accounts as a whole names each
/// part, here or in [`Account`], so that a new one does not compile until it is handled everywhere.
#[derive(Debug, Clone)]
pub struct Parts {
    pub id: AccountId,
    pub settings: Settings,
    pub owner: OperatorGuid,
    pub operators: Collection<Operator>,
    pub operator_groups: Collection<OperatorGroup>,
    pub api_users: Collection<ApiUser>,
    pub users: Collection<User>,
    pub next_schedule_id: i32,
    pub next_user_id: i32,
}

/// An account that is read back.
impl From<Parts> for Account {
    fn from(parts: Parts) -> Self {
        let Parts {
            id,
            settings,
            owner,
            operators,
            operator_groups,
            api_users,
            users,
            next_schedule_id,
            next_user_id,
        } = parts;
        let email = |operator: &Arc<Operator>| (operator.profile().email.key(), operator.guid);
        let emails = operators.iter().map(email).collect();
        let administrators = operator_groups
            .iter()
            .find(|group| group.kind == GroupKind::Administrators)
            .map(|group| group.guid);
        Self {
            id,
            settings,
            owner,
            operators,
            operator_groups,
            api_users,
            users,
            emails,
            administrators,
            next_schedule_id,
            next_user_id,
        }
    }
}

/// A thing that schedules belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScheduleOwner {
    Operator(OperatorGuid),
    Group(OperatorGroupGuid),
}

impl From<OperatorGuid> for ScheduleOwner {
    fn from(guid: OperatorGuid) -> Self {
        Self::Operator(guid)
    }
}

impl From<OperatorGroupGuid> for ScheduleOwner {
    fn from(guid: OperatorGroupGuid) -> Self {
        Self::Group(guid)
    }
}

/// The account as a whole.
impl Account {
    /// An account with its owner and its system groups.
    pub fn new(id: AccountId, settings: Settings, owner: Operator) -> Self {
        let mut account = Self::bare(id, settings, owner.guid, 1, 1);
        account
            .add_user(owner.guid)
            .expect("the first ID is there to be given");
        let mut administrators = OperatorGroup::administrators(id);
        administrators.join(owner.guid);
        account.insert_operator(owner);
        account.insert_operator_group(administrators);
        account.insert_operator_group(OperatorGroup::everyone(id));
        account
    }

    /// An account that holds nothing yet.
    pub fn bare(
        id: AccountId,
        settings: Settings,
        owner: OperatorGuid,
        next_schedule_id: i32,
        next_user_id: i32,
    ) -> Self {
        Self {
            id,
            settings,
            owner,
            operators: Collection::default(),
            operator_groups: Collection::default(),
            api_users: Collection::default(),
            users: Collection::default(),
            emails: OrdMap::new(),
            administrators: None,
            next_schedule_id,
            next_user_id,
        }
    }

    /// The account as it was when it held nothing.
    #[must_use]
    pub fn emptied(&self) -> Self {
        let settings = self.settings.clone();
        Self::bare(self.id, settings, self.owner, 1, 1)
    }

    /// All that is saved of the account. A copy costs nothing.
    pub fn parts(&self) -> Parts {
        let Self {
            id,
            settings,
            owner,
            operators,
            operator_groups,
            api_users,
            users,
            emails: _,
            administrators: _,
            next_schedule_id,
            next_user_id,
        } = self.clone();
        Parts {
            id,
            settings,
            owner,
            operators,
            operator_groups,
            api_users,
            users,
            next_schedule_id,
            next_user_id,
        }
    }

    pub fn restore_user(&mut self, user: User) {
        self.users.place(i32::from(user.id).into(), user);
    }

    pub fn next_schedule_id(&self) -> i32 {
        self.next_schedule_id
    }

    pub fn next_user_id(&self) -> i32 {
        self.next_user_id
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
    fn add_user(&mut self, operator: OperatorGuid) -> Result<()> {
        if !self.users.contains(&operator) {
            let id = self.new_user_id()?;
            self.restore_user(User::new(operator, id));
        }
        Ok(())
    }

    /// "Operators" (Swagger, OperatorQuota): told, not enforced.
    pub const OPERATOR_QUOTA: usize = 1000;

    /// "ExpirationDate" (Swagger, AccountStatistics): the emulator's accounts do not expire.
    pub fn expiration_date() -> Moment {
        let day = NaiveDate::from_ymd_opt(2099, 12, 31).expect("a day of the calendar");
        day.and_time(NaiveTime::MIN).into()
    }
}

/// Operators.
impl Account {
    pub fn operator(&self, guid: OperatorGuid) -> Result<&Arc<Operator>> {
        self.operators
            .get(&guid)
            .ok_or_else(|| Error::NotFound(format!("operator {guid} does not exist")))
    }

    pub fn operator_by_email(&self, email: &str) -> Option<&Arc<Operator>> {
        self.operators.get(self.emails.get(&Email::key_of(email))?)
    }

    /// The Administrators group, which every account has once it is loaded.
    pub(super) fn administrators(&self) -> Option<OperatorGroupGuid> {
        self.administrators
    }

    pub fn is_administrator(&self, operator: OperatorGuid) -> bool {
        self.administrators
            .and_then(|guid| self.operator_groups.get(&guid))
            .is_some_and(|group| group.members.contains_key(&operator))
    }

    /// A new operator is a member of Everyone, as every operator is, and may use the account.
    pub fn add_operator(
        &mut self,
        profile: Profile,
        password: Option<PasswordHash>,
        context: &Context,
    ) -> Result<Arc<Operator>> {
        self.add_named_operator(context.new_guid(), profile, password)
    }

    /// The same with a GUID of the caller's choice, which nothing else may have.
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

    /// Gives an operator a password whose hash was made after the operator.
    pub fn set_password(&mut self, guid: OperatorGuid, password: PasswordHash) -> Result<()> {
        let operator = self.operator(guid)?.with_password(password);
        self.insert_operator(operator);
        Ok(())
    }

    /// Puts another profile in the place of an operator's. Its password stays, unless there is another.
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

    /// "you cannot delete the operator associated with the API account you are using" (operator API).
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
        let joined = |group: &&Arc<OperatorGroup>| group.members.contains_key(&guid);
        for group in self
            .operator_groups
            .iter()
            .filter(joined)
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

    /// What the operator is authorized to; administration comes with the Administrators group and with nothing else.
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
        Self::may_be_assigned(authorization)?;
        operator.authorizations.insert(authorization);
        self.operators.insert(operator);
        Ok(())
    }

    pub fn withdraw_from_operator(
        &mut self,
        guid: OperatorGuid,
        authorization: OperatorAuthorization,
    ) -> Result<()> {
        let mut operator = Operator::clone(self.operator(guid)?);
        Self::may_be_assigned(authorization)?;
        if !operator.authorizations.remove(&authorization) {
            let word: &str = authorization.into();
            return Err(Error::NotFound(format!(
                "operator {guid} does not have the authorization {word}"
            )));
        }
        self.operators.insert(operator);
        Ok(())
    }

    fn may_be_assigned(authorization: OperatorAuthorization) -> Result<()> {
        if authorization == OperatorAuthorization::AccountAdministrator {
            let told =
                "AccountAdministrator comes and goes with membership of the Administrators group";
            return Err(Error::refused("", told));
        }
        Ok(())
    }

    /// Decides what a new operator says of itself.
    pub fn new_profile(&self, new: NewOperator, problems: &mut Problems) -> Option<Profile> {
        self.operator_rules(&new.profile, new.password.is_some(), None, problems);
        Profile::new(new.profile)
    }

    /// Decides what an operator says of itself that is replaced.
    pub fn replaced_profile(
        &self,
        guid: OperatorGuid,
        new: NewOperator,
        problems: &mut Problems,
    ) -> Option<Profile> {
        self.operator_rules(&new.profile, new.password.is_some(), Some(guid), problems);
        Profile::new(new.profile)
    }

    /// Decides what an operator says of itself after a change.
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
        self.operator_rules(&change, password.is_some(), Some(guid), problems);
        let mut profile = self.operator(guid).ok()?.profile().clone();
        profile.apply(change);
        Some(profile)
    }

    /// The rules of an operator that look beyond one field.
    fn operator_rules(
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
        let kept = sso || change.allow_native_login != Patch::Set(Some(false));
        problems.refuse_unless(kept, "AllowNativeLogin", message);
        let message = "can be true only where the account has single sign-on";
        let kept = sso || change.allow_single_signon != Patch::Set(Some(true));
        problems.refuse_unless(kept, "AllowSingleSignon", message);
    }

    /// An e-mail address belongs to one operator of the account.
    pub(super) fn email_is_free(
        &self,
        email: &Email,
        of: Option<OperatorGuid>,
    ) -> Result<(), String> {
        match self.emails.get(&email.key()) {
            Some(holder) if Some(*holder) != of => Err(format!(
                "another operator of the account has {}",
                quoted(email.as_str())
            )),
            _ => Ok(()),
        }
    }

    /// Puts an operator, which is a user, in its place, and keeps in step what follows from it: the e-mail addresses.
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

/// Operator groups.
impl Account {
    pub fn operator_group(&self, guid: OperatorGroupGuid) -> Result<&Arc<OperatorGroup>> {
        self.operator_groups
            .get(&guid)
            .ok_or_else(|| Error::NotFound(format!("operator group {guid} does not exist")))
    }

    pub fn add_operator_group(
        &mut self,
        description: Description,
        context: &Context,
    ) -> Arc<OperatorGroup> {
        let group = Arc::new(OperatorGroup::new(
            context.new_guid(),
            GroupKind::Ordinary,
            description,
        ));
        self.operator_groups.insert(Arc::clone(&group));
        group
    }

    /// Puts a group in its place.
    pub fn insert_operator_group(&mut self, group: OperatorGroup) {
        if group.kind == GroupKind::Administrators {
            self.administrators = Some(group.guid);
        }
        self.operator_groups.insert(group);
    }

    /// Decides how a group is that is renamed, which a system group cannot be, whatever its name would be.
    pub fn renamed_group(
        &self,
        guid: OperatorGroupGuid,
        description: Option<Description>,
        problems: &mut Problems,
    ) -> Option<OperatorGroup> {
        let group = self.operator_group(guid).ok()?;
        problems.append(Self::is_ordinary(group));
        Some(OperatorGroup {
            description: description?,
            ..OperatorGroup::clone(group)
        })
    }

    /// The group's operators stay, and so do their copies of its schedules, which become ordinary ones.
    pub fn remove_operator_group(&mut self, guid: OperatorGroupGuid) -> Result<()> {
        let group = Arc::clone(self.operator_group(guid)?);
        Self::is_ordinary(&group).into_result()?;
        for id in group.schedules.keys() {
            self.change_copies(*id, |copy| {
                Some(DutySchedule {
                    copy_of: None,
                    ..copy
                })
            });
        }
        self.operator_groups.remove(&guid);
        Ok(())
    }

    /// "The All operators group cannot be changed or deleted." (Swagger, `OperatorGroup_UpdateOperatorGroup`): a 400
    /// there, not a 403.
    fn is_ordinary(group: &OperatorGroup) -> Problems {
        let mut problems = Problems::default();
        if group.is_system_group() {
            let name = &group.description;
            let message = format!("the system group {name} can be neither renamed nor deleted");
            problems.malformed("", message);
        }
        problems
    }

    /// The members of a group in the order in which they joined; of Everyone, in that of their creation.
    pub fn members_of(&self, guid: OperatorGroupGuid) -> Result<Vec<OperatorGuid>> {
        let group = self.operator_group(guid)?;
        Ok(match group.kind {
            GroupKind::Everyone => self
                .operators
                .iter()
                .map(|operator| operator.guid)
                .collect(),
            GroupKind::Administrators | GroupKind::Ordinary => group.members_in_order(),
        })
    }

    pub fn groups_of(&self, guid: OperatorGuid) -> Result<Vec<OperatorGroupGuid>> {
        self.operator(guid)?;
        let holds = |group: &&Arc<OperatorGroup>| {
            group.kind == GroupKind::Everyone || group.members.contains_key(&guid)
        };
        Ok(self
            .operator_groups
            .iter()
            .filter(holds)
            .map(|group| group.guid)
            .collect())
    }

    pub fn add_member(&mut self, guid: OperatorGroupGuid, operator: OperatorGuid) -> Result<()> {
        let mut group = self.group_of_member(guid, operator)?;
        group.join(operator);
        self.operator_groups.insert(group);
        Ok(())
    }

    pub fn remove_member(&mut self, guid: OperatorGroupGuid, operator: OperatorGuid) -> Result<()> {
        let mut group = self.group_of_member(guid, operator)?;
        if self.always_holds(&group, operator) {
            return Err(Error::refused("", OWNER_ADMINISTERS));
        }
        if group.members.remove(&operator).is_none() {
            return Err(Error::NotFound(format!(
                "operator {operator} is not a member of operator group {guid}"
            )));
        }
        self.operator_groups.insert(group);
        Ok(())
    }

    /// Everyone holds every operator, and Administrators the owner of the account.
    pub fn always_holds(&self, group: &OperatorGroup, operator: OperatorGuid) -> bool {
        match group.kind {
            GroupKind::Everyone => true,
            GroupKind::Administrators => operator == self.owner,
            GroupKind::Ordinary => false,
        }
    }

    /// A group whose members may change, for the change of one of them.
    fn group_of_member(
        &self,
        guid: OperatorGroupGuid,
        operator: OperatorGuid,
    ) -> Result<OperatorGroup> {
        let group = self.operator_group(guid)?;
        self.operator(operator)?;
        if group.kind == GroupKind::Everyone {
            // "A operator cannot be removed from the All operators group." (Swagger): a 400 there, not a 403.
            let told =
                "the Everyone group always holds every operator; none can be added or removed";
            return Err(Error::malformed("", told));
        }
        Ok(OperatorGroup::clone(group))
    }

    /// Puts all members of a group on or off duty.
    pub fn set_all_on_duty(&mut self, guid: OperatorGroupGuid, is_on_duty: bool) -> Result<()> {
        for member in self.members_of(guid)? {
            let operator = self.operator(member)?.on_duty(is_on_duty);
            self.operators.insert(operator);
        }
        Ok(())
    }

    pub fn authorize_group(
        &mut self,
        guid: OperatorGroupGuid,
        authorization: OperatorGroupAuthorization,
    ) -> Result<()> {
        let mut group = OperatorGroup::clone(self.operator_group(guid)?);
        Self::may_be_assigned_to_group(authorization)?;
        group.authorizations.insert(authorization);
        self.operator_groups.insert(group);
        Ok(())
    }

    pub fn withdraw_from_group(
        &mut self,
        guid: OperatorGroupGuid,
        authorization: OperatorGroupAuthorization,
    ) -> Result<()> {
        let mut group = OperatorGroup::clone(self.operator_group(guid)?);
        Self::may_be_assigned_to_group(authorization)?;
        if !group.authorizations.remove(&authorization) {
            let word: &str = authorization.into();
            return Err(Error::NotFound(format!(
                "operator group {guid} does not have the authorization {word}"
            )));
        }
        self.operator_groups.insert(group);
        Ok(())
    }

    fn may_be_assigned_to_group(authorization: OperatorGroupAuthorization) -> Result<()> {
        if authorization == OperatorGroupAuthorization::Administrator {
            let told = "Administrator belongs to the Administrators group and to no other";
            return Err(Error::refused("", told));
        }
        Ok(())
    }
}

/// Duty schedules.
impl Account {
    pub fn schedules_of(&self, owner: ScheduleOwner) -> Result<&OrdMap<ScheduleId, DutySchedule>> {
        Ok(match owner {
            ScheduleOwner::Operator(guid) => &self.operator(guid)?.schedules,
            ScheduleOwner::Group(guid) => &self.operator_group(guid)?.schedules,
        })
    }

    /// "Adds a off-duty schedule to all operators in the specified group" (operator group API): each present member gets
    /// a copy of a group's schedule.
    pub fn add_schedule(
        &mut self,
        owner: ScheduleOwner,
        recurrence: Recurrence,
    ) -> Result<DutySchedule> {
        self.schedules_of(owner)?;
        let schedule = DutySchedule {
            id: self.new_schedule_id()?,
            recurrence,
            copy_of: None,
        };
        self.put_schedule(owner, schedule.clone())?;
        if let ScheduleOwner::Group(guid) = owner {
            for member in self.members_of(guid)? {
                let copy = DutySchedule {
                    id: self.new_schedule_id()?,
                    recurrence,
                    copy_of: Some(schedule.id),
                };
                self.put_schedule(ScheduleOwner::Operator(member), copy)?;
            }
        }
        Ok(schedule)
    }

    /// Adds a schedule and no copies of it, as one that was written down; without an Id, it gets the next one.
    pub fn restore_schedule(
        &mut self,
        owner: ScheduleOwner,
        id: Option<ScheduleId>,
        recurrence: Recurrence,
        copy_of: Option<ScheduleId>,
    ) -> Result<()> {
        let id = id.map_or_else(|| self.new_schedule_id(), Ok)?;
        let schedule = DutySchedule {
            id,
            recurrence,
            copy_of,
        };
        self.put_schedule(owner, schedule)
    }

    /// The change of a group's schedule reaches its copies; the change of a copy stays there.
    pub fn replace_schedule(
        &mut self,
        owner: ScheduleOwner,
        id: ScheduleId,
        recurrence: Recurrence,
    ) -> Result<()> {
        let schedule = DutySchedule {
            recurrence,
            ..self.schedule(owner, id)?.clone()
        };
        self.put_schedule(owner, schedule)?;
        if let ScheduleOwner::Group(_) = owner {
            self.change_copies(id, |copy| Some(DutySchedule { recurrence, ..copy }));
        }
        Ok(())
    }

    /// Takes the copies of a group's schedule with it.
    pub fn remove_schedule(&mut self, owner: ScheduleOwner, id: ScheduleId) -> Result<()> {
        self.schedule(owner, id)?;
        self.change_schedules(owner, |schedules| {
            schedules.remove(&id);
        })?;
        if let ScheduleOwner::Group(_) = owner {
            self.change_copies(id, |_| None);
        }
        Ok(())
    }

    pub fn schedule(&self, owner: ScheduleOwner, id: ScheduleId) -> Result<&DutySchedule> {
        self.schedules_of(owner)?.get(&id).ok_or_else(|| {
            Error::NotFound(match owner {
                ScheduleOwner::Operator(guid) => {
                    format!("operator {guid} has no duty schedule {id}")
                }
                ScheduleOwner::Group(guid) => {
                    format!("operator group {guid} has no duty schedule {id}")
                }
            })
        })
    }

    fn put_schedule(&mut self, owner: ScheduleOwner, schedule: DutySchedule) -> Result<()> {
        self.change_schedules(owner, |schedules| {
            schedules.insert(schedule.id, schedule);
        })
    }

    fn change_schedules(
        &mut self,
        owner: ScheduleOwner,
        change: impl FnOnce(&mut OrdMap<ScheduleId, DutySchedule>),
    ) -> Result<()> {
        match owner {
            ScheduleOwner::Operator(guid) => {
                let mut operator = Operator::clone(self.operator(guid)?);
                change(&mut operator.schedules);
                self.operators.insert(operator);
            }
            ScheduleOwner::Group(guid) => {
                let mut group = OperatorGroup::clone(self.operator_group(guid)?);
                change(&mut group.schedules);
                self.operator_groups.insert(group);
            }
        }
        Ok(())
    }

    /// Changes the copies of a group's schedule that still exist, wherever their operators are now.
    fn change_copies(
        &mut self,
        group_schedule: ScheduleId,
        change: impl Fn(DutySchedule) -> Option<DutySchedule>,
    ) {
        let is_copy = |schedule: &&DutySchedule| schedule.copy_of == Some(group_schedule);
        for operator in self.operators.iter().cloned().collect::<Vec<_>>() {
            let copies: Vec<_> = operator
                .schedules
                .values()
                .filter(is_copy)
                .cloned()
                .collect();
            if copies.is_empty() {
                continue;
            }
            let mut operator = Arc::unwrap_or_clone(operator);
            for copy in copies {
                let id = copy.id;
                match change(copy) {
                    Some(copy) => operator.schedules.insert(id, copy),
                    None => operator.schedules.remove(&id),
                };
            }
            self.operators.insert(operator);
        }
    }

    fn new_schedule_id(&mut self) -> Result<ScheduleId> {
        let id = ScheduleId::try_from(self.next_schedule_id).map_err(|_| {
            let last = ScheduleId::LAST;
            let message = format!("all Ids of duty schedules are used up, 1 to {last}");
            Error::refused("Id", message)
        })?;
        self.next_schedule_id += 1;
        Ok(id)
    }
}

/// Copies.
impl Account {
    /// The account of another number that has all that this one has. Only its API users are others, with new names and
    /// passwords, since a user name belongs to one account.
    #[must_use]
    pub fn copied(&self, id: AccountId, context: &Context) -> Self {
        let Self {
            id: _,
            settings,
            owner,
            operators,
            operator_groups,
            api_users,
            users,
            emails,
            administrators,
            next_schedule_id,
            next_user_id,
        } = self.clone();
        let mut copy = Self {
            id,
            settings,
            owner,
            operators,
            operator_groups,
            api_users: Collection::default(),
            users,
            emails,
            administrators,
            next_schedule_id,
            next_user_id,
        };
        for api_user in api_users.iter() {
            let guid: ApiUserGuid = context.new_guid();
            copy.api_users.insert(ApiUser {
                guid,
                user_name: guid.simple(),
                password: SecretDigest::of(&context.new_password()),
                created: context.now,
                ..ApiUser::clone(api_user)
            });
        }
        copy
    }

    /// Gives the first API user of the owner a new password, or the owner a first API user.
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

    /// Gives the owner another API user.
    pub fn add_owner_credentials(&mut self, context: &Context) -> (Arc<ApiUser>, String) {
        let (api_user, password) = ApiUser::generic(self.owner, Description::default(), context);
        let api_user = Arc::new(api_user);
        self.api_users.insert(Arc::clone(&api_user));
        (api_user, password)
    }
}

/// What a request for an API user asks for.
#[derive(Debug, Clone)]
pub struct ApiUserChange {
    pub operator: OperatorGuid,
    pub description: Description,
}

/// API users.
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

    /// Answers with the new API user and its password, which is not to be had again.
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

    /// Decides how an API user is after a change: "The OperatorGuid associated to the API user must remain unchanged." (ApiUser
    /// API)
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
}
