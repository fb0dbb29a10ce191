//! The shape of a document: what its keys are called, and what each of them holds. Vendor objects have the vendor's
//! spelling, so that an answer of the live service can be pasted in.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::str::FromStr;

use chrono::NaiveDate;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};
use serde_json::json;

use super::located::{Field, Mistake, Number, OrDefault, Pinned, ReadOnly, Text, Word};
use crate::domain::api_user::{LastUsed, user_name};
use crate::domain::duty_schedule::{MonthDay, ScheduleMode, TimeOfDay, WeekDay};
use crate::domain::operator::{SetupMode, SmsProvider};
use crate::domain::outgoing_phone_number::OutgoingPhoneNumberId;
use crate::domain::text::{
    BackupEmail, CultureName, DateFormat, DefaultDashboard, Description, Email, FullName,
    OperatorRole, PhoneNumber, PhoneProvider, TimeFormat, quoted,
};
use crate::domain::time_interval::TimeInterval;
use crate::domain::timezone::TimeZoneId;
use crate::domain::{
    AccountId, ApiUserGuid, ApiUserType, Kept, Moment, OperatorAuthorization,
    OperatorGroupAuthorization, OperatorGroupGuid, OperatorGuid, PasswordHash, Place,
    PlainPassword, Restore, ScheduleId, SecretDigest, restore_parsed,
};

pub type List<T> = Field<Vec<Field<T>>>;

/// Where the fields of a shape are.
pub trait Places {
    /// Returns where the field of a name is, if it is there.
    fn place_of(&self, name: &str) -> Option<Place>;
}

/// A struct of fields that may all be left out, whose keys are known and no others.
macro_rules! shape {
    ($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }) => {
        #[derive(Debug, Default, Deserialize, JsonSchema)]
        #[serde(default, deny_unknown_fields, rename_all = "PascalCase")]
        $(#[$meta])*
        pub struct $name {
            $(
                $(#[$field_meta])*
                // No export holds it then; the schema of exports follows from this.
                #[serde(skip_serializing_if = "Field::is_absent")]
                pub $field: $type,
            )*
        }

        impl Places for $name {
            fn place_of(&self, name: &str) -> Option<Place> {
                $(
                    if stringify!($field).replace('_', "").eq_ignore_ascii_case(name) {
                        return self.$field.place();
                    }
                )*
                None
            }
        }
    };
}

shape! {
    /// Accounts with all that belongs to them: a seed file, or an export.
    #[schemars(
        rename = "SeedFile",
        title = "Seed file of uptrends-emulator",
        extend("required" = ["accounts"], "patternProperties" = {"^x-": {}}),
        example = json!({"accounts": [{
            "AccountId": "123456",
            "operators": [{"FullName": "Alice Admin", "Email": "alice@example.com", "IsAccountAdministrator": true}]
        }]})
    )]
    DocumentShape {
        /// For editors.
        #[serde(rename = "$schema", skip_serializing)]
        schema: Field<ReadOnly>,
        #[serde(rename = "accounts")]
        accounts: List<AccountShape>,
    }
}

shape! {
    /// An account.
    #[schemars(rename = "SeedAccount", extend("required" = ["AccountId", "operators"]))]
    AccountShape {
        /// 1 to 9 digits.
        account_id: Field<Text<AccountId>>,
        name: Field<String>,
        timezone_id: Field<Number<TimeZoneId>>,
        /// Whether the account has single sign-on, without which operators cannot be told to use it.
        single_sign_on: Field<bool>,
        /// The Id of the next duty schedule; Ids are never used again.
        next_duty_schedule_id: Field<i32>,
        /// The ID of the next user; IDs are never used again.
        #[serde(rename = "NextUserID")]
        next_user_id: Field<i32>,
        #[serde(rename = "operators")]
        operators: List<OperatorShape>,
        /// Administrators and Everyone are there anyway.
        #[serde(rename = "operatorGroups")]
        operator_groups: List<OperatorGroupShape>,
        #[serde(rename = "apiUsers")]
        api_users: List<ApiUserShape>,
    }
}

