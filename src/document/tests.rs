//! Tests of loading and exporting documents.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::build::Built;
use super::{Accounts, DEFAULT, export, schema};
use crate::domain::collection::Keyed;
use crate::domain::random_changes::random_change;
use crate::domain::{Account, Collection, Context};
use crate::testing::Usage;

fn context() -> Context {
    Context {
        now: "2026-06-25T19:37:59".parse().unwrap(),
        random: crate::system::random,
    }
}

fn load(text: &str) -> Built {
    let mut accounts = Accounts::parse(text, "test", &context())
        .unwrap_or_else(|mistakes| panic!("{mistakes}\n{text}"));
    assert_eq!(accounts.all.len(), 1);
    accounts.all.remove(0)
}

fn mistakes_of(text: &str) -> Vec<String> {
    match Accounts::parse(text, "seed", &context()) {
        Ok(_) => Vec::new(),
        Err(mistakes) => mistakes
            .to_string()
            .lines()
            .map(|line| line["seed:".len()..].to_owned())
            .collect(),
    }
}

/// Returns an account without gaps in its sequence numbers, as if nothing had ever been deleted.
fn without_gaps(account: &Account) -> Account {
    fn without_gaps_in<V: Keyed>(items: &Collection<V>) -> Collection<V> {
        let mut renumbered = Collection::default();
        for item in items.iter() {
            renumbered.insert(std::sync::Arc::clone(item));
        }
        renumbered
    }
    let mut account = account.clone();
    account.operators = without_gaps_in(&account.operators);
    account.api_users = without_gaps_in(&account.api_users);
    let mut groups = Collection::default();
    for group in account.operator_groups.iter() {
        let mut group = (**group).clone();
        let members = group.members_in_order().into_iter().zip(1..);
        group.members = members.collect();
        groups.insert(group);
    }
    account.operator_groups = groups;
    account
}

fn default_account() -> Account {
    Accounts::built_in("emulator", "emulator", &context())
        .all
        .remove(0)
        .account
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn an_export_loads_as_the_same_account(
        changes in vec(random_change(), 0..60),
        single_sign_on in any::<bool>(),
        used in vec((any::<u8>(), 0..40_u64, 1..5_i64), 0..6),
    ) {
        let mut account = default_account();
        account.settings.single_sign_on = single_sign_on;
        for random_change in changes {
            let mut copy = account.clone();
            if random_change.take(&mut copy, &context()).is_ok() {
                account = copy;
            }
        }
        let usage = Usage::default();
        for (number, day, requests) in used {
            if let Some(api_user) = account.api_users.iter().nth(usize::from(number) % account.api_users.len().max(1)) {
                let day = context().now.day() - chrono::Days::new(day);
                usage.restore(api_user.guid, context().now, [(day, requests)].into());
            }
        }
        let document = export(&account, &usage);
        let text = document.to_yaml();
        let json = serde_json::to_value(&document).unwrap();
        let reloaded = load(&text);
        prop_assert_eq!(&reloaded.account, &without_gaps(&account));
        prop_assert!(reloaded.passwords.is_empty());
        for api_user in account.api_users.iter() {
            prop_assert_eq!(reloaded.usage.by_day(api_user.guid), usage.by_day(api_user.guid));
        }
        prop_assert_eq!(serde_json::to_value(export(&reloaded.account, &reloaded.usage)).unwrap(), json.clone());
        // JSON is YAML.
        for json in [json.to_string(), serde_json::to_string_pretty(&json).unwrap()] {
            prop_assert_eq!(&load(&json).account, &reloaded.account);
        }
        let validator = jsonschema::validator_for(&schema()).unwrap();
        let errors: Vec<_> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
        prop_assert_eq!(errors, Vec::<String>::new());
    }
}

fn as_json(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap()
}

