//! From a document to accounts: what the API would have made of the same requests, by the same functions and rules.

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

/// Makes the accounts of a document. Where it adds problems to those that reading found, some accounts lack something.
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
                id: id.copied().unwrap_or_else(unknown_account),
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

/// Stands in for an AccountId that is missing, so that the rest can be judged.
fn unknown_account() -> AccountId {
    "0".parse().expect("a digit is an account's number")
}

/// The problems found so far.
struct ProblemCollector<'a> {
    problems: &'a mut Problems,
    origin: Origin,
}

impl ProblemCollector<'_> {
    /// Adds what makes an account impossible. `field` is empty where it is about no single one.
    fn add(&mut self, place: &Place, field: &str, message: impl Into<String>) {
        let problem = Problem {
            place: Some(place.clone()),
            ..Problem::new(field, message)
        };
        self.problems.add(problem, true);
    }

    /// Adds a rule that is broken. What was kept is asked for none.
    fn add_rule(&mut self, place: &Place, field: &str, message: impl Into<String>) {
        if !self.is_kept() {
            self.add(place, field, message);
        }
    }

    fn is_kept(&self) -> bool {
        self.origin == Origin::Kept
    }

    /// A field that has to be there.
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

    /// Takes what the account made of a part of the document, or else what it says is wrong with it.
    fn take<T>(&mut self, place: &Place, outcome: Result<T>) -> Option<T> {
        self.take_from(outcome, |_| place)
    }

    /// The same, where a problem of a field belongs to the place of the field.
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

/// What the Ids of one kind of thing are called.
#[derive(Clone, Copy)]
struct Name {
    id: &'static str,
    next: &'static str,
    what: &'static str,
}

