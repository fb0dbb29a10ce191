//! Builds accounts from a document, with the same functions and rules as the API would for the same requests.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use super::shape::{
    AccountShape, ApiUserShape, Days, DocumentShape, DutyScheduleShape, OperatorGroupShape,
    OperatorShape, UserShape,
};
use crate::bind::{List, Located};
use crate::domain::account::{OWNER_IS_ACTIVE, ScheduleOwner, Settings};
use crate::domain::api_user::{LastUsed, UserName};
use crate::domain::operator::{NewOperator, Profile};
use crate::domain::record::Record as _;
use crate::domain::text::{Description, Email, nearest, quoted};
use crate::domain::timezone::TimeZoneId;
use crate::domain::{
    Account, AccountId, ApiUser, ApiUserGuid, ApiUserType, Context, GroupKind, Operator,
    OperatorAuthorization, OperatorGroup, OperatorGroupAuthorization, OperatorGroupGuid,
    OperatorGuid, Patch, Place, PlainPassword, Problem, Problems, ScheduleId, SecretDigest, User,
};
use crate::error::{Error, Result};
use crate::testing::Usage;

/// An account that was built from a document.
#[derive(Debug)]
pub struct Built {
    pub account: Account,
    pub usage: Usage,
    /// The passwords that are still to be hashed.
    pub passwords: Vec<(OperatorGuid, PlainPassword)>,
}

/// The origin of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Written by a user: it must follow the rules of the API.
    External,
    /// Stored by the program itself: the account is restored exactly as written, with nothing added, whatever rule became
    /// stricter since.
    Stored,
}

/// Builds the accounts of a document. If this adds problems to those found when reading, some accounts are incomplete.
pub fn build(
    document: &DocumentShape,
    origin: Origin,
    context: &Context,
    problems: &mut Problems,
) -> Vec<Built> {
    let mut collector = ProblemCollector { problems, origin };
    let mut ids = Unique::new("account");
    let mut user_names = Unique::new("API user");
    let accounts: Vec<_> = document
        .accounts
        .items()
        .map(|(shape, place)| {
            let id = collector.required("AccountId", &shape.account_id, place);
            ids.add_field("AccountId", &shape.account_id, &mut collector);
            let mut builder = Builder {
                shape,
                place,
                id: id.copied().unwrap_or_else(placeholder_account_id),
                context,
                collector: ProblemCollector {
                    problems: &mut *collector.problems,
                    origin,
                },
                operators: Vec::new(),
            };
            builder.build(&mut user_names)
        })
        .collect();
    if accounts.is_empty() && !matches!(document.accounts, Located::Invalid) {
        let place = document.accounts.place().cloned().unwrap_or_default();
        collector.add(&place, "accounts", "must hold at least one account");
    }
    accounts
}

/// Returns the replacement for a missing AccountId, so that the rest can be validated.
fn placeholder_account_id() -> AccountId {
    "0".parse().expect("a digit is a valid account number")
}

/// A collector of the problems of a document.
struct ProblemCollector<'a> {
    problems: &'a mut Problems,
    origin: Origin,
}

impl ProblemCollector<'_> {
    /// Adds a problem that prevents an account from being built. `field` is empty if it does not concern a single field.
    fn add(&mut self, place: &Place, field: &str, message: impl Into<String>) {
        let problem = Problem {
            place: Some(place.clone()),
            ..Problem::new(field, message)
        };
        self.problems.add(problem, true);
    }

    /// Adds a violation of a rule. Stored documents are not checked for them.
    fn add_rule(&mut self, place: &Place, field: &str, message: impl Into<String>) {
        if !self.is_stored() {
            self.add(place, field, message);
        }
    }

    fn is_stored(&self) -> bool {
        self.origin == Origin::Stored
    }

    /// Returns the value of a required field, and adds a problem if it is absent.
    fn required<'f, T>(
        &mut self,
        name: &str,
        field: &'f Located<T>,
        object: &Place,
    ) -> Option<&'f T> {
        if field.is_absent() {
            self.add(object, name, "is required");
        }
        field.get()
    }

    /// Returns the value of a result, or adds its problems at this place.
    fn take<T>(&mut self, place: &Place, outcome: Result<T>) -> Option<T> {
        self.take_from(outcome, |_| place)
    }

    /// Returns the value of a result, or adds its problems, each at the place of its field.
    fn take_from<'p, T>(
        &mut self,
        outcome: Result<T>,
        place_of: impl Fn(&str) -> &'p Place,
    ) -> Option<T> {
        let problems = match outcome {
            Ok(value) => return Some(value),
            Err(Error::Malformed(problems) | Error::Refused(problems)) => problems,
            Err(other) => vec![Problem::general(other.to_string())],
        };
        for Problem { field, message, .. } in problems {
            self.add(place_of(&field), &field, message);
        }
        None
    }
}

