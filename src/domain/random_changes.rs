//! Random changes of an account, for the tests of what holds after any change.

use proptest::prelude::*;

use super::account::{ApiUserChange, OldPassword, ScheduleOwner, UserKey};
use super::duty_schedule::{Hours, WeekDay};
use super::node::{Content, Node};
use super::operator::{Profile, ProfileChange};
use super::record::{ChangeSource, Field, Record as _};
use super::text::{Description, Email};
use super::user::{UserRole, UserSettings};
use super::value::{FromNode, Value};
use super::{
    Account, ApiUserGuid, AuthenticatedBy, Caller, Context, NewOperator, OperatorAuthorization,
    OperatorChange, OperatorGroupAuthorization, OperatorGroupGuid, OperatorGuid, PasswordHash,
    Patch, Problems, Recurrence, ScheduleId, UserChange, UserId,
};
use crate::error::Result;

const PASSWORD_HASH: &str =
    "$argon2id$v=19$m=8,t=1,p=1$oyHYHQgnUZGJ0VAYf4ZqsA$wVdUaxYV73kYAx9Bui3dpnz1htVIgIDlkp72PnPIuW4";

/// A change. Its numbers select from the existing items, modulo their count.
#[derive(Debug, Clone)]
pub enum RandomChange {
    AddOperator {
        email: u8,
    },
    UpdateOperator {
        operator: u8,
        replace: bool,
        email: Option<u8>,
        seed: u64,
        password: bool,
    },
    ExchangeEmails {
        one: u8,
        other: u8,
    },
    RemoveOperator {
        operator: u8,
    },
    Authorize {
        operator: u8,
        add: bool,
    },
    AddGroup,
    RenameGroup {
        group: u8,
    },
    RemoveGroup {
        group: u8,
    },
    Join {
        group: u8,
        operator: u8,
    },
    Leave {
        group: u8,
        operator: u8,
    },
    AuthorizeGroup {
        group: u8,
        add: bool,
    },
    OnDuty {
        group: u8,
        on: bool,
    },
    AddSchedule {
        owner: Owner,
        recurrence: u8,
    },
    ReplaceSchedule {
        owner: Owner,
        schedule: u8,
        recurrence: u8,
    },
    RemoveSchedule {
        owner: Owner,
        schedule: u8,
    },
    AddApiUser {
        operator: u8,
    },
    UpdateApiUser {
        api_user: u8,
    },
    RemoveApiUser {
        api_user: u8,
    },
    UpdateUser {
        operator: u8,
        email: Option<u8>,
        role: bool,
        seed: u64,
        password: bool,
    },
}

#[derive(Debug, Clone, Copy)]
pub enum Owner {
    Operator(u8),
    Group(u8),
}

fn owner() -> impl Strategy<Value = Owner> {
    prop_oneof![
        any::<u8>().prop_map(Owner::Operator),
        any::<u8>().prop_map(Owner::Group)
    ]
}

pub fn random_change() -> impl Strategy<Value = RandomChange> {
    let email = 0..12_u8;
    let update_user = (
        any::<u8>(),
        proptest::option::of(email.clone()),
        any::<(bool, u64, bool)>(),
    );
    prop_oneof![
        4 => email.clone().prop_map(|email| RandomChange::AddOperator { email }),
        4 => (any::<u8>(), any::<bool>(), proptest::option::of(email), any::<(u64, bool)>()).prop_map(
            |(operator, replace, email, (seed, password))|
                RandomChange::UpdateOperator { operator, replace, email, seed, password }
        ),
        1 => any::<(u8, u8)>().prop_map(|(one, other)| RandomChange::ExchangeEmails { one, other }),
        2 => any::<u8>().prop_map(|operator| RandomChange::RemoveOperator { operator }),
        2 => any::<(u8, bool)>().prop_map(|(operator, add)| RandomChange::Authorize { operator, add }),
        2 => Just(RandomChange::AddGroup),
        1 => any::<u8>().prop_map(|group| RandomChange::RenameGroup { group }),
        1 => any::<u8>().prop_map(|group| RandomChange::RemoveGroup { group }),
        3 => any::<(u8, u8)>().prop_map(|(group, operator)| RandomChange::Join { group, operator }),
        2 => any::<(u8, u8)>().prop_map(|(group, operator)| RandomChange::Leave { group, operator }),
        2 => any::<(u8, bool)>().prop_map(|(group, add)| RandomChange::AuthorizeGroup { group, add }),
        1 => any::<(u8, bool)>().prop_map(|(group, on)| RandomChange::OnDuty { group, on }),
        4 => (owner(), any::<u8>()).prop_map(|(owner, recurrence)| RandomChange::AddSchedule { owner, recurrence }),
        2 => (owner(), any::<(u8, u8)>()).prop_map(
            |(owner, (schedule, recurrence))| RandomChange::ReplaceSchedule { owner, schedule, recurrence }
        ),
        2 => (owner(), any::<u8>()).prop_map(|(owner, schedule)| RandomChange::RemoveSchedule { owner, schedule }),
        2 => any::<u8>().prop_map(|operator| RandomChange::AddApiUser { operator }),
        1 => any::<u8>().prop_map(|api_user| RandomChange::UpdateApiUser { api_user }),
        1 => any::<u8>().prop_map(|api_user| RandomChange::RemoveApiUser { api_user }),
        4 => update_user.prop_map(|(operator, email, (role, seed, password))| RandomChange::UpdateUser {
            operator,
            email,
            role,
            seed,
            password,
        }),
    ]
}

