create table operator_group (
    account_id integer not null references account (account_id) deferrable initially deferred,
    operator_group_guid text not null check (length(operator_group_guid) = 36),
    sequence integer not null,
    kind text not null check (kind in ('Administrators', 'Everyone', 'Ordinary')),
    description text not null,
    primary key (account_id, operator_group_guid)
) strict, without rowid;

create unique index one_system_group_of_each_kind on operator_group (account_id, kind) where kind <> 'Ordinary';

-- Who joined a group. Everyone holds every operator without a row.
create table operator_group_member (
    account_id integer not null,
    operator_group_guid text not null,
    operator_guid text not null,
    -- The order of joining.
    sequence integer not null,
    primary key (account_id, operator_group_guid, operator_guid),
    foreign key (account_id, operator_group_guid) references operator_group (account_id, operator_group_guid)
        deferrable initially deferred,
    foreign key (account_id, operator_guid) references operator (account_id, operator_guid)
        deferrable initially deferred
) strict, without rowid;

-- What a group was assigned. Administrator belongs to the Administrators group and is not stored.
create table operator_group_authorization (
    account_id integer not null,
    operator_group_guid text not null,
    authorization text not null check (authorization in (
        'ShareDashboards', 'AllowInfra', 'TechnicalContact', 'FinancialOperator', 'BasicOperator',
        'CreateAlertDefinition', 'CreateIntegration', 'CreatePrivateLocations', 'ManageMonitorTemplates'
    )),
    primary key (account_id, operator_group_guid, authorization),
    foreign key (account_id, operator_group_guid) references operator_group (account_id, operator_group_guid)
        deferrable initially deferred
) strict, without rowid;

pragma user_version = 3;
