//! Tests of `…/DutySchedule` below an operator and below a group.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::{Answer, TestApp, text};

/// Returns the path of the schedules of the default account's owner.
async fn owner_schedules(app: &TestApp) -> String {
    operator_schedules(&app.owner().await)
}

fn operator_schedules(operator: &Value) -> String {
    format!(
        "/v4/Operator/{}/DutySchedule",
        text(operator, "OperatorGuid")
    )
}

/// Returns the paths of an operator's and of a group's schedules, which have the same rules.
async fn schedule_paths(app: &TestApp) -> [String; 2] {
    let group = app.new_group("Main operators").await;
    [owner_schedules(app).await, format!("{group}/DutySchedule")]
}

/// Creates a group with two members; returns its path and the paths of its members' schedules.
async fn group_of_two(app: &TestApp) -> (String, [String; 2]) {
    let group = app.new_group("Main operators").await;
    let mut members_schedules = Vec::new();
    for email in ["one@acme.com", "two@acme.com"] {
        let member = app.new_operator(json!({"Email": email})).await;
        join(app, &group, &member).await;
        members_schedules.push(operator_schedules(&member));
    }
    (group, members_schedules.try_into().unwrap())
}

async fn join(app: &TestApp, group: &str, operator: &Value) {
    let path = format!("{group}/Member/{}", text(operator, "OperatorGuid"));
    app.act(&path).await.expect(StatusCode::CREATED);
}

async fn list(app: &TestApp, path: &str) -> Vec<Value> {
    let schedules = app.get(path).await.expect(StatusCode::OK);
    schedules.as_array().unwrap().clone()
}

/// Returns the only schedule of a list.
async fn only(app: &TestApp, path: &str) -> Value {
    let schedules = list(app, path).await;
    assert_eq!(schedules.len(), 1, "{schedules:?}");
    schedules[0].clone()
}

async fn create(app: &TestApp, path: &str, body: Value) -> Value {
    app.post(path, body).await.expect(StatusCode::CREATED)
}

fn at(path: &str, schedule: &Value) -> String {
    format!("{path}/{}", schedule["Id"])
}

fn with(mut body: Value, field: &str, value: Value) -> Value {
    body[field] = value;
    body
}

fn with_id(body: &Value, schedule: &Value) -> Value {
    with(body.clone(), "Id", schedule["Id"].clone())
}

fn one_time() -> Value {
    json!({
        "ScheduleMode": "OneTime",
        "StartDateTime": "2025-12-24T18:00:00",
        "EndDateTime": "2025-12-26T08:00:00",
    })
}

fn daily() -> Value {
    json!({"ScheduleMode": "Daily", "StartTime": "08:00", "EndTime": "16:30"})
}

fn weekly() -> Value {
    json!({"ScheduleMode": "Weekly", "WeekDay": "Thursday", "StartTime": "08:00", "EndTime": "16:30"})
}

fn monthly() -> Value {
    json!({"ScheduleMode": "Monthly", "MonthDay": 15, "StartTime": "08:00", "EndTime": "16:30"})
}

#[tokio::test]
async fn a_schedule_is_written_with_the_fields_of_its_mode_only() {
    let app = TestApp::start().await;
    for path in schedule_paths(&app).await {
        let mut expected = Vec::new();
        for body in [one_time(), daily(), weekly(), monthly()] {
            let schedule = create(&app, &path, body.clone()).await;
            assert!(schedule["Id"].as_i64().unwrap() > 0);
            assert_eq!(schedule, with_id(&body, &schedule));
            expected.push(schedule);
        }
        assert_eq!(
            list(&app, &path).await,
            expected,
            "in the order of creation"
        );
    }
}

#[tokio::test]
async fn the_fields_are_written_in_the_document_s_order() {
    let app = TestApp::start().await;
    let path = owner_schedules(&app).await;
    for (body, fields) in [
        (
            one_time(),
            vec!["\"Id\"", "ScheduleMode", "StartDateTime", "EndDateTime"],
        ),
        (
            weekly(),
            vec!["\"Id\"", "ScheduleMode", "WeekDay", "StartTime", "EndTime"],
        ),
        (
            monthly(),
            vec!["\"Id\"", "ScheduleMode", "MonthDay", "StartTime", "EndTime"],
        ),
    ] {
        let text = app.post(&path, body).await.text;
        let places: Vec<_> = fields
            .iter()
            .map(|field| text.find(field).unwrap())
            .collect();
        assert!(places.is_sorted(), "{text}");
    }
}

