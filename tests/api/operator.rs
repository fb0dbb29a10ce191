//! Tests of `/Operator`.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::{Answer, TestApp, path_of, text};

/// Returns every writable field with a value other than its default, except for those that need single sign-on for that.
fn all_fields() -> Value {
    json!({
        "FullName": "Third Operator",
        "Email": "ThirdOperator@acme.com",
        "MobilePhone": "+31612345678",
        "OutgoingPhoneNumber": "+31201234567",
        "OutgoingPhoneNumberId": 2,
        "BackupEmail": "third@example.com",
        "IsOnDuty": true,
        "CultureName": "nl-NL",
        "TimeZoneId": 56,
        "SmsProvider": "SmsProviderUSA",
        "UseNumericSender": true,
        "PhoneProvider": "PhoneProviderEurope",
        "AllowNativeLogin": true,
        "AllowSingleSignon": false,
        "DefaultDashboard": "AccountOverview",
        "OperatorRole": "Observer",
        "SetupMode": "Invitation",
    })
}

/// Returns the default fields of an operator; null means that the field is absent.
fn defaults() -> Value {
    json!({
        "MobilePhone": "",
        "OutgoingPhoneNumber": "",
        "OutgoingPhoneNumberId": null,
        "BackupEmail": "",
        "IsOnDuty": false,
        "CultureName": "",
        "TimeZoneId": null,
        "SmsProvider": "UseAccountSetting",
        "UseNumericSender": null,
        "PhoneProvider": "UseAccountSetting",
        "AllowNativeLogin": null,
        "AllowSingleSignon": null,
        "DefaultDashboard": "UseAccountSpecifiedDashboard",
        "OperatorRole": "Unspecified",
        "SetupMode": "Manual",
    })
}

/// Merges the fields of `more` into `fields`.
fn with(mut fields: Value, more: &Value) -> Value {
    let more = more.as_object().unwrap().clone();
    fields.as_object_mut().unwrap().extend(more);
    fields
}

/// Expects an operator to have these fields; null means that the field is absent.
#[track_caller]
fn assert_has(operator: &Value, fields: &Value) {
    for (name, value) in fields.as_object().unwrap() {
        assert_eq!(operator.get(name).unwrap_or(&Value::Null), value, "{name}");
        assert_ne!(operator.get(name), Some(&Value::Null), "{name}");
    }
}

/// Creates, replaces and patches an operator with these fields and the fewest possible others.
async fn in_every_way(app: &TestApp, fields: &Value) -> [Answer; 3] {
    let least = json!({"FullName": "Written", "Email": "written@example.com"});
    let path = path_of(&app.new_operator(json!({"Email": "way@example.com"})).await);
    let answers = [
        app.post("/v4/Operator", with(least.clone(), fields)).await,
        app.put(
            &path,
            with(
                json!({"FullName": "Way", "Email": "way@example.com"}),
                fields,
            ),
        )
        .await,
        app.patch(&path, fields.clone()).await,
    ];
    app.delete(&path).await.expect(StatusCode::NO_CONTENT);
    answers
}

async fn count(app: &TestApp) -> usize {
    let operators = app.get("/v4/Operator").await.expect(StatusCode::OK);
    operators.as_array().unwrap().len()
}

#[tokio::test]
async fn a_new_operator_has_every_documented_field_with_its_default() {
    let app = TestApp::start().await;
    let operator = app.new_operator(json!({})).await;
    let mut expected = json!({
        "FullName": "Third Operator",
        "Email": "ThirdOperator@acme.com",
        "MobilePhone": "",
        "OutgoingPhoneNumber": "",
        "IsAccountAdministrator": false,
        "BackupEmail": "",
        "IsOnDuty": false,
        "CultureName": "",
        "SmsProvider": "UseAccountSetting",
        "PhoneProvider": "UseAccountSetting",
        "DefaultDashboard": "UseAccountSpecifiedDashboard",
        "OperatorRole": "Unspecified",
        "SetupMode": "Manual",
    });
    expected["OperatorGuid"] = operator["OperatorGuid"].clone();
    expected["Hash"] = operator["Hash"].clone();
    assert_eq!(operator, expected);
    assert_eq!(
        app.get(&path_of(&operator)).await.expect(StatusCode::OK),
        expected
    );
}

#[tokio::test]
async fn fields_are_written_in_the_documents_order() {
    let app = TestApp::start().await;
    let answer = app.post("/v4/Operator", all_fields()).await;
    answer.expect(StatusCode::CREATED);
    let places: Vec<_> = [
        "OperatorGuid",
        "Hash",
        "FullName",
        "Email",
        "MobilePhone",
        "OutgoingPhoneNumber",
        "OutgoingPhoneNumberId",
        "IsAccountAdministrator",
        "BackupEmail",
        "IsOnDuty",
        "CultureName",
        "TimeZoneId",
        "SmsProvider",
        "UseNumericSender",
        "PhoneProvider",
        "AllowNativeLogin",
        "AllowSingleSignon",
        "DefaultDashboard",
        "OperatorRole",
        "SetupMode",
    ]
    .iter()
    .map(|name| answer.text.find(&format!("\"{name}\":")).expect(name))
    .collect();
    assert!(places.is_sorted(), "{}", answer.text);
}

