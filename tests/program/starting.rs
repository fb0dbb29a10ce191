//! Tests of what the program says at its start and in its log, and of the commands beside `serve`.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Stdio;

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{Program, command, folder, healthcheck, run};

/// Runs the program until it is ready and `with` has returned, and returns its log.
async fn log_of(arguments: &[&str], with: impl AsyncFnOnce(&Program)) -> String {
    let listen = ["--listen", "127.0.0.1:0"];
    let mut command = command(&[&listen, arguments].concat());
    let mut program = Program::run(&mut command);
    let mut stderr = program.process.stderr.take().unwrap();
    with(&program).await;
    program.signal("-TERM");
    let mut log = String::new();
    stderr.read_to_string(&mut log).unwrap();
    assert_eq!(program.end().0, Some(0), "{log}");
    log
}

#[tokio::test]
async fn the_log_names_what_a_person_looks_for_first() {
    let log = log_of(&[], async |program| {
        let (status, body) = program.request(Method::GET, "/", json!({})).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(body["name"], "uptrends-emulator");
        for address in ["api", "documents", "control", "console"] {
            let address = body[address].as_str().unwrap();
            assert!(address.starts_with(&program.url), "{body}");
        }
    })
    .await;
    for expected in [
        "/v4, documents: http://127.0.0.1:",
        "/console",
        "database: none",
        "API user emulator, password emulator",
    ] {
        assert!(log.contains(expected), "{expected}: {log}");
    }

    let (_folder, database) = folder();
    let database = database.to_str().unwrap();
    let flags = [
        "--database",
        database,
        "--password",
        "s3cret",
        "--control",
        "off",
    ];
    let log = log_of(&flags, async |_| ()).await;
    assert!(log.contains(&format!("database: {database}")), "{log}");
    assert!(log.contains("the password of --password"), "{log}");
    assert!(!log.contains("s3cret") && !log.contains("console"), "{log}");
    let log = log_of(&flags, async |_| ()).await;
    assert!(log.contains("the database was seeded before"), "{log}");
    assert!(!log.contains("API user"), "{log}");
}

#[tokio::test]
async fn at_debug_each_request_is_a_line_with_its_account_and_reason() {
    for control in ["on", "off"] {
        let flags = ["--log", "debug", "--control", control];
        let log = log_of(&flags, async |program| {
            let body = json!({"FullName": "A"});
            let (status, _) = program.request(Method::POST, "/v4/Operator", body).await;
            assert_eq!(status, StatusCode::BAD_REQUEST);
        })
        .await;
        let lines: Vec<_> = log
            .lines()
            .filter(|line| line.contains("answered"))
            .collect();
        let [line] = lines[..] else {
            panic!("{log}");
        };
        for expected in [
            "POST",
            "/v4/Operator",
            "400",
            "account=123456",
            "emulator",
            "Operator_CreateOperator",
            "Email: is required",
        ] {
            assert!(line.contains(expected), "{expected}: {line}");
        }
    }
}

#[test]
fn seeds_are_validated_from_stdin() {
    for (seed, code, expected) in [
        (
            "accounts: []",
            2,
            "stdin:1:11: accounts: must hold at least one account",
        ),
        (
            "accounts: [{AccountId: '1', operators: [{FullName: A, Email: a@b.c, IsAccountAdministrator: true}]}]",
            0,
            "stdin: account 1 (operators: 1, ",
        ),
    ] {
        let mut process = command(&["validate", "-"])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        process
            .stdin
            .take()
            .unwrap()
            .write_all(seed.as_bytes())
            .unwrap();
        let output = process.wait_with_output().unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert_eq!(output.status.code(), Some(code), "{text}");
        assert!(text.starts_with(expected), "{text}");
    }
}

#[test]
fn the_help_of_a_command_lists_its_own_flags() {
    for (command, listed, unlisted) in [
        ("healthcheck", "--wait", "--seed"),
        ("healthcheck", "--listen", "--password"),
        ("openapi", "--control", "--database"),
        ("validate", "SEED", "--listen"),
        ("serve", "--seed", "--wait"),
    ] {
        let output = run(&[command, "--help"], &[]);
        let help = String::from_utf8(output.stdout).unwrap();
        assert!(help.contains(listed), "{command}: {help}");
        assert!(!help.contains(unlisted), "{command}: {help}");
    }
    // All are accepted, since a container runs all commands with the same variables.
    assert_eq!(
        healthcheck(&["--listen", "127.0.0.1:1", "--control", "off"], &[]),
        Some(1)
    );
}

#[test]
fn a_healthcheck_waits_until_the_program_is_ready() {
    let (folder, _) = folder();
    let file = folder.path().join("ready");
    let flags = [
        "--listen",
        "127.0.0.1:0",
        "--ready-file",
        file.to_str().unwrap(),
    ];
    let waiting = command(&[&["healthcheck", "--wait", "20s"][..], &flags].concat())
        .spawn()
        .unwrap();
    let program = Program::start(&flags);
    let output = waiting.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    drop(program);
    for wrong in ["30", "s", "-1s", "9999s", "1m"] {
        assert_eq!(healthcheck(&["--wait", wrong], &[]), Some(2), "{wrong}");
    }
}

#[tokio::test]
async fn a_client_that_speaks_https_gets_a_sentence_and_a_line_of_the_log() {
    let log = log_of(&[], async |program| {
        let mut stream = TcpStream::connect(program.address()).unwrap();
        stream
            .write_all(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
            .unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        assert!(response.starts_with("HTTP/1.1 400 "), "{response}");
        assert!(
            response.contains("This port speaks HTTP, not HTTPS"),
            "{response}"
        );
    })
    .await;
    assert!(
        log.contains("a client sent HTTPS to the HTTP port"),
        "{log}"
    );
}
