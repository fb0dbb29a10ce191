//! Request bodies: valid and invalid JSON, content types, sizes, and bodies that arrive late.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use uptrends_emulator::Options;

use crate::app::{Answer, TestApp, text};

const LARGEST: usize = 64 * 1024;

/// `emulator:emulator`
const CREDENTIALS: &str = "Authorization: Basic ZW11bGF0b3I6ZW11bGF0b3I=\r\n";

/// Creates a group with a raw body.
async fn post(app: &TestApp, body: impl Into<reqwest::Body>) -> Answer {
    post_as(app, "application/json", body).await
}

async fn post_as(app: &TestApp, content_type: &str, body: impl Into<reqwest::Body>) -> Answer {
    let request = app.request(Method::POST, "/v4/OperatorGroup");
    Answer::of(request.header("Content-Type", content_type).body(body)).await
}

/// Returns a body of this many bytes for a new group.
fn body_of(length: usize) -> String {
    let fields = r#"{"Description":"x","Unknown":""#;
    format!("{fields}{}\"}}", "x".repeat(length - fields.len() - 2))
}

/// Reads until the server closes the connection.
async fn rest(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// Reads up to the empty line.
async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

#[tokio::test]
async fn a_body_that_is_not_a_json_object_is_a_bad_request() {
    let app = TestApp::start().await;
    let deep = format!(
        "{{\"Description\": \"x\", \"Unknown\": {}{}}}",
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    for body in [
        "",
        " ",
        "\u{feff}",
        "{",
        "}",
        r#"{"Description"#,
        r#"{"Description":"#,
        r#"{"Description": "x""#,
        r#"{"Description": "x",}"#,
        r#"{"Description": "x"}}"#,
        r#"{"Description": "x"} {"Description": "y"}"#,
        r#"{"Description": 'x'}"#,
        "{Description: \"x\"}",
        r#"{"Description" = "x"}"#,
        r#"{"Description": "x", /* why */ "IsEveryone": false}"#,
        "{\"Description\": \"a\nb\"}",
        r#"{"Description": "\x"}"#,
        r#"{"Description": "\ud800"}"#,
        r#"{"Description": "\ud800\u0041"}"#,
        r#"{"Description": "\udc00"}"#,
        r#"{"Description": "x", "Unknown": NaN}"#,
        r#"{"Description": "x", "Unknown": 01}"#,
        r#"{"Description": "x", "Unknown": +1}"#,
        r#"{"Description": "x", "Unknown": 1.}"#,
        r#"{"Description": "x", "Unknown": True}"#,
        "Description=x",
        "<Description>x</Description>",
        "[]",
        r#"[{"Description": "x"}]"#,
        r#""x""#,
        "5",
        "true",
        "null",
        "\u{feff}\u{feff}{\"Description\": \"x\"}",
        &deep,
    ] {
        let answer = post(&app, body.to_owned()).await;
        assert_eq!(
            answer.status,
            StatusCode::BAD_REQUEST,
            "{:.80}: {}",
            body,
            answer.text
        );
        assert_eq!(answer.messages(StatusCode::BAD_REQUEST).len(), 1);
    }
    for bytes in [
        b"{\"Description\": \"\xff\"}".to_vec(),
        b"{\"Description\": \"\xc3\"}".to_vec(),
        b"{\"Description\": \"\xed\xa0\x80\"}".to_vec(),
        b"{\"Descr\xffiption\": \"x\"}".to_vec(),
        b"\xff\xfe{\x00}\x00".to_vec(),
        b"{\"Description\": \"a\x00b\"}".to_vec(),
        b"\x1f\x8b\x08\x00".to_vec(),
    ] {
        post(&app, bytes).await.messages(StatusCode::BAD_REQUEST);
    }
    let groups = app.get("/v4/OperatorGroup").await.expect(StatusCode::OK);
    assert_eq!(groups.as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn every_valid_spelling_of_json_is_accepted() {
    let app = TestApp::start().await;
    for (body, description) in [
        ("\u{feff}{\"Description\": \"x\"}", "x"),
        (" \r\n\t{ \"Description\" : \"x\" } \n", "x"),
        (r#"{"\u0044escription": "\u00e9\ud83d\ude00\/"}"#, "é😀/"),
        (r#"{"Description": "é😀"}"#, "é😀"),
        (
            r#"{"Description": "x", "Unknown": -0.5e-3, "More": [[[{}]], null]}"#,
            "x",
        ),
        (
            r#"{"Description": "x", "Unknown": 123456789012345678901234567890}"#,
            "x",
        ),
        (r#"{"Description": "first", "Description": "last"}"#, "last"),
        (r#"{"Description": "a\u0000b\tc"}"#, "a\0b\tc"),
    ] {
        let group = post(&app, body).await.expect(StatusCode::CREATED);
        assert_eq!(group["Description"], description, "{body}");
        let path = format!("/v4/OperatorGroup/{}", text(&group, "OperatorGroupGuid"));
        assert_eq!(app.get(&path).await.expect(StatusCode::OK), group);
    }
}

#[tokio::test]
async fn property_names_match_in_any_case_and_unknown_ones_are_ignored() {
    let app = TestApp::start().await;
    for body in [
        json!({"description": "x"}),
        json!({"DESCRIPTION": "x"}),
        json!({"dEsCrIpTiOn": "x", "Descriptions": 5, "": null, "Hash": {}}),
        // The documented spelling wins over all others.
        json!({"DESCRIPTION": "y", "Description": "x", "description": 5}),
    ] {
        let group = app
            .post("/v4/OperatorGroup", body)
            .await
            .expect(StatusCode::CREATED);
        assert_eq!(group["Description"], "x");
    }
}

#[tokio::test]
async fn an_integer_may_have_a_zero_fraction() {
    let app = TestApp::start().await;
    let operator = app.new_operator(json!({})).await;
    let path = format!("/v4/Operator/{}", text(&operator, "OperatorGuid"));
    let time_zone = |number: &str| {
        let request = app
            .request(Method::PATCH, &path)
            .header("Content-Type", "application/json");
        Answer::of(request.body(format!("{{\"TimeZoneId\": {number}}}")))
    };
    for number in ["56", "56.0", "56.000", "5.6e1", "5600e-2"] {
        time_zone(number).await.expect(StatusCode::NO_CONTENT);
        assert_eq!(
            app.get(&path).await.expect(StatusCode::OK)["TimeZoneId"],
            56
        );
        time_zone("1").await.expect(StatusCode::NO_CONTENT);
    }
    for number in [
        "56.5",
        "4294967352",
        "-4294967240",
        "1e30",
        "123456789012345678901234567890",
        "\"56\"",
        "true",
    ] {
        time_zone(number)
            .await
            .names(StatusCode::BAD_REQUEST, &["TimeZoneId"]);
    }
    for number in ["0", "-1", "-0.0", "99999"] {
        time_zone(number)
            .await
            .names(StatusCode::FORBIDDEN, &["TimeZoneId"]);
    }
    time_zone("1e400").await.messages(StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn json_is_accepted_under_several_content_types() {
    let app = TestApp::start().await;
    for content_type in [
        "application/json",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        "APPLICATION/JSON",
        " application/json ; charset=\"utf-8\"; x=y",
        "application/problem+json",
        "application/vnd.acme.v1+JSON; charset=utf-8",
    ] {
        let answer = post_as(&app, content_type, r#"{"Description": "x"}"#).await;
        assert_eq!(
            answer.status,
            StatusCode::CREATED,
            "{content_type}: {}",
            answer.text
        );
    }
    for content_type in [
        "text/plain",
        "text/json",
        "application/x-www-form-urlencoded",
        "application/xml",
        "application/jsonp",
        "application/json+xml",
        "application",
        "json",
        "*/*",
        "",
    ] {
        let answer = post_as(&app, content_type, r#"{"Description": "x"}"#).await;
        assert_eq!(
            answer.status,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "{content_type}"
        );
        assert_eq!(answer.messages(StatusCode::UNSUPPORTED_MEDIA_TYPE).len(), 1);
    }
    for body in ["", "{}", r#"{"Description": "x"}"#] {
        let missing = app.request(Method::POST, "/v4/OperatorGroup").body(body);
        Answer::of(missing)
            .await
            .messages(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
}

#[tokio::test]
async fn responses_are_json_regardless_of_the_accept_header() {
    let app = TestApp::start().await;
    for accept in ["application/xml", "text/html", "nonsense", "*/*;q=0"] {
        let answer = Answer::of(
            app.request(Method::GET, "/v4/Account")
                .header("Accept", accept),
        )
        .await;
        answer.expect(StatusCode::OK);
        assert_eq!(
            answer.headers["Content-Type"],
            "application/json; charset=utf-8"
        );
    }
}

#[tokio::test]
async fn a_body_may_have_at_most_64_kib() {
    let app = TestApp::start().await;
    let body = body_of(LARGEST);
    assert_eq!(body.len(), LARGEST);
    post(&app, body).await.expect(StatusCode::CREATED);
    let messages = post(&app, body_of(LARGEST + 1))
        .await
        .messages(StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(messages.len(), 1);
}

#[tokio::test]
async fn a_client_that_sends_several_mib_gets_its_answer() {
    let app = TestApp::start().await;
    for length in [100_000, 1_000_000, 4_000_000] {
        post(&app, body_of(length))
            .await
            .messages(StatusCode::PAYLOAD_TOO_LARGE);
        post_as(&app, "text/plain", body_of(length))
            .await
            .messages(StatusCode::PAYLOAD_TOO_LARGE);
    }
}

#[tokio::test]
async fn a_chunked_body_has_the_same_limit() {
    let app = TestApp::start().await;
    for (length, status) in [
        (LARGEST, "201 Created"),
        (LARGEST + 1, "413 Payload Too Large"),
        (3_000_000, "413 Payload Too Large"),
    ] {
        let mut stream = app.connect().await;
        let head = format!(
            "POST /v4/OperatorGroup HTTP/1.1\r\nHost: x\r\n{CREDENTIALS}Content-Type: application/json\r\n\
             Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        for chunk in body_of(length).as_bytes().chunks(10_000) {
            stream
                .write_all(format!("{:x}\r\n", chunk.len()).as_bytes())
                .await
                .unwrap();
            stream.write_all(chunk).await.unwrap();
            stream.write_all(b"\r\n").await.unwrap();
        }
        stream.write_all(b"0\r\n\r\n").await.unwrap();
        let answer = rest(stream).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}\r\n")),
            "{length}: {answer}"
        );
    }
}

#[tokio::test]
async fn operations_without_a_body_ignore_one_and_its_content_type() {
    let app = TestApp::start().await;
    let group = app.new_group("Main operators").await;
    let owner = text(&app.owner().await, "OperatorGuid");
    for (method, path, status) in [
        (Method::GET, group.clone(), StatusCode::OK),
        (Method::GET, "/v4/Operator".to_owned(), StatusCode::OK),
        (
            Method::POST,
            format!("{group}/Member/{owner}"),
            StatusCode::CREATED,
        ),
        (
            Method::POST,
            format!("{group}/AllOperatorsOnDuty"),
            StatusCode::NO_CONTENT,
        ),
        (
            Method::POST,
            format!("{group}/Authorization/AllowInfra"),
            StatusCode::CREATED,
        ),
        (
            Method::DELETE,
            format!("{group}/Authorization/AllowInfra"),
            StatusCode::NO_CONTENT,
        ),
        (
            Method::DELETE,
            format!("{group}/Member/{owner}"),
            StatusCode::NO_CONTENT,
        ),
        (Method::DELETE, group.clone(), StatusCode::NO_CONTENT),
    ] {
        for (content_type, body) in [
            ("text/plain", "{".to_owned()),
            ("", String::new()),
            ("application/json", "[".repeat(70_000)),
        ] {
            // Deleted resources are created again.
            if method == Method::DELETE && path.contains("/Member/")
                || path.contains("/Authorization/")
            {
                app.act(&path).await.expect(StatusCode::CREATED);
            } else if method == Method::DELETE {
                let answer = Answer::of(
                    app.request(method.clone(), &app.new_group("x").await)
                        .body(body),
                )
                .await;
                answer.expect(status);
                continue;
            }
            let request = app
                .request(method.clone(), &path)
                .header("Content-Type", content_type);
            let answer = Answer::of(request.body(body)).await;
            assert_eq!(answer.status, status, "{method} {path}: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn a_large_unread_body_does_not_prevent_the_answer() {
    let app = TestApp::start().await;
    let large = "x".repeat(2_000_000);
    let group = app.new_group("Main operators").await;
    for _ in 0..5 {
        for (status, request) in [
            (
                204,
                app.request(Method::POST, &format!("{group}/AllOperatorsOnDuty")),
            ),
            (401, app.anonymous(Method::POST, "/v4/OperatorGroup")),
            (404, app.request(Method::POST, "/v4/Nonsense")),
            (405, app.request(Method::PATCH, "/v4/OperatorGroup")),
            (501, app.request(Method::POST, "/v4/Monitor")),
        ] {
            let answer = Answer::of(request.body(large.clone())).await;
            assert_eq!(answer.status.as_u16(), status, "{}", answer.text);
        }
    }
}

#[tokio::test]
async fn a_body_that_arrives_too_slowly_is_a_request_timeout() {
    let options = Options::default().read_timeout(Duration::from_millis(50));
    let app = TestApp::start_with(options).await;
    let mut stream = app.connect().await;
    let half = format!(
        "POST /v4/OperatorGroup HTTP/1.1\r\nHost: x\r\n{CREDENTIALS}Content-Type: application/json\r\n\
         Content-Length: 20\r\n\r\n{{\"Descrip"
    );
    stream.write_all(half.as_bytes()).await.unwrap();
    let answer = rest(stream).await;
    assert!(
        answer.starts_with("HTTP/1.1 408 Request Timeout\r\n"),
        "{answer}"
    );
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["Messages"].as_array().unwrap().len(), 1, "{body}");
    let groups = app.get("/v4/OperatorGroup").await.expect(StatusCode::OK);
    assert_eq!(groups.as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_client_that_expects_100_continue_gets_it() {
    let app = TestApp::start().await;
    let mut stream = app.connect().await;
    let ask = format!(
        "POST /v4/OperatorGroup HTTP/1.1\r\nHost: x\r\n{CREDENTIALS}Content-Type: application/json\r\n\
         Content-Length: 19\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(ask.as_bytes()).await.unwrap();
    let response_head = head(&mut stream).await;
    assert!(
        response_head.starts_with("HTTP/1.1 100 Continue\r\n"),
        "{response_head}"
    );
    stream.write_all(b"{\"Description\":\"x\"}").await.unwrap();
    let answer = rest(stream).await;
    assert!(answer.starts_with("HTTP/1.1 201 Created\r\n"), "{answer}");
}

#[tokio::test]
async fn a_client_that_expects_100_continue_without_credentials_gets_a_401() {
    let app = TestApp::start().await;
    let mut stream = app.connect().await;
    let ask = "POST /v4/OperatorGroup HTTP/1.1\r\nHost: x\r\nContent-Length: 19\r\nExpect: 100-continue\r\n\r\n";
    stream.write_all(ask.as_bytes()).await.unwrap();
    let response_head = head(&mut stream).await;
    assert!(
        response_head.starts_with("HTTP/1.1 401 Unauthorized\r\n"),
        "{response_head}"
    );
}

#[tokio::test]
async fn a_body_with_a_content_encoding_is_rejected_by_name_everywhere() {
    let app = TestApp::start().await;
    let group = r#"{"Description": "x"}"#;
    for (encoding, expected) in [
        ("gzip", "gzip"),
        ("identity, br", "br"),
        ("Deflate", "Deflate"),
        ("aes128gcm", "aes128gcm"),
    ] {
        for (method, path) in [
            (Method::POST, "/v4/OperatorGroup"),
            (Method::PUT, "/api/Users"),
            (Method::POST, "/_emulator/accounts"),
            (Method::POST, "/_emulator/requests/count"),
        ] {
            let request = app
                .request(method, path)
                .header("Content-Encoding", encoding);
            let request = request
                .header("Content-Type", "application/json")
                .body(group);
            let answer = Answer::of(request).await;
            assert_eq!(
                answer.status,
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "{path}: {}",
                answer.text
            );
            assert!(answer.text.contains(expected), "{path}: {}", answer.text);
        }
    }
    for encoding in ["identity", "Identity", ""] {
        let request = app
            .request(Method::POST, "/v4/OperatorGroup")
            .header("Content-Encoding", encoding);
        let request = request
            .header("Content-Type", "application/json")
            .body(group);
        Answer::of(request).await.expect(StatusCode::CREATED);
    }
    // If no body is needed, its encoding does not matter.
    let request = app
        .request(Method::GET, "/v4/Operator")
        .header("Content-Encoding", "gzip");
    Answer::of(request.body("x")).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn a_byte_order_mark_is_ignored_in_every_body() {
    let app = TestApp::start().await;
    for (method, path, body) in [
        (Method::POST, "/v4/OperatorGroup", r#"{"Description": "x"}"#),
        (Method::PUT, "/api/Users", r#"{"ID": 1, "GivenName": "x"}"#),
        (Method::POST, "/_emulator/accounts", r#"{"from": "empty"}"#),
        (Method::POST, "/_emulator/requests/count", "{}"),
        (Method::POST, "/_emulator/reset", ""),
    ] {
        let request = app
            .request(method, path)
            .header("Content-Type", "application/json");
        let answer = Answer::of(request.body(format!("\u{feff}{body}"))).await;
        assert!(answer.status.is_success(), "{path}: {}", answer.text);
    }
}

#[tokio::test]
async fn every_json_response_states_its_charset() {
    let app = TestApp::start().await;
    for path in [
        "/v4/Operator",
        "/v4/Nope",
        "/api/Users",
        "/_emulator/health",
        "/_emulator/ready",
        "/_emulator/accounts",
        "/_emulator/supported",
        "/_emulator/seed.schema.json",
        "/_emulator/accounts/123456/export",
        "/v4/swagger/v1/swagger.json",
    ] {
        let answer = app.get(path).await;
        assert_eq!(
            answer.headers["content-type"], "application/json; charset=utf-8",
            "{path}"
        );
    }
}
