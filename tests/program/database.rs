//! The file of a database from outside: that it is made whole, and what becomes of a start or a change when it cannot be
//! used.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Program, command, folder};

/// Waits until something is so.
#[track_caller]
fn until(is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < deadline, "it is never so");
        std::thread::yield_now();
    }
}

fn beside(file: &Path, end: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(end);
    name.into()
}

fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

#[test]
fn a_kill_at_any_moment_of_the_first_start_leaves_a_file_that_the_next_start_takes() {
    const MOMENTS: [fn(&Path) -> bool; 7] = [
        |file| file.exists(),
        |file| beside(file, "-journal").exists(),
        |file| size(&beside(file, "-journal")) > 0,
        |file| size(file) > 0,
        |file| size(file) > 4096,
        |file| beside(file, "-wal").exists(),
        |file| size(&beside(file, "-wal")) > 0,
    ];
    for moment in MOMENTS {
        let (_folder, file) = folder();
        let path = file.to_str().unwrap();
        let mut command = command(&["--listen", "127.0.0.1:0", "--database", path]);
        let mut process = command.stderr(Stdio::null()).spawn().unwrap();
        // A moment may pass while nobody looks.
        until(|| moment(&file) || size(&beside(&file, "-wal")) > 0);
        process.kill().unwrap();
        process.wait().unwrap();
        Program::on(&file).kill();
    }
}

#[cfg(unix)]
#[test]
fn a_new_file_is_for_its_owner_alone_and_so_is_what_lies_beside_it() {
    use std::os::unix::fs::PermissionsExt as _;

    let (folder, file) = folder();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let _program = Program::on(&link);
    for path in [&file, &beside(&file, "-wal")] {
        let mode = fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", path.display());
    }
}

/// A program with a database, and the file of its log.
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

/// The names of the groups that are not there from the start.
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

/// Waits until the program says so.
async fn until_ready_is(program: &Program, status: StatusCode) -> Value {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let (answered, body) = readiness(program).await;
        if answered == status {
            return body;
        }
        assert!(Instant::now() < deadline, "{answered}: {body}");
    }
}

#[tokio::test]
async fn a_database_that_is_taken_away_keeps_no_changes_and_says_so() {
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
    for (take, told) in ways {
        let (folder, _) = folder();
        let file = folder.path().join("folder/state.db");
        fs::create_dir(file.parent().unwrap()).unwrap();
        let (program, log) = with_log(&file);
        let log = File::open(log).unwrap();
        assert_eq!(add_group(&program, "kept").await, StatusCode::CREATED);
        take(&file);
        for _ in 0..3 {
            assert_eq!(add_group(&program, "lost").await, 500, "{told}");
        }
        let body = until_ready_is(&program, StatusCode::SERVICE_UNAVAILABLE).await;
        assert!(body["detail"].as_str().unwrap().contains(told), "{body}");
        assert_eq!(groups(&program).await, ["kept"]);
        program.signal("-TERM");
        program.end();
        let log = io::read_to_string(log).unwrap();
        let reasons = log.lines().filter(|line| line.contains(told)).count();
        assert_eq!(reasons, 1, "{log}");
        assert!(log.contains(file.to_str().unwrap()), "{log}");
    }
}

#[tokio::test]
async fn a_database_that_is_missed_before_any_change_makes_the_program_unready_until_it_is_back() {
    let (folder, file) = folder();
    let elsewhere = folder.path().join("elsewhere.db");
    let program = Program::on(&file);
    assert_eq!(add_group(&program, "before").await, StatusCode::CREATED);
    fs::rename(&file, &elsewhere).unwrap();
    until_ready_is(&program, StatusCode::SERVICE_UNAVAILABLE).await;

    // It was not only moved: all that was answered is in it, without what is beside it.
    let copy = folder.path().join("copy.db");
    fs::copy(&elsewhere, &copy).unwrap();
    assert_eq!(groups(&Program::on(&copy)).await, ["before"]);

    fs::rename(&elsewhere, &file).unwrap();
    until_ready_is(&program, StatusCode::OK).await;
    assert_eq!(add_group(&program, "after").await, StatusCode::CREATED);
    program.kill();
    assert_eq!(groups(&Program::on(&file)).await, ["before", "after"]);
}

