//! Tests of `/OperatorGroup`, its members and its duty operations.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::{Answer, TestApp, text};

/// Returns the GUIDs in a list of `{"OperatorGuid": …}` or `{"OperatorGroupGuid": …}`.
fn guids(list: &Value, field: &str) -> Vec<String> {
    let list = list.as_array().unwrap();
    list.iter().map(|entry| text(entry, field)).collect()
}

async fn members(app: &TestApp, group: &str) -> Vec<String> {
    let members = app.get(&format!("{group}/Member")).await;
    guids(&members.expect(StatusCode::OK), "OperatorGuid")
}

async fn new_operator(app: &TestApp, email: &str) -> String {
    let operator = app.new_operator(json!({"Email": email})).await;
    text(&operator, "OperatorGuid")
}

async fn is_on_duty(app: &TestApp) -> Vec<bool> {
    let operators = app.get("/v4/Operator").await.expect(StatusCode::OK);
    let operators = operators.as_array().unwrap().iter();
    operators
        .map(|operator| operator["IsOnDuty"].as_bool().unwrap())
        .collect()
}

#[tokio::test]
async fn a_new_group_is_as_documented() {
    let app = TestApp::start().await;
    let body = json!({"Description": "Example Operator Group"});
    let group = app.post("/v4/OperatorGroup", body).await;
    let group = group.expect(StatusCode::CREATED);
    let guid = text(&group, "OperatorGroupGuid");
    assert_eq!(
        group,
        json!({
            "OperatorGroupGuid": guid,
            "Description": "Example Operator Group",
            "IsEveryone": false,
            "IsAdministratorsGroup": false,
        })
    );
    let shown = app.get(&format!("/v4/OperatorGroup/{guid}")).await;
    assert_eq!(shown.expect(StatusCode::OK), group);
    assert!(
        members(&app, &format!("/v4/OperatorGroup/{guid}"))
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn the_list_starts_with_the_system_groups_followed_by_the_order_of_creation() {
    let app = TestApp::start().await;
    for description in ["Zebras", "Antelopes"] {
        app.new_group(description).await;
    }
    let mut groups = app.get("/v4/OperatorGroup").await.expect(StatusCode::OK);
    for group in groups.as_array_mut().unwrap() {
        group.as_object_mut().unwrap().remove("OperatorGroupGuid");
    }
    let group = |description, is_everyone, is_administrators_group| {
        json!({
            "Description": description,
            "IsEveryone": is_everyone,
            "IsAdministratorsGroup": is_administrators_group,
        })
    };
    assert_eq!(
        groups,
        json!([
            group("Administrators", false, true),
            group("Everyone", true, false),
            group("On call", false, false),
            group("Zebras", false, false),
            group("Antelopes", false, false),
        ])
    );
}

#[tokio::test]
async fn the_fields_of_a_group_are_written_in_the_document_s_order() {
    let app = TestApp::start().await;
    let path = app.new_group("Main operators").await;
    let text = app.get(&path).await.text;
    let places: Vec<_> = [
        "OperatorGroupGuid",
        "Description",
        "IsEveryone",
        "IsAdministratorsGroup",
    ]
    .iter()
    .map(|field| text.find(field).unwrap())
    .collect();
    assert!(places.is_sorted(), "{text}");
}

#[tokio::test]
async fn a_put_renames_a_group() {
    let app = TestApp::start().await;
    let path = app.new_group("Before").await;
    let answer = app.put(&path, json!({"Description": "  After  "})).await;
    assert_eq!(answer.expect(StatusCode::NO_CONTENT), Value::Null);
    let group = app.get(&path).await.expect(StatusCode::OK);
    assert_eq!(group["Description"], "  After  ");
}

#[tokio::test]
async fn a_put_ignores_the_read_only_flags() {
    let app = TestApp::start().await;
    let path = app.new_group("Main operators").await;
    let before = app.get(&path).await.expect(StatusCode::OK);
    app.put(&path, before.clone())
        .await
        .expect(StatusCode::NO_CONTENT);
    for flag in [json!(true), json!("yes"), json!(1), json!([]), json!(null)] {
        let mut body = before.clone();
        body["IsEveryone"] = flag.clone();
        body["IsAdministratorsGroup"] = flag;
        app.put(&path, body).await.expect(StatusCode::NO_CONTENT);
        assert_eq!(app.get(&path).await.expect(StatusCode::OK), before);
    }
}

#[tokio::test]
async fn a_guid_in_a_put_must_not_contradict_the_path() {
    let app = TestApp::start().await;
    let path = app.new_group("Main operators").await;
    let guid = path.rsplit('/').next().unwrap();
    for same in [
        json!(guid),
        json!(guid.to_uppercase()),
        json!(format!("{{{guid}}}")),
        json!(guid.replace('-', "")),
        json!(""),
        json!(null),
        json!("00000000-0000-0000-0000-000000000000"),
    ] {
        let body = json!({"OperatorGroupGuid": same, "Description": "Renamed"});
        app.put(&path, body).await.expect(StatusCode::NO_CONTENT);
    }
    for other in [
        json!("36fad910-6e9f-4886-b1a7-9b4637362cb8"),
        json!("nonsense"),
        json!(5),
        json!(true),
        json!([guid]),
        json!({}),
    ] {
        let body = json!({"OperatorGroupGuid": other, "Description": "Refused"});
        let answer = app.put(&path, body).await;
        answer.names(StatusCode::FORBIDDEN, &["OperatorGroupGuid"]);
    }
    let group = app.get(&path).await.expect(StatusCode::OK);
    assert_eq!(group["Description"], "Renamed");
}

#[tokio::test]
async fn a_description_is_required() {
    let app = TestApp::start().await;
    let path = app.new_group("Main operators").await;
    for body in [
        json!({}),
        json!({"Description": null}),
        json!({"Description": ""}),
        json!({"Description": " \t "}),
        json!({"Description": 5}),
    ] {
        let post = app.post("/v4/OperatorGroup", body.clone()).await;
        post.names(StatusCode::BAD_REQUEST, &["Description"]);
        let put = app.put(&path, body).await;
        put.names(StatusCode::BAD_REQUEST, &["Description"]);
    }
}

#[tokio::test]
async fn a_description_has_at_most_255_characters_without_surrounding_blanks() {
    let app = TestApp::start().await;
    for fine in ["é".repeat(255), format!("  {}  ", "x".repeat(255))] {
        let path = app.new_group(&fine).await;
        let group = app.get(&path).await.expect(StatusCode::OK);
        assert_eq!(group["Description"], fine);
    }
    let body = json!({"Description": "x".repeat(256)});
    let post = app.post("/v4/OperatorGroup", body.clone()).await;
    post.names(StatusCode::FORBIDDEN, &["Description"]);
    let put = app.put(&app.new_group("Short").await, body).await;
    put.names(StatusCode::FORBIDDEN, &["Description"]);
}

#[tokio::test]
async fn a_post_that_asks_for_a_system_group_is_a_bad_request() {
    let app = TestApp::start().await;
    let before = app.get("/v4/OperatorGroup").await.text;
    for (body, fields) in [
        (
            json!({"Description": "x", "IsEveryone": true}),
            vec!["IsEveryone"],
        ),
        (
            json!({"Description": "x", "isadministratorsgroup": true}),
            vec!["IsAdministratorsGroup"],
        ),
        (
            json!({"IsEveryone": true, "IsAdministratorsGroup": true}),
            vec!["Description", "IsEveryone", "IsAdministratorsGroup"],
        ),
    ] {
        let answer = app.post("/v4/OperatorGroup", body).await;
        answer.names(StatusCode::BAD_REQUEST, &fields);
    }
    assert_eq!(app.get("/v4/OperatorGroup").await.text, before);
    for flag in [json!(false), json!(null), json!("true"), json!(1)] {
        let body = json!({"Description": "x", "IsEveryone": flag, "IsAdministratorsGroup": flag});
        let group = app
            .post("/v4/OperatorGroup", body)
            .await
            .expect(StatusCode::CREATED);
        assert_eq!(
            (&group["IsEveryone"], &group["IsAdministratorsGroup"]),
            (&json!(false), &json!(false))
        );
    }
}

#[tokio::test]
async fn a_post_ignores_any_guid() {
    let app = TestApp::start().await;
    for guid in [
        json!("36fad910-6e9f-4886-b1a7-9b4637362cb8"),
        json!("nonsense"),
        json!(7),
        json!([]),
    ] {
        let body = json!({"OperatorGroupGuid": guid, "Description": "x"});
        let group = app
            .post("/v4/OperatorGroup", body)
            .await
            .expect(StatusCode::CREATED);
        assert_ne!(group["OperatorGroupGuid"], guid);
    }
}

#[tokio::test]
async fn a_system_group_can_be_neither_renamed_nor_deleted() {
    let app = TestApp::start().await;
    let before = app.get("/v4/OperatorGroup").await.text;
    for flag in ["IsEveryone", "IsAdministratorsGroup"] {
        let path = app.system_group(flag).await;
        let same = app.get(&path).await.expect(StatusCode::OK);
        for body in [json!({"Description": "Renamed"}), same] {
            app.put(&path, body).await.messages(StatusCode::BAD_REQUEST);
        }
        app.delete(&path).await.messages(StatusCode::BAD_REQUEST);
    }
    assert_eq!(app.get("/v4/OperatorGroup").await.text, before);
}

#[tokio::test]
async fn a_rejected_change_of_a_system_group_is_reported_with_the_errors_of_its_body() {
    let app = TestApp::start().await;
    let operator = app.new_operator(json!({})).await;
    let nobody = app.as_operator(&text(&operator, "OperatorGuid")).await;
    for flag in ["IsEveryone", "IsAdministratorsGroup"] {
        let path = app.system_group(flag).await;
        for description in [json!("x".repeat(256)), json!(" "), json!(7)] {
            let body = json!({"Description": description});
            let messages = app.put(&path, body).await.messages(StatusCode::BAD_REQUEST);
            assert_eq!(messages.len(), 2, "{messages:?}");
            assert!(messages[0].starts_with("Description: "), "{messages:?}");
            assert!(messages[1].contains("system group"), "{messages:?}");
        }
        // Rights are checked before rules.
        let body = json!({"Description": "x".repeat(256)});
        let answer = nobody.send(Method::PUT, &path, body).await;
        assert_eq!(answer.messages(StatusCode::FORBIDDEN).len(), 1);
    }
}

#[tokio::test]
async fn everyone_always_contains_every_operator() {
    let app = TestApp::start().await;
    let everyone = app.system_group("IsEveryone").await;
    let third = new_operator(&app, "third@acme.com").await;
    let operators = app.get("/v4/Operator").await.expect(StatusCode::OK);
    let operators = guids(&operators, "OperatorGuid");
    assert_eq!(operators.last(), Some(&third));
    assert_eq!(members(&app, &everyone).await, operators);

    app.delete(&format!("/v4/Operator/{third}"))
        .await
        .expect(StatusCode::NO_CONTENT);
    assert!(!members(&app, &everyone).await.contains(&third));
}

#[tokio::test]
async fn nobody_can_be_added_to_everyone_or_removed_from_it() {
    let app = TestApp::start().await;
    let everyone = app.system_group("IsEveryone").await;
    let before = members(&app, &everyone).await;
    for guid in &before {
        let path = format!("{everyone}/Member/{guid}");
        app.act(&path).await.messages(StatusCode::BAD_REQUEST);
        app.delete(&path).await.messages(StatusCode::BAD_REQUEST);
    }
    assert_eq!(members(&app, &everyone).await, before);
}

#[tokio::test]
async fn an_operator_s_groups_are_listed_in_the_order_of_the_groups() {
    let app = TestApp::start().await;
    let guid = new_operator(&app, "third@acme.com").await;
    let (first, second) = (app.new_group("First").await, app.new_group("Second").await);
    let administrators = app.system_group("IsAdministratorsGroup").await;
    for group in [&second, &administrators, &first] {
        app.act(&format!("{group}/Member/{guid}"))
            .await
            .expect(StatusCode::CREATED);
    }
    let everyone = app.system_group("IsEveryone").await;
    let expected: Vec<_> = [&administrators, &everyone, &first, &second]
        .iter()
        .map(|path| json!({"OperatorGroupGuid": path.rsplit('/').next().unwrap()}))
        .collect();
    let groups = app.get(&format!("/v4/Operator/{guid}/OperatorGroup")).await;
    assert_eq!(groups.expect(StatusCode::OK), json!(expected));
}

#[tokio::test]
async fn members_are_listed_in_the_order_of_joining_and_joining_twice_changes_nothing() {
    let app = TestApp::start().await;
    let group = app.new_group("Main operators").await;
    let one = new_operator(&app, "one@acme.com").await;
    let two = new_operator(&app, "two@acme.com").await;
    for guid in [&two, &one, &two] {
        let answer = app.act(&format!("{group}/Member/{guid}")).await;
        assert_eq!(answer.expect(StatusCode::CREATED), Value::Null);
    }
    assert_eq!(members(&app, &group).await, [two.clone(), one.clone()]);

    let path = format!("{group}/Member/{two}");
    app.delete(&path).await.expect(StatusCode::NO_CONTENT);
    app.act(&path).await.expect(StatusCode::CREATED);
    assert_eq!(members(&app, &group).await, [one, two]);
}

#[tokio::test]
async fn removing_an_operator_that_is_not_a_member_is_not_found() {
    let app = TestApp::start().await;
    let group = app.new_group("Main operators").await;
    let guid = new_operator(&app, "one@acme.com").await;
    let path = format!("{group}/Member/{guid}");
    app.delete(&path).await.messages(StatusCode::NOT_FOUND);
    app.act(&path).await.expect(StatusCode::CREATED);
    app.delete(&path).await.expect(StatusCode::NO_CONTENT);
    app.delete(&path).await.messages(StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_member_and_its_group_must_exist() {
    const UNKNOWN: &str = "36fad910-6e9f-4886-b1a7-9b4637362cb8";
    let app = TestApp::start().await;
    let group = app.new_group("Main operators").await;
    let guid = new_operator(&app, "one@acme.com").await;
    for path in [
        format!("{group}/Member/{UNKNOWN}"),
        format!("/v4/OperatorGroup/{UNKNOWN}/Member/{guid}"),
        format!("{}/Member/{UNKNOWN}", app.system_group("IsEveryone").await),
        format!(
            "{}/Member/{UNKNOWN}",
            app.system_group("IsAdministratorsGroup").await
        ),
    ] {
        app.act(&path).await.messages(StatusCode::NOT_FOUND);
        app.delete(&path).await.messages(StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_deleted_operator_is_no_longer_a_member() {
    let app = TestApp::start().await;
    let group = app.new_group("Main operators").await;
    let guid = new_operator(&app, "one@acme.com").await;
    app.act(&format!("{group}/Member/{guid}"))
        .await
        .expect(StatusCode::CREATED);
    app.delete(&format!("/v4/Operator/{guid}"))
        .await
        .expect(StatusCode::NO_CONTENT);
    assert!(members(&app, &group).await.is_empty());
}

#[tokio::test]
async fn joining_and_leaving_administrators_grants_and_revokes_rights() {
    let app = TestApp::start().await;
    let administrators = app.system_group("IsAdministratorsGroup").await;
    let guid = new_operator(&app, "one@acme.com").await;
    let operator = app.as_operator(&guid).await;
    let create = || async {
        let body = json!({"Description": "x"});
        operator
            .send(Method::POST, "/v4/OperatorGroup", body)
            .await
            .status
    };
    let path = format!("{administrators}/Member/{guid}");
    assert_eq!(create().await, StatusCode::FORBIDDEN);
    app.act(&path).await.expect(StatusCode::CREATED);
    assert_eq!(create().await, StatusCode::CREATED);
    app.delete(&path).await.expect(StatusCode::NO_CONTENT);
    assert_eq!(create().await, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn the_owner_stays_in_administrators() {
    let app = TestApp::start().await;
    let administrators = app.system_group("IsAdministratorsGroup").await;
    let owner = text(&app.owner().await, "OperatorGuid");
    let answer = app
        .delete(&format!("{administrators}/Member/{owner}"))
        .await;
    answer.messages(StatusCode::FORBIDDEN);
    assert_eq!(members(&app, &administrators).await, [owner]);
}

#[tokio::test]
async fn the_owner_may_leave_any_other_group() {
    let app = TestApp::start().await;
    let group = app.new_group("Main operators").await;
    let path = format!(
        "{group}/Member/{}",
        text(&app.owner().await, "OperatorGuid")
    );
    app.act(&path).await.expect(StatusCode::CREATED);
    app.delete(&path).await.expect(StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn deleting_a_group_leaves_its_operators_alone() {
    let app = TestApp::start().await;
    let group = app.new_group("Main operators").await;
    let guid = new_operator(&app, "one@acme.com").await;
    app.act(&format!("{group}/Member/{guid}"))
        .await
        .expect(StatusCode::CREATED);
    let before = app.get("/v4/Operator").await.text;
    let answer = app.delete(&group).await;
    assert_eq!(answer.expect(StatusCode::NO_CONTENT), Value::Null);
    assert_eq!(app.get("/v4/Operator").await.text, before);
    let groups = app.get(&format!("/v4/Operator/{guid}/OperatorGroup")).await;
    assert_eq!(groups.expect(StatusCode::OK).as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_deleted_group_is_not_found() {
    let app = TestApp::start().await;
    let group = app.new_group("Main operators").await;
    app.delete(&group).await.expect(StatusCode::NO_CONTENT);
    let owner = text(&app.owner().await, "OperatorGuid");
    let daily = json!({"ScheduleMode": "Daily", "StartTime": "08:00", "EndTime": "16:30"});
    for (method, below, body) in [
        (Method::GET, "", json!({})),
        (Method::PUT, "", json!({"Description": "x"})),
        (Method::DELETE, "", json!({})),
        (Method::GET, "/Member", json!({})),
        (Method::POST, &format!("/Member/{owner}"), json!({})),
        (Method::DELETE, &format!("/Member/{owner}"), json!({})),
        (Method::POST, "/AllOperatorsOnDuty", json!({})),
        (Method::POST, "/AllOperatorsOffDuty", json!({})),
        (Method::GET, "/Authorization", json!({})),
        (Method::POST, "/Authorization/AllowInfra", json!({})),
        (Method::DELETE, "/Authorization/AllowInfra", json!({})),
        (Method::GET, "/DutySchedule", json!({})),
        (Method::POST, "/DutySchedule", daily.clone()),
        (Method::PUT, "/DutySchedule/1", daily.clone()),
        (Method::DELETE, "/DutySchedule/1", json!({})),
        (
            Method::POST,
            "/DutySchedule/AddDutyScheduleForAllMembers",
            daily,
        ),
    ] {
        let request = app.request(method, &format!("{group}{below}")).json(&body);
        Answer::of(request).await.messages(StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn setting_duty_affects_the_members_only() {
    let app = TestApp::start().await;
    let group = app.new_group("Main operators").await;
    let guid = new_operator(&app, "one@acme.com").await;
    app.act(&format!("{group}/Member/{guid}"))
        .await
        .expect(StatusCode::CREATED);
    for (call, expected) in [
        ("AllOperatorsOnDuty", [false, false, true]),
        ("AllOperatorsOnDuty", [false, false, true]),
        ("AllOperatorsOffDuty", [false, false, false]),
    ] {
        let answer = app.act(&format!("{group}/{call}")).await;
        assert_eq!(answer.expect(StatusCode::NO_CONTENT), Value::Null);
        assert_eq!(is_on_duty(&app).await, expected, "{call}");
    }
}

#[tokio::test]
async fn duty_can_be_set_for_system_groups_and_empty_groups() {
    let app = TestApp::start().await;
    for (group, call, expected) in [
        (
            app.new_group("Empty").await,
            "AllOperatorsOnDuty",
            [false, false],
        ),
        (
            app.system_group("IsEveryone").await,
            "AllOperatorsOnDuty",
            [true, true],
        ),
        (
            app.system_group("IsAdministratorsGroup").await,
            "AllOperatorsOffDuty",
            [false, true],
        ),
    ] {
        app.act(&format!("{group}/{call}"))
            .await
            .expect(StatusCode::NO_CONTENT);
        assert_eq!(is_on_duty(&app).await, expected, "{group}");
    }
}
