//! Tests of the verbs that the library gives to tests in Rust.

use std::time::Duration;

use futures_util::future::join;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::timeout;
use uptrends_emulator::{
    Account, Control, ControlError, Effect, Emulator, Fault, Match, Options, PasswordCost,
};

use crate::app::{Answer, TestApp, reasons};

async fn start() -> Emulator {
    let options = Options::default().password_cost(PasswordCost::Least);
    Emulator::start(options).await.unwrap()
}

/// Returns a request with the credentials of an account.
fn request(account: &Account, method: Method, path: &str) -> reqwest::RequestBuilder {
    let request = reqwest::Client::new().request(method, format!("{}{path}", account.base_url()));
    request.header("Authorization", account.authorization())
}

async fn get(account: &Account, path: &str) -> Answer {
    Answer::of(request(account, Method::GET, path)).await
}

async fn create(account: &Account, name: &str) -> Answer {
    let body = json!({"FullName": name, "Email": format!("{name}@example.com")});
    Answer::of(request(account, Method::POST, "/Operator").json(&body)).await
}

/// Returns the names of the operators of an account.
async fn names(account: &Account) -> Vec<Value> {
    let operators = get(account, "/Operator").await.expect(StatusCode::OK);
    let operators = operators.as_array().unwrap().iter();
    operators.map(|one| one["FullName"].clone()).collect()
}

#[tokio::test]
async fn an_account_has_what_a_client_needs_and_shares_nothing() {
    let emulator = start().await;
    let (one, other) = (
        emulator.account().await.unwrap(),
        emulator.account().await.unwrap(),
    );
    assert_eq!(one.base_url(), format!("{}/v4", emulator.url()));
    assert_ne!(one.id(), other.id());
    create(&one, "alice").await.expect(StatusCode::CREATED);
    assert_eq!(names(&one).await.len(), 3);
    assert_eq!(names(&other).await.len(), 2);

    let account = reqwest::Client::new().get(format!("{}/Account", one.base_url()));
    let account = account.basic_auth(one.user_name(), Some(one.password()));
    let account = Answer::of(account).await.expect(StatusCode::OK);
    assert_eq!(account["AccountId"], one.id());
    let owner = get(&one, &format!("/Operator/{}", one.owner_guid())).await;
    let owner = owner.expect(StatusCode::OK);
    assert_eq!(owner["IsAccountAdministrator"], true);
    assert!(!format!("{one:?}").contains(one.password()));
}

#[tokio::test]
async fn an_account_begins_as_what_it_is_created_from() {
    let emulator = start().await;
    let empty = emulator.account().empty().await.unwrap();
    assert_eq!(names(&empty).await, ["Account Owner"]);
    create(&empty, "alice").await.expect(StatusCode::CREATED);
    let copy = emulator.account().copy_of(empty.id()).await.unwrap();
    assert_eq!(names(&copy).await, ["Account Owner", "alice"]);

    let seed = "accounts: [{operators: [{FullName: Bob, Email: b@example.com, IsAccountAdministrator: true}]}]";
    let seeded = emulator.account().seed(seed).await.unwrap();
    assert_eq!(names(&seeded).await, ["Bob"]);
    let seed = json!({"accounts": [{"operators": [
        {"FullName": "Carol", "Email": "c@example.com", "IsAccountAdministrator": true}
    ]}]});
    let seeded = emulator.account().seed(seed).await.unwrap();
    assert_eq!(names(&seeded).await, ["Carol"]);

    let error = emulator.account().seed("accounts: []").await.unwrap_err();
    let expected = "seed:1:11: accounts: must hold at least one account";
    assert_eq!(error.to_string(), expected);
    let error = emulator.account().copy_of("999999").await.unwrap_err();
    assert!(matches!(error, ControlError::NotFound(_)), "{error}");
    let error = emulator.account().empty().seed("").await.unwrap_err();
    assert_eq!(error.to_string(), "say either from or seed, not both");
}

