//! From an account to the document that holds it.

use std::collections::BTreeMap;

use super::build::kind_called;
use super::located::{Field, Number, OrDefault, Pinned, Text, Word};
use super::shape::{
    AccountShape, ApiUserShape, Day, Document, DutyScheduleShape, Hashed, List, OperatorGroupShape,
    OperatorShape, OrZero, UserName, UserShape,
};
use crate::domain::Usage;
use crate::domain::account::{Parts, Settings};
use crate::domain::api_user::LastUsed;
use crate::domain::operator::Profile;
use crate::domain::user::UserSettings;
use crate::domain::{
    Account, ApiUser, DutySchedule, GroupKind, Operator, OperatorGroup, OperatorGuid, Recurrence,
    User,
};

/// The document of an account, from which the same account can be loaded. It holds no secret in clear, and leaves out what
/// is as it would be without a word.
pub fn export(account: &Account, usage: &Usage) -> Document {
    let Parts {
        id,
        settings,
        owner: _,
        operators,
        operator_groups,
        api_users,
        users: _,
        next_schedule_id,
        next_user_id,
    } = account.parts();
    let Settings {
        name,
        time_zone_id,
        single_sign_on,
    } = settings;
    // An operator says that it is the owner, and what it is as a user.
    let operators = operators
        .iter()
        .map(|operator| export_operator(operator, account));
    let groups = operator_groups
        .iter()
        .map(|group| export_group(group, account));
    let api_users = api_users
        .iter()
        .map(|api_user| export_api_user(api_user, account, usage));
    let shape = AccountShape {
        account_id: Field::new(Text(id)),
        name: Field::new(name),
        timezone_id: Field::new(Number(time_zone_id)),
        single_sign_on: Field::new(single_sign_on),
        next_duty_schedule_id: Field::new(next_schedule_id),
        next_user_id: Field::new(next_user_id.0),
        operators: list(operators),
        operator_groups: list(groups),
        api_users: list(api_users),
    };
    Document {
        schema: Field::Absent,
        accounts: list([shape]),
    }
}

fn list<T>(items: impl IntoIterator<Item = T>) -> List<T> {
    Field::new(items.into_iter().map(Field::new).collect())
}

/// A list that means nothing where it is empty.
fn if_any<T>(items: impl IntoIterator<Item = T>) -> List<T> {
    let mut items = items.into_iter().peekable();
    match items.peek() {
        Some(_) => list(items),
        None => Field::Absent,
    }
}

/// What a field holds, unless it holds so without being there.
fn unless<T: PartialEq + Clone>(value: &T, default: &T) -> Option<T> {
    (value != default).then(|| value.clone())
}

/// Operators are named by their e-mail addresses, which are unique and tell who it is.
fn name_of(operator: OperatorGuid, account: &Account) -> String {
    account.operator(operator).map_or_else(
        |_| operator.to_string(),
        |operator| operator.profile().email.to_string(),
    )
}

fn export_operator(operator: &Operator, account: &Account) -> OperatorShape {
    let Profile {
        full_name,
        email,
        mobile_phone,
        outgoing_phone_number,
        outgoing_phone_number_id,
        backup_email,
        is_on_duty,
        culture_name,
        time_zone_id,
        sms_provider,
        use_numeric_sender,
        phone_provider,
        allow_native_login,
        allow_single_signon,
        default_dashboard,
        operator_role,
        setup_mode,
    } = operator.profile();
    let default = Profile::of(full_name.clone(), email.clone());
    OperatorShape {
        operator_guid: Field::new(Text(Pinned(Some(operator.guid)))),
        full_name: Field::new(Text(full_name.clone())),
        email: Field::new(Text(email.clone())),
        password_hash: operator.password().cloned().map(Hashed).into(),
        mobile_phone: unless(mobile_phone, &default.mobile_phone).map(Text).into(),
        outgoing_phone_number: unless(outgoing_phone_number, &default.outgoing_phone_number)
            .map(Text)
            .into(),
        outgoing_phone_number_id: outgoing_phone_number_id.map(Number).into(),
        is_account_administrator: unless(&(operator.guid == account.owner), &false).into(),
        backup_email: unless(backup_email, &default.backup_email).map(Text).into(),
        is_on_duty: unless(is_on_duty, &default.is_on_duty).into(),
        culture_name: unless(culture_name, &default.culture_name).map(Text).into(),
        time_zone_id: time_zone_id.map(Number).into(),
        sms_provider: unless(sms_provider, &default.sms_provider)
            .map(|word| Word(OrDefault(word)))
            .into(),
        use_numeric_sender: (*use_numeric_sender).into(),
        phone_provider: unless(phone_provider, &default.phone_provider)
            .map(|text| Text(OrDefault(text)))
            .into(),
        allow_native_login: (*allow_native_login).into(),
        allow_single_signon: (*allow_single_signon).into(),
        default_dashboard: unless(default_dashboard, &default.default_dashboard)
            .map(|text| Text(OrDefault(text)))
            .into(),
        operator_role: unless(operator_role, &default.operator_role)
            .map(|text| Text(OrDefault(text)))
            .into(),
        setup_mode: unless(setup_mode, &default.setup_mode)
            .map(|word| Word(OrDefault(word)))
            .into(),
        authorizations: unless(&operator.authorizations, &Operator::first_authorizations())
            .map_or(Field::Absent, |all| list(all.into_iter().map(Word))),
        duty_schedules: if_any(operator.schedules.values().map(export_schedule)),
        user: account
            .users
            .get(&operator.guid)
            .map(|user| export_user(user))
            .into(),
        ..OperatorShape::default()
    }
}

