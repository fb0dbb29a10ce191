//! Examples of the documents and requests of real clients, with the documented responses.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::{Answer, TestApp, path_of, text};

/// Expects an object to have at least these fields.
#[track_caller]
fn assert_holds(value: &Value, fields: &Value) {
    for (name, field) in fields.as_object().unwrap() {
        assert_eq!(&value[name], field, "{name}");
    }
}

/// Returns the body of the operator API's POST and PUT examples.
fn third_operator() -> Value {
    json!({
        "FullName": "Third Operator",
        "Email": "ThirdOperator@acme.com",
        "MobilePhone": "+31612345678",
        "OutgoingPhoneNumber": "",
        "IsAccountAdministrator": false,
        "BackupEmail": "",
        "IsOnDuty": false,
        "CultureName": "",
        "TimeZoneId": 56,
        "SmsProvider": "SmsProviderUSA",
        "UseNumericSender": false,
        "PhoneProvider": "UseAccountSetting",
        "AllowNativeLogin": true,
        "AllowSingleSignon": false,
    })
}

#[tokio::test]
async fn the_post_and_get_examples_of_operators_work() {
    let app = TestApp::start().await;
    let created = app.post("/v4/Operator", third_operator()).await;
    let created = created.expect(StatusCode::CREATED);
    assert_holds(&created, &third_operator());
    let shown = app.get(&path_of(&created)).await.expect(StatusCode::OK);
    assert_eq!(shown, created);
}

/// A seed of the documents' examples, verbatim.
const EXAMPLES: &str = r#"{"accounts": [{"AccountId": "1",
"operators": [
 {
  "OperatorGuid": "36fad910-6e9f-4886-b1a7-9b4637362cb8",
  "FullName": "First Operator",
  "Email": "FirstOperator@acme.com",
  "MobilePhone": "",
  "IsAccountAdministrator": true,
  "BackupEmail": " FirstOperator@gmail.com ",
  "IsOnDuty": true,
  "SmsProvider": "UseAccountSetting",
  "PhoneProvider": "UseAccountSetting",
  "AllowNativeLogin": true,
  "AllowSingleSignon": false
 },
 {
  "OperatorGuid": "23a75d1f-0dec-4963-86d8-0cee21267db4",
  "UserName": "SecondOperator@acme.com",
  "FullName": "Second Operator",
  "Email": "SecondOperator@acme.com",
  "MobilePhone": "",
  "IsAccountAdministrator": false,
  "BackupEmail": "",
  "IsOnDuty": false,
  "SmsProvider": "SmsProviderEurope",
  "UseNumericSender": false,
  "PhoneProvider": "UseAccountSetting",
  "AllowNativeLogin": true,
  "AllowSingleSignon": false
 },
 {
  "OperatorGuid": "d2782d76-62e7-4946-a41c-fc7f86c96300",
  "FullName": "Third Operator",
  "Email": "ThirdOperator@acme.com",
  "MobilePhone": "+31612345678",
  "OutgoingPhoneNumber": "",
  "IsAccountAdministrator": false,
  "BackupEmail": "",
  "IsOnDuty": false,
  "CultureName": "",
  "TimeZoneId": 56,
  "SmsProvider": "SmsProviderUSA",
  "UseNumericSender": false,
  "PhoneProvider": "UseAccountSetting",
  "AllowNativeLogin": true,
  "AllowSingleSignon": false,
  "DutySchedules": [
 {
  "Id": 2272,
  "ScheduleMode": "Weekly",
  "WeekDay": "Monday",
  "StartTime": "08:00",
  "EndTime": "16:30"
 },
 {
  "Id": 2267,
  "ScheduleMode": "Monthly",
  "MonthDay": 15,
  "StartTime": "08:00",
  "EndTime": "16:30"
 },
 {
  "ScheduleMode": "Weekly",
  "WeekDay": "Thursday",
  "StartTime": "08:00",
  "EndTime": "16:30"
 }
 ],
 "User": {
"ID": 1,
"ClientID": 2,
"ClientName": "sample string 3",
"UserName": "sample string 4",
"GivenName": "sample string 5",
"FamilyName": "sample string 6",
"Active": true,
"Email": "sample string 7",
"UserRole": 0,
"UserRoleDescription": "Monitor",
"MobileNumber": "sample string 8",
"TimeZoneID": "sample string 9",
"EnableAlertTimeframe": true,
"AlertTimeframeStart": "00:00:00.1234567",
"AlertTimeframeEnd": "00:00:00.1234567",
"DefaultDashboard": 1,
"DateFormat": "sample string 10",
"TimeFormat": "sample string 11",
"GraphTooltips": true
}
 },
 {"OperatorGuid": "ab12345c-0d8e-46a2-acef-dd1e15571097", "FullName": "Recorder", "Email": "recorder@acme.com"}
],
"operatorGroups": [
    {
        "OperatorGroupGuid": "8ceeddfc-acd0-4afb-9cd5-9400ea9d0d49",
        "Description": "Administrators",
        "IsEveryone": false,
        "IsAdministratorsGroup": true
    },
    {
        "OperatorGroupGuid": "983c3592-be7f-47ac-b53f-da856c841e57",
        "Description": "Everyone",
        "IsEveryone": true,
        "IsAdministratorsGroup": false
    },
    {
        "OperatorGroupGuid": "82f4171a-16c3-4bc6-ab4d-56edee7fd6c8",
        "Description": "Main operators",
        "IsEveryone": false,
        "IsAdministratorsGroup": false
    },
    {
        "OperatorGroupGuid": "2c4abb71-4c40-4f57-bd3d-672c08c4ad82",
        "Description": "Example Operator Group"
    }
],
"apiUsers": [
{"operator": "FirstOperator@acme.com", "UserName": "emulator", "Password": "emulator"},
{
"ApiUserGuid": "c1534087-590e-497e-b58e-00bc4dbfa1d3",
"OperatorGuid": "ab12345c-0d8e-46a2-acef-dd1e15571097",
"UserName": "c1534087590e497eb58e00bc4dbfa1d3",
"Type": "Generic",
"Description": "Transaction Recorder",
"CreatedDate": "2025-11-11T21:18:01",
"LastUsed": "25/06/2026 19:37:59",
"UsageLast30Days": 17706
}
]}]}"#;

