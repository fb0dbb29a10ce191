//! `--faults`: the faults and canned answers that the server begins with.

use std::fs;
use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};

use super::{Program, folder, start_error};

fn in_file(folder: &Path, content: &[u8]) -> String {
    let path = folder.join("faults.yaml");
    fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

const FAULTS: &str = "\
# An answer for what is not emulated, and a failure.
- name: monitors
  match: {operationId: Monitor_GetMonitors}
  effect: {status: 200, body: [{Name: Home page}]}
- {match: {path: /Account}, effect: {status: 503}, count: 1}
";

async fn statuses(program: &Program) -> [(u16, Value); 3] {
    let send = async |path| {
        let (status, body) = program.request(Method::GET, path, json!({})).await;
        (status.as_u16(), body)
    };
    [
        send("/v4/Monitor").await,
        send("/v4/Account").await,
        send("/v4/Account").await,
    ]
}

#[tokio::test]
async fn the_server_begins_with_faults_and_canned_answers() {
    let (folder, _) = folder();
    let json = json!([
        {"match": {"operationId": "Monitor_GetMonitors"}, "effect": {"status": 200, "body": [{"Name": "Home page"}]}},
        {"match": {"path": "/Account"}, "effect": {"status": 503}, "count": 1},
    ]);
    let utf16: Vec<_> = "\u{feff}"
        .encode_utf16()
        .chain(FAULTS.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    for content in [FAULTS.as_bytes(), json.to_string().as_bytes(), &utf16] {
        let path = in_file(folder.path(), content);
        for control in ["on", "off"] {
            let variables = [
                ("UPTRENDS_EMULATOR_FAULTS", path.as_str()),
                ("UPTRENDS_EMULATOR_CONTROL", control),
            ];
            let program = Program::start_with(&[], &variables);
            let [monitors, first, second] = statuses(&program).await;
            assert_eq!(monitors, (200, json!([{"Name": "Home page"}])), "{control}");
            assert_eq!((first.0, second.0), (503, 200), "{control}");
        }
    }
    let path = in_file(folder.path(), b"");
    let program = Program::start(&["--faults", &path]);
    assert_eq!(statuses(&program).await[0].0, 501);
}

#[test]
fn all_mistakes_of_the_file_are_reported_with_their_places() {
    let (folder, _) = folder();
    let path = in_file(
        folder.path(),
        b"\
- match: {operationId: Monitor_GetMonitrs, mehtod: GET}
  effect: {status: 99}
- effect:
    status: many
- 5
- {match: {path: /v4/**}}
- {effect: {network: reset}, cuont: 1, probability: 2}
",
    );
    let stderr = start_error(&["--listen", "127.0.0.1:0", "--faults", &path], &[]);
    let lines: Vec<_> = stderr.lines().collect();
    assert_eq!(
        lines[0],
        "error: the faults to begin with cannot be loaded:"
    );
    let expected = [
        ":1:24: match.operationId: 'Monitor_GetMonitrs' is no operation; the nearest one is Monitor_GetMonitors",
        ":1:44: 'mehtod' is not a key here; the nearest one is method",
        ":2:20: effect.status: 99 is no status",
        ":4:13: status: must be a whole number",
        ":5:3: must be an object, not a number",
        ":6:3: effect: is required",
        ":6:18: match.path: is /v4/**",
        ":7:30: 'cuont' is not a key here; the nearest one is count",
        ":7:53: probability: a number from 0 to 1",
    ];
    for (line, expected) in lines[1..].iter().zip(expected) {
        let expected = format!("{path}{expected}");
        assert!(line.starts_with(&expected), "{expected}\n{stderr}");
    }
    assert_eq!(lines.len(), expected.len() + 1, "{stderr}");
}

#[test]
fn a_file_that_cannot_be_read_fails_the_start() {
    let (folder, _) = folder();
    for (content, expected) in [
        (
            &b"effect: {status: 503}"[..],
            ":1:1: the document must be a list, not an object",
        ),
        (b"- [", ":1:"),
        (b"- \xff", ":1:3: the file is not UTF-8 here"),
    ] {
        let path = in_file(folder.path(), content);
        let stderr = start_error(&["--listen", "127.0.0.1:0", "--faults", &path], &[]);
        assert!(stderr.contains(&format!("{path}{expected}")), "{stderr}");
    }
    let missing = folder.path().join("missing.yaml");
    let missing = missing.to_str().unwrap();
    let stderr = start_error(&["--listen", "127.0.0.1:0", "--faults", missing], &[]);
    assert!(stderr.contains(&format!("{missing}: ")), "{stderr}");
    let many = "- {effect: {status: 503}}\n".repeat(10_001);
    let path = in_file(folder.path(), many.as_bytes());
    let stderr = start_error(&["--listen", "127.0.0.1:0", "--faults", &path], &[]);
    assert!(stderr.contains("there are 10000 faults"), "{stderr}");
}
