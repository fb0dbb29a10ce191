//! API users: the credentials with which an operator's programs use the API.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, json_schema};
use serde::Serialize;
use strum::{EnumString, IntoStaticStr, VariantNames};

use super::collection::Keyed;
use super::schema::schema;
use super::text::{Description, quoted};
use super::value::{from_node, one_of, ruled};
use super::{
    ApiUserGuid, Context, Kept, Moment, OperatorGuid, Restore, SecretDigest, restore_parsed,
};

#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "the vendor's terms")]
pub struct ApiUser {
    pub guid: ApiUserGuid,
    pub operator: OperatorGuid,
    pub user_name: String,
    pub password: SecretDigest,
    pub api_user_type: ApiUserType,
    pub description: Description,
    pub created: Moment,
    /// "created before the functionality of “Last used” became available" (API management tab), so that it is unknown whether
    /// it was used before.
    pub predates_last_used: bool,
}

impl ApiUser {
    /// Creates an API user of an operator. Returns it and its password, which cannot be retrieved again.
    pub fn generic(
        operator: OperatorGuid,
        description: Description,
        context: &Context,
    ) -> (Self, String) {
        let guid: ApiUserGuid = context.new_guid();
        let password = context.new_password();
        let api_user = Self {
            guid,
            operator,
            user_name: guid.simple(),
            password: SecretDigest::of(&password),
            api_user_type: ApiUserType::Generic,
            description,
            created: context.now,
            predates_last_used: false,
        };
        (api_user, password)
    }
}

impl Keyed for ApiUser {
    type Key = ApiUserGuid;

    fn key(&self) -> ApiUserGuid {
        self.guid
    }
}

/// "Identifies the client or application that uses the API credentials" (ApiUser API).
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    JsonSchema,
    EnumString,
    IntoStaticStr,
    VariantNames,
)]
#[strum(ascii_case_insensitive)]
pub enum ApiUserType {
    Generic,
    MobileApp,
    TransactionRecorder,
}

impl ApiUser {
    /// Returns when the API user was last used, and how often in the last 30 days, by the requests counted since
    /// counting began.
    pub fn used(&self, counted: Option<(Moment, i64)>) -> (LastUsed, i64) {
        match counted {
            Some((last_used, requests)) => (LastUsed::At(last_used), requests),
            None if self.predates_last_used => (LastUsed::Unknown, 0),
            None => (LastUsed::NotYet, 0),
        }
    }
}

/// The time when an API user was last used. The variants are ordered by how much is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LastUsed {
    NotYet,
    Unknown,
    At(Moment),
}

impl LastUsed {
    /// Returns the time for people, or the words of the API.
    pub fn readable(self) -> String {
        match self {
            Self::At(moment) => moment.readable(),
            Self::NotYet | Self::Unknown => self.to_string(),
        }
    }
}

const NOT_YET_USED: &str = "Not yet used";
const UNKNOWN: &str = "Unknown";

impl FromStr for LastUsed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim() {
            NOT_YET_USED => Ok(Self::NotYet),
            UNKNOWN => Ok(Self::Unknown),
            other => Moment::from_day_first(other).map(Self::At).ok_or_else(|| {
                format!(
                    "{} is neither {NOT_YET_USED} nor {UNKNOWN}, nor a date and time such as 25/06/2026 19:37:59",
                    quoted(text)
                )
            }),
        }
    }
}

restore_parsed!(LastUsed, ApiUserType);

from_node!(LastUsed, Text, ruled);
from_node!(ApiUserType, Text, one_of, empty Blank);

impl fmt::Display for LastUsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(moment) => f.write_str(&moment.day_first()),
            Self::NotYet => f.write_str(NOT_YET_USED),
            Self::Unknown => f.write_str(UNKNOWN),
        }
    }
}

schema!(LastUsed, |_| json_schema!({
    "type": "string",
    "pattern": format!("^([0-9]{{2}}/[0-9]{{2}}/[0-9]{{4}} [0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}|{NOT_YET_USED}|{UNKNOWN})$")
}));

/// The name with which an API user logs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserName(pub String);

/// Parses a user name: "user-id … containing a colon character is invalid" (RFC 7617).
pub fn user_name(text: &str) -> Result<String, String> {
    match text {
        "" => Err("must not be empty".to_owned()),
        _ if text.contains(':') => Err("must not hold a colon".to_owned()),
        _ => Ok(text.to_owned()),
    }
}

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

from_node!(UserName, Text, ruled);

schema!(
    UserName,
    |_| json_schema!({"type": "string", "pattern": "^[^:]+$"})
);
