//! Tests of the control API under `/_emulator`.

mod access;
mod accounts;
mod clock;
mod coverage;
mod documents;
mod faults;
mod journal;
mod matching;
mod outbox;
mod secrets;
mod verify;

use std::time::Duration;

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use crate::app::{Answer, Client, TestApp, text};

/// An account created for a test.
struct Account<'a> {
    id: String,
    created: Value,
    client: Client<'a>,
}

impl Account<'_> {
    /// Returns a path below the account, relative to `/_emulator`.
    fn path(&self, rest: &str) -> String {
        format!("/accounts/{}{rest}", self.id)
    }

    fn owner(&self) -> String {
        format!(
            "/v4/Operator/{}",
            text(&self.created["owner"], "OperatorGuid")
        )
    }

    async fn new_operator(&self, name: &str) -> Value {
        let body = json!({"FullName": name, "Email": format!("{name}@acme.com")});
        let answer = self.client.send(Method::POST, "/v4/Operator", body).await;
        answer.expect(StatusCode::CREATED)
    }

    /// Returns the names of its operators, in order.
    async fn names(&self) -> Vec<String> {
        let operators = self.client.list("/v4/Operator").await;
        operators.iter().map(|one| text(one, "FullName")).collect()
    }
}

fn request(app: &TestApp, method: Method, path: &str) -> RequestBuilder {
    app.anonymous(method, &format!("/_emulator{path}"))
}

async fn get(app: &TestApp, path: &str) -> Value {
    let answer = Answer::of(request(app, Method::GET, path)).await;
    answer.expect(StatusCode::OK)
}

pub async fn list(app: &TestApp, path: &str) -> Vec<Value> {
    get(app, path).await.as_array().unwrap().clone()
}

async fn post(app: &TestApp, path: &str, body: Value) -> Answer {
    Answer::of(request(app, Method::POST, path).json(&body)).await
}

/// Sends a POST or PUT without a body, or a DELETE.
async fn act(app: &TestApp, method: Method, path: &str) -> Answer {
    Answer::of(request(app, method, path)).await
}

async fn new_account(app: &TestApp, body: Value) -> Account<'_> {
    let created = post(app, "/accounts", body)
        .await
        .expect(StatusCode::CREATED);
    Account {
        id: text(&created, "accountId"),
        client: app.as_api_user(&created["apiUser"]),
        created,
    }
}

async fn new_fault(app: &TestApp, path: &str, fault: Value) -> Value {
    let answer = post(app, path, fault).await;
    answer.expect(StatusCode::CREATED)
}

/// Lets the next new operator be refused, and the answer of the one after it be lost.
async fn refuse_one_and_lose_one(app: &TestApp) {
    for (effect, when) in [
        (json!({"status": 503}), "before"),
        (json!({"network": "reset"}), "after"),
    ] {
        let matches = json!({"operationId": "Operator_CreateOperator"});
        let fault = json!({"match": matches, "effect": effect, "when": when, "count": 1});
        new_fault(app, "/faults", fault).await;
    }
}

async fn count(app: &TestApp, path: &str, matches: Value) -> Value {
    let answer = post(app, path, matches).await;
    answer.expect(StatusCode::OK)["count"].clone()
}

/// Waits until a fault of the server has struck.
async fn wait_for_strike(app: &TestApp) {
    let strikes = async { while list(app, "/faults").await[0]["hits"] == 0 {} };
    timeout(Duration::from_secs(10), strikes)
        .await
        .expect("the fault strikes");
}

/// Sends a request whose body follows only after the server has processed its head and `meanwhile` has completed; returns
/// the response.
async fn with_late_body(
    app: &TestApp,
    head: &str,
    body: Value,
    meanwhile: impl Future<Output = ()>,
) -> String {
    const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
    let body = body.to_string();
    let length = body.len();
    let head = format!(
        "{head}\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nExpect: 100-continue\r\n\
         Connection: close\r\n\r\n"
    );
    let mut stream = app.connect().await;
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut interim_response = [0; CONTINUE.len()];
    stream.read_exact(&mut interim_response).await.unwrap();
    assert_eq!(interim_response, CONTINUE);
    meanwhile.await;
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// Expects an error with this status in the format of RFC 9457, and returns its detail.
#[track_caller]
fn problem(answer: &Answer, status: StatusCode) -> String {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert_eq!(
        answer.headers["content-type"], "application/problem+json",
        "{}",
        answer.text
    );
    let body = answer.expect(status);
    assert_eq!(body["status"], status.as_u16());
    assert_eq!(body["title"], status.canonical_reason().unwrap());
    text(&body, "detail")
}

const NO_ACCOUNT: &str = "/accounts/999999";
