//! Every operation of the account API, by the vendor's own name.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::user::USERS;

/// An operation of the API.
#[derive(Debug)]
pub struct Operation {
    /// The `operationId` of the vendor's Swagger file. The file is older than the ApiUser paths, newer than
    /// those of users, and has one operation on the schedules of groups; the names of the others follow its pattern.
    pub id: &'static str,
    pub method: &'static str,
    /// The path as the router has it.
    pub path: &'static str,
    /// What the live service does otherwise, if anything.
    pub differs: Option<&'static str>,
}

/// The operation that a method of a route is.
pub fn find(method: &str, path: &str) -> Option<&'static Operation> {
    static BY_ROUTE: LazyLock<HashMap<(&str, &str), &Operation>> = LazyLock::new(|| {
        OPERATIONS
            .iter()
            .map(|operation| ((operation.method, operation.path), operation))
            .collect()
    });

    BY_ROUTE.get(&(method, path)).copied()
}

const fn operation(id: &'static str, method: &'static str, path: &'static str) -> Operation {
    Operation {
        id,
        method,
        path,
        differs: None,
    }
}

impl Operation {
    const fn but(self, differs: &'static str) -> Self {
        Self {
            differs: Some(differs),
            ..self
        }
    }
}

#[rustfmt::skip]
pub static OPERATIONS: [Operation; 47] = [
    operation("Account_GetAccountStatistics", "GET", "/Account")
        .but("tells of quotas, which are not enforced, and of no monitors"),
    operation("Account_GetSettings", "GET", "/Account/Settings"),
    operation("ApiUser_GetAllApiUsers", "GET", "/ApiUser"),
    operation("ApiUser_CreateApiUser", "POST", "/ApiUser"),
    operation("ApiUser_GetApiUsersForOperator", "GET", "/ApiUser/Operator/{operatorGuid}"),
    operation("ApiUser_GetApiUser", "GET", "/ApiUser/{apiUserGuid}"),
    operation("ApiUser_UpdateApiUser", "PUT", "/ApiUser/{apiUserGuid}"),
    operation("ApiUser_DeleteApiUser", "DELETE", "/ApiUser/{apiUserGuid}"),
    operation("Operator_GetAllOperators", "GET", "/Operator"),
    operation("Operator_CreateOperator", "POST", "/Operator")
        .but("sends no invitation"),
    operation("Operator_GetOperator", "GET", "/Operator/{operatorGuid}"),
    operation("Operator_UpdateOperator", "PUT", "/Operator/{operatorGuid}"),
    operation("Operator_UpdateOperatorWithPatch", "PATCH", "/Operator/{operatorGuid}"),
    operation("Operator_DeleteOperator", "DELETE", "/Operator/{operatorGuid}"),
    operation("Operator_GetOperatorGroupsForOperator", "GET", "/Operator/{operatorGuid}/OperatorGroup"),
    operation("Operator_GetAuthorizationsForOperator", "GET", "/Operator/{operatorGuid}/Authorization"),
    operation("Operator_PostAuthorizationForOperator", "POST", "/Operator/{operatorGuid}/Authorization/{authorizationType}")
        .but("keeps and shows it; only membership of Administrators is enforced"),
    operation("Operator_DeleteAuthorizationForOperator", "DELETE", "/Operator/{operatorGuid}/Authorization/{authorizationType}"),
    operation("Operator_GetDutyScheduleForOperator", "GET", "/Operator/{operatorGuid}/DutySchedule"),
    operation("Operator_AddDutyPeriodForOperator", "POST", "/Operator/{operatorGuid}/DutySchedule"),
    operation("Operator_UpdateDutyPeriodForOperator", "PUT", "/Operator/{operatorGuid}/DutySchedule/{dutyScheduleId}"),
    operation("Operator_DeleteDutyScheduleFromOperator", "DELETE", "/Operator/{operatorGuid}/DutySchedule/{dutyScheduleId}"),
    operation("OperatorGroup_GetAllOperatorGroups", "GET", "/OperatorGroup"),
    operation("OperatorGroup_CreateOperatorGroup", "POST", "/OperatorGroup"),
    operation("OperatorGroup_GetOperatorGroup", "GET", "/OperatorGroup/{operatorGroupGuid}"),
    operation("OperatorGroup_UpdateOperatorGroup", "PUT", "/OperatorGroup/{operatorGroupGuid}"),
    operation("OperatorGroup_DeleteOperatorGroup", "DELETE", "/OperatorGroup/{operatorGroupGuid}"),
    operation("OperatorGroup_GetOperatorGroupMembers", "GET", "/OperatorGroup/{operatorGroupGuid}/Member"),
    operation("OperatorGroup_AddOperatorToOperatorGroup", "POST", "/OperatorGroup/{operatorGroupGuid}/Member/{operatorGuid}"),
    operation("OperatorGroup_RemoveOperatorFromOperatorGroup", "DELETE", "/OperatorGroup/{operatorGroupGuid}/Member/{operatorGuid}"),
    operation("OperatorGroup_GetDutyScheduleForOperatorGroup", "GET", "/OperatorGroup/{operatorGroupGuid}/DutySchedule"),
    operation("OperatorGroup_AddDutyPeriodForOperatorGroup", "POST", "/OperatorGroup/{operatorGroupGuid}/DutySchedule"),
    operation("OperatorGroup_UpdateDutyPeriodForOperatorGroup", "PUT", "/OperatorGroup/{operatorGroupGuid}/DutySchedule/{dutyScheduleId}"),
    operation("OperatorGroup_DeleteDutyScheduleFromOperatorGroup", "DELETE", "/OperatorGroup/{operatorGroupGuid}/DutySchedule/{dutyScheduleId}"),
    operation("OperatorGroup_AddDutyScheduleToAllMembers", "POST", "/OperatorGroup/{operatorGroupGuid}/DutySchedule/AddDutyScheduleForAllMembers"),
    operation("OperatorGroup_AllOperatorsInGroupOnDuty", "POST", "/OperatorGroup/{operatorGroupGuid}/AllOperatorsOnDuty"),
    operation("OperatorGroup_AllOperatorsInGroupOffDuty", "POST", "/OperatorGroup/{operatorGroupGuid}/AllOperatorsOffDuty"),
    operation("OperatorGroup_GetAuthorizationsForOperatorGroup", "GET", "/OperatorGroup/{operatorGroupGuid}/Authorization"),
    operation("OperatorGroup_PostAuthorizationForOperatorGroup", "POST", "/OperatorGroup/{operatorGroupGuid}/Authorization/{authorizationType}")
        .but("keeps and shows it; only membership of Administrators is enforced"),
    operation("OperatorGroup_DeleteAuthorizationForOperatorGroup", "DELETE", "/OperatorGroup/{operatorGroupGuid}/Authorization/{authorizationType}"),
    operation("OutgoingPhoneNumber_GetAllOutgoingPhoneNumbers", "GET", "/OutgoingPhoneNumber")
        .but("numbers kept free for fiction"),
    operation("Register_Post", "POST", "/Register"),
    operation("Timezone_GetAllTimezones", "GET", "/Timezone")
        .but("zones of the time zone database; Ids 1, 2, 3 and 56 are the vendor's"),
    operation("Timezone_GetTimezoneById", "GET", "/Timezone/{timezoneId}")
        .but("as the list"),
    operation("Users_GetAllUsers", "GET", USERS),
    operation("Users_UpdateUser", "PUT", USERS)
        .but("codes of messages are the emulator's own"),
    operation("Users_GetUser", "GET", "/api/Users/{id}"),
];

/// What else the live service has: these paths, and all below them, are not emulated.
pub const NOT_EMULATED: [&str; 17] = [
    "Alert",
    "AlertDefinition",
    "Checkpoint",
    "CheckpointRegion",
    "Dashboard",
    "Integration",
    "Monitor",
    "MonitorCheck",
    "MonitorGroup",
    "PublicStatusPage",
    "Rum",
    "ScheduledReport",
    "Sla",
    "Statistics",
    "Status",
    "VaultItem",
    "VaultSection",
];
