-- Usage changes with every request: it is counted in memory and written once a second, apart from the accounts.
create table usage (
    account_id integer not null,
    api_user_guid text not null,
    last_used text not null,
    primary key (account_id, api_user_guid),
    foreign key (account_id, api_user_guid) references api_user (account_id, api_user_guid)
        on delete cascade deferrable initially deferred
) strict, without rowid;

create table usage_of_day (
    account_id integer not null,
    api_user_guid text not null,
    day text not null,
    requests integer not null check (requests > 0),
    primary key (account_id, api_user_guid, day),
    foreign key (account_id, api_user_guid) references usage (account_id, api_user_guid)
        on delete cascade deferrable initially deferred
) strict, without rowid;

pragma user_version = 6;
