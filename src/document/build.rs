//! From a document to accounts: what the API would have made of the same requests, by the same functions and rules.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use chrono::NaiveDate;

use super::located::{Field, Mistake, Number, OrDefault, Pinned, Text, Word, nearest};
use super::shape::{
    AccountShape, ApiUserShape, Day, DocumentShape, DutyScheduleShape, Hashed, List,
    OperatorGroupShape, OperatorShape, OrZero, Places as _, UserName, UserShape,
};
use crate::domain::account::OWNER_IS_ACTIVE;
use crate::domain::account::{ScheduleOwner, Settings};
use crate::domain::api_user::LastUsed;
use crate::domain::draft::Sent;
use crate::domain::duty_schedule::{KeptRecurrence, RecurrenceParts};
use crate::domain::operator::{NewOperator, Profile, ProfileChange};
use crate::domain::record::Record as _;
use crate::domain::text::{Description, Email, quoted};
use crate::domain::timezone::TimeZoneId;
use crate::domain::user::UserSettingsChange;
use crate::domain::{
    Account, AccountId, ApiUser, ApiUserGuid, ApiUserType, Context, GroupKind, Kept, Moment,
    Operator, OperatorAuthorization, OperatorGroup, OperatorGroupAuthorization, OperatorGroupGuid,
    OperatorGuid, Patch, Place, PlainPassword, Problem, Problems, Recurrence, Restore, ScheduleId,
    SecretDigest, User, UserId,
};
use crate::error::{Error, Result};
use crate::testing::Usage;

/// An account as a document describes it.
#[derive(Debug)]
pub struct Built {
    pub account: Account,
    pub usage: Usage,
    /// The passwords that are still to be hashed.
    pub passwords: Vec<(OperatorGuid, PlainPassword)>,
}

/// Whose words a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Somebody's, who has to obey the rules of the API.
    Outside,
    /// The program's own: an account that was kept is what is written there, with nothing added to it, whatever rule became
    /// stricter since.
    Kept,
}

/// Makes the accounts of a document. Where it adds mistakes to those that reading found, some accounts lack something.
pub fn build(
    document: &DocumentShape,
    origin: Origin,
    context: &Context,
    mistakes: &mut Vec<Mistake>,
) -> Vec<Built> {
    let mut notes = Notes {
        all: mistakes,
        origin,
    };
    let mut ids = Unique::<AccountId>::new("account");
    let mut user_names = Unique::new("API user");
    let accounts: Vec<_> = document
        .accounts
        .items()
        .map(|(shape, place)| {
            let id = notes.required("AccountId", &shape.account_id, place);
            ids.add_field("AccountId", &shape.account_id, &mut notes);
            let mut builder = Builder {
                shape,
                place,
                id: id.map_or_else(unknown_account, |Text(id)| *id),
                context,
                notes: Notes {
                    all: &mut *notes.all,
                    origin,
                },
                operators: Vec::new(),
            };
            builder.build(&mut user_names)
        })
        .collect();
    if accounts.is_empty() && !matches!(document.accounts, Field::Wrong) {
        let place = document.accounts.place().unwrap_or_default();
        notes.add(place, "accounts: must hold at least one account");
    }
    accounts
}

/// Stands in for an AccountId that is missing, so that the rest can be judged.
fn unknown_account() -> AccountId {
    "0".parse().expect("a digit is an account's number")
}

/// The mistakes found so far.
struct Notes<'a> {
    all: &'a mut Vec<Mistake>,
    origin: Origin,
}

impl Notes<'_> {
    /// Adds what makes an account impossible.
    fn add(&mut self, place: Place, message: impl Into<String>) {
        let message = message.into();
        self.all.push(Mistake { place, message });
    }

    /// Adds a rule that is broken. What was kept is asked for none.
    fn add_rule(&mut self, place: Place, message: impl Into<String>) {
        if !self.is_kept() {
            self.add(place, message);
        }
    }

    fn is_kept(&self) -> bool {
        self.origin == Origin::Kept
    }

    /// The Id that something brings; 0 says nothing, as in the API.
    fn brought<I: TryFrom<i32, Error = String> + Restore>(
        &self,
        id: &Field<i32>,
    ) -> Option<Result<I, String>> {
        let id = *id.get()?;
        if self.is_kept() {
            return I::restore(Kept::Number(id.into())).map(Ok);
        }
        (id != 0).then(|| I::try_from(id))
    }

    /// A field that has to be there.
    fn required<'f, T>(&mut self, name: &str, field: &'f Field<T>, object: Place) -> Option<&'f T> {
        if field.is_absent() {
            self.add(object, format!("{name}: is required"));
        }
        field.get()
    }

    /// A text that has to be there, and has to say something.
    fn required_text<'f, T: Display>(
        &mut self,
        name: &str,
        field: &'f Field<Text<T>>,
        object: Place,
    ) -> Option<&'f T> {
        let Text(text) = self.required(name, field, object)?;
        if !self.is_kept() && text.to_string().trim().is_empty() {
            self.add(
                field.place().unwrap_or(object),
                format!("{name}: must not be blank"),
            );
            return None;
        }
        Some(text)
    }

    /// Takes what the account made of a part of the document, or else what it says is wrong with it.
    fn take<T>(&mut self, place: Place, outcome: Result<T>) -> Option<T> {
        self.take_from(outcome, |_| place)
    }

    /// The same, where a problem of a field belongs to the place of the field.
    fn take_from<T>(&mut self, outcome: Result<T>, place_of: impl Fn(&str) -> Place) -> Option<T> {
        let problems = match outcome {
            Ok(value) => return Some(value),
            Err(Error::Malformed(problems) | Error::Refused(problems)) => problems,
            Err(other) => vec![Problem::general(other.to_string())],
        };
        for problem in problems {
            self.add(place_of(&problem.field), problem.to_string());
        }
        None
    }
}

