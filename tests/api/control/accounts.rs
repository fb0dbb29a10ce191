//! Tests of `/accounts`: creation, copies, resets and snapshots.

use std::collections::BTreeSet;

use futures_util::future::{join, join_all};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Account, act, get, list, new_account, new_fault, post, problem, request};
use crate::app::{Answer, TestApp, path_of, text};

const SEEDED: [&str; 2] = ["Account Administrator", "Second Operator"];

async fn register(app: &TestApp, login: &str) -> Answer {
    let login = app
        .anonymous(Method::POST, "/v4/Register")
        .basic_auth(login, Some("emulator"));
    Answer::of(login).await
}

#[tokio::test]
async fn a_label_has_at_most_200_characters() {
    let app = TestApp::start().await;
    let seed = "accounts: [{AccountId: '1', operators: []}]";
    for body in [
        json!({"label": "é".repeat(201)}),
        json!({"label": "é".repeat(201), "seed": seed}),
    ] {
        let answer = post(&app, "/accounts", body).await;
        let detail = problem(&answer, StatusCode::BAD_REQUEST);
        assert_eq!(detail, "label: at most 200 characters");
    }
    new_account(&app, json!({"label": "é".repeat(200)})).await;
}

#[tokio::test]
async fn a_new_account_is_returned_with_everything_a_client_needs() {
    let app = TestApp::start().await;
    let account = new_account(&app, json!({"label": "my test"})).await;
    let created = &account.created;
    assert_eq!(created["baseUrl"], format!("{}/v4", app.url()));
    assert_eq!(created["label"], "my test");
    assert_eq!(created["owner"]["Email"], "admin@example.com");
    assert_eq!(
        created.as_object().unwrap().keys().collect::<Vec<_>>(),
        [
            "accountId",
            "label",
            "baseUrl",
            "owner",
            "apiUser",
            "authorization"
        ]
    );

    let path = format!("{}/Operator", text(created, "baseUrl"));
    let answer = reqwest::Client::new()
        .get(path)
        .header("Authorization", text(created, "authorization"));
    Answer::of(answer).await.expect(StatusCode::OK);
    assert_eq!(account.names().await, SEEDED);
    let api_users = account.client.list("/v4/ApiUser").await;
    assert_eq!(api_users.len(), 1);
    assert_eq!(api_users[0]["UserName"], created["apiUser"]["UserName"]);
    assert_eq!(
        api_users[0]["ApiUserGuid"],
        created["apiUser"]["ApiUserGuid"]
    );
    assert_eq!(
        api_users[0]["OperatorGuid"],
        created["owner"]["OperatorGuid"]
    );

    let looked = get(&app, &account.path("")).await;
    assert_eq!(
        looked,
        json!({
            "accountId": account.id, "name": "Example account", "label": "my test", "isSeeded": false,
            "operators": 2, "operatorGroups": 3, "apiUsers": 1,
        })
    );
    let all = list(&app, "/accounts").await;
    assert_eq!(all.len(), 2);
    assert_eq!(all[0]["accountId"], "123456");
    assert_eq!(all[0]["isSeeded"], true);
    assert_eq!(all[1], looked);
}

#[tokio::test]
async fn a_copy_keeps_operators_with_passwords_groups_and_guids() {
    let app = TestApp::start().await;
    let account = new_account(&app, json!({})).await;
    let seeded = app.get("/v4/Operator").await.expect(StatusCode::OK);
    assert_eq!(
        account.client.list("/v4/Operator").await,
        *seeded.as_array().unwrap()
    );
    let groups = app.get("/v4/OperatorGroup").await.expect(StatusCode::OK);
    assert_eq!(
        account.client.list("/v4/OperatorGroup").await,
        *groups.as_array().unwrap()
    );

    let registered = register(&app, &format!("{}/admin@example.com", account.id)).await;
    let registered = registered.expect(StatusCode::CREATED);
    assert_eq!(registered["AccountId"], account.id);
    assert_eq!(account.client.list("/v4/ApiUser").await.len(), 2);
    // A bare address means the oldest account that has it.
    let registered = register(&app, "admin@example.com").await;
    assert_eq!(
        registered.expect(StatusCode::CREATED)["AccountId"],
        "123456"
    );
}

