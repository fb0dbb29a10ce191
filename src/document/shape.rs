//! The shape of a document: what its keys are called, and what each of them holds. Vendor objects have the vendor's
//! spelling, so that an answer of the live service can be pasted in.

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
    /// Accounts with all that belongs to them: a seed file, or an export.
    DocumentShape = "SeedFile", seed_file {
        accounts: List<AccountShape> = "accounts",
    }
    required: "accounts";
    // For editors.
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
        /// Whether the account has single sign-on, without which operators cannot be told to use it.
        single_sign_on: bool = "SingleSignOn",
        /// The Id of the next duty schedule; Ids are never used again.
        next_duty_schedule_id: i32 = "NextDutyScheduleId",
        /// The ID of the next user; IDs are never used again.
        next_user_id: i32 = "NextUserID",
        operators: List<OperatorShape> = "operators",
        /// Administrators and Everyone are there anyway.
        operator_groups: List<OperatorGroupShape> = "operatorGroups",
        api_users: List<ApiUserShape> = "apiUsers",
    }
    required: "AccountId", "operators";
}

shape! {
    /// An operator, as `/Operator` has it.
    OperatorShape = "SeedOperator" {
        /// A local name, for the joins of this document.
        key: String = "key",
        /// Derived from the account and the key (without one, the e-mail address) if left out.
        operator_guid: OperatorGuid = "OperatorGuid",
        /// In clear; it is hashed when the document is loaded, and never exported.
        password: PlainPassword = "Password",
        /// Instead of a password: its Argon2id hash, as a PHC string.
        password_hash: PasswordHash = "PasswordHash",
        /// True for exactly one operator: the owner of the account.
        is_account_administrator: bool = "IsAccountAdministrator",
        /// AccountAccess alone if left out.
        authorizations: List<OperatorAuthorization> = "Authorizations",
        duty_schedules: List<DutyScheduleShape> = "DutySchedules",
        user: UserShape = "User",
        ..profile: ProfileChange,
        ..places: Places,
    }
    // A user name is in an example of the operator API, and in no answer.
    passed over: "Hash", "UserName"
}

shape! {
    /// What an operator is as a user, as `/api/Users` has it. What the operator says of itself is passed over.
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
    /// An operator group, as `/OperatorGroup` has it.
    OperatorGroupShape = "SeedOperatorGroup" {
        /// A local name, from which the GUID is derived.
        key: String = "key",
        /// Derived from the account and the key (without one, the description) if left out.
        operator_group_guid: OperatorGroupGuid = "OperatorGroupGuid",
        description: Description = "Description",
        /// Without a word on it, the group that is called Everyone is that one.
        is_everyone: bool = "IsEveryone",
        /// Without a word on it, the group that is called Administrators is that one.
        is_administrators_group: bool = "IsAdministratorsGroup",
        authorizations: List<OperatorGroupAuthorization> = "Authorizations",
        /// The keys, e-mail addresses or GUIDs of operators, in the order in which they joined.
        members: List<String> = "members",
        /// Members have no copies of these but those that are written down with them.
        duty_schedules: List<DutyScheduleShape> = "DutySchedules",
    }
}

shape! {
    /// A duty schedule, as `…/DutySchedule` has it.
    DutyScheduleShape = "SeedDutySchedule" {
        /// Unique in the account; the next one if left out.
        id: ScheduleId = "Id",
        /// In an operator's schedule: the Id of the group's schedule that it is a copy of.
        copy_of: ScheduleId = "CopyOf",
        ..recurrence: Option<Recurrence>,
    }
    required: "ScheduleMode";
}

shape! {
    /// An API user, as `/ApiUser` has it.
    ApiUserShape = "SeedApiUser" {
        /// A local name, from which the GUID is derived.
        key: String = "key",
        /// Derived from the account and the key (without one, the user name or the description) if left out.
        api_user_guid: ApiUserGuid = "ApiUserGuid",
        /// The key, e-mail address or GUID of its operator.
        operator: String = "operator",
        /// Instead of `operator`, as the API has it.
        operator_guid: OperatorGuid = "OperatorGuid",
        /// Unique among all accounts; the GUID without dashes if left out.
        user_name: UserName = "UserName",
        /// In clear; never exported. Without a password nobody can log in.
        password: PlainPassword = "Password",
        /// Instead of a password: `sha256:` and its SHA-256 digest in hexadecimal.
        password_hash: SecretDigest = "PasswordHash",
        api_user_type: ApiUserType = "Type",
        description: Description = "Description",
        /// The present if left out.
        created_date: Moment = "CreatedDate",
        /// `25/06/2026 19:37:59`, `Not yet used` or `Unknown`.
        last_used: LastUsed = "LastUsed",
        /// The requests on each day, such as `2026-06-25: 12`.
        usage_by_day: Days = "UsageByDay",
        /// Without `UsageByDay`, these requests were made on the day of `LastUsed`.
        usage_last_30_days: u32 = "UsageLast30Days",
        /// Whether it is so old that nobody knows of earlier use: `Unknown` until it is used.
        predates_last_used: bool = "PredatesLastUsed",
    }
}

/// How many requests were made on each day.
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
            let name_of_day = quoted(&key.name);
            let Ok(day) = key.name.parse() else {
                let told = format!("{name_of_day} is not a day; write it as 2026-06-25");
                return fields.wrong(name, node, told);
            };
            let requests = u32::read(value, name, fields).into_value();
            let requests = requests.unwrap_or_default().into();
            if days.insert(day, requests).is_some() {
                return fields.wrong(name, node, format!("{name_of_day} is there twice"));
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
    /// Gives the one account of the document a number, whatever it says. Returns where a second one stands.
    pub fn number(&mut self, id: AccountId) -> Result<(), Place> {
        if let Some((_, place)) = self.accounts.items().nth(1) {
            return Err(place.clone());
        }
        let Located::Value { value, .. } = &mut self.accounts else {
            return Ok(());
        };
        // An item that is null is none, and so is passed over.
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