#[tokio::test]
async fn the_next_request_fails_and_the_fault_tells_of_it() {
    let emulator = start().await;
    let account = emulator.account().await.unwrap();
    let busy = Effect::status(503).header("Retry-After", "1");
    let fault = account
        .fail_next(Match::operation("Operator_CreateOperator"), busy)
        .unwrap();
    get(&account, "/Operator").await.expect(StatusCode::OK);
    assert_eq!(fault.hits().unwrap(), 0);
    assert!(!fault.is_spent().unwrap());

    let answer = create(&account, "alice").await;
    answer.messages(StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.headers["retry-after"], "1");
    let created = create(&account, "alice").await;
    created.expect(StatusCode::CREATED);
    assert!(fault.is_spent().unwrap());
    let struck = fault.requests().unwrap();
    assert_eq!(struck.len(), 1);
    assert!(!struck[0].committed);

    let recorded = account.requests(Match::request("POST", "/operator"));
    let recorded = recorded.unwrap();
    assert_eq!(recorded.len(), 2);
    assert_eq!(recorded[0].sequence, struck[0].sequence);
    assert_eq!(recorded[0].fault, Some(fault.id()));
    assert_eq!(recorded[0].status, Some(503));
    assert_eq!(recorded[1].fault, None);
    assert!(recorded[1].committed);
    let body = recorded[1].request.body.as_ref().unwrap();
    assert_eq!(body["FullName"], "alice");
    let name = format!("{}/{}", account.id(), recorded[1].sequence);
    assert_eq!(created.headers["emulator-request"], name.as_str());
}

#[tokio::test]
async fn a_fault_after_the_change_loses_its_answer_alone() {
    let emulator = start().await;
    let account = emulator.account().await.unwrap();
    let effect = Effect::reset().delayed(Duration::from_micros(1));
    let lost = Fault::new(Match::request("POST", "/v4/Operator"), effect);
    let lost = lost.after().skip(1).count(1).name("lost");
    let lost = account.fault(lost).unwrap();
    create(&account, "alice").await.expect(StatusCode::CREATED);
    let body = json!({"FullName": "bob", "Email": "bob@example.com"});
    let request = request(&account, Method::POST, "/Operator").json(&body);
    request.send().await.unwrap_err();
    create(&account, "bob").await.expect(StatusCode::FORBIDDEN);
    let struck = lost.requests().unwrap();
    assert_eq!(struck.len(), 1);
    assert!(struck[0].committed);
}

#[tokio::test]
async fn a_canned_answer_is_sent_to_those_with_credentials() {
    let emulator = start().await;
    let account = emulator.account().await.unwrap();
    let monitors = json!([{"Name": "Home page"}]);
    let matches = Match::operation("Monitor_GetMonitors");
    let effect = Effect::answer(200, monitors.clone());
    let canned = account.fault(Fault::new(matches, effect)).unwrap();
    for _ in 0..2 {
        let answer = get(&account, "/Monitor").await;
        assert_eq!(answer.expect(StatusCode::OK), monitors);
    }
    let stranger = reqwest::Client::new().get(format!("{}/Monitor", account.base_url()));
    let stranger = stranger.basic_auth(account.user_name(), Some("wrong"));
    Answer::of(stranger).await.expect(StatusCode::UNAUTHORIZED);
    assert_eq!(canned.hits().unwrap(), 2);
}

#[tokio::test]
async fn random_faults_repeat_with_their_seed() {
    let emulator = start().await;
    let account = emulator.account().await.unwrap();
    let mut runs = Vec::new();
    for _ in 0..2 {
        let fault = Fault::new(Match::any(), Effect::status(500));
        let fault = account.fault(fault.probability(0.5).seed(7)).unwrap();
        let mut run = Vec::new();
        for _ in 0..20 {
            run.push(get(&account, "/Account").await.status);
        }
        assert!(run.contains(&StatusCode::OK), "{run:?}");
        assert_ne!(fault.hits().unwrap(), 0);
        fault.remove().unwrap();
        runs.push(run);
    }
    assert_eq!(runs[0], runs[1]);
}

