//! Tests of `/api/Users`, a companion API for the same operators.

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use uptrends_emulator::Options;

use crate::app::{Answer, Client, ENVELOPE, TestApp, path_of, reasons, text};

const USERS: &str = "/api/Users";
const PUT: Method = Method::PUT;

/// Returns the users of a response, whose envelope must have no messages.
#[track_caller]
fn users(answer: &Answer) -> Vec<Value> {
    let body = answer.expect(StatusCode::OK);
    let keys: Vec<_> = body.as_object().unwrap().keys().collect();
    assert_eq!(keys, ENVELOPE);
    assert_eq!(body["Messages"], json!([]));
    body["Users"].as_array().unwrap().clone()
}

/// Returns the only user of a response.
#[track_caller]
fn user(answer: &Answer) -> Value {
    let mut users = users(answer);
    assert_eq!(users.len(), 1, "{users:?}");
    users.remove(0)
}

async fn user_of(app: &TestApp, operator: &Value) -> Value {
    let email = text(operator, "Email");
    let all = users(&app.get(USERS).await);
    all.into_iter().find(|user| user["Email"] == email).unwrap()
}

/// Creates an ordinary operator with a password; returns it, its user and a client with its credentials.
async fn ordinary(app: &TestApp) -> (Value, Value, Client<'_>) {
    let operator = app.new_operator(json!({"Password": "s3cret"})).await;
    let user = user_of(app, &operator).await;
    let client = app.as_operator(&text(&operator, "OperatorGuid")).await;
    (operator, user, client)
}

fn register(app: &TestApp, password: &str) -> RequestBuilder {
    app.anonymous(Method::POST, "/v4/Register")
        .basic_auth("ThirdOperator@acme.com", Some(password))
}

async fn may_register(app: &TestApp, password: &str) -> bool {
    match Answer::of(register(app, password)).await.status {
        StatusCode::CREATED => true,
        StatusCode::UNAUTHORIZED => false,
        other => panic!("{other}"),
    }
}

fn as_form(app: &TestApp, form: &str) -> RequestBuilder {
    app.request(PUT, USERS)
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(form.to_owned())
}

#[tokio::test]
async fn every_operator_is_a_user() {
    let app = TestApp::start().await;
    let answer = app.get(USERS).await;
    assert_eq!(
        users(&answer)[0],
        json!({
            "ID": 1,
            "ClientID": 123_456,
            "ClientName": "Example account",
            "UserName": "admin@example.com",
            "GivenName": "Account",
            "FamilyName": "Administrator",
            "Active": true,
            "Email": "admin@example.com",
            "UserRole": 1,
            "UserRoleDescription": "Administrator",
            "MobileNumber": "",
            "TimeZoneID": "",
            "EnableAlertTimeframe": false,
            "AlertTimeframeStart": "00:00:00",
            "AlertTimeframeEnd": "00:00:00",
            "DefaultDashboard": 0,
            "DateFormat": "dd/MM/yyyy",
            "TimeFormat": "HH:mm:ss",
            "GraphTooltips": true,
        })
    );
    let body = answer.expect(StatusCode::OK);
    assert_eq!(
        body["VersionInformation"],
        json!({"Major": 1, "Minor": 8, "Hotfix": 0, "Beta": true, "Version": "1.8.0.BETA"})
    );
    let roles: Vec<_> = users(&answer)
        .iter()
        .map(|user| (user["ID"].clone(), user["UserRole"].clone()))
        .collect();
    assert_eq!(roles, [(json!(1), json!(1)), (json!(2), json!(0))]);
    for user in users(&answer) {
        let path = format!("{USERS}/{}", user["ID"]);
        assert_eq!(users(&app.get(&path).await), [user]);
    }
}

#[tokio::test]
async fn a_put_changes_a_user_and_returns_it() {
    let app = TestApp::start().await;
    let change = json!({
        "ID": 2, "GivenName": "Mary Ann", "FamilyName": "Smith", "Email": "mary@example.com",
        "MobileNumber": "+31 6 1234 5678", "TimeZoneID": "56", "UserRole": 1, "Active": false,
        "EnableAlertTimeframe": true, "AlertTimeframeStart": "08:30:00.5",
        "AlertTimeframeEnd": "17:00:00", "DefaultDashboard": 7, "DateFormat": "yyyy-MM-dd",
        "TimeFormat": "", "GraphTooltips": false,
    });
    let changed = user(&app.put(USERS, change).await);
    assert_eq!(
        changed,
        json!({
            "ID": 2, "ClientID": 123_456, "ClientName": "Example account",
            "UserName": "mary@example.com", "GivenName": "Mary", "FamilyName": "Ann Smith",
            "Active": false, "Email": "mary@example.com", "UserRole": 1,
            "UserRoleDescription": "Administrator", "MobileNumber": "+31 6 1234 5678",
            "TimeZoneID": "56", "EnableAlertTimeframe": true,
            "AlertTimeframeStart": "08:30:00.5000000", "AlertTimeframeEnd": "17:00:00",
            "DefaultDashboard": 7, "DateFormat": "yyyy-MM-dd", "TimeFormat": "",
            "GraphTooltips": false,
        })
    );
    assert_eq!(user(&app.get("/api/Users/2").await), changed);
    // Absent and null fields stay unchanged.
    for nothing in [
        json!({"ID": 2}),
        json!({"ID": 2, "Active": null, "TimeZoneID": null, "GivenName": null}),
    ] {
        assert_eq!(user(&app.put(USERS, nothing).await), changed);
    }
    let cleared = json!({"id": 2, "mobilenumber": "", "TIMEZONEID": ""});
    let cleared = user(&app.put(USERS, cleared).await);
    assert_eq!(
        (&cleared["MobileNumber"], &cleared["TimeZoneID"]),
        (&json!(""), &json!(""))
    );
}

