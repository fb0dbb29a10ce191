//! The operations of the live service that are answered as not emulated.

use std::sync::LazyLock;

/// An operation of the live service that is not emulated.
#[derive(Debug)]
pub struct NotEmulated {
    pub method: &'static str,
    /// The path in the form of the routes.
    pub path: &'static str,
    pub id: &'static str,
}

/// The operations of the vendor's Swagger file of 2023 that are not emulated, one per line: method, path and `operationId`.
/// `/PrivateLocationHealth` is newer than the file, and its `operationId` follows the pattern of the others.
const TABLE: &str = "
    GET    /Alert/Monitor/{monitorGuid} Alert_GetMonitorAlerts
    GET    /Alert/MonitorGroup/{monitorGroupGuid} Alert_GetMonitorGroupAlerts
    GET    /AlertDefinition AlertDefinition_GetAllAlertDefinitions
    POST   /AlertDefinition AlertDefinition_CreateAlertDefinition
    GET    /AlertDefinition/{alertDefinitionGuid} AlertDefinition_GetSpecifiedAlertDefinitions
    PUT    /AlertDefinition/{alertDefinitionGuid} AlertDefinition_PutAlertDefinition
    PATCH  /AlertDefinition/{alertDefinitionGuid} AlertDefinition_PatchAlertDefinition
    DELETE /AlertDefinition/{alertDefinitionGuid} AlertDefinition_DeleteAlertDefinition
    GET    /AlertDefinition/{alertDefinitionGuid}/Authorizations AlertDefinition_GetAuthorizationsOfAlertDefinition
    POST   /AlertDefinition/{alertDefinitionGuid}/Authorizations AlertDefinition_CreateAuthorizationForAlertDefinition
    DELETE /AlertDefinition/{alertDefinitionGuid}/Authorizations/{authorizationGuid} AlertDefinition_DeleteAuthorizationForAlertDefinition
    GET    /AlertDefinition/{alertDefinitionGuid}/EscalationLevel AlertDefinition_GetAllEscalationLevels
    GET    /AlertDefinition/{alertDefinitionGuid}/EscalationLevel/{escalationLevelId} AlertDefinition_GetEscalationLevel
    PUT    /AlertDefinition/{alertDefinitionGuid}/EscalationLevel/{escalationLevelId} AlertDefinition_PutAlertDefinitionEscalation
    PATCH  /AlertDefinition/{alertDefinitionGuid}/EscalationLevel/{escalationLevelId} AlertDefinition_PatchAlertDefinitionEscalation
    GET    /AlertDefinition/{alertDefinitionGuid}/EscalationLevel/{escalationLevelId}/Integration AlertDefinition_GetAllEscalationLevelIntegrations
    POST   /AlertDefinition/{alertDefinitionGuid}/EscalationLevel/{escalationLevelId}/Integration AlertDefinition_AddIntegrationToEscalationLevel
    GET    /AlertDefinition/{alertDefinitionGuid}/EscalationLevel/{escalationLevelId}/Integration/{integrationGuid} AlertDefinition_GetEscalationLevelIntegration
    PUT    /AlertDefinition/{alertDefinitionGuid}/EscalationLevel/{escalationLevelId}/Integration/{integrationGuid} AlertDefinition_UpdateIntegrationForEscalationWithPut
    PATCH  /AlertDefinition/{alertDefinitionGuid}/EscalationLevel/{escalationLevelId}/Integration/{integrationGuid} AlertDefinition_UpdateIntegrationForEscalationWithPatch
    DELETE /AlertDefinition/{alertDefinitionGuid}/EscalationLevel/{escalationLevelId}/Integration/{integrationGuid} AlertDefinition_RemoveIntegrationFromEscalationLevel
    GET    /AlertDefinition/{alertDefinitionGuid}/EscalationLevel/{escalationLevelId}/Member AlertDefinition_GetEscalationLevelOperator
    POST   /AlertDefinition/{alertDefinitionGuid}/EscalationLevel/{escalationLevelId}/Member/Operator/{operatorGuid} AlertDefinition_AddOperatorToEscalationLevel
    DELETE /AlertDefinition/{alertDefinitionGuid}/EscalationLevel/{escalationLevelId}/Member/Operator/{operatorGuid} AlertDefinition_RemoveOperatorFromEscalationLevel
    POST   /AlertDefinition/{alertDefinitionGuid}/EscalationLevel/{escalationLevelId}/Member/OperatorGroup/{operatorGroupGuid} AlertDefinition_AddOperatorGroupToEscalationLevel
    DELETE /AlertDefinition/{alertDefinitionGuid}/EscalationLevel/{escalationLevelId}/Member/OperatorGroup/{operatorGroupGuid} AlertDefinition_RemoveOperatorGroupFromEscalationLevel
    GET    /AlertDefinition/{alertDefinitionGuid}/Member AlertDefinition_GetAllMembers
    POST   /AlertDefinition/{alertDefinitionGuid}/Member/Monitor/{monitorGuid} AlertDefinition_AddMonitorToAlertDefinition
    DELETE /AlertDefinition/{alertDefinitionGuid}/Member/Monitor/{monitorGuid} AlertDefinition_RemoveMonitorFromAlertDefinition
    POST   /AlertDefinition/{alertDefinitionGuid}/Member/MonitorGroup/{monitorGroupGuid} AlertDefinition_AddMonitorGroupToAlertDefinition
    DELETE /AlertDefinition/{alertDefinitionGuid}/Member/MonitorGroup/{monitorGroupGuid} AlertDefinition_RemoveMonitorGroupFromAlertDefinition
    GET    /Checkpoint Checkpoint_GetAllCheckpoints
    GET    /Checkpoint/Server/Ipv4 CheckpointServer_GetAllServerIpv4Addresses
    GET    /Checkpoint/Server/Ipv6 CheckpointServer_GetAllServerIpv6Addresses
    GET    /Checkpoint/Server/{serverId} CheckpointServer_GetServer
    GET    /Checkpoint/{checkpointId} Checkpoint_GetCheckpoint
    GET    /CheckpointRegion CheckpointRegion_GetAllCheckpointRegions
    GET    /CheckpointRegion/{checkpointRegionId} CheckpointRegion_GetSpecifiedCheckpointRegion
    GET    /CheckpointRegion/{checkpointRegionId}/Checkpoint CheckpointRegion_GetCheckpointRegionCheckpoints
    GET    /Dashboard Dashboard_GetAllDashboards
    GET    /Dashboard/{dashboardGuid} Dashboard_GetOneDashboard
    PUT    /Dashboard/{dashboardGuid} Dashboard_UpdateDashboard
    PATCH  /Dashboard/{dashboardGuid} Dashboard_PartiallyUpdateDashboard
    DELETE /Dashboard/{dashboardGuid} Dashboard_DeleteDashboard
    POST   /Dashboard/{dashboardGuid}/Clone Dashboard_CloneDashboard
    GET    /Integration Integration_GetAllIntegrations
    GET    /Integration/{integrationGuid}/Authorizations Integration_GetAuthorizationsOfIntegration
    POST   /Integration/{integrationGuid}/Authorizations Integration_CreateAuthorizationForIntegration
    DELETE /Integration/{integrationGuid}/Authorizations/{authorizationGuid} Integration_DeleteAuthorizationForIntegration
    GET    /Monitor Monitor_GetMonitors
    POST   /Monitor Monitor_PostMonitor
    GET    /Monitor/MonitorGroup/{monitorGroupGuid} Monitor_GetMonitorsByMonitorGroup
    GET    /Monitor/{monitorGuid} Monitor_GetMonitor
    PUT    /Monitor/{monitorGuid} Monitor_PutMonitor
    PATCH  /Monitor/{monitorGuid} Monitor_PatchMonitor
    DELETE /Monitor/{monitorGuid} Monitor_DeleteMonitor
    GET    /Monitor/{monitorGuid}/Authorizations Monitor_GetAuthorizationsOfMonitor
    POST   /Monitor/{monitorGuid}/Authorizations Monitor_CreateAuthorizationForMonitor
    DELETE /Monitor/{monitorGuid}/Authorizations/{authorizationGuid} Monitor_DeleteAuthorizationForMonitorGroup
    POST   /Monitor/{monitorGuid}/Clone Monitor_CloneMonitor
    GET    /Monitor/{monitorGuid}/MaintenancePeriod Monitor_GetAllMaintenancePeriodsForMonitor
    POST   /Monitor/{monitorGuid}/MaintenancePeriod Monitor_CreateMaintenancePeriodForMonitor
    POST   /Monitor/{monitorGuid}/MaintenancePeriod/Cleanup/{beforeDate} Monitor_CleanupMaintenancePeriods
    PUT    /Monitor/{monitorGuid}/MaintenancePeriod/{maintenancePeriodId} Monitor_UpdateMaintenancePeriodForMonitor
    DELETE /Monitor/{monitorGuid}/MaintenancePeriod/{maintenancePeriodId} Monitor_DeleteMaintenancePeriodFromMonitor
    GET    /Monitor/{monitorGuid}/MonitorGroup Monitor_GetMonitorGroups
    GET    /MonitorCheck MonitorCheck_GetAccountMonitorChecks
    GET    /MonitorCheck/Monitor/{monitorGuid} MonitorCheck_GetMonitorCheck
    GET    /MonitorCheck/MonitorGroup/{monitorGroupGuid} MonitorCheck_GetMonitorGroupData
    GET    /MonitorCheck/{monitorCheckId} MonitorCheck_GetSingleMonitorCheck
    GET    /MonitorCheck/{monitorCheckId}/Concurrent MonitorCheck_GetConcurrentMonitorPartialChecks
    GET    /MonitorCheck/{monitorCheckId}/ConsoleLog MonitorCheck_GetConsoleLogInfo
    GET    /MonitorCheck/{monitorCheckId}/Http MonitorCheck_GetHttpDetails
    GET    /MonitorCheck/{monitorCheckId}/MultiStepAPI MonitorCheck_GetMultistepDetails
    GET    /MonitorCheck/{monitorCheckId}/PageSource MonitorCheck_GetPageSourceInfo
    GET    /MonitorCheck/{monitorCheckId}/Screenshot/{screenshotId} MonitorCheck_GetScreenshots
    GET    /MonitorCheck/{monitorCheckId}/Transaction MonitorCheck_GetTransactionDetails
    GET    /MonitorCheck/{monitorCheckId}/Waterfall MonitorCheck_GetWaterfallInfo
    GET    /MonitorGroup MonitorGroup_GetAllMonitorGroups
    POST   /MonitorGroup MonitorGroup_CreateMonitorGroup
    GET    /MonitorGroup/{monitorGroupGuid} MonitorGroup_GetMonitorGroup
    PUT    /MonitorGroup/{monitorGroupGuid} MonitorGroup_UpdateMonitorGroup
    DELETE /MonitorGroup/{monitorGroupGuid} MonitorGroup_DeleteMonitorGroup
    POST   /MonitorGroup/{monitorGroupGuid}/AddMaintenancePeriodToAllMembers MonitorGroup_AddMaintenancePeriodToAllMembers
    GET    /MonitorGroup/{monitorGroupGuid}/Authorizations MonitorGroup_GetAuthorizationsOfMonitorGroup
    POST   /MonitorGroup/{monitorGroupGuid}/Authorizations MonitorGroup_CreateAuthorizationForMonitorGroup
    DELETE /MonitorGroup/{monitorGroupGuid}/Authorizations/{authorizationGuid} MonitorGroup_DeleteAuthorizationForMonitorGroup
    GET    /MonitorGroup/{monitorGroupGuid}/Member MonitorGroup_GetMonitorGroupMembers
    POST   /MonitorGroup/{monitorGroupGuid}/Member/{monitorGuid} MonitorGroup_AddMonitorToMonitorGroup
    DELETE /MonitorGroup/{monitorGroupGuid}/Member/{monitorGuid} MonitorGroup_RemoveMonitorFromMonitorGroup
    POST   /MonitorGroup/{monitorGroupGuid}/StartAllMonitorAlerts MonitorGroup_StartAllMonitorAlertsInGroup
    POST   /MonitorGroup/{monitorGroupGuid}/StartAllMonitors MonitorGroup_StartAllMonitorsInGroup
    POST   /MonitorGroup/{monitorGroupGuid}/StopAllMonitorAlerts MonitorGroup_StopAllMonitorAlertsInGroup
    POST   /MonitorGroup/{monitorGroupGuid}/StopAllMonitors MonitorGroup_StopAllMonitorsInGroup
    GET    /PrivateCheckpointHealth PrivateCheckpointHealth_GetSpecifiedPrivateCheckpointHealth
    GET    /PrivateCheckpointHealthForRegion PrivateCheckpointHealth_GetPrivateCheckpointHealthForRegion
    GET    /PrivateLocationHealth PrivateLocationHealth_GetSpecifiedPrivateLocationHealth
    GET    /PublicStatusPage PublicStatusPage_GetPublicStatusPages
    POST   /PublicStatusPage PublicStatusPage_PostPublicStatusPage
    GET    /PublicStatusPage/{publicStatusPageGuid} PublicStatusPage_GetPublicStatusPage
    PUT    /PublicStatusPage/{publicStatusPageGuid} PublicStatusPage_PutPublicStatusPage
    PATCH  /PublicStatusPage/{publicStatusPageGuid} PublicStatusPage_PatchPublicStatusPage
    DELETE /PublicStatusPage/{publicStatusPageGuid} PublicStatusPage_DeletePublicStatusPage
    GET    /PublicStatusPage/{publicStatusPageGuid}/Authorization PublicStatusPage_GetAuthorizationsForPublicStatusPage
    POST   /PublicStatusPage/{publicStatusPageGuid}/Authorization PublicStatusPage_AddAuthorizationToPublicStatusPage
    DELETE /PublicStatusPage/{publicStatusPageGuid}/Authorization/{authorizationGuid} PublicStatusPage_RemoveAuthorizationFromPublicStatusPage
    GET    /Rum/Website Rum_GetRumWebsites
    GET    /Rum/Website/Metrics Rum_GetRumMetricsForAllWebsites
    GET    /Rum/Website/{rumWebsiteGuid}/Metrics Rum_GetRumWebsiteMetrics
    GET    /ScheduledReport ScheduledReport_GetAllScheduledReports
    POST   /ScheduledReport ScheduledReport_CreateScheduledReport
    GET    /ScheduledReport/{scheduledReportGuid} ScheduledReport_GetSpecifiedScheduledReport
    PUT    /ScheduledReport/{scheduledReportGuid} ScheduledReport_UpdateScheduledReport
    PATCH  /ScheduledReport/{scheduledReportGuid} ScheduledReport_PartiallyUpdateScheduledReport
    DELETE /ScheduledReport/{scheduledReportGuid} ScheduledReport_DeleteSpecifiedScheduledReport
    GET    /Sla Sla_GetSlas
    POST   /Sla Sla_CreateSla
    GET    /Sla/{slaGuid} Sla_GetSla
    PUT    /Sla/{slaGuid} Sla_PutSla
    PATCH  /Sla/{slaGuid} Sla_PatchSla
    DELETE /Sla/{slaGuid} Sla_DeleteSla
    GET    /Sla/{slaGuid}/ExclusionPeriod Sla_GetExclusionPeriods
    POST   /Sla/{slaGuid}/ExclusionPeriod Sla_PostExclusionPeriod
    GET    /Sla/{slaGuid}/ExclusionPeriod/{exclusionPeriodId} Sla_GetExclusionPeriod
    PUT    /Sla/{slaGuid}/ExclusionPeriod/{exclusionPeriodId} Sla_PutExclusionPeriod
    PATCH  /Sla/{slaGuid}/ExclusionPeriod/{exclusionPeriodId} Sla_PatchExclusionPeriod
    DELETE /Sla/{slaGuid}/ExclusionPeriod/{exclusionPeriodId} Sla_DeleteExclusionPeriod
    GET    /Statistics/Monitor/{monitorGuid} Statistics_GetMonitorStatistics
    GET    /Statistics/MonitorGroup/{monitorGroupGuid} Statistics_GetMonitorGroupStatistics
    GET    /Status/Monitor/{monitorGuid} Status_GetMonitorStatus
    GET    /Status/MonitorGroup/{monitorGroupGuid} Status_GetMonitorGroupStatus
    GET    /VaultItem Vault_GetAllVaultItems
    POST   /VaultItem Vault_CreateNewVaultItem
    GET    /VaultItem/{vaultItemGuid} Vault_GetVaultItem
    PUT    /VaultItem/{vaultItemGuid} Vault_UpdateVaultItem
    PATCH  /VaultItem/{vaultItemGuid} Vault_PartiallyUpdateVaultItem
    DELETE /VaultItem/{vaultItemGuid} Vault_DeleteVaultItem
    GET    /VaultSection Vault_GetAllVaultSections
    POST   /VaultSection Vault_CreateNewVaultSection
    GET    /VaultSection/{vaultSectionGuid} Vault_GetVaultSection
    PUT    /VaultSection/{vaultSectionGuid} Vault_UpdateVaultSection
    DELETE /VaultSection/{vaultSectionGuid} Vault_DeleteVaultSection
    GET    /VaultSection/{vaultSectionGuid}/Authorization Vault_GetAuthorizationsForVaultSection
    POST   /VaultSection/{vaultSectionGuid}/Authorization Vault_CreateAuthorizationForVaultSection
    DELETE /VaultSection/{vaultSectionGuid}/Authorization/{authorizationGuid} Vault_DeleteAuthorizationForVaultSection