#[tokio::test]
async fn an_account_is_copied_in_its_current_state_and_the_seed_in_its_original() {
    let app = TestApp::start().await;
    app.new_operator(json!({"FullName": "Third", "Email": "third@acme.com"}))
        .await;
    assert_eq!(
        new_account(&app, json!({"from": "seed"}))
            .await
            .names()
            .await,
        SEEDED
    );
    let copy = new_account(&app, json!({"from": "account:123456"})).await;
    assert_eq!(copy.names().await.len(), 3);
    let copied = format!("account:{}", copy.id);
    copy.new_operator("Fourth").await;
    let copy_of_copy = new_account(&app, json!({ "from": copied })).await;
    assert_eq!(copy_of_copy.names().await.len(), 4);
    let user_names: BTreeSet<_> = [&copy, &copy_of_copy]
        .map(|one| &one.client.user_name)
        .into();
    assert_eq!(user_names.len(), 2);
    assert_eq!(copy_of_copy.client.list("/v4/ApiUser").await.len(), 1);

    let unknown = post(&app, "/accounts", json!({"from": "account:999999"})).await;
    assert!(problem(&unknown, StatusCode::NOT_FOUND).contains("999999"));
    // A copy remains after its original is deleted.
    act(&app, Method::DELETE, &copy.path("")).await;
    assert_eq!(copy_of_copy.names().await.len(), 4);
}

#[tokio::test]
async fn an_empty_account_has_an_owner_without_a_password_and_the_system_groups() {
    let app = TestApp::start().await;
    let account = new_account(&app, json!({"from": "empty"})).await;
    let operators = account.client.list("/v4/Operator").await;
    assert_eq!(operators.len(), 1);
    assert_eq!(operators[0]["IsAccountAdministrator"], true);
    assert_eq!(
        operators[0]["OperatorGuid"],
        account.created["owner"]["OperatorGuid"]
    );
    let email = text(&account.created["owner"], "Email");
    assert_eq!(operators[0]["Email"], email);
    assert_eq!(account.client.list("/v4/OperatorGroup").await.len(), 2);
    register(&app, &format!("{}/{email}", account.id))
        .await
        .expect(StatusCode::UNAUTHORIZED);
}

