//! Exports an account as a document.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::build::kind_by_name;
use super::shape::DocumentShape;
use crate::domain::account::{Parts, Settings};
use crate::domain::api_user::LastUsed;
use crate::domain::record::{Field, Record, Visitor};
use crate::domain::value::Value;
use crate::domain::{
    Account, ApiUser, ApiUserGuid, DutySchedule, GroupKind, Moment, Operator, OperatorGroup,
    OperatorGuid, Recurrence, User,
};
use crate::testing::Usage;

/// The document of an account, from which the same account can be loaded. It contains no secret in plain text, and omits fields
/// with default values.
#[derive(Debug)]
pub struct Document {
    account: Account,
    /// When each API user was last used, and how often on each day.
    usage: BTreeMap<ApiUserGuid, (Moment, BTreeMap<NaiveDate, i64>)>,
}

/// Returns the document of an account, whose fields are written when it is serialized.
pub fn export(account: &Account, usage: &Usage) -> Document {
    let api_users = account.api_users.iter().map(|api_user| api_user.guid);
    let used = |guid| Some((guid, usage.by_day(guid)?));
    Document {
        account: account.clone(),
        usage: api_users.filter_map(used).collect(),
    }
}

impl Document {
    pub fn to_yaml(&self) -> String {
        let options = serde_saphyr::ser_options! {
            prefer_block_scalars: false,
        };
        serde_saphyr::to_string_with_options(self, options).expect("a document can be serialized")
    }
}

impl JsonSchema for Document {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        DocumentShape::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        DocumentShape::json_schema(generator)
    }
}

impl Serialize for Document {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(Some(1))?;
        object.serialize_entry("accounts", &[Exported(&self.account, self)])?;
        object.end()
    }
}

/// A part of an account, with its document.
struct Exported<'a, T>(&'a T, &'a Document);

impl<'a, T> Exported<'a, T> {
    fn all(parts: impl Iterator<Item = &'a T>, document: &'a Document) -> Vec<Self> {
        parts.map(|part| Self(part, document)).collect()
    }
}

/// Writes a field, unless it has its default value.
fn put<M: SerializeMap, T: Serialize + PartialEq>(
    object: &mut M,
    key: &'static str,
    value: &T,
    default: &T,
) -> Result<(), M::Error> {
    if value == default {
        return Ok(());
    }
    object.serialize_entry(key, value)
}

/// Writes a list, unless it is empty.
fn put_list<M: SerializeMap, T: Serialize>(
    object: &mut M,
    key: &'static str,
    items: &[T],
) -> Result<(), M::Error> {
    if items.is_empty() {
        return Ok(());
    }
    object.serialize_entry(key, items)
}

/// Writes the fields of a record that do not have their default values. `before` writes what precedes a field.
fn put_record<M: SerializeMap>(
    object: &mut M,
    record: &impl Record,
    before: impl FnMut(&'static str, &mut M) -> Result<(), M::Error>,
) -> Result<(), M::Error> {
    struct Writer<'o, M, F> {
        object: &'o mut M,
        before: F,
    }

    impl<M: SerializeMap, F: FnMut(&'static str, &mut M) -> Result<(), M::Error>> Visitor
        for Writer<'_, M, F>
    {
        type Error = M::Error;

        fn visit<T: Value>(&mut self, field: &Field<T>, value: &T) -> Result<(), M::Error> {
            (self.before)(field.name, self.object)?;
            if (field.unset)().as_ref() != Some(value) {
                self.object.serialize_entry(field.name, value)?;
            }
            Ok(())
        }
    }

    record.visit(&mut Writer { object, before })
}

impl Serialize for Exported<'_, Account> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(account, document) = *self;
        // The owner and the users are written as fields of the operators.
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
        let operators = operators.iter().map(|operator| &**operator);
        let groups = operator_groups.iter().map(|group| &**group);
        let api_users = api_users.iter().map(|api_user| &**api_user);
        let mut object = serializer.serialize_map(None)?;
        object.serialize_entry("AccountId", &id.to_string())?;
        object.serialize_entry("Name", &name)?;
        object.serialize_entry("TimezoneId", &time_zone_id)?;
        object.serialize_entry("SingleSignOn", &single_sign_on)?;
        object.serialize_entry("NextDutyScheduleId", &next_schedule_id)?;
        object.serialize_entry("NextUserID", &next_user_id)?;
        object.serialize_entry("operators", &Exported::all(operators, document))?;
        object.serialize_entry("operatorGroups", &Exported::all(groups, document))?;
        object.serialize_entry("apiUsers", &Exported::all(api_users, document))?;
        object.end()
    }
}

/// Returns the name by which a document refers to an operator: the e-mail address, which is unique and readable.
fn name_of(operator: OperatorGuid, account: &Account) -> String {
    account.operator(operator).map_or_else(
        |_| operator.to_string(),
        |operator| operator.profile().email.to_string(),
    )
}