/// The names of the Ids of one kind of object in messages.
#[derive(Clone, Copy)]
struct IdNames {
    id: &'static str,
    next: &'static str,
    what: &'static str,
}

impl ProblemCollector<'_> {
    /// Returns the Id of the first object without an Id: greater than all Ids in the document.
    fn next_id<'f, I: TryFrom<i32, Error = String> + Into<i32> + Ord + Copy + Display + 'f>(
        &mut self,
        names: IdNames,
        ids: impl Iterator<Item = &'f Located<I>>,
        declared_next: &Located<i32>,
    ) -> i32 {
        let mut unique = Unique::new(names.what);
        let mut next = 1;
        for (id, place) in ids.filter_map(|id| id.get().zip(id.place())) {
            unique.add(*id, place, names.id, self);
            next = next.max((*id).into().saturating_add(1));
        }
        if let (Some(&declared_next), Some(place)) = (declared_next.get(), declared_next.place()) {
            // The number after the greatest Id means that there is none left.
            if let Err(message) = I::try_from(declared_next.min(i32::MAX - 1)) {
                self.add_rule(place, names.next, message);
            } else if declared_next < next {
                let (what, last) = (names.what, next - 1);
                let message = format!("there is a {what} {last} already");
                self.add_rule(place, names.next, message);
            }
            next = next.max(declared_next);
        }
        next
    }
}

/// Values that must be unique, with the place of each.
struct Unique<T> {
    what: &'static str,
    first: BTreeMap<T, Place>,
}

impl<T: Ord + Display> Unique<T> {
    fn new(what: &'static str) -> Self {
        let first = BTreeMap::new();
        Self { what, first }
    }

    /// Adds the value of a field, if it has one.
    fn add_field(&mut self, name: &str, field: &Located<T>, collector: &mut ProblemCollector<'_>)
    where
        T: Clone,
    {
        if let Located::Value { value, place } = field {
            self.add(value.clone(), place, name, collector);
        }
    }

    /// Adds a value, or a problem if it was added before.
    fn add(&mut self, value: T, place: &Place, name: &str, collector: &mut ProblemCollector<'_>) {
        if let Some(first) = self.first.get(&value) {
            let message = format!("the {} {first} has {value} too", self.what);
            collector.add(place, name, message);
        } else {
            self.first.insert(value, place.clone());
        }
    }
}

/// The GUIDs of one kind in an account: those in the document, and those derived from names.
struct Guids<G> {
    prefix: String,
    derived: fn(&str) -> G,
    taken: BTreeSet<G>,
}

impl<G: Ord + Copy + Display> Guids<G> {
    /// Takes the GUIDs in the document, before any is derived. `name` is what their field is called.
    fn new<'f>(
        prefix: String,
        what: &'static str,
        name: &str,
        derived: fn(&str) -> G,
        fields: impl Iterator<Item = &'f Located<G>>,
        collector: &mut ProblemCollector<'_>,
    ) -> Self
    where
        G: 'f,
    {
        let (mut pinned, mut taken) = (Unique::new(what), BTreeSet::new());
        for field in fields {
            pinned.add_field(name, field, collector);
            taken.extend(field.get());
        }
        Self {
            prefix,
            derived,
            taken,
        }
    }