#[tokio::test]
async fn the_fields_of_a_mode_are_required() {
    let app = TestApp::start().await;
    for path in schedule_paths(&app).await {
        for (body, required) in [
            (
                one_time(),
                vec!["ScheduleMode", "StartDateTime", "EndDateTime"],
            ),
            (daily(), vec!["ScheduleMode", "StartTime", "EndTime"]),
            (
                weekly(),
                vec!["ScheduleMode", "WeekDay", "StartTime", "EndTime"],
            ),
            (
                monthly(),
                vec!["ScheduleMode", "MonthDay", "StartTime", "EndTime"],
            ),
        ] {
            for field in &required {
                let mut missing = body.clone();
                missing.as_object_mut().unwrap().remove(*field);
                app.post(&path, missing)
                    .await
                    .names(StatusCode::BAD_REQUEST, &[field]);
                for nothing in [json!(null), json!(""), json!("  ")] {
                    let body = with(body.clone(), field, nothing);
                    app.post(&path, body)
                        .await
                        .names(StatusCode::BAD_REQUEST, &[field]);
                }
            }
            let mode = json!({"ScheduleMode": body["ScheduleMode"]});
            app.post(&path, mode)
                .await
                .names(StatusCode::BAD_REQUEST, &required[1..]);
        }
        app.post(&path, json!({}))
            .await
            .names(StatusCode::BAD_REQUEST, &["ScheduleMode"]);
        assert!(list(&app, &path).await.is_empty());
    }
}

#[tokio::test]
async fn a_field_of_another_mode_is_rejected_by_name() {
    let app = TestApp::start().await;
    let all = json!({
        "StartDateTime": "2025-12-24T18:00:00",
        "EndDateTime": "2025-12-26T08:00:00",
        "WeekDay": "Monday",
        "MonthDay": 1,
        "StartTime": "08:00",
        "EndTime": "16:30",
    });
    for path in schedule_paths(&app).await {
        let schedule = create(&app, &path, daily()).await;
        for (own, refused) in [
            (
                one_time(),
                vec!["WeekDay", "MonthDay", "StartTime", "EndTime"],
            ),
            (
                daily(),
                vec!["StartDateTime", "EndDateTime", "WeekDay", "MonthDay"],
            ),
            (weekly(), vec!["StartDateTime", "EndDateTime", "MonthDay"]),
            (monthly(), vec!["StartDateTime", "EndDateTime", "WeekDay"]),
        ] {
            for field in &refused {
                let body = with(own.clone(), field, all[*field].clone());
                app.post(&path, body)
                    .await
                    .names(StatusCode::FORBIDDEN, &[field]);
            }
            let body = with(all.clone(), "ScheduleMode", own["ScheduleMode"].clone());
            app.post(&path, body.clone())
                .await
                .names(StatusCode::FORBIDDEN, &refused);
            app.put(&at(&path, &schedule), body)
                .await
                .names(StatusCode::FORBIDDEN, &refused);
        }
        assert_eq!(only(&app, &path).await, schedule);
    }
}