impl ProblemCollector<'_> {
    /// The Id of the first thing that does not bring its own: behind all that are written down.
    fn next_id<'f, I: TryFrom<i32, Error = String> + Into<i32> + Ord + Copy + Display + 'f>(
        &mut self,
        name: Name,
        ids: impl Iterator<Item = &'f Located<I>>,
        given: &Located<i32>,
    ) -> i32 {
        let mut unique = Unique::new(name.what);
        let mut next = 1;
        for (id, place) in ids.filter_map(|id| id.get().zip(id.place())) {
            unique.add(*id, place, name.id, self);
            next = next.max((*id).into().saturating_add(1));
        }
        if let (Some(&given), Some(place)) = (given.get(), given.place()) {
            // The number behind the last Id says that there is none left.
            if let Err(message) = I::try_from(given.min(i32::MAX - 1)) {
                self.add_rule(place, name.next, message);
            } else if given < next {
                let (what, last) = (name.what, next - 1);
                let told = format!("there is a {what} {last} already");
                self.add_rule(place, name.next, told);
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
    fn add_field(&mut self, name: &str, field: &Located<T>, collector: &mut ProblemCollector<'_>)
    where
        T: Clone,
    {
        if let Located::Value { value, place } = field {
            self.add(value.clone(), place, name, collector);
        }
    }

    fn add(&mut self, value: T, place: &Place, name: &str, collector: &mut ProblemCollector<'_>) {
        if let Some(first) = self.first.get(&value) {
            let message = format!("the {} {first} has {value} too", self.what);
            collector.add(place, name, message);
        } else {
            self.first.insert(value, place.clone());
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
        fields: impl Iterator<Item = &'f Located<G>>,
        collector: &mut ProblemCollector<'_>,
    ) where
        G: 'f,
    {
        for field in fields {
            self.pinned.add_field(name, field, collector);
            self.taken.extend(field.get());
        }
    }

    /// The GUID that is written down, or the one that belongs to a name; of two things with one name, the second has
    /// another.
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

/// An operator of the document, with the names by which others refer to it.
struct DeclaredOperator<'a> {
    shape: &'a OperatorShape,
    place: &'a Place,
    guid: OperatorGuid,
    /// Whether the account has it: one with problems does not get that far.
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

    /// What the document calls it.
    fn name(&self) -> Option<&str> {
        self.key().or_else(|| self.email().map(Email::as_str))
    }
}

/// The making of one account.
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
        self.name_operators();
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

    fn name_operators(&mut self) {
        let shape = self.shape;
        let mut guids = Guids::new(self.id, "operator", "operator", OperatorGuid::derived);
        let fields = shape
            .operators
            .items()
            .map(|(shape, _)| &shape.operator_guid);
        guids.pin("OperatorGuid", fields, &mut self.collector);
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

    /// Exactly one operator is the owner. Where none is, the first one stands in, so that the rest can be judged.
    fn owner(&mut self) -> OperatorGuid {
        let is_owner = |declared: &&DeclaredOperator<'_>| {
            declared.shape.is_account_administrator.get() == Some(&true)
        };
        let mut owners = self.operators.iter().filter(is_owner);
        let Some(owner) = owners.next() else {
            let may_be_meant = |declared: &DeclaredOperator<'_>| {
                matches!(declared.shape.is_account_administrator, Located::Invalid)
            };
            if !matches!(self.shape.operators, Located::Invalid)
                && !self.operators.iter().any(may_be_meant)
            {
                let place = self.shape.operators.place().unwrap_or(self.place);
                let told = "one of them must be the owner of the account, with IsAccountAdministrator: true";
                self.collector.add(place, "operators", told);
            }
            return self
                .operators
                .first()
                .map_or_else(|| OperatorGuid::derived(""), |declared| declared.guid);
        };
        for another in owners {
            let field = &another.shape.is_account_administrator;
            let told = format!(
                "the operator {} is the owner of the account already",
                owner.place
            );
            let place = field.place().unwrap_or(another.place);
            self.collector
                .add_rule(place, "IsAccountAdministrator", told);
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
            let added = if collector.is_kept() {
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
                    let profile = profile.expect("FullName and Email are there");
                    account.add_named_operator(guid, profile, hash).map(|_| ())
                })
            } else {
                // It is told already what is wrong with them.
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

    /// The operator that a join names: by its key, its e-mail address or its GUID. One that has problems of its own is
    /// none, and nothing more is said of it.
    fn find(&mut self, name: &str, field: &str, place: &Place) -> Option<OperatorGuid> {
        let by_key = self
            .operators
            .iter()
            .find(|declared| declared.key() == Some(name));
        let by_email = |is: fn(&Email, &str) -> bool| {
            let is_meant = |declared: &&DeclaredOperator<'_>| {
                declared.email().is_some_and(|email| is(email, name))
            };
            self.operators.iter().find(is_meant)
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
        let told = format!("no operator is called {}{hint}", quoted(name));
        self.collector.add(place, field, told);
        None
    }
}

impl ProblemCollector<'_> {
    /// A password is written down in clear or as its hash, not in both ways.
    fn check_one_password<T>(&mut self, password: &Located<PlainPassword>, hash: &Located<T>) {
        if let (Some(_), Some(place)) = (password.get(), hash.place()) {
            let told = "there is a Password too; leave one of them out";
            self.add(place, "PasswordHash", told);
        }
    }
}

/// Adds what an operator is as a user. Returns `false` if there is no ID left for it.
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
        // The API refuses it as well.
        if operator == account.owner && matches!(settings.active, Patch::Set(false)) {
            let place = places.of("Active").unwrap_or(place);
            collector.add_rule(place, "Active", OWNER_IS_ACTIVE);
        }
        user = user.changed(settings.clone());
    }
    account.restore_user(user);
    true
}

/// A group of the document.
type Grouped<'a> = (&'a OperatorGroupShape, OperatorGroupGuid);