    /// Returns the GUID in a field, or else the one derived from a name; for a second object with the same name, a different
    /// one.
    fn of(&mut self, field: &Located<G>, name: &str) -> G {
        field.get().copied().unwrap_or_else(|| {
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

/// An operator of the document, with the names by which other objects refer to it.
struct DeclaredOperator<'a> {
    shape: &'a OperatorShape,
    place: &'a Place,
    guid: OperatorGuid,
    /// Whether it was added to the account, which is not the case if it has problems.
    is_built: bool,
}

impl DeclaredOperator<'_> {
    fn key(&self) -> Option<&str> {
        self.shape.key.get().map(String::as_str)
    }

    fn email(&self) -> Option<&Email> {
        match &self.shape.profile.email {
            Patch::Set(email) => Some(email),
            Patch::Keep | Patch::Clear => None,
        }
    }

    /// Returns its name in the document: the key, or else the e-mail address.
    fn name(&self) -> Option<&str> {
        self.key().or_else(|| self.email().map(Email::as_str))
    }
}

/// A builder of one account.
struct Builder<'a, 'n> {
    shape: &'a AccountShape,
    place: &'a Place,
    id: AccountId,
    context: &'a Context,
    collector: ProblemCollector<'n>,
    operators: Vec<DeclaredOperator<'a>>,
}

impl Builder<'_, '_> {
    fn build(&mut self, user_names: &mut Unique<String>) -> Built {
        self.declare_operators();
        let AccountShape {
            account_id: _,
            name,
            timezone_id,
            single_sign_on,
            next_duty_schedule_id: _,
            next_user_id: _,
            operators: _,
            operator_groups: _,
            api_users: _,
        } = self.shape;
        let name = name.get().cloned();
        let settings = Settings {
            name: name.unwrap_or_else(|| format!("Account {}", self.id)),
            time_zone_id: timezone_id.get().copied().unwrap_or_else(default_time_zone),
            single_sign_on: single_sign_on.get().copied().unwrap_or_default(),
        };
        let owner = self.owner();
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

    fn declare_operators(&mut self) {
        let shape = self.shape;
        let operators = shape.operators.items();
        let mut guids = Guids::new(
            format!("{}/operator", self.id),
            "operator",
            "OperatorGuid",
            OperatorGuid::derived,
            operators.map(|(shape, _)| &shape.operator_guid),
            &mut self.collector,
        );
        let mut keys = Unique::new("operator");
        for (shape, place) in shape.operators.items() {
            let mut declared = DeclaredOperator {
                shape,
                place,
                guid: OperatorGuid::derived(""),
                is_built: false,
            };
            keys.add_field("key", &shape.key, &mut self.collector);
            let name = match (declared.key(), declared.email()) {
                (Some(key), _) => key.to_owned(),
                (None, Some(email)) => email.key(),
                (None, None) => String::new(),
            };
            declared.guid = guids.of(&shape.operator_guid, &name);
            self.operators.push(declared);
        }
    }

    /// Returns the owner, which must be exactly one operator. If there is none, returns the first operator, so that the rest can
    /// be validated.
    fn owner(&mut self) -> OperatorGuid {
        let is_owner = |declared: &&DeclaredOperator<'_>| {
            declared.shape.is_account_administrator.get() == Some(&true)
        };
        let mut owners = self.operators.iter().filter(is_owner);
        let Some(owner) = owners.next() else {
            let is_invalid_flag = |declared: &DeclaredOperator<'_>| {
                matches!(declared.shape.is_account_administrator, Located::Invalid)
            };
            if !matches!(self.shape.operators, Located::Invalid)
                && !self.operators.iter().any(is_invalid_flag)
            {
                let place = self.shape.operators.place().unwrap_or(self.place);
                let message = "one of them must be the owner of the account, with IsAccountAdministrator: true";
                self.collector.add(place, "operators", message);
            }
            return self
                .operators
                .first()
                .map_or_else(|| OperatorGuid::derived(""), |declared| declared.guid);
        };
        for another in owners {
            let field = &another.shape.is_account_administrator;
            let message = format!(
                "the operator {} is the owner of the account already",
                owner.place
            );
            let place = field.place().unwrap_or(another.place);
            self.collector
                .add_rule(place, "IsAccountAdministrator", message);
        }
        owner.guid
    }

    fn add_operators(&mut self, account: &mut Account) -> Vec<(OperatorGuid, PlainPassword)> {
        let Self {
            operators,
            collector,
            ..
        } = self;
        let mut passwords = Vec::new();
        for declared in operators {
            let OperatorShape {
                key: _,
                operator_guid: _,
                password,
                password_hash,
                is_account_administrator: _,
                authorizations: _,
                duty_schedules: _,
                user,
                profile,
                places,
            } = declared.shape;
            let (guid, place) = (declared.guid, declared.place);
            collector.check_one_password(password, password_hash);
            if !add_user(account, guid, user.get(), place, collector) {
                continue;
            }
            let hash = password_hash.get().cloned();
            let password = password.get().cloned();
            let added = if collector.is_stored() {
                match Profile::new(profile.clone()) {
                    Some(profile) => {
                        account.insert_operator(Operator::new(guid, profile, hash));
                        Ok(())
                    }
                    None => Err(Error::malformed("FullName", "or Email is not there")),
                }
            } else if matches!(profile.full_name, Patch::Set(_)) && declared.email().is_some() {
                let new = NewOperator {
                    profile: profile.clone(),
                    password: password.clone(),
                };
                let mut problems = Problems::default();
                let profile = account.new_profile(new, &mut problems);
                problems.into_result().and_then(|()| {
                    let profile = profile.expect("FullName and Email are set");
                    account.add_named_operator(guid, profile, hash).map(|_| ())
                })
            } else {
                // Their problems have already been added.
                continue;
            };
            let place_of = |name: &str| places.of(name).unwrap_or(place);
            declared.is_built = collector.take_from(added, place_of).is_some();
            if let (true, Some(password)) = (declared.is_built, password) {
                passwords.push((guid, password));
            }
        }
        passwords
    }

    /// Finds an operator by a reference: its key, its e-mail address or its GUID. Returns `None` for an operator with problems of
    /// its own, without adding another problem.
    fn find(&mut self, name: &str, field: &str, place: &Place) -> Option<OperatorGuid> {
        let by_key = self
            .operators
            .iter()
            .find(|declared| declared.key() == Some(name));
        let by_email = |is_same: fn(&Email, &str) -> bool| {
            let matches = |declared: &&DeclaredOperator<'_>| {
                declared.email().is_some_and(|email| is_same(email, name))
            };
            self.operators.iter().find(matches)
        };
        let by_guid = || {
            let guid: OperatorGuid = name.parse().ok()?;
            self.operators.iter().find(|declared| declared.guid == guid)
        };
        let found = by_key
            .or_else(|| by_email(|email, name| email.as_str() == name))
            .or_else(|| by_email(|email, name| email.key() == Email::key_of(name)))
            .or_else(by_guid);
        if let Some(declared) = found {
            return declared.is_built.then_some(declared.guid);
        }
        let names: Vec<_> = self
            .operators
            .iter()
            .filter_map(DeclaredOperator::name)
            .collect();
        let hint = nearest(name, &names).map_or_else(
            || format!("; there are {}", names.join(", ")),
            |near| format!("; the nearest one is {near}"),
        );
        let message = format!("no operator is called {}{hint}", quoted(name));
        self.collector.add(place, field, message);
        None
    }
}