/// What the Ids of one kind of thing are called.
#[derive(Clone, Copy)]
struct Name {
    id: &'static str,
    next: &'static str,
    what: &'static str,
}

impl Notes<'_> {
    /// The Id of the first thing that does not bring its own: behind all that are written down.
    fn next_id<'f, I: TryFrom<i32, Error = String> + Restore + Ord + Copy + Display>(
        &mut self,
        name: Name,
        ids: impl Iterator<Item = &'f Field<i32>>,
        given: &Field<i32>,
        number: impl Fn(I) -> i32,
    ) -> i32 {
        let mut unique = Unique::new(name.what);
        let mut next = 1;
        for field in ids {
            let Some(place) = field.place() else {
                continue;
            };
            let read = self.brought::<I>(field).transpose();
            let read = read.map_err(|message| Error::refused(name.id, message));
            if let Some(Some(id)) = self.take(place, read) {
                unique.add(id, place, name.id, self);
                next = next.max(number(id).saturating_add(1));
            }
        }
        if let (Some(&given), Some(place)) = (given.get(), given.place()) {
            // The number behind the last Id says that there is none left.
            if let Err(message) = I::try_from(given.min(i32::MAX - 1)) {
                self.add_rule(place, format!("{}: {message}", name.next));
            } else if given < next {
                let (what, last) = (name.what, next - 1);
                let told = format!("{}: there is a {what} {last} already", name.next);
                self.add_rule(place, told);
            }
            next = next.max(given);
        }
        next
    }
}

/// Things of which there may be only one of each.
struct Unique<T> {
    what: &'static str,
    first: BTreeMap<T, Place>,
}

impl<T: Ord + Display> Unique<T> {
    fn new(what: &'static str) -> Self {
        let first = BTreeMap::new();
        Self { what, first }
    }

    /// Adds what a field holds, if it holds anything.
    fn add_field<F: AsRef<T>>(&mut self, name: &str, field: &Field<F>, notes: &mut Notes<'_>)
    where
        T: Clone,
    {
        if let Field::Is { value, place } = field {
            self.add(value.as_ref().clone(), *place, name, notes);
        }
    }

    fn add(&mut self, value: T, place: Place, name: &str, notes: &mut Notes<'_>) {
        if let Some(Place { line, .. }) = self.first.get(&value) {
            let message = format!("{name}: the {} in line {line} has {value} too", self.what);
            notes.add(place, message);
        } else {
            self.first.insert(value, place);
        }
    }
}

/// The GUIDs of one kind in an account: those that are written down, and those that are derived from names.
struct Guids<G> {
    prefix: String,
    derived: fn(&str) -> G,
    pinned: Unique<G>,
    taken: BTreeSet<G>,
}

impl<G: Ord + Copy + Display> Guids<G> {
    fn new(account: AccountId, list: &str, what: &'static str, derived: fn(&str) -> G) -> Self {
        Self {
            prefix: format!("{account}/{list}"),
            derived,
            pinned: Unique::new(what),
            taken: BTreeSet::new(),
        }
    }

    /// Takes the GUIDs that are written down, before any is derived.
    fn pin<'f>(
        &mut self,
        name: &str,
        fields: impl Iterator<Item = &'f Field<Text<Pinned<G>>>>,
        notes: &mut Notes<'_>,
    ) where
        G: 'f,
    {
        for field in fields {
            if let (Some(guid), Some(place)) = (pinned(field), field.place()) {
                self.pinned.add(guid, place, name, notes);
                self.taken.insert(guid);
            }
        }
    }

    /// The GUID that is written down, or the one that belongs to a name; of two things with one name, the second has
    /// another.
    fn of(&mut self, field: &Field<Text<Pinned<G>>>, name: &str) -> G {
        pinned(field).unwrap_or_else(|| {
            let mut guid = (self.derived)(&format!("{}/{name}", self.prefix));
            let mut number = 1;
            while !self.taken.insert(guid) {
                number += 1;
                guid = (self.derived)(&format!("{}/{name}/{number}", self.prefix));
            }
            guid
        })
    }
}

fn pinned<G: Copy>(field: &Field<Text<Pinned<G>>>) -> Option<G> {
    field.get().and_then(|Text(Pinned(guid))| *guid)
}

/// An operator of the document, with the names by which others refer to it.
struct Named<'a> {
    shape: &'a OperatorShape,
    place: Place,
    guid: OperatorGuid,
    /// Whether the account has it: one with mistakes does not get that far.
    is_built: bool,
}