#[tokio::test]
async fn the_examples_can_be_pasted_into_a_seed() {
    let app = TestApp::start_seeded(EXAMPLES).await;
    let operators = app.get("/v4/Operator").await.expect(StatusCode::OK);
    assert_eq!(operators[1]["Email"], "SecondOperator@acme.com");
    assert_eq!(operators[1].get("UserName"), None);
    assert_holds(&operators[2], &third_operator());
    let groups = app.get("/v4/OperatorGroup").await.expect(StatusCode::OK);
    assert_eq!(groups.as_array().unwrap().len(), 4);
    let schedules = app
        .get(&format!("{}/DutySchedule", path_of(&operators[2])))
        .await
        .expect(StatusCode::OK);
    assert_eq!(schedules[0]["MonthDay"], 15);
}

#[tokio::test]
async fn the_put_example_of_operators_works() {
    let app = TestApp::start().await;
    let operator = app.new_operator(json!({})).await;
    let path = path_of(&operator);
    let mut body = third_operator();
    body["OperatorGuid"] = operator["OperatorGuid"].clone();
    let answer = app.put(&path, body.clone()).await;
    assert_eq!(answer.expect(StatusCode::NO_CONTENT), Value::Null);
    let shown = app.get(&path).await.expect(StatusCode::OK);
    assert_holds(&shown, &body);
    // The GUID printed in the document is another operator's.
    body["OperatorGuid"] = json!("d2782d76-62e7-4946-a41c-fc7f86c96300");
    app.put(&path, body)
        .await
        .names(StatusCode::FORBIDDEN, &["OperatorGuid"]);
}

#[tokio::test]
async fn the_list_example_of_operators_can_be_posted() {
    let app = TestApp::start().await;
    let first = json!({
        "OperatorGuid": "36fad910-6e9f-4886-b1a7-9b4637362cb8",
        "FullName": "First Operator",
        "Email": "FirstOperator@acme.com",
        "MobilePhone": "",
        "IsAccountAdministrator": true,
        "BackupEmail": " FirstOperator@gmail.com ",
        "IsOnDuty": true,
        "SmsProvider": "UseAccountSetting",
        "PhoneProvider": "UseAccountSetting",
        "AllowNativeLogin": true,
        "AllowSingleSignon": false,
    });
    let second = json!({
        "OperatorGuid": "23a75d1f-0dec-4963-86d8-0cee21267db4",
        "UserName": "SecondOperator@acme.com",
        "FullName": "Second Operator",
        "Email": "SecondOperator@acme.com",
        "MobilePhone": "",
        "IsAccountAdministrator": false,
        "BackupEmail": "",
        "IsOnDuty": false,
        "SmsProvider": "SmsProviderEurope",
        "UseNumericSender": false,
        "PhoneProvider": "UseAccountSetting",
        "AllowNativeLogin": true,
        "AllowSingleSignon": false,
    });
    for mut example in [first, second] {
        let created = app.post("/v4/Operator", example.clone()).await;
        let created = created.expect(StatusCode::CREATED);
        let fields = example.as_object_mut().unwrap();
        // A field assigned by the API, and a name that the documents do not mention elsewhere.
        assert_ne!(
            fields.remove("OperatorGuid").unwrap(),
            created["OperatorGuid"]
        );
        fields.insert("IsAccountAdministrator".to_owned(), json!(false));
        fields.remove("UserName");
        assert_holds(&created, &example);
        assert!(created.get("UserName").is_none());
    }
}

