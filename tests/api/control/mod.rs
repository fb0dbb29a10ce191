//! The emulator's own API, under `/_emulator`.

mod access;
mod accounts;
mod clock;
mod documents;
mod faults;
mod journal;
mod secrets;

use std::time::Duration;

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use crate::app::{Answer, Client, TestApp, text};

/// An account that was made for a test.
struct Account<'a> {
    id: String,
    made: Value,
    client: Client<'a>,
}

impl Account<'_> {
    /// The path of what belongs to the account, below `/_emulator`.
    fn path(&self, rest: &str) -> String {
        format!("/accounts/{}{rest}", self.id)
    }

    fn owner(&self) -> String {
        format!("/v4/Operator/{}", text(&self.made["owner"], "OperatorGuid"))
    }

    async fn new_operator(&self, name: &str) -> Value {
        let body = json!({"FullName": name, "Email": format!("{name}@acme.com")});
        let answer = self.client.send(Method::POST, "/v4/Operator", body).await;
        answer.expect(StatusCode::CREATED)
    }

    /// The names of its operators, in their order.
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

/// A POST or PUT without a body, or a DELETE.
async fn act(app: &TestApp, method: Method, path: &str) -> Answer {
    Answer::of(request(app, method, path)).await
}

async fn new_account(app: &TestApp, body: Value) -> Account<'_> {
    let made = post(app, "/accounts", body)
        .await
        .expect(StatusCode::CREATED);
    Account {
        id: text(&made, "accountId"),
        client: app.as_api_user(&made["apiUser"]),
        made,
    }
}

async fn new_fault(app: &TestApp, path: &str, fault: Value) -> Value {
    let answer = post(app, path, fault).await;
    answer.expect(StatusCode::CREATED)
}

async fn count(app: &TestApp, path: &str, matches: Value) -> Value {
    let answer = post(app, path, matches).await;
    answer.expect(StatusCode::OK)["count"].clone()
}

/// Waits until a fault of the server has struck.
async fn has_struck(app: &TestApp) {
    let strikes = async { while list(app, "/faults").await[0]["hits"] == 0 {} };
    timeout(Duration::from_secs(10), strikes)
        .await
        .expect("the fault strikes");
}

/// Sends a request whose body comes only when the server has looked at its head and something else has happened, and
/// answers with what came back.
async fn with_late_body(
    app: &TestApp,
    head: &str,
    body: Value,
    meanwhile: impl Future<Output = ()>,
) -> String {
    const GO_ON: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
    let body = body.to_string();
    let length = body.len();
    let head = format!(
        "{head}\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nExpect: 100-continue\r\n\
         Connection: close\r\n\r\n"
    );
    let mut stream = app.connect().await;
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut told = [0; GO_ON.len()];
    stream.read_exact(&mut told).await.unwrap();
    assert_eq!(told, GO_ON);
    meanwhile.await;
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// What an error says, if it has the expected status and the form of RFC 9457.
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
