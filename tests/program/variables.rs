//! Flags and variables, and the errors about invalid ones.

use super::{Program, run, start_error};

#[tokio::test]
async fn a_flag_wins_over_its_variable() {
    let variables = [
        ("UPTRENDS_EMULATOR_LISTEN", "127.0.0.1:0"),
        ("UPTRENDS_EMULATOR_USERNAME", "somebody"),
        ("UPTRENDS_EMULATOR_PASSWORD", "of:variable"),
    ];
    let program = Program::start_with(&["--password", "of:flag"], &variables);
    for (user_name, password, status) in [
        ("somebody", "of:flag", 200),
        ("somebody", "of:variable", 401),
        ("emulator", "of:flag", 401),
    ] {
        let request = reqwest::Client::new().get(format!("{}/v4/Operator", program.url));
        let response = request
            .basic_auth(user_name, Some(password))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status().as_u16(), status, "{user_name} {password}");
    }
}

#[test]
fn an_unknown_flag_or_value_is_reported_with_the_nearest_valid_one() {
    for (arguments, variables, nearest) in [
        (vec!["--lisen", "127.0.0.1:0"], vec![], "--listen"),
        (vec!["healthchek"], vec![], "healthcheck"),
        (vec!["--log-format", "jsn"], vec![], "json"),
        (vec!["--log", "a=b=c"], vec![], "target=level"),
        (vec!["--log", "warning"], vec![], "the nearest one is warn"),
        (vec!["--log", "verbose"], vec![], "the nearest one is debug"),
        (
            vec!["--log", "info,sqlx=2"],
            vec![],
            "the nearest one is warn",
        ),
        (vec!["--port", "9000"], vec![], "--listen"),
        (vec!["--port=9000"], vec![], "--listen"),
        (vec!["-p", "9000"], vec![], "--listen"),
        (vec!["--db", "x"], vec![], "--database"),
        (vec!["serve", "--db=x"], vec![], "--database"),
        (vec!["--coverage", "x.md"], vec![], "--coverage-file"),
        (vec!["--verbose"], vec![], "--log"),
        (vec!["--listen", ""], vec![], "--listen"),
        (vec!["--public-url", "ci.example.com"], vec![], "https://"),
        (vec!["--allowed-host", "http://x"], vec![], "--allowed-host"),
        (vec!["--listen", "8080"], vec![], "127.0.0.1:8080"),
        (
            vec!["--listen", "127.0.0.1:99999"],
            vec![],
            "127.0.0.1:8080",
        ),
        (vec!["--username", ""], vec![], "--username"),
        (vec!["--username", "a:b"], vec![], "colon"),
        (vec!["--password", ""], vec![], "--password"),
        (vec!["--control-token", ""], vec![], "--control-token"),
        (vec!["--control-token", " x"], vec![], "without blanks"),
        (vec!["--control-token", "tök"], vec![], "ASCII"),
        (vec!["--database"], vec![], "--database"),
        (
            vec![],
            vec![("UPTRENDS_EMULATOR_LISTEN", "nonsense")],
            "127.0.0.1:8080",
        ),
        (
            vec![],
            vec![("UPTRENDS_EMULATOR_PORT", "9000")],
            "UPTRENDS_EMULATOR_LISTEN",
        ),
        (
            vec![],
            vec![("UPTRENDS_EMULATOR_DB", "x")],
            "UPTRENDS_EMULATOR_DATABASE",
        ),
        (
            vec![],
            vec![("UPTRENDS_EMULATOR_CONTROL", "true")],
            "UPTRENDS_EMULATOR_CONTROL",
        ),
        (
            vec![],
            vec![("UPTRENDS_EMULATOR_LOG", "verbose")],
            "'verbose' is not a level; the nearest one is debug",
        ),
        (
            vec![],
            vec![("UPTRENDS_EMULATOR_LOG_FORMAT", "txt")],
            "text",
        ),
        (
            vec![],
            vec![("UPTRENDS_EMULATOR_DATABSE", "x")],
            "UPTRENDS_EMULATOR_DATABASE",
        ),
        (
            vec![],
            vec![("UPTRENDS_EMULATOR_USER", "x")],
            "UPTRENDS_EMULATOR_USERNAME",
        ),
        (
            vec![],
            vec![("UPTRENDS_EMULATOR_", "x")],
            "UPTRENDS_EMULATOR_",
        ),
        (
            vec!["healthcheck"],
            vec![("UPTRENDS_EMULATOR_READYFILE", "x")],
            "UPTRENDS_EMULATOR_READY_FILE",
        ),
    ] {
        let stderr = start_error(&arguments, &variables);
        assert!(
            stderr.contains(nearest),
            "{arguments:?} {variables:?}: {stderr}"
        );
    }
}

