//! Seed files as a user of the program sees them: the flags, the `validate` command and the example of `docs/seeds.md`.

#![expect(clippy::unwrap_used, reason = "a test fails where it unwraps")]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use reqwest::StatusCode;
use serde_json::{Value, json};
use tempfile::TempDir;
use uptrends_emulator::{Emulator, Options, PasswordCost, Seed, SeedError, StartError};

const SEED: &str = r#"{"accounts": [{"AccountId": "42",
    "operators": [{"key": "alice", "FullName": "Alice", "Email": "alice@example.com", "IsAccountAdministrator": true}],
    "apiUsers": [{"operator": "alice", "UserName": "ci", "Password": "secret", "LastUsed": "25/06/2026 19:37:59",
        "UsageByDay": {"2026-06-25": 3}}]}]}"#;

fn program() -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_uptrends-emulator"));
    program.env_clear();
    program
}

/// The program as a server, killed at the end of the test.
struct Running {
    child: Child,
    url: String,
}

impl Running {
    /// Starts the program and waits until it is ready.
    fn start(program: &mut Command) -> Self {
        let mut child = program
            .args(["--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let url = line.trim().rsplit(' ').next().unwrap().to_owned();
        Self { child, url }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

async fn get(url: &str, path: &str, (user_name, password): (&str, &str)) -> (StatusCode, Value) {
    let answer = reqwest::Client::new()
        .get(format!("{url}/v4{path}"))
        .basic_auth(user_name, Some(password))
        .send()
        .await
        .unwrap();
    (answer.status(), answer.json().await.unwrap())
}

fn file(folder: &TempDir, name: &str, content: &str) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    path
}

fn outcome(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

/// Returns the example of the page on seeds.
fn example() -> &'static str {
    let readme = include_str!("../docs/seeds.md");
    let (_, section) = readme.split_once("\n## Load your own accounts\n").unwrap();
    let (_, example) = section.split_once("```yaml\n").unwrap();
    example.split_once("```").unwrap().0
}

#[tokio::test]
async fn a_seed_comes_from_a_file_a_text_or_a_variable() {
    let folder = TempDir::new().unwrap();
    let path = file(&folder, "seed.json", SEED);
    for program in [
        program().arg("--seed").arg(&path),
        program().args(["--seed-json", SEED]),
        program().env("UPTRENDS_EMULATOR_SEED", &path),
        program().env("UPTRENDS_EMULATOR_SEED_JSON", SEED),
    ] {
        let running = Running::start(program);
        let (status, operators) = get(&running.url, "/Operator", ("ci", "secret")).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(operators.as_array().unwrap().len(), 1);
        assert_eq!(operators[0]["Email"], "alice@example.com");
        let (status, _) = get(&running.url, "/Operator", ("emulator", "emulator")).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn a_database_with_accounts_is_not_seeded_again() {
    let folder = TempDir::new().unwrap();
    let start = async |seed: &str| {
        let options = Options::default()
            .database(folder.path().join("state.sqlite"))
            .seed(Seed::Text(seed.to_owned()))
            .password_cost(PasswordCost::Least);
        Emulator::start(options).await.unwrap()
    };
    start(SEED).await.stop().await;
    let emulator = start(&SEED.replace("alice@", "bob@")).await;
    let (_, operators) = get(&emulator.url(), "/Operator", ("ci", "secret")).await;
    assert_eq!(operators[0]["Email"], "alice@example.com");
    let (_, api_users) = get(&emulator.url(), "/ApiUser", ("ci", "secret")).await;
    assert_eq!(api_users[0]["Type"], "Generic");
    emulator.stop().await;
}

#[tokio::test]
async fn usage_in_a_seed_survives_a_restart() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("state.sqlite");
    let seed = SEED.replace(
        r#""apiUsers": ["#,
        r#""apiUsers": [{"operator": "alice", "UserName": "other", "LastUsed": "01/02/2026 03:04:05"}, "#,
    );
    for _ in 0..2 {
        let seed = Seed::Text(seed.clone());
        let options = Options::default().database(&path).seed(seed);
        let emulator = Emulator::start(options).await.unwrap();
        let (_, api_users) = get(&emulator.url(), "/ApiUser", ("ci", "secret")).await;
        assert_eq!(api_users[0]["LastUsed"], "01/02/2026 03:04:05");
        emulator.stop().await;
    }
}

#[test]
fn an_invalid_seed_fails_the_start_with_exit_code_2() {
    let folder = TempDir::new().unwrap();
    let path = file(
        &folder,
        "seed.yaml",
        "accounts:\n  - Nmae: x\n    operators: []\n",
    );
    let (code, stdout, stderr) = outcome(
        &program()
            .args(["--listen", "127.0.0.1:0", "--seed"])
            .arg(&path)
            .output()
            .unwrap(),
    );
    assert_eq!((code, stdout.as_str()), (Some(2), ""));
    let name = path.display();
    assert_eq!(
        stderr,
        format!(
            "error: the accounts to begin with cannot be loaded:\n\
             {name}:2:5: 'Nmae' is not a key here; the nearest one is Name\n\
             {name}:2:5: AccountId: is required\n\
             {name}:3:16: operators: one of them must be the owner of the account, with IsAccountAdministrator: true\n"
        )
    );
    for (arguments, expected) in [
        (&["--seed", "nowhere.yaml"][..], "nowhere.yaml: "),
        (&["--seed-json", "5"], "seed:1:1: must be an object"),
        (&["--seed", "a", "--seed-json", "b"], "cannot be used with"),
        (&["validate"], "<SEED>"),
    ] {
        let output = program().args(arguments).output().unwrap();
        let (code, stdout, stderr) = outcome(&output);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(stderr.contains(expected), "{arguments:?}: {stderr}");
    }
}

#[tokio::test]
async fn the_library_reports_the_errors_of_a_seed() {
    let options = Options::default().seed(Seed::Text("accounts: []".to_owned()));
    let Err(StartError::Seed(SeedError::Mistaken(message))) = Emulator::start(options).await else {
        panic!("a seed without accounts was loaded");
    };
    assert_eq!(
        message,
        "seed:1:11: accounts: must hold at least one account"
    );
}

#[tokio::test]
async fn the_library_reports_the_invalid_option() {
    for (options, expected) in [
        (
            Options::default().listen("9000"),
            "listen cannot be \"9000\": ",
        ),
        (
            Options::default().public_url("/x"),
            "public_url cannot be \"/x\": ",
        ),
        (
            Options::default().allowed_host("*"),
            "allowed_host cannot be \"*\": ",
        ),
        (
            Options::default().username("a:b"),
            "username cannot be \"a:b\": ",
        ),
        (
            Options::default().max_journal_bytes(1000),
            "max_journal_bytes cannot be \"1000\": it must be at least 65536",
        ),
    ] {
        let Err(StartError::Option(message)) = Emulator::start(options).await else {
            panic!("started, though {expected}");
        };
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn validate_reports_the_contents_or_the_errors_of_files() {
    let folder = TempDir::new().unwrap();
    let good = file(&folder, "good.json", SEED);
    let bad = file(&folder, "bad.yaml", "accounts: []");
    let validate =
        |paths: &[&Path]| outcome(&program().arg("validate").args(paths).output().unwrap());
    let holds = format!(
        "{}: account 42 (operators: 1, operator groups: 2, API users: 1)\n",
        good.display()
    );
    let mistakes = format!(
        "{}:1:11: accounts: must hold at least one account\n",
        bad.display()
    );
    assert_eq!(validate(&[&good]), (Some(0), holds.clone(), String::new()));
    assert_eq!(validate(&[&bad, &good]), (Some(2), holds, mistakes));
}

#[tokio::test]
async fn the_documented_example_loads() {
    let seed = Seed::Text(example().to_owned());
    let options = Options::default()
        .seed(seed)
        .password_cost(PasswordCost::Least);
    let emulator = Emulator::start(options).await.unwrap();
    let credentials = ("ci", "ci-password");
    let (_, operators) = get(&emulator.url(), "/Operator", credentials).await;
    assert_eq!(operators.as_array().unwrap().len(), 2);
    let (_, groups) = get(&emulator.url(), "/OperatorGroup", credentials).await;
    let descriptions: Vec<_> = groups
        .as_array()
        .unwrap()
        .iter()
        .map(|group| &group["Description"])
        .collect();
    assert_eq!(
        descriptions,
        [
            &json!("Administrators"),
            &json!("Everyone"),
            &json!("On call")
        ]
    );
    emulator.stop().await;
}

#[tokio::test]
async fn the_documented_example_and_the_built_in_account_match_the_schema() {
    let emulator = Emulator::start(Options::default()).await.unwrap();
    let served = reqwest::get(format!("{}/_emulator/seed.schema.json", emulator.url())).await;
    let schema: Value = served.unwrap().json().await.unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let built_in = include_str!("../src/document/default.yaml");
    for text in [example(), built_in, SEED] {
        let document: Value = serde_saphyr::from_str(text).unwrap();
        let errors: Vec<_> = validator
            .iter_errors(&document)
            .map(|error| error.to_string())
            .collect();
        assert_eq!(errors, Vec::<String>::new(), "{text}");
    }
    assert!(
        !validator
            .is_valid(&json!({"accounts": [{"AccountId": "1", "operators": [], "Nmae": "x"}]}))
    );
}

#[tokio::test]
async fn a_seed_written_by_powershell_is_read() {
    let folder = TempDir::new().unwrap();
    let seed = SEED.replace("Alice", "Zoë 🦀 中");
    let of_units = |mark: &[u8], bytes: fn(u16) -> [u8; 2]| {
        let units = seed.encode_utf16().flat_map(bytes);
        mark.iter().copied().chain(units).collect::<Vec<u8>>()
    };
    for (name, content) in [
        ("le.json", of_units(b"\xFF\xFE", u16::to_le_bytes)),
        ("be.json", of_units(b"\xFE\xFF", u16::to_be_bytes)),
        ("utf8.json", [b"\xEF\xBB\xBF", seed.as_bytes()].concat()),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        let running = Running::start(program().arg("--seed").arg(&path));
        let (_, operators) = get(&running.url, "/Operator", ("ci", "secret")).await;
        assert_eq!(operators[0]["FullName"], "Zoë 🦀 中", "{name}");
    }
}

#[test]
fn a_seed_that_is_not_text_is_reported_with_its_position() {
    let folder = TempDir::new().unwrap();
    for (name, content, expected) in [
        (
            "latin-1.yaml",
            &b"accounts:\n- Name: Caf\xE9\n"[..],
            "latin-1.yaml:2:12: the file is not UTF-8",
        ),
        (
            "odd.yaml",
            b"\xFF\xFEa\0b",
            "odd.yaml:1:1: the file is not whole UTF-16",
        ),
        (
            "lone.yaml",
            b"\xFF\xFE\0\xD8",
            "lone.yaml:1:1: the file is not whole UTF-16",
        ),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        let output = program().arg("validate").arg(&path).output().unwrap();
        let (code, _, stderr) = outcome(&output);
        assert_eq!(code, Some(2));
        assert!(stderr.contains(expected), "{stderr}");
    }
}

#[test]
fn top_level_keys_for_anchors_are_ignored_and_tags_are_rejected() {
    let folder = TempDir::new().unwrap();
    let seed = "x-zone: &zone 56\nx-operator: &operator\n  TimeZoneId: *zone\n  CultureName: nl-NL\naccounts:\n- \
                AccountId: '1'\n  operators:\n  - <<: *operator\n    FullName: Alice\n    Email: a@b.com\n    \
                IsAccountAdministrator: true\n";
    let path = file(&folder, "anchors.yaml", seed);
    let output = program().arg("validate").arg(&path).output().unwrap();
    let (code, stdout, stderr) = outcome(&output);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.contains("operators: 1"), "{stdout}");
    for (was, is, expected) in [
        (
            "  operators:",
            "  x-more: 1\n  operators:",
            ":7:3: 'x-more' is not a key here",
        ),
        (
            "FullName: Alice",
            "FullName: !secret Alice",
            ":9:23: unsupported tag `!secret`",
        ),
        ("accounts:", "accounts: !include", ":6:3: "),
        (
            "FullName: Alice",
            "FullName: !include /etc/hostname",
            ":9:24: unsupported tag `!include`",
        ),
    ] {
        let path = file(&folder, "wrong.yaml", &seed.replace(was, is));
        let output = program().arg("validate").arg(&path).output().unwrap();
        let (code, _, stderr) = outcome(&output);
        assert_eq!(code, Some(2), "{is}");
        assert!(stderr.contains(expected), "{is}: {stderr}");
    }
    for fine in ["FullName: !!str Alice", "FullName: ! Alice"] {
        let path = file(&folder, "fine.yaml", &seed.replace("FullName: Alice", fine));
        let output = program().arg("validate").arg(&path).output().unwrap();
        let (code, _, stderr) = outcome(&output);
        assert_eq!(code, Some(0), "{stderr}");
    }
}
