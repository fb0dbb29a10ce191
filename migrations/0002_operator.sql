create table operator (
    account_id integer not null references account (account_id) deferrable initially deferred,
    operator_guid text not null check (length(operator_guid) = 36),
    sequence integer not null,
    full_name text not null,
    email text not null,
    -- The address without blanks and case, by which it is unique in its account.
    email_key text not null check (email_key <> ''),
    -- Argon2id, as a PHC string.
    password_hash text check (password_hash like '$argon2id$%'),
    mobile_phone text not null,
    outgoing_phone_number text not null,
    outgoing_phone_number_id integer,
    backup_email text not null,
    is_on_duty integer not null check (is_on_duty in (0, 1)),
    culture_name text not null,
    time_zone_id integer,
    sms_provider text not null check (sms_provider in (
        'UseAccountSetting', 'SmsProviderEurope', 'SmsProviderEurope2', 'SmsProviderUSA', 'SmsProviderInternational'
    )),
    use_numeric_sender integer check (use_numeric_sender in (0, 1)),
    phone_provider text not null check (phone_provider <> ''),
    allow_native_login integer check (allow_native_login in (0, 1)),
    allow_single_signon integer check (allow_single_signon in (0, 1)),
    default_dashboard text not null check (default_dashboard <> ''),
    operator_role text not null check (operator_role <> ''),
    setup_mode text not null check (setup_mode in ('Manual', 'Invitation')),
    primary key (account_id, operator_guid),
    unique (account_id, email_key)
) strict, without rowid;

-- What an operator was assigned itself. AccountAdministrator comes with membership and is not stored.
create table operator_authorization (
    account_id integer not null,
    operator_guid text not null,
    authorization text not null check (authorization in (
        'AccountAccess', 'AllowInfra', 'FinancialOperator', 'TechnicalContact', 'ShareDashboards',
        'CreateAlertDefinition', 'CreateIntegration', 'CreatePrivateLocations', 'ManageMonitorTemplates'
    )),
    primary key (account_id, operator_guid, authorization),
    foreign key (account_id, operator_guid) references operator (account_id, operator_guid)
        deferrable initially deferred
) strict, without rowid;

pragma user_version = 2;