#[tokio::test]
async fn the_operator_of_the_current_api_user_cannot_be_deleted() {
    let app = TestApp::start().await;
    let path = path_of(&app.owner().await);
    app.delete(&path).await.expect(StatusCode::FORBIDDEN);
    let third = path_of(&app.new_operator(json!({})).await);
    let answer = app.delete(&third).await;
    assert_eq!(answer.expect(StatusCode::NO_CONTENT), Value::Null);
}

#[tokio::test]
async fn the_list_of_operators_includes_the_account_administrator() {
    let app = TestApp::start().await;
    let operators = app.get("/v4/Operator").await.expect(StatusCode::OK);
    assert_eq!(operators[0]["IsAccountAdministrator"], true);
}

#[tokio::test]
async fn the_examples_of_api_users_work() {
    let app = TestApp::start().await;
    let guid = app.new_operator(json!({})).await["OperatorGuid"].clone();
    let body = json!({"OperatorGuid": guid, "Description": "API description"});
    let created = app.post("/v4/ApiUser", body.clone()).await;
    let created = created.expect(StatusCode::CREATED);
    assert_holds(&created, &body);
    let path = format!("/v4/ApiUser/{}", text(&created, "ApiUserGuid"));
    let body = json!({"OperatorGuid": guid, "Description": "Updated API description"});
    app.put(&path, body.clone())
        .await
        .expect(StatusCode::NO_CONTENT);
    let shown = app.get(&path).await.expect(StatusCode::OK);
    assert_holds(&shown, &body);
    let mut names: Vec<_> = shown.as_object().unwrap().keys().collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "ApiUserGuid",
            "CreatedDate",
            "Description",
            "LastUsed",
            "OperatorGuid",
            "Type",
            "UsageLast30Days",
            "UserName",
        ]
    );
    app.delete(&path).await.expect(StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn the_guid_printed_in_the_api_user_examples_is_invalid() {
    let app = TestApp::start().await;
    let body = json!({
        "OperatorGuid": "ef45547g-0f8h-46a2-acef-dd1e15571390",
        "Description": "API description",
    });
    app.post("/v4/ApiUser", body)
        .await
        .names(StatusCode::BAD_REQUEST, &["OperatorGuid"]);
}

#[tokio::test]
async fn a_registered_api_user_is_listed_with_the_others() {
    let app = TestApp::start().await;
    let operator = app.new_operator(json!({"Password": "s3cret"})).await;
    let list = format!("/v4/ApiUser/Operator/{}", text(&operator, "OperatorGuid"));
    let added = json!({"OperatorGuid": operator["OperatorGuid"], "Description": "Added"});
    app.post("/v4/ApiUser", added)
        .await
        .expect(StatusCode::CREATED);
    let request = app
        .anonymous(Method::POST, "/v4/Register?description=Registered")
        .basic_auth("ThirdOperator@acme.com", Some("s3cret"));
    Answer::of(request).await.expect(StatusCode::CREATED);
    let listed = app.get(&list).await.expect(StatusCode::OK);
    let descriptions: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|api_user| (text(api_user, "Description"), text(api_user, "LastUsed")))
        .collect();
    let never = || "Not yet used".to_owned();
    assert_eq!(
        descriptions,
        [
            ("Added".to_owned(), never()),
            ("Registered".to_owned(), never())
        ]
    );
}

/// Returns the Swagger file's Operator as a generated client serializes a new object: every property, each at the zero
/// value of its type or null.
fn untouched() -> Value {
    json!({
        "OperatorGuid": "00000000-0000-0000-0000-000000000000",
        "Hash": null,
        "Password": null,
        "FullName": null,
        "Email": null,
        "MobilePhone": null,
        "OutgoingPhoneNumberId": 0,
        "OutgoingPhoneNumberIdSpecified": false,
        "IsAccountAdministrator": false,
        "BackupEmail": null,
        "IsOnDuty": false,
        "CultureName": null,
        "CultureNameSpecified": false,
        "TimeZoneId": 0,
        "TimeZoneIdSpecified": false,
        "SmsProvider": "UseAccountSetting",
        "UseNumericSender": false,
        "UseNumericSenderSpecified": false,
        "AllowNativeLogin": false,
        "AllowNativeLoginSpecified": false,
        "AllowSingleSignon": false,
        "AllowSingleSignonSpecified": false,
        "DefaultDashboard": null,
        "SetupMode": "Manual",
    })
}