shape! {
    /// An operator, as `/Operator` has it.
    #[schemars(rename = "SeedOperator", extend("required" = ["FullName", "Email"]))]
    OperatorShape {
        /// A local name, for the joins of this document.
        #[serde(rename = "key")]
        key: Field<Text<String>>,
        /// Derived from the account and the key (without one, the e-mail address) if left out.
        operator_guid: Field<Text<Pinned<OperatorGuid>>>,
        #[serde(skip_serializing)]
        hash: Field<ReadOnly>,
        /// In an example of the operator API, and in no answer.
        #[serde(skip_serializing)]
        user_name: Field<ReadOnly>,
        full_name: Field<Text<FullName>>,
        email: Field<Text<Email>>,
        /// In clear; it is hashed when the document is loaded, and never exported.
        #[serde(skip_serializing)]
        password: Field<Text<PlainPassword>>,
        /// Instead of a password: its Argon2id hash, as a PHC string.
        password_hash: Field<Hashed<PasswordHash>>,
        mobile_phone: Field<Text<PhoneNumber>>,
        outgoing_phone_number: Field<Text<PhoneNumber>>,
        outgoing_phone_number_id: Field<Number<OutgoingPhoneNumberId>>,
        #[serde(skip_serializing)]
        outgoing_phone_number_id_specified: Field<bool>,
        /// True for exactly one operator: the owner of the account.
        is_account_administrator: Field<bool>,
        backup_email: Field<Text<BackupEmail>>,
        is_on_duty: Field<bool>,
        culture_name: Field<Text<CultureName>>,
        #[serde(skip_serializing)]
        culture_name_specified: Field<bool>,
        time_zone_id: Field<Number<TimeZoneId>>,
        #[serde(skip_serializing)]
        time_zone_id_specified: Field<bool>,
        sms_provider: Field<Word<OrDefault<SmsProvider>>>,
        use_numeric_sender: Field<bool>,
        #[serde(skip_serializing)]
        use_numeric_sender_specified: Field<bool>,
        phone_provider: Field<Text<OrDefault<PhoneProvider>>>,
        allow_native_login: Field<bool>,
        #[serde(skip_serializing)]
        allow_native_login_specified: Field<bool>,
        allow_single_signon: Field<bool>,
        #[serde(skip_serializing)]
        allow_single_signon_specified: Field<bool>,
        default_dashboard: Field<Text<OrDefault<DefaultDashboard>>>,
        operator_role: Field<Text<OrDefault<OperatorRole>>>,
        setup_mode: Field<Word<OrDefault<SetupMode>>>,
        /// AccountAccess alone if left out.
        authorizations: List<Word<OperatorAuthorization>>,
        duty_schedules: List<DutyScheduleShape>,
        user: Field<UserShape>,
    }
}

shape! {
    /// What an operator is as a user, as `/api/Users` has it. What the operator says of itself is passed over.
    #[schemars(rename = "SeedUser")]
    UserShape {
        /// Unique in the account; the next one if left out.
        #[serde(rename = "ID")]
        id: Field<i32>,
        #[serde(rename = "ClientID", skip_serializing)]
        client_id: Field<ReadOnly>,
        #[serde(skip_serializing)]
        client_name: Field<ReadOnly>,
        #[serde(skip_serializing)]
        user_name: Field<ReadOnly>,
        #[serde(skip_serializing)]
        given_name: Field<ReadOnly>,
        #[serde(skip_serializing)]
        family_name: Field<ReadOnly>,
        /// Who is not active cannot log in, nor can its API users.
        active: Field<bool>,
        #[serde(skip_serializing)]
        email: Field<ReadOnly>,
        #[serde(skip_serializing)]
        user_role: Field<ReadOnly>,
        #[serde(skip_serializing)]
        user_role_description: Field<ReadOnly>,
        #[serde(skip_serializing)]
        mobile_number: Field<ReadOnly>,
        #[serde(rename = "TimeZoneID", skip_serializing)]
        time_zone_id: Field<ReadOnly>,
        enable_alert_timeframe: Field<bool>,
        alert_timeframe_start: Field<Text<TimeInterval>>,
        alert_timeframe_end: Field<Text<TimeInterval>>,
        default_dashboard: Field<i32>,
        date_format: Field<Text<DateFormat>>,
        time_format: Field<Text<TimeFormat>>,
        graph_tooltips: Field<bool>,
    }
}

shape! {
    /// An operator group, as `/OperatorGroup` has it.
    #[schemars(rename = "SeedOperatorGroup")]
    OperatorGroupShape {
        /// A local name, from which the GUID is derived.
        #[serde(rename = "key")]
        key: Field<Text<String>>,
        /// Derived from the account and the key (without one, the description) if left out.
        operator_group_guid: Field<Text<Pinned<OperatorGroupGuid>>>,
        description: Field<Text<Description>>,
        /// Without a word on it, the group that is called Everyone is that one.
        is_everyone: Field<bool>,
        /// Without a word on it, the group that is called Administrators is that one.
        is_administrators_group: Field<bool>,
        authorizations: List<Word<OperatorGroupAuthorization>>,
        /// The keys, e-mail addresses or GUIDs of operators, in the order in which they joined.
        #[serde(rename = "members")]
        members: List<String>,
        /// Members have no copies of these but those that are written down with them.
        duty_schedules: List<DutyScheduleShape>,
    }
}

