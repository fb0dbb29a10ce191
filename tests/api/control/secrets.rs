//! No secret is recorded in the journal, however it is sent, or written to the file in clear text.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{list, new_account, request};
use crate::app::{Answer, TestApp, path_of, text};

/// A part of every secret that a client chooses.
const SECRET: &str = "sEcReT";

/// Uses every operation that accepts or returns a secret, and returns the secrets that the server generated.
async fn use_secrets(app: &TestApp) -> Vec<String> {
    let mut secrets = Vec::new();
    let secret = |number: usize| format!("{SECRET}-{number}");
    let account = new_account(app, json!({})).await;
    secrets.extend([
        account.client.password.clone(),
        text(&account.created, "authorization"),
    ]);

    let operator = app
        .new_operator(json!({"Email": "a@acme.com", "Password": secret(1)}))
        .await;
    let path = path_of(&operator);
    app.patch(&path, json!({"Password": secret(2)}))
        .await
        .expect(StatusCode::NO_CONTENT);
    app.put(
        &path,
        json!({"FullName": "X", "Email": "a@acme.com", "Password": secret(3)}),
    )
    .await;
    let guid = text(&operator, "OperatorGuid");
    let api_user = app
        .post(
            "/v4/ApiUser",
            json!({"OperatorGuid": guid, "Description": "x"}),
        )
        .await;
    secrets.push(text(&api_user.expect(StatusCode::CREATED), "Password"));
    let registered = app
        .anonymous(Method::POST, "/v4/Register")
        .basic_auth("a@acme.com", Some(secret(3)));
    let registered = Answer::of(registered).await.expect(StatusCode::CREATED);
    secrets.push(text(&registered, "Password"));

    for (old, new, media_type) in [
        (3, 5, "application/json"),
        (5, 6, "text/json"),
        (6, 7, "text/html"),
    ] {
        let body = json!({"UserName": "a@acme.com", "OldPassword": secret(old), "NewPassword": secret(new)});
        let asking = app
            .request(Method::PUT, "/api/Users")
            .header("Content-Type", media_type)
            .header("Accept", media_type);
        let answer = Answer::of(asking.body(body.to_string())).await;
        answer.expect(StatusCode::OK);
    }
    let form = format!(
        "UserName=a%40acme.com&OldPassword={0}&NewPassword={0}",
        secret(8)
    );
    let asking = app
        .request(Method::PUT, "/api/Users")
        .header("Content-Type", "application/x-www-form-urlencoded");
    Answer::of(asking.body(form)).await.expect(StatusCode::OK);

    for name in ["emulator", "nobody", "a@acme.com"] {
        for (method, path) in [
            (Method::GET, "/v4/Operator"),
            (Method::POST, "/v4/Register"),
            (Method::GET, "/v4/x"),
        ] {
            let password = secret(4);
            let basic = STANDARD.encode(format!("{name}:{password}"));
            let asking = app.anonymous(method.clone(), path);
            Answer::of(asking.basic_auth(name, Some(password))).await;
            for scheme in ["Bearer", "bAsIc", "Basic ", ""] {
                let asking = app.anonymous(method.clone(), path);
                Answer::of(asking.header("AUTHORIZATION", format!("{scheme} {basic}"))).await;
            }
            secrets.push(basic);
        }
    }
    send_secrets_in_bodies(app, &path).await;
    secrets
}

