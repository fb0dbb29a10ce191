//! Rights: administrators may change everything, all others only their own data.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::anonymous::OPERATIONS;
use crate::app::{Answer, Client, TestApp, path_of, text};

const DELETE: Method = Method::DELETE;
const PATCH: Method = Method::PATCH;
const POST: Method = Method::POST;
const PUT: Method = Method::PUT;

fn daily() -> Value {
    json!({"ScheduleMode": "Daily", "StartTime": "08:00", "EndTime": "16:30"})
}

/// Creates an ordinary operator and a client with its credentials.
async fn ordinary(app: &TestApp) -> (Value, Client<'_>) {
    let operator = app.new_operator(json!({})).await;
    let client = app.as_operator(&text(&operator, "OperatorGuid")).await;
    (operator, client)
}

/// Returns all data of an account except the usage of its API users.
async fn everything(app: &TestApp) -> Vec<Value> {
    let mut all = Vec::new();
    for (list, key, below) in [
        (
            "Operator",
            "OperatorGuid",
            ["OperatorGroup", "Authorization", "DutySchedule"],
        ),
        (
            "OperatorGroup",
            "OperatorGroupGuid",
            ["Member", "Authorization", "DutySchedule"],
        ),
    ] {
        let things = app.get(&format!("/v4/{list}")).await.expect(StatusCode::OK);
        for thing in things.as_array().unwrap() {
            for below in below {
                let path = format!("/v4/{list}/{}/{below}", text(thing, key));
                all.push(app.get(&path).await.expect(StatusCode::OK));
            }
        }
        all.push(things);
    }
    let mut api_users = app.get("/v4/ApiUser").await.expect(StatusCode::OK);
    for api_user in api_users.as_array_mut().unwrap() {
        let api_user = api_user.as_object_mut().unwrap();
        api_user.remove("LastUsed");
        api_user.remove("UsageLast30Days");
    }
    all.push(api_users);
    let users = app.get("/api/Users").await.expect(StatusCode::OK);
    all.push(users["Users"].clone());
    all
}

#[tokio::test]
async fn only_administrators_may_change_the_data_of_others() {
    let app = TestApp::start().await;
    let (operator, client) = ordinary(&app).await;
    let (own, guid) = (path_of(&operator), text(&operator, "OperatorGuid"));
    let other = path_of(
        &app.new_operator(json!({"Email": "other@example.com"}))
            .await,
    );
    let group = app.new_group("Night watch").await;
    let administrators = app.system_group("IsAdministratorsGroup").await;
    let api_users = app.get(&format!("/v4/ApiUser/Operator/{guid}")).await;
    let api_user = text(&api_users.expect(StatusCode::OK)[0], "ApiUserGuid");
    let mut schedules = Vec::new();
    for owner in [&other, &group] {
        let created = app.post(&format!("{owner}/DutySchedule"), daily()).await;
        let id = created.expect(StatusCode::CREATED)["Id"].clone();
        schedules.push(format!("{owner}/DutySchedule/{id}"));
    }
    let before = everything(&app).await;
    let mut untried: Vec<_> = OPERATIONS.into_iter().collect();
    untried.retain(|(method, path)| *method != "GET" && *path != "/Register");

    let who = json!({"FullName": "Renamed", "Email": "renamed@example.com"});
    let what = json!({"Description": "Renamed"});
    let api = json!({"OperatorGuid": guid, "Description": "Renamed"});
    for (method, path, body) in [
        (POST, "/v4/Operator", &who),
        (PUT, &other, &who),
        (PATCH, &other, &who),
        (DELETE, &other, &who),
        (DELETE, &own, &who),
        (POST, &format!("{own}/Authorization/AllowInfra"), &who),
        (DELETE, &format!("{own}/Authorization/AccountAccess"), &who),
        (POST, &format!("{other}/DutySchedule"), &daily()),
        (PUT, &schedules[0], &daily()),
        (DELETE, &schedules[0], &daily()),
        (POST, "/v4/OperatorGroup", &what),
        (PUT, &group, &what),
        (DELETE, &group, &what),
        (POST, &format!("{group}/Member/{guid}"), &what),
        (DELETE, &format!("{group}/Member/{guid}"), &what),
        (POST, &format!("{administrators}/Member/{guid}"), &what),
        (POST, &format!("{group}/Authorization/AllowInfra"), &what),
        (DELETE, &format!("{group}/Authorization/AllowInfra"), &what),
        (POST, &format!("{group}/DutySchedule"), &daily()),
        (PUT, &schedules[1], &daily()),
        (DELETE, &schedules[1], &daily()),
        (
            POST,
            &format!("{group}/DutySchedule/AddDutyScheduleForAllMembers"),
            &daily(),
        ),
        (POST, &format!("{group}/AllOperatorsOnDuty"), &what),
        (POST, &format!("{group}/AllOperatorsOffDuty"), &what),
        (POST, "/v4/ApiUser", &api),
        (PUT, &format!("/v4/ApiUser/{api_user}"), &api),
        (DELETE, &format!("/v4/ApiUser/{api_user}"), &api),
        (
            PUT,
            "/api/Users",
            &json!({"UserName": "other@example.com", "GivenName": "Renamed"}),
        ),
        (
            PUT,
            "/api/Users",
            &json!({"UserName": "ThirdOperator@acme.com", "Active": false}),
        ),
        (
            PUT,
            "/api/Users",
            &json!({"UserName": "ThirdOperator@acme.com", "UserRole": 1}),
        ),
    ] {
        let answer = client.send(method.clone(), path, body.clone()).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{method} {path}");
        assert_eq!(answer.messages(StatusCode::FORBIDDEN).len(), 1);
        let path: Vec<_> = path.trim_start_matches("/v4").split('/').collect();
        untried.retain(|(operation, pattern)| {
            let pattern = pattern.split('/');
            let is_same = pattern.clone().count() == path.len()
                && pattern
                    .zip(&path)
                    .all(|(name, segment)| name == *segment || name.starts_with('{'));
            *operation != method.as_str() || !is_same
        });
    }
    assert_eq!(untried, [], "these changes are not tried above");
    assert_eq!(everything(&app).await, before);
}