impl Named<'_> {
    fn key(&self) -> Option<&str> {
        self.shape.key.get().map(|Text(key)| key.as_str())
    }

    fn email(&self) -> Option<&Email> {
        self.shape.email.get().map(|Text(email)| email)
    }

    /// What the document calls it.
    fn name(&self) -> Option<&str> {
        self.key().or_else(|| self.email().map(Email::as_str))
    }
}

/// The making of one account.
struct Builder<'a, 'n> {
    shape: &'a AccountShape,
    place: Place,
    id: AccountId,
    context: &'a Context,
    notes: Notes<'n>,
    operators: Vec<Named<'a>>,
}

impl Builder<'_, '_> {
    fn build(&mut self, user_names: &mut Unique<String>) -> Built {
        self.name_operators();
        let owner = self.owner();
        let settings = Settings {
            name: self
                .shape
                .name
                .get()
                .cloned()
                .unwrap_or_else(|| format!("Account {}", self.id)),
            time_zone_id: number(&self.shape.timezone_id).unwrap_or_else(default_time_zone),
            single_sign_on: self.shape.single_sign_on.get().copied().unwrap_or_default(),
        };
        let next_schedule = self.next_schedule_id();
        let next_user = self.next_user_id();
        let mut account = Account::bare(self.id, settings, owner, next_schedule, next_user);
        let passwords = self.add_operators(&mut account);
        let groups = self.add_groups(&mut account);
        self.authorize(&mut account, &groups);
        self.add_schedules(&mut account, &groups);
        let usage = self.add_api_users(&mut account, user_names);
        Built {
            account,
            usage,
            passwords,
        }
    }

    fn name_operators(&mut self) {
        let shape = self.shape;
        let mut guids = Guids::new(self.id, "operator", "operator", OperatorGuid::derived);
        let fields = shape
            .operators
            .items()
            .map(|(shape, _)| &shape.operator_guid);
        guids.pin("OperatorGuid", fields, &mut self.notes);
        let mut keys = Unique::<String>::new("operator");
        for (shape, place) in shape.operators.items() {
            let mut named = Named {
                shape,
                place,
                guid: OperatorGuid::derived(""),
                is_built: false,
            };
            keys.add_field("key", &shape.key, &mut self.notes);
            let name = match (named.key(), named.email()) {
                (Some(key), _) => key.to_owned(),
                (None, Some(email)) => email.key(),
                (None, None) => String::new(),
            };
            named.guid = guids.of(&shape.operator_guid, &name);
            self.operators.push(named);
        }
    }

    /// Exactly one operator is the owner. Where none is, the first one stands in, so that the rest can be judged.
    fn owner(&mut self) -> OperatorGuid {
        let is_owner =
            |named: &&Named<'_>| named.shape.is_account_administrator.get() == Some(&true);
        let mut owners = self.operators.iter().filter(is_owner);
        let Some(owner) = owners.next() else {
            let may_be_meant =
                |named: &Named<'_>| matches!(named.shape.is_account_administrator, Field::Wrong);
            if !matches!(self.shape.operators, Field::Wrong)
                && !self.operators.iter().any(may_be_meant)
            {
                let place = self.shape.operators.place().unwrap_or(self.place);
                let told = "operators: one of them must be the owner of the account, with IsAccountAdministrator: true";
                self.notes.add(place, told);
            }
            return self
                .operators
                .first()
                .map_or_else(|| OperatorGuid::derived(""), |named| named.guid);
        };
        for another in owners {
            let field = &another.shape.is_account_administrator;
            let told = format!(
                "IsAccountAdministrator: the operator in line {} is the owner of the account already",
                owner.place.line
            );
            let place = field.place().unwrap_or(another.place);
            self.notes.add_rule(place, told);
        }
        owner.guid
    }

    fn add_operators(&mut self, account: &mut Account) -> Vec<(OperatorGuid, PlainPassword)> {
        let Self {
            operators, notes, ..
        } = self;
        let mut passwords = Vec::new();
        for named in operators {
            let Named {
                shape,
                place,
                guid,
                is_built,
            } = named;
            let full_name = notes.required_text("FullName", &shape.full_name, *place);
            let email = notes.required_text("Email", &shape.email, *place);
            if let (Some(_), Some(place)) = (shape.password.get(), shape.password_hash.place()) {
                notes.add(
                    place,
                    "PasswordHash: there is a Password too; leave one of them out",
                );
            }
            let (Some(full_name), Some(email)) = (full_name, email) else {
                continue;
            };
            let profile = ProfileChange {
                full_name: Patch::Set(full_name.clone()),
                email: Patch::Set(email.clone()),
                ..profile(shape)
            };
            let password = shape.password.get().map(|Text(password)| password.clone());
            if let Err(told) = owner_is_active(shape, *guid, account) {
                let active = shape.user.get().and_then(|user| user.active.place());
                notes.add_rule(active.unwrap_or(*place), format!("Active: {told}"));
            }
            let id = shape
                .user
                .get()
                .and_then(|user| notes.brought(&user.id)?.ok());
            let id = id.map_or_else(|| account.new_user_id(), Ok);
            let Some(id) = notes.take(*place, id) else {
                continue;
            };
            account.restore_user(user(shape, *guid, id));
            let hash = shape.password_hash.get().map(|Hashed(hash)| hash.clone());
            *is_built = if notes.is_kept() {
                let profile = Profile::new(profile);
                let operator = profile.map(|profile| Operator::new(*guid, profile, hash));
                operator
                    .map(|operator| account.insert_operator(operator))
                    .is_some()
            } else {
                let new = NewOperator {
                    profile,
                    password: password.clone(),
                };
                let mut problems = Problems::default();
                let profile = account.new_profile(new, &mut problems);
                let added = problems.into_result().and_then(|()| {
                    let profile = profile.expect("FullName and Email are there");
                    account.add_named_operator(*guid, profile, hash)
                });
                let place_of = |name: &str| shape.place_of(name).unwrap_or(*place);
                notes.take_from(added, place_of).is_some()
            };
            if let (true, Some(password)) = (*is_built, password) {
                passwords.push((*guid, password));
            }
        }
        passwords
    }