#[test]
fn a_limit_is_a_number_of_bytes_and_not_too_small() {
    for (flag, value, expected) in [
        ("--max-journal-bytes", "65535", "it must be at least 65536"),
        (
            "--max-journal-bytes",
            "64MiB",
            "write a number of bytes: 67108864",
        ),
        ("--max-journal", "100000", "--max-journal-bytes"),
    ] {
        let stderr = start_error(&[flag, value], &[]);
        assert!(stderr.contains(expected), "{flag} {value}: {stderr}");
    }
    Program::start(&["--max-journal-bytes", "65536"]).kill();
}

#[test]
fn an_invalid_password_is_not_printed() {
    let stderr = start_error(
        &["--listen", "x"],
        &[("UPTRENDS_EMULATOR_PASSWORD", "hunter2")],
    );
    assert!(!stderr.contains("hunter2"), "{stderr}");
    let help = run(&["--help"], &[("UPTRENDS_EMULATOR_PASSWORD", "hunter2")]);
    assert!(!String::from_utf8(help.stdout).unwrap().contains("hunter2"));
}

#[test]
fn kubernetes_service_variables_are_ignored() {
    let variables = [
        ("UPTRENDS_EMULATOR_SERVICE_HOST", "10.0.0.1"),
        ("UPTRENDS_EMULATOR_SERVICE_PORT", "8080"),
        ("UPTRENDS_EMULATOR_SERVICE_PORT_HTTP", "8080"),
        ("UPTRENDS_EMULATOR_PORT", "tcp://10.0.0.1:8080"),
        ("UPTRENDS_EMULATOR_PORT_8080_TCP", "tcp://10.0.0.1:8080"),
        ("UPTRENDS_EMULATOR_PORT_8080_TCP_ADDR", "10.0.0.1"),
        ("UPTRENDS_EMULATORS", "no concern either"),
    ];
    let program = Program::start_with(&[], &variables);
    assert!(
        program.url.starts_with("http://127.0.0.1:"),
        "{}",
        program.url
    );
}

#[test]
fn an_invalid_value_is_reported_with_its_variable() {
    for (variable, value) in [
        ("UPTRENDS_EMULATOR_LISTEN", "nonsense"),
        ("UPTRENDS_EMULATOR_LOG", "verbose"),
        ("UPTRENDS_EMULATOR_LOG_FORMAT", "txt"),
        ("UPTRENDS_EMULATOR_CONTROL", "true"),
        ("UPTRENDS_EMULATOR_USERNAME", "a:b"),
        ("UPTRENDS_EMULATOR_CONTROL_TOKEN", "a b"),
        ("UPTRENDS_EMULATOR_PUBLIC_URL", "x"),
        ("UPTRENDS_EMULATOR_ALLOWED_HOST", "x:1"),
        ("UPTRENDS_EMULATOR_MAX_JOURNAL_BYTES", "-1"),
        ("UPTRENDS_EMULATOR_COVERAGE_FILE", "coverage.txt"),
    ] {
        let stderr = start_error(&[], &[(variable, value)]);
        let stderr = stderr.lines().next().unwrap();
        assert!(
            stderr.contains(variable) && !stderr.contains("--"),
            "{stderr}"
        );
        let is_secret = variable.ends_with("TOKEN");
        assert_eq!(stderr.contains(value), !is_secret, "{stderr}");
    }
    let seeds = [
        ("UPTRENDS_EMULATOR_SEED", "a.yaml"),
        ("UPTRENDS_EMULATOR_SEED_JSON", "accounts: []"),
    ];
    let stderr = start_error(&[], &seeds);
    let stderr = stderr.lines().next().unwrap();
    assert!(
        seeds.iter().all(|(variable, _)| stderr.contains(variable)),
        "{stderr}"
    );
    let stderr = start_error(&["--log=verbose"], &[("UPTRENDS_EMULATOR_LOG", "info")]);
    assert!(stderr.lines().next().unwrap().contains("--log"), "{stderr}");
}

