//! Operators: the people who belong to an account.

use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};

use imbl::OrdMap;
use schemars::JsonSchema;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use strum::{EnumString, IntoStaticStr, VariantNames};

use super::collection::Keyed;
use super::outgoing_phone_number::OutgoingPhoneNumberId;
use super::record::{Record as _, record};
use super::text::{
    BackupEmail, CultureName, DefaultDashboard, Email, FullName, OperatorRole, PhoneNumber,
    PhoneProvider,
};
use super::timezone::TimeZoneId;
use super::value::{Value, from_node, one_of};
use super::{
    DutySchedule, OperatorGuid, PasswordHash, Patch, PlainPassword, ScheduleId, restore_parsed,
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    pub guid: OperatorGuid,
    /// The digest of the profile, recomputed with every change of the profile.
    hash: String,
    profile: Profile,
    password: Option<PasswordHash>,
    pub authorizations: BTreeSet<OperatorAuthorization>,
    pub schedules: OrdMap<ScheduleId, DutySchedule>,
}

record!(
    /// The profile of an operator, in the order of the documentation.
    Profile,
    /// A change of a profile. It does not contain read-only fields.
    ProfileChange {
        full_name: FullName = "FullName",
        email: Email = "Email",
        mobile_phone: PhoneNumber = "MobilePhone",
        outgoing_phone_number: PhoneNumber = "OutgoingPhoneNumber",
        outgoing_phone_number_id: Option<OutgoingPhoneNumberId> = "OutgoingPhoneNumberId" + Specified,
        backup_email: BackupEmail = "BackupEmail",
        is_on_duty: bool = "IsOnDuty",
        culture_name: CultureName = "CultureName" + Specified,
        time_zone_id: Option<TimeZoneId> = "TimeZoneId" + Specified,
        sms_provider: SmsProvider = "SmsProvider",
        use_numeric_sender: Option<bool> = "UseNumericSender" + Specified,
        phone_provider: PhoneProvider = "PhoneProvider",
        allow_native_login: Option<bool> = "AllowNativeLogin" + Specified,
        allow_single_signon: Option<bool> = "AllowSingleSignon" + Specified,
        default_dashboard: DefaultDashboard = "DefaultDashboard",
        operator_role: OperatorRole = "OperatorRole",
        setup_mode: SetupMode = "SetupMode",
    }
);

impl Profile {
    /// Returns the profile of an operator of which nothing else is known.
    pub fn of(full_name: FullName, email: Email) -> Self {
        Self::new(ProfileChange {
            full_name: Patch::Set(full_name),
            email: Patch::Set(email),
            ..ProfileChange::default()
        })
        .expect("no other field is required")
    }
}

#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Default,
    Serialize,
    JsonSchema,
    EnumString,
    IntoStaticStr,
    VariantNames,
)]
#[strum(ascii_case_insensitive)]
#[expect(clippy::enum_variant_names, reason = "the vendor's terms")]
pub enum SmsProvider {
    #[default]
    UseAccountSetting,
    SmsProviderEurope,
    SmsProviderEurope2,
    #[serde(rename = "SmsProviderUSA")]
    #[strum(serialize = "SmsProviderUSA")]
    SmsProviderUsa,
    SmsProviderInternational,
}

#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Default,
    Serialize,
    JsonSchema,
    EnumString,
    IntoStaticStr,
    VariantNames,
)]
#[strum(ascii_case_insensitive)]
#[schemars(rename = "OperatorSetupMode")]
pub enum SetupMode {
    #[default]
    Manual,
    Invitation,
}

// The vendor's Terraform provider sends empty strings for the values that its user did not set.
from_node!(SmsProvider, Text, one_of, empty Blank);
from_node!(SetupMode, Text, one_of, empty Blank);
from_node!(OperatorAuthorization, Text, one_of, empty Blank);

impl Value for SmsProvider {
    fn unset() -> Option<Self> {
        Some(Self::default())
    }
}

impl Value for SetupMode {
    fn unset() -> Option<Self> {
        Some(Self::default())
    }
}

