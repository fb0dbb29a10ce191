//! Operators as JSON objects.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::FromBody;
use super::record::{self, ObjectSchema};
use crate::bind::{Fields, NewFields, guid};
use crate::domain::operator::{Profile, ProfileChange};
use crate::domain::record::{ChangeSource, Field, Record as _};
use crate::domain::value;
use crate::domain::{NewOperator, Operator, OperatorChange, OperatorGuid, Patch, PlainPassword};

/// An operator, as the API returns it. `Password` and the `…Specified` flags are never written.
#[derive(Debug)]
pub struct OperatorBody<'a> {
    operator: &'a Operator,
    owner: OperatorGuid,
}

impl<'a> OperatorBody<'a> {
    pub fn new(operator: &'a Operator, owner: OperatorGuid) -> Self {
        Self { operator, owner }
    }
}

/// The property that is not part of the profile, and the field before which the vendor's documents list it.
const IS_OWNER: (&str, &str) = ("IsAccountAdministrator", "BackupEmail");

impl Serialize for OperatorBody<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { operator, owner } = *self;
        let mut object = serializer.serialize_map(None)?;
        object.serialize_entry("OperatorGuid", &operator.guid)?;
        object.serialize_entry("Hash", operator.hash())?;
        let mut is_written = false;
        record::write(&mut object, operator.profile(), |field, object| {
            if is_written || field != IS_OWNER.1 {
                return Ok(());
            }
            is_written = true;
            object.serialize_entry(IS_OWNER.0, &(operator.guid == owner))
        })?;
        object.end()
    }
}

impl JsonSchema for OperatorBody<'_> {
    fn schema_name() -> Cow<'static, str> {
        "Operator".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        const DESCRIPTION: &str = "An operator as the API writes it. `Password` and the `…Specified` flags are never written.";
        let mut schema = ObjectSchema::new(generator);
        schema.property::<OperatorGuid>("OperatorGuid");
        schema.property::<String>("Hash");
        schema.record::<Profile>(|field, schema| {
            if field == IS_OWNER.1 {
                schema.property::<bool>(IS_OWNER.0);
            }
        });
        schema.build(
            DESCRIPTION,
            &json!({
                "OperatorGuid": "36fad910-6e9f-4886-b1a7-9b4637362cb8",
                "Hash": "8d969eef6ecad3c29a3a629280e686cf",
                "FullName": "Third Operator",
                "Email": "third@example.com",
                "MobilePhone": "+31 6 1234 5678",
                "OutgoingPhoneNumber": "",
                "OutgoingPhoneNumberId": 1,
                "IsAccountAdministrator": false,
                "BackupEmail": "",
                "IsOnDuty": true,
                "CultureName": "nl-NL",
                "TimeZoneId": 56,
                "SmsProvider": "UseAccountSetting",
                "PhoneProvider": "UseAccountSetting",
                "DefaultDashboard": "AccountOverview",
                "OperatorRole": "Unspecified",
                "SetupMode": "Manual"
            }),
        )
    }
}

/// The body of a POST.
impl FromBody<()> for NewOperator {
    const NAME: &'static str = "OperatorInput";

    fn example() -> Value {
        json!({"FullName": "Third Operator", "Email": "third@example.com", "TimeZoneId": 56})
    }

    fn bind(fields: &mut Fields<'_>, _: Option<&()>) -> Option<Self> {
        let (profile, password) = bind(fields, true);
        Some(Self { profile, password })
    }
}

/// The body of a PUT.
impl FromBody<OperatorGuid> for NewOperator {
    const NAME: &'static str = <Self as FromBody<()>>::NAME;

    fn example() -> Value {
        <Self as FromBody<()>>::example()
    }

    fn bind(fields: &mut Fields<'_>, path: Option<&OperatorGuid>) -> Option<Self> {
        fields.agrees("OperatorGuid", path, guid);
        <Self as FromBody<()>>::bind(fields, None)
    }
}

/// The body of a PATCH.
impl FromBody<OperatorGuid> for OperatorChange {
    const NAME: &'static str = "OperatorPatch";

    fn example() -> Value {
        json!({"IsOnDuty": true, "CultureName": "nl-NL", "TimeZoneId": null})
    }

    fn bind(fields: &mut Fields<'_>, path: Option<&OperatorGuid>) -> Option<Self> {
        fields.agrees("OperatorGuid", path, guid);
        let (profile, password) = bind(fields, false);
        Some(Self { profile, password })
    }
}

/// The fields of an operator in a body, including the password, which the vendor's documents list before `MobilePhone`.
struct OperatorFields<'f, 'n> {
    fields: &'f mut Fields<'n>,
    is_new: bool,
    password: Option<PlainPassword>,
}

impl ChangeSource for OperatorFields<'_, '_> {
    fn patch<T: value::Value>(&mut self, field: &Field<T>) -> Patch<T> {
        if field.name == "MobilePhone" {
            self.password = self.fields.patch_of("Password").value();
        }
        if self.is_new {
            NewFields(self.fields).patch(field)
        } else {
            self.fields.patch(field)
        }
    }
}

fn bind(fields: &mut Fields<'_>, is_new: bool) -> (ProfileChange, Option<PlainPassword>) {
    let mut fields = OperatorFields {
        fields,
        is_new,
        password: None,
    };
    let profile = Profile::change(&mut fields);
    (profile, fields.password)
}
