use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use uptrends_emulator::{Effect, Emulator, Match, Options};

/// Creates an operator, and tries again while the server is busy: the program under test.
async fn create_operator(url: &str, user_name: &str, password: &str) -> StatusCode {
    let operator = json!({"FullName": "Third Operator", "Email": "third@example.com"});
    loop {
        let request = Client::new()
            .post(format!("{url}/Operator"))
            .json(&operator);
        let request = request.basic_auth(user_name, Some(password));
        match request.send().await.unwrap().status() {
            StatusCode::SERVICE_UNAVAILABLE => {}
            status => return status,
        }
    }
}

#[tokio::test]
async fn a_new_operator_is_listed() {
    let emulator = Emulator::start(Options::default()).await.unwrap();
    let url = format!("{}/v4", emulator.url());
    let status = create_operator(&url, "emulator", "emulator").await;
    assert_eq!(status, StatusCode::CREATED);

    let request = Client::new().get(format!("{url}/Operator"));
    let request = request.basic_auth("emulator", Some("emulator"));
    let listed: Vec<Value> = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(listed.len(), 3);
    emulator.stop().await;
}

#[tokio::test]
async fn a_busy_server_is_asked_again() {
    let emulator = Emulator::start(Options::default()).await.unwrap();
    let account = emulator.account().await.unwrap();
    let create = || Match::request("POST", "/v4/Operator");
    let busy = account.fail_next(create(), Effect::status(503)).unwrap();

    let (url, user, password) = (account.base_url(), account.user_name(), account.password());
    create_operator(url, user, password).await;
    assert!(busy.is_spent().unwrap());
    account.verify(create()).times(2).unwrap();
    account.verify(create().status(201)).times(1).unwrap();
    emulator.stop().await;
}