#[tokio::test]
async fn operators_are_listed_in_the_order_of_their_creation() {
    let app = TestApp::start().await;
    for name in ["z", "a", "m"] {
        app.new_operator(json!({"FullName": name, "Email": format!("{name}@example.com")}))
            .await;
    }
    let operators = app.get("/v4/Operator").await.expect(StatusCode::OK);
    let names: Vec<_> = operators
        .as_array()
        .unwrap()
        .iter()
        .map(|operator| text(operator, "FullName"))
        .collect();
    assert_eq!(
        names,
        ["Account Administrator", "Second Operator", "z", "a", "m"]
    );
}

#[tokio::test]
async fn only_the_owner_is_the_account_administrator() {
    let app = TestApp::start().await;
    let third = app
        .new_operator(json!({"IsAccountAdministrator": true}))
        .await;
    let administrators = app.system_group("IsAdministratorsGroup").await;
    let member = format!("{administrators}/Member/{}", text(&third, "OperatorGuid"));
    app.act(&member).await.expect(StatusCode::CREATED);
    let operators = app.get("/v4/Operator").await.expect(StatusCode::OK);
    let flags: Vec<_> = operators
        .as_array()
        .unwrap()
        .iter()
        .map(|operator| operator["IsAccountAdministrator"].clone())
        .collect();
    assert_eq!(flags, [true, false, false]);
}

#[tokio::test]
async fn an_unknown_operator_is_not_found() {
    let app = TestApp::start().await;
    let path = "/v4/Operator/c1534087-590e-497e-b58e-00bc4dbfa1d3";
    let body = json!({"FullName": "Nobody", "Email": "nobody@example.com"});
    for answer in [
        app.get(path).await,
        app.put(path, body.clone()).await,
        app.patch(path, body).await,
        app.delete(path).await,
        app.get(&format!("{path}/OperatorGroup")).await,
    ] {
        assert_eq!(answer.messages(StatusCode::NOT_FOUND).len(), 1);
    }
}

#[tokio::test]
async fn valid_values_are_returned_as_sent() {
    let app = TestApp::start().await;
    for (field, value) in [
        ("FullName", json!("x".repeat(255))),
        ("FullName", json!("é".repeat(255))),
        ("FullName", json!(format!("  {}  ", "x".repeat(255)))),
        ("FullName", json!("  Blanks \t around ")),
        ("Email", json!(" Mixed.Case+tag@Sub.Example.com ")),
        ("MobilePhone", json!("")),
        ("MobilePhone", json!("+31612345678")),
        ("MobilePhone", json!(" +1 (555) 123-45.67 ")),
        ("MobilePhone", json!("+123456")),
        ("MobilePhone", json!("+123456789012345")),
        ("OutgoingPhoneNumber", json!("+44 20 7946 0123")),
        ("OutgoingPhoneNumberId", json!(1)),
        ("BackupEmail", json!("")),
        ("BackupEmail", json!(" FirstOperator@gmail.com ")),
        ("IsOnDuty", json!(true)),
        ("IsOnDuty", json!(false)),
        ("CultureName", json!("")),
        ("CultureName", json!("en-US")),
        ("CultureName", json!("en-GB")),
        ("CultureName", json!("fr-FR")),
        ("CultureName", json!("de-DE")),
        ("CultureName", json!("nl-NL")),
        ("TimeZoneId", json!(1)),
        ("TimeZoneId", json!(110)),
        ("SmsProvider", json!("UseAccountSetting")),
        ("SmsProvider", json!("SmsProviderEurope")),
        ("SmsProvider", json!("SmsProviderEurope2")),
        ("SmsProvider", json!("SmsProviderUSA")),
        ("SmsProvider", json!("SmsProviderInternational")),
        ("UseNumericSender", json!(true)),
        ("UseNumericSender", json!(false)),
        ("PhoneProvider", json!("x".repeat(64))),
        ("PhoneProvider", json!(" PhoneProviderEurope ")),
        ("AllowNativeLogin", json!(true)),
        ("AllowSingleSignon", json!(false)),
        ("DefaultDashboard", json!("AccountOverview")),
        ("DefaultDashboard", json!("SomeDashboardOfTheFuture2")),
        ("DefaultDashboard", json!("x".repeat(64))),
        (
            "DefaultDashboard",
            json!("C1534087-590E-497E-B58E-00BC4DBFA1D3"),
        ),
        ("OperatorRole", json!("x".repeat(64))),
        ("SetupMode", json!("Manual")),
        ("SetupMode", json!("Invitation")),
    ] {
        let fields = json!({ field: value });
        let created = app.new_operator(fields.clone()).await;
        assert_has(&created, &fields);
        let path = path_of(&created);
        let least = json!({"FullName": "Third", "Email": "third@example.com"});
        app.patch(&path, with(least.clone(), &fields))
            .await
            .expect(StatusCode::NO_CONTENT);
        assert_has(&app.get(&path).await.expect(StatusCode::OK), &fields);
        app.put(&path, least.clone())
            .await
            .expect(StatusCode::NO_CONTENT);
        app.put(&path, with(least, &fields))
            .await
            .expect(StatusCode::NO_CONTENT);
        assert_has(&app.get(&path).await.expect(StatusCode::OK), &fields);
        app.delete(&path).await.expect(StatusCode::NO_CONTENT);
    }
}

