//! Logging never affects requests, even if the log cannot be written or is not read.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ExitStatus, Stdio};

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{READY, command, folder, request, signal};

/// Returns `/dev/full`, where every write fails for lack of space.
fn full() -> Stdio {
    File::options()
        .write(true)
        .open("/dev/full")
        .unwrap()
        .into()
}

fn end(process: &mut Child) -> ExitStatus {
    signal(process, "-TERM");
    process.wait().unwrap()
}

#[tokio::test]
async fn a_closed_log_pipe_changes_nothing() {
    let (folder, file) = folder();
    let ready = folder.path().join("ready");
    for level in ["info", "trace"] {
        let mut process = command(&[
            "--listen",
            "127.0.0.1:0",
            "--log",
            level,
            "--database",
            file.to_str().unwrap(),
            "--ready-file",
            ready.to_str().unwrap(),
        ])
        .spawn()
        .unwrap();
        drop(process.stderr.take());
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let url = line.trim_end().strip_prefix(READY).unwrap();
        for number in 0..3 {
            let group = json!({"Description": format!("{level} {number}")});
            let (status, _) = request(url, Method::POST, "/v4/OperatorGroup", group)
                .await
                .unwrap();
            assert_eq!(status, StatusCode::CREATED, "{level}");
        }
        assert_eq!(end(&mut process).code(), Some(0), "{level}");
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "{level}: neither log nor ready file is left"
        );
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_device_for_log_and_stdout_changes_nothing() {
    let (folder, file) = folder();
    let ready = folder.path().join("ready");
    for round in 0..2 {
        let mut process = command(&[
            "--listen",
            "127.0.0.1:0",
            "--log",
            "trace",
            "--database",
            file.to_str().unwrap(),
            "--ready-file",
            ready.to_str().unwrap(),
        ])
        .stdout(full())
        .stderr(full())
        .spawn()
        .unwrap();
        let url = super::url_from(&ready);
        let group = json!({"Description": "x"});
        let (status, _) = request(&url, Method::POST, "/v4/OperatorGroup", group)
            .await
            .unwrap();
        assert_eq!(status, StatusCode::CREATED, "{round}");
        assert_eq!(end(&mut process).code(), Some(0), "{round}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_exit_code_does_not_depend_on_whether_its_reason_can_be_written() {
    let seed = "accounts: nonsense";
    let (folder, _) = folder();
    let wrong = folder.path().join("wrong.yaml");
    fs::write(&wrong, seed).unwrap();
    let wrong = wrong.to_str().unwrap();
    for (arguments, code) in [
        (vec!["--seed", "/nonexistent", "--listen", "127.0.0.1:0"], 2),
        (vec!["--seed-json", seed, "--listen", "127.0.0.1:0"], 2),
        (vec!["--nonsense"], 2),
        (vec!["validate", wrong, wrong], 2),
        (vec!["healthcheck", "--listen", "127.0.0.1:1"], 1),
        (vec!["openapi"], 0),
        (vec!["--help"], 0),
        (vec!["--version"], 0),
    ] {
        let mut command = command(&arguments);
        let status = command.stdout(full()).stderr(full()).status().unwrap();
        assert_eq!(status.code(), Some(code), "{arguments:?}");
    }
}

#[tokio::test]
async fn an_unread_log_blocks_nothing_and_dropped_lines_are_counted() {
    const REQUESTS: usize = 6_000;
    let mut process = command(&["--listen", "127.0.0.1:0", "--log", "debug"])
        .spawn()
        .unwrap();
    let mut stderr = process.stderr.take().unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let url = line.trim_end().strip_prefix(READY).unwrap();
    let client = reqwest::Client::new();
    for number in 0..REQUESTS {
        let response = client.get(format!("{url}/_emulator/health")).send().await;
        assert_eq!(response.unwrap().status(), StatusCode::OK, "{number}");
    }
    // A late reader sees how many lines were dropped.
    let reader = std::thread::spawn(move || {
        let mut log = String::new();
        stderr.read_to_string(&mut log).map(|_| log)
    });
    assert_eq!(end(&mut process).code(), Some(0));
    let log = reader.join().unwrap().unwrap();
    let answered = log.lines().filter(|line| line.contains("answered")).count();
    let dropped = log.lines().find(|line| line.contains("were dropped"));
    let dropped = dropped.unwrap().rsplit("dropped=").next().unwrap();
    let dropped: usize = dropped.trim().parse().unwrap();
    assert!(
        answered + dropped >= REQUESTS && answered < REQUESTS,
        "{answered} {dropped}"
    );
}

#[test]
fn an_unread_log_does_not_prevent_the_program_from_stopping() {
    let mut process = command(&["--listen", "127.0.0.1:0", "--log", "debug"])
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let address = line.trim_end().rsplit("//").next().unwrap();
    super::send_health_checks(address, 2_000);
    // The pipe is full and remains full.
    assert_eq!(end(&mut process).code(), Some(0));
}