impl ProblemCollector<'_> {
    /// Adds a problem if there is both a password and its hash.
    fn check_one_password<T>(&mut self, password: &Located<PlainPassword>, hash: &Located<T>) {
        if let (Some(_), Some(place)) = (password.get(), hash.place()) {
            let message = "there is a Password too; leave one of them out";
            self.add(place, "PasswordHash", message);
        }
    }
}

/// Adds the user of an operator. Returns `false` if there is no free ID.
fn add_user(
    account: &mut Account,
    operator: OperatorGuid,
    shape: Option<&UserShape>,
    place: &Place,
    collector: &mut ProblemCollector<'_>,
) -> bool {
    let id = shape.and_then(|shape| shape.id.get().copied());
    let id = id.map_or_else(|| account.new_user_id(), Ok);
    let Some(id) = collector.take(place, id) else {
        return false;
    };
    let mut user = User::new(operator, id);
    if let Some(UserShape {
        id: _,
        settings,
        places,
    }) = shape
    {
        // The API rejects this as well.
        if operator == account.owner && matches!(settings.active, Patch::Set(false)) {
            let place = places.of("Active").unwrap_or(place);
            collector.add_rule(place, "Active", OWNER_IS_ACTIVE);
        }
        user = user.changed(settings.clone());
    }
    account.restore_user(user);
    true
}