impl RandomChange {
    #[expect(clippy::too_many_lines, reason = "one arm for each kind of change")]
    pub fn take(self, account: &mut Account, context: &Context) -> Result<()> {
        match self {
            Self::AddOperator { email } => {
                let picker = Picker(email.into());
                let change = change(account, Some(email), picker);
                let new = new_operator(change, email_of(email));
                let profile = unless_refused(|problems| account.new_profile(new, problems))?;
                account.add_operator(profile, None, context).map(drop)
            }
            Self::UpdateOperator {
                operator,
                replace,
                email,
                seed,
                password,
            } => {
                let password = password.then(|| PasswordHash::new(PASSWORD_HASH));
                let profile = change(account, email, Picker(seed));
                let guid = operator_at(account, operator);
                if replace {
                    let email = account.operator(guid)?.profile().email.clone();
                    let new = new_operator(profile, email);
                    let replaced = |problems: &mut _| account.replaced_profile(guid, new, problems);
                    let profile = unless_refused(replaced)?;
                    return account.set_profile(guid, profile, password);
                }
                let change = OperatorChange {
                    profile,
                    password: None,
                };
                let profile =
                    unless_refused(|problems| account.changed_profile(guid, change, problems))?;
                account.set_profile(guid, profile, password)
            }
            Self::ExchangeEmails { one, other } => {
                let (one, other) = (operator_at(account, one), operator_at(account, other));
                let current_email = |guid| account.operator(guid).unwrap().profile().email.clone();
                let (email_of_one, email_of_other) = (current_email(one), current_email(other));
                let change_to = |email: &str| OperatorChange {
                    profile: ProfileChange {
                        email: Patch::Set(email.parse().unwrap()),
                        ..ProfileChange::default()
                    },
                    password: None,
                };
                for (guid, email) in [
                    (one, "between@example.com"),
                    (other, email_of_one.as_str()),
                    (one, email_of_other.as_str()),
                ] {
                    let change = change_to(email);
                    let profile =
                        unless_refused(|problems| account.changed_profile(guid, change, problems))?;
                    account.set_profile(guid, profile, None)?;
                }
                Ok(())
            }
            Self::RemoveOperator { operator } => account.remove_operator(
                operator_at(account, operator),
                OperatorGuid::derived("nobody"),
            ),
            Self::Authorize { operator, add } => {
                let (operator, authorization) = (
                    operator_at(account, operator),
                    OperatorAuthorization::AllowInfra,
                );
                if add {
                    account.authorize_operator(operator, authorization)
                } else {
                    account.remove_operator_authorization(operator, authorization)
                }
            }
            Self::AddGroup => {
                account.add_operator_group(description("group"), context);
                Ok(())
            }
            Self::RenameGroup { group } => {
                let names = ["renamed", "Administrators", " Everyone "];
                let name = description(names[usize::from(group) % 3]);
                let guid = group_at(account, group);
                let renamed =
                    unless_refused(|problems| account.renamed_group(guid, Some(name), problems))?;
                account.insert_operator_group(renamed);
                Ok(())
            }
            Self::RemoveGroup { group } => account.remove_operator_group(group_at(account, group)),
            Self::Join { group, operator } => {
                account.add_member(group_at(account, group), operator_at(account, operator))
            }
            Self::Leave { group, operator } => {
                account.remove_member(group_at(account, group), operator_at(account, operator))
            }
            Self::AuthorizeGroup { group, add } => {
                let authorization = [
                    OperatorGroupAuthorization::BasicOperator,
                    OperatorGroupAuthorization::ShareDashboards,
                ][usize::from(group % 2)];
                let group = group_at(account, group);
                if add {
                    account.authorize_group(group, authorization)
                } else {
                    account.remove_group_authorization(group, authorization)
                }
            }
            Self::OnDuty { group, on } => account.set_all_on_duty(group_at(account, group), on),
            Self::AddSchedule {
                owner,
                recurrence: number,
            } => account
                .add_schedule(owner.in_account(account), recurrence(number))
                .map(drop),
            Self::ReplaceSchedule {
                owner,
                schedule,
                recurrence: number,
            } => {
                let owner = owner.in_account(account);
                let id = schedule_at(account, owner, schedule);
                account.replace_schedule(owner, id, recurrence(number))
            }
            Self::RemoveSchedule { owner, schedule } => {
                let owner = owner.in_account(account);
                account.remove_schedule(owner, schedule_at(account, owner, schedule))
            }
            Self::AddApiUser { operator } => {
                let change = ApiUserChange {
                    operator: operator_at(account, operator),
                    description: description("API user"),
                };
                account.add_api_user(change, context);
                Ok(())
            }
            Self::UpdateApiUser { api_user } => {
                let guid = api_user_at(account, api_user);
                let operator = account.api_user(guid)?.operator;
                let change = ApiUserChange {
                    operator,
                    description: description("renamed"),
                };
                let changed =
                    unless_refused(|problems| account.changed_api_user(guid, change, problems))?;
                account.api_users.insert(changed);
                Ok(())
            }
            Self::RemoveApiUser { api_user } => {
                account.remove_api_user(api_user_at(account, api_user))
            }
            Self::UpdateUser {
                operator,
                email,
                role,
                seed,
                password,
            } => {
                let user = account.users.get(&operator_at(account, operator)).unwrap();
                let change = user_change(user.id, email, role, Picker(seed));
                let caller = Caller {
                    account: account.id,
                    operator: account.owner,
                    credentials: AuthenticatedBy::ApiUser(ApiUserGuid::derived("none")),
                };
                let password = password.then(|| PasswordHash::new(PASSWORD_HASH));
                let old = OldPassword::NotRight;
                account.may_change_user(&caller, &change)?;
                let changed = unless_refused(|problems| {
                    account.changed_user(&caller, change, &old, problems)
                })?;
                account.insert_changed_user(changed, password).map(drop)
            }
        }
    }
}

