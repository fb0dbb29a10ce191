use reqwest::StatusCode;
use uptrends_emulator::{Emulator, Options};
use uptrends_example::{Operator, Uptrends};

/// Starts an emulator of the test's own, on a free port.
async fn start() -> (Emulator, Uptrends) {
    let emulator = Emulator::start(Options::default()).await.unwrap();
    let uptrends = Uptrends {
        url: format!("{}/v4", emulator.url()),
        user_name: "emulator".to_owned(),
        password: "emulator".to_owned(),
        http: reqwest::Client::new(),
    };
    (emulator, uptrends)
}

fn third_operator() -> Operator {
    Operator {
        full_name: "Third Operator".to_owned(),
        email: "third@example.com".to_owned(),
    }
}

#[tokio::test]
async fn a_new_operator_is_listed() {
    let (emulator, uptrends) = start().await;
    uptrends.create_operator(&third_operator()).await.unwrap();

    let listed = uptrends.operators().await.unwrap();
    assert_eq!(listed.len(), 3);
    assert_eq!(listed[2].full_name, "Third Operator");
    emulator.stop().await;
}

#[tokio::test]
async fn an_address_is_taken_once() {
    let (emulator, uptrends) = start().await;
    uptrends.create_operator(&third_operator()).await.unwrap();

    let error = uptrends
        .create_operator(&third_operator())
        .await
        .unwrap_err();
    assert_eq!(error.status(), Some(StatusCode::FORBIDDEN));
    emulator.stop().await;
}