    /// The operator that a join names: by its key, its e-mail address or its GUID. One that has mistakes of its own is
    /// none, and nothing more is said of it.
    fn find(&mut self, name: &str, field: &str, place: Place) -> Option<OperatorGuid> {
        let by_key = self
            .operators
            .iter()
            .find(|named| named.key() == Some(name));
        let by_email = |is: fn(&Email, &str) -> bool| {
            let is_meant = |named: &&Named<'_>| named.email().is_some_and(|email| is(email, name));
            self.operators.iter().find(is_meant)
        };
        let by_guid = || {
            let guid: OperatorGuid = name.parse().ok()?;
            self.operators.iter().find(|named| named.guid == guid)
        };
        let found = by_key
            .or_else(|| by_email(|email, name| email.as_str() == name))
            .or_else(|| by_email(|email, name| email.key() == Email::key_of(name)))
            .or_else(by_guid);
        if let Some(named) = found {
            return named.is_built.then_some(named.guid);
        }
        let names: Vec<_> = self.operators.iter().filter_map(Named::name).collect();
        let hint = nearest(name, &names).map_or_else(
            || format!("; there are {}", names.join(", ")),
            |near| format!("; the nearest one is {near}"),
        );
        let told = format!("{field}: no operator is called {}{hint}", quoted(name));
        self.notes.add(place, told);
        None
    }
}