#[tokio::test]
async fn a_broken_rule_is_a_403_that_names_the_field() {
    let app = TestApp::start().await;
    for (field, value) in [
        ("FullName", json!("x".repeat(256))),
        ("FullName", json!("é".repeat(256))),
        ("Email", json!("nobody")),
        ("Email", json!("no body@example.com")),
        ("Email", json!("a@b@example.com")),
        ("Email", json!("@example.com")),
        ("Password", json!("")),
        ("Password", json!("x".repeat(257))),
        ("MobilePhone", json!("0612345678")),
        ("MobilePhone", json!("+12345")),
        ("MobilePhone", json!("+1234567890123456")),
        ("MobilePhone", json!("+31 6 1234 x678")),
        ("MobilePhone", json!("MobilePhone")),
        ("OutgoingPhoneNumber", json!("31612345678")),
        ("OutgoingPhoneNumberId", json!(0)),
        ("OutgoingPhoneNumberId", json!(-1)),
        ("OutgoingPhoneNumberId", json!(99)),
        ("BackupEmail", json!("nobody")),
        ("CultureName", json!("nl-BE")),
        ("CultureName", json!("nl")),
        ("TimeZoneId", json!(0)),
        ("TimeZoneId", json!(-1)),
        ("TimeZoneId", json!(i32::MAX)),
        ("PhoneProvider", json!("x".repeat(65))),
        ("AllowNativeLogin", json!(false)),
        ("AllowSingleSignon", json!(true)),
        ("DefaultDashboard", json!("My dashboard")),
        ("DefaultDashboard", json!("x".repeat(65))),
        ("DefaultDashboard", json!("Übersicht")),
        ("OperatorRole", json!("x".repeat(65))),
    ] {
        for answer in in_every_way(&app, &json!({ field: value })).await {
            answer.names(StatusCode::FORBIDDEN, &[field]);
        }
    }
    assert_eq!(count(&app).await, 2);
}

#[tokio::test]
async fn a_value_of_the_wrong_type_is_a_400_that_names_the_field() {
    let app = TestApp::start().await;
    let of_texts = [json!(5), json!(true), json!([]), json!({})];
    let of_booleans = [json!("true"), json!(1), json!([]), json!({})];
    let of_numbers = [
        json!("56"),
        json!(1.5),
        json!(2_147_483_648_i64),
        json!(true),
        json!([1]),
    ];
    let of_words = [json!(1), json!("Sms"), json!(["Manual"])];
    let cases: [(&[&str], &[Value]); 4] = [
        (
            &[
                "FullName",
                "Email",
                "Password",
                "MobilePhone",
                "OutgoingPhoneNumber",
                "BackupEmail",
                "CultureName",
                "PhoneProvider",
                "DefaultDashboard",
                "OperatorRole",
            ],
            &of_texts,
        ),
        (
            &[
                "IsOnDuty",
                "UseNumericSender",
                "AllowNativeLogin",
                "AllowSingleSignon",
                "OutgoingPhoneNumberIdSpecified",
                "CultureNameSpecified",
                "TimeZoneIdSpecified",
                "UseNumericSenderSpecified",
                "AllowNativeLoginSpecified",
                "AllowSingleSignonSpecified",
            ],
            &of_booleans,
        ),
        (&["OutgoingPhoneNumberId", "TimeZoneId"], &of_numbers),
        (&["SmsProvider", "SetupMode"], &of_words),
    ];
    for (fields, values) in cases {
        for (field, value) in fields
            .iter()
            .flat_map(|field| values.iter().map(move |value| (field, value)))
        {
            for answer in in_every_way(&app, &json!({ *field: value })).await {
                answer.names(StatusCode::BAD_REQUEST, &[field]);
            }
        }
    }
    assert_eq!(count(&app).await, 2);
}

#[tokio::test]
async fn a_name_and_an_address_are_required() {
    let app = TestApp::start().await;
    let path = path_of(
        &app.new_operator(json!({"Email": "other@example.com"}))
            .await,
    );
    for field in ["FullName", "Email"] {
        let mut missing = all_fields();
        missing.as_object_mut().unwrap().remove(field);
        for value in [json!(null), json!(""), json!(" \t ")] {
            let blank = with(missing.clone(), &json!({ field: value }));
            app.post("/v4/Operator", blank.clone())
                .await
                .names(StatusCode::BAD_REQUEST, &[field]);
            app.put(&path, blank)
                .await
                .names(StatusCode::BAD_REQUEST, &[field]);
        }
        app.post("/v4/Operator", missing.clone())
            .await
            .names(StatusCode::BAD_REQUEST, &[field]);
        app.put(&path, missing)
            .await
            .names(StatusCode::BAD_REQUEST, &[field]);
        for blank in ["", "  "] {
            app.patch(&path, json!({ field: blank }))
                .await
                .names(StatusCode::BAD_REQUEST, &[field]);
        }
    }
}

#[tokio::test]
async fn null_in_a_post_or_put_counts_as_absent() {
    let app = TestApp::start().await;
    let mut nulls = defaults();
    for value in nulls.as_object_mut().unwrap().values_mut() {
        *value = Value::Null;
    }
    let operator = app.new_operator(nulls.clone()).await;
    assert_has(&operator, &defaults());
    let path = path_of(&operator);
    app.put(&path, all_fields())
        .await
        .expect(StatusCode::NO_CONTENT);
    app.put(&path, with(all_fields(), &nulls))
        .await
        .expect(StatusCode::NO_CONTENT);
    assert_eq!(app.get(&path).await.expect(StatusCode::OK), operator);
}

#[tokio::test]
async fn a_put_sets_absent_fields_to_their_defaults() {
    let app = TestApp::start().await;
    let operator = app.new_operator(all_fields()).await;
    assert_has(&operator, &all_fields());
    let path = path_of(&operator);
    let least = json!({"FullName": "Renamed", "Email": "renamed@example.com"});
    app.put(&path, least.clone())
        .await
        .expect(StatusCode::NO_CONTENT);
    let after = app.get(&path).await.expect(StatusCode::OK);
    assert_has(&after, &with(defaults(), &least));
}

