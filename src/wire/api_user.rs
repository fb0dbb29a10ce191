//! The request bodies of API users.

use serde_json::{Value, json};

use super::FromBody;
use crate::bind::{Fields, guid};
use crate::domain::ApiUserGuid;
use crate::domain::account::ApiUserChange;

/// The body of a POST: "provide only OperatorGuid and Description" (ApiUser API).
impl FromBody<()> for ApiUserChange {
    const NAME: &'static str = "NewApiUser";

    fn example() -> Value {
        json!({"OperatorGuid": "36fad910-6e9f-4886-b1a7-9b4637362cb8", "Description": "CI"})
    }

    fn bind(fields: &mut Fields<'_>, _: Option<&()>) -> Option<Self> {
        let operator = fields.required("OperatorGuid");
        let description = fields.patch_of("Description").value().unwrap_or_default();
        Some(Self {
            operator: operator?,
            description,
        })
    }
}

/// The body of a PUT: "Only Description can be updated."
impl FromBody<ApiUserGuid> for ApiUserChange {
    const NAME: &'static str = "ApiUserChange";

    fn example() -> Value {
        json!({"OperatorGuid": "36fad910-6e9f-4886-b1a7-9b4637362cb8", "Description": "CI, nightly"})
    }

    fn bind(fields: &mut Fields<'_>, path: Option<&ApiUserGuid>) -> Option<Self> {
        fields.agrees("ApiUserGuid", path, guid);
        let operator = fields.required("OperatorGuid");
        let description = fields.given("Description").unwrap_or_default();
        Some(Self {
            operator: operator?,
            description,
        })
    }
}