/// Groups, and what operators and groups are authorized to.
impl<'a> Builder<'a, '_> {
    /// Adds the groups: the system groups first, as everywhere, then the others in their order.
    fn add_groups(
        &mut self,
        account: &mut Account,
    ) -> Vec<(&'a OperatorGroupShape, Place, OperatorGroupGuid)> {
        let shape = self.shape;
        let all: Vec<_> = shape
            .operator_groups
            .items()
            .map(|(shape, place)| (self.kind_of(shape, place), shape, place))
            .collect();
        let mut guids = Guids::new(
            self.id,
            "operatorGroup",
            "operator group",
            OperatorGroupGuid::derived,
        );
        let fields = all.iter().map(|(_, shape, _)| &shape.operator_group_guid);
        guids.pin("OperatorGroupGuid", fields, &mut self.notes);
        let mut keys = Unique::<String>::new("operator group");
        for (_, shape, _) in &all {
            keys.add_field("key", &shape.key, &mut self.notes);
        }

        let mut groups = Vec::new();
        for system in [
            OperatorGroup::administrators(self.id),
            OperatorGroup::everyone(self.id),
        ] {
            let mut described = all.iter().filter(|(kind, _, _)| *kind == system.kind);
            if let Some((_, shape, place)) = described.next() {
                for (_, _, another) in described {
                    let told = format!(
                        "the {} group is in line {} already; an account has one",
                        system.description, place.line
                    );
                    self.notes.add(*another, told);
                }
                let group = OperatorGroup {
                    guid: guids.of(&shape.operator_group_guid, system.description.as_str()),
                    description: shape
                        .description
                        .get()
                        .map_or(system.description, |Text(description)| description.clone()),
                    ..system
                };
                groups.push((*shape, *place, group.guid));
                account.insert_operator_group(group);
            } else if !self.notes.is_kept() {
                // Its GUID is derived as all are, and no other group's from now on.
                let guid = guids.of(&Field::Absent, system.description.as_str());
                account.insert_operator_group(OperatorGroup { guid, ..system });
            }
        }
        for (_, shape, place) in all
            .iter()
            .filter(|(kind, _, _)| *kind == GroupKind::Ordinary)
        {
            let description = self
                .notes
                .required_text("Description", &shape.description, *place);
            let Some(description) = description else {
                continue;
            };
            let name = shape
                .key
                .get()
                .map_or_else(|| description.to_string(), |Text(key)| key.clone());
            let guid = guids.of(&shape.operator_group_guid, &name);
            let group = OperatorGroup::new(guid, GroupKind::Ordinary, description.clone());
            account.insert_operator_group(group);
            groups.push((*shape, *place, guid));
        }
        self.add_members(account, &groups);
        groups
    }

    fn kind_of(&mut self, shape: &OperatorGroupShape, place: Place) -> GroupKind {
        // What was kept says it where the name could be taken for it.
        let called = shape.description.get().filter(|_| !self.notes.is_kept());
        let called = called.map(|Text(description)| kind_called(description));
        let is = |flag: &Field<bool>, kind| flag.get().copied().unwrap_or(called == Some(kind));
        let is_administrators = is(&shape.is_administrators_group, GroupKind::Administrators);
        match (
            is_administrators,
            is(&shape.is_everyone, GroupKind::Everyone),
        ) {
            (true, true) => {
                self.notes
                    .add(place, "a group cannot be both Administrators and Everyone");
                GroupKind::Administrators
            }
            (true, false) => GroupKind::Administrators,
            (false, true) => GroupKind::Everyone,
            (false, false) => GroupKind::Ordinary,
        }
    }

    /// The owner is an administrator in any case: the first one, if the document does not say which.
    fn add_members(
        &mut self,
        account: &mut Account,
        groups: &[(&OperatorGroupShape, Place, OperatorGroupGuid)],
    ) {
        let owner = account.owner;
        for (shape, _, guid) in groups {
            let mut members = Vec::new();
            for (name, place) in shape.members.items() {
                if let Some(operator) = self.find(name, "members", place) {
                    members.push((operator, place));
                }
            }
            let is_administrators = account
                .operator_group(*guid)
                .is_ok_and(|group| group.kind == GroupKind::Administrators);
            if is_administrators
                && !self.notes.is_kept()
                && members.iter().all(|(operator, _)| *operator != owner)
            {
                add_owner(account, *guid);
            }
            for (operator, place) in members {
                self.notes.take(place, account.add_member(*guid, operator));
            }
        }
        let administrators = account
            .operator_groups
            .iter()
            .find(|group| group.kind == GroupKind::Administrators)
            .map(|group| group.guid);
        if let Some(administrators) = administrators.filter(|_| !self.notes.is_kept()) {
            add_owner(account, administrators);
        }
    }

    fn authorize(
        &mut self,
        account: &mut Account,
        groups: &[(&OperatorGroupShape, Place, OperatorGroupGuid)],
    ) {
        if self.notes.is_kept() {
            return self.restore_authorizations(account, groups);
        }
        for named in self.operators.iter().filter(|named| named.is_built) {
            let list = &named.shape.authorizations;
            let all: Vec<_> = list
                .items()
                .map(|(Word(word), place)| (*word, place))
                .collect();
            let access = OperatorAuthorization::AccountAccess;
            if list.get().is_some() && all.iter().all(|(word, _)| *word != access) {
                let withdrawn = account.withdraw_from_operator(named.guid, access);
                self.notes.take(named.place, withdrawn);
            }
            for (authorization, place) in all {
                // An answer of the API tells of it; it comes with the group.
                let is_implied = authorization == OperatorAuthorization::AccountAdministrator
                    && account.is_administrator(named.guid);
                if !is_implied {
                    let outcome = account.authorize_operator(named.guid, authorization);
                    self.notes.take(place, outcome);
                }
            }
        }
        for (shape, _, guid) in groups {
            let is_administrators = account
                .operator_group(*guid)
                .is_ok_and(|group| group.kind == GroupKind::Administrators);
            for (Word(authorization), place) in shape.authorizations.items() {
                let is_implied = is_administrators
                    && *authorization == OperatorGroupAuthorization::Administrator;
                if !is_implied {
                    let outcome = account.authorize_group(*guid, *authorization);
                    self.notes.take(place, outcome);
                }
            }
        }
    }
}

/// What was kept is authorized to what is written there.
impl Builder<'_, '_> {
    fn restore_authorizations(
        &self,
        account: &mut Account,
        groups: &[(&OperatorGroupShape, Place, OperatorGroupGuid)],
    ) {
        for named in &self.operators {
            let list = &named.shape.authorizations;
            if let (Ok(operator), Some(_)) = (account.operator(named.guid), list.get()) {
                let mut operator = Operator::clone(operator);
                operator.authorizations = list.items().map(|(Word(word), _)| *word).collect();
                account.insert_operator(operator);
            }
        }
        for (shape, _, guid) in groups {
            if let Ok(group) = account.operator_group(*guid) {
                let mut group = OperatorGroup::clone(group);
                let list = shape.authorizations.items();
                group.authorizations = list.map(|(Word(word), _)| *word).collect();
                account.insert_operator_group(group);
            }
        }
    }
}

/// One who is a member already stays where it is.
fn add_owner(account: &mut Account, administrators: OperatorGroupGuid) {
    let owner = account.owner;
    // Without an owner there is a mistake already.
    let _ = account.add_member(administrators, owner);
}

/// Duty schedules.
impl Builder<'_, '_> {
    /// The Id of the first schedule that does not bring its own.
    fn next_schedule_id(&mut self) -> i32 {
        let account = self.shape;
        let of_operators = account
            .operators
            .items()
            .flat_map(|(operator, _)| operator.duty_schedules.items());
        let of_groups = account
            .operator_groups
            .items()
            .flat_map(|(group, _)| group.duty_schedules.items());
        let ids = of_operators.chain(of_groups).map(|(shape, _)| &shape.id);
        let name = Name {
            id: "Id",
            next: "NextDutyScheduleId",
            what: "duty schedule",
        };
        self.notes.next_id(
            name,
            ids,
            &account.next_duty_schedule_id,
            |id: ScheduleId| id.0,
        )
    }

