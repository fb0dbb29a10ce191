//! The request bodies of operator groups.

use serde_json::{Value, json};

use super::FromBody;
use crate::bind::{Fields, guid};
use crate::domain::OperatorGroupGuid;
use crate::domain::text::Description;

/// The body of a POST.
impl FromBody<()> for Description {
    const NAME: &'static str = "OperatorGroupInput";

    fn example() -> Value {
        json!({"Description": "On call"})
    }

    fn bind(fields: &mut Fields<'_>, _: Option<&()>) -> Option<Self> {
        let description = fields.required("Description");
        for (flag, group) in [
            ("IsEveryone", "Everyone"),
            ("IsAdministratorsGroup", "Administrators"),
        ] {
            if fields.is_true(flag) {
                fields.malformed::<()>(
                    flag,
                    format!("the {group} group exists already; every account has one"),
                );
            }
        }
        description
    }
}

/// The body of a PUT.
impl FromBody<OperatorGroupGuid> for Description {
    const NAME: &'static str = <Self as FromBody<()>>::NAME;

    fn example() -> Value {
        json!({"Description": "On call"})
    }

    fn bind(fields: &mut Fields<'_>, path: Option<&OperatorGroupGuid>) -> Option<Self> {
        fields.agrees("OperatorGroupGuid", path, guid);
        fields.required("Description")
    }
}