/// Groups, and what operators and groups are authorized to.
impl<'a> Builder<'a, '_> {
    /// Adds the groups: the system groups first, as everywhere, then the others in their order.
    fn add_groups(&mut self, account: &mut Account) -> Vec<Grouped<'a>> {
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
        guids.pin("OperatorGroupGuid", fields, &mut self.collector);
        let mut keys = Unique::new("operator group");
        for (_, shape, _) in &all {
            keys.add_field("key", &shape.key, &mut self.collector);
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
                        "the {} group is {place} already; an account has one",
                        system.description
                    );
                    self.collector.add(another, "", told);
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
            } else if !self.collector.is_kept() {
                // Its GUID is derived as all are, and no other group's from now on.
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
            if !self.collector.is_kept() && description.as_str().trim().is_empty() {
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
        // What was kept says it where the name could be taken for it.
        let called = shape
            .description
            .get()
            .filter(|_| !self.collector.is_kept());
        let called = called.map(kind_called);
        let is = |flag: &Located<bool>, kind| flag.get().copied().unwrap_or(called == Some(kind));
        let is_administrators = is(&shape.is_administrators_group, GroupKind::Administrators);
        match (
            is_administrators,
            is(&shape.is_everyone, GroupKind::Everyone),
        ) {
            (true, true) => {
                let told = "a group cannot be both Administrators and Everyone";
                self.collector.add(place, "", told);
                GroupKind::Administrators
            }
            (true, false) => GroupKind::Administrators,
            (false, true) => GroupKind::Everyone,
            (false, false) => GroupKind::Ordinary,
        }
    }

    /// The owner is an administrator in any case: the first one, if the document does not say which.
    fn add_members(&mut self, account: &mut Account, groups: &[Grouped<'_>]) {
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
                && !self.collector.is_kept()
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
        if let Some(administrators) = administrators.filter(|_| !self.collector.is_kept()) {
            add_owner(account, administrators);
        }
    }

    fn authorize(&mut self, account: &mut Account, groups: &[Grouped<'_>]) {
        if self.collector.is_kept() {
            return self.restore_authorizations(account, groups);
        }
        for declared in self.operators.iter().filter(|declared| declared.is_built) {
            let list = &declared.shape.authorizations;
            let all: Vec<_> = list.items().map(|(word, place)| (*word, place)).collect();
            let access = OperatorAuthorization::AccountAccess;
            if list.get().is_some() && all.iter().all(|(word, _)| *word != access) {
                let withdrawn = account.remove_operator_authorization(declared.guid, access);
                self.collector.take(declared.place, withdrawn);
            }
            for (authorization, place) in all {
                // An answer of the API tells of it; it comes with the group.
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

/// What was kept is authorized to what is written there.
impl Builder<'_, '_> {
    fn restore_authorizations(&self, account: &mut Account, groups: &[Grouped<'_>]) {
        for declared in &self.operators {
            let list = &declared.shape.authorizations;
            if let (Ok(operator), Some(_)) = (account.operator(declared.guid), list.get()) {
                let mut operator = Operator::clone(operator);
                operator.authorizations = list.items().map(|(word, _)| *word).collect();
                account.insert_operator(operator);
            }
        }
        for (shape, guid) in groups {
            if let Ok(group) = account.operator_group(*guid) {
                let mut group = OperatorGroup::clone(group);
                let list = shape.authorizations.items();
                group.authorizations = list.map(|(word, _)| *word).collect();
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
        self.collector
            .next_id(name, ids, &account.next_duty_schedule_id)
    }

    fn next_user_id(&mut self) -> i32 {
        let users = self.shape.operators.items();
        let ids = users.filter_map(|(operator, _)| Some(&operator.user.get()?.id));
        let name = Name {
            id: "ID",
            next: "NextUserID",
            what: "user",
        };
        self.collector.next_id(name, ids, &self.shape.next_user_id)
    }

    fn add_schedules(&mut self, account: &mut Account, groups: &[Grouped<'_>]) {
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
                let told = match owner {
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
                if let Some(told) = told {
                    self.collector.add_rule(place, "CopyOf", told);
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
        guids.pin("ApiUserGuid", fields, &mut self.collector);
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
            let written = shape.user_name.place().or(shape.api_user_guid.place());
            let name_place = written.unwrap_or(place);
            if !self.collector.is_kept() {
                user_names.add(
                    user_name.clone(),
                    name_place,
                    "UserName",
                    &mut self.collector,
                );
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
                let told = "names another operator than the key operator does";
                self.collector.add(place, "OperatorGuid", told);
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

    /// Without a password nobody knows it.
    fn password_of(&mut self, shape: &ApiUserShape) -> SecretDigest {
        let (password, hash) = (&shape.password, &shape.password_hash);
        self.collector.check_one_password(password, hash);
        match (password.get(), hash.get()) {
            (Some(plain), _) => SecretDigest::of(plain.reveal()),
            (None, Some(hash)) => *hash,
            (None, None) => SecretDigest::of(&self.context.new_password()),
        }
    }

    /// Notes the usage of an API user, and answers whether it predates the counting of it.
    fn use_of(&mut self, guid: ApiUserGuid, shape: &ApiUserShape, usage: &Usage) -> bool {
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
                    let told = "needs a LastUsed that says when";
                    self.collector.add_rule(place, "UsageByDay", told);
                }
            }
        }
        last_used == Some(LastUsed::Unknown)
            || shape.predates_last_used.get().copied().unwrap_or_default()
    }
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