#[tokio::test]
async fn a_fault_is_switched_off_and_removed() {
    let emulator = start().await;
    let account = emulator.account().await.unwrap();
    let fault = Fault::new(Match::any(), Effect::status(500));
    let fault = account.fault(fault).unwrap();
    for (is_enabled, status) in [
        (true, StatusCode::INTERNAL_SERVER_ERROR),
        (false, StatusCode::OK),
        (true, StatusCode::INTERNAL_SERVER_ERROR),
    ] {
        fault.set_enabled(is_enabled).unwrap();
        get(&account, "/Account").await.expect(status);
    }
    assert_eq!(fault.hits().unwrap(), 2);
    let other = fault.clone();
    fault.remove().unwrap();
    get(&account, "/Account").await.expect(StatusCode::OK);
    for error in [
        other.hits().unwrap_err(),
        other.set_enabled(true).unwrap_err(),
        other.remove().unwrap_err(),
    ] {
        assert!(matches!(error, ControlError::NotFound(_)), "{error}");
    }
}

#[tokio::test]
async fn a_missed_expectation_reads_well_in_a_failed_test() {
    let emulator = start().await;
    let account = emulator.account().await.unwrap();
    let patched = || {
        let created = Match::request("POST", "/Operator");
        created.body(json!({"FullName": "alice"})).status(201)
    };
    let error = account.verify(patched()).at_least(1).unwrap_err();
    let expected = "0 requests match, and at least 1 should";
    assert_eq!(error.to_string(), expected);

    create(&account, "alicia").await.expect(StatusCode::CREATED);
    create(&account, "alice").await.expect(StatusCode::CREATED);
    let sequence = account.requests(Match::any()).unwrap()[0].sequence;
    assert_eq!(account.verify(patched()).times(1).unwrap(), 1);
    assert_eq!(account.verify(patched()).at_least(1).unwrap(), 1);
    assert_eq!(account.verify(Match::any()).at_most(2).unwrap(), 2);

    let error = account.verify(patched()).times(2).unwrap_err();
    let (text, debug) = (error.to_string(), format!("{error:?}"));
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], "1 request matches, and exactly 2 should");
    let near = format!("request {sequence}, POST /v4/Operator, comes near: body is ");
    assert!(lines[1].starts_with(&near), "{text}");
    assert!(lines[1].contains("alicia"), "{text}");
    assert!(lines[1].contains(r#"{"FullName":"alice"}"#), "{text}");
    assert_eq!(debug, text);

    let error = account.verify(Match::any()).at_most(1).unwrap_err();
    assert!(
        matches!(error, ControlError::Missed { count: 2, .. }),
        "{error}"
    );
    assert_eq!(error.to_string().lines().count(), 3, "{error}");
}

#[tokio::test]
async fn waiting_ends_with_the_request_or_says_what_came_instead() {
    let emulator = start().await;
    let account = emulator.account().await.unwrap();
    let listed = || Match::operation("Operator_GetAllOperators");
    let waiting = account.wait(listed(), 2, Duration::from_mins(1));
    let asking = async {
        names(&account).await;
        names(&account).await;
    };
    let both = timeout(Duration::from_secs(10), join(waiting, asking));
    let (waited, ()) = both.await.unwrap();
    assert_eq!(waited.unwrap(), 2);

    let late = account.wait(listed().status(404), 1, Duration::from_millis(1));
    let late = late.await.unwrap_err();
    assert!(
        matches!(late, ControlError::Missed { count: 0, .. }),
        "{late}"
    );
    assert!(late.to_string().contains("status is 200"), "{late}");
}

#[tokio::test]
async fn slips_are_the_errors_of_the_control_api() {
    let emulator = start().await;
    let control = TestApp::at(&emulator.url());
    let detail = async |path, body| {
        let answer = control.anonymous(Method::POST, path).json(&body);
        let answer = Answer::of(answer).await.expect(StatusCode::BAD_REQUEST);
        answer["detail"].as_str().unwrap().to_owned()
    };
    for (matches, same) in [
        (
            Match::any().path("/v4/Oparator"),
            json!({"path": "/v4/Oparator"}),
        ),
        (Match::any().path("/v4/**"), json!({"path": "/v4/**"})),
        (
            Match::operation("getOperators"),
            json!({"operationId": "getOperators"}),
        ),
        (
            Match::request("PATCH", "/v4/Operator"),
            json!({"method": "PATCH", "path": "/v4/Operator"}),
        ),
        (Match::any().status("9xx"), json!({"status": "9xx"})),
        (Match::any().account("x"), json!({"account": "x"})),
        (
            Match::any().body(json!({"Password": "x"})),
            json!({"body": {"Password": "x"}}),
        ),
        (
            Match::operation("Operator_GetAllOperators").unknown(true),
            json!({"operationId": "Operator_GetAllOperators", "unknown": true}),
        ),
        (
            Match::any().label(" ").text(""),
            json!({"label": " ", "text": ""}),
        ),
    ] {
        let error = emulator.requests(matches.clone()).unwrap_err().to_string();
        assert_eq!(
            error,
            detail("/_emulator/requests/count", same.clone()).await
        );
        let verified = emulator.verify(matches.clone()).times(0).unwrap_err();
        assert_eq!(verified.to_string(), error);
        let fault = emulator.fail_next(matches, Effect::status(500));
        let fault = fault.unwrap_err().to_string();
        let same = json!({"match": same, "effect": {"status": 500}});
        assert_eq!(fault, detail("/_emulator/faults", same).await);
    }
    let answer = |status, body| Effect::answer(status, body);
    for (effect, same) in [
        (Effect::status(99), json!({"status": 99})),
        (answer(204, json!([])), json!({"status": 204, "body": []})),
        (
            Effect::reset().header("a", "b"),
            json!({"network": "reset", "headers": {"a": "b"}}),
        ),
        (
            Effect::status(200).header("a b", "c"),
            json!({"status": 200, "headers": {"a b": "c"}}),
        ),
        (Effect::delay(Duration::MAX), json!({"delayMs": u64::MAX})),
    ] {
        let error = emulator.fail_next(Match::any(), effect).unwrap_err();
        let expected = detail("/_emulator/faults", json!({"effect": same})).await;
        assert_eq!(error.to_string(), expected);
    }
    let fault = || Fault::new(Match::any(), Effect::hang());
    for (fault, field) in [
        (fault().count(0), "count"),
        (fault().probability(1.5), "probability"),
        (fault().probability(f64::NAN), "probability"),
        (fault().skip(u64::MAX), "skip"),
        (
            Fault::new(Match::any().status(404), Effect::hang()),
            "match.status",
        ),
    ] {
        let error = emulator.fault(fault).unwrap_err();
        assert!(matches!(error, ControlError::Rejected(_)), "{error}");
        assert!(
            error.to_string().starts_with(&format!("{field}: ")),
            "{error}"
        );
    }
    assert!(matches!(
        emulator.freeze("yesterday").unwrap_err(),
        ControlError::Rejected(message) if message.starts_with("at: ")
    ));
    assert!(matches!(
        emulator.advance("31D").unwrap_err(),
        ControlError::Rejected(message) if message.starts_with("by: ")
    ));
}

#[tokio::test]
async fn the_clock_of_an_account_is_its_own() {
    let emulator = start().await;
    let account = emulator.account().await.unwrap();
    account.freeze("2026-01-01T00:00:00Z").unwrap();
    get(&account, "/Account").await.expect(StatusCode::OK);
    account.advance("P31D").unwrap();
    get(&account, "/Account").await.expect(StatusCode::OK);
    account.resume().unwrap();
    get(&account, "/Account").await.expect(StatusCode::OK);
    let times = account.requests(Match::any()).unwrap();
    let times: Vec<_> = times.iter().map(|one| &one.time[..19]).collect();
    assert_eq!(times[..2], ["2026-01-01T00:00:00", "2026-02-01T00:00:00"]);
    assert!(times[2] > times[1], "{times:?}");

    emulator.freeze("2040-05-06T07:08:09").unwrap();
    get(&account, "/Account").await.expect(StatusCode::OK);
    let last = account.requests(Match::any()).unwrap().pop().unwrap();
    assert_eq!(&last.time[..19], "2040-05-06T07:08:09");
}

#[tokio::test]
async fn invitations_are_in_the_outbox() {
    let emulator = start().await;
    let account = emulator.account().await.unwrap();
    account.freeze("2026-01-01T00:00:00Z").unwrap();
    create(&account, "alice").await.expect(StatusCode::CREATED);
    assert_eq!(account.outbox().unwrap().len(), 0);
    let body = json!({"FullName": "Bob", "Email": "bob@example.com", "SetupMode": "Invitation"});
    let invited = request(&account, Method::POST, "/Operator").json(&body);
    let invited = Answer::of(invited).await.expect(StatusCode::CREATED);
    for messages in [account.outbox().unwrap(), emulator.outbox().unwrap()] {
        let expected = json!([{
            "accountId": account.id(), "to": "bob@example.com", "kind": "invitation",
            "operatorGuid": invited["OperatorGuid"], "time": "2026-01-01T00:00:00Z"
        }]);
        assert_eq!(json!(messages), expected);
    }
    let other = emulator.account().await.unwrap();
    assert_eq!(other.outbox().unwrap().len(), 0);
}

#[tokio::test]
async fn a_reset_is_total_and_a_deleted_account_stays_in_the_journal() {
    let emulator = start().await;
    let account = emulator.account().label("test 7").await.unwrap();
    let fault = Fault::new(Match::any().path("/v4/Timezone"), Effect::hang());
    let fault = account.fault(fault).unwrap();
    create(&account, "alice").await.expect(StatusCode::CREATED);
    account.reset().await.unwrap();
    assert_eq!(names(&account).await.len(), 2);
    assert_eq!(account.requests(Match::any()).unwrap().len(), 1);
    fault.hits().unwrap_err();
    get(&account, "/Timezone").await.expect(StatusCode::OK);

    let id = account.id().to_owned();
    account.delete().await.unwrap();
    for matches in [Match::any().account(&id), Match::any().label("test 7")] {
        emulator.verify(matches).times(2).unwrap();
    }
    let account = emulator.account().await.unwrap();
    emulator.reset().await.unwrap();
    let error = account.requests(Match::any()).unwrap_err();
    assert!(matches!(error, ControlError::NotFound(_)), "{error}");
    assert_eq!(emulator.requests(Match::any()).unwrap().len(), 0);
}

#[tokio::test]
async fn the_verbs_of_the_server_concern_all_requests() {
    let emulator = start().await;
    let account = emulator.account().await.unwrap();
    let fault = Fault::new(Match::any(), Effect::status(502));
    let fault = emulator.fault(fault.count(3)).unwrap();
    get(&account, "/Operator")
        .await
        .expect(StatusCode::BAD_GATEWAY);
    for path in ["/v4/Operator", "/v4/nowhere"] {
        let anonymous = reqwest::Client::new().get(format!("{}{path}", emulator.url()));
        Answer::of(anonymous).await.expect(StatusCode::BAD_GATEWAY);
    }
    assert!(fault.is_spent().unwrap());
    emulator.verify(Match::any()).times(3).unwrap();
    emulator
        .verify(Match::any().unknown(true))
        .times(1)
        .unwrap();
    account.verify(Match::any()).times(1).unwrap();
}

#[tokio::test]
async fn what_needs_the_journal_is_refused_without_it() {
    let options = Options::default().control(Control::Off);
    let emulator = Emulator::start(options).await.unwrap();
    let account = emulator.account().await.unwrap();
    account.freeze("2026-01-01T00:00:00Z").unwrap();
    let answer = create(&account, "alice").await;
    assert_eq!(answer.expect(StatusCode::CREATED)["FullName"], "alice");
    for error in [
        account.verify(Match::any()).times(0).unwrap_err(),
        account.requests(Match::any()).unwrap_err(),
        account.fail_next(Match::any(), Effect::hang()).unwrap_err(),
        account
            .wait(Match::any(), 0, Duration::ZERO)
            .await
            .unwrap_err(),
    ] {
        assert!(matches!(error, ControlError::Off), "{error}");
    }
}

#[tokio::test]
async fn a_recorded_request_has_its_reasons() {
    let emulator = start().await;
    let account = emulator.account().await.unwrap();
    let empty = request(&account, Method::POST, "/Operator").json(&json!({}));
    Answer::of(empty).await.messages(StatusCode::BAD_REQUEST);
    let rejected = account.requests(Match::any().status("4xx")).unwrap();
    let expected = ["FullName: is required.", "Email: is required."];
    assert_eq!(
        rejected[0].reasons,
        expected.map(|one| one.trim_end_matches('.'))
    );
    let entry = json!(rejected[0]);
    assert_eq!(reasons(&entry), "FullName: is required; Email: is required");
}