#[test]
fn a_value_with_control_characters_is_reported_by_name_and_not_printed() {
    for (variable, value) in [
        ("UPTRENDS_EMULATOR_PASSWORD", "pw\n"),
        ("UPTRENDS_EMULATOR_DATABASE", "a.sqlite\r"),
        ("UPTRENDS_EMULATOR_USERNAME", "\temulator"),
        ("UPTRENDS_EMULATOR_LISTEN", "127.0.0.1:0\n"),
        ("UPTRENDS_EMULATOR_CONTROL", "on\r\n"),
        ("UPTRENDS_EMULATOR_READY_FILE", "a\u{7f}"),
        ("UPTRENDS_EMULATOR_SEED", "a\u{85}"),
        ("UPTRENDS_EMULATOR_SEED_JSON", "accounts: []\u{1b}"),
        ("UPTRENDS_EMULATOR_CONTROL_TOKEN", "token\n"),
    ] {
        let stderr = start_error(&[], &[(variable, value)]);
        let is_shown = stderr
            .trim_end()
            .contains(|character: char| character.is_control() && character != '\n');
        assert!(
            stderr.contains(variable) && stderr.contains("control character"),
            "{stderr}"
        );
        assert!(!stderr.contains(value) && !is_shown, "{stderr}");
    }
    for arguments in [["--password", "pw\n"], ["--database", "a.sqlite\r"]] {
        let stderr = start_error(&arguments, &[]);
        assert!(
            stderr.contains(arguments[0]) && stderr.contains("control character"),
            "{stderr}"
        );
    }
    let seed = "accounts:\r\n- AccountId: '1'\r\n  operators:\r\n  - FullName: A\n    Email: a@b.com\n    \
                IsAccountAdministrator: true\n";
    Program::start_with(&[], &[("UPTRENDS_EMULATOR_SEED_JSON", seed)]).kill();
}

#[tokio::test]
async fn an_empty_variable_counts_as_unset() {
    let (folder, file) = super::folder();
    let names = [
        "LISTEN",
        "PUBLIC_URL",
        "ALLOWED_HOST",
        "DATABASE",
        "SEED",
        "SEED_JSON",
        "FAULTS",
        "USERNAME",
        "PASSWORD",
        "CONTROL",
        "CONTROL_TOKEN",
        "COVERAGE_FILE",
        "MAX_JOURNAL_BYTES",
        "LOG",
        "LOG_FORMAT",
        "READY_FILE",
        "DATABSE",
    ];
    let names = names.map(|name| format!("UPTRENDS_EMULATOR_{name}"));
    let variables = names.each_ref().map(|name| (name.as_str(), ""));
    let flags = [
        "--listen",
        "127.0.0.1:0",
        "--database",
        file.to_str().unwrap(),
    ];
    let program = Program::start_with(&flags, &variables);
    let response = reqwest::Client::new()
        .get(format!("{}/v4/Operator", program.url))
        .basic_auth("emulator", Some("emulator"))
        .send();
    assert_eq!(response.await.unwrap().status(), 200);
    program.kill();
    assert!(folder.path().join("state.db").exists());
}