#[tokio::test]
async fn an_empty_patch_changes_nothing() {
    let app = TestApp::start().await;
    let operator = app.new_operator(all_fields()).await;
    let path = path_of(&operator);
    app.patch(&path, json!({}))
        .await
        .expect(StatusCode::NO_CONTENT);
    assert_eq!(app.get(&path).await.expect(StatusCode::OK), operator);
}

#[tokio::test]
async fn a_patch_of_a_field_leaves_the_others_unchanged() {
    let app = TestApp::start().await;
    let operator = app.new_operator(json!({})).await;
    let path = path_of(&operator);
    let mut expected = operator;
    for (field, value) in all_fields().as_object().unwrap() {
        app.patch(&path, json!({ field: value }))
            .await
            .expect(StatusCode::NO_CONTENT);
        let after = app.get(&path).await.expect(StatusCode::OK);
        expected[field] = value.clone();
        expected["Hash"] = after["Hash"].clone();
        assert_eq!(after, expected, "{field}");
    }
}

#[tokio::test]
async fn a_patch_to_null_resets_a_field_and_leaves_the_others_unchanged() {
    let app = TestApp::start().await;
    for (field, default) in defaults().as_object().unwrap() {
        let operator = app.new_operator(all_fields()).await;
        let path = path_of(&operator);
        app.patch(&path, json!({ field: null }))
            .await
            .expect(StatusCode::NO_CONTENT);
        let after = app.get(&path).await.expect(StatusCode::OK);
        assert_has(&after, &with(all_fields(), &json!({ field: default })));
        app.delete(&path).await.expect(StatusCode::NO_CONTENT);
    }
}

#[tokio::test]
async fn a_patch_to_null_leaves_a_name_an_address_and_a_password_unchanged() {
    let app = TestApp::start().await;
    let operator = app.new_operator(json!({"Password": "s3cret"})).await;
    let path = path_of(&operator);
    let body = json!({"FullName": null, "Email": null, "Password": null});
    app.patch(&path, body).await.expect(StatusCode::NO_CONTENT);
    assert_eq!(app.get(&path).await.expect(StatusCode::OK), operator);
    assert_eq!(log_in(&app, "s3cret").await, StatusCode::CREATED);
}

/// The effect of a `…Specified` flag on its field: kept (or unset, if there is no previous value), unset, or set as sent.
#[derive(Clone, Copy)]
enum FlagEffect {
    Kept,
    Unset,
    Sent,
}

#[tokio::test]
async fn a_specified_flag_decides_whether_its_field_is_kept_cleared_or_set() {
    use FlagEffect::{Kept, Sent, Unset};

    let app = TestApp::start().await;
    let path = path_of(&app.new_operator(json!({})).await);
    for (field, before, input) in [
        ("OutgoingPhoneNumberId", json!(1), json!(2)),
        ("CultureName", json!("nl-NL"), json!("de-DE")),
        ("TimeZoneId", json!(1), json!(56)),
        ("UseNumericSender", json!(true), json!(false)),
        ("AllowNativeLogin", json!(true), json!(true)),
        ("AllowSingleSignon", json!(false), json!(false)),
    ] {
        let flag = format!("{field}Specified");
        for (body, becomes) in [
            (json!({}), Kept),
            (json!({ &flag: null }), Kept),
            (json!({ &flag: false }), Kept),
            (json!({ &flag: true }), Unset),
            (json!({ field: null }), Unset),
            (json!({ field: null, &flag: null }), Unset),
            (json!({ field: null, &flag: false }), Kept),
            (json!({ field: null, &flag: true }), Unset),
            (json!({ field: input }), Sent),
            (json!({ field: input, &flag: null }), Sent),
            (json!({ field: input, &flag: false }), Kept),
            (json!({ field: input, &flag: true }), Sent),
        ] {
            let unset = &defaults()[field];
            let set_up = with(all_fields(), &json!({ field: before }));
            app.put(&path, set_up.clone())
                .await
                .expect(StatusCode::NO_CONTENT);
            app.patch(&path, body.clone())
                .await
                .expect(StatusCode::NO_CONTENT);
            let patched = match becomes {
                Kept => &before,
                Unset => unset,
                Sent => &input,
            };
            let after = app.get(&path).await.expect(StatusCode::OK);
            assert_has(&after, &json!({ field: patched }));

            let replaced = match becomes {
                Kept | Unset => unset,
                Sent => &input,
            };
            let least = json!({"FullName": "Third", "Email": "third@example.com"});
            app.put(&path, with(least, &body))
                .await
                .expect(StatusCode::NO_CONTENT);
            let after = app.get(&path).await.expect(StatusCode::OK);
            assert_has(&after, &json!({ field: replaced }));
        }
    }
}

#[tokio::test]
async fn the_rules_of_a_field_do_not_apply_if_its_flag_is_false() {
    let app = TestApp::start().await;
    for (field, value) in [
        ("OutgoingPhoneNumberId", json!(0)),
        ("CultureName", json!("nl-BE")),
        ("TimeZoneId", json!(0)),
        ("AllowNativeLogin", json!(false)),
        ("AllowSingleSignon", json!(true)),
    ] {
        let body = json!({ field: value, format!("{field}Specified"): false });
        let [created, replaced, patched] = in_every_way(&app, &body).await;
        let created = created.expect(StatusCode::CREATED);
        assert_has(&created, &json!({ field: defaults()[field] }));
        replaced.expect(StatusCode::NO_CONTENT);
        patched.expect(StatusCode::NO_CONTENT);
        app.delete(&path_of(&created))
            .await
            .expect(StatusCode::NO_CONTENT);
    }
}

