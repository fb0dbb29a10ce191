//! Tests of `…/outbox`: what the live service would have sent.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{act, list, new_account, post, refuse_one_and_lose_one};
use crate::app::{TestApp, path_of, text};

const OWN: &str = "/accounts/123456/outbox";

/// Returns to whom messages would have been sent.
async fn recipients(app: &TestApp, path: &str) -> Vec<String> {
    let messages = list(app, path).await;
    messages.iter().map(|message| text(message, "to")).collect()
}

fn invited(email: &str) -> Value {
    json!({"FullName": "Invited", "Email": email, "SetupMode": "Invitation"})
}

#[tokio::test]
async fn a_new_operator_with_setup_mode_invitation_is_invited() {
    let app = TestApp::start().await;
    post(&app, "/clock/freeze", json!({"at": "2026-01-01T12:00:00"})).await;
    app.new_operator(json!({"SetupMode": "Manual"})).await;
    assert_eq!(list(&app, OWN).await, Vec::<Value>::new());
    let operator = app.new_operator(invited("Third@acme.com")).await;
    let expected = json!([{
        "accountId": "123456", "to": "Third@acme.com", "kind": "invitation",
        "operatorGuid": operator["OperatorGuid"], "time": "2026-01-01T12:00:00Z",
    }]);
    assert_eq!(list(&app, OWN).await, *expected.as_array().unwrap());
    assert_eq!(list(&app, "/outbox").await, *expected.as_array().unwrap());
}

#[tokio::test]
async fn a_change_to_invitation_invites_once() {
    let app = TestApp::start().await;
    for (change, path) in [("PATCH", "a@acme.com"), ("PUT", "b@acme.com")] {
        let manual = json!({"FullName": "Manual", "Email": path});
        let operator = app.new_operator(manual.clone()).await;
        let send = async |fields: Value| {
            let mut body = invited(path);
            body.as_object_mut()
                .unwrap()
                .extend(fields.as_object().unwrap().clone());
            let answer = match change {
                "PATCH" => app.patch(&path_of(&operator), body).await,
                _ => app.put(&path_of(&operator), body).await,
            };
            answer.expect(StatusCode::NO_CONTENT);
        };
        send(json!({})).await;
        assert_eq!(recipients(&app, OWN).await, [path], "{change}");
        // What is sent back as it was read is no new invitation.
        send(json!({})).await;
        send(json!({"FullName": "Another"})).await;
        assert_eq!(recipients(&app, OWN).await, [path], "{change}");
        send(json!({"SetupMode": "Manual"})).await;
        assert_eq!(recipients(&app, OWN).await, [path], "{change}");
        send(json!({})).await;
        assert_eq!(recipients(&app, OWN).await, [path, path], "{change}");
        act(&app, Method::DELETE, OWN)
            .await
            .expect(StatusCode::NO_CONTENT);
        assert_eq!(recipients(&app, OWN).await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn only_committed_changes_invite() {
    let app = TestApp::start().await;
    refuse_one_and_lose_one(&app).await;
    let create = |email| {
        let request = app.request(Method::POST, "/v4/Operator");
        request.json(&invited(email)).send()
    };
    assert_eq!(create("before@acme.com").await.unwrap().status(), 503);
    create("after@acme.com").await.unwrap_err();
    assert_eq!(create("AFTER@acme.com").await.unwrap().status(), 403);
    assert_eq!(create("none").await.unwrap().status(), 403);
    let secret =
        json!({"FullName": "A", "Email": "a@acme.com", "SetupMode": "Invitation", "Password": "x"});
    app.post("/v4/Operator", secret)
        .await
        .names(StatusCode::FORBIDDEN, &["Password"]);
    assert_eq!(recipients(&app, OWN).await, ["after@acme.com"]);
}

#[tokio::test]
async fn each_account_has_its_own_outbox_and_the_server_that_of_all() {
    let app = TestApp::start().await;
    let account = new_account(&app, json!({})).await;
    for email in ["1@acme.com", "3@acme.com"] {
        let path = "/v4/Operator";
        let answer = account
            .client
            .send(Method::POST, path, invited(email))
            .await;
        answer.expect(StatusCode::CREATED);
        app.new_operator(invited(&email.replace('3', "4").replace('1', "2")))
            .await;
    }
    let own = account.path("/outbox");
    assert_eq!(recipients(&app, &own).await, ["1@acme.com", "3@acme.com"]);
    assert_eq!(recipients(&app, OWN).await, ["2@acme.com", "4@acme.com"]);
    let all = list(&app, "/outbox").await;
    let all: Vec<_> = all
        .iter()
        .map(|message| (text(message, "to"), text(message, "accountId")))
        .collect();
    let expected = [
        ("1@acme.com", account.id.as_str()),
        ("2@acme.com", "123456"),
        ("3@acme.com", &account.id),
        ("4@acme.com", "123456"),
    ];
    let expected = expected.map(|(to, account)| (to.to_owned(), account.to_owned()));
    assert_eq!(all, expected);

    act(&app, Method::DELETE, OWN).await;
    assert_eq!(
        recipients(&app, "/outbox").await,
        ["1@acme.com", "3@acme.com"]
    );
    act(&app, Method::POST, &account.path("/reset")).await;
    assert_eq!(recipients(&app, "/outbox").await, Vec::<String>::new());
    app.new_operator(invited("5@acme.com")).await;
    act(&app, Method::DELETE, "/outbox").await;
    assert_eq!(recipients(&app, OWN).await, Vec::<String>::new());
    app.new_operator(invited("6@acme.com")).await;
    act(&app, Method::POST, "/reset").await;
    assert_eq!(recipients(&app, "/outbox").await, Vec::<String>::new());
}

#[tokio::test]
async fn the_outbox_of_the_server_has_the_messages_of_all_accounts_in_order() {
    let app = TestApp::start().await;
    let account = new_account(&app, json!({})).await;
    for email in ["1@acme.com", "3@acme.com"] {
        app.new_operator(invited(email)).await;
        let other = invited(&format!("after-{email}"));
        let answer = account
            .client
            .send(Method::POST, "/v4/Operator", other)
            .await;
        answer.expect(StatusCode::CREATED);
    }
    assert_eq!(recipients(&app, OWN).await, ["1@acme.com", "3@acme.com"]);
    assert_eq!(
        recipients(&app, "/outbox").await,
        [
            "1@acme.com",
            "after-1@acme.com",
            "3@acme.com",
            "after-3@acme.com"
        ]
    );
}