#[test]
fn the_built_in_account_is_valid_against_the_schema() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let errors: Vec<_> = validator
        .iter_errors(&as_json(DEFAULT))
        .map(|error| error.to_string())
        .collect();
    assert_eq!(errors, Vec::<String>::new());
    assert!(
        !validator
            .is_valid(&json!({"accounts": [{"AccountId": "1", "operators": [], "Nmae": "x"}]}))
    );
}

/// Returns a document with an operator, followed by `rest`.
fn with_operator(rest: &str) -> String {
    format!(
        "accounts:
  - AccountId: '1'
    operators:
      - key: alice
        FullName: Alice
        Email: alice@example.com
        IsAccountAdministrator: true
{rest}"
    )
}

#[test]
fn omitted_fields_have_the_defaults_of_the_api() {
    let Built {
        account,
        usage: _,
        passwords,
    } = load(&with_operator(
        "    apiUsers: [{operator: alice, UserName: ci, Password: secret}]",
    ));
    let operator = account.operators.iter().next().unwrap();
    assert_eq!(
        operator.profile().phone_provider.to_string(),
        "UseAccountSetting"
    );
    assert!(account.is_administrator(operator.guid));
    assert_eq!(account.authorizations_of(operator.guid).unwrap().len(), 2);
    assert_eq!(account.operator_groups.len(), 2);
    assert_eq!(account.parts().next_schedule_id, 1);
    let api_user = account.api_users.iter().next().unwrap();
    assert_eq!(api_user.created, context().now);
    assert!(!api_user.predates_last_used && passwords.is_empty());
}

#[test]
fn guids_are_derived_from_keys_and_the_same_in_every_run() {
    let text = with_operator(
        "      - {FullName: Bob, Email: Bob@example.com}
    operatorGroups: [{Description: A}, {Description: A}]",
    );
    let (one, other) = (
        load(&text).account,
        load(&text.replace("Bob@", "bob@")).account,
    );
    let guids = |account: &Account| -> Vec<_> {
        account
            .operators
            .iter()
            .map(|operator| operator.guid)
            .collect()
    };
    assert_eq!(guids(&one), guids(&other));
    assert_eq!(one.operator_groups, other.operator_groups);
    assert_eq!(one.operator_groups.len(), 4);
}

#[test]
fn a_month_day_of_0_counts_as_absent_and_whole_numbers_may_have_any_notation() {
    let schedule = |rest: &str| {
        with_operator(&format!(
            "        DutySchedules: [{{StartTime: '08:00', EndTime: '17:00', {rest}}}]"
        ))
    };
    for absent in ["0", "0.0", "null", "~"] {
        let daily = schedule(&format!("ScheduleMode: Daily, MonthDay: {absent}"));
        assert_eq!(mistakes_of(&daily), Vec::<String>::new());
        let monthly = schedule(&format!("ScheduleMode: Monthly, MonthDay: {absent}"));
        let required = "MonthDay: is required for this ScheduleMode";
        assert!(mistakes_of(&monthly)[0].ends_with(required), "{absent}");
    }
    for invalid in ["32", "-1", "1.5", "1e99", "'0'"] {
        let monthly = schedule(&format!("ScheduleMode: Monthly, MonthDay: {invalid}"));
        assert!(mistakes_of(&monthly)[0].contains("MonthDay: "), "{invalid}");
    }
    let account = load(&schedule("Id: 7.0, ScheduleMode: Monthly, MonthDay: 31.0")).account;
    assert_eq!(account.parts().next_schedule_id, 8);
}

