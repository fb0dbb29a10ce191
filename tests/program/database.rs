//! The database file: its atomic creation, and starts and changes when it cannot be used.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Program, command, folder};

/// Waits until the condition holds.
#[track_caller]
fn wait_until(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < deadline, "it is never so");
        std::thread::yield_now();
    }
}

fn with_suffix(file: &Path, end: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(end);
    name.into()
}

fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

#[test]
fn a_kill_at_any_moment_of_the_first_start_leaves_a_file_that_the_next_start_opens() {
    const MOMENTS: [fn(&Path) -> bool; 7] = [
        |file| file.exists(),
        |file| with_suffix(file, "-journal").exists(),
        |file| size(&with_suffix(file, "-journal")) > 0,
        |file| size(file) > 0,
        |file| size(file) > 4096,
        |file| with_suffix(file, "-wal").exists(),
        |file| size(&with_suffix(file, "-wal")) > 0,
    ];
    for moment in MOMENTS {
        let (_folder, file) = folder();
        let path = file.to_str().unwrap();
        let mut command = command(&["--listen", "127.0.0.1:0", "--database", path]);
        let mut process = command.stderr(Stdio::null()).spawn().unwrap();
        // The polling may miss a moment.
        wait_until(|| moment(&file) || size(&with_suffix(&file, "-wal")) > 0);
        process.kill().unwrap();
        process.wait().unwrap();
        Program::on(&file).kill();
    }
}

#[cfg(unix)]
#[test]
fn a_new_file_and_its_companions_are_accessible_to_their_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;

    let (folder, file) = folder();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let _program = Program::on(&link);
    for path in [&file, &with_suffix(&file, "-wal")] {
        let mode = fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", path.display());
    }
}

/// Starts a program with a database and returns it with its log file.
fn with_log(database: &Path) -> (Program, PathBuf) {
    let log = database.with_extension("log");
    let path = database.to_str().unwrap();
    let mut command = command(&["--listen", "127.0.0.1:0", "--database", path]);
    let command = command.stderr(File::create(&log).unwrap());
    (Program::run(command), log)
}

async fn add_group(program: &Program, name: &str) -> StatusCode {
    let group = json!({"Description": name});
    let path = "/v4/OperatorGroup";
    program.request(Method::POST, path, group).await.0
}

/// Returns the names of the groups that are not built in.
async fn groups(program: &Program) -> Vec<String> {
    let path = "/v4/OperatorGroup";
    let (_, groups) = program.request(Method::GET, path, json!({})).await;
    let names = groups.as_array().unwrap().iter().skip(3);
    names
        .map(|group| group["Description"].as_str().unwrap().to_owned())
        .collect()
}

async fn readiness(program: &Program) -> (StatusCode, Value) {
    let path = "/_emulator/ready";
    program.request(Method::GET, path, json!({})).await
}

/// Waits until `/_emulator/ready` answers with the status, and returns the body.
async fn wait_for_readiness(program: &Program, status: StatusCode) -> Value {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let (current, body) = readiness(program).await;
        if current == status {
            return body;
        }
        assert!(Instant::now() < deadline, "{current}: {body}");
    }
}

