//! The keys of a document and the types of their values. The keys of vendor objects have the vendor's spelling, so that a
//! response of the live service can be pasted in.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::json;

use crate::bind::{Fields, Item, List, Located, Places, shape};
use crate::domain::api_user::{LastUsed, UserName};
use crate::domain::node::{Content, Node};
use crate::domain::operator::ProfileChange;
use crate::domain::text::{Description, quoted};
use crate::domain::timezone::TimeZoneId;
use crate::domain::user::UserSettingsChange;
use crate::domain::{
    AccountId, ApiUserGuid, ApiUserType, Moment, OperatorAuthorization, OperatorGroupAuthorization,
    OperatorGroupGuid, OperatorGuid, PasswordHash, Place, PlainPassword, Recurrence, ScheduleId,
    SecretDigest, UserId,
};

shape! {
    /// Accounts with everything that belongs to them: a seed file or an export.
    DocumentShape = "SeedFile", seed_file {
        accounts: List<AccountShape> = "accounts",
    }
    required: "accounts";
    // For editors, which find the JSON Schema by it.
    passed over: "$schema"
}

fn seed_file(mut schema: Schema) -> Schema {
    schema.insert("title".to_owned(), "Seed file of uptrends-emulator".into());
    schema.insert("patternProperties".to_owned(), json!({"^x-": {}}));
    let operator = json!({"FullName": "Alice Admin", "Email": "alice@example.com", "IsAccountAdministrator": true});
    let example = json!({"accounts": [{"AccountId": "123456", "operators": [operator]}]});
    schema.insert("examples".to_owned(), json!([example]));
    schema
}

shape! {
    /// An account.
    AccountShape = "SeedAccount" {
        /// 1 to 9 digits.
        account_id: AccountId = "AccountId",
        name: String = "Name",
        timezone_id: TimeZoneId = "TimezoneId",
        /// Whether the account has single sign-on; only then can operators be required to use it.
        single_sign_on: bool = "SingleSignOn",
        /// The Id of the next duty schedule; Ids are never reused.
        next_duty_schedule_id: i32 = "NextDutyScheduleId",
        /// The ID of the next user; IDs are never reused.
        next_user_id: i32 = "NextUserID",
        operators: List<OperatorShape> = "operators",
        /// The groups Administrators and Everyone always exist, even if they are left out.
        operator_groups: List<OperatorGroupShape> = "operatorGroups",
        api_users: List<ApiUserShape> = "apiUsers",
    }
    required: "AccountId", "operators";
}

shape! {
    /// An operator, as returned by `/Operator`.
    OperatorShape = "SeedOperator" {
        /// A local name, by which other objects of this document refer to the operator.
        key: String = "key",
        /// Derived from the account and the key (without one, the e-mail address) if left out.
        operator_guid: OperatorGuid = "OperatorGuid",
        /// In plain text; it is hashed when the document is loaded, and never exported.
        password: PlainPassword = "Password",
        /// Instead of a password: its Argon2id hash, as a PHC string.
        password_hash: PasswordHash = "PasswordHash",
        /// True for exactly one operator: the owner of the account.
        is_account_administrator: bool = "IsAccountAdministrator",
        /// Only AccountAccess if left out.
        authorizations: List<OperatorAuthorization> = "Authorizations",
        duty_schedules: List<DutyScheduleShape> = "DutySchedules",
        user: UserShape = "User",
        ..profile: ProfileChange,
        ..places: Places,
    }
    // An example in the documentation of the operator API has a user name; no response does.
    passed over: "Hash", "UserName"
}

shape! {
    /// The user of an operator, as returned by `/api/Users`. Fields that are also fields of the operator are ignored.
    UserShape = "SeedUser" {
        /// Unique in the account; the next one if left out.
        id: UserId = "ID",
        ..settings: UserSettingsChange,
        ..places: Places,
    }
    passed over: "ClientID", "ClientName", "UserName", "GivenName", "FamilyName", "Email", "UserRole",
        "UserRoleDescription", "MobileNumber", "TimeZoneID"
}

