//! Tests of the program as a process: flags, variables, files, stopping and durability. They send signals, so they are for Unix.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod coverage;
mod database;
mod faults;
mod fixtures;
// It writes to /dev/full.
#[cfg(target_os = "linux")]
mod log;
mod starting;
mod variables;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinSet;

const READY: &str = "uptrends-emulator ready on ";

/// The separator of headers and body.
const EMPTY_LINE: &str = "\r\n\r\n";

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_uptrends-emulator"));
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs the program until it exits.
fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    command(arguments)
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

/// Expects that the program does not start, and returns its stderr.
#[track_caller]
fn start_error(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let output = run(arguments, variables);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert_eq!(output.stdout, b"");
    assert!(stderr.starts_with("error: "), "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    stderr
}

/// A running program, killed at the end of its test.
struct Program {
    process: Child,
    stdout: BufReader<ChildStdout>,
    url: String,
}

impl Program {
    fn start(arguments: &[&str]) -> Self {
        Self::start_with(arguments, &[])
    }

    fn start_with(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let listen = ["--listen", "127.0.0.1:0"];
        let is_told = arguments.contains(&"--listen")
            || variables.iter().any(|(name, _)| name.ends_with("_LISTEN"));
        let mut command = command(if is_told { &[] } else { &listen });
        command
            .args(arguments)
            .envs(variables.iter().copied())
            .stderr(Stdio::null());
        Self::run(&mut command)
    }

    /// Starts the program and waits until it is ready.
    fn run(command: &mut Command) -> Self {
        let mut process = command.spawn().unwrap();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let url = line
            .trim_end()
            .strip_prefix(READY)
            .unwrap_or_else(|| panic!("not ready: {line}"));
        let url = url.to_owned();
        Self {
            process,
            stdout,
            url,
        }
    }

    fn on(database: &Path) -> Self {
        Self::start(&["--database", database.to_str().unwrap()])
    }

    fn address(&self) -> &str {
        self.url.strip_prefix("http://").unwrap()
    }

    async fn request(&self, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
        request(&self.url, method, path, body).await.unwrap()
    }

    fn signal(&self, name: &str) {
        signal(&self.process, name);
    }

    /// Waits for the end; returns the exit code, if it was not killed, and the rest of stdout.
    fn end(mut self) -> (Option<i32>, String) {
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        (self.process.wait().unwrap().code(), rest)
    }

    fn kill(self) {
        self.signal("-KILL");
        self.end();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn signal(process: &Child, name: &str) {
    let id = process.id().to_string();
    assert!(
        Command::new("kill")
            .args([name, &id])
            .status()
            .unwrap()
            .success()
    );
}

/// Waits for a ready file and returns its URL.
fn url_from(ready: &Path) -> String {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        if let Ok(content) = fs::read_to_string(ready) {
            let content: Value = serde_json::from_str(&content).unwrap();
            return content["url"].as_str().unwrap().to_owned();
        }
        assert!(Instant::now() < deadline, "it does not get ready");
        std::thread::yield_now();
    }
}

/// Sends health requests to a server over one connection.
fn send_health_checks(address: &str, times: usize) {
    let mut stream = BufReader::new(TcpStream::connect(address).unwrap());
    for _ in 0..times {
        let ask = format!("GET /_emulator/health HTTP/1.1\r\nHost: x{EMPTY_LINE}");
        stream.get_mut().write_all(ask.as_bytes()).unwrap();
        let mut length = 0;
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).unwrap();
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        stream.read_exact(&mut vec![0; length]).unwrap();
    }
}

async fn request(
    url: &str,
    method: Method,
    path: &str,
    body: Value,
) -> reqwest::Result<(StatusCode, Value)> {
    let request = reqwest::Client::new().request(method, format!("{url}{path}"));
    let response = request
        .basic_auth("emulator", Some("emulator"))
        .json(&body)
        .send()
        .await?;
    let status = response.status();
    let text = response.text().await?;
    Ok((status, serde_json::from_str(&text).unwrap_or_default()))
}

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.db");
    (folder, file)
}

#[tokio::test]
async fn without_a_database_the_program_starts_with_the_default_account() {
    let program = Program::start(&[]);
    let (status, operators) = program
        .request(Method::GET, "/v4/Operator", json!({}))
        .await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(operators[0]["Email"], "admin@example.com");
    let (_, account) = program.request(Method::GET, "/v4/Account", json!({})).await;
    assert_eq!(account["AccountId"], "123456");
}