#[test]
fn a_response_of_the_live_service_can_be_pasted_in() {
    let account = load(
        r#"{"accounts": [{"AccountId": "1", "TimezoneId": 56, "SingleSignOn": null,
            "operators": [{
                "OperatorGuid": "{36FAD910-6E9F-4886-B1A7-9B4637362CB8}", "Hash": "0x1", "FullName": "A", "Email": "a@b",
                "MobilePhone": "", "OutgoingPhoneNumber": null, "OutgoingPhoneNumberId": 0, "OutgoingPhoneNumberIdSpecified": false,
                "IsAccountAdministrator": true, "BackupEmail": "", "IsOnDuty": true, "CultureName": "nl-NL",
                "CultureNameSpecified": false, "TimeZoneId": 1, "TimeZoneIdSpecified": true, "SmsProvider": "",
                "UseNumericSender": false, "UseNumericSenderSpecified": true, "PhoneProvider": "", "AllowNativeLogin": true,
                "AllowNativeLoginSpecified": true, "AllowSingleSignon": false, "AllowSingleSignonSpecified": true,
                "DefaultDashboard": "", "OperatorRole": "", "SetupMode": "",
                "Authorizations": ["AccountAccess", "AccountAdministrator"],
                "DutySchedules": [{"Id": 7, "ScheduleMode": "Daily", "StartTime": "08:00", "EndTime": "17:00",
                    "WeekDay": null, "StartDateTime": "0001-01-01T00:00:00", "MonthDay": 0}]}],
            "operatorGroups": [
                {"OperatorGroupGuid": "00000000-0000-0000-0000-000000000000", "Description": "All operators",
                    "IsEveryone": true, "IsAdministratorsGroup": false},
                {"Description": "Administrators", "IsEveryone": false, "IsAdministratorsGroup": false}],
            "apiUsers": [
                {"ApiUserGuid": "5fd2ff9c-bdd5-4d4b-bd43-cb81fff0d0f5", "OperatorGuid": "36fad910-6e9f-4886-b1a7-9b4637362cb8",
                    "UserName": "5fd2ff9cbdd54d4bbd43cb81fff0d0f5", "Type": "MobileApp", "Description": "Mobile",
                    "CreatedDate": "2025-11-11T21:18:01", "LastUsed": "25/06/2026 19:37:59", "UsageLast30Days": 12},
                {"OperatorGuid": "36fad910-6e9f-4886-b1a7-9b4637362cb8", "LastUsed": "Unknown", "UsageLast30Days": 0}]}]}"#
            .replace(r#""OutgoingPhoneNumberId": 0"#, r#""OutgoingPhoneNumberId": 1"#)
            .as_str(),
    );
    let Built { account, usage, .. } = account;
    let operator = account.operators.iter().next().unwrap();
    assert_eq!(
        operator.guid.to_string(),
        "36fad910-6e9f-4886-b1a7-9b4637362cb8"
    );
    assert_eq!(operator.profile().outgoing_phone_number_id, None);
    assert_eq!(operator.profile().culture_name.to_string(), "");
    assert_eq!(account.parts().next_schedule_id, 8);
    let descriptions: Vec<_> = account
        .operator_groups
        .iter()
        .map(|group| group.description.to_string())
        .collect();
    assert_eq!(
        descriptions,
        ["Administrators", "All operators", "Administrators"]
    );
    let mut api_users = account.api_users.iter();
    let used = api_users.next().unwrap();
    assert_eq!(
        usage.of(used.guid, context().now),
        Some((context().now, 12))
    );
    assert!(api_users.next().unwrap().predates_last_used);
}

#[test]
fn an_export_preserves_that_an_api_user_predates_last_used() {
    let Built { account, usage, .. } = load(&with_operator(
        "    apiUsers: [{operator: alice, LastUsed: Unknown}]",
    ));
    let api_user = account.api_users.iter().next().unwrap();
    assert_eq!(load(&export(&account, &usage).to_yaml()).account, account);
    usage.restore(api_user.guid, context().now, [].into());
    assert_eq!(load(&export(&account, &usage).to_yaml()).account, account);
}

#[test]
fn an_export_omits_fields_with_default_values() {
    let Built { account, usage, .. } = load(&with_operator("        IsOnDuty: true"));
    let exported = serde_json::to_value(export(&account, &usage)).unwrap();
    let operator = exported["accounts"][0]["operators"][0].as_object().unwrap();
    let fields: Vec<_> = operator.keys().map(String::as_str).collect();
    assert_eq!(
        fields,
        [
            "OperatorGuid",
            "FullName",
            "Email",
            "IsAccountAdministrator",
            "IsOnDuty",
            "User"
        ]
    );
    assert_eq!(operator["User"], serde_json::json!({"ID": 1}));
}