#[tokio::test]
async fn the_type_of_a_field_is_checked_even_if_its_flag_is_false() {
    let app = TestApp::start().await;
    for field in [
        "OutgoingPhoneNumberId",
        "CultureName",
        "TimeZoneId",
        "UseNumericSender",
        "AllowNativeLogin",
        "AllowSingleSignon",
    ] {
        let body = json!({ field: {}, format!("{field}Specified"): false });
        for answer in in_every_way(&app, &body).await {
            answer.names(StatusCode::BAD_REQUEST, &[field]);
        }
    }
}

#[tokio::test]
async fn an_empty_word_means_the_default_and_in_a_patch_no_change() {
    let app = TestApp::start().await;
    for field in [
        "SmsProvider",
        "PhoneProvider",
        "DefaultDashboard",
        "OperatorRole",
        "SetupMode",
    ] {
        let empty = json!({ field: "" });
        let default = json!({ field: defaults()[field] });
        let created = app.new_operator(with(all_fields(), &empty)).await;
        assert_has(&created, &default);
        let path = path_of(&created);
        app.put(&path, all_fields())
            .await
            .expect(StatusCode::NO_CONTENT);
        app.patch(&path, empty.clone())
            .await
            .expect(StatusCode::NO_CONTENT);
        assert_has(&app.get(&path).await.expect(StatusCode::OK), &all_fields());
        app.put(&path, with(all_fields(), &empty))
            .await
            .expect(StatusCode::NO_CONTENT);
        assert_has(&app.get(&path).await.expect(StatusCode::OK), &default);
        app.delete(&path).await.expect(StatusCode::NO_CONTENT);
    }
}

#[tokio::test]
async fn words_ignore_case_and_are_written_as_documented() {
    let app = TestApp::start().await;
    let operator = app
        .new_operator(json!({"SmsProvider": "SMSPROVIDERusa", "SetupMode": "invitation"}))
        .await;
    assert_has(
        &operator,
        &json!({"SmsProvider": "SmsProviderUSA", "SetupMode": "Invitation"}),
    );
}

#[tokio::test]
async fn property_names_ignore_case() {
    let app = TestApp::start().await;
    let body = json!({
        "fullname": "Any Case",
        "EMAIL": "case@example.com",
        "timeZoneId": 56,
        "timezoneidspecified": false,
    });
    let operator = app.post("/v4/Operator", body).await;
    let expected = json!({"FullName": "Any Case", "Email": "case@example.com", "TimeZoneId": null});
    assert_has(&operator.expect(StatusCode::CREATED), &expected);
}

#[tokio::test]
async fn read_only_fields_are_ignored() {
    let app = TestApp::start().await;
    for junk in [json!(5), json!("junk"), json!({}), json!(null), json!(true)] {
        let operator = app
            .new_operator(json!({
                "OperatorGuid": junk,
                "Hash": junk,
                "IsAccountAdministrator": junk,
                "Unknown": junk,
            }))
            .await;
        assert_ne!(operator["Hash"], junk);
        assert_eq!(operator["IsAccountAdministrator"], false);
        let path = path_of(&operator);
        let body = json!({"Hash": junk, "IsAccountAdministrator": junk, "Unknown": junk});
        app.patch(&path, body.clone())
            .await
            .expect(StatusCode::NO_CONTENT);
        let least = json!({"FullName": "Third Operator", "Email": "ThirdOperator@acme.com"});
        app.put(&path, with(least, &body))
            .await
            .expect(StatusCode::NO_CONTENT);
        assert_eq!(app.get(&path).await.expect(StatusCode::OK), operator);
        app.delete(&path).await.expect(StatusCode::NO_CONTENT);
    }
}

#[tokio::test]
async fn the_guid_in_a_body_must_not_contradict_the_path() {
    let app = TestApp::start().await;
    let operator = app.new_operator(json!({})).await;
    let (path, guid) = (path_of(&operator), text(&operator, "OperatorGuid"));
    let least = json!({"FullName": "Third Operator", "Email": "ThirdOperator@acme.com"});
    for agrees in [
        json!(guid),
        json!(guid.to_uppercase()),
        json!(format!("{{{guid}}}")),
        json!(guid.replace('-', "")),
        json!(""),
        json!(null),
        json!("00000000-0000-0000-0000-000000000000"),
    ] {
        let body = json!({ "OperatorGuid": agrees });
        app.patch(&path, body.clone())
            .await
            .expect(StatusCode::NO_CONTENT);
        app.put(&path, with(least.clone(), &body))
            .await
            .expect(StatusCode::NO_CONTENT);
    }
    let other = app.owner().await["OperatorGuid"].clone();
    for contradicts in [
        other,
        json!("c1534087-590e-497e-b58e-00bc4dbfa1d3"),
        json!("none"),
        json!(7),
        json!({}),
    ] {
        let body = json!({ "OperatorGuid": contradicts });
        app.patch(&path, body.clone())
            .await
            .names(StatusCode::FORBIDDEN, &["OperatorGuid"]);
        app.put(&path, with(least.clone(), &body))
            .await
            .names(StatusCode::FORBIDDEN, &["OperatorGuid"]);
    }
    assert_eq!(app.get(&path).await.expect(StatusCode::OK), operator);
}