#[tokio::test]
async fn a_database_that_is_emptied_keeps_no_changes_until_it_is_whole_again() {
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
        until_ready_is(&program, StatusCode::OK).await;
    }
    let log = fs::read_to_string(log).unwrap();
    assert!(log.contains("it was emptied or cut short"), "{log}");
    assert_eq!(add_group(&program, "after").await, StatusCode::CREATED);
    program.kill();
    assert_eq!(groups(&Program::on(&file)).await, ["before", "after"]);
}

#[tokio::test]
async fn a_deleted_write_ahead_log_takes_nothing_with_it() {
    let (_folder, file) = folder();
    let log = beside(&file, "-wal");
    let program = Program::on(&file);
    assert_eq!(add_group(&program, "before").await, StatusCode::CREATED);
    fs::remove_file(&log).unwrap();
    assert_eq!(add_group(&program, "after").await, StatusCode::CREATED);
    fs::remove_file(&log).unwrap();
    until(|| log.exists());
    assert_eq!(readiness(&program).await.0, StatusCode::OK);
    program.kill();
    assert_eq!(groups(&Program::on(&file)).await, ["before", "after"]);
}

/// A copy of the program that anybody may run, where the test may do all, so that permissions hold for it.
#[cfg(unix)]
fn as_somebody(folder: &Path, arguments: &[&str]) -> Command {
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

/// The exit code and the error of a start that is to fail; one that does not is killed.
fn failed(command: &mut Command) -> (Option<i32>, String) {
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
fn what_may_not_be_used_is_told_with_its_path_and_without_numbers() {
    use std::os::unix::fs::PermissionsExt as _;

    const ALL: &[(&str, u32, &str)] = &[
        // What is made so, its permissions, and what is told of.
        ("folder/state.db", 0o444, "folder/state.db"),
        ("folder/state.db", 0o222, "folder/state.db"),
        ("folder/state.db", 0o000, "folder/state.db"),
        ("folder", 0o555, "folder"),
        ("folder", 0o666, "folder/state.db"),
        ("folder/state.db-wal", 0o444, "folder/state.db-wal"),
        ("folder/state.db-wal", 0o000, "folder/state.db-wal"),
        ("empty", 0o555, "empty"),
    ];
    for (path, mode, told) in ALL {
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
        let of = if *path == "empty" { "empty" } else { "folder" };
        let database = root.join(of).join("state.db");
        let arguments = [
            "--listen",
            "127.0.0.1:0",
            "--database",
            database.to_str().unwrap(),
        ];
        let mut command = as_somebody(root, &arguments);
        let (code, error) = failed(&mut command);
        set(path, 0o777);
        assert_eq!(code, Some(2), "{path} {mode:o}: {error}");
        let named = format!(
            "{} cannot be used: permission denied",
            root.join(told).display()
        );
        assert!(error.contains(&named), "{path} {mode:o}: {error}");
        let rest = error.replace(root.to_str().unwrap(), "");
        assert!(!rest.contains(|c: char| c.is_ascii_digit()), "{error}");
    }
}

#[test]
fn what_is_no_place_for_a_database_is_told_without_numbers() {
    let (folder, file) = folder();
    fs::write(&file, "").unwrap();
    for (path, told) in [
        (
            folder.path().join("missing/state.db"),
            "the folder does not exist",
        ),
        (folder.path().to_owned(), "it is not a file"),
        (file.join("state.db"), "a part of the path is not a folder"),
    ] {
        let path = path.to_str().unwrap();
        let error = super::refused(&["--listen", "127.0.0.1:0", "--database", path], &[]);
        assert!(error.contains(path) && error.contains(told), "{error}");
        let rest = error.replace(folder.path().to_str().unwrap(), "");
        assert!(!rest.contains(|c: char| c.is_ascii_digit()), "{error}");
    }
}