impl Owner {
    fn in_account(self, account: &Account) -> ScheduleOwner {
        match self {
            Self::Operator(number) => operator_at(account, number).into(),
            Self::Group(number) => group_at(account, number).into(),
        }
    }
}

/// Returns the decision of `decide`, or an error if a rule is broken.
fn unless_refused<T>(decide: impl FnOnce(&mut Problems) -> Option<T>) -> Result<T> {
    let mut problems = Problems::default();
    let decided = decide(&mut problems);
    problems.into_result()?;
    Ok(decided.unwrap())
}

fn description(text: &str) -> Description {
    text.parse().unwrap()
}

fn operator_at(account: &Account, number: u8) -> OperatorGuid {
    account
        .operators
        .iter()
        .nth(usize::from(number) % account.operators.len())
        .unwrap()
        .guid
}

fn group_at(account: &Account, number: u8) -> OperatorGroupGuid {
    account
        .operator_groups
        .iter()
        .nth(usize::from(number) % account.operator_groups.len())
        .unwrap()
        .guid
}

fn api_user_at(account: &Account, number: u8) -> ApiUserGuid {
    let count = account.api_users.len().max(1);
    account
        .api_users
        .iter()
        .nth(usize::from(number) % count)
        .map_or(ApiUserGuid::derived("none"), |user| user.guid)
}

fn schedule_at(account: &Account, owner: ScheduleOwner, number: u8) -> ScheduleId {
    let schedules = account.schedules_of(owner).unwrap();
    schedules
        .keys()
        .nth(usize::from(number) % schedules.len().max(1))
        .copied()
        .unwrap_or(ScheduleId::named(1))
}