#[tokio::test]
async fn the_hash_is_the_same_in_equal_runs() {
    let run = async || {
        let app = TestApp::start().await;
        let operator = app
            .new_operator(with(all_fields(), &json!({"SetupMode": "Manual"})))
            .await;
        let change = json!({"Password": "s3cret", "IsOnDuty": true});
        app.patch(&path_of(&operator), change)
            .await
            .expect(StatusCode::NO_CONTENT);
        let all = app.get("/v4/Operator").await.expect(StatusCode::OK);
        let hashes = all.as_array().unwrap().iter();
        hashes.map(|one| text(one, "Hash")).collect::<Vec<_>>()
    };
    let (one, other) = (run().await, run().await);
    assert_eq!(one, other);
    assert_eq!(one.len(), 3);
}

#[tokio::test]
async fn the_hash_changes_exactly_when_the_operator_changes() {
    let app = TestApp::start().await;
    let operator = app.new_operator(json!({})).await;
    let path = path_of(&operator);
    let hash = async || text(&app.get(&path).await.expect(StatusCode::OK), "Hash");
    let mut hashes = vec![text(&operator, "Hash")];
    let with_password = with(
        all_fields(),
        &json!({"SetupMode": "Manual", "Password": "x"}),
    );
    for (field, value) in with_password.as_object().unwrap() {
        let body = json!({ field: value });
        app.patch(&path, body).await.expect(StatusCode::NO_CONTENT);
        // A password is never returned and is not part of the hash.
        let unchanged = operator.get(field) == Some(value) || field == "Password";
        let after = hash().await;
        assert_eq!(hashes.contains(&after), unchanged, "{field}");
        hashes.push(after);
    }
    for unchanged in [
        json!({}),
        json!({"TimeZoneId": 56}),
        json!({"Password": null}),
    ] {
        app.patch(&path, unchanged)
            .await
            .expect(StatusCode::NO_CONTENT);
        assert_eq!(&hash().await, hashes.last().unwrap());
    }
    app.patch(&path, json!({"TimeZoneId": 0}))
        .await
        .expect(StatusCode::FORBIDDEN);
    assert_eq!(&hash().await, hashes.last().unwrap());
}

#[tokio::test]
async fn an_address_is_unique_ignoring_case_and_surrounding_blanks() {
    let app = TestApp::start().await;
    let path = path_of(&app.new_operator(json!({})).await);
    for email in [
        "admin@example.com",
        "ADMIN@Example.COM",
        "  admin@example.com\t",
    ] {
        for answer in in_every_way(&app, &json!({ "Email": email })).await {
            answer.names(StatusCode::FORBIDDEN, &["Email"]);
        }
    }
    for own in ["thirdoperator@ACME.com", " ThirdOperator@acme.com "] {
        app.patch(&path, json!({ "Email": own }))
            .await
            .expect(StatusCode::NO_CONTENT);
        assert_eq!(app.get(&path).await.expect(StatusCode::OK)["Email"], own);
    }
}

#[tokio::test]
async fn an_address_is_free_again_after_its_operator_is_changed_or_deleted() {
    let app = TestApp::start().await;
    let first = path_of(&app.new_operator(json!({"Email": "a@example.com"})).await);
    app.patch(&first, json!({"Email": "b@example.com"}))
        .await
        .expect(StatusCode::NO_CONTENT);
    let second = path_of(&app.new_operator(json!({"Email": "a@example.com"})).await);
    app.delete(&second).await.expect(StatusCode::NO_CONTENT);
    app.patch(&first, json!({"Email": "A@example.com"}))
        .await
        .expect(StatusCode::NO_CONTENT);
    app.new_operator(json!({"Email": "b@example.com"})).await;
}

#[tokio::test]
async fn all_broken_rules_are_reported_in_one_response() {
    let app = TestApp::start().await;
    let body = json!({
        "FullName": "x".repeat(256),
        "Email": "nobody",
        "Password": "x".repeat(257),
        "MobilePhone": "1",
        "OutgoingPhoneNumber": "2",
        "OutgoingPhoneNumberId": 99,
        "BackupEmail": "nobody",
        "CultureName": "nl-BE",
        "TimeZoneId": 9999,
        "PhoneProvider": "x".repeat(65),
        "AllowNativeLogin": false,
        "AllowSingleSignon": true,
        "DefaultDashboard": "no dashboard",
        "OperatorRole": "x".repeat(65),
    });
    let mut fields: Vec<_> = body
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    fields.sort_unstable();
    for answer in in_every_way(&app, &body).await {
        let mut messages = answer.messages(StatusCode::FORBIDDEN);
        messages.sort();
        let named_fields: Vec<_> = messages
            .iter()
            .map(|message| message.split(':').next().unwrap())
            .collect();
        assert_eq!(named_fields, fields);
    }
}

#[tokio::test]
async fn one_binding_error_makes_all_errors_a_400() {
    let app = TestApp::start().await;
    let body = json!({"TimeZoneId": "56", "MobilePhone": "1", "Email": "admin@example.com"});
    for answer in in_every_way(&app, &body).await {
        answer.names(
            StatusCode::BAD_REQUEST,
            &["MobilePhone", "TimeZoneId", "Email"],
        );
    }
    app.patch(
        "/v4/Operator/7",
        json!({"TimeZoneId": "56", "MobilePhone": "1"}),
    )
    .await
    .names(
        StatusCode::BAD_REQUEST,
        &["OperatorGuid", "MobilePhone", "TimeZoneId"],
    );
}