    fn next_user_id(&mut self) -> UserId {
        let users = self.shape.operators.items();
        let ids = users.filter_map(|(operator, _)| Some(&operator.user.get()?.id));
        let name = Name {
            id: "ID",
            next: "NextUserID",
            what: "user",
        };
        let next = self
            .notes
            .next_id(name, ids, &self.shape.next_user_id, |id: UserId| id.0);
        UserId(next)
    }

    fn add_schedules(
        &mut self,
        account: &mut Account,
        groups: &[(&OperatorGroupShape, Place, OperatorGroupGuid)],
    ) {
        let of_groups: Vec<_> = groups
            .iter()
            .flat_map(|(shape, _, _)| shape.duty_schedules.items())
            .filter_map(|(shape, _)| self.notes.brought(&shape.id)?.ok())
            .collect();
        let of_operators: Vec<_> = self
            .operators
            .iter()
            .filter(|named| named.is_built)
            .map(|named| (ScheduleOwner::from(named.guid), &named.shape.duty_schedules))
            .collect();
        let all = of_operators.into_iter().chain(
            groups
                .iter()
                .map(|(shape, _, guid)| (ScheduleOwner::from(*guid), &shape.duty_schedules)),
        );
        for (owner, list) in all {
            self.add_schedules_of(account, owner, list, &of_groups);
        }
    }

    fn add_schedules_of(
        &mut self,
        account: &mut Account,
        owner: ScheduleOwner,
        list: &List<DutyScheduleShape>,
        of_groups: &[ScheduleId],
    ) {
        for (shape, place) in list.items() {
            let copy_of = number(&shape.copy_of);
            if let (Some(id), Some(place)) = (copy_of, shape.copy_of.place()) {
                let told = match owner {
                    ScheduleOwner::Group(_) => {
                        Some("CopyOf: a group's schedule is no copy".to_owned())
                    }
                    ScheduleOwner::Operator(_) if !of_groups.contains(&id) => {
                        let known: Vec<_> = of_groups.iter().map(ToString::to_string).collect();
                        let known = if known.is_empty() {
                            "no group has a schedule with an Id".to_owned()
                        } else {
                            format!("groups have {}", known.join(", "))
                        };
                        Some(format!("CopyOf: no group has a schedule {id}; {known}"))
                    }
                    ScheduleOwner::Operator(_) => None,
                };
                if let Some(told) = told {
                    self.notes.add_rule(place, told);
                }
            }
            let recurrence = if self.notes.is_kept() {
                let kept = kept_recurrence(shape);
                if kept.is_none() {
                    self.notes
                        .add(place, "a field of the ScheduleMode is not there");
                }
                kept
            } else {
                let mut problems = Problems::default();
                let recurrence = parts(shape).join(&mut problems);
                let place_of = |name: &str| shape.place_of(name).unwrap_or(place);
                self.notes.take_from(problems.into_result(), place_of);
                recurrence
            };
            if let Some(recurrence) = recurrence {
                let id = self.notes.brought(&shape.id).and_then(Result::ok);
                let restored = account.restore_schedule(owner, id, recurrence, copy_of);
                self.notes.take(place, restored);
            }
        }
    }
}

fn parts(shape: &DutyScheduleShape) -> RecurrenceParts {
    let DutyScheduleShape {
        id: _,
        schedule_mode,
        start_date_time,
        end_date_time,
        week_day,
        month_day,
        start_time,
        end_time,
        copy_of: _,
    } = shape;
    RecurrenceParts {
        mode: sent(schedule_mode, |Word(mode)| *mode),
        start_date_time: moment(start_date_time),
        end_date_time: moment(end_date_time),
        week_day: sent(week_day, |Word(day)| *day),
        month_day: match sent(month_day, |Number(OrZero(day))| *day) {
            Sent::Value(Some(day)) => Sent::Value(day),
            Sent::Value(None) | Sent::Absent => Sent::Absent,
            Sent::Wrong => Sent::Wrong,
        },
        start_time: sent(start_time, |Text(time)| *time),
        end_time: sent(end_time, |Text(time)| *time),
    }
}

fn kept_recurrence(shape: &DutyScheduleShape) -> Option<Recurrence> {
    let kept = KeptRecurrence {
        mode: shape.schedule_mode.get().map(|Word(mode)| *mode)?,
        start_date_time: shape.start_date_time.get().map(|Text(moment)| *moment),
        end_date_time: shape.end_date_time.get().map(|Text(moment)| *moment),
        week_day: shape.week_day.get().map(|Word(day)| *day),
        month_day: number(&shape.month_day).and_then(|OrZero(day)| day),
        start_time: shape.start_time.get().map(|Text(time)| *time),
        end_time: shape.end_time.get().map(|Text(time)| *time),
    };
    kept.restore()
}

fn sent<T, U>(field: &Field<T>, value: impl FnOnce(&T) -> U) -> Sent<U> {
    match field {
        Field::Absent => Sent::Absent,
        Field::Wrong => Sent::Wrong,
        Field::Is { value: is, .. } => Sent::Value(value(is)),
    }
}