fn recurrence(number: u8) -> Recurrence {
    let hours = Hours::new(
        "08:00".parse().unwrap(),
        format!("{:02}:30", number % 24).parse().unwrap(),
    )
    .unwrap();
    match number % 4 {
        0 => Recurrence::one_time(
            "2025-11-11T21:18:01".parse().unwrap(),
            format!("2026-01-01T00:00:{:02}", number % 60)
                .parse()
                .unwrap(),
        )
        .unwrap(),
        1 => Recurrence::Daily { hours },
        2 => Recurrence::Weekly {
            day: [WeekDay::Monday, WeekDay::Sunday][usize::from(number / 4 % 2)],
            hours,
        },
        _ => Recurrence::Monthly {
            day: i32::from(number % 31 + 1).try_into().unwrap(),
            hours,
        },
    }
}

/// A picker of pseudorandom values; the same seed gives the same values.
struct Picker(u64);

impl Picker {
    fn pick<T>(&mut self, mut values: Vec<T>) -> T {
        // Constants of Knuth's MMIX; the upper bits are the random ones.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let at = usize::try_from(self.0 >> 33).unwrap() % values.len();
        values.swap_remove(at)
    }

    fn patch_of<T: FromNode>(&mut self, may_be_blank: bool) -> Patch<T> {
        let mut all = vec![Patch::Keep, Patch::Clear];
        all.extend(samples(may_be_blank).into_iter().map(Patch::Set));
        self.pick(all)
    }
}

impl ChangeSource for Picker {
    fn patch<T: Value>(&mut self, field: &Field<T>) -> Patch<T> {
        self.patch_of((field.unset)().is_some())
    }
}

/// Returns those of various values that obey the rules of a type.
fn samples<T: FromNode>(may_be_blank: bool) -> Vec<T> {
    const TEXTS: [&str; 19] = [
        "",
        "An Operator\u{0}, naïve\u{7f}\u{85}\u{2028}\u{ffff}",
        " Another Operator ",
        " Backup@example.com ",
        "backup@example.com",
        "+31612345678",
        " +1 (555) 123-4567",
        "nl-NL",
        "EN-us",
        "AccountOverview",
        "c1534087-590e-497e-b58e-00bc4dbfa1d3",
        "SmsProviderUSA",
        "SmsProviderInternational",
        "Manual",
        "Invitation",
        "08:30:00",
        "23:59:59.1234567",
        "Monitor",
        "Administrator",
    ];
    let texts = TEXTS.map(|text| Content::Text(text.to_owned()));
    let numbers = [-7, 1, 5, 100, i64::from(i32::MAX)].map(Content::Whole);
    let flags = [true, false].map(Content::Flag);
    let all = texts.into_iter().chain(numbers).chain(flags);
    let samples: Vec<T> = all
        .map(Node::from)
        .filter(|node| may_be_blank || !node.is_blank())
        .filter_map(|node| T::read(&node).ok()?)
        .collect();
    assert!(samples.len() > 1, "add values of {}", T::schema_name());
    samples
}

fn email_of(number: u8) -> Email {
    format!("Operator{number}@example.com").parse().unwrap()
}

fn user_change(id: UserId, email: Option<u8>, role: bool, mut picker: Picker) -> UserChange {
    UserChange {
        key: UserKey::Id(id),
        password: None,
        user_name: None,
        given_name: Some("Renamed".parse().unwrap()),
        family_name: None,
        email: email.map(email_of),
        role: Some(if role {
            UserRole::Administrator
        } else {
            UserRole::Monitor
        }),
        mobile_number: picker.patch_of(true).value(),
        time_zone_id: picker.patch_of(true),
        settings: UserSettings::change(&mut picker),
    }
}

/// Picks a change that obeys the rules: some values of two fields require single sign-on.
fn change(account: &Account, email: Option<u8>, mut picker: Picker) -> ProfileChange {
    let mut change = Profile::change(&mut picker);
    change.email = email.map_or(Patch::Keep, |number| Patch::Set(email_of(number)));
    if !account.settings.single_sign_on {
        change.allow_native_login = Patch::Set(Some(true));
        change.allow_single_signon = Patch::Clear;
    }
    change
}

/// Sets the required fields of a new operator.
fn new_operator(profile: ProfileChange, email: Email) -> NewOperator {
    let full_name = profile.full_name.value();
    NewOperator {
        profile: ProfileChange {
            full_name: Patch::Set(full_name.unwrap_or_else(|| "An Operator".parse().unwrap())),
            email: Patch::Set(profile.email.value().unwrap_or(email)),
            ..profile
        },
        password: None,
    }
}
