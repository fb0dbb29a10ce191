-- What an operator is as a user of the older API, beyond what the operator itself says.
create table user (
    account_id integer not null references account (account_id) deferrable initially deferred,
    operator_guid text not null,
    -- The ID under which the older API knows the operator; it is their order as well.
    user_id integer not null check (user_id > 0),
    active integer not null check (active in (0, 1)),
    enable_alert_timeframe integer not null check (enable_alert_timeframe in (0, 1)),
    alert_timeframe_start text not null check (alert_timeframe_start glob '[0-2][0-9]:[0-5][0-9]:[0-5][0-9]*'),
    alert_timeframe_end text not null check (alert_timeframe_end glob '[0-2][0-9]:[0-5][0-9]:[0-5][0-9]*'),
    default_dashboard integer not null,
    date_format text not null,
    time_format text not null,
    graph_tooltips integer not null check (graph_tooltips in (0, 1)),
    primary key (account_id, operator_guid),
    unique (account_id, user_id),
    foreign key (account_id, operator_guid) references operator (account_id, operator_guid)
        deferrable initially deferred
) strict, without rowid;

-- IDs of users are never used again, not even those of deleted operators.
alter table account add column next_user_id integer not null default 1 check (next_user_id > 0);

-- Every operator is a user.
insert into user (
    account_id, operator_guid, user_id, active, enable_alert_timeframe, alert_timeframe_start, alert_timeframe_end,
    default_dashboard, date_format, time_format, graph_tooltips
)
select account_id, operator_guid, row_number() over (partition by account_id order by sequence), 1, 0, '00:00:00',
       '00:00:00', 0, 'dd/MM/yyyy', 'HH:mm:ss', 1
from operator;

update account set next_user_id = 1 + (select count(*) from operator where operator.account_id = account.account_id);

pragma user_version = 8;