shape! {
    /// A duty schedule, as `…/DutySchedule` has it.
    #[schemars(rename = "SeedDutySchedule", extend("required" = ["ScheduleMode"]))]
    DutyScheduleShape {
        /// Unique in the account; the next one if left out.
        id: Field<i32>,
        schedule_mode: Field<Word<ScheduleMode>>,
        start_date_time: Field<Text<Moment>>,
        end_date_time: Field<Text<Moment>>,
        week_day: Field<Word<WeekDay>>,
        month_day: Field<Number<OrZero<MonthDay>>>,
        start_time: Field<Text<TimeOfDay>>,
        end_time: Field<Text<TimeOfDay>>,
        /// In an operator's schedule: the Id of the group's schedule that it is a copy of.
        copy_of: Field<Number<ScheduleId>>,
    }
}

shape! {
    /// An API user, as `/ApiUser` has it.
    #[schemars(rename = "SeedApiUser")]
    ApiUserShape {
        /// A local name, from which the GUID is derived.
        #[serde(rename = "key")]
        key: Field<Text<String>>,
        /// Derived from the account and the key (without one, the user name or the description) if left out.
        api_user_guid: Field<Text<Pinned<ApiUserGuid>>>,
        /// The key, e-mail address or GUID of its operator.
        #[serde(rename = "operator")]
        operator: Field<String>,
        /// Instead of `operator`, as the API has it.
        operator_guid: Field<Text<OperatorGuid>>,
        /// Unique among all accounts; the GUID without dashes if left out.
        user_name: Field<Text<UserName>>,
        /// In clear; never exported. Without a password nobody can log in.
        #[serde(skip_serializing)]
        password: Field<Text<PlainPassword>>,
        /// Instead of a password: `sha256:` and its SHA-256 digest in hexadecimal.
        password_hash: Field<Hashed<SecretDigest>>,
        r#type: Field<Word<ApiUserType>>,
        description: Field<Text<Description>>,
        /// The present if left out.
        created_date: Field<Text<Moment>>,
        /// `25/06/2026 19:37:59`, `Not yet used` or `Unknown`.
        last_used: Field<Text<LastUsed>>,
        /// The requests on each day, such as `2026-06-25: 12`.
        usage_by_day: Field<BTreeMap<Text<Day>, u32>>,
        /// Without `UsageByDay`, these requests were made on the day of `LastUsed`.
        #[serde(rename = "UsageLast30Days")]
        usage_last_30_days: Field<u32>,
        /// Whether it is so old that nobody knows of earlier use: `Unknown` until it is used.
        predates_last_used: Field<bool>,
    }
}

/// A number for which 0 counts as absent, as in the API.
#[derive(Debug, Clone, Copy)]
pub struct OrZero<T>(pub Option<T>);

impl<T: TryFrom<i32, Error = String>> TryFrom<i32> for OrZero<T> {
    type Error = String;

    fn try_from(number: i32) -> Result<Self, String> {
        let number = (number != 0).then(|| T::try_from(number));
        number.transpose().map(Self)
    }
}

/// What was kept is never absent.
impl<T: Restore> Restore for OrZero<T> {
    fn restore(kept: Kept<'_>) -> Option<Self> {
        T::restore(kept).map(|number| Self(Some(number)))
    }
}

/// A hash, which is written down as what it is.
#[derive(Debug, Clone)]
pub struct Hashed<T>(pub T);

impl<'de, T: Restore + FromStr<Err = String>> Deserialize<'de> for Hashed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Text::deserialize(deserializer).map(|Text(hash)| Self(hash))
    }
}

impl<T> JsonSchema for Hashed<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Hashed".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string"})
    }
}

/// The name with which an API user logs in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UserName(pub String);

impl FromStr for UserName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        user_name(text).map(Self)
    }
}

impl Restore for UserName {
    fn restore(kept: Kept<'_>) -> Option<Self> {
        String::restore(kept).map(Self)
    }
}

/// A day of usage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub NaiveDate);

impl FromStr for Day {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse()
            .map(Self)
            .map_err(|_| format!("{} is not a day; write it as 2026-06-25", quoted(text)))
    }
}

restore_parsed!(Day);

impl DocumentShape {
    /// Gives the one account of the document a number, whatever it says. More than one is a mistake.
    pub fn number(&mut self, id: AccountId, mistakes: &mut Vec<Mistake>) {
        if let Some(second) = self.accounts.items().nth(1).map(|(_, place)| place) {
            let message = "accounts: must hold one account here".to_owned();
            mistakes.push(Mistake {
                place: second,
                message,
            });
        }
        let Field::Is {
            value: accounts, ..
        } = &mut self.accounts
        else {
            return;
        };
        // An item that is null is none, and so is passed over.
        let first = accounts.iter_mut().find_map(|account| match account {
            Field::Is { value, .. } => Some(value),
            Field::Absent | Field::Wrong => None,
        });
        if let Some(account) = first {
            account.account_id = Field::new(Text(id));
        }
    }
}