#[tokio::test]
async fn a_value_of_the_wrong_type_is_a_bad_request() {
    let app = TestApp::start().await;
    let path = owner_schedules(&app).await;
    for (body, field, wrong) in [
        (
            daily(),
            "ScheduleMode",
            vec![json!("Yearly"), json!(1), json!(true), json!([]), json!({})],
        ),
        (
            weekly(),
            "WeekDay",
            vec![
                json!("Someday"),
                json!("Mon"),
                json!("1"),
                json!(1),
                json!([]),
                json!(false),
            ],
        ),
        (
            monthly(),
            "MonthDay",
            vec![
                json!("15"),
                json!(1.5),
                json!(3_000_000_000_u32),
                json!(true),
                json!([15]),
                json!({}),
            ],
        ),
        (
            daily(),
            "StartTime",
            [
                "8:00",
                "08:60",
                "24:00",
                "08:00:00",
                "08.00",
                "0800",
                "-8:00",
                "+8:00",
                "08: 0",
                "8: 00",
                "noon",
                "08:00 AM",
                "２３:00",
                "08:0٠",
            ]
            .map(|text| json!(text))
            .into_iter()
            .chain([json!(800), json!(true), json!(["08:00"])])
            .collect(),
        ),
        (daily(), "EndTime", vec![json!("16:3"), json!(16.5)]),
        (
            one_time(),
            "StartDateTime",
            [
                "2025-12-24",
                "18:00:00",
                "2025-13-24T18:00:00",
                "2025-02-30T18:00:00",
                "2025-12-24T24:00:00",
                "24/12/2025 18:00:00",
                "12025-12-24T18:00:00",
                "2025-1-1T8:0:0",
                "2025-12-24T18:00: 0",
                "tomorrow",
            ]
            .map(|text| json!(text))
            .into_iter()
            .chain([json!(1_766_595_600), json!({})])
            .collect(),
        ),
        (
            one_time(),
            "EndDateTime",
            vec![json!("2025-12-26T08:00:00+99:00"), json!([])],
        ),
    ] {
        for wrong in wrong {
            let answer = app
                .post(&path, with(body.clone(), field, wrong.clone()))
                .await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{field}: {wrong}");
            answer.names(StatusCode::BAD_REQUEST, &[field]);
        }
    }
    // The type of a field is checked even if its mode is another.
    let body = with(daily(), "MonthDay", json!("x"));
    app.post(&path, body)
        .await
        .names(StatusCode::BAD_REQUEST, &["MonthDay"]);
}

#[tokio::test]
async fn a_broken_rule_is_forbidden() {
    let app = TestApp::start().await;
    for path in schedule_paths(&app).await {
        for (body, field, refused) in [
            (one_time(), "EndDateTime", json!("2025-12-24T18:00:00")),
            (one_time(), "EndDateTime", json!("2025-12-24T17:59:59")),
            // In UTC, an hour before the start.
            (
                one_time(),
                "EndDateTime",
                json!("2025-12-24T19:00:00+02:00"),
            ),
            (daily(), "EndTime", json!("08:00")),
            (weekly(), "EndTime", json!("08:00")),
            (monthly(), "EndTime", json!("08:00")),
            (monthly(), "MonthDay", json!(32)),
            (monthly(), "MonthDay", json!(-1)),
        ] {
            let answer = app.post(&path, with(body, field, refused)).await;
            answer.names(StatusCode::FORBIDDEN, &[field]);
        }
        for fine in [
            with(daily(), "EndTime", json!("07:59")),
            with(weekly(), "EndTime", json!("00:00")),
            with(monthly(), "MonthDay", json!(1)),
            with(monthly(), "MonthDay", json!(31)),
            with(monthly(), "MonthDay", json!(28.0)),
        ] {
            create(&app, &path, fine).await;
        }
    }
}

#[tokio::test]
async fn all_errors_are_reported_at_once() {
    let app = TestApp::start().await;
    for path in schedule_paths(&app).await {
        for (body, status, fields) in [
            (
                json!({"ScheduleMode": "Weekly", "MonthDay": 32, "StartTime": "8", "EndTime": 5}),
                StatusCode::BAD_REQUEST,
                vec!["WeekDay", "MonthDay", "StartTime", "EndTime"],
            ),
            (
                json!({"ScheduleMode": "Sometimes", "WeekDay": "x", "StartTime": "8:00"}),
                StatusCode::BAD_REQUEST,
                vec!["ScheduleMode", "WeekDay", "StartTime"],
            ),
            (
                json!({"ScheduleMode": "Monthly", "WeekDay": "Monday", "MonthDay": 32, "StartTime": "08:00", "EndTime": "08:00"}),
                StatusCode::FORBIDDEN,
                vec!["WeekDay", "MonthDay", "EndTime"],
            ),
            (
                json!({"ScheduleMode": "Daily", "WeekDay": "Monday", "StartTime": "08:00"}),
                StatusCode::BAD_REQUEST,
                vec!["WeekDay", "EndTime"],
            ),
        ] {
            app.post(&path, body).await.names(status, &fields);
        }
    }
}