";

/// The parsed operations of [`TABLE`].
pub static NOT_EMULATED: LazyLock<Vec<NotEmulated>> = LazyLock::new(|| {
    let words = TABLE.split_whitespace().collect::<Vec<_>>();
    words
        .chunks_exact(3)
        .map(|line| NotEmulated {
            method: line[0],
            path: line[1],
            id: line[2],
        })
        .collect()
});

/// Returns whether a path begins like that of an operation that is not emulated.
pub fn is_not_emulated(path: &str) -> bool {
    let first = first_segment(path);
    NOT_EMULATED
        .iter()
        .any(|operation| first_segment(operation.path) == first)
}

/// Finds the operation with a method and path. Literal segments take precedence over parameters: `/Checkpoint/Server/Ipv4` is
/// not the server Ipv4.
pub fn find(method: &str, path: &str) -> Option<&'static NotEmulated> {
    let matches = |operation: &&NotEmulated| {
        operation.method == method && matches_pattern(operation.path, path)
    };
    let parameters = |operation: &&NotEmulated| operation.path.matches('{').count();
    NOT_EMULATED.iter().filter(matches).min_by_key(parameters)
}

fn matches_pattern(pattern: &str, path: &str) -> bool {
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return true,
            (Some(parameter), Some(value)) if parameter.starts_with('{') && !value.is_empty() => {}
            (Some(word), Some(segment)) if word == segment => {}
            _ => return false,
        }
    }
}

fn first_segment(path: &str) -> Option<&str> {
    path.split('/').nth(1)
}

#[cfg(test)]
mod tests {
    use super::{NOT_EMULATED, TABLE, find};

    #[test]
    fn a_line_of_the_table_is_a_method_a_path_and_an_operation_id() {
        assert_eq!(TABLE.trim().lines().count(), NOT_EMULATED.len());
        for operation in NOT_EMULATED.iter() {
            assert!(
                ["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&operation.method),
                "{operation:?}"
            );
            assert!(operation.path.starts_with('/'), "{operation:?}");
            assert!(operation.id.contains('_'), "{operation:?}");
        }
    }

    #[test]
    fn each_operation_is_found_by_its_own_path() {
        for operation in NOT_EMULATED.iter() {
            let found = find(operation.method, operation.path).unwrap();
            assert_eq!(found.id, operation.id);
        }
    }
}
