//! Clients that change the same data concurrently.

use std::collections::BTreeSet;

use futures_util::future::{join, join_all};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::{Answer, TestApp, path_of, text};

const AT_ONCE: usize = 24;

/// Counts the responses with each of two statuses; there must be no third.
#[track_caller]
fn tally(answers: &[Answer], one: StatusCode, other: StatusCode) -> (usize, usize) {
    let count = |status| {
        answers
            .iter()
            .filter(|answer| answer.status == status)
            .count()
    };
    let (ones, others) = (count(one), count(other));
    assert_eq!(ones + others, answers.len(), "{answers:?}");
    (ones, others)
}

async fn list(app: &TestApp, path: &str) -> Vec<Value> {
    let all = app.get(path).await.expect(StatusCode::OK);
    all.as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exactly_one_of_many_posts_of_one_address_succeeds() {
    let app = TestApp::start().await;
    let posts = (0..AT_ONCE).map(|number| {
        let email = if number % 2 == 0 {
            "same@example.com"
        } else {
            " SAME@example.com"
        };
        // With a password, hashing happens between the first and the final check of the rules.
        let body = json!({"FullName": "Same", "Email": email, "Password": "s3cret"});
        app.post("/v4/Operator", body)
    });
    let answers = join_all(posts).await;
    let counts = tally(&answers, StatusCode::CREATED, StatusCode::FORBIDDEN);
    assert_eq!(counts, (1, AT_ONCE - 1));
    assert_eq!(list(&app, "/v4/Operator").await.len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exactly_one_of_many_changes_to_one_address_succeeds() {
    let app = TestApp::start().await;
    let mut paths = Vec::new();
    for number in 0..AT_ONCE {
        let email = format!("{number}@example.com");
        paths.push(path_of(&app.new_operator(json!({ "Email": email })).await));
    }
    let body = json!({"Email": "same@example.com"});
    let answers = join_all(paths.iter().map(|path| app.patch(path, body.clone()))).await;
    let counts = tally(&answers, StatusCode::NO_CONTENT, StatusCode::FORBIDDEN);
    assert_eq!(counts, (1, AT_ONCE - 1));
    let operators = list(&app, "/v4/Operator").await;
    let emails: BTreeSet<_> = operators.iter().map(|one| text(one, "Email")).collect();
    assert_eq!(emails.len(), operators.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_patches_of_different_fields_are_all_applied() {
    let app = TestApp::start().await;
    let owner = text(&app.owner().await, "OperatorGuid");
    let other = app.as_operator(&owner).await;
    let operator = app.new_operator(json!({})).await;
    let path = path_of(&operator);
    let own = json!({
        "FullName": "Renamed", "MobilePhone": "+31612345678", "IsOnDuty": true, "TimeZoneId": 56,
    });
    let others = json!({
        "CultureName": "nl-NL", "UseNumericSender": true, "OperatorRole": "x", "BackupEmail": "b@x",
    });
    let one_by_one = |fields: &Value| -> Vec<Value> {
        let fields = fields.as_object().unwrap();
        fields
            .iter()
            .map(|(name, value)| json!({ name: value }))
            .collect()
    };
    let ours = join_all(
        one_by_one(&own)
            .into_iter()
            .map(|body| app.patch(&path, body)),
    );
    let theirs = join_all(
        one_by_one(&others)
            .into_iter()
            .map(|body| other.send(Method::PATCH, &path, body)),
    );
    let (ours, theirs) = join(ours, theirs).await;
    for answer in ours.iter().chain(&theirs) {
        answer.expect(StatusCode::NO_CONTENT);
    }
    let mut expected = operator;
    for fields in [own, others] {
        let fields = fields.as_object().unwrap().clone();
        expected.as_object_mut().unwrap().extend(fields);
    }
    let after = app.get(&path).await.expect(StatusCode::OK);
    expected["Hash"] = after["Hash"].clone();
    assert_eq!(after, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exactly_one_of_many_deletions_of_one_operator_succeeds() {
    let app = TestApp::start().await;
    let path = path_of(&app.new_operator(json!({})).await);
    let answers = join_all((0..AT_ONCE).map(|_| app.delete(&path))).await;
    let counts = tally(&answers, StatusCode::NO_CONTENT, StatusCode::NOT_FOUND);
    assert_eq!(counts, (1, AT_ONCE - 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn additions_during_the_deletion_of_an_operator_are_deleted_with_it() {
    let app = TestApp::start().await;
    let operator = app.new_operator(json!({})).await;
    let (path, guid) = (path_of(&operator), text(&operator, "OperatorGuid"));
    let group = app.new_group("Night watch").await;
    let api_user = json!({"OperatorGuid": guid, "Description": "x"});
    let patches = join_all((0..AT_ONCE).map(|number| {
        let body = json!({"FullName": format!("Number {number}"), "Password": "s3cret"});
        app.patch(&path, body)
    }));
    let api_users = join_all((0..AT_ONCE).map(|_| app.post("/v4/ApiUser", api_user.clone())));
    let member = format!("{group}/Member/{guid}");
    let members = join_all((0..AT_ONCE).map(|_| app.act(&member)));
    let deletion = app.delete(&path);
    let ((patches, api_users), (members, deletion)) =
        join(join(patches, api_users), join(members, deletion)).await;

    deletion.expect(StatusCode::NO_CONTENT);
    tally(&patches, StatusCode::NO_CONTENT, StatusCode::NOT_FOUND);
    tally(&api_users, StatusCode::CREATED, StatusCode::NOT_FOUND);
    tally(&members, StatusCode::CREATED, StatusCode::NOT_FOUND);
    app.get(&path).await.expect(StatusCode::NOT_FOUND);
    assert_eq!(list(&app, "/v4/Operator").await.len(), 2);
    assert_eq!(list(&app, "/v4/ApiUser").await.len(), 1);
    assert!(list(&app, &format!("{group}/Member")).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_requests_are_all_counted() {
    let app = TestApp::start().await;
    let answers = join_all((0..AT_ONCE).map(|_| app.get("/v4/Operator"))).await;
    for answer in answers {
        answer.expect(StatusCode::OK);
    }
    let api_users = list(&app, "/v4/ApiUser").await;
    assert_eq!(api_users[0]["UsageLast30Days"], AT_ONCE + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn api_users_created_concurrently_all_work() {
    let app = TestApp::start().await;
    let guid = text(&app.owner().await, "OperatorGuid");
    let clients = join_all((0..AT_ONCE).map(|_| app.as_operator(&guid))).await;
    let answers = join_all(clients.iter().map(|client| client.get("/v4/ApiUser"))).await;
    for answer in answers {
        let api_users = answer.expect(StatusCode::OK);
        assert_eq!(api_users.as_array().unwrap().len(), AT_ONCE + 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_one_of_two_administrators_removing_each_other_succeeds() {
    let app = TestApp::start().await;
    let administrators = app.system_group("IsAdministratorsGroup").await;
    let mut guids = Vec::new();
    for email in ["one@example.com", "two@example.com"] {
        let guid = text(
            &app.new_operator(json!({ "Email": email })).await,
            "OperatorGuid",
        );
        app.act(&format!("{administrators}/Member/{guid}"))
            .await
            .expect(StatusCode::CREATED);
        guids.push(guid);
    }
    let (one, two) = (
        app.as_operator(&guids[0]).await,
        app.as_operator(&guids[1]).await,
    );
    let paths: Vec<_> = guids
        .iter()
        .map(|guid| format!("{administrators}/Member/{guid}"))
        .collect();
    let (by_one, by_two) = join(
        one.send(Method::DELETE, &paths[1], json!({})),
        two.send(Method::DELETE, &paths[0], json!({})),
    )
    .await;
    let counts = tally(
        &[by_one, by_two],
        StatusCode::NO_CONTENT,
        StatusCode::FORBIDDEN,
    );
    assert_eq!(counts, (1, 1));
}