fn export_user(user: &User) -> UserShape {
    let User {
        operator,
        id,
        settings,
    } = user;
    let UserSettings {
        active,
        enable_alert_timeframe,
        alert_timeframe_start,
        alert_timeframe_end,
        default_dashboard,
        date_format,
        time_format,
        graph_tooltips,
    } = settings;
    let default = User::new(*operator, *id).settings;
    UserShape {
        id: Field::new(id.0),
        active: unless(active, &default.active).into(),
        enable_alert_timeframe: unless(enable_alert_timeframe, &default.enable_alert_timeframe)
            .into(),
        alert_timeframe_start: unless(alert_timeframe_start, &default.alert_timeframe_start)
            .map(Text)
            .into(),
        alert_timeframe_end: unless(alert_timeframe_end, &default.alert_timeframe_end)
            .map(Text)
            .into(),
        default_dashboard: unless(default_dashboard, &default.default_dashboard).into(),
        date_format: unless(date_format, &default.date_format).map(Text).into(),
        time_format: unless(time_format, &default.time_format).map(Text).into(),
        graph_tooltips: unless(graph_tooltips, &default.graph_tooltips).into(),
        ..UserShape::default()
    }
}

fn export_group(group: &OperatorGroup, account: &Account) -> OperatorGroupShape {
    let members = group.members_in_order().into_iter();
    // An ordinary group may have the name of another kind.
    let called = kind_called(&group.description);
    let flag = |kind| (group.kind == kind || called == kind).then_some(group.kind == kind);
    OperatorGroupShape {
        key: Field::Absent,
        operator_group_guid: Field::new(Text(Pinned(Some(group.guid)))),
        description: Field::new(Text(group.description.clone())),
        is_everyone: flag(GroupKind::Everyone).into(),
        is_administrators_group: flag(GroupKind::Administrators).into(),
        authorizations: if_any(group.authorizations.iter().copied().map(Word)),
        members: match group.kind {
            // It holds every operator without a word.
            GroupKind::Everyone => Field::Absent,
            GroupKind::Administrators | GroupKind::Ordinary => {
                list(members.map(|operator| name_of(operator, account)))
            }
        },
        duty_schedules: if_any(group.schedules.values().map(export_schedule)),
    }
}

fn export_schedule(schedule: &DutySchedule) -> DutyScheduleShape {
    let DutySchedule {
        id,
        recurrence,
        copy_of,
    } = schedule;
    let shape = DutyScheduleShape {
        id: Field::new(id.0),
        schedule_mode: Field::new(Word(recurrence.mode())),
        copy_of: copy_of.map(Number).into(),
        ..DutyScheduleShape::default()
    };
    let hours = match *recurrence {
        Recurrence::OneTime { start, end } => {
            return DutyScheduleShape {
                start_date_time: Field::new(Text(start)),
                end_date_time: Field::new(Text(end)),
                ..shape
            };
        }
        Recurrence::Daily { hours }
        | Recurrence::Weekly { hours, .. }
        | Recurrence::Monthly { hours, .. } => hours,
    };
    let (week_day, month_day) = match *recurrence {
        Recurrence::Weekly { day, .. } => (Some(Word(day)), None),
        Recurrence::Monthly { day, .. } => (None, Some(Number(OrZero(Some(day))))),
        Recurrence::OneTime { .. } | Recurrence::Daily { .. } => (None, None),
    };
    DutyScheduleShape {
        week_day: week_day.into(),
        month_day: month_day.into(),
        start_time: Field::new(Text(hours.start())),
        end_time: Field::new(Text(hours.end())),
        ..shape
    }
}

fn export_api_user(api_user: &ApiUser, account: &Account, usage: &Usage) -> ApiUserShape {
    let ApiUser {
        guid,
        operator,
        user_name,
        password,
        api_user_type,
        description,
        created,
        predates_last_used,
    } = api_user;
    let used = usage.by_day(*guid);
    let last_used = match &used {
        Some((last_used, _)) => LastUsed::At(*last_used),
        None if *predates_last_used => LastUsed::Unknown,
        None => LastUsed::NotYet,
    };
    let usage_by_day = used.as_ref().map(|(_, days)| {
        let count = |requests: &i64| u32::try_from(*requests).unwrap_or(u32::MAX);
        days.iter()
            .map(|(day, requests)| (Text(Day(*day)), count(requests)))
            .collect::<BTreeMap<_, _>>()
    });
    ApiUserShape {
        api_user_guid: Field::new(Text(Pinned(Some(*guid)))),
        operator: Field::new(name_of(*operator, account)),
        user_name: Field::new(Text(UserName(user_name.clone()))),
        password_hash: Field::new(Hashed(*password)),
        r#type: Field::new(Word(*api_user_type)),
        description: Field::new(Text(description.clone())),
        created_date: Field::new(Text(*created)),
        last_used: Field::new(Text(last_used)),
        usage_by_day: usage_by_day.into(),
        // LastUsed says it, but for one that was used since.
        predates_last_used: (*predates_last_used && used.is_some())
            .then_some(true)
            .into(),
        ..ApiUserShape::default()
    }
}
