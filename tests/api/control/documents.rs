//! Accounts as documents: loaded by a request, exported, and stored in the file for a reset.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{act, get, list, new_account, post, problem};
use crate::app::{Answer, TestApp, text};

const SEED: &str = "
accounts:
  - operators:
      - {key: alice, FullName: Alice Admin, Email: alice@example.com, Password: s3cret, IsAccountAdministrator: true}
      - {key: bob, FullName: Bob Builder, Email: bob@example.com, IsOnDuty: true}
    operatorGroups:
      - {Description: On call, members: [bob]}
    apiUsers:
      - {operator: bob, Description: the builder's}
";

/// Returns the data of a document's account as shown by the API, without what differs in every account.
async fn account_data(app: &TestApp, authorization: &str) -> Vec<Value> {
    let mut all = Vec::new();
    for path in ["/v4/Operator", "/v4/OperatorGroup", "/v4/Timezone/56"] {
        let request = app
            .anonymous(Method::GET, path)
            .header("Authorization", authorization);
        let mut answer = Answer::of(request).await.expect(StatusCode::OK);
        for one in answer.as_array_mut().into_iter().flatten() {
            let fields = one.as_object_mut().unwrap();
            fields.retain(|name, _| !name.ends_with("Guid"));
        }
        all.push(answer);
    }
    all
}

#[tokio::test]
async fn a_document_in_yaml_or_json_can_be_loaded_repeatedly() {
    let app = TestApp::start().await;
    let object = json!({"accounts": [{
        "AccountId": "123456",
        "operators": [
            {"key": "alice", "FullName": "Alice Admin", "Email": "alice@example.com", "Password": "s3cret",
             "IsAccountAdministrator": true},
            {"key": "bob", "FullName": "Bob Builder", "Email": "bob@example.com", "IsOnDuty": true},
        ],
        "operatorGroups": [{"Description": "On call", "members": ["bob"]}],
        "apiUsers": [{"operator": "bob", "Description": "the builder's"}],
    }]});
    let mut all = Vec::new();
    for seed in [json!(SEED), json!(SEED), object] {
        let account = new_account(&app, json!({"seed": seed})).await;
        all.push(account_data(&app, &text(&account.created, "authorization")).await);
        let login = format!("{}/alice@example.com", account.id);
        let register = app
            .anonymous(Method::POST, "/v4/Register")
            .basic_auth(login, Some("s3cret"));
        Answer::of(register).await.expect(StatusCode::CREATED);
    }
    assert_eq!(all[0][0][1]["FullName"], "Bob Builder");
    assert_eq!(all[0], all[1]);
    assert_eq!(all[0], all[2]);
    let ids: Vec<_> = list(&app, "/accounts")
        .await
        .iter()
        .map(|one| text(one, "accountId"))
        .collect();
    assert_eq!(ids, ["123456", "123457", "123458", "123459"]);
}

#[tokio::test]
async fn an_invalid_document_is_reported_and_creates_no_account() {
    let app = TestApp::start().await;
    let with_name = |name: &str| SEED.replace("the builder's", &format!("x, UserName: {name}"));
    for (seed, status, expected) in [
        (
            SEED.replace("FullName: Bob", "FulName: Bob"),
            StatusCode::BAD_REQUEST,
            "nearest one is FullName",
        ),
        (
            SEED.replace("members: [bob]", "members: [bib]"),
            StatusCode::BAD_REQUEST,
            "bib",
        ),
        (
            SEED.replace("bob@example.com", "alice@example.com"),
            StatusCode::BAD_REQUEST,
            "seed:5:",
        ),
        (
            "accounts: []".to_owned(),
            StatusCode::BAD_REQUEST,
            "at least one account",
        ),
        (
            format!("{SEED}{}", SEED.replace("accounts:\n", "")),
            StatusCode::BAD_REQUEST,
            "seed:11:5: accounts: must hold one account here",
        ),
        (
            with_name("emulator"),
            StatusCode::FORBIDDEN,
            "another account has an API user emulator",
        ),
    ] {
        let answer = post(&app, "/accounts", json!({"seed": seed})).await;
        let detail = problem(&answer, status);
        assert!(detail.contains(expected), "{detail}");
    }
    let answer = post(&app, "/accounts", json!({"seed": SEED, "from": "empty"})).await;
    assert!(problem(&answer, StatusCode::BAD_REQUEST).contains("from"));
    assert_eq!(list(&app, "/accounts").await.len(), 1);
}

#[tokio::test]
async fn errors_in_an_object_are_reported_with_their_paths() {
    let app = TestApp::start().await;
    let seed = json!({"accounts": [{
        "Name": 5,
        "operators": [
            {"FullName": "Alice", "Email": "alice@example.com", "IsAccountAdministrator": true},
            {"Email": "Alice@example.com", "FulName": "Bob", "Authorizations": ["AccountAccess", "Any"]},
            {"FullName": "Carol", "Email": "alice@example.com"}
        ],
        "operatorGroups": [{"Description": "A", "members": ["alice@example.com", "alise"]}]
    }]});
    let answer = post(&app, "/accounts", json!({"seed": seed})).await;
    let detail = problem(&answer, StatusCode::BAD_REQUEST);
    let messages: Vec<_> = detail.split("; seed.").collect();
    for (message, expected) in messages.iter().zip([
        "seed.accounts[0].Name: must be a text, not a number",
        "accounts[0].operators[1].FullName: is required",
        "accounts[0].operators[1].FulName: 'FulName' is not a key here; the nearest one is FullName",
        "accounts[0].operators[1].Authorizations[1]: 'Any' is none of ",
        "accounts[0].operators[2].Email: another operator of the account has 'alice@example.com'",
        "accounts[0].operatorGroups[0].members[1]: no operator is called 'alise'",
    ]) {
        assert!(message.starts_with(expected), "{message}\n{expected}");
    }
    assert_eq!(messages.len(), 6, "{detail}");
    assert_eq!(list(&app, "/accounts").await.len(), 1);
}

#[tokio::test]
async fn an_export_is_a_seed_of_the_same_account_without_secrets() {
    let app = TestApp::start().await;
    let account = new_account(&app, json!({"seed": SEED})).await;
    account.new_operator("Carol").await;
    let export = get(&app, &account.path("/export")).await;
    let text_of_export = export.to_string();
    assert!(
        !text_of_export.contains("s3cret")
            && !text_of_export.contains(&text(&account.created["apiUser"], "Password")),
        "{text_of_export}"
    );

    let other = TestApp::start_seeded(&export.to_string()).await;
    assert_eq!(get(&other, &account.path("/export")).await, export);
    let request = other.anonymous(Method::GET, "/v4/Operator");
    let request = request.header("Authorization", text(&account.created, "authorization"));
    let operators = Answer::of(request).await.expect(StatusCode::OK);
    let exported = account.client.get("/v4/Operator").await;
    assert_eq!(operators, exported.expect(StatusCode::OK));
}

#[tokio::test]
async fn a_snapshot_is_returned_as_a_document() {
    let app = TestApp::start().await;
    let account = new_account(&app, json!({"seed": SEED})).await;
    let snapshot = account.path("/snapshots/two%20operators");
    act(&app, Method::PUT, &snapshot)
        .await
        .expect(StatusCode::CREATED);
    account.new_operator("Carol").await;
    let document = get(&app, &snapshot).await;
    assert_eq!(
        document["accounts"][0]["operators"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let answer = act(&app, Method::GET, &account.path("/snapshots/none")).await;
    problem(&answer, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn initial_states_and_snapshots_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.db");
    let app = TestApp::start_on(&file).await;
    let account = new_account(&app, json!({"label": "kept"})).await;
    let snapshot = account.path("/snapshots/with%20Carol");
    account.new_operator("Carol").await;
    act(&app, Method::PUT, &snapshot)
        .await
        .expect(StatusCode::CREATED);
    account.new_operator("Dave").await;
    act(&app, Method::DELETE, "/accounts/123456")
        .await
        .expect(StatusCode::NO_CONTENT);
    let (id, created) = (account.id.clone(), account.created.clone());
    app.stop().await;

    let app = TestApp::start_on(&file).await;
    let listed = list(&app, "/accounts").await;
    assert_eq!((listed.len(), &listed[0]["label"]), (1, &json!("kept")));
    let names = async || {
        let request = app.anonymous(Method::GET, "/v4/Operator");
        let request = request.header("Authorization", text(&created, "authorization"));
        let operators = Answer::of(request).await.expect(StatusCode::OK);
        let names = operators
            .as_array()
            .unwrap()
            .iter()
            .map(|one| text(one, "FullName"));
        names.skip(2).collect::<Vec<_>>()
    };
    assert_eq!(names().await, ["Carol", "Dave"]);
    let restore = format!("/accounts/{id}/snapshots/with%20Carol/restore");
    act(&app, Method::POST, &restore)
        .await
        .expect(StatusCode::NO_CONTENT);
    assert_eq!(names().await, ["Carol"]);
    let reset = format!("/accounts/{id}/reset");
    act(&app, Method::POST, &reset)
        .await
        .expect(StatusCode::NO_CONTENT);
    assert!(names().await.is_empty());
    act(&app, Method::POST, "/reset")
        .await
        .expect(StatusCode::NO_CONTENT);
    let listed = list(&app, "/accounts").await;
    assert_eq!(
        (listed.len(), &listed[0]["accountId"]),
        (1, &json!("123456"))
    );
    app.get("/v4/Operator").await.expect(StatusCode::OK);
    app.stop().await;
}

#[tokio::test]
async fn a_reset_also_resets_the_counters_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.db");
    let usage = async |app: &TestApp| {
        app.get("/v4/ApiUser").await.expect(StatusCode::OK)[0]["UsageLast30Days"].clone()
    };
    let app = TestApp::start_on(&file).await;
    for _ in 0..3 {
        usage(&app).await;
    }
    app.stop().await;

    let app = TestApp::start_on(&file).await;
    assert_eq!(usage(&app).await, 4);
    act(&app, Method::POST, "/reset")
        .await
        .expect(StatusCode::NO_CONTENT);
    app.stop().await;

    let app = TestApp::start_on(&file).await;
    assert_eq!(usage(&app).await, 1);
    app.stop().await;
}

#[tokio::test]
async fn a_document_replaces_no_account_regardless_of_its_account_id() {
    let app = TestApp::start().await;
    let account = json!({"AccountId": "123456", "operators": [
        {"FullName": "Eve", "Email": "eve@example.com", "IsAccountAdministrator": true},
    ]});
    let seed = json!({"accounts": [null, account, null]});
    let account = new_account(&app, json!({ "seed": seed })).await;
    assert_eq!(account.id, "123457");
    assert_eq!(account.names().await, ["Eve"]);
    app.get("/v4/Operator").await.expect(StatusCode::OK);
}

#[tokio::test]
async fn everything_the_api_accepts_can_be_exported_loaded_and_stored() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.db");
    let app = TestApp::start_on(&file).await;
    for name in ["Administrators", " Everyone "] {
        app.new_group(name).await;
    }
    let odd = "x\u{7f}\u{80}\u{85}\u{9f}\u{2028}\u{feff}\u{fffe}\u{ffff}\u{1f600}y";
    app.new_operator(json!({"FullName": odd})).await;
    act(&app, Method::PUT, "/accounts/123456/snapshots/odd")
        .await
        .expect(StatusCode::CREATED);
    let copy = new_account(&app, json!({"from": "account:123456"})).await;
    let document = get(&app, &copy.path("/export")).await;
    act(&app, Method::DELETE, &copy.path(""))
        .await
        .expect(StatusCode::NO_CONTENT);
    for seed in [document.clone(), json!(document.to_string())] {
        let loaded = new_account(&app, json!({ "seed": seed })).await;
        for path in ["/v4/Operator", "/v4/OperatorGroup"] {
            let own = app.get(path).await.expect(StatusCode::OK);
            assert_eq!(loaded.client.get(path).await.expect(StatusCode::OK), own);
        }
        act(&app, Method::DELETE, &loaded.path(""))
            .await
            .expect(StatusCode::NO_CONTENT);
    }
    let before = app.get("/v4/Operator").await.expect(StatusCode::OK);
    app.stop().await;

    let app = TestApp::start_on(&file).await;
    act(&app, Method::POST, "/accounts/123456/snapshots/odd/restore")
        .await
        .expect(StatusCode::NO_CONTENT);
    let after = app.get("/v4/Operator").await.expect(StatusCode::OK);
    assert_eq!(after, before);
    app.stop().await;
}

#[tokio::test]
async fn the_usage_of_an_api_user_is_deleted_with_it_in_memory_and_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.db");
    let app = TestApp::start_on(&file).await;
    let owner = text(&app.owner().await, "OperatorGuid");
    let other = app.as_operator(&owner).await;
    for _ in 0..3 {
        other.list("/v4/ApiUser").await;
    }
    act(&app, Method::PUT, "/accounts/123456/snapshots/used")
        .await
        .expect(StatusCode::CREATED);
    let used = async |app: &TestApp| {
        let all = app.get("/v4/ApiUser").await.expect(StatusCode::OK);
        let other = all[1].clone();
        (
            other["UsageLast30Days"].clone(),
            other["LastUsed"].clone(),
            other,
        )
    };
    let (count, _, api_user) = used(&app).await;
    assert_eq!(count, 3);
    app.delete(&format!("/v4/ApiUser/{}", text(&api_user, "ApiUserGuid")))
        .await
        .expect(StatusCode::NO_CONTENT);
    act(
        &app,
        Method::POST,
        "/accounts/123456/snapshots/used/restore",
    )
    .await
    .expect(StatusCode::NO_CONTENT);
    let restored = used(&app).await;
    assert_eq!(restored.0, 0);
    app.stop().await;

    let app = TestApp::start_on(&file).await;
    assert_eq!(used(&app).await, restored);
    app.stop().await;
}
