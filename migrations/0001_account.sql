-- An account. Everything else is keyed by it, so that copies of an account may keep their GUIDs.
create table account (
    account_id integer primary key check (account_id between 0 and 999999999),
    -- The order of creation: /Register looks for an e-mail address in the oldest account first.
    sequence integer not null unique,
    name text not null,
    time_zone_id integer not null,
    single_sign_on integer not null check (single_sign_on in (0, 1)),
    owner_guid text not null,
    -- Schedule Ids are never used again, not even those of deleted schedules.
    next_schedule_id integer not null check (next_schedule_id > 0),
    foreign key (account_id, owner_guid) references operator (account_id, operator_guid) deferrable initially deferred
) strict;

pragma user_version = 1;