/// An authorization of an operator (Swagger, `Operator_PostAuthorizationForOperator`), in the order of lists.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    JsonSchema,
    EnumString,
    IntoStaticStr,
    VariantNames,
)]
#[strum(ascii_case_insensitive)]
#[schemars(rename = "OperatorAuthorizationType")]
pub enum OperatorAuthorization {
    AccountAccess,
    AccountAdministrator,
    AllowInfra,
    FinancialOperator,
    TechnicalContact,
    ShareDashboards,
    CreateAlertDefinition,
    CreateIntegration,
    CreatePrivateLocations,
    ManageMonitorTemplates,
}

restore_parsed!(SmsProvider, SetupMode, OperatorAuthorization);

/// The input for creating or replacing an operator: absent fields take their defaults.
#[derive(Debug, Clone)]
pub struct NewOperator {
    pub profile: ProfileChange,
    pub password: Option<PlainPassword>,
}

/// A change of an operator: absent fields stay as they are.
#[derive(Debug, Clone)]
pub struct OperatorChange {
    pub profile: ProfileChange,
    pub password: Option<PlainPassword>,
}

impl Keyed for Operator {
    type Key = OperatorGuid;

    fn key(&self) -> OperatorGuid {
        self.guid
    }
}

impl Operator {
    /// Returns the authorizations of a new operator.
    pub fn first_authorizations() -> BTreeSet<OperatorAuthorization> {
        BTreeSet::from([OperatorAuthorization::AccountAccess])
    }

    /// Creates an operator without schedules, which may use the account.
    pub fn new(guid: OperatorGuid, profile: Profile, password: Option<PasswordHash>) -> Self {
        Self {
            guid,
            hash: digest(&profile),
            profile,
            password,
            authorizations: Self::first_authorizations(),
            schedules: OrdMap::new(),
        }
    }

    pub(super) fn on_duty(&self, is_on_duty: bool) -> Self {
        self.with_profile(
            Profile {
                is_on_duty,
                ..self.profile.clone()
            },
            self.password.clone(),
        )
    }

    pub(super) fn with_password(&self, password: PasswordHash) -> Self {
        self.with_profile(self.profile.clone(), Some(password))
    }

    pub(super) fn with_profile(&self, profile: Profile, password: Option<PasswordHash>) -> Self {
        Self {
            authorizations: self.authorizations.clone(),
            schedules: self.schedules.clone(),
            ..Self::new(self.guid, profile, password)
        }
    }

    pub fn hash(&self) -> &str {
        &self.hash
    }

    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    pub fn password(&self) -> Option<&PasswordHash> {
        self.password.as_ref()
    }

    /// Returns whether the operator may log in with a password; unset means the account's default, which allows it.
    pub fn may_log_in(&self) -> bool {
        self.profile.allow_native_login != Some(false)
    }
}

/// Computes an opaque digest that changes with every field: `#[derive(Hash)]` includes them all. It includes neither the
/// password, which is never written, nor the GUID, which is random: equal runs have equal digests.
fn digest(profile: &Profile) -> String {
    struct Sha256Hasher(Sha256);

    impl Hasher for Sha256Hasher {
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }

        fn finish(&self) -> u64 {
            unreachable!("the digest is read as a whole")
        }
    }

    let mut hasher = Sha256Hasher(Sha256::new());
    profile.hash(&mut hasher);
    let digest: [u8; 32] = hasher.0.finalize().into();
    format!(
        "{:032x}",
        u128::from_be_bytes(*digest.first_chunk().expect("a SHA-256 digest has 32 bytes"))
    )
}

#[cfg(test)]
mod tests {
    use super::{Operator, Profile};
    use crate::domain::{OperatorGuid, PasswordHash};

    #[test]
    fn the_hash_depends_on_the_profile_alone() {
        let (name, email) = ("An Operator".parse(), "a@example.com".parse());
        let profile = Profile::of(name.unwrap(), email.unwrap());
        let operator = Operator::new(OperatorGuid::derived("x"), profile.clone(), None);
        let on_duty = operator.on_duty(true);
        let with_password = operator.with_password(PasswordHash::new("x"));
        let other = Operator::new(OperatorGuid::derived("y"), profile, None);
        assert_eq!(operator.hash().len(), 32);
        assert_ne!(operator.hash(), on_duty.hash());
        assert_eq!(operator.hash(), on_duty.on_duty(false).hash());
        assert_eq!(operator.hash(), with_password.hash());
        assert_eq!(operator.hash(), other.hash());
    }
}