fn status(address: &str, host: &str) -> std::io::Result<String> {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(address)?;
    write!(
        stream,
        "GET /_emulator/ready HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.lines().next().unwrap_or_default().to_owned())
}

#[test]
fn localhost_listens_on_both_loopbacks_with_one_port() {
    let program = Program::start(&["--listen", "localhost:0"]);
    let port = program.address().rsplit(':').next().unwrap();
    assert_eq!(program.address(), format!("127.0.0.1:{port}"));
    for address in [format!("127.0.0.1:{port}"), format!("[::1]:{port}")] {
        assert_eq!(
            status(&address, "localhost").unwrap(),
            "HTTP/1.1 200 OK",
            "{address}"
        );
    }
    let address = format!("localhost:{port}");
    assert_eq!(
        run(&["healthcheck", "--listen", &address], &[])
            .status
            .code(),
        Some(0)
    );
    let stderr = start_error(&["--listen", &address], &[]);
    assert!(stderr.contains(&address), "{stderr}");
}

#[test]
fn more_than_one_address_can_be_listened_on() {
    for (flags, variable) in [
        (
            &["--listen", "127.0.0.1:0", "--listen", "127.0.0.2:0"][..],
            "",
        ),
        (&["--listen", "127.0.0.1:0,127.0.0.2:0"], ""),
        (&[], "127.0.0.1:0,127.0.0.2:0"),
    ] {
        let program = Program::start_with(flags, &[("UPTRENDS_EMULATOR_LISTEN", variable)]);
        assert!(program.address().starts_with("127.0.0.1:"));
        assert_eq!(status(program.address(), "x").unwrap(), "HTTP/1.1 200 OK");
    }
    // An address given twice counts once.
    let port = free_port();
    let (v4, v6) = (format!("0.0.0.0:{port}"), format!("[::]:{port}"));
    let flags = ["--listen", &v4, "--listen", &v6, "--listen", &v4];
    let program = Program::start(&flags);
    for address in [format!("127.0.0.1:{port}"), format!("[::1]:{port}")] {
        assert_eq!(
            status(&address, "x").unwrap(),
            "HTTP/1.1 200 OK",
            "{address}"
        );
    }
    program.kill();
    // The IPv6 address alone serves both protocols.
    let program = Program::start(&["--listen", "[::]:0"]);
    let port = program.address().rsplit(':').next().unwrap();
    for address in [format!("127.0.0.1:{port}"), format!("[::1]:{port}")] {
        assert_eq!(
            status(&address, "x").unwrap(),
            "HTTP/1.1 200 OK",
            "{address}"
        );
    }
}

/// Returns a port that was free a moment ago.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("0.0.0.0:0").unwrap();
    listener.local_addr().unwrap().port()
}

#[tokio::test]
async fn allowed_hosts_and_the_public_url_come_from_flags_and_variables() {
    let program = Program::start_with(
        &[
            "--allowed-host",
            "one.example.com,two.example.com",
            "--allowed-host",
            "three.example.com",
        ],
        &[("UPTRENDS_EMULATOR_PUBLIC_URL", "https://ci.example.com/x")],
    );
    let post = |host: &'static str| {
        let request = reqwest::Client::new().post(format!("{}/_emulator/accounts", program.url));
        request.header("Host", host).send()
    };
    for host in [
        "one.example.com",
        "two.example.com",
        "three.example.com",
        "ci.example.com",
    ] {
        let answer = post(host).await.unwrap();
        assert_eq!(answer.status(), 201, "{host}");
        let account: serde_json::Value = answer.json().await.unwrap();
        assert_eq!(account["baseUrl"], "https://ci.example.com/x/v4");
    }
    assert_eq!(post("four.example.com").await.unwrap().status(), 403);
}
