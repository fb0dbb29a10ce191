//! Random changes of an account, for the tests that hold after any of them.

use proptest::prelude::*;

use super::account::{ApiUserChange, ScheduleOwner};
use super::duty_schedule::{Hours, WeekDay};
use super::operator::Base;
use super::text::Description;
use super::user::{OldPassword, OwnChange, UserRole, Whom};
use super::{
    Account, ApiUserGuid, Caller, Context, Credentials, Draft, OperatorAuthorization,
    OperatorChange, OperatorGroupAuthorization, OperatorGroupGuid, OperatorGuid, PasswordHash,
    Patch, Problems, Recurrence, ScheduleId, UserChange, UserId,
};
use crate::error::Result;

const PASSWORD_HASH: &str =
    "$argon2id$v=19$m=8,t=1,p=1$oyHYHQgnUZGJ0VAYf4ZqsA$wVdUaxYV73kYAx9Bui3dpnz1htVIgIDlkp72PnPIuW4";

/// A change, whose numbers pick from what there is.
#[derive(Debug, Clone)]
pub enum Step {
    AddOperator {
        email: u8,
    },
    UpdateOperator {
        operator: u8,
        base: Base,
        email: Option<u8>,
        zone: Patch<i32>,
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
        active: Option<bool>,
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

pub fn step() -> impl Strategy<Value = Step> {
    let base = prop_oneof![Just(Base::Defaults), Just(Base::Current)];
    let zone = prop_oneof![
        Just(Patch::Keep),
        Just(Patch::Clear),
        (1..=100).prop_map(Patch::Set)
    ];
    let email = 0..12_u8;
    let of_user = (
        any::<u8>(),
        proptest::option::of(email.clone()),
        any::<(bool, Option<bool>, bool)>(),
    );
    prop_oneof![
        4 => email.clone().prop_map(|email| Step::AddOperator { email }),
        4 => (any::<u8>(), base, proptest::option::of(email), zone, any::<bool>()).prop_map(
            |(operator, base, email, zone, password)| Step::UpdateOperator { operator, base, email, zone, password }
        ),
        1 => any::<(u8, u8)>().prop_map(|(one, other)| Step::ExchangeEmails { one, other }),
        2 => any::<u8>().prop_map(|operator| Step::RemoveOperator { operator }),
        2 => any::<(u8, bool)>().prop_map(|(operator, add)| Step::Authorize { operator, add }),
        2 => Just(Step::AddGroup),
        1 => any::<u8>().prop_map(|group| Step::RenameGroup { group }),
        1 => any::<u8>().prop_map(|group| Step::RemoveGroup { group }),
        3 => any::<(u8, u8)>().prop_map(|(group, operator)| Step::Join { group, operator }),
        2 => any::<(u8, u8)>().prop_map(|(group, operator)| Step::Leave { group, operator }),
        2 => any::<(u8, bool)>().prop_map(|(group, add)| Step::AuthorizeGroup { group, add }),
        1 => any::<(u8, bool)>().prop_map(|(group, on)| Step::OnDuty { group, on }),
        4 => (owner(), any::<u8>()).prop_map(|(owner, recurrence)| Step::AddSchedule { owner, recurrence }),
        2 => (owner(), any::<(u8, u8)>()).prop_map(
            |(owner, (schedule, recurrence))| Step::ReplaceSchedule { owner, schedule, recurrence }
        ),
        2 => (owner(), any::<u8>()).prop_map(|(owner, schedule)| Step::RemoveSchedule { owner, schedule }),
        2 => any::<u8>().prop_map(|operator| Step::AddApiUser { operator }),
        1 => any::<u8>().prop_map(|api_user| Step::UpdateApiUser { api_user }),
        1 => any::<u8>().prop_map(|api_user| Step::RemoveApiUser { api_user }),
        4 => of_user.prop_map(|(operator, email, (role, active, password))| Step::UpdateUser {
            operator,
            email,
            role,
            active,
            password,
        }),
    ]
}

impl Step {
    #[expect(clippy::too_many_lines, reason = "one arm for each kind of change")]
    pub fn take(self, account: &mut Account, context: &Context) -> Result<()> {
        match self {
            Self::AddOperator { email } => {
                let change = change(Base::Defaults, Some(email), Patch::Keep);
                account
                    .add_operator(draft(change), Ok(()), None, context)
                    .map(drop)
            }
            Self::UpdateOperator {
                operator,
                base,
                email,
                zone,
                password,
            } => {
                let password = password.then(|| PasswordHash::new(PASSWORD_HASH));
                account.update_operator(
                    operator_at(account, operator),
                    draft(change(base, email, zone)),
                    Ok(()),
                    password,
                )
            }
            Self::ExchangeEmails { one, other } => {
                let (one, other) = (operator_at(account, one), operator_at(account, other));
                let of = |guid| account.operator(guid).unwrap().profile().email.clone();
                let (email_of_one, email_of_other) = (of(one), of(other));
                let to = |email: &str| OperatorChange {
                    email: Some(email.parse().unwrap()),
                    ..change(Base::Current, None, Patch::Keep)
                };
                account.update_operator(one, draft(to("between@example.com")), Ok(()), None)?;
                account.update_operator(other, draft(to(email_of_one.as_str())), Ok(()), None)?;
                account.update_operator(one, draft(to(email_of_other.as_str())), Ok(()), None)
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
                    account.withdraw_from_operator(operator, authorization)
                }
            }
            Self::AddGroup => account
                .add_operator_group(draft(description("group")), Ok(()), context)
                .map(drop),
            Self::RenameGroup { group } => account.update_operator_group(
                group_at(account, group),
                draft(description(
                    ["renamed", "Administrators", " Everyone "][usize::from(group) % 3],
                )),
                Ok(()),
            ),
            Self::RemoveGroup { group } => account.remove_operator_group(group_at(account, group)),
            Self::Join { group, operator } => {
                account.add_member(group_at(account, group), operator_at(account, operator))
            }
            Self::Leave { group, operator } => {
                account.remove_member(group_at(account, group), operator_at(account, operator))
            }
            Self::AuthorizeGroup { group, add } => {
                let (group, authorization) = (
                    group_at(account, group),
                    OperatorGroupAuthorization::BasicOperator,
                );
                if add {
                    account.authorize_group(group, authorization)
                } else {
                    account.withdraw_from_group(group, authorization)
                }
            }
            Self::OnDuty { group, on } => account.set_all_on_duty(group_at(account, group), on),
            Self::AddSchedule {
                owner,
                recurrence: number,
            } => account
                .add_schedule(owner.in_account(account), draft(recurrence(number)), Ok(()))
                .map(drop),
            Self::ReplaceSchedule {
                owner,
                schedule,
                recurrence: number,
            } => {
                let owner = owner.in_account(account);
                let id = schedule_at(account, owner, schedule);
                account.replace_schedule(owner, id, draft(recurrence(number)), Ok(()))
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
                account
                    .add_api_user(draft(change), Ok(()), context)
                    .map(drop)
            }
            Self::UpdateApiUser { api_user } => {
                let guid = api_user_at(account, api_user);
                let operator = account.api_user(guid)?.operator;
                let change = ApiUserChange {
                    operator,
                    description: description("renamed"),
                };
                account.update_api_user(guid, draft(change), Ok(()))
            }
            Self::RemoveApiUser { api_user } => {
                account.remove_api_user(api_user_at(account, api_user))
            }
            Self::UpdateUser {
                operator,
                email,
                role,
                active,
                password,
            } => {
                let user = account.users.get(&operator_at(account, operator)).unwrap();
                let change = user_change(user.id, email, role, active);
                let caller = Caller {
                    account: account.id,
                    operator: account.owner,
                    credentials: Credentials::ApiUser(ApiUserGuid::derived("none")),
                };
                let password = password.then(|| PasswordHash::new(PASSWORD_HASH));
                account
                    .update_user(&caller, draft(change), &OldPassword::NotRight, password)
                    .map(drop)
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

fn draft<T>(value: T) -> Draft<T> {
    Draft::new(Some(value), Problems::default())
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
        .unwrap_or(ScheduleId(1))
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
            day: WeekDay::Sunday,
            hours,
        },
        _ => Recurrence::Monthly {
            day: i32::from(number % 31 + 1).try_into().unwrap(),
            hours,
        },
    }
}

fn user_change(id: UserId, email: Option<u8>, role: bool, active: Option<bool>) -> UserChange {
    UserChange {
        whom: Whom::Id(id),
        password: None,
        user_name: None,
        given_name: Some("Renamed".parse().unwrap()),
        family_name: None,
        email: email.map(|number| format!("Operator{number}@example.com").parse().unwrap()),
        role: Some(if role {
            UserRole::Administrator
        } else {
            UserRole::Monitor
        }),
        mobile_number: None,
        time_zone_id: Patch::Clear,
        own: OwnChange {
            active,
            alert_timeframe_end: Some("23:59:59.1234567".parse().unwrap()),
            default_dashboard: Some(-7),
            date_format: Some("".parse().unwrap()),
            graph_tooltips: Some(role),
            ..OwnChange::default()
        },
    }
}

fn change(base: Base, email: Option<u8>, zone: Patch<i32>) -> OperatorChange {
    let time_zone_id = match zone {
        Patch::Keep => Patch::Keep,
        Patch::Clear => Patch::Clear,
        Patch::Set(id) => Patch::Set(id.try_into().unwrap()),
    };
    OperatorChange {
        base,
        full_name: Some(
            "An Operator\u{0}, naïve\u{7f}\u{85}\u{2028}\u{ffff}"
                .parse()
                .unwrap(),
        ),
        email: email.map(|number| format!("Operator{number}@example.com").parse().unwrap()),
        password: None,
        mobile_phone: Patch::Keep,
        outgoing_phone_number: Patch::Set("+31 20 123 4567".parse().unwrap()),
        outgoing_phone_number_id: Patch::Set(1.try_into().unwrap()),
        backup_email: Patch::Keep,
        is_on_duty: Patch::Keep,
        culture_name: Patch::Set("nl-NL".parse().unwrap()),
        time_zone_id,
        sms_provider: Patch::Keep,
        use_numeric_sender: Patch::Set(true),
        phone_provider: Patch::Keep,
        allow_native_login: Patch::Set(true),
        allow_single_signon: Patch::Clear,
        default_dashboard: Patch::Keep,
        operator_role: Patch::Keep,
        setup_mode: Patch::Keep,
    }
}
