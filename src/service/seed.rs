//! The built-in default account.

use crate::domain::account::Settings;
use crate::domain::api_user::SecretDigest;
use crate::domain::operator::Profile;
use crate::domain::timezone::TimeZoneId;
use crate::domain::{
    Account, AccountId, ApiUser, ApiUserGuid, ApiUserType, Context, GroupKind, Operator,
    OperatorGroup, OperatorGroupGuid, OperatorGuid, PasswordHash,
};

/// The password of the default account's owner, `emulator`, hashed beforehand: hashing it takes longer than the whole
/// start. It is a fixture that everybody may know.
const OWNER_PASSWORD: &str = "$argon2id$v=19$m=19456,t=2,p=1$oyHYHQgnUZGJ0VAYf4ZqsA$wVdUaxYV73kYAx9Bui3dpnz1htVIgIDlkp72PnPIuW4";

/// An account with an owner, a second operator who is no administrator, a group and an API user. Its GUIDs are the same
/// in every run.
pub fn default_account(username: &str, password: &str, context: &Context) -> Account {
    const VALID: &str = "the default account obeys the rules";
    let id: AccountId = "123456".parse().expect(VALID);
    let operator = |key: &str, full_name: &str, password: Option<PasswordHash>| {
        let profile = Profile {
            full_name: full_name.parse().expect(VALID),
            email: format!("{key}@example.com").parse().expect(VALID),
            ..Profile::default()
        };
        Operator::new(
            OperatorGuid::derived(&format!("{id}/operator/{key}")),
            profile,
            password,
        )
    };
    let owner = operator(
        "admin",
        "Account Administrator",
        Some(PasswordHash::new(OWNER_PASSWORD)),
    );
    let second = operator("operator", "Second Operator", None);
    let settings = Settings {
        name: "Example account".to_owned(),
        time_zone_id: TimeZoneId::try_from(56).expect(VALID),
        single_sign_on: false,
    };
    let group = OperatorGroup::new(
        OperatorGroupGuid::derived(&format!("{id}/operatorGroup/oncall")),
        GroupKind::Ordinary,
        "On call".parse().expect(VALID),
    );
    let api_user = ApiUser {
        guid: ApiUserGuid::derived(&format!("{id}/apiUser/{username}")),
        operator: owner.guid,
        user_name: username.to_owned(),
        password: SecretDigest::of(password),
        api_user_type: ApiUserType::Generic,
        description: "Default API user".parse().expect(VALID),
        created: context.now,
        predates_last_used: false,
    };
    let second_guid = second.guid;
    let group_guid = group.guid;
    let mut account = Account::new(id, settings, owner);
    account.insert_operator(second);
    account.operator_groups.insert(group);
    account.add_member(group_guid, second_guid).expect(VALID);
    account.api_users.insert(api_user);
    account
}
