//! Users: operators as the companion API, `/api/Users`, sees them. What an operator says of itself, a user says too; here
//! is what it has beyond that.

use schemars::json_schema;
use strum::{EnumString, IntoStaticStr, VariantNames};

use super::OperatorGuid;
use super::collection::Keyed;
use super::id::id;
use super::node::{Content, Node};
use super::record::{Record as _, record};
use super::schema::schema;
use super::text::{DateFormat, FullName, TimeFormat};
use super::time_interval::TimeInterval;
use super::value::{Mismatch, from_node, one_of};

id!(
    /// The ID of a user: unique in its account, never used again.
    UserId,
    "ID",
    {"type": "integer", "format": "int32", "minimum": 1, "maximum": UserId::LAST}
);

record!(
    /// What a user has that its operator has not.
    UserSettings,
    /// A change of it. What is absent stays as it is.
    UserSettingsChange {
        /// Who is not active cannot log in, nor can its API users.
        active: bool = "Active" or true,
        enable_alert_timeframe: bool = "EnableAlertTimeframe",
        alert_timeframe_start: TimeInterval = "AlertTimeframeStart",
        alert_timeframe_end: TimeInterval = "AlertTimeframeEnd",
        default_dashboard: i32 = "DefaultDashboard",
        date_format: DateFormat = "DateFormat",
        time_format: TimeFormat = "TimeFormat",
        graph_tooltips: bool = "GraphTooltips" or true,
    }
);

/// An operator as a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub operator: OperatorGuid,
    pub id: UserId,
    pub settings: UserSettings,
}

impl Keyed for User {
    type Key = OperatorGuid;

    fn key(&self) -> OperatorGuid {
        self.operator
    }
}

impl User {
    /// A user with what nobody set.
    pub fn new(operator: OperatorGuid, id: UserId) -> Self {
        let settings = UserSettings::new(UserSettingsChange::default())
            .expect("every setting of a user has a default");
        Self {
            operator,
            id,
            settings,
        }
    }

    /// The user after a change.
    #[must_use]
    pub fn changed(&self, change: UserSettingsChange) -> Self {
        let mut user = self.clone();
        user.settings.apply(change);
        user
    }
}

/// The access level of a user: whether the operator is a member of the Administrators group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr, VariantNames)]
#[strum(ascii_case_insensitive)]
pub enum UserRole {
    Monitor = 0,
    Administrator = 1,
}

impl TryFrom<i32> for UserRole {
    type Error = String;

    fn try_from(number: i32) -> Result<Self, String> {
        match number {
            0 => Ok(Self::Monitor),
            1 => Ok(Self::Administrator),
            other => Err(format!("{other} is none of 0 (Monitor), 1 (Administrator)")),
        }
    }
}

/// Reads the word or its number.
fn word_or_number(node: &Node) -> Result<Option<UserRole>, Mismatch> {
    match node.content {
        Content::Text(_) => one_of(node),
        _ => UserRole::try_from(node.whole()?)
            .map(Some)
            .map_err(Mismatch::malformed),
    }
}

from_node!(UserRole, Number, word_or_number, empty Blank);

schema!(UserRole, |_| json_schema!({"anyOf": [
    {"type": "string", "enum": UserRole::VARIANTS},
    {"type": "integer", "enum": [UserRole::Monitor as i32, UserRole::Administrator as i32]}
]}));

/// A full name in two parts: what is before its first blank, and what is behind.
pub fn names(full_name: &FullName) -> (&str, &str) {
    let name = full_name.as_str().trim();
    let (given, family) = name.split_once(' ').unwrap_or((name, ""));
    (given, family.trim_start())
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn a_full_name_is_split_at_its_first_blank() {
        for (full_name, parts) in [
            ("Alice", ("Alice", "")),
            ("Alice Admin", ("Alice", "Admin")),
            ("Mary Ann van Dyke", ("Mary", "Ann van Dyke")),
            (" Alice  Admin ", ("Alice", "Admin")),
        ] {
            assert_eq!(names(&full_name.parse().unwrap()), parts);
        }
    }
}
