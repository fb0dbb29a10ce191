use std::time::Duration;

use reqwest::StatusCode;
use uptrends_emulator::{Account, Effect, Emulator, Fault, Match, Options};
use uptrends_example::{Operator, Uptrends};

/// Starts an emulator of the test's own, on a free port, with an account for the client.
async fn start() -> (Emulator, Account, Uptrends) {
    let emulator = Emulator::start(Options::default()).await.unwrap();
    let account = emulator.account().await.unwrap();
    let uptrends = Uptrends {
        url: account.base_url().to_owned(),
        user_name: account.user_name().to_owned(),
        password: account.password().to_owned(),
        http: reqwest::Client::new(),
    };
    (emulator, account, uptrends)
}

fn third_operator() -> Operator {
    Operator {
        full_name: "Third Operator".to_owned(),
        email: "third@example.com".to_owned(),
    }
}

#[tokio::test]
async fn a_new_operator_is_listed() {
    let (emulator, account, uptrends) = start().await;
    uptrends.create_operator(&third_operator()).await.unwrap();

    let listed = uptrends.operators().await.unwrap();
    assert_eq!(listed.len(), 3);
    assert_eq!(listed[2].full_name, "Third Operator");

    let created = Match::request("POST", "/v4/Operator").status(201);
    account.verify(created).times(1).unwrap();
    emulator.stop().await;
}

#[tokio::test]
async fn an_address_is_taken_once() {
    let (emulator, _account, uptrends) = start().await;
    uptrends.create_operator(&third_operator()).await.unwrap();

    let error = uptrends
        .create_operator(&third_operator())
        .await
        .unwrap_err();
    assert_eq!(error.status(), Some(StatusCode::FORBIDDEN));
    emulator.stop().await;
}

#[tokio::test]
async fn a_lost_answer_is_an_error_of_the_connection() {
    let (emulator, account, uptrends) = start().await;
    let effect = Effect::reset().delayed(Duration::from_millis(10));
    let create = Match::operation("Operator_CreateOperator");
    let lost = Fault::new(create, effect).after().count(1);
    let lost = account.fault(lost).unwrap();

    let error = uptrends
        .create_operator(&third_operator())
        .await
        .unwrap_err();
    assert_eq!(error.status(), None);
    // The operator is there all the same.
    assert!(lost.requests().unwrap()[0].committed);
    assert_eq!(uptrends.operators().await.unwrap().len(), 3);
    emulator.stop().await;
}