shape! {
    /// An operator group, as returned by `/OperatorGroup`.
    OperatorGroupShape = "SeedOperatorGroup" {
        /// A local name, from which the GUID is derived.
        key: String = "key",
        /// Derived from the account and the key (without one, the description) if left out.
        operator_group_guid: OperatorGroupGuid = "OperatorGroupGuid",
        description: Description = "Description",
        /// If left out, true for the group with the description Everyone.
        is_everyone: bool = "IsEveryone",
        /// If left out, true for the group with the description Administrators.
        is_administrators_group: bool = "IsAdministratorsGroup",
        authorizations: List<OperatorGroupAuthorization> = "Authorizations",
        /// The keys, e-mail addresses or GUIDs of operators, in the order in which they joined.
        members: List<String> = "members",
        /// Members do not get copies of these; only copies listed with an operator exist.
        duty_schedules: List<DutyScheduleShape> = "DutySchedules",
    }
}

shape! {
    /// A duty schedule, as returned by `…/DutySchedule`.
    DutyScheduleShape = "SeedDutySchedule" {
        /// Unique in the account; the next one if left out.
        id: ScheduleId = "Id",
        /// For the schedule of an operator: the Id of the group's schedule that it is a copy of.
        copy_of: ScheduleId = "CopyOf",
        ..recurrence: Option<Recurrence>,
    }
    required: "ScheduleMode";
}

shape! {
    /// An API user, as returned by `/ApiUser`.
    ApiUserShape = "SeedApiUser" {
        /// A local name, from which the GUID is derived.
        key: String = "key",
        /// Derived from the account and the key (without one, the user name or the description) if left out.
        api_user_guid: ApiUserGuid = "ApiUserGuid",
        /// The key, e-mail address or GUID of its operator.
        operator: String = "operator",
        /// The GUID of its operator, as in the API; instead of `operator`.
        operator_guid: OperatorGuid = "OperatorGuid",
        /// Unique among all accounts; the GUID without dashes if left out.
        user_name: UserName = "UserName",
        /// In plain text; never exported. Without a password nobody can log in.
        password: PlainPassword = "Password",
        /// Instead of a password: `sha256:` and its SHA-256 digest in hexadecimal.
        password_hash: SecretDigest = "PasswordHash",
        api_user_type: ApiUserType = "Type",
        description: Description = "Description",
        /// The current time if left out.
        created_date: Moment = "CreatedDate",
        /// `25/06/2026 19:37:59`, `Not yet used` or `Unknown`.
        last_used: LastUsed = "LastUsed",
        /// The number of requests of each day, such as `2026-06-25: 12`.
        usage_by_day: Days = "UsageByDay",
        /// Without `UsageByDay`, these requests count for the day of `LastUsed`.
        usage_last_30_days: u32 = "UsageLast30Days",
        /// Whether it is older than the recording of usage; `LastUsed` is then `Unknown` until it is used.
        predates_last_used: bool = "PredatesLastUsed",
    }
}

/// The number of requests of each day.
#[derive(Debug)]
pub struct Days(pub BTreeMap<NaiveDate, i64>);

impl Item for Days {
    fn read(node: &Node, name: &str, fields: &mut Fields<'_>) -> Located<Self> {
        let Content::Object(entries) = &node.content else {
            return fields.wrong(
                name,
                node,
                format!("must be an object, not {}", node.content),
            );
        };
        let mut days = BTreeMap::new();
        for (key, value) in entries {
            let quoted_day = quoted(&key.name);
            let Ok(day) = key.name.parse() else {
                let message = format!("{quoted_day} is not a day; write it as 2026-06-25");
                return fields.wrong(name, node, message);
            };
            let requests = u32::read(value, name, fields).into_value();
            let requests = requests.unwrap_or_default().into();
            if days.insert(day, requests).is_some() {
                return fields.wrong(name, node, format!("{quoted_day} is there twice"));
            }
        }
        Located::Value {
            value: Self(days),
            place: node.place.clone(),
        }
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object", "additionalProperties": {"type": "integer", "format": "uint32", "minimum": 0}
        })
    }
}

impl DocumentShape {
    /// Sets the number of the only account of the document. If there is a second account, returns its place as an error.
    pub fn set_account_id(&mut self, id: AccountId) -> Result<(), Place> {
        if let Some((_, place)) = self.accounts.items().nth(1) {
            return Err(place.clone());
        }
        let Located::Value { value, .. } = &mut self.accounts else {
            return Ok(());
        };
        // Items that are null count as absent.
        for item in value {
            if let Located::Value { value, place } = item {
                value.account_id = Located::Value {
                    value: id,
                    place: place.clone(),
                };
            }
        }
        Ok(())
    }
}
