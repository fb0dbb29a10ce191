//! Tests of `/ApiUser`.

use std::collections::BTreeSet;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::{Answer, TestApp, path_of, text};

/// Creates an ordinary operator and an API user of it; returns both as the POST responses show them.
async fn new_api_user(app: &TestApp, description: &str) -> (Value, Value) {
    let operator = app.new_operator(json!({})).await;
    let body = json!({"OperatorGuid": operator["OperatorGuid"], "Description": description});
    let api_user = app.post("/v4/ApiUser", body).await;
    (operator, api_user.expect(StatusCode::CREATED))
}

fn path_to(api_user: &Value) -> String {
    format!("/v4/ApiUser/{}", text(api_user, "ApiUserGuid"))
}

/// Sends a request with the credentials of an API user.
async fn use_once(app: &TestApp, api_user: &Value, method: Method, path: &str) -> StatusCode {
    let (name, password) = (text(api_user, "UserName"), text(api_user, "Password"));
    let request = app.anonymous(method, path).basic_auth(name, Some(password));
    Answer::of(request).await.status
}

/// Returns whether a text matches a pattern in which `0` stands for any digit.
fn is_like(text: &str, pattern: &str) -> bool {
    text.len() == pattern.len()
        && text
            .bytes()
            .zip(pattern.bytes())
            .all(|(byte, pattern)| byte == pattern || pattern == b'0' && byte.is_ascii_digit())
}

#[tokio::test]
async fn a_new_api_user_has_every_documented_field() {
    let app = TestApp::start().await;
    let (operator, api_user) = new_api_user(&app, "Nightly export").await;
    let guid = text(&api_user, "ApiUserGuid");
    assert!(is_like(
        &text(&api_user, "CreatedDate"),
        "0000-00-00T00:00:00"
    ));
    assert_eq!(
        api_user,
        json!({
            "ApiUserGuid": guid,
            "OperatorGuid": operator["OperatorGuid"],
            "UserName": guid.replace('-', ""),
            "Password": api_user["Password"],
            "Type": "Generic",
            "Description": "Nightly export",
            "CreatedDate": api_user["CreatedDate"],
            "LastUsed": "Not yet used",
            "UsageLast30Days": 0,
        })
    );
    assert!(guid.bytes().all(|byte| !byte.is_ascii_uppercase()));
}

#[tokio::test]
async fn fields_are_written_in_the_documents_order() {
    let app = TestApp::start().await;
    let operator = app.new_operator(json!({})).await;
    let body = json!({"OperatorGuid": operator["OperatorGuid"]});
    let answer = app.post("/v4/ApiUser", body).await;
    answer.expect(StatusCode::CREATED);
    let places: Vec<_> = [
        "ApiUserGuid",
        "OperatorGuid",
        "UserName",
        "Password",
        "Type",
        "Description",
        "CreatedDate",
        "LastUsed",
        "UsageLast30Days",
    ]
    .iter()
    .map(|name| answer.text.find(&format!("\"{name}\":")).expect(name))
    .collect();
    assert!(places.is_sorted(), "{}", answer.text);
}

#[tokio::test]
async fn a_password_is_shown_once_and_never_again() {
    let app = TestApp::start().await;
    let (operator, created) = new_api_user(&app, "x").await;
    let mut without_password = created.clone();
    without_password.as_object_mut().unwrap().remove("Password");
    assert_eq!(
        app.get(&path_to(&created)).await.expect(StatusCode::OK),
        without_password
    );
    let of_operator = format!("/v4/ApiUser/Operator/{}", text(&operator, "OperatorGuid"));
    assert_eq!(
        app.get(&of_operator).await.expect(StatusCode::OK),
        json!([without_password])
    );
    let all = app.get("/v4/ApiUser").await;
    assert_eq!(all.expect(StatusCode::OK)[1], without_password);
    assert!(!all.text.contains("Password"));
}

#[tokio::test]
async fn passwords_are_long_url_safe_and_all_different() {
    let app = TestApp::start().await;
    let operator = app.new_operator(json!({})).await;
    let mut passwords = BTreeSet::new();
    for _ in 0..20 {
        let body = json!({"OperatorGuid": operator["OperatorGuid"]});
        let api_user = app.post("/v4/ApiUser", body).await;
        let password = text(&api_user.expect(StatusCode::CREATED), "Password");
        // 128 bits in an alphabet of 64 characters need 22 characters.
        assert!(password.len() >= 22, "{password}");
        assert!(
            password
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)),
            "{password}"
        );
        passwords.insert(password);
    }
    assert_eq!(passwords.len(), 20);
}

