//! Operator groups: the two system groups of every account, and those that people create.

use std::collections::BTreeSet;

use imbl::OrdMap;
use schemars::JsonSchema;
use serde::Serialize;
use strum::{EnumString, IntoStaticStr, VariantNames};

use super::collection::Keyed;
use super::text::Description;
use super::value::{from_node, one_of};
use super::{AccountId, DutySchedule, OperatorGroupGuid, OperatorGuid, ScheduleId, restore_parsed};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorGroup {
    pub guid: OperatorGroupGuid,
    pub kind: GroupKind,
    pub description: Description,
    /// The operators that joined, each with its sequence number. Empty for Everyone, which always contains every operator.
    pub members: OrdMap<OperatorGuid, i64>,
    pub authorizations: BTreeSet<OperatorGroupAuthorization>,
    pub schedules: OrdMap<ScheduleId, DutySchedule>,
}

/// "The Everyone group is an automatic, system-created group", "The Administrators is also a system-created group"
/// (operator group API).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, EnumString)]
pub enum GroupKind {
    Administrators,
    Everyone,
    Ordinary,
}

/// An authorization of a group (Swagger, `OperatorGroup_PostAuthorizationForOperatorGroup`), in the order of lists.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    JsonSchema,
    EnumString,
    IntoStaticStr,
    VariantNames,
)]
#[strum(ascii_case_insensitive)]
#[schemars(rename = "OperatorGroupAuthorizationType")]
pub enum OperatorGroupAuthorization {
    ShareDashboards,
    AllowInfra,
    Administrator,
    TechnicalContact,
    FinancialOperator,
    BasicOperator,
    CreateAlertDefinition,
    CreateIntegration,
    CreatePrivateLocations,
    ManageMonitorTemplates,
}

restore_parsed!(GroupKind, OperatorGroupAuthorization);

from_node!(OperatorGroupAuthorization, Text, one_of, empty Blank);

impl Keyed for OperatorGroup {
    type Key = OperatorGroupGuid;

    fn key(&self) -> OperatorGroupGuid {
        self.guid
    }
}

impl OperatorGroup {
    /// Creates the Administrators group of an account, without members.
    pub fn administrators(account: AccountId) -> Self {
        Self::system_group(account, GroupKind::Administrators, "Administrators")
    }

    /// Creates the Everyone group of an account.
    pub fn everyone(account: AccountId) -> Self {
        Self::system_group(account, GroupKind::Everyone, "Everyone")
    }

    fn system_group(account: AccountId, kind: GroupKind, name: &str) -> Self {
        Self::new(
            OperatorGroupGuid::derived(&format!("{account}/operatorGroup/{name}")),
            kind,
            name.parse()
                .expect("the names of the system groups are valid"),
        )
    }

    pub fn new(guid: OperatorGroupGuid, kind: GroupKind, description: Description) -> Self {
        Self {
            guid,
            kind,
            description,
            members: OrdMap::new(),
            authorizations: BTreeSet::new(),
            schedules: OrdMap::new(),
        }
    }

    pub fn is_system_group(&self) -> bool {
        self.kind != GroupKind::Ordinary
    }

    /// Returns the operators that joined, in the order in which they joined.
    pub fn members_in_order(&self) -> Vec<OperatorGuid> {
        let mut members: Vec<_> = self
            .members
            .iter()
            .map(|(operator, sequence)| (*sequence, *operator))
            .collect();
        members.sort_unstable();
        members.into_iter().map(|(_, operator)| operator).collect()
    }

    pub(super) fn join(&mut self, operator: OperatorGuid) {
        let last = self.members.values().max().copied().unwrap_or(0);
        self.members.entry(operator).or_insert(last + 1);
    }

    /// Returns the authorizations of the group. Administrator belongs to the Administrators group and to no other.
    pub fn all_authorizations(&self) -> BTreeSet<OperatorGroupAuthorization> {
        let mut all = self.authorizations.clone();
        if self.kind == GroupKind::Administrators {
            all.insert(OperatorGroupAuthorization::Administrator);
        }
        all
    }
}
