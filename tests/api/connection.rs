//! Connections: an answer reaches its client even if the client is still sending or has closed its sending side, and a
//! complete request is processed even if the client does not wait.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use uptrends_emulator::{Control, Options, PasswordCost};

use crate::app::TestApp;

/// `emulator:emulator`
const CREDENTIALS: &str = "Authorization: Basic ZW11bGF0b3I6ZW11bGF0b3I=\r\n";

/// Longer than any operation here takes, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// Reads until the server closes the connection.
async fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let reading = stream.read_to_end(&mut answer);
    timeout(PATIENCE, reading)
        .await
        .expect("the server ends the connection")
        .expect("the connection is not reset");
    String::from_utf8(answer).unwrap()
}

/// Reads up to the empty line.
async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let byte = timeout(PATIENCE, stream.read_u8()).await;
        head.push(byte.expect("an answer").expect("no end before the answer"));
    }
    String::from_utf8(head).unwrap()
}

/// Sends a request as most clients do: completely, before reading the answer.
async fn send_whole(app: &TestApp, head: &str, length: usize) -> String {
    let mut stream = app.connect().await;
    let head = format!("{head}\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let piece = vec![b' '; 64 * 1024];
    let mut left = length;
    while left > 0 {
        let next = left.min(piece.len());
        // A client without an answer continues to send; one that is cut off reads its answer, if it arrived.
        if stream.write_all(&piece[..next]).await.is_err() {
            break;
        }
        left -= next;
    }
    self::head(&mut stream).await
}

#[tokio::test]
async fn an_answer_reaches_a_client_whose_body_is_not_read() {
    let with_token = TestApp::start_with(Options::default().control(Control::On {
        token: Some("t0ken".into()),
    }))
    .await;
    let app = TestApp::start().await;
    let monitor = format!("POST /v4/Monitor HTTP/1.1\r\n{}", CREDENTIALS.trim_end());
    for (app, ask, status) in [
        (&app, monitor.as_str(), 501),
        (&app, "POST /v4/Nope HTTP/1.1", 404),
        (&app, "PATCH /v4/Operator HTTP/1.1", 405),
        (&app, "POST /v4/Operator HTTP/1.1", 401),
        (&app, "POST /v4/Register HTTP/1.1", 401),
        (&app, "PUT /api/Users HTTP/1.1", 401),
        (&app, "POST /v4/swagger HTTP/1.1", 405),
        (&app, "POST /console/login HTTP/1.1", 403),
        (&app, "POST /_emulator/nope HTTP/1.1", 404),
        (&app, "POST /_emulator/health HTTP/1.1", 405),
        (&app, "POST /_emulator/reset HTTP/1.1", 204),
        (&with_token, "POST /_emulator/accounts HTTP/1.1", 401),
        (&with_token, "POST /console/login HTTP/1.1", 303),
    ] {
        // Sizes below and above what is read before the answer; only the first path is tested with the other sizes.
        let lengths: &[usize] = if status == 501 {
            &[70_000, 9_000_000, 30_000_000]
        } else {
            &[1_000_000]
        };
        for length in lengths.iter().copied() {
            let answer = send_whole(app, ask, length).await;
            let expected = format!("HTTP/1.1 {status} ");
            assert!(answer.starts_with(&expected), "{ask} {length}: {answer}");
        }
    }
}

#[tokio::test]
async fn an_answer_reaches_a_client_whose_body_is_too_large() {
    let app = TestApp::start().await;
    let signed =
        format!("POST /v4/Operator HTTP/1.1\r\nContent-Type: application/json\r\n{CREDENTIALS}");
    for (ask, length) in [
        (signed.trim_end(), 70_000),
        (signed.trim_end(), 30_000_000),
        ("POST /_emulator/accounts HTTP/1.1", 17_000_000),
        ("POST /_emulator/accounts HTTP/1.1", 60_000_000),
    ] {
        let answer = send_whole(&app, ask, length).await;
        assert!(
            answer.starts_with("HTTP/1.1 413 "),
            "{ask} {length}: {answer}"
        );
    }
}

#[tokio::test]
async fn a_connection_is_reused_after_an_unread_body() {
    let app = TestApp::start().await;
    let mut stream = app.connect().await;
    for (ask, status) in [
        ("POST /v4/Nope", "404"),
        ("PATCH /v4/Operator", "405"),
        ("DELETE /v4/Operator/x", "401"),
        ("POST /_emulator/nope", "404"),
        ("GET /_emulator/health", "200"),
    ] {
        let body = "x".repeat(100_000);
        let length = body.len();
        let ask =
            format!("{ask} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n{body}");
        stream.write_all(ask.as_bytes()).await.unwrap();
        let answer = head(&mut stream).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
        let length = answer.to_lowercase();
        let length = length.split("content-length: ").nth(1).unwrap();
        let length = length.split("\r\n").next().unwrap().parse().unwrap();
        stream.read_exact(&mut vec![0; length]).await.unwrap();
    }
}

#[tokio::test]
async fn a_rejection_reaches_a_client_that_sends_its_body_despite_expecting_100_continue() {
    let app = TestApp::start().await;
    for ask in [
        "POST /v4/Operator HTTP/1.1",
        "POST /v4/Nope HTTP/1.1",
        "POST /v4/Monitor HTTP/1.1",
        "POST /v4/Register HTTP/1.1",
    ] {
        let mut stream = app.connect().await;
        let ask = format!(
            "{ask}\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 3000000\r\n\r\n"
        );
        stream.write_all(ask.as_bytes()).await.unwrap();
        stream.write_all(&vec![b' '; 3_000_000]).await.unwrap();
        let answer = rest(&mut stream).await;
        let is_refused = answer.starts_with("HTTP/1.1 4") || answer.starts_with("HTTP/1.1 501");
        assert!(
            is_refused && answer.contains("\r\nconnection: close\r\n"),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn a_rejection_reaches_a_client_with_an_invalid_head() {
    let app = TestApp::start().await;
    for (ask, status) in [
        (
            format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(3_000_000)),
            "431",
        ),
        (
            format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(3_000_000)),
            "4",
        ),
        (format!("nonsense\r\n{}", "x".repeat(3_000_000)), "400"),
    ] {
        let mut stream = app.connect().await;
        let _ = stream.write_all(ask.as_bytes()).await;
        let answer = rest(&mut stream).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn a_client_that_closes_its_sending_side_gets_its_answer() {
    let app = TestApp::start().await;
    let body = r#"{"Description": "x"}"#;
    let length = body.len();
    for (ask, status) in [
        (
            format!("GET /v4/Operator HTTP/1.1\r\nHost: localhost\r\n{CREDENTIALS}\r\n"),
            200,
        ),
        (
            format!("GET /v4/Operator HTTP/1.0\r\n{CREDENTIALS}\r\n"),
            200,
        ),
        (
            format!(
                "POST /v4/OperatorGroup HTTP/1.1\r\nHost: localhost\r\n{CREDENTIALS}Content-Type: application/json\r\n\
                 Content-Length: {length}\r\n\r\n{body}"
            ),
            201,
        ),
        (
            "GET /v4/Operator HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned(),
            401,
        ),
        (
            "GET /_emulator/accounts HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned(),
            200,
        ),
        (
            "POST /_emulator/accounts HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned(),
            201,
        ),
        (
            "GET /console/setup HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned(),
            303,
        ),
    ] {
        for _ in 0..10 {
            let mut stream = app.connect().await;
            stream.write_all(ask.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
            let answer = rest(&mut stream).await;
            let status = format!(" {status} ");
            assert!(answer[8..].starts_with(&status), "{ask}: {answer}");
        }
    }
}

#[tokio::test]
async fn a_delay_runs_to_its_end_after_the_client_closes_its_sending_side() {
    let app = TestApp::start().await;
    let fault = json!({"effect": {"delayMs": 50}});
    app.post("/_emulator/faults", fault)
        .await
        .expect(StatusCode::CREATED);
    let mut stream = app.connect().await;
    let ask = format!("GET /v4/Operator HTTP/1.1\r\nHost: localhost\r\n{CREDENTIALS}\r\n");
    stream.write_all(ask.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn a_hang_ends_when_the_client_closes_its_sending_side() {
    let app = TestApp::start().await;
    let fault = json!({"effect": {"network": "hang"}});
    app.post("/_emulator/faults", fault)
        .await
        .expect(StatusCode::CREATED);
    let mut stream = app.connect().await;
    let ask = format!("GET /v4/Operator HTTP/1.1\r\nHost: localhost\r\n{CREDENTIALS}\r\n");
    stream.write_all(ask.as_bytes()).await.unwrap();
    let wait = json!({"match": {"path": "/v4/Operator"}, "timeoutMs": 10_000});
    app.post("/_emulator/requests/wait", wait)
        .await
        .expect(StatusCode::OK);
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    let ended = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    assert!(ended.unwrap().is_err(), "it ends with a reset");
    assert!(answer.is_empty());
}

#[tokio::test]
async fn a_hang_ends_when_a_client_with_an_unread_body_closes_its_sending_side() {
    let app = TestApp::start().await;
    let fault = json!({"effect": {"network": "hang"}});
    app.post("/_emulator/faults", fault)
        .await
        .expect(StatusCode::CREATED);
    let mut stream = app.connect().await;
    let ask = format!(
        "POST /v4/Operator HTTP/1.1\r\nHost: localhost\r\n{CREDENTIALS}Content-Length: 1000000\r\n\r\n"
    );
    stream.write_all(ask.as_bytes()).await.unwrap();
    stream.write_all(&vec![b' '; 1_000_000]).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    let ended = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    assert!(ended.unwrap().is_err(), "it ends with a reset");
    assert!(answer.is_empty());
}

#[tokio::test]
async fn a_wait_ends_when_the_client_closes_its_sending_side() {
    let app = TestApp::start().await;
    let body =
        json!({"match": {"path": "/v4/Nope", "unknown": true}, "timeoutMs": 60_000}).to_string();
    for is_late in [false, true] {
        let mut stream = app.connect().await;
        let length = body.len();
        let ask = format!(
            "POST /_emulator/requests/wait HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(ask.as_bytes()).await.unwrap();
        if is_late {
            // When the second connection gets its answer, the first one's request has been read.
            app.get("/_emulator/health").await.expect(StatusCode::OK);
        }
        stream.shutdown().await.unwrap();
        let answer = rest(&mut stream).await;
        assert!(
            answer.starts_with("HTTP/1.1 408 ") && answer.contains("left"),
            "{answer}"
        );
    }
}

/// Hashing a password takes a while and happens before the change.
#[tokio::test]
async fn a_change_is_made_even_if_the_client_disconnects_during_hashing() {
    let app = TestApp::start_costing(PasswordCost::Full).await;
    for (number, is_reset) in [(0, false), (1, true)] {
        let body = json!({
            "FullName": format!("Third {number}"), "Email": format!("third{number}@example.com"), "Password": "secret"
        })
        .to_string();
        let length = body.len();
        let ask = format!(
            "POST /v4/Operator HTTP/1.1\r\nHost: localhost\r\n{CREDENTIALS}Content-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        );
        let mut stream = app.connect().await;
        stream.write_all(ask.as_bytes()).await.unwrap();
        if is_reset {
            stream.set_zero_linger().unwrap();
        }
        drop(stream);
        let wait = json!({
            "match": {"method": "POST", "path": "/v4/Operator", "status": 201}, "atLeast": number + 1, "timeoutMs": 20_000
        });
        app.post("/_emulator/requests/wait", wait)
            .await
            .expect(StatusCode::OK);
    }
    let operators = app.get("/v4/Operator").await.expect(StatusCode::OK);
    assert_eq!(operators.as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn an_incomplete_request_changes_nothing() {
    let app = TestApp::start().await;
    let ask = format!(
        "POST /v4/OperatorGroup HTTP/1.1\r\nHost: localhost\r\n{CREDENTIALS}Content-Type: application/json\r\n\
         Content-Length: 30\r\n\r\n{{\"Description\": \"x\"}}"
    );
    let mut stream = app.connect().await;
    stream.write_all(ask.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let answer = rest(&mut stream).await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 400 "),
        "{answer}"
    );
    let wait = json!({"match": {"method": "POST"}, "timeoutMs": 10_000});
    app.post("/_emulator/requests/wait", wait)
        .await
        .expect(StatusCode::OK);
    let groups = app.get("/v4/OperatorGroup").await.expect(StatusCode::OK);
    assert_eq!(groups.as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_client_that_keeps_sending_does_not_delay_the_stop() {
    let app = TestApp::start().await;
    let mut stream = app.connect().await;
    let ask = "POST /v4/Nope HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n";
    stream.write_all(ask.as_bytes()).await.unwrap();
    head(&mut stream).await;
    let sending = tokio::spawn(async move {
        while stream.write_all(&[b' '; 1024]).await.is_ok() {
            tokio::task::yield_now().await;
        }
    });
    timeout(PATIENCE, app.stop()).await.unwrap();
    timeout(PATIENCE, sending).await.unwrap().unwrap();
}

#[tokio::test]
async fn pipelined_requests_are_all_answered() {
    let app = TestApp::start().await;
    let mut stream = app.connect().await;
    let ask = format!("GET /v4/Account HTTP/1.1\r\nHost: localhost\r\n{CREDENTIALS}\r\n");
    stream.write_all(ask.repeat(20).as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let answers = rest(&mut stream).await;
    assert_eq!(answers.matches("HTTP/1.1 200 OK\r\n").count(), 20);
    let count = json!({"method": "GET", "path": "/v4/Account"});
    let count = app
        .post("/_emulator/requests/count", count)
        .await
        .expect(StatusCode::OK);
    assert_eq!(count, json!({"count": 20}));
}