#[tokio::test]
async fn everybody_may_read_everything() {
    let app = TestApp::start().await;
    let (operator, client) = ordinary(&app).await;
    let (own, other) = (path_of(&operator), path_of(&app.owner().await));
    let group = app.system_group("IsAdministratorsGroup").await;
    let mut paths = vec![
        "/v4/Operator".to_owned(),
        "/v4/OperatorGroup".to_owned(),
        "/v4/ApiUser".to_owned(),
        "/v4/Timezone".to_owned(),
        "/v4/OutgoingPhoneNumber".to_owned(),
        "/v4/Account".to_owned(),
        "/v4/Account/Settings".to_owned(),
        "/api/Users".to_owned(),
        "/api/Users/1".to_owned(),
        format!("/v4/ApiUser/Operator/{}", text(&operator, "OperatorGuid")),
    ];
    for operator in [own, other] {
        paths.extend(
            ["", "/OperatorGroup", "/Authorization", "/DutySchedule"]
                .map(|below| format!("{operator}{below}")),
        );
    }
    paths.extend(
        ["", "/Member", "/Authorization", "/DutySchedule"].map(|below| format!("{group}{below}")),
    );
    for path in paths {
        let mut own = client.get(&path).await.expect(StatusCode::OK);
        if !path.contains("ApiUser") {
            let mut other = app.get(&path).await.expect(StatusCode::OK);
            for one in [&mut own, &mut other] {
                if let Some(of_server) = one.get_mut("ServerInformation") {
                    of_server.take();
                }
            }
            assert_eq!(own, other, "{path}");
        }
    }
}

#[tokio::test]
async fn everybody_may_change_their_own_record() {
    let app = TestApp::start().await;
    let (operator, client) = ordinary(&app).await;
    let path = path_of(&operator);
    client
        .send(
            PATCH,
            &path,
            json!({"IsOnDuty": true, "Password": "s3cret"}),
        )
        .await
        .expect(StatusCode::NO_CONTENT);
    assert_eq!(
        app.get(&path).await.expect(StatusCode::OK)["IsOnDuty"],
        true
    );
    let body = json!({"FullName": "Renamed", "Email": "renamed@example.com"});
    client
        .send(PUT, &path.to_uppercase().replace("/V4", "/v4"), body)
        .await
        .expect(StatusCode::NO_CONTENT);
    assert_eq!(
        app.get(&path).await.expect(StatusCode::OK)["FullName"],
        "Renamed"
    );
}