#[tokio::test]
async fn a_generated_client_s_default_object_creates_a_plain_operator() {
    let app = TestApp::start().await;
    let plain = app.new_operator(json!({})).await;
    app.delete(&path_of(&plain))
        .await
        .expect(StatusCode::NO_CONTENT);
    let mut body = untouched();
    body["FullName"] = plain["FullName"].clone();
    body["Email"] = plain["Email"].clone();
    let created = app.post("/v4/Operator", body.clone()).await;
    let mut created = created.expect(StatusCode::CREATED);
    let path = path_of(&created);
    app.put(&path, body).await.expect(StatusCode::NO_CONTENT);
    assert_eq!(app.get(&path).await.expect(StatusCode::OK), created);
    created["OperatorGuid"] = plain["OperatorGuid"].clone();
    assert_eq!(created, plain);
}

#[tokio::test]
async fn a_generated_client_s_object_patches_only_specified_fields() {
    let app = TestApp::start().await;
    let operator = app
        .new_operator(json!({
            "OutgoingPhoneNumberId": 1, "TimeZoneId": 1, "CultureName": "nl-NL",
            "AllowNativeLogin": true, "MobilePhone": "+31612345678",
        }))
        .await;
    let mut body = untouched();
    body["TimeZoneId"] = json!(56);
    body["TimeZoneIdSpecified"] = json!(true);
    body["CultureNameSpecified"] = json!(true);
    app.patch(&path_of(&operator), body)
        .await
        .expect(StatusCode::NO_CONTENT);
    let mut expected = operator.clone();
    expected["TimeZoneId"] = json!(56);
    expected["CultureName"] = json!("");
    expected["MobilePhone"] = json!("");
    let after = app.get(&path_of(&operator)).await.expect(StatusCode::OK);
    expected["Hash"] = after["Hash"].clone();
    assert_eq!(after, expected);
}

#[tokio::test]
async fn a_response_can_be_sent_back_as_a_request() {
    let app = TestApp::start().await;
    let operators = app.get("/v4/Operator").await.expect(StatusCode::OK);
    for operator in operators.as_array().unwrap() {
        let path = path_of(operator);
        app.put(&path, operator.clone())
            .await
            .expect(StatusCode::NO_CONTENT);
        app.patch(&path, operator.clone())
            .await
            .expect(StatusCode::NO_CONTENT);
    }
    assert_eq!(
        app.get("/v4/Operator").await.expect(StatusCode::OK),
        operators
    );
    let api_users = app.get("/v4/ApiUser").await.expect(StatusCode::OK);
    let path = format!("/v4/ApiUser/{}", text(&api_users[0], "ApiUserGuid"));
    app.put(&path, api_users[0].clone())
        .await
        .expect(StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_specified_flag_without_a_value_resets_the_field_to_the_account_s() {
    let app = TestApp::start().await;
    let operator = app
        .new_operator(json!({"TimeZoneId": 56, "UseNumericSender": true, "CultureName": "de-DE"}))
        .await;
    let path = path_of(&operator);
    let flags = json!({
        "TimeZoneIdSpecified": true,
        "UseNumericSenderSpecified": true,
        "CultureNameSpecified": true,
    });
    app.patch(&path, flags).await.expect(StatusCode::NO_CONTENT);
    let after = app.get(&path).await.expect(StatusCode::OK);
    assert!(after.get("TimeZoneId").is_none());
    assert!(after.get("UseNumericSender").is_none());
    assert_eq!(after["CultureName"], "");
}

/// Sends the requests of the vendor's Terraform provider, with empty words for what its user did not configure.
#[tokio::test]
async fn terraform_creates_changes_and_deletes_an_operator() {
    let app = TestApp::start().await;
    let unwritten = json!({
        "FullName": "Terraform",
        "Email": "terraform@example.com",
        "MobilePhone": "",
        "BackupEmail": "",
        "SmsProvider": "",
        "PhoneProvider": "",
        "DefaultDashboard": "",
        "OperatorRole": "",
        "SetupMode": "",
    });
    let created = app.post("/v4/Operator", unwritten.clone()).await;
    let created = created.expect(StatusCode::CREATED);
    assert_holds(
        &created,
        &json!({
            "SmsProvider": "UseAccountSetting",
            "PhoneProvider": "UseAccountSetting",
            "DefaultDashboard": "UseAccountSpecifiedDashboard",
            "OperatorRole": "Unspecified",
            "SetupMode": "Manual",
        }),
    );
    let path = path_of(&created);
    app.patch(
        &path,
        json!({"DefaultDashboard": "AlertLog", "OperatorRole": "x"}),
    )
    .await
    .expect(StatusCode::NO_CONTENT);
    let before = app.get(&path).await.expect(StatusCode::OK);
    app.patch(&path, unwritten)
        .await
        .expect(StatusCode::NO_CONTENT);
    assert_eq!(app.get(&path).await.expect(StatusCode::OK), before);
    app.delete(&path).await.expect(StatusCode::NO_CONTENT);
    app.get(&path).await.expect(StatusCode::NOT_FOUND);
}
