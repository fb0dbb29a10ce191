//! Every operation requires credentials. The table doubles as the list of what is emulated.

use reqwest::{Method, StatusCode};

use crate::app::{Answer, TestApp};

/// Every method and path of the API, under `/v4` where applicable.
pub const OPERATIONS: [(&str, &str); 47] = [
    ("GET", "/Account"),
    ("GET", "/Account/Settings"),
    ("GET", "/ApiUser"),
    ("POST", "/ApiUser"),
    ("GET", "/ApiUser/Operator/{operatorGuid}"),
    ("GET", "/ApiUser/{apiUserGuid}"),
    ("PUT", "/ApiUser/{apiUserGuid}"),
    ("DELETE", "/ApiUser/{apiUserGuid}"),
    ("GET", "/Operator"),
    ("POST", "/Operator"),
    ("GET", "/Operator/{operatorGuid}"),
    ("PUT", "/Operator/{operatorGuid}"),
    ("PATCH", "/Operator/{operatorGuid}"),
    ("DELETE", "/Operator/{operatorGuid}"),
    ("GET", "/Operator/{operatorGuid}/Authorization"),
    (
        "POST",
        "/Operator/{operatorGuid}/Authorization/{authorizationType}",
    ),
    (
        "DELETE",
        "/Operator/{operatorGuid}/Authorization/{authorizationType}",
    ),
    ("GET", "/Operator/{operatorGuid}/DutySchedule"),
    ("POST", "/Operator/{operatorGuid}/DutySchedule"),
    (
        "PUT",
        "/Operator/{operatorGuid}/DutySchedule/{dutyScheduleId}",
    ),
    (
        "DELETE",
        "/Operator/{operatorGuid}/DutySchedule/{dutyScheduleId}",
    ),
    ("GET", "/Operator/{operatorGuid}/OperatorGroup"),
    ("GET", "/OperatorGroup"),
    ("POST", "/OperatorGroup"),
    ("GET", "/OperatorGroup/{operatorGroupGuid}"),
    ("PUT", "/OperatorGroup/{operatorGroupGuid}"),
    ("DELETE", "/OperatorGroup/{operatorGroupGuid}"),
    (
        "POST",
        "/OperatorGroup/{operatorGroupGuid}/AllOperatorsOffDuty",
    ),
    (
        "POST",
        "/OperatorGroup/{operatorGroupGuid}/AllOperatorsOnDuty",
    ),
    ("GET", "/OperatorGroup/{operatorGroupGuid}/Authorization"),
    (
        "POST",
        "/OperatorGroup/{operatorGroupGuid}/Authorization/{authorizationType}",
    ),
    (
        "DELETE",
        "/OperatorGroup/{operatorGroupGuid}/Authorization/{authorizationType}",
    ),
    ("GET", "/OperatorGroup/{operatorGroupGuid}/DutySchedule"),
    ("POST", "/OperatorGroup/{operatorGroupGuid}/DutySchedule"),
    (
        "POST",
        "/OperatorGroup/{operatorGroupGuid}/DutySchedule/AddDutyScheduleForAllMembers",
    ),
    (
        "PUT",
        "/OperatorGroup/{operatorGroupGuid}/DutySchedule/{dutyScheduleId}",
    ),
    (
        "DELETE",
        "/OperatorGroup/{operatorGroupGuid}/DutySchedule/{dutyScheduleId}",
    ),
    ("GET", "/OperatorGroup/{operatorGroupGuid}/Member"),
    (
        "POST",
        "/OperatorGroup/{operatorGroupGuid}/Member/{operatorGuid}",
    ),
    (
        "DELETE",
        "/OperatorGroup/{operatorGroupGuid}/Member/{operatorGuid}",
    ),
    ("GET", "/OutgoingPhoneNumber"),
    ("POST", "/Register"),
    ("GET", "/Timezone"),
    ("GET", "/Timezone/{timezoneId}"),
    ("GET", "/api/Users"),
    ("PUT", "/api/Users"),
    ("GET", "/api/Users/{id}"),
];