fn moment(field: &Field<Text<Moment>>) -> Sent<Moment> {
    match sent(field, |Text(moment)| *moment) {
        Sent::Value(moment) if moment.is_unset() => Sent::Absent,
        other => other,
    }
}

/// API users.
impl Builder<'_, '_> {
    fn add_api_users(&mut self, account: &mut Account, user_names: &mut Unique<String>) -> Usage {
        let usage = Usage::default();
        let shape = self.shape;
        let mut guids = Guids::new(self.id, "apiUser", "API user", ApiUserGuid::derived);
        let fields = shape
            .api_users
            .items()
            .map(|(shape, _)| &shape.api_user_guid);
        guids.pin("ApiUserGuid", fields, &mut self.notes);
        let mut keys = Unique::<String>::new("API user");
        for (shape, place) in shape.api_users.items() {
            keys.add_field("key", &shape.key, &mut self.notes);
            let user_name = shape
                .user_name
                .get()
                .map(|Text(UserName(name))| name.clone());
            let description = shape
                .description
                .get()
                .map(|Text(description)| description.clone())
                .unwrap_or_default();
            let name = shape
                .key
                .get()
                .map(|Text(key)| key.clone())
                .or_else(|| user_name.clone())
                .unwrap_or_else(|| description.to_string());
            let guid = guids.of(&shape.api_user_guid, &name);
            let user_name = user_name.unwrap_or_else(|| guid.simple());
            let written = shape.user_name.place().or(shape.api_user_guid.place());
            let name_place = written.unwrap_or(place);
            if !self.notes.is_kept() {
                user_names.add(user_name.clone(), name_place, "UserName", &mut self.notes);
            }
            let predates_last_used = self.use_of(guid, shape, &usage);
            let Some(operator) = self.operator_of(shape, place) else {
                continue;
            };
            account.api_users.insert(ApiUser {
                guid,
                operator,
                user_name,
                password: self.password_of(shape),
                api_user_type: shape
                    .r#type
                    .get()
                    .map_or(ApiUserType::Generic, |Word(word)| *word),
                description,
                created: match moment(&shape.created_date) {
                    Sent::Value(created) => created,
                    Sent::Absent | Sent::Wrong => self.context.now,
                },
                predates_last_used,
            });
        }
        usage
    }

    fn operator_of(&mut self, shape: &ApiUserShape, place: Place) -> Option<OperatorGuid> {
        let by_guid = shape.operator_guid.get().map(|Text(guid)| guid.to_string());
        let by_guid = match (by_guid, shape.operator_guid.place()) {
            (Some(guid), Some(place)) => Some(self.find(&guid, "OperatorGuid", place)),
            _ => None,
        };
        let by_name = match (shape.operator.get(), shape.operator.place()) {
            (Some(name), Some(place)) => Some(self.find(name, "operator", place)),
            _ => None,
        };
        match (by_name, by_guid) {
            (Some(Some(one)), Some(Some(other))) if one != other => {
                let place = shape.operator_guid.place().unwrap_or(place);
                let told = "OperatorGuid: names another operator than the key operator does";
                self.notes.add(place, told);
                None
            }
            (Some(found), _) | (None, Some(found)) => found,
            (None, None) => {
                if shape.operator.is_absent() && shape.operator_guid.is_absent() {
                    self.notes.add(place, "operator: is required");
                }
                None
            }
        }
    }

    /// Without a password nobody knows it.
    fn password_of(&mut self, shape: &ApiUserShape) -> SecretDigest {
        match (shape.password.get(), shape.password_hash.get()) {
            (Some(Text(plain)), hash) => {
                if let (Some(_), Some(place)) = (hash, shape.password_hash.place()) {
                    let told = "PasswordHash: there is a Password too; leave one of them out";
                    self.notes.add(place, told);
                }
                SecretDigest::of(plain.reveal())
            }
            (None, Some(Hashed(hash))) => *hash,
            (None, None) => SecretDigest::of(&self.context.new_password()),
        }
    }

    /// Notes the usage of an API user, and answers whether it predates the counting of it.
    fn use_of(&mut self, guid: ApiUserGuid, shape: &ApiUserShape, usage: &Usage) -> bool {
        let last_used = shape.last_used.get().map(|Text(last_used)| *last_used);
        let by_day = shape.usage_by_day.get();
        match last_used {
            Some(LastUsed::At(last)) => {
                let requests: BTreeMap<NaiveDate, i64> =
                    match (by_day, shape.usage_last_30_days.get()) {
                        (Some(days), _) => days
                            .iter()
                            .map(|(Text(Day(day)), requests)| (*day, i64::from(*requests)))
                            .collect(),
                        (None, Some(requests)) => {
                            BTreeMap::from([(last.day(), i64::from(*requests))])
                        }
                        (None, None) => BTreeMap::new(),
                    };
                usage.restore(guid, last, requests);
            }
            Some(LastUsed::NotYet | LastUsed::Unknown) | None => {
                if let (Some(true), Some(place)) = (
                    by_day.map(|days| !days.is_empty()),
                    shape.usage_by_day.place(),
                ) && !matches!(shape.last_used, Field::Wrong)
                {
                    let told = "UsageByDay: needs a LastUsed that says when";
                    self.notes.add_rule(place, told);
                }
            }
        }
        last_used == Some(LastUsed::Unknown)
            || shape.predates_last_used.get().copied().unwrap_or_default()
    }
}