#[tokio::test]
async fn words_ignore_case_and_surrounding_blanks_and_are_written_as_documented() {
    let app = TestApp::start().await;
    let path = owner_schedules(&app).await;
    let body = json!({"schedulemode": " wEEKLY ", "WEEKDAY": "thursDAY", "startTime": " 08:00", "endtime": "16:30 "});
    let schedule = create(&app, &path, body).await;
    assert_eq!(schedule, with_id(&weekly(), &schedule));
}

#[tokio::test]
async fn default_values_of_generated_clients_count_as_absent() {
    let app = TestApp::start().await;
    for path in schedule_paths(&app).await {
        let mut body = daily();
        for (field, nothing) in [
            ("Id", json!(0)),
            ("StartDateTime", json!("0001-01-01T00:00:00")),
            ("EndDateTime", json!("0001-01-01T00:00:00")),
            ("WeekDay", json!(null)),
            ("MonthDay", json!(null)),
        ] {
            body[field] = nothing;
        }
        for no_day in [json!(null), json!(0), json!(0.0)] {
            body["MonthDay"] = no_day;
            let schedule = create(&app, &path, body.clone()).await;
            assert_eq!(schedule, with_id(&daily(), &schedule));
            app.put(&at(&path, &schedule), body.clone())
                .await
                .expect(StatusCode::NO_CONTENT);
        }
        for no_day in [json!(null), json!(0), json!(0.0)] {
            let messages = app
                .post(&path, with(monthly(), "MonthDay", no_day))
                .await
                .messages(StatusCode::BAD_REQUEST);
            assert_eq!(messages, ["MonthDay: is required for this ScheduleMode."]);
        }

        let unset = with(one_time(), "StartDateTime", json!("0001-01-01T00:00:00"));
        app.post(&path, unset)
            .await
            .names(StatusCode::BAD_REQUEST, &["StartDateTime"]);
    }
}

#[tokio::test]
async fn date_times_may_have_an_offset_and_a_fraction_and_are_written_in_utc() {
    let app = TestApp::start().await;
    let path = owner_schedules(&app).await;
    for (input, expected) in [
        ("2025-11-11T21:18:01", "2025-11-11T21:18:01"),
        ("2025-11-11T21:18:01Z", "2025-11-11T21:18:01"),
        ("2025-11-11T21:18:01.9999999", "2025-11-11T21:18:01"),
        ("2025-11-11T21:18:01.5+02:00", "2025-11-11T19:18:01"),
        ("2025-11-11T21:18:01-05:30", "2025-11-12T02:48:01"),
    ] {
        let schedule = create(&app, &path, with(one_time(), "StartDateTime", json!(input))).await;
        assert_eq!(schedule["StartDateTime"], expected);
    }
}

#[tokio::test]
async fn a_post_ignores_any_id() {
    let app = TestApp::start().await;
    for path in schedule_paths(&app).await {
        for id in [
            json!(4711),
            json!("x"),
            json!(-1),
            json!([]),
            json!(1.5),
            json!(null),
        ] {
            let schedule = create(&app, &path, with(daily(), "Id", id.clone())).await;
            assert_ne!(schedule["Id"], id);
        }
    }
}

#[tokio::test]
async fn an_id_in_a_put_must_not_contradict_the_path() {
    let app = TestApp::start().await;
    for path in schedule_paths(&app).await {
        let schedule = create(&app, &path, daily()).await;
        let id = i32::try_from(schedule["Id"].as_i64().unwrap()).unwrap();
        for fine in [json!(id), json!(0), json!(null), json!(f64::from(id))] {
            let answer = app
                .put(&at(&path, &schedule), with(daily(), "Id", fine))
                .await;
            answer.expect(StatusCode::NO_CONTENT);
        }
        for wrong in [
            json!(id + 1),
            json!(-id),
            json!("x"),
            json!(1.5),
            json!(true),
            json!([id]),
            json!({}),
        ] {
            let answer = app
                .put(&at(&path, &schedule), with(weekly(), "Id", wrong))
                .await;
            answer.names(StatusCode::FORBIDDEN, &["Id"]);
        }
        assert_eq!(only(&app, &path).await, schedule);
    }
}