/// The operations of the vendor's Swagger file that are in scope.
const SWAGGER: [(&str, &str); 34] = [
    ("GET", "/Timezone"),
    ("GET", "/Timezone/{timezoneId}"),
    ("GET", "/Account"),
    ("GET", "/Account/Settings"),
    ("GET", "/Operator"),
    ("POST", "/Operator"),
    ("GET", "/Operator/{operatorGuid}"),
    ("PUT", "/Operator/{operatorGuid}"),
    ("DELETE", "/Operator/{operatorGuid}"),
    ("PATCH", "/Operator/{operatorGuid}"),
    ("GET", "/Operator/{operatorGuid}/OperatorGroup"),
    ("GET", "/Operator/{operatorGuid}/Authorization"),
    (
        "POST",
        "/Operator/{operatorGuid}/Authorization/{authorizationType}",
    ),
    (
        "DELETE",
        "/Operator/{operatorGuid}/Authorization/{authorizationType}",
    ),
    ("GET", "/Operator/{operatorGuid}/DutySchedule"),
    ("POST", "/Operator/{operatorGuid}/DutySchedule"),
    (
        "PUT",
        "/Operator/{operatorGuid}/DutySchedule/{dutyScheduleId}",
    ),
    (
        "DELETE",
        "/Operator/{operatorGuid}/DutySchedule/{dutyScheduleId}",
    ),
    ("GET", "/OutgoingPhoneNumber"),
    ("GET", "/OperatorGroup"),
    ("POST", "/OperatorGroup"),
    ("GET", "/OperatorGroup/{operatorGroupGuid}"),
    ("PUT", "/OperatorGroup/{operatorGroupGuid}"),
    ("DELETE", "/OperatorGroup/{operatorGroupGuid}"),
    ("GET", "/OperatorGroup/{operatorGroupGuid}/Member"),
    (
        "POST",
        "/OperatorGroup/{operatorGroupGuid}/DutySchedule/AddDutyScheduleForAllMembers",
    ),
    (
        "POST",
        "/OperatorGroup/{operatorGroupGuid}/Member/{operatorGuid}",
    ),
    (
        "DELETE",
        "/OperatorGroup/{operatorGroupGuid}/Member/{operatorGuid}",
    ),
    (
        "POST",
        "/OperatorGroup/{operatorGroupGuid}/AllOperatorsOnDuty",
    ),
    (
        "POST",
        "/OperatorGroup/{operatorGroupGuid}/AllOperatorsOffDuty",
    ),
    ("GET", "/OperatorGroup/{operatorGroupGuid}/Authorization"),
    (
        "POST",
        "/OperatorGroup/{operatorGroupGuid}/Authorization/{authorizationType}",
    ),
    (
        "DELETE",
        "/OperatorGroup/{operatorGroupGuid}/Authorization/{authorizationType}",
    ),
    ("POST", "/Register"),
];

/// Replaces the parameters of a path by values that do not exist.
pub fn filled(path: &str) -> String {
    path.replace("{authorizationType}", "AllowInfra")
        .replace("{dutyScheduleId}", "2272")
        .replace("{timezoneId}", "56")
        .replace("{id}", "2272")
        .replace("{operatorGuid}", "36fad910-6e9f-4886-b1a7-9b4637362cb8")
        .replace(
            "{operatorGroupGuid}",
            "82f4171a-16c3-4bc6-ab4d-56edee7fd6c8",
        )
        .replace("{apiUserGuid}", "c1534087-590e-497e-b58e-00bc4dbfa1d3")
}

/// Returns a path as documented: under `/v4`, except for the companion API.
pub fn documented(path: &str) -> String {
    if path.starts_with("/api/") {
        path.to_owned()
    } else {
        format!("/v4{path}")
    }
}

#[test]
fn every_operation_of_the_vendor_s_swagger_file_is_in_the_table() {
    for operation in SWAGGER {
        assert!(OPERATIONS.contains(&operation), "{operation:?}");
    }
}

#[tokio::test]
async fn every_operation_requires_credentials() {
    let app = TestApp::start().await;
    for (method, path) in OPERATIONS {
        for path in [filled(path), documented(&filled(path))] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let request = app.anonymous(method, &path);
            for request in [
                request.try_clone().unwrap(),
                request.basic_auth("emulator", Some("wrong")),
            ] {
                let answer = Answer::of(request).await;
                assert_eq!(answer.messages(StatusCode::UNAUTHORIZED).len(), 1, "{path}");
                assert_eq!(
                    answer.headers["WWW-Authenticate"],
                    "Basic realm=\"Uptrends API\""
                );
                assert_eq!(
                    answer.headers["Content-Type"],
                    "application/json; charset=utf-8"
                );
            }
        }
    }
}