fn number<T: Copy>(field: &Field<Number<T>>) -> Option<T> {
    field.get().map(|Number(number)| *number)
}

/// What a group is, where no flag says it.
pub fn kind_called(description: &Description) -> GroupKind {
    match description.as_str().trim() {
        "Administrators" => GroupKind::Administrators,
        "Everyone" => GroupKind::Everyone,
        _ => GroupKind::Ordinary,
    }
}

fn default_time_zone() -> TimeZoneId {
    TimeZoneId::try_from(56).expect("zone 56 is one of the vendor's documents")
}

/// What the API would have been sent to make this operator, but for the fields that it requires.
fn profile(shape: &OperatorShape) -> ProfileChange {
    fn text<T: Clone>(field: &Field<Text<T>>) -> Patch<T> {
        patch(field, |Text(text)| text.clone())
    }
    let OperatorShape {
        key: _,
        operator_guid: _,
        hash: _,
        user_name: _,
        full_name: _,
        email: _,
        password: _,
        password_hash: _,
        mobile_phone,
        outgoing_phone_number,
        outgoing_phone_number_id,
        outgoing_phone_number_id_specified,
        is_account_administrator: _,
        backup_email,
        is_on_duty,
        culture_name,
        culture_name_specified,
        time_zone_id,
        time_zone_id_specified,
        sms_provider,
        use_numeric_sender,
        use_numeric_sender_specified,
        phone_provider,
        allow_native_login,
        allow_native_login_specified,
        allow_single_signon,
        allow_single_signon_specified,
        default_dashboard,
        operator_role,
        setup_mode,
        authorizations: _,
        duty_schedules: _,
        user: _,
    } = shape;
    let flag = |field: &Field<bool>| patch(field, |flag| *flag);
    let optional = |field: &Field<bool>| patch(field, |flag| Some(*flag));
    ProfileChange {
        full_name: Patch::Keep,
        email: Patch::Keep,
        mobile_phone: text(mobile_phone),
        outgoing_phone_number: text(outgoing_phone_number),
        outgoing_phone_number_id: patch(outgoing_phone_number_id, |Number(id)| Some(*id))
            .specified(flag(outgoing_phone_number_id_specified)),
        backup_email: text(backup_email),
        is_on_duty: flag(is_on_duty),
        culture_name: text(culture_name).specified(flag(culture_name_specified)),
        time_zone_id: patch(time_zone_id, |Number(id)| Some(*id))
            .specified(flag(time_zone_id_specified)),
        sms_provider: patch(sms_provider, |Word(OrDefault(word))| *word),
        use_numeric_sender: optional(use_numeric_sender)
            .specified(flag(use_numeric_sender_specified)),
        phone_provider: patch(phone_provider, |Text(OrDefault(text))| text.clone()),
        allow_native_login: optional(allow_native_login)
            .specified(flag(allow_native_login_specified)),
        allow_single_signon: optional(allow_single_signon)
            .specified(flag(allow_single_signon_specified)),
        default_dashboard: patch(default_dashboard, |Text(OrDefault(text))| text.clone()),
        operator_role: patch(operator_role, |Text(OrDefault(text))| text.clone()),
        setup_mode: patch(setup_mode, |Word(OrDefault(word))| *word),
    }
}

/// Refuses an owner that is not active, as the API does.
fn owner_is_active(
    shape: &OperatorShape,
    operator: OperatorGuid,
    account: &Account,
) -> Result<(), &'static str> {
    let active = shape.user.get().and_then(|user| user.active.get());
    if operator == account.owner && active == Some(&false) {
        return Err(OWNER_IS_ACTIVE);
    }
    Ok(())
}

/// What an operator is as a user.
fn user(shape: &OperatorShape, operator: OperatorGuid, id: UserId) -> User {
    let nothing = UserShape::default();
    let UserShape {
        id: _,
        client_id: _,
        client_name: _,
        user_name: _,
        given_name: _,
        family_name: _,
        active,
        email: _,
        user_role: _,
        user_role_description: _,
        mobile_number: _,
        time_zone_id: _,
        enable_alert_timeframe,
        alert_timeframe_start,
        alert_timeframe_end,
        default_dashboard,
        date_format,
        time_format,
        graph_tooltips,
    } = shape.user.get().unwrap_or(&nothing);
    User::new(operator, id).changed(UserSettingsChange {
        active: patch(active, |flag| *flag),
        enable_alert_timeframe: patch(enable_alert_timeframe, |flag| *flag),
        alert_timeframe_start: patch(alert_timeframe_start, |Text(start)| *start),
        alert_timeframe_end: patch(alert_timeframe_end, |Text(end)| *end),
        default_dashboard: patch(default_dashboard, |number| *number),
        date_format: patch(date_format, |Text(format)| format.clone()),
        time_format: patch(time_format, |Text(format)| format.clone()),
        graph_tooltips: patch(graph_tooltips, |flag| *flag),
    })
}

fn patch<T, U>(field: &Field<T>, value: impl FnOnce(&T) -> U) -> Patch<U> {
    field.get().map_or(Patch::Keep, |is| Patch::Set(value(is)))
}