#[tokio::test]
async fn both_apis_show_the_same_person() {
    let app = TestApp::start().await;
    let operator = app.new_operator(json!({})).await;
    let path = path_of(&operator);
    let id = user_of(&app, &operator).await["ID"].clone();
    let change = json!({
        "ID": id, "GivenName": "Fourth", "UserName": "fourth@acme.com", "MobileNumber": "+31612345678",
        "TimeZoneID": "3", "UserRole": 1,
    });
    user(&app.put(USERS, change).await);
    let shown = app.get(&path).await.expect(StatusCode::OK);
    for (field, value) in [
        ("FullName", json!("Fourth Operator")),
        ("Email", json!("fourth@acme.com")),
        ("MobilePhone", json!("+31612345678")),
        ("TimeZoneId", json!(3)),
        ("IsOnDuty", operator["IsOnDuty"].clone()),
    ] {
        assert_eq!(shown[field], value, "{field}");
    }
    assert_ne!(shown["Hash"], operator["Hash"]);
    let authorizations = app.get(&format!("{path}/Authorization")).await;
    assert!(authorizations.text.contains("AccountAdministrator"));

    // Fields that only the user has do not change the operator.
    user(
        &app.put(
            USERS,
            json!({"ID": id, "GraphTooltips": false, "GivenName": "Fourth"}),
        )
        .await,
    );
    assert_eq!(app.get(&path).await.expect(StatusCode::OK), shown);

    let group = app.system_group("IsAdministratorsGroup").await;
    let member = format!("{group}/Member/{}", text(&operator, "OperatorGuid"));
    app.delete(&member).await.expect(StatusCode::NO_CONTENT);
    let change = json!({"FullName": "Fifth", "Email": "fifth@acme.com", "TimeZoneId": null});
    app.patch(&path, change)
        .await
        .expect(StatusCode::NO_CONTENT);
    let shown = user(&app.get(&format!("{USERS}/{id}")).await);
    for (field, value) in [
        ("GivenName", json!("Fifth")),
        ("FamilyName", json!("")),
        ("UserName", json!("fifth@acme.com")),
        ("UserRole", json!(0)),
        ("TimeZoneID", json!("")),
    ] {
        assert_eq!(shown[field], value, "{field}");
    }
}

#[tokio::test]
async fn a_user_from_a_get_can_be_sent_back() {
    let app = TestApp::start().await;
    let (operator, mut own, client) = ordinary(&app).await;
    let blanks = json!({"FullName": "  Third   Operator "});
    app.patch(&path_of(&operator), blanks)
        .await
        .expect(StatusCode::NO_CONTENT);
    let before = app.get(&path_of(&operator)).await.expect(StatusCode::OK);
    assert_eq!(user(&client.send(PUT, USERS, own.clone()).await), own);
    let after = app.get(&path_of(&operator)).await.expect(StatusCode::OK);
    assert_eq!(after, before);

    own["GraphTooltips"] = json!(false);
    assert_eq!(user(&client.send(PUT, USERS, own.clone()).await), own);
    // Read-only fields are ignored.
    let mut odd = own.clone();
    odd["ClientID"] = json!("x");
    odd["ClientName"] = json!(7);
    odd["UserRoleDescription"] = json!(["Administrator"]);
    assert_eq!(user(&client.send(PUT, USERS, odd).await), own);
    for mut all in users(&app.get(USERS).await) {
        all["DefaultDashboard"] = json!(3);
        assert_eq!(user(&app.put(USERS, all.clone()).await), all);
    }
}

#[tokio::test]
async fn a_user_is_found_by_its_name_if_there_is_no_id() {
    let app = TestApp::start().await;
    for id in [json!({}), json!({"ID": null}), json!({"ID": 0})] {
        let mut change =
            json!({"UserName": " OPERATOR@example.com", "Email": "renamed@example.com"});
        change
            .as_object_mut()
            .unwrap()
            .extend(id.as_object().unwrap().clone());
        assert_eq!(user(&app.put(USERS, change).await)["ID"], 2);
        let back = json!({"UserName": "renamed@example.com", "Email": "operator@example.com"});
        assert_eq!(
            user(&app.put(USERS, back).await)["UserName"],
            "operator@example.com"
        );
    }
    let nobody = app.put(USERS, json!({"UserName": "nobody"})).await;
    let messages = nobody.messages(StatusCode::NOT_FOUND);
    assert_eq!(messages, ["User 'nobody' does not exist."]);
    let unnamed = app.put(USERS, json!({"GivenName": "x", "ID": 0})).await;
    unnamed.names(StatusCode::BAD_REQUEST, &["ID"]);
    let of_both = json!({"ID": 2, "UserName": "a@b", "Email": "c@d"});
    let answer = app.put(USERS, of_both).await;
    answer.names(StatusCode::FORBIDDEN, &["UserName"]);
    let same =
        json!({"ID": 2, "UserName": "OPERATOR@example.com", "Email": " Operator@example.com"});
    assert_eq!(
        user(&app.put(USERS, same).await)["Email"],
        " Operator@example.com"
    );
}