/// Sends secrets in bodies that obscure them, in queries and in headers.
async fn send_secrets_in_bodies(app: &TestApp, path: &str) {
    for body in [
        json!({"PASSWORD": SECRET}),
        json!({"password": SECRET, "Password": SECRET}),
        json!({"a": [{"b": {"NewPassword": SECRET}}]}),
        json!({"Password": [SECRET]}),
        json!({"Password": {"x": SECRET}}),
        json!([{"Password": SECRET}]),
        json!({"FullName": "x".repeat(4100), "Password": SECRET}),
        json!({"FullName": "x".repeat(4060), "Password": SECRET}),
    ] {
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            Answer::of(app.request(method.clone(), path).json(&body)).await;
            Answer::of(app.request(method, "/v4/Operator").json(&body)).await;
        }
    }
    for body in [
        format!("{{\"\\u0050assword\":\"{SECRET}\"}}"),
        format!("{{\"p\\u0061ssword\" : \"{SECRET}\"}}"),
        format!("{{\"Password\":\"{SECRET}\""),
        format!("{{\"Password\":\"{SECRET}"),
        format!("{{'Password':'{SECRET}'}}"),
        format!("{{Password:{SECRET}}}"),
        format!("\u{feff}{{\"Password\":\"{SECRET}\"}}"),
        format!("Password={SECRET}"),
        format!("a=b&PASS%57ORD={SECRET}&c=d"),
        format!("{{\"Password\":\"{SECRET}=\"}}"),
        format!("a={{\"Password\":\"{SECRET}\"}}"),
        format!("a=b&{{\"Password\":\"{SECRET}&{SECRET}\"}}"),
        format!("<Password>{SECRET}</Password>"),
        format!("\"{SECRET}\" Password"),
    ] {
        for content_type in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/x-www-form-urlencoded",
            "application/X-WWW-Form-Urlencoded",
            "text/json",
            "text/html",
            "text/plain",
        ] {
            for (method, path) in [
                (Method::POST, "/v4/Operator"),
                (Method::PATCH, path),
                (Method::PUT, "/api/Users"),
            ] {
                let asking = app
                    .request(method, path)
                    .header("Content-Type", content_type);
                Answer::of(asking.body(body.clone())).await;
            }
        }
    }
    for query in [
        format!("Password={SECRET}"),
        format!("x=1&new%50assword={SECRET}&y=2"),
        format!("{{%22Password%22:%22{SECRET}%22}}"),
        format!("Password:{SECRET}"),
        format!("{{%22Password%22:%22{SECRET}&{SECRET}%22}}"),
    ] {
        app.get(&format!("/v4/Operator?{query}"))
            .await
            .expect(StatusCode::OK);
        app.act(&format!("/v4/Register?{query}")).await;
    }
    for header in [
        "Cookie",
        "Proxy-Authorization",
        "X-Authorization",
        "X-Password",
    ] {
        Answer::of(
            app.request(Method::GET, "/v4/Account")
                .header(header, SECRET),
        )
        .await;
    }
}

#[tokio::test]
async fn no_secret_gets_into_a_journal_or_an_export() {
    let app = TestApp::start().await;
    let secrets = use_secrets(&app).await;
    let mut journals = vec!["/requests".to_owned()];
    for account in list(&app, "/accounts").await {
        journals.push(format!(
            "/accounts/{}/requests",
            text(&account, "accountId")
        ));
    }
    for path in journals {
        let journal = Answer::of(request(&app, Method::GET, &path)).await;
        assert_eq!(journal.status, StatusCode::OK);
        for entry in journal.expect(StatusCode::OK).as_array().unwrap() {
            assert_has_no_secret(&entry.to_string(), &secrets);
        }
    }
    for account in list(&app, "/accounts").await {
        let path = format!("/accounts/{}/export", text(&account, "accountId"));
        let export = Answer::of(request(&app, Method::GET, &path)).await;
        export.expect(StatusCode::OK);
        assert_has_no_secret(&export.text, &secrets);
    }
}

#[track_caller]
fn assert_has_no_secret(text: &str, secrets: &[String]) {
    for secret in secrets.iter().map(String::as_str).chain([SECRET]) {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
}

#[tokio::test]
async fn no_secret_gets_into_the_log() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_uptrends-emulator"))
        .args(["--listen", "127.0.0.1:0", "--log", "trace"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let log = program.stderr.take().unwrap();
    let log = std::thread::spawn(|| std::io::read_to_string(log).unwrap());
    let mut ready = String::new();
    let stdout = program.stdout.take().unwrap();
    BufReader::new(stdout).read_line(&mut ready).unwrap();
    let url = ready.trim_end().rsplit(' ').next().unwrap();
    let secrets = use_secrets(&TestApp::at(url)).await;
    program.kill().unwrap();
    program.wait().unwrap();
    let log = log.join().unwrap();
    assert_has_no_secret(&log, &secrets);
    assert!(log.contains("path=\"/v4/Operator\" status=201"), "{log}");
}

#[tokio::test]
async fn no_secret_gets_into_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let app = TestApp::start_on(&folder.path().join("state.db")).await;
    let secrets = use_secrets(&app).await;
    let search = || {
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let path = file.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            let text = String::from_utf8_lossy(&bytes);
            for secret in secrets.iter().map(String::as_str).chain([SECRET]) {
                assert!(!text.contains(secret), "{secret} is in {}", path.display());
            }
        }
    };
    search();
    app.stop().await;
    search();
}