/// Does everything a client does in its own account, and expects that no other account sees it.
async fn use_account(app: &TestApp, number: usize) {
    let account = new_account(app, json!({})).await;
    let name = format!("number{number}");
    let freeze = json!({"at": format!("20{:02}-01-01T00:00:00", 10 + number)});
    post(app, &account.path("/clock/freeze"), freeze)
        .await
        .expect(StatusCode::OK);
    let fault = json!({"match": {"path": "/v4/Timezone"}, "effect": {"status": 500 + number}});
    new_fault(app, &account.path("/faults"), fault).await;
    let operator = account.new_operator(&name).await;
    let rename = json!({"FullName": format!("Owner {number}")});
    let renamed = account
        .client
        .send(Method::PATCH, &account.owner(), rename)
        .await;
    renamed.expect(StatusCode::NO_CONTENT);
    let of_owner =
        json!({"OperatorGuid": account.created["owner"]["OperatorGuid"], "Description": name});
    account
        .client
        .send(Method::POST, "/v4/ApiUser", of_owner)
        .await
        .expect(StatusCode::CREATED);
    let snapshot = account.path(&format!("/snapshots/{name}"));
    act(app, Method::PUT, &snapshot)
        .await
        .expect(StatusCode::CREATED);
    let struck = account.client.get("/v4/Timezone").await;
    assert_eq!(usize::from(struck.status.as_u16()), 500 + number);

    assert_eq!(
        account.names().await,
        [&format!("Owner {number}"), SEEDED[1], &name]
    );
    let api_users = account.client.list("/v4/ApiUser").await;
    assert_eq!(api_users.len(), 2);
    assert_eq!(api_users[0]["UsageLast30Days"], 6);
    assert_eq!(
        api_users[1]["CreatedDate"],
        format!("20{:02}-01-01T00:00:00", 10 + number)
    );
    let faults = list(app, &account.path("/faults")).await;
    assert_eq!(faults.len(), 1);
    assert_eq!(faults[0]["hits"], 1);
    assert_eq!(snapshots(app, &account).await, [name.as_str()]);
    let requests = list(app, &account.path("/requests")).await;
    assert_eq!(requests.len(), 6);
    for request in &requests {
        assert_eq!(request["accountId"], account.id);
        assert_eq!(request["userName"], account.client.user_name);
    }
    let sequences: Vec<_> = requests
        .iter()
        .map(|one| one["sequence"].as_u64().unwrap())
        .collect();
    assert!(sequences.is_sorted(), "{sequences:?}");

    account
        .client
        .send(Method::DELETE, &path_of(&operator), json!({}))
        .await
        .expect(StatusCode::NO_CONTENT);
    if number.is_multiple_of(3) {
        act(app, Method::POST, &account.path("/reset"))
            .await
            .expect(StatusCode::NO_CONTENT);
        assert_eq!(account.names().await, SEEDED);
        assert_eq!(list(app, &account.path("/requests")).await.len(), 1);
    }
    if number.is_multiple_of(4) {
        act(app, Method::DELETE, &account.path(""))
            .await
            .expect(StatusCode::NO_CONTENT);
        account
            .client
            .get("/v4/Operator")
            .await
            .expect(StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accounts_used_concurrently_are_isolated() {
    let app = TestApp::start().await;
    join_all((0..64).map(|number| use_account(&app, number))).await;
    assert_eq!(list(&app, "/accounts").await.len(), 1 + 64 - 16);
    let all = list(&app, "/accounts").await;
    let ids: BTreeSet<_> = all.iter().map(|one| text(one, "accountId")).collect();
    assert_eq!(ids.len(), all.len());
    assert!(list(&app, "/accounts/123456/requests").await.is_empty());
    assert!(list(&app, "/faults").await.is_empty());
    assert_eq!(get(&app, "/clock").await["mode"], "running");
    let own = app.get("/v4/Operator").await.expect(StatusCode::OK);
    assert_eq!(own.as_array().unwrap().len(), 2);
}

/// Creates data and test state of every kind in an account.
async fn fill_account(app: &TestApp, account: &Account<'_>) {
    account.new_operator("Third").await;
    let rename = json!({"FullName": "Renamed"});
    account
        .client
        .send(Method::PATCH, &account.owner(), rename)
        .await;
    let fault = json!({"match": {"method": "PUT"}, "effect": {"status": 503}});
    new_fault(app, &account.path("/faults"), fault).await;
    post(app, &account.path("/clock/freeze"), json!({}))
        .await
        .expect(StatusCode::OK);
    let snapshot = account.path("/snapshots/used");
    act(app, Method::PUT, &snapshot)
        .await
        .expect(StatusCode::CREATED);
}

/// Expects an account to be in its initial state.
async fn assert_initial_state(app: &TestApp, account: &Account<'_>) {
    for path in ["/requests", "/faults", "/snapshots"] {
        assert_eq!(
            list(app, &account.path(path)).await,
            [Value::Null; 0],
            "{path}"
        );
    }
    assert_eq!(get(app, &account.path("/clock")).await["mode"], "running");
    let api_users = account.client.list("/v4/ApiUser").await;
    assert_eq!(api_users.len(), 1);
    assert_eq!(api_users[0]["UsageLast30Days"], 1);
    assert_eq!(account.names().await, SEEDED);
}

#[tokio::test]
async fn a_reset_of_an_account_is_complete_and_affects_no_other() {
    let app = TestApp::start().await;
    let (own, other) = (
        new_account(&app, json!({"label": "x"})).await,
        new_account(&app, json!({})).await,
    );
    for _ in 0..3 {
        fill_account(&app, &own).await;
        let other_names = other.names().await;
        act(&app, Method::POST, &own.path("/reset"))
            .await
            .expect(StatusCode::NO_CONTENT);
        assert_initial_state(&app, &own).await;
        assert_eq!(other.names().await, other_names);
        act(&app, Method::POST, &own.path("/reset"))
            .await
            .expect(StatusCode::NO_CONTENT);
    }
    assert_eq!(get(&app, &own.path("")).await["label"], "x");
    assert_eq!(list(&app, &other.path("/requests")).await.len(), 6);
}

#[tokio::test]
async fn a_reset_removes_test_state_even_if_no_data_was_changed() {
    let app = TestApp::start().await;
    let account = new_account(&app, json!({})).await;
    for scope in [account.path(""), String::new()] {
        let path = |below: &str| format!("{scope}{below}");
        new_fault(&app, &path("/faults"), json!({"effect": {"status": 503}})).await;
        post(&app, &path("/clock/freeze"), json!({}))
            .await
            .expect(StatusCode::OK);
        act(&app, Method::POST, &path("/reset"))
            .await
            .expect(StatusCode::NO_CONTENT);
        assert!(list(&app, &path("/faults")).await.is_empty(), "{scope}");
        assert_eq!(get(&app, &path("/clock")).await["mode"], "running");
    }
}

#[tokio::test]
async fn a_reset_of_the_server_restores_exactly_the_seed() {
    let app = TestApp::start().await;
    let account = new_account(&app, json!({})).await;
    let owner = app.owner().await;
    let seeded = Account {
        id: "123456".to_owned(),
        created: json!({"owner": owner}),
        client: app.as_api_user(&json!({"UserName": "emulator", "Password": "emulator"})),
    };
    for is_deleted in [false, true] {
        fill_account(&app, &seeded).await;
        new_fault(&app, "/faults", json!({"effect": {"delayMs": 1}})).await;
        post(&app, "/clock/freeze", json!({"at": "2030-01-01T00:00:00"})).await;
        app.anonymous(Method::GET, "/v4/Operator")
            .send()
            .await
            .unwrap();
        if is_deleted {
            act(&app, Method::DELETE, &seeded.path(""))
                .await
                .expect(StatusCode::NO_CONTENT);
            seeded
                .client
                .get("/v4/Operator")
                .await
                .expect(StatusCode::UNAUTHORIZED);
        }
        act(&app, Method::POST, "/reset")
            .await
            .expect(StatusCode::NO_CONTENT);
        assert!(list(&app, "/requests").await.is_empty());
        assert!(list(&app, "/faults").await.is_empty());
        assert_eq!(get(&app, "/clock").await["mode"], "running");
        assert_initial_state(&app, &seeded).await;
        assert_eq!(list(&app, "/accounts").await.len(), 1);
        account
            .client
            .get("/v4/Operator")
            .await
            .expect(StatusCode::UNAUTHORIZED);
    }
    // The credentials of a deleted account stay invalid even if another account gets its number.
    assert_eq!(new_account(&app, json!({})).await.id, account.id);
    account
        .client
        .get("/v4/Operator")
        .await
        .expect(StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_under_load_is_atomic() {
    let app = TestApp::start().await;
    let account = new_account(&app, json!({})).await;
    let body = |name: &str, email: &str| json!({"FullName": name, "Email": email});
    let pair = [
        body("Left", "left@acme.com"),
        body("Right", "right@acme.com"),
    ];
    let resets = async {
        for _ in 0..24 {
            act(&app, Method::POST, &account.path("/reset"))
                .await
                .expect(StatusCode::NO_CONTENT);
        }
    };
    let reads = async {
        for _ in 0..48 {
            let operators = account.client.list("/v4/Operator").await;
            let seeded = &operators[..2];
            // One change sets both on duty, and a reset reverts both.
            assert_eq!(seeded[0]["IsOnDuty"], seeded[1]["IsOnDuty"]);
            for (operator, name) in seeded.iter().zip(SEEDED) {
                assert_eq!(operator["FullName"], name);
            }
        }
    };
    let everyone = account.client.list("/v4/OperatorGroup").await;
    let everyone = everyone.iter().find(|group| group["IsEveryone"] == true);
    let everyone = text(everyone.unwrap(), "OperatorGroupGuid");
    let on_duty = format!("/v4/OperatorGroup/{everyone}/AllOperatorsOnDuty");
    let writes = async {
        for number in 0..48 {
            let (path, body, statuses) = if number % 2 == 0 {
                (on_duty.as_str(), json!({}), [204, 204])
            } else {
                ("/v4/Operator", pair[number / 2 % 2].clone(), [201, 403])
            };
            let answer = account.client.send(Method::POST, path, body).await;
            assert!(statuses.contains(&answer.status.as_u16()), "{answer:?}");
        }
    };
    join(resets, join(reads, writes)).await;
    act(&app, Method::POST, &account.path("/reset"))
        .await
        .expect(StatusCode::NO_CONTENT);
    assert_initial_state(&app, &account).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_under_load_is_atomic() {
    let app = TestApp::start().await;
    let account = new_account(&app, json!({})).await;
    let put = async |name| {
        act(
            &app,
            Method::PUT,
            &account.path(&format!("/snapshots/{name}")),
        )
        .await
    };
    put("none").await.expect(StatusCode::CREATED);
    for name in ["Left", "Right"] {
        account.new_operator(name).await;
    }
    put("two").await.expect(StatusCode::CREATED);
    let restores = async {
        for number in 0..48 {
            let name = if number % 2 == 0 { "none" } else { "two" };
            let path = account.path(&format!("/snapshots/{name}/restore"));
            act(&app, Method::POST, &path)
                .await
                .expect(StatusCode::NO_CONTENT);
        }
    };
    let reads = async {
        let mut counts = BTreeSet::new();
        for _ in 0..96 {
            counts.insert(account.names().await.len());
        }
        assert!(counts.is_subset(&[2, 4].into()), "{counts:?}");
    };
    join(restores, reads).await;
}

#[tokio::test]
async fn a_restore_leaves_journal_faults_clock_and_usage_unchanged() {
    let app = TestApp::start().await;
    let account = new_account(&app, json!({})).await;
    let snapshot = account.path("/snapshots/before");
    act(&app, Method::PUT, &snapshot)
        .await
        .expect(StatusCode::CREATED);
    fill_account(&app, &account).await;
    let restore = format!("{snapshot}/restore");
    act(&app, Method::POST, &restore)
        .await
        .expect(StatusCode::NO_CONTENT);

    assert_eq!(account.names().await, SEEDED);
    assert_eq!(
        account.client.list("/v4/ApiUser").await[0]["UsageLast30Days"],
        4
    );
    assert_eq!(list(&app, &account.path("/requests")).await.len(), 4);
    assert_eq!(list(&app, &account.path("/faults")).await.len(), 1);
    assert_eq!(get(&app, &account.path("/clock")).await["mode"], "frozen");
    assert_eq!(snapshots(&app, &account).await, ["before", "used"]);
    // It can be restored repeatedly, and so can a later state.
    let used = account.path("/snapshots/used/restore");
    act(&app, Method::POST, &used)
        .await
        .expect(StatusCode::NO_CONTENT);
    assert_eq!(account.names().await, ["Renamed", SEEDED[1], "Third"]);
    act(&app, Method::POST, &restore)
        .await
        .expect(StatusCode::NO_CONTENT);
    assert_eq!(account.names().await, SEEDED);
}

/// Returns the names of the snapshots of an account, each of which tells when it was taken.
async fn snapshots(app: &TestApp, account: &Account<'_>) -> Vec<String> {
    let snapshots = list(app, &account.path("/snapshots")).await;
    let name = |snapshot: &Value| {
        let taken = text(snapshot, "taken");
        assert!(taken.starts_with("20") && taken.ends_with('Z'), "{taken}");
        text(snapshot, "name")
    };
    snapshots.iter().map(name).collect()
}

#[tokio::test]
async fn a_snapshot_is_replaced_and_deleted() {
    let app = TestApp::start().await;
    let account = new_account(&app, json!({})).await;
    let snapshot = account.path("/snapshots/a%20name");
    act(&app, Method::PUT, &snapshot)
        .await
        .expect(StatusCode::CREATED);
    account.new_operator("Third").await;
    act(&app, Method::PUT, &snapshot)
        .await
        .expect(StatusCode::NO_CONTENT);
    account.new_operator("Fourth").await;
    act(&app, Method::POST, &format!("{snapshot}/restore"))
        .await
        .expect(StatusCode::NO_CONTENT);
    assert_eq!(account.names().await.len(), 3);
    assert_eq!(snapshots(&app, &account).await, ["a name"]);
    act(&app, Method::DELETE, &snapshot)
        .await
        .expect(StatusCode::NO_CONTENT);
    problem(
        &act(&app, Method::DELETE, &snapshot).await,
        StatusCode::NOT_FOUND,
    );
    assert!(list(&app, &account.path("/snapshots")).await.is_empty());
}

/// Returns the account that a bare address logs in to, or an empty string.
async fn account_of_login(app: &TestApp, address: &str) -> String {
    let answer = register(app, address).await;
    if answer.status == StatusCode::UNAUTHORIZED {
        return String::new();
    }
    text(&answer.expect(StatusCode::CREATED), "AccountId")
}

/// "a bare one means the oldest account that has it": regardless of later changes to the accounts.
#[tokio::test]
async fn a_bare_address_means_the_oldest_account_that_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.db");
    let app = TestApp::start_on(&file).await;
    let create = async |app: &TestApp| {
        let account = new_account(app, json!({})).await;
        let body = json!({"FullName": "Ann", "Email": "Ann@acme.com", "Password": "emulator"});
        let ann = account.client.send(Method::POST, "/v4/Operator", body);
        let ann = path_of(&ann.await.expect(StatusCode::CREATED));
        (
            account.id,
            account.client.user_name,
            account.client.password,
            ann,
        )
    };
    assert_eq!(account_of_login(&app, "ANN@acme.com").await, "");
    let (oldest, ..) = create(&app).await;
    let (second, user_name, password, ann) = create(&app).await;
    let (third, ..) = create(&app).await;
    assert_eq!(account_of_login(&app, "ANN@acme.com").await, oldest);
    act(&app, Method::POST, &format!("/accounts/{oldest}/reset"))
        .await
        .expect(StatusCode::NO_CONTENT);
    assert_eq!(account_of_login(&app, "ANN@acme.com").await, second);
    // An address that was moved to another operator and back.
    for (email, expected) in [("other@acme.com", &third), (" ann@ACME.com", &second)] {
        let patch = app
            .anonymous(Method::PATCH, &ann)
            .basic_auth(&user_name, Some(&password))
            .json(&json!({"Email": email}));
        Answer::of(patch).await.expect(StatusCode::NO_CONTENT);
        assert_eq!(
            account_of_login(&app, "ANN@acme.com").await,
            *expected,
            "{email}"
        );
    }
    app.stop().await;
    let app = TestApp::start_on(&file).await;
    assert_eq!(account_of_login(&app, "ANN@acme.com").await, second);
    act(&app, Method::DELETE, &format!("/accounts/{second}"))
        .await
        .expect(StatusCode::NO_CONTENT);
    assert_eq!(account_of_login(&app, "ANN@acme.com").await, third);
    act(&app, Method::POST, "/reset")
        .await
        .expect(StatusCode::NO_CONTENT);
    assert_eq!(account_of_login(&app, "ANN@acme.com").await, "");
    app.stop().await;
}

#[tokio::test]
async fn deleting_an_account_deletes_everything_it_owns() {
    let app = TestApp::start().await;
    let account = new_account(&app, json!({})).await;
    act(&app, Method::DELETE, &account.path(""))
        .await
        .expect(StatusCode::NO_CONTENT);
    for path in ["", "/requests", "/faults", "/clock", "/snapshots"] {
        let answer = act(&app, Method::GET, &account.path(path)).await;
        assert!(problem(&answer, StatusCode::NOT_FOUND).contains(&account.id));
    }
    let answer = act(&app, Method::DELETE, &account.path("")).await;
    problem(&answer, StatusCode::NOT_FOUND);
    account
        .client
        .get("/v4/Operator")
        .await
        .expect(StatusCode::UNAUTHORIZED);
    let login = format!("{}/admin@example.com", account.id);
    register(&app, &login)
        .await
        .expect(StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn an_empty_body_requests_a_copy_of_the_seed() {
    let app = TestApp::start().await;
    let account = Answer::of(request(&app, Method::POST, "/accounts")).await;
    let account = account.expect(StatusCode::CREATED);
    assert_eq!(account["owner"]["Email"], "admin@example.com");
    assert_eq!(account.get("label"), None);
}

/// Returns a document with an API user of this name.
fn with_user_name(user_name: &str) -> Value {
    json!({"seed": {"accounts": [{
        "operators": [{"key": "a", "FullName": "Alice", "Email": "a@example.com", "IsAccountAdministrator": true}],
        "apiUsers": [{"operator": "a", "UserName": user_name, "Password": "secret"}],
    }]}})
}

#[tokio::test]
async fn reset_and_restore_are_rejected_if_another_account_has_the_user_name() {
    let app = TestApp::start().await;
    let first = new_account(&app, with_user_name("ci")).await;
    act(&app, Method::PUT, &first.path("/snapshots/before"))
        .await
        .expect(StatusCode::CREATED);
    let api_users = first.client.list("/v4/ApiUser").await;
    let ci = api_users.iter().find(|one| one["UserName"] == "ci");
    let ci = format!("/v4/ApiUser/{}", text(ci.unwrap(), "ApiUserGuid"));
    first
        .client
        .send(Method::DELETE, &ci, json!({}))
        .await
        .expect(StatusCode::NO_CONTENT);
    let second = new_account(&app, with_user_name("ci")).await;

    for path in ["/reset", "/snapshots/before/restore"] {
        let answer = act(&app, Method::POST, &first.path(path)).await;
        let message = problem(&answer, StatusCode::FORBIDDEN);
        assert!(
            message.contains("another account has an API user ci"),
            "{message}"
        );
        assert_eq!(first.client.list("/v4/ApiUser").await.len(), 1);
    }
    act(&app, Method::POST, &second.path("/reset"))
        .await
        .expect(StatusCode::NO_CONTENT);
    act(&app, Method::DELETE, &second.path(""))
        .await
        .expect(StatusCode::NO_CONTENT);
    act(&app, Method::POST, &first.path("/reset"))
        .await
        .expect(StatusCode::NO_CONTENT);
    assert_eq!(first.client.list("/v4/ApiUser").await.len(), 2);
}

#[tokio::test]
async fn exactly_one_of_concurrent_documents_with_one_user_name_becomes_an_account() {
    let app = TestApp::start().await;
    let all = (0..16).map(|_| post(&app, "/accounts", with_user_name("ci")));
    let answers = join_all(all).await;
    let created = answers.iter().filter(|answer| answer.status == 201).count();
    let refused = answers.iter().filter(|answer| answer.status == 403).count();
    assert_eq!((created, refused), (1, 15));
    assert_eq!(list(&app, "/accounts").await.len(), 2);
}

#[tokio::test]
async fn documents_can_be_loaded_concurrently() {
    let app = TestApp::start().await;
    let document = json!({"seed": {"accounts": [{"operators": [
        {"FullName": "Alice", "Email": "a@example.com", "Password": "secret", "IsAccountAdministrator": true},
    ]}]}});
    let created = join_all((0..32).map(|_| new_account(&app, document.clone()))).await;
    let ids: BTreeSet<_> = created.iter().map(|account| &account.id).collect();
    assert_eq!(ids.len(), 32);
    assert_eq!(ids.last().unwrap().as_str(), "123488");
}

#[tokio::test]
async fn deleting_an_account_twice_deletes_no_other() {
    let app = TestApp::start().await;
    let account = new_account(&app, json!({})).await;
    act(&app, Method::DELETE, &account.path(""))
        .await
        .expect(StatusCode::NO_CONTENT);
    let other = new_account(&app, json!({})).await;
    problem(
        &act(&app, Method::DELETE, &account.path("")).await,
        StatusCode::NOT_FOUND,
    );
    assert_eq!(other.names().await, SEEDED);
}

#[tokio::test]
async fn other_account_numbers_are_used_if_the_greatest_is_taken() {
    let app = TestApp::start_seeded(
        "accounts: [{AccountId: \"999999999\", operators: [{FullName: A, Email: a@b.com, IsAccountAdministrator: true}]}]",
    )
    .await;
    for expected in ["100000", "100001"] {
        assert_eq!(new_account(&app, json!({})).await.id, expected);
    }
}