#[tokio::test]
async fn an_id_is_never_used_again() {
    let app = TestApp::start().await;
    let operator = app.new_operator(json!({})).await;
    assert_eq!(user_of(&app, &operator).await["ID"], 3);
    app.delete(&path_of(&operator))
        .await
        .expect(StatusCode::NO_CONTENT);
    app.get("/api/Users/3")
        .await
        .messages(StatusCode::NOT_FOUND);
    let operator = app.new_operator(json!({})).await;
    assert_eq!(user_of(&app, &operator).await["ID"], 4);
}

#[tokio::test]
async fn all_errors_are_reported_at_once_with_the_user_s_field_names() {
    let app = TestApp::start().await;
    let before = app.get("/api/Users/2").await;
    for (status, change, fields) in [
        (
            StatusCode::FORBIDDEN,
            json!({
                "ID": 2, "Email": "ADMIN@example.com", "MobileNumber": "1", "TimeZoneID": "here",
                "GivenName": "x".repeat(250), "FamilyName": "x".repeat(250),
                "DateFormat": "x".repeat(256), "NewPassword": "", "GraphTooltips": false,
            }),
            &[
                "Email",
                "MobileNumber",
                "TimeZoneID",
                "GivenName",
                "DateFormat",
                "NewPassword",
            ][..],
        ),
        (
            StatusCode::FORBIDDEN,
            json!({"ID": 2, "UserName": "admin@example.com", "TimeZoneID": "9999"}),
            &["UserName", "TimeZoneID"],
        ),
        (
            StatusCode::FORBIDDEN,
            json!({"ID": 1, "Active": false, "UserRole": 0, "NewPassword": "x"}),
            &["Active", "UserRole", "OldPassword"],
        ),
        (
            StatusCode::BAD_REQUEST,
            json!({"ID": 2, "Email": " ", "GivenName": "", "FamilyName": " "}),
            &["Email", "GivenName"],
        ),
        (
            StatusCode::BAD_REQUEST,
            json!({
                "ID": "2", "UserName": 1, "Active": "true", "UserRole": 2, "TimeZoneID": 56,
                "AlertTimeframeStart": "24:00:00", "AlertTimeframeEnd": 8, "DefaultDashboard": 1.5,
                "GraphTooltips": 1, "EnableAlertTimeframe": [], "OldPassword": 1, "NewPassword": {},
                "GivenName": 1, "FamilyName": 1, "Email": 1, "MobileNumber": 1, "DateFormat": 1, "TimeFormat": 1,
            }),
            &[
                "ID",
                "UserName",
                "Active",
                "UserRole",
                "TimeZoneID",
                "AlertTimeframeStart",
                "AlertTimeframeEnd",
                "DefaultDashboard",
                "GraphTooltips",
                "EnableAlertTimeframe",
                "OldPassword",
                "NewPassword",
                "GivenName",
                "FamilyName",
                "Email",
                "MobileNumber",
                "DateFormat",
                "TimeFormat",
            ],
        ),
        (
            StatusCode::BAD_REQUEST,
            json!({"ID": 99_999_999_999_i64, "UserRole": "Owner"}),
            &["ID", "UserRole"],
        ),
    ] {
        app.put(USERS, change).await.names(status, fields);
    }
    let after = app.get("/api/Users/2").await;
    assert_eq!(users(&after), users(&before));
}

#[tokio::test]
async fn a_role_is_a_number_or_a_word() {
    let app = TestApp::start().await;
    for (role_value, role) in [
        (json!("administrator"), 1),
        (json!(0), 0),
        (json!(1.0), 1),
        (json!("Monitor"), 0),
        (json!(""), 0),
    ] {
        let changed = user(
            &app.put(USERS, json!({"ID": 2, "UserRole": role_value}))
                .await,
        );
        assert_eq!(changed["UserRole"], role, "{role_value}");
    }
}