/// A group of the document with its GUID.
type DeclaredGroup<'a> = (&'a OperatorGroupShape, OperatorGroupGuid);

/// Builds the groups, and the authorizations of operators and groups.
impl<'a> Builder<'a, '_> {
    /// Adds the groups: the system groups first, as in every account, then the others in order.
    fn add_groups(&mut self, account: &mut Account) -> Vec<DeclaredGroup<'a>> {
        let shape = self.shape;
        let all: Vec<_> = shape
            .operator_groups
            .items()
            .map(|(shape, place)| (self.kind_of(shape, place), shape, place))
            .collect();
        let mut guids = Guids::new(
            format!("{}/operatorGroup", self.id),
            "operator group",
            "OperatorGroupGuid",
            OperatorGroupGuid::derived,
            all.iter().map(|(_, shape, _)| &shape.operator_group_guid),
            &mut self.collector,
        );
        let mut keys = Unique::new("operator group");
        for (_, shape, _) in &all {
            keys.add_field("key", &shape.key, &mut self.collector);
        }

        let mut groups = Vec::new();
        for system in [
            OperatorGroup::administrators(self.id),
            OperatorGroup::everyone(self.id),
        ] {
            let mut declared = all.iter().filter(|(kind, _, _)| *kind == system.kind);
            if let Some((_, shape, place)) = declared.next() {
                for (_, _, another) in declared {
                    let message = format!(
                        "the {} group is {place} already; an account has one",
                        system.description
                    );
                    self.collector.add(another, "", message);
                }
                let group = OperatorGroup {
                    guid: guids.of(&shape.operator_group_guid, system.description.as_str()),
                    description: shape
                        .description
                        .get()
                        .cloned()
                        .unwrap_or(system.description),
                    ..system
                };
                groups.push((*shape, group.guid));
                account.insert_operator_group(group);
            } else if !self.collector.is_stored() {
                // Its GUID is derived like all others, and must not be assigned to another group.
                let guid = guids.of(&Located::Absent, system.description.as_str());
                account.insert_operator_group(OperatorGroup { guid, ..system });
            }
        }
        for (_, shape, place) in all
            .iter()
            .filter(|(kind, _, _)| *kind == GroupKind::Ordinary)
        {
            let description = self
                .collector
                .required("Description", &shape.description, place);
            let Some(description) = description else {
                continue;
            };
            if !self.collector.is_stored() && description.as_str().trim().is_empty() {
                let place = shape.description.place().unwrap_or(place);
                self.collector
                    .add(place, "Description", "must not be blank");
                continue;
            }
            let name = shape.key.get().cloned();
            let name = name.unwrap_or_else(|| description.to_string());
            let guid = guids.of(&shape.operator_group_guid, &name);
            let group = OperatorGroup::new(guid, GroupKind::Ordinary, description.clone());
            account.insert_operator_group(group);
            groups.push((*shape, guid));
        }
        self.add_members(account, &groups);
        groups
    }

    fn kind_of(&mut self, shape: &OperatorGroupShape, place: &Place) -> GroupKind {
        // Stored documents have a flag wherever the name could be mistaken for a system group.
        let description = shape
            .description
            .get()
            .filter(|_| !self.collector.is_stored());
        let named = description.map(kind_by_name);
        let is = |flag: &Located<bool>, kind| flag.get().copied().unwrap_or(named == Some(kind));
        let is_administrators = is(&shape.is_administrators_group, GroupKind::Administrators);
        match (
            is_administrators,
            is(&shape.is_everyone, GroupKind::Everyone),
        ) {
            (true, true) => {
                let message = "a group cannot be both Administrators and Everyone";
                self.collector.add(place, "", message);
                GroupKind::Administrators
            }
            (true, false) => GroupKind::Administrators,
            (false, true) => GroupKind::Everyone,
            (false, false) => GroupKind::Ordinary,
        }
    }

    /// Adds the members of groups. The owner is always an administrator: the first one, unless the document lists it.
    fn add_members(&mut self, account: &mut Account, groups: &[DeclaredGroup<'_>]) {
        let owner = account.owner;
        for (shape, guid) in groups {
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
                && !self.collector.is_stored()
                && members.iter().all(|(operator, _)| *operator != owner)
            {
                add_owner(account, *guid);
            }
            for (operator, place) in members {
                self.collector
                    .take(place, account.add_member(*guid, operator));
            }
        }
        let administrators = account
            .operator_groups
            .iter()
            .find(|group| group.kind == GroupKind::Administrators)
            .map(|group| group.guid);
        if let Some(administrators) = administrators.filter(|_| !self.collector.is_stored()) {
            add_owner(account, administrators);
        }
    }

    fn authorize(&mut self, account: &mut Account, groups: &[DeclaredGroup<'_>]) {
        if self.collector.is_stored() {
            return self.restore_authorizations(account, groups);
        }
        for declared in self.operators.iter().filter(|declared| declared.is_built) {
            let list = &declared.shape.authorizations;
            let all: Vec<_> = list
                .items()
                .map(|(authorization, place)| (*authorization, place))
                .collect();
            let access = OperatorAuthorization::AccountAccess;
            if list.get().is_some()
                && all
                    .iter()
                    .all(|(authorization, _)| *authorization != access)
            {
                let removed = account.remove_operator_authorization(declared.guid, access);
                self.collector.take(declared.place, removed);
            }
            for (authorization, place) in all {
                // Responses of the API list it, but it is implied by the membership of the group.
                let is_implied = authorization == OperatorAuthorization::AccountAdministrator
                    && account.is_administrator(declared.guid);
                if !is_implied {
                    let outcome = account.authorize_operator(declared.guid, authorization);
                    self.collector.take(place, outcome);
                }
            }
        }
        for (shape, guid) in groups {
            let is_administrators = account
                .operator_group(*guid)
                .is_ok_and(|group| group.kind == GroupKind::Administrators);
            for (authorization, place) in shape.authorizations.items() {
                let is_implied = is_administrators
                    && *authorization == OperatorGroupAuthorization::Administrator;
                if !is_implied {
                    let outcome = account.authorize_group(*guid, *authorization);
                    self.collector.take(place, outcome);
                }
            }
        }
    }
}

/// Restores the authorizations of stored documents exactly as written.
impl Builder<'_, '_> {
    fn restore_authorizations(&self, account: &mut Account, groups: &[DeclaredGroup<'_>]) {
        for declared in &self.operators {
            let list = &declared.shape.authorizations;
            if let (Ok(operator), Some(_)) = (account.operator(declared.guid), list.get()) {
                let mut operator = Operator::clone(operator);
                operator.authorizations = list.items().map(|(item, _)| *item).collect();
                account.insert_operator(operator);
            }
        }
        for (shape, guid) in groups {
            if let Ok(group) = account.operator_group(*guid) {
                let mut group = OperatorGroup::clone(group);
                let list = shape.authorizations.items();
                group.authorizations = list.map(|(item, _)| *item).collect();
                account.insert_operator_group(group);
            }
        }
    }
}

/// Adds the owner to the administrators, unless it is a member already.
fn add_owner(account: &mut Account, administrators: OperatorGroupGuid) {
    let owner = account.owner;
    // An error means that there is no owner, for which a problem has already been added.
    let _ = account.add_member(administrators, owner);
}

/// Builds the duty schedules.
impl Builder<'_, '_> {
    /// Returns the Id of the first schedule without an Id.
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
        let names = IdNames {
            id: "Id",
            next: "NextDutyScheduleId",
            what: "duty schedule",
        };
        self.collector
            .next_id(names, ids, &account.next_duty_schedule_id)
    }

    fn next_user_id(&mut self) -> i32 {
        let users = self.shape.operators.items();
        let ids = users.filter_map(|(operator, _)| Some(&operator.user.get()?.id));
        let names = IdNames {
            id: "ID",
            next: "NextUserID",
            what: "user",
        };
        self.collector.next_id(names, ids, &self.shape.next_user_id)
    }

    fn add_schedules(&mut self, account: &mut Account, groups: &[DeclaredGroup<'_>]) {
        let of_groups: Vec<_> = groups
            .iter()
            .flat_map(|(shape, _)| shape.duty_schedules.items())
            .filter_map(|(shape, _)| shape.id.get().copied())
            .collect();
        let of_operators: Vec<_> = self
            .operators
            .iter()
            .filter(|declared| declared.is_built)
            .map(|declared| {
                (
                    ScheduleOwner::from(declared.guid),
                    &declared.shape.duty_schedules,
                )
            })
            .collect();
        let all = of_operators.into_iter().chain(
            groups
                .iter()
                .map(|(shape, guid)| (ScheduleOwner::from(*guid), &shape.duty_schedules)),
        );
        for (owner, list) in all {
            self.add_schedules_of(account, owner, list, &of_groups);
        }
    }

    fn add_schedules_of(
        &mut self,
        account: &mut Account,
        owner: ScheduleOwner,
        list: &Located<List<DutyScheduleShape>>,
        of_groups: &[ScheduleId],
    ) {
        for (shape, place) in list.items() {
            let copy_of = shape.copy_of.get().copied();
            if let (Some(id), Some(place)) = (copy_of, shape.copy_of.place()) {
                let message = match owner {
                    ScheduleOwner::Group(_) => Some("a group's schedule is no copy".to_owned()),
                    ScheduleOwner::Operator(_) if !of_groups.contains(&id) => {
                        let known: Vec<_> = of_groups.iter().map(ToString::to_string).collect();
                        let known = if known.is_empty() {
                            "no group has a schedule with an Id".to_owned()
                        } else {
                            format!("groups have {}", known.join(", "))
                        };
                        Some(format!("no group has a schedule {id}; {known}"))
                    }
                    ScheduleOwner::Operator(_) => None,
                };
                if let Some(message) = message {
                    self.collector.add_rule(place, "CopyOf", message);
                }
            }
            if let Some(recurrence) = shape.recurrence {
                let id = shape.id.get().copied();
                let restored = account.restore_schedule(owner, id, recurrence, copy_of);
                self.collector.take(place, restored);
            }
        }
    }
}

/// Builds the API users.
impl Builder<'_, '_> {
    fn add_api_users(&mut self, account: &mut Account, user_names: &mut Unique<String>) -> Usage {
        let usage = Usage::default();
        let shape = self.shape;
        let api_users = shape.api_users.items();
        let mut guids = Guids::new(
            format!("{}/apiUser", self.id),
            "API user",
            "ApiUserGuid",
            ApiUserGuid::derived,
            api_users.map(|(shape, _)| &shape.api_user_guid),
            &mut self.collector,
        );
        let mut keys = Unique::new("API user");
        for (shape, place) in shape.api_users.items() {
            keys.add_field("key", &shape.key, &mut self.collector);
            let user_name = shape.user_name.get().map(|UserName(name)| name.clone());
            let description = shape.description.get().cloned().unwrap_or_default();
            let key = shape.key.get().cloned();
            let name = key
                .or_else(|| user_name.clone())
                .unwrap_or_else(|| description.to_string());
            let guid = guids.of(&shape.api_user_guid, &name);
            let user_name = user_name.unwrap_or_else(|| guid.simple());
            let field_place = shape.user_name.place().or(shape.api_user_guid.place());
            let name_place = field_place.unwrap_or(place);
            if !self.collector.is_stored() {
                user_names.add(
                    user_name.clone(),
                    name_place,
                    "UserName",
                    &mut self.collector,
                );
            }
            let predates_last_used = self.add_usage(guid, shape, &usage);
            let Some(operator) = self.operator_of(shape, place) else {
                continue;
            };
            account.api_users.insert(ApiUser {
                guid,
                operator,
                user_name,
                password: self.password_of(shape),
                api_user_type: shape
                    .api_user_type
                    .get()
                    .copied()
                    .unwrap_or(ApiUserType::Generic),
                description,
                created: shape
                    .created_date
                    .get()
                    .copied()
                    .unwrap_or(self.context.now),
                predates_last_used,
            });
        }
        usage
    }

    fn operator_of(&mut self, shape: &ApiUserShape, place: &Place) -> Option<OperatorGuid> {
        let by_guid = shape.operator_guid.get().map(OperatorGuid::to_string);
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
                let message = "names another operator than the key operator does";
                self.collector.add(place, "OperatorGuid", message);
                None
            }
            (Some(found), _) | (None, Some(found)) => found,
            (None, None) => {
                if shape.operator.is_absent() && shape.operator_guid.is_absent() {
                    self.collector.add(place, "operator", "is required");
                }
                None
            }
        }
    }

    /// Returns the digest of the password. Without a password, a random one is used that nobody knows.
    fn password_of(&mut self, shape: &ApiUserShape) -> SecretDigest {
        let (password, hash) = (&shape.password, &shape.password_hash);
        self.collector.check_one_password(password, hash);
        match (password.get(), hash.get()) {
            (Some(plain), _) => SecretDigest::of(plain.reveal()),
            (None, Some(hash)) => *hash,
            (None, None) => SecretDigest::of(&self.context.new_password()),
        }
    }

    /// Adds the usage of an API user, and returns whether it is older than the recording of usage.
    fn add_usage(&mut self, guid: ApiUserGuid, shape: &ApiUserShape, usage: &Usage) -> bool {
        let last_used = shape.last_used.get().copied();
        let by_day = shape.usage_by_day.get().map(|Days(days)| days);
        match last_used {
            Some(LastUsed::At(last)) => {
                let requests = match (by_day, shape.usage_last_30_days.get()) {
                    (Some(days), _) => days.clone(),
                    (None, Some(requests)) => BTreeMap::from([(last.day(), i64::from(*requests))]),
                    (None, None) => BTreeMap::new(),
                };
                usage.restore(guid, last, requests);
            }
            Some(LastUsed::NotYet | LastUsed::Unknown) | None => {
                if let (Some(true), Some(place)) = (
                    by_day.map(|days| !days.is_empty()),
                    shape.usage_by_day.place(),
                ) && !matches!(shape.last_used, Located::Invalid)
                {
                    let message = "needs a LastUsed that says when";
                    self.collector.add_rule(place, "UsageByDay", message);
                }
            }
        }
        last_used == Some(LastUsed::Unknown)
            || shape.predates_last_used.get().copied().unwrap_or_default()
    }
}

/// Returns the kind of a group without a flag, by its name.
pub fn kind_by_name(description: &Description) -> GroupKind {
    match description.as_str().trim() {
        "Administrators" => GroupKind::Administrators,
        "Everyone" => GroupKind::Everyone,
        _ => GroupKind::Ordinary,
    }
}

fn default_time_zone() -> TimeZoneId {
    TimeZoneId::try_from(56).expect("time zone 56 exists in the vendor's documentation")
}