#[tokio::test]
async fn binding_then_right_then_resource_then_rules_decide_the_error() {
    let app = TestApp::start().await;
    let operator = app.new_operator(json!({})).await;
    let client = app.as_operator(&text(&operator, "OperatorGuid")).await;
    let unknown = "/v4/Operator/c1534087-590e-497e-b58e-00bc4dbfa1d3";
    let unbound = json!({"FullName": 5, "Email": "nobody"});
    let refused = json!({"FullName": "x", "Email": "nobody"});
    for method in [Method::PUT, Method::PATCH] {
        let by_client = client.send(method.clone(), unknown, unbound.clone()).await;
        by_client.names(StatusCode::BAD_REQUEST, &["FullName", "Email"]);
        let by_client = client.send(method.clone(), unknown, refused.clone()).await;
        assert!(by_client.messages(StatusCode::FORBIDDEN)[0].contains("Administrators"));
        let own = client
            .send(method, &path_of(&operator), refused.clone())
            .await;
        own.names(StatusCode::FORBIDDEN, &["Email"]);
    }
    app.put(unknown, refused.clone())
        .await
        .expect(StatusCode::NOT_FOUND);
    app.patch(unknown, refused)
        .await
        .expect(StatusCode::NOT_FOUND);
    app.patch(unknown, json!({"OperatorGuid": "none"}))
        .await
        .expect(StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_request_that_fails_changes_nothing() {
    let app = TestApp::start().await;
    let operator = app.new_operator(json!({"Password": "s3cret"})).await;
    let path = path_of(&operator);
    let body = json!({"FullName": "Renamed", "Password": "another", "TimeZoneId": 9999});
    app.patch(&path, body).await.expect(StatusCode::FORBIDDEN);
    assert_eq!(app.get(&path).await.expect(StatusCode::OK), operator);
    assert_eq!(log_in(&app, "another").await, StatusCode::UNAUTHORIZED);
}

/// Returns the status of a login with a password as the operator created by `new_operator`.
async fn log_in(app: &TestApp, password: &str) -> StatusCode {
    let request = app
        .anonymous(Method::POST, "/v4/Register")
        .basic_auth("ThirdOperator@acme.com", Some(password));
    Answer::of(request).await.status
}

#[tokio::test]
async fn every_method_sets_a_password_and_keeps_it_if_absent() {
    let app = TestApp::start().await;
    let path = path_of(&app.new_operator(json!({"Password": "first"})).await);
    let least = json!({"FullName": "Third Operator", "Email": "ThirdOperator@acme.com"});
    assert_eq!(log_in(&app, "first").await, StatusCode::CREATED);
    app.put(&path, least.clone())
        .await
        .expect(StatusCode::NO_CONTENT);
    app.put(&path, with(least.clone(), &json!({"Password": null})))
        .await
        .expect(StatusCode::NO_CONTENT);
    assert_eq!(log_in(&app, "first").await, StatusCode::CREATED);
    app.put(&path, with(least, &json!({"Password": "second"})))
        .await
        .expect(StatusCode::NO_CONTENT);
    assert_eq!(log_in(&app, "first").await, StatusCode::UNAUTHORIZED);
    assert_eq!(log_in(&app, "second").await, StatusCode::CREATED);
    app.patch(&path, json!({"Password": "third"}))
        .await
        .expect(StatusCode::NO_CONTENT);
    assert_eq!(log_in(&app, "second").await, StatusCode::UNAUTHORIZED);
    assert_eq!(log_in(&app, "third").await, StatusCode::CREATED);
}

#[tokio::test]
async fn a_password_has_1_to_256_characters_including_blanks() {
    let app = TestApp::start().await;
    let path = path_of(&app.new_operator(json!({})).await);
    for password in [" ".to_owned(), " x ".to_owned(), "é".repeat(256)] {
        app.patch(&path, json!({ "Password": password }))
            .await
            .expect(StatusCode::NO_CONTENT);
        assert_eq!(log_in(&app, &password).await, StatusCode::CREATED);
    }
    assert_eq!(log_in(&app, "é").await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_password_is_in_no_response() {
    const SECRET: &str = "1234567890";
    let app = TestApp::start().await;
    let body = json!({"FullName": "x", "Email": "x@example.com", "Password": SECRET});
    let created = app.post("/v4/Operator", body.clone()).await;
    let path = path_of(&created.expect(StatusCode::CREATED));
    for answer in [
        created,
        app.get("/v4/Operator").await,
        app.get(&path).await,
        app.post("/v4/Operator", body).await,
        app.patch(&path, json!({"Password": [SECRET]})).await,
        app.patch(&path, json!({"Password": 1_234_567_890})).await,
        app.patch(
            &path,
            json!({"Password": SECRET, "SetupMode": "Invitation"}),
        )
        .await,
        app.patch(&path, json!({"Password": SECRET.repeat(30)}))
            .await,
        app.patch(&path, json!({"TimeZoneId": SECRET})).await,
    ] {
        assert!(!answer.text.is_empty());
        assert!(!answer.text.contains(SECRET), "{}", answer.text);
        assert!(!answer.text.contains("\"Password\":"), "{}", answer.text);
        assert!(!answer.text.contains("argon2"), "{}", answer.text);
    }
}

#[tokio::test]
async fn an_invited_operator_must_not_have_a_password() {
    let app = TestApp::start().await;
    let body = json!({"SetupMode": "Invitation", "Password": "s3cret"});
    for answer in in_every_way(&app, &body).await {
        answer.names(StatusCode::FORBIDDEN, &["Password"]);
    }
    let invited = json!({"SetupMode": "Invitation", "Password": null});
    let path = path_of(&app.new_operator(invited).await);
    app.patch(&path, json!({"SetupMode": "", "Password": "s3cret"}))
        .await
        .expect(StatusCode::NO_CONTENT);
    assert_eq!(log_in(&app, "s3cret").await, StatusCode::CREATED);
}

#[tokio::test]
async fn an_operator_cannot_delete_itself_or_the_owner() {
    let app = TestApp::start().await;
    let owner = path_of(&app.owner().await);
    let other = app.new_operator(json!({})).await;
    let administrators = app.system_group("IsAdministratorsGroup").await;
    let member = format!("{administrators}/Member/{}", text(&other, "OperatorGuid"));
    app.act(&member).await.expect(StatusCode::CREATED);
    let client = app.as_operator(&text(&other, "OperatorGuid")).await;
    for path in [&owner, &path_of(&other)] {
        let answer = client.send(Method::DELETE, path, json!({})).await;
        assert_eq!(answer.messages(StatusCode::FORBIDDEN).len(), 1);
    }
    // With the owner's own credentials, both rules are broken.
    let answer = app.delete(&owner).await;
    assert_eq!(answer.messages(StatusCode::FORBIDDEN).len(), 2);
    assert_eq!(count(&app).await, 3);
}

#[tokio::test]
async fn deleting_an_operator_deletes_everything_it_owns() {
    let app = TestApp::start().await;
    let operator = app.new_operator(json!({})).await;
    let (path, guid) = (path_of(&operator), text(&operator, "OperatorGuid"));
    let group = app.new_group("Night watch").await;
    let everyone = app.system_group("IsEveryone").await;
    app.act(&format!("{group}/Member/{guid}"))
        .await
        .expect(StatusCode::CREATED);
    app.act(&format!("{path}/Authorization/AllowInfra"))
        .await
        .expect(StatusCode::CREATED);
    let daily = json!({"ScheduleMode": "Daily", "StartTime": "08:00", "EndTime": "16:30"});
    for owner in [&group, &path] {
        app.post(&format!("{owner}/DutySchedule"), daily.clone())
            .await
            .expect(StatusCode::CREATED);
    }
    let client = app.as_operator(&guid).await;
    client.get("/v4/Operator").await.expect(StatusCode::OK);

    app.delete(&path).await.expect(StatusCode::NO_CONTENT);

    client
        .get("/v4/Operator")
        .await
        .expect(StatusCode::UNAUTHORIZED);
    for below in ["", "/OperatorGroup", "/Authorization", "/DutySchedule"] {
        app.get(&format!("{path}{below}"))
            .await
            .expect(StatusCode::NOT_FOUND);
    }
    app.delete(&path).await.expect(StatusCode::NOT_FOUND);
    app.get(&format!("/v4/ApiUser/Operator/{guid}"))
        .await
        .expect(StatusCode::NOT_FOUND);
    let no_member = json!([]);
    for (path, expected) in [
        (format!("{group}/Member"), Some(&no_member)),
        (everyone, None),
    ] {
        let answer = app.get(&path).await;
        let members = answer.expect(StatusCode::OK);
        assert!(!answer.text.contains(&guid));
        assert!(expected.is_none_or(|expected| *expected == members));
    }
    let api_users = app.get("/v4/ApiUser").await.expect(StatusCode::OK);
    assert_eq!(api_users.as_array().unwrap().len(), 1);
    let schedules = app.get(&format!("{group}/DutySchedule")).await;
    assert_eq!(
        schedules.expect(StatusCode::OK).as_array().unwrap().len(),
        1
    );
    assert_eq!(count(&app).await, 2);
}

#[tokio::test]
async fn a_new_operator_inherits_nothing_from_a_deleted_one_with_its_address() {
    let app = TestApp::start().await;
    let first = app.new_operator(json!({"Password": "s3cret"})).await;
    app.act(&format!("{}/Authorization/AllowInfra", path_of(&first)))
        .await
        .expect(StatusCode::CREATED);
    app.delete(&path_of(&first))
        .await
        .expect(StatusCode::NO_CONTENT);
    let second = app.new_operator(json!({})).await;
    assert_ne!(second["OperatorGuid"], first["OperatorGuid"]);
    let authorizations = app
        .get(&format!("{}/Authorization", path_of(&second)))
        .await;
    assert_eq!(
        authorizations.expect(StatusCode::OK),
        json!(["AccountAccess"])
    );
    assert_eq!(log_in(&app, "s3cret").await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_groups_of_an_operator_are_everyone_and_those_it_joined() {
    let app = TestApp::start().await;
    let operator = app.new_operator(json!({})).await;
    let (path, guid) = (path_of(&operator), text(&operator, "OperatorGuid"));
    let everyone = app.system_group("IsEveryone").await;
    let administrators = app.system_group("IsAdministratorsGroup").await;
    let night_watch = app.new_group("Night watch").await;
    let groups = async |expected: &[&String]| {
        let answer = app.get(&format!("{path}/OperatorGroup")).await;
        let expected: Vec<_> = expected
            .iter()
            .map(|group| json!({"OperatorGroupGuid": group.rsplit('/').next().unwrap()}))
            .collect();
        assert_eq!(answer.expect(StatusCode::OK), json!(expected));
    };
    groups(&[&everyone]).await;
    for group in [&night_watch, &administrators] {
        app.act(&format!("{group}/Member/{guid}"))
            .await
            .expect(StatusCode::CREATED);
    }
    groups(&[&administrators, &everyone, &night_watch]).await;
    app.delete(&format!("{administrators}/Member/{guid}"))
        .await
        .expect(StatusCode::NO_CONTENT);
    groups(&[&everyone, &night_watch]).await;
}