#[tokio::test]
async fn read_only_fields_of_a_new_api_user_are_ignored() {
    let app = TestApp::start().await;
    let operator = app.new_operator(json!({})).await;
    for junk in [json!(5), json!("MobileApp"), json!({}), json!(null)] {
        let read_only = json!({
            "UserName": junk,
            "Password": junk,
            "Type": junk,
            "CreatedDate": junk,
            "LastUsed": junk,
            "UsageLast30Days": junk,
            "OperatorGuid": operator["OperatorGuid"],
            "Description": "x",
        });
        let mut to_post = read_only.clone();
        to_post["ApiUserGuid"] = junk.clone();
        let created = app.post("/v4/ApiUser", to_post).await;
        let mut created = created.expect(StatusCode::CREATED);
        let path = path_to(&created);
        app.put(&path, read_only)
            .await
            .expect(StatusCode::NO_CONTENT);
        assert_ne!(created["Password"], junk);
        assert_eq!(created["Type"], "Generic");
        created.as_object_mut().unwrap().remove("Password");
        assert_eq!(app.get(&path).await.expect(StatusCode::OK), created);
    }
}

#[tokio::test]
async fn every_error_in_a_body_names_its_field() {
    let app = TestApp::start().await;
    let (operator, api_user) = new_api_user(&app, "x").await;
    let guid = &operator["OperatorGuid"];
    let path = path_to(&api_user);
    let long = "x".repeat(256);
    let bad = StatusCode::BAD_REQUEST;
    for (body, status, fields) in [
        (json!({"Description": "x"}), bad, vec!["OperatorGuid"]),
        (
            json!({"OperatorGuid": null, "Description": "x"}),
            bad,
            vec!["OperatorGuid"],
        ),
        (
            json!({"OperatorGuid": " ", "Description": "x"}),
            bad,
            vec!["OperatorGuid"],
        ),
        (
            json!({"OperatorGuid": 7, "Description": "x"}),
            bad,
            vec!["OperatorGuid"],
        ),
        (
            json!({"OperatorGuid": "7", "Description": "x"}),
            bad,
            vec!["OperatorGuid"],
        ),
        (
            json!({"OperatorGuid": "00000000-0000-0000-0000-000000000000", "Description": "x"}),
            bad,
            vec!["OperatorGuid"],
        ),
        (
            json!({"OperatorGuid": guid, "Description": 7}),
            bad,
            vec!["Description"],
        ),
        (
            json!({"OperatorGuid": "7", "Description": long}),
            bad,
            vec!["OperatorGuid", "Description"],
        ),
        (
            json!({"OperatorGuid": guid, "Description": long}),
            StatusCode::FORBIDDEN,
            vec!["Description"],
        ),
    ] {
        app.post("/v4/ApiUser", body.clone())
            .await
            .names(status, &fields);
        app.put(&path, body).await.names(status, &fields);
    }
    let all = app.get("/v4/ApiUser").await.expect(StatusCode::OK);
    assert_eq!(all.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_description_is_optional_in_a_post_and_is_returned_unchanged() {
    let app = TestApp::start().await;
    let operator = app.new_operator(json!({})).await;
    for (description, expected) in [
        (None, String::new()),
        (Some(json!(null)), String::new()),
        (Some(json!("")), String::new()),
        (Some(json!(" x ")), " x ".to_owned()),
        (Some(json!("é".repeat(255))), "é".repeat(255)),
    ] {
        let mut body = json!({"OperatorGuid": operator["OperatorGuid"]});
        if let Some(description) = description {
            body["Description"] = description;
        }
        let created = app.post("/v4/ApiUser", body).await;
        assert_eq!(created.expect(StatusCode::CREATED)["Description"], expected);
    }
}

#[tokio::test]
async fn an_unknown_operator_or_api_user_is_not_found() {
    let app = TestApp::start().await;
    let (operator, api_user) = new_api_user(&app, "x").await;
    let unknown = "c1534087-590e-497e-b58e-00bc4dbfa1d3";
    let nobody = json!({"OperatorGuid": unknown, "Description": "x"});
    let too_long = json!({"OperatorGuid": unknown, "Description": "x".repeat(256)});
    let known = json!({"OperatorGuid": operator["OperatorGuid"], "Description": "x"});
    let path = format!("/v4/ApiUser/{unknown}");
    for answer in [
        app.post("/v4/ApiUser", nobody.clone()).await,
        app.post("/v4/ApiUser", too_long.clone()).await,
        app.put(&path_to(&api_user), nobody).await,
        app.put(&path_to(&api_user), too_long).await,
        app.put(&path, known).await,
        app.get(&path).await,
        app.delete(&path).await,
        app.get(&format!("/v4/ApiUser/Operator/{unknown}")).await,
    ] {
        assert_eq!(answer.messages(StatusCode::NOT_FOUND).len(), 1);
    }
}

#[tokio::test]
async fn a_put_changes_the_description_and_nothing_else() {
    let app = TestApp::start().await;
    let (operator, created) = new_api_user(&app, "Before").await;
    let path = path_to(&created);
    for description in ["After", "", " "] {
        let body = json!({
            "OperatorGuid": text(&operator, "OperatorGuid").to_uppercase(),
            "Description": description,
        });
        let answer = app.put(&path, body).await;
        assert_eq!(answer.expect(StatusCode::NO_CONTENT), Value::Null);
        let mut expected = created.clone();
        expected.as_object_mut().unwrap().remove("Password");
        expected["Description"] = json!(description);
        assert_eq!(app.get(&path).await.expect(StatusCode::OK), expected);
    }
    let status = use_once(&app, &created, Method::GET, "/v4/Operator").await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn a_put_requires_a_description_which_may_be_empty() {
    let app = TestApp::start().await;
    let (operator, created) = new_api_user(&app, "Before").await;
    let path = path_to(&created);
    let guid = &operator["OperatorGuid"];
    for body in [
        json!({"OperatorGuid": guid}),
        json!({"OperatorGuid": guid, "Description": null}),
    ] {
        app.put(&path, body)
            .await
            .names(StatusCode::BAD_REQUEST, &["Description"]);
    }
    app.put(&path, json!({}))
        .await
        .names(StatusCode::BAD_REQUEST, &["OperatorGuid", "Description"]);
}

#[tokio::test]
async fn an_api_user_cannot_be_moved_to_another_operator() {
    let app = TestApp::start().await;
    let (_, created) = new_api_user(&app, "Before").await;
    let path = path_to(&created);
    let other = app.owner().await["OperatorGuid"].clone();
    app.put(
        &path,
        json!({"OperatorGuid": other, "Description": "After"}),
    )
    .await
    .names(StatusCode::FORBIDDEN, &["OperatorGuid"]);
    let too_long = json!({"OperatorGuid": other, "Description": "x".repeat(256)});
    app.put(&path, too_long)
        .await
        .names(StatusCode::FORBIDDEN, &["Description", "OperatorGuid"]);
    let after = app.get(&path).await.expect(StatusCode::OK);
    assert_eq!(after["Description"], "Before");
}

#[tokio::test]
async fn an_unknown_api_user_is_not_found_even_with_another_operator() {
    let app = TestApp::start().await;
    let owner = app.owner().await["OperatorGuid"].clone();
    app.put(
        "/v4/ApiUser/c1534087-590e-497e-b58e-00bc4dbfa1d3",
        json!({ "OperatorGuid": owner }),
    )
    .await
    .names(StatusCode::BAD_REQUEST, &["Description"]);
}

#[tokio::test]
async fn the_guid_in_a_body_must_not_contradict_the_path() {
    let app = TestApp::start().await;
    let (operator, created) = new_api_user(&app, "x").await;
    let guid = text(&created, "ApiUserGuid");
    let put = async |guid: Value| {
        let body = json!({
            "ApiUserGuid": guid, "OperatorGuid": operator["OperatorGuid"], "Description": "x",
        });
        app.put(&path_to(&created), body).await
    };
    for agrees in [
        json!(guid.to_uppercase()),
        json!(""),
        json!("00000000-0000-0000-0000-000000000000"),
    ] {
        put(agrees).await.expect(StatusCode::NO_CONTENT);
    }
    for contradicts in [operator["OperatorGuid"].clone(), json!("none"), json!(7)] {
        put(contradicts)
            .await
            .names(StatusCode::FORBIDDEN, &["ApiUserGuid"]);
    }
}

#[tokio::test]
async fn api_users_are_listed_in_the_order_of_their_creation() {
    let app = TestApp::start().await;
    let operator = app.new_operator(json!({})).await;
    for description in ["z", "a", "m"] {
        let body = json!({"OperatorGuid": operator["OperatorGuid"], "Description": description});
        app.post("/v4/ApiUser", body)
            .await
            .expect(StatusCode::CREATED);
    }
    let descriptions = async |path: &str| -> Vec<String> {
        let all = app.get(path).await.expect(StatusCode::OK);
        let all = all.as_array().unwrap();
        all.iter().map(|one| text(one, "Description")).collect()
    };
    assert_eq!(
        descriptions("/v4/ApiUser").await,
        ["Default API user", "z", "a", "m"]
    );
    let of_operator = format!("/v4/ApiUser/Operator/{}", text(&operator, "OperatorGuid"));
    assert_eq!(descriptions(&of_operator).await, ["z", "a", "m"]);
}

#[tokio::test]
async fn an_operator_without_api_users_has_an_empty_list() {
    let app = TestApp::start().await;
    let operator = app.new_operator(json!({})).await;
    let path = format!("/v4/ApiUser/Operator/{}", text(&operator, "OperatorGuid"));
    assert_eq!(app.get(&path).await.expect(StatusCode::OK), json!([]));
}

#[tokio::test]
async fn a_deleted_api_user_is_gone() {
    let app = TestApp::start().await;
    let (operator, created) = new_api_user(&app, "x").await;
    let path = path_to(&created);
    let answer = app.delete(&path).await;
    assert_eq!(answer.expect(StatusCode::NO_CONTENT), Value::Null);
    app.get(&path).await.expect(StatusCode::NOT_FOUND);
    app.delete(&path).await.expect(StatusCode::NOT_FOUND);
    let status = use_once(&app, &created, Method::GET, "/v4/Operator").await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    app.get(&path_of(&operator)).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn every_request_with_accepted_credentials_is_counted_regardless_of_its_status() {
    let app = TestApp::start().await;
    let (_, created) = new_api_user(&app, "x").await;
    for (method, path, status) in [
        (Method::GET, "/v4/Operator", StatusCode::OK),
        (Method::GET, "/v4/Operator/7", StatusCode::BAD_REQUEST),
        (
            Method::GET,
            "/v4/Operator/c1534087-590e-497e-b58e-00bc4dbfa1d3",
            StatusCode::NOT_FOUND,
        ),
        (
            Method::DELETE,
            "/v4/ApiUser/c1534087-590e-497e-b58e-00bc4dbfa1d3",
            StatusCode::FORBIDDEN,
        ),
        (
            Method::POST,
            "/v4/Operator",
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ),
    ] {
        assert_eq!(use_once(&app, &created, method, path).await, status);
    }
    let usage = app.get(&path_to(&created)).await.expect(StatusCode::OK);
    assert_eq!(usage["UsageLast30Days"], 5);
    // A request that requires no credentials is not counted.
    for (path, status) in [
        ("/v4/Monitor", StatusCode::NOT_IMPLEMENTED),
        ("/v4/Nonsense", StatusCode::NOT_FOUND),
    ] {
        assert_eq!(use_once(&app, &created, Method::GET, path).await, status);
    }
    let after = app.get(&path_to(&created)).await.expect(StatusCode::OK);
    assert_eq!(after["UsageLast30Days"], 5);
    assert!(is_like(&text(&usage, "LastUsed"), "00/00/0000 00:00:00"));
}

#[tokio::test]
async fn the_current_request_is_counted() {
    let app = TestApp::start().await;
    let usage = async || {
        let all = app.get("/v4/ApiUser").await.expect(StatusCode::OK);
        all[0]["UsageLast30Days"].clone()
    };
    assert_eq!(usage().await, 1);
    assert_eq!(usage().await, 2);
}

#[tokio::test]
async fn wrong_credentials_are_not_counted() {
    let app = TestApp::start().await;
    let (_, mut created) = new_api_user(&app, "x").await;
    let path = path_to(&created);
    created["Password"] = json!("wrong");
    let status = use_once(&app, &created, Method::GET, "/v4/Operator").await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let after = app.get(&path).await.expect(StatusCode::OK);
    assert_eq!(after["LastUsed"], "Not yet used");
    assert_eq!(after["UsageLast30Days"], 0);
}

#[tokio::test]
async fn last_used_and_created_are_utc_and_now() {
    let app = TestApp::start().await;
    let (_, created) = new_api_user(&app, "x").await;
    use_once(&app, &created, Method::GET, "/v4/Operator").await;
    let answer = app.get(&path_to(&created)).await;
    let date = answer.headers["date"].to_str().unwrap();
    let now = chrono::DateTime::parse_from_rfc2822(date).unwrap();
    let answer = answer.expect(StatusCode::OK);
    for (field, format) in [
        ("CreatedDate", "%Y-%m-%dT%H:%M:%S"),
        ("LastUsed", "%d/%m/%Y %H:%M:%S"),
    ] {
        let at = chrono::NaiveDateTime::parse_from_str(&text(&answer, field), format).unwrap();
        let age = now.naive_utc() - at;
        assert!((-1..60).contains(&age.num_seconds()), "{field} {age}");
    }
}

#[tokio::test]
async fn usage_survives_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("emulator.db");
    let app = TestApp::start_on(&file).await;
    let (_, created) = new_api_user(&app, "x").await;
    use_once(&app, &created, Method::GET, "/v4/Operator").await;
    let before = app.get(&path_to(&created)).await.expect(StatusCode::OK);
    assert_eq!(before["UsageLast30Days"], 1);
    app.stop().await;

    let app = TestApp::start_on(&file).await;
    let after = app.get(&path_to(&created)).await.expect(StatusCode::OK);
    assert_eq!(after, before);
    use_once(&app, &created, Method::GET, "/v4/Operator").await;
    let after = app.get(&path_to(&created)).await.expect(StatusCode::OK);
    assert_eq!(after["UsageLast30Days"], 2);
    app.stop().await;
}
