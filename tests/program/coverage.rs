//! `--coverage-file`: what was called, written at exit.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Program, folder, request_without_body, start_error};

fn start(path: &Path) -> Program {
    Program::start(&["--coverage-file", path.to_str().unwrap()])
}

/// Stops the program as a person or a service manager does, and returns its exit code.
fn stop(program: Program, signal: &str) -> Option<i32> {
    program.signal(signal);
    program.end().0
}

/// Returns the number of calls of an operation.
fn calls(coverage: &Value, operation_id: &str) -> u64 {
    let mut operations = coverage["operations"].as_array().unwrap().iter();
    let operation = operations.find(|one| one["operationId"] == operation_id);
    operation.unwrap()["calls"].as_u64().unwrap()
}

#[tokio::test]
async fn the_file_holds_what_the_control_api_tells() {
    let (folder, _) = folder();
    let path = folder.path().join("coverage.JSON");
    for signal in ["-TERM", "-INT"] {
        fs::write(&path, "of an earlier run").unwrap();
        let program = start(&path);
        assert_eq!(fs::read_to_string(&path).unwrap(), "");
        let send = async |path| program.request(Method::GET, path, json!({})).await;
        send("/v4/Operator").await;
        send("/v4/Operators").await;
        let (status, told) = send("/_emulator/coverage").await;
        assert_eq!((status, &told["calls"]), (StatusCode::OK, &json!(2)));
        assert_eq!(stop(program, signal), Some(0));
        let written = fs::read_to_string(&path).unwrap();
        assert!(written.ends_with("}\n"), "{written}");
        assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), told);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

#[tokio::test]
async fn requests_that_are_finished_at_the_stop_are_counted() {
    let (folder, _) = folder();
    let path = folder.path().join("coverage.json");
    let program = start(&path);
    let body = r#"{"Description": "the last one"}"#;
    let mut stream = request_without_body(&program, body);
    program.signal("-TERM");
    stream.write_all(body.as_bytes()).unwrap();
    assert_eq!(program.end().0, Some(0));
    let written: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(calls(&written, "OperatorGroup_CreateOperatorGroup"), 1);
}

#[tokio::test]
async fn markdown_is_a_summary_for_ci() {
    let (folder, _) = folder();
    let path = folder.path().join("coverage.md");
    let program = start(&path);
    let send = async |method, path: &str, body| program.request(method, path, body).await.0;
    for (effect, when) in [
        (json!({"status": 503}), "before"),
        (json!({"network": "reset"}), "after"),
    ] {
        let matches = json!({"operationId": "Account_GetSettings"});
        let fault = json!({"match": matches, "effect": effect, "when": when, "count": 1});
        send(Method::POST, "/_emulator/faults", fault).await;
    }
    send(Method::GET, "/v4/Account/Settings", json!({})).await;
    let url = format!("{}/v4/Account/Settings", program.url);
    let lost = reqwest::Client::new().get(url);
    let lost = lost.basic_auth("emulator", Some("emulator")).send().await;
    lost.unwrap_err();
    for body in [json!({}), json!({"FullName": "A"})] {
        send(Method::POST, "/v4/Operator", body).await;
    }
    let taken = json!({"FullName": "A", "Email": "admin@example.com"});
    send(Method::POST, "/v4/Operator", taken).await;
    send(Method::GET, "/v4/Monitor", json!({})).await;
    send(Method::GET, "/v4/a|b`c", json!({})).await;
    assert_eq!(stop(program, "-TERM"), Some(0));

    let written = fs::read_to_string(&path).unwrap();
    let (shown, never_called) = written.split_once("<details>\n").unwrap();
    assert_eq!(
        shown,
        "\
## Uptrends API coverage

2 of 47 emulated operations were called, in 7 requests.

| Operation | 400 | 403 | 501 | 503 | no answer | struck before | struck after | Wrong fields |
|---|--:|--:|--:|--:|--:|--:|--:|---|
| Account_GetSettings `GET /v4/Account/Settings` | | | | 1 | 1 | 1 | 1 |  |
| Operator_CreateOperator `POST /v4/Operator` | 2 | 1 | | | | | | `Email` (400) 2, `FullName` (400) 1, `Email` (403) 1 |
| Monitor_GetMonitors `GET /v4/Monitor` (not emulated) | | | 1 | | | | |  |

### Requests that no operation has

| Request | Times |
|---|--:|
| `GET /v4/a%7Cb%60c` | 1 |

"
    );
    let lines: Vec<_> = never_called.lines().collect();
    assert_eq!(
        lines[..3],
        [
            "<summary>45 emulated operations were never called</summary>",
            "",
            "* Account_GetAccountStatistics `GET /v4/Account`",
        ]
    );
    assert_eq!(lines[2..].len(), 45 + 2);
    assert_eq!(lines[lines.len() - 2..], ["", "</details>"]);
}

#[test]
fn a_run_without_requests_is_told_as_one() {
    let (folder, _) = folder();
    let path = folder.path().join("coverage.md");
    assert_eq!(stop(start(&path), "-TERM"), Some(0));
    let written = fs::read_to_string(&path).unwrap();
    let expected = "## Uptrends API coverage

0 of 47 emulated operations were called, in 0 requests.

<details>
";
    assert!(written.starts_with(expected), "{written}");
}

#[test]
fn a_file_that_cannot_be_written_fails_the_start_or_the_end() {
    let (folder, _) = folder();
    let missing = folder.path().join("missing/coverage.md");
    let is_folder = folder.path().join("folder.json");
    fs::create_dir(&is_folder).unwrap();
    for (path, control, expected) in [
        (&missing, "on", "missing/coverage.md cannot be written: "),
        (&is_folder, "on", "folder.json cannot be written: "),
        (
            &folder.path().join("coverage.txt"),
            "on",
            "has to end in .json or .md",
        ),
        (
            &folder.path().join("md"),
            "on",
            "has to end in .json or .md",
        ),
        (
            &folder.path().join("coverage.md"),
            "off",
            "--coverage-file needs --control on",
        ),
    ] {
        let path = path.to_str().unwrap();
        let flags = ["--listen", "127.0.0.1:0", "--control", control];
        let stderr = start_error(&[&flags[..], &["--coverage-file", path]].concat(), &[]);
        assert!(stderr.contains(expected), "{stderr}");
        let variable = ("UPTRENDS_EMULATOR_COVERAGE_FILE", path);
        let stderr = start_error(&flags, &[variable]);
        assert!(stderr.contains(expected), "{stderr}");
    }

    let inner = folder.path().join("inner");
    fs::create_dir(&inner).unwrap();
    let program = start(&inner.join("coverage.md"));
    fs::remove_dir_all(&inner).unwrap();
    assert_eq!(stop(program, "-TERM"), Some(1));
}

#[test]
fn a_file_that_cannot_be_replaced_is_written_to() {
    let (folder, _) = folder();
    // The name of a file beside it would be longer than file systems allow.
    let path = folder.path().join(format!("{}.json", "c".repeat(250)));
    let program = start(&path);
    assert_eq!(stop(program, "-TERM"), Some(0));
    let written: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(written["calls"], 0);
}
