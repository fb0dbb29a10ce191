//! The tables of operators and of their authorizations.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::SqliteConnection;

use super::duty_schedule::Schedules;
use super::file::Corrupt;
use super::rows::record;
use crate::domain::account::ScheduleOwner;
use crate::domain::operator::{Profile, SetupMode, SmsProvider};
use crate::domain::outgoing_phone_number::OutgoingPhoneNumberId;
use crate::domain::text::{
    BackupEmail, CultureName, DefaultDashboard, Email, FullName, OperatorRole, PhoneNumber,
    PhoneProvider,
};
use crate::domain::timezone::TimeZoneId;
use crate::domain::{AccountId, Operator, OperatorAuthorization, OperatorGuid, PasswordHash};

#[derive(Debug)]
pub struct Row {
    account_id: AccountId,
    operator_guid: OperatorGuid,
    sequence: i64,
    email_key: String,
    password_hash: Option<PasswordHash>,
    /// A column for each of its fields.
    profile: Profile,
}

record!(
    Row: "operator" (account_id, operator_guid)
    sequence, email_key, password_hash;
    profile: full_name, email, mobile_phone, outgoing_phone_number, outgoing_phone_number_id, backup_email, is_on_duty,
    culture_name, time_zone_id, sms_provider, use_numeric_sender, phone_provider, allow_native_login, allow_single_signon,
    default_dashboard, operator_role, setup_mode
);

impl Row {
    pub fn new(account_id: AccountId, sequence: i64, operator: &Operator) -> Self {
        Self {
            account_id,
            operator_guid: operator.guid,
            sequence,
            email_key: operator.profile().email.key(),
            password_hash: operator.password().cloned(),
            profile: operator.profile().clone(),
        }
    }
}

#[derive(Debug)]
pub struct Key {
    pub account_id: AccountId,
    pub operator_guid: OperatorGuid,
}

record!(Key: "operator" (account_id, operator_guid));

#[derive(Debug)]
pub struct AuthorizationRow {
    pub account_id: AccountId,
    pub operator_guid: OperatorGuid,
    pub authorization: OperatorAuthorization,
}

record!(AuthorizationRow: "operator_authorization" (account_id, operator_guid, authorization));

pub async fn load(
    connection: &mut SqliteConnection,
    schedules: &mut Schedules,
) -> Result<Vec<(AccountId, i64, Operator)>, Corrupt> {
    let mut authorizations = load_authorizations(&mut *connection).await?;
    let rows = sqlx::query!(
        r#"select account_id as "account_id: AccountId", operator_guid as "operator_guid: OperatorGuid", sequence,
                  full_name as "full_name: FullName", email as "email: Email",
                  password_hash as "password_hash: PasswordHash", mobile_phone as "mobile_phone: PhoneNumber",
                  outgoing_phone_number as "outgoing_phone_number: PhoneNumber",
                  outgoing_phone_number_id as "outgoing_phone_number_id: OutgoingPhoneNumberId",
                  backup_email as "backup_email: BackupEmail", is_on_duty as "is_on_duty: bool",
                  culture_name as "culture_name: CultureName", time_zone_id as "time_zone_id: TimeZoneId",
                  sms_provider as "sms_provider: SmsProvider", use_numeric_sender as "use_numeric_sender: bool",
                  phone_provider as "phone_provider: PhoneProvider", allow_native_login as "allow_native_login: bool",
                  allow_single_signon as "allow_single_signon: bool",
                  default_dashboard as "default_dashboard: DefaultDashboard",
                  operator_role as "operator_role: OperatorRole", setup_mode as "setup_mode: SetupMode"
           from operator"#
    )
    .fetch_all(connection)
    .await?;
    let operators = rows.into_iter().map(|row| {
        let (account, guid) = (row.account_id, row.operator_guid);
        let profile = Profile {
            full_name: row.full_name,
            email: row.email,
            mobile_phone: row.mobile_phone,
            outgoing_phone_number: row.outgoing_phone_number,
            outgoing_phone_number_id: row.outgoing_phone_number_id,
            backup_email: row.backup_email,
            is_on_duty: row.is_on_duty,
            culture_name: row.culture_name,
            time_zone_id: row.time_zone_id,
            sms_provider: row.sms_provider,
            use_numeric_sender: row.use_numeric_sender,
            phone_provider: row.phone_provider,
            allow_native_login: row.allow_native_login,
            allow_single_signon: row.allow_single_signon,
            default_dashboard: row.default_dashboard,
            operator_role: row.operator_role,
            setup_mode: row.setup_mode,
        };
        let mut operator = Operator::new(guid, profile, row.password_hash);
        operator.authorizations = authorizations.remove(&(account, guid)).unwrap_or_default();
        operator.schedules = schedules.take(account, ScheduleOwner::Operator(guid));
        (account, row.sequence, operator)
    });
    Ok(operators.collect())
}

type Authorizations = BTreeMap<(AccountId, OperatorGuid), BTreeSet<OperatorAuthorization>>;

async fn load_authorizations(connection: &mut SqliteConnection) -> Result<Authorizations, Corrupt> {
    let rows = sqlx::query_as!(
        AuthorizationRow,
        r#"select account_id as "account_id: AccountId", operator_guid as "operator_guid: OperatorGuid",
                  authorization as "authorization: OperatorAuthorization"
           from operator_authorization"#
    )
    .fetch_all(connection)
    .await?;
    let mut of = Authorizations::new();
    for row in rows {
        of.entry((row.account_id, row.operator_guid))
            .or_default()
            .insert(row.authorization);
    }
    Ok(of)
}
