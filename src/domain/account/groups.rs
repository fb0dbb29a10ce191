//! The operator groups of an account, and their members.

use std::sync::Arc;

use super::Account;
use crate::domain::text::Description;
use crate::domain::{
    Context, DutySchedule, GroupKind, OperatorGroup, OperatorGroupAuthorization, OperatorGroupGuid,
    OperatorGuid, Problems,
};
use crate::error::{Error, Result};

pub(super) const OWNER_ADMINISTERS: &str =
    "the owner of the account cannot be removed from the Administrators group";

impl Account {
    pub fn operator_group(&self, guid: OperatorGroupGuid) -> Result<&Arc<OperatorGroup>> {
        self.operator_groups
            .get(&guid)
            .ok_or_else(|| Error::NotFound(format!("operator group {guid} does not exist")))
    }

    /// Returns the group with a GUID, or the only one with a description, or why there is none.
    pub fn group_named(&self, name: &str) -> Result<&Arc<OperatorGroup>, &'static str> {
        let by_guid = name.parse().ok();
        if let Some(group) = by_guid.and_then(|guid| self.operator_groups.get(&guid)) {
            return Ok(group);
        }
        let groups = self.operator_groups.iter();
        let mut groups = groups.filter(|group| group.description.as_str() == name);
        match (groups.next(), groups.next()) {
            (Some(group), None) => Ok(group),
            (Some(_), Some(_)) => Err("several groups have this description; give a GUID"),
            (None, _) => Err("no group has this description or GUID"),
        }
    }

    pub fn add_operator_group(
        &mut self,
        description: Description,
        context: &Context,
    ) -> Arc<OperatorGroup> {
        let group = Arc::new(OperatorGroup::new(
            context.new_guid(),
            GroupKind::Ordinary,
            description,
        ));
        self.operator_groups.insert(Arc::clone(&group));
        group
    }

    /// Inserts or replaces a group.
    pub fn insert_operator_group(&mut self, group: OperatorGroup) {
        if group.kind == GroupKind::Administrators {
            self.administrators = Some(group.guid);
        }
        self.operator_groups.insert(group);
    }

    /// Returns a group after it is renamed. A system group cannot be renamed, whatever the new name: that is added to `problems`.
    pub fn renamed_group(
        &self,
        guid: OperatorGroupGuid,
        description: Option<Description>,
        problems: &mut Problems,
    ) -> Option<OperatorGroup> {
        let group = self.operator_group(guid).ok()?;
        problems.append(Self::check_ordinary(group));
        Some(OperatorGroup {
            description: description?,
            ..OperatorGroup::clone(group)
        })
    }

    /// Removes a group. Its operators stay, and so do their copies of its schedules, which become ordinary ones.
    pub fn remove_operator_group(&mut self, guid: OperatorGroupGuid) -> Result<()> {
        let group = Arc::clone(self.operator_group(guid)?);
        Self::check_ordinary(&group).into_result()?;
        for id in group.schedules.keys() {
            self.change_copies(*id, |copy| {
                Some(DutySchedule {
                    copy_of: None,
                    ..copy
                })
            });
        }
        self.operator_groups.remove(&guid);
        Ok(())
    }

    /// Checks that a group is not a system group: "The All operators group cannot be changed or deleted." (Swagger,
    /// `OperatorGroup_UpdateOperatorGroup`): a 400 there, not a 403.
    fn check_ordinary(group: &OperatorGroup) -> Problems {
        let mut problems = Problems::default();
        if group.is_system_group() {
            let name = &group.description;
            let message = format!("the system group {name} can be neither renamed nor deleted");
            problems.malformed("", message);
        }
        problems
    }

    /// Returns the members of a group in the order in which they joined; those of Everyone, in the order of their creation.
    pub fn members_of(&self, guid: OperatorGroupGuid) -> Result<Vec<OperatorGuid>> {
        let group = self.operator_group(guid)?;
        Ok(match group.kind {
            GroupKind::Everyone => self
                .operators
                .iter()
                .map(|operator| operator.guid)
                .collect(),
            GroupKind::Administrators | GroupKind::Ordinary => group.members_in_order(),
        })
    }

    pub fn groups_of(&self, guid: OperatorGuid) -> Result<Vec<OperatorGroupGuid>> {
        self.operator(guid)?;
        let has_operator = |group: &&Arc<OperatorGroup>| {
            group.kind == GroupKind::Everyone || group.members.contains_key(&guid)
        };
        Ok(self
            .operator_groups
            .iter()
            .filter(has_operator)
            .map(|group| group.guid)
            .collect())
    }

    pub fn add_member(&mut self, guid: OperatorGroupGuid, operator: OperatorGuid) -> Result<()> {
        let mut group = self.group_for_member_change(guid, operator)?;
        group.join(operator);
        self.operator_groups.insert(group);
        Ok(())
    }

    pub fn remove_member(&mut self, guid: OperatorGroupGuid, operator: OperatorGuid) -> Result<()> {
        let mut group = self.group_for_member_change(guid, operator)?;
        if self.always_holds(&group, operator) {
            return Err(Error::refused("", OWNER_ADMINISTERS));
        }
        if group.members.remove(&operator).is_none() {
            return Err(Error::NotFound(format!(
                "operator {operator} is not a member of operator group {guid}"
            )));
        }
        self.operator_groups.insert(group);
        Ok(())
    }

    /// Returns whether an operator cannot leave a group: Everyone contains every operator, and Administrators the owner of the
    /// account.
    pub fn always_holds(&self, group: &OperatorGroup, operator: OperatorGuid) -> bool {
        match group.kind {
            GroupKind::Everyone => true,
            GroupKind::Administrators => operator == self.owner,
            GroupKind::Ordinary => false,
        }
    }

    /// Returns a copy of a group for adding or removing a member, if its members can change.
    fn group_for_member_change(
        &self,
        guid: OperatorGroupGuid,
        operator: OperatorGuid,
    ) -> Result<OperatorGroup> {
        let group = self.operator_group(guid)?;
        self.operator(operator)?;
        if group.kind == GroupKind::Everyone {
            // "A operator cannot be removed from the All operators group." (Swagger): a 400 there, not a 403.
            let message =
                "the Everyone group always holds every operator; none can be added or removed";
            return Err(Error::malformed("", message));
        }
        Ok(OperatorGroup::clone(group))
    }

    /// Puts all members of a group on or off duty.
    pub fn set_all_on_duty(&mut self, guid: OperatorGroupGuid, is_on_duty: bool) -> Result<()> {
        for member in self.members_of(guid)? {
            let operator = self.operator(member)?.on_duty(is_on_duty);
            self.operators.insert(operator);
        }
        Ok(())
    }

    pub fn authorize_group(
        &mut self,
        guid: OperatorGroupGuid,
        authorization: OperatorGroupAuthorization,
    ) -> Result<()> {
        let mut group = OperatorGroup::clone(self.operator_group(guid)?);
        Self::check_assignable_to_group(authorization)?;
        group.authorizations.insert(authorization);
        self.operator_groups.insert(group);
        Ok(())
    }

    pub fn remove_group_authorization(
        &mut self,
        guid: OperatorGroupGuid,
        authorization: OperatorGroupAuthorization,
    ) -> Result<()> {
        let mut group = OperatorGroup::clone(self.operator_group(guid)?);
        Self::check_assignable_to_group(authorization)?;
        if !group.authorizations.remove(&authorization) {
            let word: &str = authorization.into();
            return Err(Error::NotFound(format!(
                "operator group {guid} does not have the authorization {word}"
            )));
        }
        self.operator_groups.insert(group);
        Ok(())
    }

    fn check_assignable_to_group(authorization: OperatorGroupAuthorization) -> Result<()> {
        if authorization == OperatorGroupAuthorization::Administrator {
            let message = "Administrator belongs to the Administrators group and to no other";
            return Err(Error::refused("", message));
        }
        Ok(())
    }
}