#[test]
fn an_export_contains_no_secret_in_plain_text() {
    let text = with_operator("        PasswordHash: $argon2id$v=19$m=8,t=1,p=1$oyHYHQgnUZGJ0VAYf4ZqsA$wVdUaxYV73kYAx9Bui3dpnz1htVIgIDlkp72PnPIuW4
    apiUsers: [{operator: alice, Password: in-clear}]");
    let Built { account, usage, .. } = load(&text);
    let yaml = export(&account, &usage).to_yaml();
    assert!(
        yaml.contains("PasswordHash: $argon2id$") && yaml.contains("sha256:"),
        "{yaml}"
    );
    assert!(
        !yaml.contains("in-clear") && !yaml.contains("Password: "),
        "{yaml}"
    );
}

#[tokio::test]
async fn a_plain_text_password_is_hashed_for_its_operator() {
    use crate::domain::PlainPassword;
    use crate::service::accounts::hashed;
    use crate::service::password::{PasswordCost, Passwords};

    let passwords = Passwords::new(PasswordCost::Least);
    let accounts =
        Accounts::parse(&with_operator("        Password: s3cret"), "", &context()).unwrap();
    let (account, _) = hashed(accounts, &passwords).await.unwrap().remove(0);
    let hash = account.operators.iter().next().unwrap().password().cloned();
    assert!(
        passwords
            .verify(hash, PlainPassword::claimed("s3cret"))
            .await
            .unwrap()
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn all_mistakes_are_reported_with_line_and_column() {
    for (rest, expected) in [
        (
            "        FulName: x",
            &["8:9: 'FulName' is not a key here; the nearest one is FullName"][..],
        ),
        (
            "        IsOnDuty: true\n        'IsOnDuty': true",
            &["9:9: 'IsOnDuty' is there twice"],
        ),
        (
            "    apiUsers: [{operator: alice, LastUsed: Unknown, UsageByDay: {2026-01-01: 1, 2026-01-01: 1}}]",
            &["8:65: UsageByDay: '2026-01-01' is there twice"],
        ),
        (
            "    operatorgroups: []",
            &["8:5: 'operatorgroups' is not a key here; the nearest one is operatorGroups"],
        ),
        (
            "        Password: 12345",
            &["8:19: Password: must be a text, not a number (quote what is meant as a text)"],
        ),
        (
            "        IsOnDuty: 'yes'\n        TimeZoneId: 1.5",
            &[
                "8:19: IsOnDuty: must be true or false, not a text",
                "9:21: TimeZoneId: must be a whole number of 32 bits, not 1.5",
            ],
        ),
        (
            "        TimeZoneId: 9999",
            &["8:21: TimeZoneId: there is no time zone 9999; see /Timezone"],
        ),
        (
            "        Authorizations: [AccountAcess, AllowInfra]",
            &[
                "8:26: Authorizations: 'AccountAcess' is none of AccountAccess, AccountAdministrator, AllowInfra, \
             FinancialOperator, TechnicalContact, ShareDashboards, CreateAlertDefinition, CreateIntegration, \
             CreatePrivateLocations, ManageMonitorTemplates",
            ],
        ),
        (
            "        AllowSingleSignon: true\n        AllowNativeLogin: false",
            &[
                "8:28: AllowSingleSignon: can be true only where the account has single sign-on",
                "9:27: AllowNativeLogin: can be false only where the account has single sign-on",
            ],
        ),
        (
            "        Password: x\n        SetupMode: Invitation",
            &["8:19: Password: an operator who is invited chooses the password; leave it out"],
        ),
        (
            "        MobilePhone: '0612345678'",
            &[
                "8:22: MobilePhone: '0612345678' is not a phone number; write + and 6 to 15 digits, as in +31 20 123 4567",
            ],
        ),
        (
            "      - {FullName: Bob, Email: ' Alice@Example.com '}",
            &["8:32: Email: another operator of the account has ' Alice@Example.com '"],
        ),
        (
            "      - {Email: b@b, IsAccountAdministrator: true}",
            &[
                "8:9: FullName: is required",
                "8:46: IsAccountAdministrator: the operator in line 4 is the owner of the account already",
            ],
        ),
        (
            "      - {key: alice, FullName: ' ', Email: b@b}",
            &[
                "8:15: key: the operator in line 4 has alice too",
                "8:32: FullName: is required",
            ],
        ),
        (
            "      - 5",
            &["8:9: operators: must be an object, not a number"],
        ),
        (
            "        OperatorGuid: 1b4e28ba-2fa1-11d2-883f-0016d3cca427\n      - {FullName: B, Email: b@b, OperatorGuid: 1B4E28BA2FA111D2883F0016D3CCA427}",
            &[
                "9:49: OperatorGuid: the operator in line 8 has 1b4e28ba-2fa1-11d2-883f-0016d3cca427 too",
            ],
        ),
        (
            "        DutySchedules: [{ScheduleMode: Weekly, StartTime: '08:00', EndTime: '8:00', MonthDay: 3}]",
            &[
                "8:25: WeekDay: is required for this ScheduleMode",
                "8:77: EndTime: '8:00' is not a time of day; write it as 08:30",
                "8:95: MonthDay: does not belong to this ScheduleMode; leave it out",
            ],
        ),
        (
            "        DutySchedules:\n        - {Id: 3, ScheduleMode: Daily, StartTime: '08:00', EndTime: '09:00', CopyOf: 4}\n        - {Id: 3, ScheduleMode: Daily, StartTime: '08:00', EndTime: '08:00'}",
            &[
                "9:86: CopyOf: no group has a schedule 4; no group has a schedule with an Id",
                "10:16: Id: the duty schedule in line 9 has 3 too",
                "10:69: EndTime: must differ from the start",
            ],
        ),
        (
            "        DutySchedules: [{Id: 3, ScheduleMode: Daily, StartTime: '08:00', EndTime: '09:00'}]\n    NextDutyScheduleId: 3",
            &["9:25: NextDutyScheduleId: there is a duty schedule 3 already"],
        ),
        (
            "    operatorGroups: [{Description: Administrators, members: [alise]}, {IsAdministratorsGroup: true}]",
            &[
                "8:62: members: no operator is called 'alise'; the nearest one is alice",
                "8:71: the Administrators group is in line 8 already; an account has one",
            ],
        ),
        (
            "    operatorGroups: [{}, {Description: Everyone, members: [alice]}]",
            &[
                "8:22: Description: is required",
                "8:60: the Everyone group always holds every operator; none can be added or removed",
            ],
        ),
        (
            "    apiUsers: [{UserName: 'a:b', LastUsed: never}, {operator: alice, UsageByDay: {2026-01-01: 1}}]",
            &[
                "8:16: operator: is required",
                "8:27: UserName: must not hold a colon",
                "8:44: LastUsed: 'never' is neither Not yet used nor Unknown, nor a date and time such as 25/06/2026 19:37:59",
                "8:82: UsageByDay: needs a LastUsed that says when",
            ],
        ),
        (
            "    apiUsers: [{operator: alice, UserName: x, PasswordHash: 'sha256:1'}]\n  - AccountId: '01'\n    operators: []\n    apiUsers: [{UserName: x}]",
            &[
                "8:61: PasswordHash: must be sha256: and 64 hexadecimal digits",
                "9:16: AccountId: the account in line 2 has 1 too",
                "10:16: operators: one of them must be the owner of the account, with IsAccountAdministrator: true",
                "11:16: operator: is required",
                "11:27: UserName: the API user in line 8 has x too",
            ],
        ),
        (
            "    apiUsers: [{operator: alice, ApiUserGuid: 5fd2ff9c-bdd5-4d4b-bd43-cb81fff0d0f5}]\n  - AccountId: '2'\n    operators: [{FullName: A, Email: a@b.com, IsAccountAdministrator: true}]\n    apiUsers: [{operator: a@b.com, ApiUserGuid: 5fd2ff9c-bdd5-4d4b-bd43-cb81fff0d0f5}]",
            &["11:49: UserName: the API user in line 8 has 5fd2ff9cbdd54d4bbd43cb81fff0d0f5 too"],
        ),
        (
            "        PasswordHash: $2b$12$x",
            &["8:23: PasswordHash: must be the PHC string of an Argon2id hash: $argon2id$v=19$…"],
        ),
        (
            "        PasswordHash: $argon2id$v=19$m=19456,t=4294967295,p=1$oyHYHQgnUZGJ0VAYf4ZqsA$wVdUaxYV73kYAx9Bui3dpnz1htVIgIDlkp72PnPIuW4",
            &[
                "8:23: PasswordHash: costs too much to be computed (t=4294967295); at most m=19456, t=2, p=1 are allowed",
            ],
        ),
        (
            "        PasswordHash: $argon2id$v=19$m=19457,t=3,p=2$oyHYHQgnUZGJ0VAYf4ZqsA$wVdUaxYV73kYAx9Bui3dpnz1htVIgIDlkp72PnPIuW4",
            &[
                "8:23: PasswordHash: costs too much to be computed (m=19457, t=3, p=2); at most m=19456, t=2, p=1 are allowed",
            ],
        ),
    ] {
        assert_eq!(mistakes_of(&with_operator(rest)), expected, "{rest}");
    }
}

#[test]
fn a_password_hash_has_limits_of_cost_and_length() {
    let (salt, output) = ("c2FsdHNhbHQ", "wVdUaxYV73kYAx9Bui3dpnz1htVIgIDlkp72PnPIuW4");
    let with = |params: &str, salt: &str, output: &str| {
        mistakes_of(&with_operator(&format!(
            "        PasswordHash: $argon2id${params}${salt}${output}"
        )))
    };
    for params in ["v=19$m=19456,t=2,p=1", "v=16$m=8,t=1,p=1", "m=8,t=1,p=1"] {
        assert_eq!(with(params, salt, output), Vec::<String>::new(), "{params}");
    }
    for (params, salt, output) in [
        ("v=19$m=7,t=1,p=1", salt, output),
        ("v=19$m=8,t=0,p=1", salt, output),
        ("v=19$m=8,t=1,p=1", &"c2Fs".repeat(1000), output),
        ("v=19$m=8,t=1,p=1", salt, &"c2Fs".repeat(1000)),
        ("v=19$m=8,t=1,p=1", "c2E", output),
        ("v=19$m=8,t=1,p=1", salt, "c2E"),
    ] {
        let messages = with(params, salt, output);
        assert!(
            messages.len() == 1 && messages[0].contains("PHC string"),
            "{params}: {messages:?}"
        );
    }
}

#[test]
fn an_invalid_document_is_reported_with_the_place_of_its_mistake() {
    for (text, expected) in [
        ("", "1:1: accounts: must hold at least one account"),
        (
            "accounts: []",
            "1:11: accounts: must hold at least one account",
        ),
        ("- 5", "1:1: must be an object, not an array"),
        ("accounts:\n  - AccountId: \"1\"\n   Name: x", "3:4: "),
        ("accounts: [*a]", "1:12: "),
        (
            "a: 1\n---\nb: 1",
            "2:1: a second document begins here; a file holds one",
        ),
    ] {
        let all = mistakes_of(text);
        assert!(
            all.len() == 1 && all[0].starts_with(expected),
            "{text}: {all:?}"
        );
    }
    let deep = format!("accounts: {}{}", "[".repeat(5000), "]".repeat(5000));
    assert_eq!(mistakes_of(&deep).len(), 1);
}