#[tokio::test]
async fn everybody_may_change_their_own_schedules() {
    let app = TestApp::start().await;
    let (operator, client) = ordinary(&app).await;
    let path = format!("{}/DutySchedule", path_of(&operator));
    let created = client.send(POST, &path, daily()).await;
    let schedule = format!("{path}/{}", created.expect(StatusCode::CREATED)["Id"]);
    let weekly = json!({
        "ScheduleMode": "Weekly", "WeekDay": "Monday", "StartTime": "08:00", "EndTime": "16:30",
    });
    client
        .send(PUT, &schedule, weekly)
        .await
        .expect(StatusCode::NO_CONTENT);
    let listed = client.get(&path).await.expect(StatusCode::OK);
    assert_eq!(listed[0]["WeekDay"], "Monday");
    client
        .send(DELETE, &schedule, json!({}))
        .await
        .expect(StatusCode::NO_CONTENT);
    assert_eq!(client.get(&path).await.expect(StatusCode::OK), json!([]));
}

#[tokio::test]
async fn membership_of_administrators_grants_and_revokes_rights() {
    let app = TestApp::start().await;
    let (operator, client) = ordinary(&app).await;
    let administrators = app.system_group("IsAdministratorsGroup").await;
    let member = format!(
        "{administrators}/Member/{}",
        text(&operator, "OperatorGuid")
    );
    let make = async || {
        let answer = client
            .send(POST, "/v4/OperatorGroup", json!({"Description": "x"}))
            .await;
        answer.status
    };
    assert_eq!(make().await, StatusCode::FORBIDDEN);
    app.act(&member).await.expect(StatusCode::CREATED);
    assert_eq!(make().await, StatusCode::CREATED);
    // An administrator may give up the right, but cannot restore it.
    client
        .send(DELETE, &member, json!({}))
        .await
        .expect(StatusCode::NO_CONTENT);
    assert_eq!(make().await, StatusCode::FORBIDDEN);
    client
        .send(POST, &member, json!({}))
        .await
        .expect(StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn no_other_authorization_grants_administration() {
    let app = TestApp::start().await;
    let (operator, client) = ordinary(&app).await;
    let group = app.new_group("Administrators").await;
    let guid = text(&operator, "OperatorGuid");
    for path in [
        format!("{}/Authorization/FinancialOperator", path_of(&operator)),
        format!("{}/Authorization/AllowInfra", path_of(&operator)),
        format!("{group}/Authorization/AllowInfra"),
        format!("{group}/Member/{guid}"),
    ] {
        app.act(&path).await.expect(StatusCode::CREATED);
    }
    client
        .send(
            PATCH,
            &path_of(&operator),
            json!({"OperatorRole": "Administrator"}),
        )
        .await
        .expect(StatusCode::NO_CONTENT);
    client
        .send(POST, "/v4/OperatorGroup", json!({"Description": "x"}))
        .await
        .expect(StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn all_api_users_of_an_operator_have_its_rights() {
    let app = TestApp::start().await;
    let owner = text(&app.owner().await, "OperatorGuid");
    let client = app.as_operator(&owner).await;
    client
        .send(POST, "/v4/OperatorGroup", json!({"Description": "x"}))
        .await
        .expect(StatusCode::CREATED);
}

#[tokio::test]
async fn binding_errors_come_before_rights_and_rights_before_missing_resources() {
    let app = TestApp::start().await;
    let (_, client) = ordinary(&app).await;
    let unknown = "c1534087-590e-497e-b58e-00bc4dbfa1d3";
    for (method, path) in [
        (DELETE, "/v4/Operator/{}"),
        (POST, "/v4/Operator/{}/Authorization/AllowInfra"),
        (DELETE, "/v4/Operator/{}/Authorization/AllowInfra"),
        (DELETE, "/v4/ApiUser/{}"),
    ] {
        let path_to_unknown = path.replace("{}", unknown);
        let answer = client
            .send(method.clone(), &path_to_unknown, json!({}))
            .await;
        answer.expect(StatusCode::FORBIDDEN);
        let request = app.request(method.clone(), &path_to_unknown);
        Answer::of(request).await.expect(StatusCode::NOT_FOUND);
        let answer = client
            .send(method, &path.replace("{}", "7"), json!({}))
            .await;
        answer.expect(StatusCode::BAD_REQUEST);
    }
}