#[tokio::test]
async fn a_put_replaces_a_schedule_of_any_mode() {
    let app = TestApp::start().await;
    for path in schedule_paths(&app).await {
        let schedule = create(&app, &path, daily()).await;
        for body in [weekly(), one_time(), monthly(), daily()] {
            let answer = app.put(&at(&path, &schedule), body.clone()).await;
            assert_eq!(answer.expect(StatusCode::NO_CONTENT), Value::Null);
            assert_eq!(only(&app, &path).await, with_id(&body, &schedule));
        }
        // Nothing of the previous schedule is kept.
        let answer = app
            .put(&at(&path, &schedule), json!({"ScheduleMode": "Daily"}))
            .await;
        answer.names(StatusCode::BAD_REQUEST, &["StartTime", "EndTime"]);
    }
}

#[tokio::test]
async fn a_deleted_schedule_is_gone() {
    let app = TestApp::start().await;
    for path in schedule_paths(&app).await {
        let (first, second) = (
            create(&app, &path, daily()).await,
            create(&app, &path, weekly()).await,
        );
        let answer = app.delete(&at(&path, &first)).await;
        assert_eq!(answer.expect(StatusCode::NO_CONTENT), Value::Null);
        assert_eq!(only(&app, &path).await, second);
        app.delete(&at(&path, &first))
            .await
            .messages(StatusCode::NOT_FOUND);
        app.put(&at(&path, &first), daily())
            .await
            .messages(StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_schedule_is_found_below_its_owner_only() {
    let app = TestApp::start().await;
    let [of_operator_, group_schedules] = schedule_paths(&app).await;
    let other = operator_schedules(&app.new_operator(json!({})).await);
    let own = create(&app, &of_operator_, daily()).await;
    let group_s = create(&app, &group_schedules, daily()).await;
    for (path, schedule) in [
        (&other, &own),
        (&group_schedules, &own),
        (&of_operator_, &group_s),
    ] {
        app.put(&at(path, schedule), weekly())
            .await
            .messages(StatusCode::NOT_FOUND);
        app.delete(&at(path, schedule))
            .await
            .messages(StatusCode::NOT_FOUND);
    }
    for path in [
        "/v4/Operator/36fad910-6e9f-4886-b1a7-9b4637362cb8/DutySchedule",
        "/v4/OperatorGroup/36fad910-6e9f-4886-b1a7-9b4637362cb8/DutySchedule",
    ] {
        app.get(path).await.messages(StatusCode::NOT_FOUND);
        app.post(path, daily())
            .await
            .messages(StatusCode::NOT_FOUND);
        // Binding errors come before a missing owner.
        app.post(path, json!({}))
            .await
            .names(StatusCode::BAD_REQUEST, &["ScheduleMode"]);
        // Rules are checked afterwards.
        app.post(path, with(daily(), "EndTime", json!("08:00")))
            .await
            .messages(StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn an_id_in_the_path_that_is_not_a_number_is_a_bad_request() {
    let app = TestApp::start().await;
    for path in schedule_paths(&app).await {
        for id in ["x", "1.0", "%20", "99999999999"] {
            let path = format!("{path}/{id}");
            app.put(&path, daily())
                .await
                .names(StatusCode::BAD_REQUEST, &["DutyScheduleId"]);
            app.delete(&path)
                .await
                .names(StatusCode::BAD_REQUEST, &["DutyScheduleId"]);
        }
        for id in ["0", "-1", "2147483647"] {
            app.delete(&format!("{path}/{id}"))
                .await
                .messages(StatusCode::NOT_FOUND);
        }
    }
}

#[tokio::test]
async fn ids_are_unique_in_the_account_and_never_used_again() {
    let app = TestApp::start().await;
    let (group, [one, _]) = group_of_two(&app).await;
    let group_schedules = format!("{group}/DutySchedule");
    let mut last = 0;
    for path in [&one, &group_schedules, &one, &group_schedules, &one] {
        let schedule = create(&app, path, daily()).await;
        let id = schedule["Id"].as_i64().unwrap();
        assert!(id > last, "{id} comes after {last}");
        last = id;
        app.delete(&at(path, &schedule))
            .await
            .expect(StatusCode::NO_CONTENT);
    }
}

#[tokio::test]
async fn ids_are_not_used_again_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.db");
    let app = TestApp::start_on(&file).await;
    let path = owner_schedules(&app).await;
    let before = create(&app, &path, daily()).await;
    app.delete(&at(&path, &before))
        .await
        .expect(StatusCode::NO_CONTENT);
    app.stop().await;

    let app = TestApp::start_on(&file).await;
    let after = create(&app, &path, daily()).await;
    assert!(after["Id"].as_i64() > before["Id"].as_i64(), "{after}");
}

#[tokio::test]
async fn schedules_do_not_change_is_on_duty() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let path = operator_schedules(&owner);
    let always = json!({"ScheduleMode": "Daily", "StartTime": "00:00", "EndTime": "23:59"});
    let schedule = create(&app, &path, always).await;
    assert_eq!(app.owner().await["IsOnDuty"], owner["IsOnDuty"]);
    app.delete(&at(&path, &schedule))
        .await
        .expect(StatusCode::NO_CONTENT);
    assert_eq!(app.owner().await["IsOnDuty"], owner["IsOnDuty"]);
}

#[tokio::test]
async fn a_group_schedule_is_copied_to_each_current_member() {
    let app = TestApp::start().await;
    let (group, members_schedules) = group_of_two(&app).await;
    let schedule = create(&app, &format!("{group}/DutySchedule"), weekly()).await;
    let mut ids = vec![schedule["Id"].clone()];
    for path in &members_schedules {
        let copy = only(&app, path).await;
        assert_eq!(copy, with_id(&weekly(), &copy));
        assert!(!ids.contains(&copy["Id"]), "{copy}");
        ids.push(copy["Id"].clone());
    }
    assert_eq!(only(&app, &format!("{group}/DutySchedule")).await, schedule);
    assert!(list(&app, &owner_schedules(&app).await).await.is_empty());
}

#[tokio::test]
async fn system_groups_accept_schedules_like_any_other() {
    let app = TestApp::start().await;
    let operator = operator_schedules(&app.new_operator(json!({})).await);
    let owner = owner_schedules(&app).await;
    for (flag, operator_schedules, owner_schedules) in
        [("IsAdministratorsGroup", 0, 1), ("IsEveryone", 1, 2)]
    {
        let path = format!("{}/DutySchedule", app.system_group(flag).await);
        create(&app, &path, daily()).await;
        assert_eq!(list(&app, &operator).await.len(), operator_schedules);
        assert_eq!(list(&app, &owner).await.len(), owner_schedules);
    }
}

#[tokio::test]
async fn a_change_of_a_group_schedule_is_applied_to_its_copies_only() {
    let app = TestApp::start().await;
    let (group, members_schedules) = group_of_two(&app).await;
    let path = format!("{group}/DutySchedule");
    let schedule = create(&app, &path, weekly()).await;
    let other = create(&app, &path, monthly()).await;
    let own = create(&app, &members_schedules[0], one_time()).await;

    app.put(&at(&path, &schedule), daily())
        .await
        .expect(StatusCode::NO_CONTENT);
    for member_schedules in &members_schedules {
        let schedules = list(&app, member_schedules).await;
        assert_eq!(schedules[0], with_id(&daily(), &schedules[0]));
        assert_eq!(schedules[1], with_id(&monthly(), &schedules[1]));
    }
    assert_eq!(list(&app, &members_schedules[0]).await[2], own);

    app.delete(&at(&path, &schedule))
        .await
        .expect(StatusCode::NO_CONTENT);
    assert_eq!(list(&app, &path).await, [other]);
    assert_eq!(list(&app, &members_schedules[0]).await.len(), 2);
    let remaining = only(&app, &members_schedules[1]).await;
    assert_eq!(remaining, with_id(&monthly(), &remaining));
}

#[tokio::test]
async fn an_operator_who_joins_later_gets_no_copy() {
    let app = TestApp::start().await;
    let (group, _) = group_of_two(&app).await;
    let path = format!("{group}/DutySchedule");
    let schedule = create(&app, &path, weekly()).await;
    let late = app.new_operator(json!({"Email": "late@acme.com"})).await;
    join(&app, &group, &late).await;
    app.put(&at(&path, &schedule), daily())
        .await
        .expect(StatusCode::NO_CONTENT);
    assert!(list(&app, &operator_schedules(&late)).await.is_empty());
}

#[tokio::test]
async fn an_operator_who_leaves_keeps_its_copy_which_stays_linked() {
    let app = TestApp::start().await;
    let (group, members_schedules) = group_of_two(&app).await;
    let path = format!("{group}/DutySchedule");
    let schedule = create(&app, &path, weekly()).await;
    let leaver = members_schedules[0].split('/').nth(3).unwrap();
    app.delete(&format!("{group}/Member/{leaver}"))
        .await
        .expect(StatusCode::NO_CONTENT);
    let copy = only(&app, &members_schedules[0]).await;
    assert_eq!(copy, with_id(&weekly(), &copy));

    app.put(&at(&path, &schedule), daily())
        .await
        .expect(StatusCode::NO_CONTENT);
    assert_eq!(
        only(&app, &members_schedules[0]).await,
        with_id(&daily(), &copy)
    );
    app.delete(&at(&path, &schedule))
        .await
        .expect(StatusCode::NO_CONTENT);
    assert!(list(&app, &members_schedules[0]).await.is_empty());
}

#[tokio::test]
async fn a_copy_that_was_edited_individually_stays_linked() {
    let app = TestApp::start().await;
    let (group, [one, two]) = group_of_two(&app).await;
    let path = format!("{group}/DutySchedule");
    let schedule = create(&app, &path, weekly()).await;
    let copy = only(&app, &one).await;
    app.put(&at(&one, &copy), monthly())
        .await
        .expect(StatusCode::NO_CONTENT);
    assert_eq!(only(&app, &one).await, with_id(&monthly(), &copy));
    assert_eq!(only(&app, &path).await, schedule);
    let untouched = only(&app, &two).await;
    assert_eq!(untouched, with_id(&weekly(), &untouched));

    app.put(&at(&path, &schedule), daily())
        .await
        .expect(StatusCode::NO_CONTENT);
    assert_eq!(only(&app, &one).await, with_id(&daily(), &copy));
    app.delete(&at(&path, &schedule))
        .await
        .expect(StatusCode::NO_CONTENT);
    assert!(list(&app, &one).await.is_empty());
}

#[tokio::test]
async fn a_deleted_copy_is_not_created_again() {
    let app = TestApp::start().await;
    let (group, [one, two]) = group_of_two(&app).await;
    let path = format!("{group}/DutySchedule");
    let schedule = create(&app, &path, weekly()).await;
    let copy = only(&app, &one).await;
    app.delete(&at(&one, &copy))
        .await
        .expect(StatusCode::NO_CONTENT);
    assert_eq!(only(&app, &path).await, schedule);

    app.put(&at(&path, &schedule), daily())
        .await
        .expect(StatusCode::NO_CONTENT);
    assert!(list(&app, &one).await.is_empty());
    assert_eq!(only(&app, &two).await["ScheduleMode"], "Daily");
}

#[tokio::test]
async fn a_deleted_group_leaves_its_copies_as_ordinary_schedules() {
    let app = TestApp::start().await;
    let (group, [one, two]) = group_of_two(&app).await;
    create(&app, &format!("{group}/DutySchedule"), weekly()).await;
    let before = (only(&app, &one).await, only(&app, &two).await);
    app.delete(&group).await.expect(StatusCode::NO_CONTENT);
    assert_eq!((only(&app, &one).await, only(&app, &two).await), before);

    app.put(&at(&one, &before.0), daily())
        .await
        .expect(StatusCode::NO_CONTENT);
    app.delete(&at(&two, &before.1))
        .await
        .expect(StatusCode::NO_CONTENT);
    assert_eq!(only(&app, &one).await, with_id(&daily(), &before.0));
    assert!(list(&app, &two).await.is_empty());
}

#[tokio::test]
async fn a_deleted_member_takes_its_copy_with_it() {
    let app = TestApp::start().await;
    let (group, [one, two]) = group_of_two(&app).await;
    let path = format!("{group}/DutySchedule");
    let schedule = create(&app, &path, weekly()).await;
    app.delete(one.strip_suffix("/DutySchedule").unwrap())
        .await
        .expect(StatusCode::NO_CONTENT);
    app.put(&at(&path, &schedule), daily())
        .await
        .expect(StatusCode::NO_CONTENT);
    assert_eq!(only(&app, &two).await["ScheduleMode"], "Daily");
    app.get(&one).await.messages(StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn copies_stay_linked_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.db");
    let app = TestApp::start_on(&file).await;
    let (group, [one, two]) = group_of_two(&app).await;
    let path = format!("{group}/DutySchedule");
    let schedule = create(&app, &path, one_time()).await;
    let copies = (only(&app, &one).await, only(&app, &two).await);
    app.stop().await;

    let app = TestApp::start_on(&file).await;
    assert_eq!((only(&app, &one).await, only(&app, &two).await), copies);
    app.put(&at(&path, &schedule), monthly())
        .await
        .expect(StatusCode::NO_CONTENT);
    assert_eq!(only(&app, &one).await, with_id(&monthly(), &copies.0));
    assert_eq!(only(&app, &two).await, with_id(&monthly(), &copies.1));
}

#[tokio::test]
async fn add_duty_schedule_for_all_members_does_the_same_with_an_empty_response() {
    let app = TestApp::start().await;
    let (group, members_schedules) = group_of_two(&app).await;
    let path = format!("{group}/DutySchedule");
    let answer = app
        .post(&format!("{path}/AddDutyScheduleForAllMembers"), weekly())
        .await;
    assert_eq!(answer.expect(StatusCode::NO_CONTENT), Value::Null);
    let schedule = only(&app, &path).await;
    assert_eq!(schedule, with_id(&weekly(), &schedule));

    app.put(&at(&path, &schedule), daily())
        .await
        .expect(StatusCode::NO_CONTENT);
    for member_schedules in &members_schedules {
        let copy = only(&app, member_schedules).await;
        assert_eq!(copy, with_id(&daily(), &copy));
    }
}

#[tokio::test]
async fn add_duty_schedule_for_all_members_has_the_rules_of_a_post() {
    let app = TestApp::start().await;
    let (group, [one, _]) = group_of_two(&app).await;
    let path = format!("{group}/DutySchedule");
    let add = format!("{path}/AddDutyScheduleForAllMembers");
    let missing = json!({"ScheduleMode": "Weekly", "StartTime": "08:00"});
    app.post(&add, missing)
        .await
        .names(StatusCode::BAD_REQUEST, &["WeekDay", "EndTime"]);
    let refused = with(daily(), "MonthDay", json!(1));
    app.post(&add, refused)
        .await
        .names(StatusCode::FORBIDDEN, &["MonthDay"]);
    assert!(list(&app, &path).await.is_empty() && list(&app, &one).await.is_empty());
}

#[tokio::test]
async fn an_ordinary_operator_may_change_only_its_own_schedules() {
    let app = TestApp::start().await;
    let (group, [one, two]) = group_of_two(&app).await;
    let guid = one.split('/').nth(3).unwrap();
    let operator = app.as_operator(guid).await;
    let own = operator
        .send(Method::POST, &one, daily())
        .await
        .expect(StatusCode::CREATED);
    operator
        .send(Method::PUT, &at(&one, &own), weekly())
        .await
        .expect(StatusCode::NO_CONTENT);

    let group_schedules = format!("{group}/DutySchedule");
    for path in [
        &two,
        &group_schedules,
        &format!("{group_schedules}/AddDutyScheduleForAllMembers"),
    ] {
        operator
            .send(Method::POST, path, daily())
            .await
            .messages(StatusCode::FORBIDDEN);
    }
    let schedule = create(&app, &group_schedules, daily()).await;
    for path in [
        at(&group_schedules, &schedule),
        at(&two, &only(&app, &two).await),
    ] {
        operator
            .send(Method::PUT, &path, weekly())
            .await
            .messages(StatusCode::FORBIDDEN);
        let delete = operator.request(Method::DELETE, &path);
        Answer::of(delete).await.messages(StatusCode::FORBIDDEN);
    }
    // A copy belongs to its operator.
    let copy = list(&app, &one).await[1].clone();
    operator
        .send(Method::PUT, &at(&one, &copy), monthly())
        .await
        .expect(StatusCode::NO_CONTENT);
    let delete = operator.request(Method::DELETE, &at(&one, &own));
    Answer::of(delete).await.expect(StatusCode::NO_CONTENT);
}