#[tokio::test]
async fn stdout_has_one_line_regardless_of_the_log_level() {
    for level in ["off", "info", "trace"] {
        let program = Program::start(&["--log", level]);
        program
            .request(Method::GET, "/v4/Operator", json!({}))
            .await;
        program.signal("-TERM");
        assert_eq!(program.end(), (Some(0), String::new()), "{level}");
    }
}

#[tokio::test]
async fn the_log_is_written_to_stderr_as_text_or_json() {
    let mut command = command(&[
        "--listen",
        "127.0.0.1:0",
        "--log",
        "debug",
        "--log-format",
        "json",
    ]);
    let mut process = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let url = line.trim_end().strip_prefix(READY).unwrap();
    request(url, Method::GET, "/v4/Operator", json!({}))
        .await
        .unwrap();
    let id = process.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .unwrap()
            .success()
    );
    let output = process.wait_with_output().unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(!log.is_empty());
    for line in log.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(line["level"].is_string(), "{line}");
    }
    assert!(!log.contains("ZW11bGF0b3I6ZW11bGF0b3I"), "{log}");
}

#[test]
fn the_ready_file_has_the_url_and_process_id_and_is_removed_at_the_end() {
    let (folder, _) = folder();
    let file = folder.path().join("ready");
    fs::write(&file, "of an earlier run").unwrap();
    let program = Program::start(&["--ready-file", file.to_str().unwrap()]);
    let content: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(
        content,
        json!({"url": program.url, "pid": program.process.id()})
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    program.signal("-TERM");
    assert_eq!(program.end().0, Some(0));
    assert!(!file.exists());
}

#[test]
fn an_unwritable_ready_file_fails_the_start() {
    let (folder, _) = folder();
    let file = folder.path().join("missing/ready");
    let stderr = start_error(
        &[
            "--listen",
            "127.0.0.1:0",
            "--ready-file",
            file.to_str().unwrap(),
        ],
        &[],
    );
    assert!(stderr.contains("ready file"), "{stderr}");
}

#[test]
fn a_port_in_use_fails_the_start() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let stderr = start_error(&["--listen", &address], &[]);
    assert!(stderr.contains(&address), "{stderr}");
}

#[test]
fn a_database_in_use_is_rejected() {
    let (_folder, file) = folder();
    let program = Program::on(&file);
    let before = fs::read(&file).unwrap();
    let path = file.to_str().unwrap();
    let stderr = start_error(&["--listen", "127.0.0.1:0", "--database", path], &[]);
    assert!(
        stderr.contains(path) && stderr.contains("in use"),
        "{stderr}"
    );
    assert_eq!(fs::read(&file).unwrap(), before);
    program.kill();
    Program::on(&file);
}

#[test]
fn a_file_that_is_not_our_database_is_left_unchanged() {
    let (folder, file) = folder();
    let path = file.to_str().unwrap();
    let mut sqlite = b"SQLite format 3\0".to_vec();
    sqlite.resize(4096, 0);
    let mut ours_but_broken = sqlite.clone();
    ours_but_broken[60..64].copy_from_slice(&6_u32.to_be_bytes());
    ours_but_broken[68..72].copy_from_slice(b"UPTE");
    let mut newer = ours_but_broken.clone();
    newer[60..64].copy_from_slice(&1000_u32.to_be_bytes());
    for content in [
        b"x".to_vec(),
        vec![0],
        "Dear diary".repeat(1_000).into_bytes(),
        sqlite,
        ours_but_broken,
        newer,
    ] {
        fs::write(&file, &content).unwrap();
        let stderr = start_error(&["--listen", "127.0.0.1:0", "--database", path], &[]);
        assert!(stderr.contains(path), "{stderr}");
        assert_eq!(fs::read(&file).unwrap(), content);
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "nothing was left beside it"
        );
    }
}

