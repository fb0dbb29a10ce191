//! Operators: the people of an account.

use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};

use imbl::OrdMap;
use schemars::JsonSchema;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use strum::{EnumString, IntoStaticStr, VariantNames};

use super::collection::Keyed;
use super::outgoing_phone_number::OutgoingPhoneNumberId;
use super::text::{
    BackupEmail, CultureName, DefaultDashboard, Email, FullName, OperatorRole, PhoneNumber,
    PhoneProvider,
};
use super::timezone::TimeZoneId;
use super::{
    DutySchedule, OperatorGuid, PasswordHash, Patch, PlainPassword, ScheduleId, restore_parsed,
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    pub guid: OperatorGuid,
    /// The digest of the profile, made anew with every change of it.
    hash: String,
    profile: Profile,
    password: Option<PasswordHash>,
    pub authorizations: BTreeSet<OperatorAuthorization>,
    pub schedules: OrdMap<ScheduleId, DutySchedule>,
}

/// What an operator says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Profile {
    pub full_name: FullName,
    pub email: Email,
    pub mobile_phone: PhoneNumber,
    pub outgoing_phone_number: PhoneNumber,
    pub outgoing_phone_number_id: Option<OutgoingPhoneNumberId>,
    pub backup_email: BackupEmail,
    pub is_on_duty: bool,
    pub culture_name: CultureName,
    pub time_zone_id: Option<TimeZoneId>,
    pub sms_provider: SmsProvider,
    pub use_numeric_sender: Option<bool>,
    pub phone_provider: PhoneProvider,
    pub allow_native_login: Option<bool>,
    pub allow_single_signon: Option<bool>,
    pub default_dashboard: DefaultDashboard,
    pub operator_role: OperatorRole,
    pub setup_mode: SetupMode,
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

/// What an operator can be authorized to (Swagger, `Operator_PostAuthorizationForOperator`), in the order of lists.
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

/// What becomes of the fields that a change does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    /// They take their defaults: POST and PUT.
    Defaults,
    /// They stay as they are: PATCH.
    Current,
}

/// A change of an operator. Read-only fields are those that it does not have.
#[derive(Debug, Clone)]
pub struct OperatorChange {
    pub base: Base,
    pub full_name: Option<FullName>,
    pub email: Option<Email>,
    pub password: Option<PlainPassword>,
    pub mobile_phone: Patch<PhoneNumber>,
    pub outgoing_phone_number: Patch<PhoneNumber>,
    pub outgoing_phone_number_id: Patch<OutgoingPhoneNumberId>,
    pub backup_email: Patch<BackupEmail>,
    pub is_on_duty: Patch<bool>,
    pub culture_name: Patch<CultureName>,
    pub time_zone_id: Patch<TimeZoneId>,
    pub sms_provider: Patch<SmsProvider>,
    pub use_numeric_sender: Patch<bool>,
    pub phone_provider: Patch<PhoneProvider>,
    pub allow_native_login: Patch<bool>,
    pub allow_single_signon: Patch<bool>,
    pub default_dashboard: Patch<DefaultDashboard>,
    pub operator_role: Patch<OperatorRole>,
    pub setup_mode: Patch<SetupMode>,
}

impl OperatorChange {
    /// What `profile` becomes. The password is not part of it: it is hashed first.
    fn onto(self, profile: &Profile) -> Profile {
        let Self {
            base,
            full_name,
            email,
            password: _,
            mobile_phone,
            outgoing_phone_number,
            outgoing_phone_number_id,
            backup_email,
            is_on_duty,
            culture_name,
            time_zone_id,
            sms_provider,
            use_numeric_sender,
            phone_provider,
            allow_native_login,
            allow_single_signon,
            default_dashboard,
            operator_role,
            setup_mode,
        } = self;
        let mut changed = match base {
            Base::Defaults => Profile {
                full_name: profile.full_name.clone(),
                email: profile.email.clone(),
                ..Profile::default()
            },
            Base::Current => profile.clone(),
        };
        if let Some(full_name) = full_name {
            changed.full_name = full_name;
        }
        if let Some(email) = email {
            changed.email = email;
        }
        mobile_phone.onto(&mut changed.mobile_phone);
        outgoing_phone_number.onto(&mut changed.outgoing_phone_number);
        outgoing_phone_number_id.onto(&mut changed.outgoing_phone_number_id);
        backup_email.onto(&mut changed.backup_email);
        is_on_duty.onto(&mut changed.is_on_duty);
        culture_name.onto(&mut changed.culture_name);
        time_zone_id.onto(&mut changed.time_zone_id);
        sms_provider.onto(&mut changed.sms_provider);
        use_numeric_sender.onto(&mut changed.use_numeric_sender);
        phone_provider.onto(&mut changed.phone_provider);
        allow_native_login.onto(&mut changed.allow_native_login);
        allow_single_signon.onto(&mut changed.allow_single_signon);
        default_dashboard.onto(&mut changed.default_dashboard);
        operator_role.onto(&mut changed.operator_role);
        setup_mode.onto(&mut changed.setup_mode);
        changed
    }
}

impl Keyed for Operator {
    type Key = OperatorGuid;

    fn key(&self) -> OperatorGuid {
        self.guid
    }
}

impl Operator {
    /// What a new operator is authorized to.
    pub fn first_authorizations() -> BTreeSet<OperatorAuthorization> {
        BTreeSet::from([OperatorAuthorization::AccountAccess])
    }

    /// An operator with no schedules, who may use the account.
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

    /// A new operator as a change describes it.
    pub fn described(
        guid: OperatorGuid,
        change: OperatorChange,
        password: Option<PasswordHash>,
    ) -> Self {
        Self::new(guid, change.onto(&Profile::default()), password)
    }

    /// The operator after a change. A change without a password leaves it as it is.
    pub(super) fn changed(&self, change: OperatorChange, password: Option<PasswordHash>) -> Self {
        self.with_profile(
            change.onto(&self.profile),
            password.or_else(|| self.password.clone()),
        )
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

    /// Whether the operator may log in with a password; unset stands for the account's default, which allows it.
    pub fn may_log_in(&self) -> bool {
        self.profile.allow_native_login != Some(false)
    }
}

/// An opaque digest that changes with every field: `#[derive(Hash)]` forgets none. A password, which is never written, has no
/// part in it, nor has the GUID, which is random: equal runs have equal digests.
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
    fn the_hash_is_that_of_the_profile_alone() {
        let operator = Operator::new(OperatorGuid::derived("x"), Profile::default(), None);
        let on_duty = operator.on_duty(true);
        let with_password = operator.with_password(PasswordHash::new("x"));
        let other = Operator::new(OperatorGuid::derived("y"), Profile::default(), None);
        assert_eq!(operator.hash().len(), 32);
        assert_ne!(operator.hash(), on_duty.hash());
        assert_eq!(operator.hash(), on_duty.on_duty(false).hash());
        assert_eq!(operator.hash(), with_password.hash());
        assert_eq!(operator.hash(), other.hash());
    }
}
