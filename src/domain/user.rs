//! Users: operators as the companion API, `/api/Users`, presents them. A user has the profile of its operator; this module holds
//! what it has in addition.

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
    /// The ID of a user: unique in its account, never reused.
    UserId,
    "ID",
    {"type": "integer", "format": "int32", "minimum": 1, "maximum": UserId::LAST}
);

record!(
    /// The settings of a user that its operator does not have.
    UserSettings,
    /// A change of a user's settings. Absent fields stay as they are.
    UserSettingsChange {
        /// If false, neither the user nor its API users can log in.
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
    /// Creates a user with the default settings.
    pub fn new(operator: OperatorGuid, id: UserId) -> Self {
        let settings = UserSettings::new(UserSettingsChange::default())
            .expect("every setting of a user has a default");
        Self {
            operator,
            id,
            settings,
        }
    }

    /// Returns the user after a change.
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

/// Splits a full name into given name and family name, at its first space.
pub fn names(full_name: &FullName) -> (&str, &str) {
    let name = full_name.as_str().trim();
    let (given, family) = name.split_once(' ').unwrap_or((name, ""));
    (given, family.trim_start())
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn a_full_name_is_split_at_its_first_space() {
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