#[tokio::test]
async fn every_error_is_in_the_envelope_with_its_usual_status() {
    let app = TestApp::start().await;
    let (_, _, client) = ordinary(&app).await;
    let put = |body: &str| app.request(PUT, USERS).body(body.to_owned());
    let json = |request: RequestBuilder| request.header("Content-Type", "application/json");
    for (status, code, request, expected) in [
        (401, 2, app.anonymous(Method::GET, USERS), "user name"),
        (401, 2, app.anonymous(PUT, USERS), "user name"),
        (
            404,
            5,
            app.request(Method::GET, "/api/Users/7"),
            "User 7 does not exist",
        ),
        (
            404,
            6,
            app.request(Method::GET, "/api/Users/7/8"),
            "/api/Users/7/8",
        ),
        (404, 5, json(put(r#"{"ID": 7}"#)), "User 7 does not exist"),
        (404, 5, json(put(r#"{"ID": -7}"#)), "User -7 does not exist"),
        (405, 6, app.request(Method::POST, USERS), "POST"),
        (
            405,
            6,
            app.request(Method::DELETE, "/api/Users/1"),
            "DELETE",
        ),
        (413, 6, json(put(&"x".repeat(64 * 1024 + 1))), "65536"),
        (415, 6, put("{}"), "text/html"),
        (
            415,
            6,
            put("{}").header("Content-Type", "text/plain"),
            "not text/plain",
        ),
        (400, 1, json(put("{")), "not valid JSON"),
        (400, 1, json(put("[]")), "must be a JSON object"),
        (400, 1, app.request(Method::GET, "/api/Users/x"), "Id: 'x'"),
        (
            400,
            1,
            as_form(&app, r#"{"ID": 2}"#),
            "Content-Type: application/json",
        ),
        (
            403,
            3,
            json(client.request(PUT, USERS).body(r#"{"ID": 2}"#)),
            "Only members",
        ),
        (
            403,
            3,
            json(client.request(PUT, USERS).body(r#"{"ID": 99}"#)),
            "Only members",
        ),
        (403, 4, json(put(r#"{"ID": 2, "Email": "x"}"#)), "Email: "),
    ] {
        let status = StatusCode::from_u16(status).unwrap();
        let answer = Answer::of(request.header("Accept", "text/json")).await;
        let messages = answer.messages(status);
        assert!(
            messages.len() == 1 && messages[0].contains(expected),
            "{expected}: {messages:?}"
        );
        assert_eq!(answer.headers["content-type"], "text/json; charset=utf-8");
        let body = answer.expect(status);
        assert_eq!(
            body["Messages"][0],
            json!({
                "Severity": 2, "MessageCode": code, "CodeDesc": status.as_u16(),
                "MessageText": messages[0], "RecordNumber": 0,
            })
        );
        assert_eq!(
            body.as_object().unwrap().keys().collect::<Vec<_>>(),
            ENVELOPE
        );
        match status {
            StatusCode::UNAUTHORIZED => {
                assert_eq!(
                    answer.headers["www-authenticate"],
                    r#"Basic realm="Uptrends API""#
                );
            }
            StatusCode::METHOD_NOT_ALLOWED => assert!(answer.headers.contains_key("allow")),
            _ => {}
        }
    }
}

#[tokio::test]
async fn the_companion_api_is_not_under_v4() {
    let app = TestApp::start().await;
    for path in ["/v4/api/Users", "/V4/API/users/1"] {
        let answer = app.get(path).await;
        assert_eq!(
            answer
                .expect(StatusCode::NOT_FOUND)
                .as_object()
                .unwrap()
                .len(),
            1
        );
    }
    for path in ["/API/USERS", "/api/users/", "/%61pi/Users"] {
        assert_eq!(users(&app.get(path).await).len(), 2);
    }
    assert_eq!(user(&app.get("/api/USERS/2/?x=y").await)["ID"], 2);
}

#[tokio::test]
async fn json_has_three_media_types() {
    let app = TestApp::start().await;
    for (number, media_type) in ["application/json", "text/json", "text/html"]
        .into_iter()
        .enumerate()
    {
        let request = app
            .request(PUT, USERS)
            .header(
                "Content-Type",
                format!("{}; charset=UTF-8", media_type.to_uppercase()),
            )
            .body(json!({"ID": 2, "DefaultDashboard": number}).to_string());
        let answer = Answer::of(request.try_clone().unwrap().header("Accept", media_type)).await;
        let expected = format!("{media_type}; charset=utf-8");
        assert_eq!(answer.headers["content-type"], expected);
        assert_eq!(user(&answer)["DefaultDashboard"], number);
        // If no acceptable type is available, the response has the type of the request.
        let answer = Answer::of(request.header("Accept", "application/xml")).await;
        assert_eq!(answer.headers["content-type"], expected);
    }
    let in_a_browser = app.request(Method::GET, USERS).header(
        "Accept",
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    );
    let answer = Answer::of(in_a_browser).await;
    assert_eq!(answer.headers["content-type"], "text/html; charset=utf-8");
    assert_eq!(
        answer.headers["content-security-policy"],
        "default-src 'none'; sandbox"
    );
    assert_eq!(users(&answer).len(), 2);
}

#[tokio::test]
async fn a_form_is_equivalent_to_json() {
    let app = TestApp::start().await;
    let form = "id=2&GIVENNAME=J%C3%BCrgen+Peter&FamilyName=&active=True&UserRole=administrator&\
                EnableAlertTimeframe=TRUE&AlertTimeframeStart=08%3A30%3A00.1234567&AlertTimeframeEnd=&\
                DefaultDashboard=+5&TimeZoneID=56&MobileNumber=&GraphTooltips=false&GraphTooltips=true&Other=x";
    let changed = user(&Answer::of(as_form(&app, form)).await);
    for (field, value) in [
        ("ID", json!(2)),
        ("GivenName", json!("Jürgen")),
        ("FamilyName", json!("Peter Operator")),
        ("UserRole", json!(1)),
        ("EnableAlertTimeframe", json!(true)),
        ("AlertTimeframeStart", json!("08:30:00.1234567")),
        ("AlertTimeframeEnd", json!("00:00:00")),
        ("DefaultDashboard", json!(5)),
        ("TimeZoneID", json!("56")),
        ("GraphTooltips", json!(false)),
    ] {
        assert_eq!(changed[field], value, "{field}");
    }
    let wrong = "ID=two&Active=yes&DefaultDashboard=1.5&UserRole=7&AlertTimeframeEnd=x";
    Answer::of(as_form(&app, wrong)).await.names(
        StatusCode::BAD_REQUEST,
        &[
            "ID",
            "Active",
            "DefaultDashboard",
            "UserRole",
            "AlertTimeframeEnd",
        ],
    );
    Answer::of(as_form(&app, "GivenName=x"))
        .await
        .names(StatusCode::BAD_REQUEST, &["ID"]);
    // An empty field counts as absent.
    let unchanged =
        "ID=2&GivenName=&Email=&MobileNumber=&TimeZoneID=&Active=&UserRole=&NewPassword=";
    assert_eq!(user(&Answer::of(as_form(&app, unchanged)).await), changed);
}

#[tokio::test]
async fn changing_the_own_password_requires_the_old_one() {
    let app = TestApp::start().await;
    let (operator, own, client) = ordinary(&app).await;
    let id = own["ID"].clone();
    for (old, fields) in [
        (json!(null), ["OldPassword"]),
        (json!(""), ["OldPassword"]),
        (json!("S3cret"), ["OldPassword"]),
        (json!(" s3cret"), ["OldPassword"]),
    ] {
        let change =
            json!({"ID": id, "OldPassword": old, "NewPassword": "changed", "GivenName": "x"});
        let answer = client.send(PUT, USERS, change).await;
        answer.names(StatusCode::FORBIDDEN, &fields);
    }
    assert!(may_register(&app, "s3cret").await);
    assert_eq!(user_of(&app, &operator).await, own);

    let change =
        json!({"ID": id, "OldPassword": "s3cret", "NewPassword": "changed", "GivenName": "Fourth"});
    let answer = client.send(PUT, USERS, change).await;
    assert_eq!(user(&answer)["GivenName"], "Fourth");
    assert!(!answer.text.contains("changed"), "{}", answer.text);
    assert!(may_register(&app, "changed").await);
    assert!(!may_register(&app, "s3cret").await);
    // An OldPassword alone changes nothing.
    let change = json!({"ID": id, "OldPassword": "anything"});
    user(&client.send(PUT, USERS, change).await);
    assert!(may_register(&app, "changed").await);
}

#[tokio::test]
async fn a_wrong_old_password_is_reported_with_all_other_errors() {
    let app = TestApp::start().await;
    let (operator, own, client) = ordinary(&app).await;
    let long = "x".repeat(257);
    for (status, change, fields) in [
        (
            StatusCode::FORBIDDEN,
            json!({"NewPassword": "changed", "MobileNumber": "1", "Email": "ADMIN@example.com"}),
            &["OldPassword", "MobileNumber", "Email"][..],
        ),
        (
            StatusCode::FORBIDDEN,
            json!({"NewPassword": long}),
            &["OldPassword", "NewPassword"],
        ),
        (
            StatusCode::BAD_REQUEST,
            json!({"NewPassword": "changed", "GraphTooltips": 1, "MobileNumber": "1"}),
            &["OldPassword", "GraphTooltips", "MobileNumber"],
        ),
        (
            StatusCode::BAD_REQUEST,
            json!({"NewPassword": 7}),
            &["OldPassword", "NewPassword"],
        ),
    ] {
        for old in [json!("wrong"), json!(null)] {
            let mut change = change.clone();
            change["ID"] = own["ID"].clone();
            change["OldPassword"] = old;
            client.send(PUT, USERS, change).await.names(status, fields);
        }
        // A correct one is not reported.
        let mut change = change.clone();
        change["ID"] = own["ID"].clone();
        change["OldPassword"] = json!("s3cret");
        client
            .send(PUT, USERS, change)
            .await
            .names(status, &fields[1..]);
    }
    // Rights are checked before all rules.
    let change =
        json!({"ID": own["ID"], "OldPassword": "wrong", "NewPassword": "x", "Active": false});
    let messages = client
        .send(PUT, USERS, change)
        .await
        .messages(StatusCode::FORBIDDEN);
    assert!(messages[0].starts_with("Only members"), "{messages:?}");
    assert_eq!(messages.len(), 1);
    // For another operator, OldPassword is ignored even if there are other errors.
    let change =
        json!({"ID": own["ID"], "OldPassword": "wrong", "NewPassword": "x", "MobileNumber": "1"});
    app.put(USERS, change)
        .await
        .names(StatusCode::FORBIDDEN, &["MobileNumber"]);
    assert!(may_register(&app, "s3cret").await);
    assert_eq!(user_of(&app, &operator).await, own);
}

#[tokio::test]
async fn a_password_of_blanks_is_changed_by_its_owner() {
    let app = TestApp::start().await;
    let operator = app.new_operator(json!({"Password": "  "})).await;
    let client = app.as_operator(&text(&operator, "OperatorGuid")).await;
    let id = user_of(&app, &operator).await["ID"].clone();
    let change = |old: &str, new: &str| json!({"ID": id, "OldPassword": old, "NewPassword": new});
    client
        .send(PUT, USERS, change(" ", "changed"))
        .await
        .names(StatusCode::FORBIDDEN, &["OldPassword"]);
    user(&client.send(PUT, USERS, change("  ", " ")).await);
    assert!(may_register(&app, " ").await);
    let form = format!("ID={id}&OldPassword=+&NewPassword=changed");
    let request = client
        .request(PUT, USERS)
        .header("Content-Type", "application/x-www-form-urlencoded");
    user(&Answer::of(request.body(form)).await);
    assert!(may_register(&app, "changed").await);
}

#[tokio::test]
async fn an_administrator_sets_another_s_password_without_the_old_one() {
    let app = TestApp::start().await;
    let (_, own, _) = ordinary(&app).await;
    for old in [json!(null), json!("wrong")] {
        let change = json!({"ID": own["ID"], "OldPassword": old, "NewPassword": "changed"});
        user(&app.put(USERS, change).await);
        assert!(may_register(&app, "changed").await);
    }
    // But not its own.
    let change = json!({"ID": 1, "NewPassword": "changed"});
    let answer = app.put(USERS, change).await;
    answer.names(StatusCode::FORBIDDEN, &["OldPassword"]);
    let change = json!({"ID": 1, "OldPassword": "emulator", "NewPassword": "changed"});
    user(&app.put(USERS, change).await);
}

#[tokio::test]
async fn an_operator_without_a_password_cannot_give_the_old_one() {
    let app = TestApp::start().await;
    let operator = app.new_operator(json!({})).await;
    let client = app.as_operator(&text(&operator, "OperatorGuid")).await;
    let id = user_of(&app, &operator).await["ID"].clone();
    let change = json!({"ID": id, "OldPassword": "", "NewPassword": "first"});
    let answer = client.send(PUT, USERS, change.clone()).await;
    answer.names(StatusCode::FORBIDDEN, &["OldPassword"]);
    user(&app.put(USERS, change).await);
    assert!(may_register(&app, "first").await);
}

#[tokio::test]
async fn an_inactive_user_cannot_authenticate() {
    let app = TestApp::start().await;
    let (operator, own, client) = ordinary(&app).await;
    let registered = Answer::of(register(&app, "s3cret")).await;
    let registered = app.as_api_user(&registered.expect(StatusCode::CREATED));
    for active in [false, true, false] {
        let change = json!({"ID": own["ID"], "Active": active});
        assert_eq!(user(&app.put(USERS, change).await)["Active"], active);
        let status = if active {
            StatusCode::OK
        } else {
            StatusCode::UNAUTHORIZED
        };
        for client in [&client, &registered] {
            for path in ["/v4/Operator", USERS] {
                assert_eq!(client.get(path).await.status, status, "{path}");
            }
        }
        assert_eq!(may_register(&app, "s3cret").await, active);
    }
    let reason = async || {
        let journal = app.anonymous(Method::GET, "/_emulator/requests?status=401");
        let journal = Answer::of(journal).await.expect(StatusCode::OK);
        let last = journal.as_array().unwrap().last().unwrap().clone();
        reasons(&last)
    };
    assert!(
        reason()
            .await
            .contains("operator ThirdOperator@acme.com is not active")
    );
    client.get("/v4/Operator").await;
    assert!(reason().await.contains("the operator of API user"));
    // The operator is shown as before.
    let shown = app.get(&path_of(&operator)).await.expect(StatusCode::OK);
    assert_eq!(shown, operator);
}

#[tokio::test]
async fn nobody_deactivates_itself_or_the_owner() {
    let app = TestApp::start().await;
    let (_, own, client) = ordinary(&app).await;
    user(
        &app.put(USERS, json!({"ID": own["ID"], "UserRole": 1}))
            .await,
    );
    for id in [json!(1), own["ID"].clone()] {
        let answer = client
            .send(PUT, USERS, json!({"ID": id, "Active": false}))
            .await;
        answer.names(StatusCode::FORBIDDEN, &["Active"]);
    }
    let answer = app
        .put(
            USERS,
            json!({"UserName": "admin@example.com", "Active": false}),
        )
        .await;
    answer.names(StatusCode::FORBIDDEN, &["Active"]);
    // An administrator may give up the role, as in the group API; the owner may not.
    let answer = client
        .send(PUT, USERS, json!({"ID": 1, "UserRole": 0}))
        .await;
    answer.names(StatusCode::FORBIDDEN, &["UserRole"]);
    let answer = client
        .send(PUT, USERS, json!({"ID": own["ID"], "UserRole": 0}))
        .await;
    assert_eq!(user(&answer)["UserRole"], 0);
}

#[tokio::test]
async fn the_first_of_concurrent_changes_decides() {
    let app = TestApp::start().await;
    let (_, own, client) = ordinary(&app).await;
    let deactivate = app.put(USERS, json!({"ID": own["ID"], "Active": false}));
    let change = json!({"ID": own["ID"], "OldPassword": "s3cret", "NewPassword": "changed"});
    let (deactivated, changed) = tokio::join!(deactivate, client.send(PUT, USERS, change));
    user(&deactivated);
    let made = match changed.status {
        StatusCode::OK => true,
        StatusCode::UNAUTHORIZED => false,
        other => panic!("{other}: {}", changed.text),
    };
    user(
        &app.put(USERS, json!({"ID": own["ID"], "Active": true}))
            .await,
    );
    assert_eq!(may_register(&app, "changed").await, made);

    // Of two concurrent replacements of one password, one comes too late.
    let old = if made { "changed" } else { "s3cret" };
    let change = |new: &str| {
        let change = json!({"ID": own["ID"], "OldPassword": old, "NewPassword": new});
        client.send(PUT, USERS, change)
    };
    let (one, other) = tokio::join!(change("one"), change("other"));
    let made = [&one, &other].map(|answer| answer.status == StatusCode::OK);
    for answer in [&one, &other] {
        if answer.status != StatusCode::OK {
            answer.names(StatusCode::FORBIDDEN, &["OldPassword"]);
        }
    }
    assert!(made[0] || made[1]);
    let kept = [
        may_register(&app, "one").await,
        may_register(&app, "other").await,
    ];
    assert_eq!(kept.iter().filter(|kept| **kept).count(), 1);
}

#[tokio::test]
async fn the_time_of_the_server_is_that_of_the_account_s_clock() {
    let app = TestApp::start().await;
    let freeze = app
        .anonymous(Method::POST, "/_emulator/accounts/123456/clock/freeze")
        .json(&json!({"at": "2030-01-02T03:04:05"}));
    Answer::of(freeze).await.expect(StatusCode::OK);
    let wrong = app
        .anonymous(Method::GET, USERS)
        .basic_auth("emulator", Some("x"));
    for answer in [
        app.get(USERS).await,
        app.get("/api/Users/9").await,
        Answer::of(wrong).await,
    ] {
        let body = answer.expect(answer.status);
        assert_eq!(
            body["ServerInformation"]["CurrentTimeUTC"],
            "2030-01-02T03:04:05"
        );
        let built = text(&body["ServerInformation"], "BuildDateUTC");
        assert_eq!(built.len(), "2030-01-02T03:04:05".len());
    }
}

#[tokio::test]
async fn faults_and_the_journal_use_the_path_of_users() {
    let app = TestApp::start().await;
    let fault = json!({
        "match": {"path": "/api/Users/*", "operationId": "Users_GetUser"},
        "effect": {"status": 503, "body": {"own": true}},
        "count": 1,
    });
    let creation = app
        .anonymous(Method::POST, "/_emulator/faults")
        .json(&fault);
    Answer::of(creation).await.expect(StatusCode::CREATED);
    users(&app.get(USERS).await);
    let struck = app.get("/API/users/1/").await;
    assert_eq!(
        struck.expect(StatusCode::SERVICE_UNAVAILABLE),
        json!({"own": true})
    );
    let html = app
        .request(PUT, "/api/users")
        .header("Content-Type", "text/html")
        .header("Accept", "text/html")
        .body(r#"{"ID": 1, "NewPassword": "x", "OldPassword": "y"}"#);
    Answer::of(html)
        .await
        .names(StatusCode::FORBIDDEN, &["OldPassword"]);
    let journal = Answer::of(app.anonymous(Method::GET, "/_emulator/requests")).await;
    let journal = journal.expect(StatusCode::OK);
    let recorded: Vec<_> = journal
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (text(entry, "path"), text(entry, "operationId")))
        .collect();
    let expected = [
        (USERS, "Users_GetAllUsers"),
        ("/api/Users/1", "Users_GetUser"),
        (USERS, "Users_UpdateUser"),
    ];
    assert_eq!(
        recorded,
        expected.map(|(path, id)| (path.to_owned(), id.to_owned()))
    );
    assert_eq!(
        journal[2]["request"]["body"],
        json!({"ID": 1, "NewPassword": "[redacted]", "OldPassword": "[redacted]"})
    );
    assert_eq!(
        journal[2]["response"]["body"]["Messages"][0]["CodeDesc"],
        403
    );
    assert!(reasons(&journal[2]).starts_with("OldPassword: "));
}

/// Returns the request printed in the document.
fn sample() -> Value {
    json!({
        "OldPassword": "sample string 2",
        "NewPassword": "sample string 3",
        "ID": 4,
        "ClientID": 5,
        "UserName": "sample string 6",
        "GivenName": "sample string 7",
        "FamilyName": "sample string 8",
        "Active": true,
        "Email": "sample string 9",
        "UserRole": 0,
        "UserRoleDescription": "Monitor",
        "MobileNumber": "sample string 10",
        "TimeZoneID": "sample string 11",
        "EnableAlertTimeframe": true,
        "AlertTimeframeStart": "00:00:00.1234567",
        "AlertTimeframeEnd": "00:00:00.1234567",
        "DefaultDashboard": 1,
        "DateFormat": "sample string 12",
        "TimeFormat": "sample string 13",
        "GraphTooltips": true
    })
}

#[tokio::test]
async fn the_request_printed_in_the_document_is_accepted() {
    let app = TestApp::start().await;
    let answer = app.put(USERS, sample()).await;
    let messages = answer.messages(StatusCode::NOT_FOUND);
    assert_eq!(messages, ["User 4 does not exist."]);

    let mut valid = sample();
    valid["ID"] = json!(2);
    app.put(USERS, valid.clone()).await.names(
        StatusCode::FORBIDDEN,
        &["UserName", "Email", "MobileNumber", "TimeZoneID"],
    );
    for (field, value) in [
        ("UserName", "sample@example.com"),
        ("Email", "sample@example.com"),
        ("MobileNumber", "+31612345678"),
        ("TimeZoneID", "56"),
    ] {
        valid[field] = json!(value);
    }
    let changed = user(&app.put(USERS, valid.clone()).await);
    for (field, value) in valid.as_object().unwrap() {
        match field.as_str() {
            "OldPassword" | "NewPassword" => assert!(changed.get(field).is_none()),
            "ClientID" => assert_eq!(changed[field], 123_456),
            // The operator has one name, which is split at its first blank.
            "GivenName" => assert_eq!(changed[field], "sample"),
            "FamilyName" => assert_eq!(changed[field], "string 7 sample string 8"),
            _ => assert_eq!(&changed[field], value, "{field}"),
        }
    }
}

#[tokio::test]
async fn a_user_survives_a_restart_a_copy_and_a_reset() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("state.sqlite");
    let app = TestApp::start_on(&database).await;
    let operator = app.new_operator(json!({})).await;
    let change = json!({
        "UserName": operator["Email"], "Active": false, "AlertTimeframeStart": "08:30:00.1234567",
        "AlertTimeframeEnd": "23:59:59", "EnableAlertTimeframe": true, "DefaultDashboard": 7,
        "DateFormat": "d", "TimeFormat": "t", "GraphTooltips": false,
    });
    user(&app.put(USERS, change).await);
    let before = users(&app.get(USERS).await);
    app.stop().await;

    let app = TestApp::start_on(&database).await;
    assert_eq!(users(&app.get(USERS).await), before);
    let control = |method, path: &str| app.anonymous(method, &format!("/_emulator/accounts{path}"));
    let copy = control(Method::POST, "").json(&json!({"from": "account:123456"}));
    let copy = Answer::of(copy).await.expect(StatusCode::CREATED);
    let client = app.as_api_user(&copy["apiUser"]);
    let mut of_copy = users(&client.get(USERS).await);
    for user in &mut of_copy {
        assert_eq!(user["ClientID"].to_string(), text(&copy, "accountId"));
        user["ClientID"] = json!(123_456);
    }
    assert_eq!(of_copy, before);

    let export = control(Method::GET, "/123456/export");
    let export = Answer::of(export.header("Accept", "application/json")).await;
    let loaded = TestApp::start_seeded(&export.text).await;
    assert_eq!(users(&loaded.get(USERS).await), before);
    let added = loaded.new_operator(json!({"Email": "new@acme.com"})).await;
    assert_eq!(user_of(&loaded, &added).await["ID"], 4);

    Answer::of(control(Method::POST, "/123456/reset"))
        .await
        .expect(StatusCode::NO_CONTENT);
    assert_eq!(users(&app.get(USERS).await).len(), 2);
    app.stop().await;
}

#[tokio::test]
async fn a_seed_sets_the_fields_of_users() {
    let app = TestApp::start_seeded(
        r#"{"accounts": [{"AccountId": "1", "NextUserID": 40, "operators": [
            {"key": "a", "FullName": "A B", "Email": "a@b", "IsAccountAdministrator": true,
                "User": {"ID": 30, "ClientID": 9, "ClientName": "x", "UserName": "y", "GivenName": "z",
                    "FamilyName": "", "Active": true, "Email": "e", "UserRole": 0, "UserRoleDescription": "Monitor",
                    "MobileNumber": "", "TimeZoneID": "", "EnableAlertTimeframe": true,
                    "AlertTimeframeStart": "01:00:00", "AlertTimeframeEnd": "02:00:00", "DefaultDashboard": 1,
                    "DateFormat": "d", "TimeFormat": "t", "GraphTooltips": false}},
            {"FullName": "C", "Email": "c@b", "User": {"Active": false}}],
            "apiUsers": [{"operator": "a", "UserName": "emulator", "Password": "emulator"}]}]}"#,
    )
    .await;
    let all = users(&app.get(USERS).await);
    let users: Vec<_> = all
        .iter()
        .map(|user| {
            (
                user["ID"].clone(),
                user["UserName"].clone(),
                user["Active"].clone(),
            )
        })
        .collect();
    assert_eq!(
        users,
        [
            (json!(30), json!("a@b"), json!(true)),
            (json!(40), json!("c@b"), json!(false)),
        ]
    );
    assert_eq!(all[0]["AlertTimeframeEnd"], "02:00:00");
    assert_eq!(all[0]["DateFormat"], "d");
}

#[tokio::test]
async fn an_incomplete_request_is_reported_in_the_envelope() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let options = Options::default().read_timeout(std::time::Duration::from_millis(50));
    let app = TestApp::start_with(options).await;
    let mut connection = app.connect().await;
    let head = "PUT /api/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Basic ZW11bGF0b3I6ZW11bGF0b3I=\r\n\
                Content-Type: application/json\r\nContent-Length: 10\r\nConnection: close\r\n\r\n{";
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(
        answer.contains(r#""Users":[]"#) && answer.contains(r#""CodeDesc":408"#),
        "{answer}"
    );
}