#[tokio::test]
async fn a_removed_database_rejects_changes_and_is_reported() {
    type Taking = fn(&Path);
    let ways: [(Taking, &str); 4] = [
        (|file| fs::remove_file(file).unwrap(), "deleted"),
        (
            |file| fs::rename(file, file.with_extension("old")).unwrap(),
            "renamed",
        ),
        (
            |file| {
                let folder = file.parent().unwrap();
                fs::rename(folder, folder.with_extension("old")).unwrap();
            },
            "moved",
        ),
        (
            |file| {
                fs::copy(file, file.with_extension("copy")).unwrap();
                fs::rename(file.with_extension("copy"), file).unwrap();
            },
            "another file has taken its place",
        ),
    ];
    for (take, reason) in ways {
        let (folder, _) = folder();
        let file = folder.path().join("folder/state.db");
        fs::create_dir(file.parent().unwrap()).unwrap();
        let (program, log) = with_log(&file);
        let log = File::open(log).unwrap();
        assert_eq!(add_group(&program, "kept").await, StatusCode::CREATED);
        take(&file);
        for _ in 0..3 {
            assert_eq!(add_group(&program, "lost").await, 500, "{reason}");
        }
        let body = wait_for_readiness(&program, StatusCode::SERVICE_UNAVAILABLE).await;
        assert!(body["detail"].as_str().unwrap().contains(reason), "{body}");
        assert_eq!(groups(&program).await, ["kept"]);
        program.signal("-TERM");
        program.end();
        let log = io::read_to_string(log).unwrap();
        let reasons = log.lines().filter(|line| line.contains(reason)).count();
        assert_eq!(reasons, 1, "{log}");
        assert!(log.contains(file.to_str().unwrap()), "{log}");
    }
}

#[tokio::test]
async fn a_missing_database_makes_the_program_unready_until_it_is_restored() {
    let (folder, file) = folder();
    let elsewhere = folder.path().join("elsewhere.db");
    let program = Program::on(&file);
    assert_eq!(add_group(&program, "before").await, StatusCode::CREATED);
    fs::rename(&file, &elsewhere).unwrap();
    wait_for_readiness(&program, StatusCode::SERVICE_UNAVAILABLE).await;

    // The moved file alone, without its companion files, contains all acknowledged changes.
    let copy = folder.path().join("copy.db");
    fs::copy(&elsewhere, &copy).unwrap();
    assert_eq!(groups(&Program::on(&copy)).await, ["before"]);

    fs::rename(&elsewhere, &file).unwrap();
    wait_for_readiness(&program, StatusCode::OK).await;
    assert_eq!(add_group(&program, "after").await, StatusCode::CREATED);
    program.kill();
    assert_eq!(groups(&Program::on(&file)).await, ["before", "after"]);
}

#[tokio::test]
async fn a_truncated_database_rejects_changes_until_it_is_restored() {
    let (_folder, file) = folder();
    let (program, log) = with_log(&file);
    assert_eq!(add_group(&program, "before").await, StatusCode::CREATED);
    let whole = fs::read(&file).unwrap();
    for rest in [&whole[..0], &whole[..whole.len() - 1]] {
        fs::write(&file, rest).unwrap();
        for _ in 0..3 {
            let status = add_group(&program, "lost").await;
            assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
            let (status, _) = readiness(&program).await;
            assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        }
        fs::write(&file, &whole).unwrap();
        wait_for_readiness(&program, StatusCode::OK).await;
    }
    let log = fs::read_to_string(log).unwrap();
    assert!(log.contains("it was emptied or cut short"), "{log}");
    assert_eq!(add_group(&program, "after").await, StatusCode::CREATED);
    program.kill();
    assert_eq!(groups(&Program::on(&file)).await, ["before", "after"]);
}

#[tokio::test]
async fn a_deleted_write_ahead_log_loses_no_changes() {
    let (_folder, file) = folder();
    let log = with_suffix(&file, "-wal");
    let program = Program::on(&file);
    assert_eq!(add_group(&program, "before").await, StatusCode::CREATED);
    fs::remove_file(&log).unwrap();
    assert_eq!(add_group(&program, "after").await, StatusCode::CREATED);
    fs::remove_file(&log).unwrap();
    wait_until(|| log.exists());
    assert_eq!(readiness(&program).await.0, StatusCode::OK);
    program.kill();
    assert_eq!(groups(&Program::on(&file)).await, ["before", "after"]);
}