#[test]
fn a_folder_or_a_file_in_a_missing_folder_is_rejected_as_database() {
    let (folder, _) = folder();
    let missing = folder.path().join("missing/state.db");
    for path in [folder.path(), &missing] {
        let path = path.to_str().unwrap();
        let stderr = start_error(&["--listen", "127.0.0.1:0", "--database", path], &[]);
        assert!(stderr.contains(path), "{stderr}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_pipe_or_a_device_is_rejected_as_database_without_waiting() {
    let (_folder, pipe) = folder();
    let pipe = pipe.with_extension("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    for path in [pipe.to_str().unwrap(), "/dev/null"] {
        let stderr = start_error(&["--listen", "127.0.0.1:0", "--database", path], &[]);
        assert!(stderr.contains("it is not a file"), "{stderr}");
    }
}

#[test]
fn a_database_name_is_always_taken_as_a_path() {
    let (folder, _) = folder();
    for name in ["file:x.db", ":memory:", "a?mode=memory", "100%20.db"] {
        let mut command = command(&["--listen", "127.0.0.1:0", "--database", name]);
        command.current_dir(folder.path()).stderr(Stdio::null());
        let mut process = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
        assert!(
            line.starts_with(READY) && folder.path().join(name).exists(),
            "{name}"
        );
    }
}

#[tokio::test]
async fn an_empty_file_becomes_a_database() {
    let (_folder, file) = folder();
    fs::write(&file, "").unwrap();
    let program = Program::on(&file);
    let (status, _) = program
        .request(Method::GET, "/v4/Operator", json!({}))
        .await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn acknowledged_changes_survive_an_ordinary_stop() {
    let (folder, file) = folder();
    for round in 0..3 {
        let program = Program::on(&file);
        let (_, groups) = program
            .request(Method::GET, "/v4/OperatorGroup", json!({}))
            .await;
        assert_eq!(groups.as_array().unwrap().len(), 3 + round);
        let body = json!({"Description": format!("round {round}")});
        let (status, _) = program
            .request(Method::POST, "/v4/OperatorGroup", body)
            .await;
        assert_eq!(status, StatusCode::CREATED);
        program.signal(if round == 1 { "-INT" } else { "-TERM" });
        assert_eq!(program.end().0, Some(0));
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "all is in the one file"
        );
    }
}

/// Creates operators and groups until the program ends; returns the paths and names of those that were acknowledged.
async fn change_until_the_program_stops(url: String, worker: usize) -> Vec<(String, String)> {
    let mut acknowledged = Vec::new();
    for change in 0.. {
        let name = format!("{worker}-{change}-{}", url.rsplit(':').next().unwrap());
        let (path, guid, body) = if change % 2 == 0 {
            (
                "/v4/Operator",
                "OperatorGuid",
                json!({"FullName": name, "Email": format!("{name}@acme.com")}),
            )
        } else {
            (
                "/v4/OperatorGroup",
                "OperatorGroupGuid",
                json!({"Description": name}),
            )
        };
        match request(&url, Method::POST, path, body).await {
            Ok((status, body)) if status == StatusCode::CREATED => {
                acknowledged.push((format!("{path}/{}", body[guid].as_str().unwrap()), name));
            }
            Ok(other) => panic!("{other:?}"),
            Err(_) => break,
        }
    }
    acknowledged
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_changes_survive_a_kill_under_load() {
    const WORKERS: usize = 4;
    let (_folder, file) = folder();
    let mut acknowledged = Vec::new();
    for round in 1..=4 {
        let program = Program::on(&file);
        let mut workers = JoinSet::new();
        for worker in 0..WORKERS {
            workers.spawn(change_until_the_program_stops(program.url.clone(), worker));
        }
        // With this many operators, all workers have started.
        let enough = acknowledged.len() + round * 10;
        loop {
            let (_, groups) = program
                .request(Method::GET, "/v4/OperatorGroup", json!({}))
                .await;
            let (_, operators) = program
                .request(Method::GET, "/v4/Operator", json!({}))
                .await;
            if groups.as_array().unwrap().len() + operators.as_array().unwrap().len() >= enough {
                break;
            }
        }
        program.kill();
        acknowledged.extend(workers.join_all().await.into_iter().flatten());

        let program = Program::on(&file);
        let (_, operators) = program
            .request(Method::GET, "/v4/Operator", json!({}))
            .await;
        let (_, groups) = program
            .request(Method::GET, "/v4/OperatorGroup", json!({}))
            .await;
        let listed = format!("{operators}{groups}");
        for (path, name) in &acknowledged {
            let guid = path.rsplit('/').next().unwrap();
            assert!(
                listed.contains(guid) && listed.contains(name),
                "round {round}: {path} is lost"
            );
        }
        program.kill();
    }
    assert!(acknowledged.len() >= WORKERS, "{}", acknowledged.len());
}

/// Returns all responses of the API, including those below an operator and a group.
async fn everything_shown(
    program: &Program,
    operator: &str,
    group: &str,
) -> Vec<(StatusCode, Value)> {
    let mut responses = Vec::new();
    for path in [
        "/v4/Operator",
        "/v4/OperatorGroup",
        &format!("{operator}/OperatorGroup"),
        &format!("{operator}/Authorization"),
        &format!("{operator}/DutySchedule"),
        &format!("{group}/Member"),
        &format!("{group}/Authorization"),
        &format!("{group}/DutySchedule"),
        "/v4/ApiUser",
    ] {
        let (status, mut body) = program.request(Method::GET, path, json!({})).await;
        for entry in body.as_array_mut().unwrap() {
            // Usage is counted, and not written immediately.
            if let Some(api_user) = entry.as_object_mut() {
                api_user.remove("LastUsed");
                api_user.remove("UsageLast30Days");
            }
        }
        responses.push((status, body));
    }
    responses
}

#[tokio::test]
async fn every_kind_of_change_survives_a_kill() {
    let (_folder, file) = folder();
    let program = Program::on(&file);
    let fields = json!({"FullName": " Zoë\u{0} ", "Email": "zoe@acme.com", "Password": "secret", "TimeZoneId": 3, "UseNumericSender": false});
    let (_, operator) = program.request(Method::POST, "/v4/Operator", fields).await;
    let operator = format!(
        "/v4/Operator/{}",
        operator["OperatorGuid"].as_str().unwrap()
    );
    let fields = json!({"Description": "x"});
    let (_, group) = program
        .request(Method::POST, "/v4/OperatorGroup", fields)
        .await;
    let group = format!(
        "/v4/OperatorGroup/{}",
        group["OperatorGroupGuid"].as_str().unwrap()
    );
    let guid = operator.rsplit('/').next().unwrap();
    let weekly = json!({"ScheduleMode": "Weekly", "WeekDay": "Sunday", "StartTime": "22:00", "EndTime": "06:00"});
    let api_user = json!({"OperatorGuid": guid, "Description": "CI"});
    for (method, path, body, status) in [
        (
            Method::PATCH,
            operator.clone(),
            json!({"CultureName": "nl-NL"}),
            204,
        ),
        (
            Method::POST,
            format!("{operator}/Authorization/AllowInfra"),
            json!({}),
            201,
        ),
        (
            Method::DELETE,
            format!("{operator}/Authorization/AccountAccess"),
            json!({}),
            204,
        ),
        (
            Method::POST,
            format!("{group}/Member/{guid}"),
            json!({}),
            201,
        ),
        (
            Method::POST,
            format!("{group}/Authorization/BasicOperator"),
            json!({}),
            201,
        ),
        (
            Method::POST,
            format!("{group}/DutySchedule"),
            weekly.clone(),
            201,
        ),
        (
            Method::POST,
            format!("{operator}/DutySchedule"),
            weekly,
            201,
        ),
        (
            Method::POST,
            format!("{group}/AllOperatorsOnDuty"),
            json!({}),
            204,
        ),
        (
            Method::PUT,
            group.clone(),
            json!({"Description": " renamed "}),
            204,
        ),
        (Method::POST, "/v4/ApiUser".to_owned(), api_user, 201),
    ] {
        let (response_status, body_of_response) = program.request(method, &path, body).await;
        assert_eq!(
            response_status.as_u16(),
            status,
            "{path}: {body_of_response}"
        );
    }
    let before = everything_shown(&program, &operator, &group).await;
    program.kill();
    let program = Program::on(&file);
    assert_eq!(everything_shown(&program, &operator, &group).await, before);
}

/// Sends the head of a request and waits for `100 Continue`; the body is still missing.
fn request_without_body(program: &Program, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(program.address()).unwrap();
    write!(
        stream,
        "POST /v4/OperatorGroup HTTP/1.1\r\nHost: x\r\nAuthorization: Basic ZW11bGF0b3I6ZW11bGF0b3I=\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nExpect: 100-continue{EMPTY_LINE}",
        body.len()
    )
    .unwrap();
    let mut received = Vec::new();
    while !received.ends_with(EMPTY_LINE.as_bytes()) {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        received.extend(byte);
    }
    assert!(
        received.starts_with(b"HTTP/1.1 100 "),
        "{}",
        String::from_utf8_lossy(&received)
    );
    stream
}

#[tokio::test]
async fn a_request_in_progress_is_finished_before_the_stop() {
    let (_folder, file) = folder();
    let program = Program::on(&file);
    let body = r#"{"Description": "the last one"}"#;
    let mut stream = request_without_body(&program, body);
    program.signal("-TERM");
    let deadline = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect(program.address()).is_ok() {
        assert!(Instant::now() < deadline, "it goes on accepting");
        std::thread::yield_now();
    }
    stream.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201 Created\r\n"), "{answer}");
    assert_eq!(program.end().0, Some(0));

    let program = Program::on(&file);
    let (_, groups) = program
        .request(Method::GET, "/v4/OperatorGroup", json!({}))
        .await;
    assert_eq!(groups[3]["Description"], "the last one");
}

#[test]
fn an_idle_connection_does_not_delay_the_stop() {
    let program = Program::start(&[]);
    let mut stream = TcpStream::connect(program.address()).unwrap();
    write!(
        stream,
        "GET /_emulator/ready HTTP/1.1\r\nHost: x{EMPTY_LINE}"
    )
    .unwrap();
    let mut byte = [0];
    stream.read_exact(&mut byte).unwrap();
    program.signal("-TERM");
    assert_eq!(program.end().0, Some(0));
}

fn healthcheck(arguments: &[&str], variables: &[(&str, &str)]) -> Option<i32> {
    let output = run(&[&["healthcheck"], arguments].concat(), variables);
    assert_eq!(output.stdout, b"");
    output.status.code()
}

#[test]
fn a_healthcheck_asks_the_program_with_the_same_flags() {
    let program = Program::start(&["--listen", "0.0.0.0:0"]);
    let port = program.address().rsplit(':').next().unwrap().to_owned();
    let (any, local) = (format!("0.0.0.0:{port}"), format!("127.0.0.1:{port}"));
    assert_eq!(healthcheck(&["--listen", &any], &[]), Some(0));
    assert_eq!(healthcheck(&["--listen", &local], &[]), Some(0));
    assert_eq!(
        healthcheck(&[], &[("UPTRENDS_EMULATOR_LISTEN", &any)]),
        Some(0)
    );
    assert_eq!(
        healthcheck(&["--listen", &format!("[::]:{port}")], &[]),
        Some(1)
    );
    program.kill();
    assert_eq!(healthcheck(&["--listen", &any], &[]), Some(1));
}

#[test]
fn a_healthcheck_finds_a_free_port_in_the_ready_file() {
    let (folder, _) = folder();
    let file = folder.path().join("ready");
    let flags = [
        "--listen",
        "0.0.0.0:0",
        "--ready-file",
        file.to_str().unwrap(),
    ];
    assert_eq!(healthcheck(&flags, &[]), Some(1));
    let program = Program::start(&flags);
    assert_eq!(healthcheck(&flags, &[]), Some(0));
    assert_eq!(
        healthcheck(&flags[..2], &[]),
        Some(1),
        "nobody knows the port"
    );
    program.kill();
    assert_eq!(
        healthcheck(&flags, &[]),
        Some(1),
        "the file is there, the program is not"
    );
    fs::write(&file, "nonsense").unwrap();
    assert_eq!(healthcheck(&flags, &[]), Some(1));
}

#[test]
fn a_healthcheck_fails_for_another_server() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap().to_string();
    let answers = std::thread::spawn(move || {
        for answer in [
            "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
            "",
            "SSH-2.0\r\n",
        ] {
            let (mut stream, _) = server.accept().unwrap();
            let mut request = [0; 1024];
            assert!(stream.read(&mut request).unwrap() > 0);
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    for _ in 0..3 {
        assert_eq!(healthcheck(&["--listen", &address], &[]), Some(1));
    }
    answers.join().unwrap();
}

#[tokio::test]
async fn the_document_is_printed_as_it_is_served() {
    for flags in [["--control", "on"], ["--control", "off"]] {
        let program = Program::start(&flags);
        let served = reqwest::get(format!("{}/v4/swagger/v1/swagger.json", program.url));
        let served = served.await.unwrap().text().await.unwrap();
        let printed = run(&["openapi", flags[0], flags[1]], &[]);
        assert_eq!(printed.status.code(), Some(0));
        assert_eq!(String::from_utf8(printed.stdout).unwrap(), served);
    }
}
