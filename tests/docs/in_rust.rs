use serde_json::{Value, json};
use uptrends_emulator::{Emulator, Options};

#[tokio::test]
async fn a_new_operator_is_listed() {
    let emulator = Emulator::start(Options::default()).await.unwrap();
    let operators = format!("{}/v4/Operator", emulator.url());
    let client = reqwest::Client::new();

    let operator = json!({"FullName": "Third Operator", "Email": "third@example.com"});
    let request = client.post(&operators).json(&operator);
    let request = request.basic_auth("emulator", Some("emulator"));
    assert_eq!(request.send().await.unwrap().status(), 201);

    let request = client.get(&operators);
    let request = request.basic_auth("emulator", Some("emulator"));
    let listed: Vec<Value> = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(listed.len(), 3);
    emulator.stop().await;
}