impl Serialize for Exported<'_, Operator> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(operator, document) = *self;
        let account = &document.account;
        let mut object = serializer.serialize_map(None)?;
        object.serialize_entry("OperatorGuid", &operator.guid)?;
        put_record(
            &mut object,
            operator.profile(),
            |field, object| match field {
                "MobilePhone" => put(object, "PasswordHash", &operator.password(), &None),
                "BackupEmail" => {
                    let is_owner = operator.guid == account.owner;
                    put(object, "IsAccountAdministrator", &is_owner, &false)
                }
                _ => Ok(()),
            },
        )?;
        let default = Operator::first_authorizations();
        put(
            &mut object,
            "Authorizations",
            &operator.authorizations,
            &default,
        )?;
        let schedules = Exported::all(operator.schedules.values(), document);
        put_list(&mut object, "DutySchedules", &schedules)?;
        if let Some(user) = account.users.get(&operator.guid) {
            object.serialize_entry("User", &Exported(&**user, document))?;
        }
        object.end()
    }
}

impl Serialize for Exported<'_, User> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(user, _) = *self;
        let User {
            operator: _,
            id,
            settings,
        } = user;
        let mut object = serializer.serialize_map(None)?;
        object.serialize_entry("ID", id)?;
        put_record(&mut object, settings, |_, _| Ok(()))?;
        object.end()
    }
}

impl Serialize for Exported<'_, OperatorGroup> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(group, document) = *self;
        let mut object = serializer.serialize_map(None)?;
        object.serialize_entry("OperatorGroupGuid", &group.guid)?;
        object.serialize_entry("Description", &group.description)?;
        // An ordinary group may have the name of a system group.
        let named = kind_by_name(&group.description);
        for (key, kind) in [
            ("IsEveryone", GroupKind::Everyone),
            ("IsAdministratorsGroup", GroupKind::Administrators),
        ] {
            if group.kind == kind || named == kind {
                object.serialize_entry(key, &(group.kind == kind))?;
            }
        }
        let authorizations: Vec<_> = group.authorizations.iter().collect();
        put_list(&mut object, "Authorizations", &authorizations)?;
        // Everyone contains every operator anyway.
        if group.kind != GroupKind::Everyone {
            let members = group.members_in_order().into_iter();
            let members: Vec<_> = members
                .map(|operator| name_of(operator, &document.account))
                .collect();
            object.serialize_entry("members", &members)?;
        }
        let schedules = Exported::all(group.schedules.values(), document);
        put_list(&mut object, "DutySchedules", &schedules)?;
        object.end()
    }
}

impl Serialize for Exported<'_, DutySchedule> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(schedule, _) = *self;
        let DutySchedule {
            id,
            recurrence,
            copy_of,
        } = schedule;
        let mut object = serializer.serialize_map(None)?;
        object.serialize_entry("Id", id)?;
        object.serialize_entry("ScheduleMode", &recurrence.mode())?;
        let hours = match recurrence {
            Recurrence::OneTime { start, end } => {
                object.serialize_entry("StartDateTime", start)?;
                object.serialize_entry("EndDateTime", end)?;
                None
            }
            Recurrence::Daily { hours } => Some(hours),
            Recurrence::Weekly { day, hours } => {
                object.serialize_entry("WeekDay", day)?;
                Some(hours)
            }
            Recurrence::Monthly { day, hours } => {
                object.serialize_entry("MonthDay", day)?;
                Some(hours)
            }
        };
        if let Some(hours) = hours {
            object.serialize_entry("StartTime", &hours.start())?;
            object.serialize_entry("EndTime", &hours.end())?;
        }
        put(&mut object, "CopyOf", copy_of, &None)?;
        object.end()
    }
}

impl Serialize for Exported<'_, ApiUser> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(api_user, document) = *self;
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
        let used = document.usage.get(guid);
        let last_used = match used {
            Some((last_used, _)) => LastUsed::At(*last_used),
            None if *predates_last_used => LastUsed::Unknown,
            None => LastUsed::NotYet,
        };
        let mut object = serializer.serialize_map(None)?;
        object.serialize_entry("ApiUserGuid", guid)?;
        object.serialize_entry("operator", &name_of(*operator, &document.account))?;
        object.serialize_entry("UserName", user_name)?;
        object.serialize_entry("PasswordHash", password)?;
        object.serialize_entry("Type", api_user_type)?;
        object.serialize_entry("Description", description)?;
        object.serialize_entry("CreatedDate", created)?;
        object.serialize_entry("LastUsed", &last_used.to_string())?;
        if let Some((_, days)) = used {
            let days = days.iter().map(|(day, requests)| {
                let requests = u32::try_from(*requests).unwrap_or(u32::MAX);
                (day.to_string(), requests)
            });
            object.serialize_entry("UsageByDay", &days.collect::<BTreeMap<_, _>>())?;
            // LastUsed implies it, except for an API user that was used since.
            put(&mut object, "PredatesLastUsed", predates_last_used, &false)?;
        }
        object.end()
    }
}