/// Returns a command that runs the program as `nobody` if the test runs as root, since permissions do not apply to root.
#[cfg(unix)]
fn unprivileged(folder: &Path, arguments: &[&str]) -> Command {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    use std::os::unix::process::CommandExt as _;

    const NOBODY: u32 = 65534;
    if fs::metadata(folder).unwrap().uid() != 0 {
        return command(arguments);
    }
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    let program = folder.join("program");
    if !program.exists() {
        let original = env!("CARGO_BIN_EXE_uptrends-emulator");
        fs::hard_link(original, &program)
            .or_else(|_| fs::copy(original, &program).map(drop))
            .unwrap();
    }
    let mut command = Command::new(program);
    command.args(arguments).uid(NOBODY).gid(NOBODY);
    command
}

/// Returns the exit code and stderr of a start that should fail; a program that starts nevertheless is killed.
fn start_failure(command: &mut Command) -> (Option<i32>, String) {
    let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(process.stdout.take().unwrap());
    if stdout.read_line(&mut line).unwrap() > 0 {
        process.kill().unwrap();
    }
    let output = process.wait_with_output().unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[cfg(unix)]
#[test]
fn a_permission_error_names_the_path_and_no_error_numbers() {
    use std::os::unix::fs::PermissionsExt as _;

    const ALL: &[(&str, u32, &str)] = &[
        // The path that gets the permissions, the permissions, and the path that the error names.
        ("folder/state.db", 0o444, "folder/state.db"),
        ("folder/state.db", 0o222, "folder/state.db"),
        ("folder/state.db", 0o000, "folder/state.db"),
        ("folder", 0o555, "folder"),
        ("folder", 0o666, "folder/state.db"),
        ("folder/state.db-wal", 0o444, "folder/state.db-wal"),
        ("folder/state.db-wal", 0o000, "folder/state.db-wal"),
        ("empty", 0o555, "empty"),
    ];
    for (path, mode, culprit) in ALL {
        let (temporary, _) = folder();
        let root = temporary.path();
        let set = |path: &str, mode: u32| {
            let mode = fs::Permissions::from_mode(mode);
            fs::set_permissions(root.join(path), mode).unwrap();
        };
        fs::create_dir(root.join("folder")).unwrap();
        fs::create_dir(root.join("empty")).unwrap();
        let program = Program::on(&root.join("folder/state.db"));
        program.signal(if path.ends_with("-wal") {
            "-KILL"
        } else {
            "-TERM"
        });
        program.end();
        for (path, mode) in [
            ("folder", 0o777),
            ("empty", 0o777),
            ("folder/state.db", 0o666),
        ] {
            set(path, mode);
        }
        set(path, *mode);
        let directory = if *path == "empty" { "empty" } else { "folder" };
        let database = root.join(directory).join("state.db");
        let arguments = [
            "--listen",
            "127.0.0.1:0",
            "--database",
            database.to_str().unwrap(),
        ];
        let mut command = unprivileged(root, &arguments);
        let (code, error) = start_failure(&mut command);
        set(path, 0o777);
        assert_eq!(code, Some(2), "{path} {mode:o}: {error}");
        let message = format!(
            "{} cannot be used: permission denied",
            root.join(culprit).display()
        );
        assert!(error.contains(&message), "{path} {mode:o}: {error}");
        let rest = error.replace(root.to_str().unwrap(), "");
        assert!(!rest.contains(|c: char| c.is_ascii_digit()), "{error}");
    }
}

#[test]
fn an_unusable_database_path_is_reported_without_error_numbers() {
    let (folder, file) = folder();
    fs::write(&file, "").unwrap();
    for (path, reason) in [
        (
            folder.path().join("missing/state.db"),
            "the folder does not exist",
        ),
        (folder.path().to_owned(), "it is not a file"),
        (file.join("state.db"), "a part of the path is not a folder"),
    ] {
        let path = path.to_str().unwrap();
        let error = super::start_error(&["--listen", "127.0.0.1:0", "--database", path], &[]);
        assert!(error.contains(path) && error.contains(reason), "{error}");
        let rest = error.replace(folder.path().to_str().unwrap(), "");
        assert!(!rest.contains(|c: char| c.is_ascii_digit()), "{error}");
    }
}
