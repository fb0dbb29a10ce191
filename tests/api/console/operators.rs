//! Tests of Account setup: operators, groups, schedules, time zones.

use reqwest::StatusCode;
use serde_json::json;

use super::browser::{Browser, element};
use super::{owner_path, path_of};
use crate::app::{TestApp, path_of as api_path_of, text};

#[tokio::test]
async fn operators_are_listed_and_searched() {
    let app = TestApp::start().await;
    let browser = Browser::as_owner(&app).await;
    let page = browser.read("/console/operators").await;
    for text in [
        "Account Administrator",
        "operator@example.com",
        "Owner",
        "Not yet used",
        "No API user",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    for (search, is_found) in [("SECOND", true), ("operator@", true), ("nobody", false)] {
        let page = browser
            .read(&format!("/console/operators?q={search}"))
            .await;
        assert_eq!(page.contains("Second Operator"), is_found, "{search}");
        assert!(!page.contains("Account Administrator</a>"), "{search}");
    }
}

#[tokio::test]
async fn an_unmodified_form_changes_nothing() {
    let app = TestApp::start().await;
    let browser = Browser::as_owner(&app).await;
    for fields in [
        json!({"Email": "plain@acme.com"}),
        json!({
            "Email": "all@acme.com", "FullName": "  \"All\" <fields> & more ", "Password": "s3cret",
            "MobilePhone": "+31 6 12345678", "OutgoingPhoneNumber": "+31201234567", "OutgoingPhoneNumberId": 1,
            "BackupEmail": "backup@acme.com", "IsOnDuty": true, "CultureName": "nl-NL", "TimeZoneId": 56,
            "SmsProvider": "SmsProviderUSA", "UseNumericSender": false, "PhoneProvider": "X",
            "AllowNativeLogin": true, "AllowSingleSignon": false, "DefaultDashboard": "AccountOverview",
            "OperatorRole": "Boss", "SetupMode": "Manual"
        }),
    ] {
        let operator = app.new_operator(fields).await;
        let path = path_of(&text(&operator, "OperatorGuid"));
        let page = browser.fill(&path, &path, &[]).await;
        page.expect(StatusCode::OK);
        let after = app.get(&api_path_of(&operator)).await;
        assert_eq!(after.expect(StatusCode::OK), operator);
    }
    // Nor does it change the password, which is never displayed.
    Browser::logged_in(&app, "all@acme.com", "s3cret").await;
}

#[tokio::test]
async fn the_form_of_an_operator_has_all_that_can_be_changed() {
    let app = TestApp::start().await;
    let browser = Browser::as_owner(&app).await;
    let fields = json!({"UseNumericSender": true, "TimeZoneId": 56, "OutgoingPhoneNumberId": 1});
    let operator = app.new_operator(fields).await;
    let form = browser
        .read(&path_of(&text(&operator, "OperatorGuid")))
        .await;
    let read_only = ["OperatorGuid", "Hash", "IsAccountAdministrator"];
    for field in operator.as_object().unwrap().keys() {
        let has_field = form.contains(&format!("name=\"{field}\""));
        assert_eq!(has_field, !read_only.contains(&&**field), "{field}: {form}");
    }
}

#[tokio::test]
async fn an_operator_is_added_changed_and_deleted() {
    let app = TestApp::start().await;
    let browser = Browser::as_owner(&app).await;
    let fields = [
        ("FullName", "Third"),
        ("Email", "third@acme.com"),
        ("IsOnDuty", "true"),
        ("TimeZoneId", "56"),
    ];
    let page = browser
        .fill("/console/operators/new", "/console/operators", &fields)
        .await;
    let guid = element(page.expect(StatusCode::OK), "guid");
    let api_path = format!("/v4/Operator/{guid}");
    let operator = app.get(&api_path).await.expect(StatusCode::OK);
    assert_eq!(operator["IsOnDuty"], true);
    assert_eq!(operator["TimeZoneId"], 56);

    let path = path_of(&guid);
    let form = browser.open(&path).await.form(&path);
    let form = form
        .with("IsOnDuty", "false")
        .with("TimeZoneId", "")
        .with("Password", "s3cret");
    browser.send(form).await.expect(StatusCode::OK);
    let operator = app.get(&api_path).await.expect(StatusCode::OK);
    assert_eq!(operator["IsOnDuty"], false);
    assert!(operator.get("TimeZoneId").is_none());
    Browser::logged_in(&app, "third@acme.com", "s3cret").await;
    // A password may consist of blanks.
    browser
        .fill(&path, &path, &[("Password", "  ")])
        .await
        .expect(StatusCode::OK);
    Browser::logged_in(&app, "third@acme.com", "  ").await;

    let delete = format!("{path}/delete");
    let page = browser.fill(&delete, &delete, &[]).await;
    assert!(
        page.expect(StatusCode::OK)
            .contains("The operator was deleted.")
    );
    app.get(&api_path).await.expect(StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn fields_missing_from_an_operator_form_stay_unchanged() {
    let app = TestApp::start().await;
    let browser = Browser::as_owner(&app).await;
    let operator = app
        .new_operator(json!({
            "MobilePhone": "+31612345678",
            "OutgoingPhoneNumber": "+31201234567",
            "OutgoingPhoneNumberId": 2,
            "BackupEmail": "backup@example.com",
            "IsOnDuty": true,
            "CultureName": "nl-NL",
            "TimeZoneId": 56,
            "SmsProvider": "SmsProviderUSA",
            "UseNumericSender": true,
            "PhoneProvider": "Other",
            "AllowNativeLogin": true,
            "AllowSingleSignon": false,
            "DefaultDashboard": "AccountOverview",
            "OperatorRole": "Manager",
            "SetupMode": "Invitation",
        }))
        .await;
    let path = path_of(&text(&operator, "OperatorGuid"));
    let names = browser.open(&path).await.form(&path).names();
    assert!(names.len() > 15, "{names:?}");
    for name in names {
        let form = browser.open(&path).await.form(&path);
        browser
            .send(form.without(&name))
            .await
            .expect(StatusCode::OK);
        let shown = app.get(&api_path_of(&operator)).await;
        assert_eq!(shown.expect(StatusCode::OK), operator, "{name}");
    }
}

#[tokio::test]
async fn all_errors_of_an_operator_are_shown_beside_their_fields() {
    let app = TestApp::start().await;
    let browser = Browser::as_owner(&app).await;
    let fields = [
        ("FullName", " "),
        ("Email", "admin@example.com"),
        ("MobilePhone", "0612"),
        ("AllowNativeLogin", "false"),
        ("TimeZoneId", "soon"),
    ];
    let page = browser
        .fill("/console/operators/new", "/console/operators", &fields)
        .await;
    let text = page.expect(StatusCode::OK);
    assert_eq!(element(text, "FullName-error").trim(), "Is required.");
    for (field, expected) in [
        ("Email", "another operator of the account"),
        ("MobilePhone", "is not a phone number"),
        ("AllowNativeLogin", "single sign-on"),
        ("TimeZoneId", "must be a whole number"),
    ] {
        let message = element(text, &format!("{field}-error")).to_lowercase();
        assert!(message.contains(expected), "{field}: {message}");
        assert!(text.contains(&format!("href=\"#{field}\"")), "{field}");
    }
    let form = page.form("/console/operators");
    assert_eq!(form.fields["MobilePhone"], "0612");
    assert_eq!(form.fields["AllowNativeLogin"], "false");
    let owner = owner_path(&app).await;
    let page = browser.fill(&owner, &owner, &[("FullName", "")]).await;
    assert!(page.expect(StatusCode::OK).contains("Nothing was changed"));
    assert_eq!(app.owner().await["FullName"], "Account Administrator");
}

#[tokio::test]
async fn schedules_are_added_changed_and_deleted() {
    let app = TestApp::start().await;
    let browser = Browser::as_owner(&app).await;
    let owner = owner_path(&app).await;
    let group = app
        .new_group("Group")
        .await
        .replace("/v4/OperatorGroup", "/console/groups");
    for path in [format!("{owner}/schedules"), format!("{group}/schedules")] {
        let api_path = path
            .replace("/console/operators", "/v4/Operator")
            .replace("/console/groups", "/v4/OperatorGroup")
            .replace("/schedules", "/DutySchedule");
        let weekly = [
            ("ScheduleMode", "Weekly"),
            ("WeekDay", "Monday"),
            ("StartTime", "22:00"),
            ("EndTime", "06:00"),
        ];
        let page = browser.fill(&path, &path, &weekly).await;
        assert!(
            page.expect(StatusCode::OK)
                .contains("Monday, 22:00 to 06:00")
        );
        let once = [
            ("ScheduleMode", "OneTime"),
            ("StartDateTime", "2026-01-01T08:00"),
            ("EndDateTime", "2026-01-02T08:00:30"),
        ];
        let page = browser.fill(&path, &path, &once).await;
        assert!(
            page.expect(StatusCode::OK)
                .contains("2026-01-01 08:00:00 to 2026-01-02 08:00:30")
        );
        let schedules = app.get(&api_path).await.expect(StatusCode::OK);
        let ids = [&schedules[0]["Id"], &schedules[1]["Id"]];

        // An unmodified form changes nothing.
        for id in ids {
            let path = format!("{path}/{id}");
            browser.fill(&path, &path, &[]).await.expect(StatusCode::OK);
        }
        assert_eq!(app.get(&api_path).await.expect(StatusCode::OK), schedules);

        let wrong = [
            ("ScheduleMode", "Monthly"),
            ("MonthDay", "32"),
            ("WeekDay", "Monday"),
        ];
        let page = browser.fill(&path, &path, &wrong).await;
        let text = page.expect(StatusCode::OK);
        for field in ["MonthDay", "WeekDay", "StartTime", "EndTime"] {
            assert!(!element(text, &format!("{field}-error")).is_empty());
        }
        let delete = format!("{path}/{}/delete", ids[0]);
        browser
            .fill(&path, &delete, &[])
            .await
            .expect(StatusCode::OK);
        assert_eq!(
            app.get(&api_path)
                .await
                .expect(StatusCode::OK)
                .as_array()
                .unwrap()
                .len(),
            1
        );
    }
}

#[tokio::test]
async fn groups_and_permissions_are_added_and_removed() {
    let app = TestApp::start().await;
    let browser = Browser::as_owner(&app).await;
    let owner = owner_path(&app).await;
    let page = browser
        .fill(
            "/console/groups/new",
            "/console/groups",
            &[("Description", "New")],
        )
        .await;
    let guid = element(page.expect(StatusCode::OK), "guid");
    let (path, api_path) = (
        format!("/console/groups/{guid}"),
        format!("/v4/OperatorGroup/{guid}"),
    );
    let members = async || {
        app.get(&format!("{api_path}/Member"))
            .await
            .expect(StatusCode::OK)
    };

    let tab = format!("{owner}/groups");
    browser
        .fill(&tab, &tab, &[("group", &guid)])
        .await
        .expect(StatusCode::OK);
    assert_eq!(members().await.as_array().unwrap().len(), 1);
    browser
        .fill(&path, &format!("{path}/duty"), &[("duty", "on")])
        .await
        .expect(StatusCode::OK);
    assert_eq!(app.owner().await["IsOnDuty"], true);
    let leave = format!("{tab}/leave");
    browser
        .fill(&tab, &leave, &[("group", &guid)])
        .await
        .expect(StatusCode::OK);
    assert_eq!(members().await, json!([]));
    let second = app.get("/v4/Operator").await.expect(StatusCode::OK)[1].clone();
    let second = text(&second, "OperatorGuid");
    browser
        .fill(&path, &format!("{path}/members"), &[("operator", &second)])
        .await
        .expect(StatusCode::OK);
    assert_eq!(members().await[0]["OperatorGuid"], second);
    browser
        .fill(
            &path,
            &format!("{path}/members/remove"),
            &[("operator", &second)],
        )
        .await
        .expect(StatusCode::OK);
    assert_eq!(members().await, json!([]));

    let operator_tab = format!("{owner}/permissions");
    for (page, action, permissions) in [
        (
            &path,
            format!("{path}/permissions"),
            format!("{api_path}/Authorization"),
        ),
        (
            &operator_tab,
            operator_tab.clone(),
            api_path_of(&app.owner().await) + "/Authorization",
        ),
    ] {
        // The form that assigns a permission follows those that withdraw one.
        let form = browser.open(page).await.forms(&action).last().unwrap();
        let assigned = browser.send(form.with("permission", "AllowInfra")).await;
        assert!(assigned.expect(StatusCode::OK).contains("was assigned"));
        assert!(app.get(&permissions).await.text.contains("AllowInfra"));
        let page = browser.open(page).await;
        let mut forms = page.forms(&action);
        let form = forms.find(|form| form.fields["permission"] == "AllowInfra");
        let withdrawn = browser.send(form.unwrap()).await;
        assert!(withdrawn.expect(StatusCode::OK).contains("was withdrawn"));
        assert!(!app.get(&permissions).await.text.contains("AllowInfra"));
    }

    browser
        .fill(&path, &path, &[("Description", "Renamed")])
        .await
        .expect(StatusCode::OK);
    let page = browser.fill(&path, &path, &[("Description", "")]).await;
    assert!(page.expect(StatusCode::OK).contains("Nothing was changed"));
    assert_eq!(
        app.get(&api_path).await.expect(StatusCode::OK)["Description"],
        "Renamed"
    );
    let delete = format!("{path}/delete");
    browser
        .fill(&delete, &delete, &[])
        .await
        .expect(StatusCode::OK);
    app.get(&api_path).await.expect(StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn time_zones_are_listed_and_searched() {
    let app = TestApp::start().await;
    let browser = Browser::as_owner(&app).await;
    let zones = app.get("/v4/Timezone").await.expect(StatusCode::OK);
    let zones = zones.as_array().unwrap().len();
    let mut rows = 0;
    for page in 1..=zones.div_ceil(50) {
        let path = format!("/console/time-zones?page={page}");
        rows += browser
            .read(&path)
            .await
            .matches("<th scope=\"row\">")
            .count();
    }
    assert_eq!(rows, zones);
    let page = browser.read("/console/time-zones?q=AMSTERDAM").await;
    assert!(page.contains("1 time zone;"), "{page}");
}

#[tokio::test]
async fn a_group_is_joined_by_a_description_that_only_it_has() {
    let app = TestApp::start().await;
    let groups = [app.new_group("same").await, app.new_group("same").await];
    let browser = Browser::as_owner(&app).await;
    let tab = owner_path(&app).await + "/groups";
    let page = browser.fill(&tab, &tab, &[("group", "same")]).await;
    let message = element(page.expect(StatusCode::OK), "group-error");
    assert!(message.contains("Several groups"), "{message}");
    for group in groups {
        let guid = group.rsplit('/').next().unwrap();
        let page = browser.fill(&tab, &tab, &[("group", guid)]).await;
        assert!(
            page.expect(StatusCode::OK)
                .contains(&format!("/console/groups/{guid}"))
        );
    }
}
