create table api_user (
    account_id integer not null references account (account_id) deferrable initially deferred,
    api_user_guid text not null check (length(api_user_guid) = 36),
    sequence integer not null,
    operator_guid text not null,
    -- Credentials name an account, so a user name belongs to one of them only.
    user_name text not null unique,
    -- SHA-256 of a password of 160 random bits.
    password_digest blob not null check (length(password_digest) = 32),
    type text not null check (type in ('Generic', 'MobileApp', 'TransactionRecorder')),
    description text not null,
    created_date text not null,
    predates_last_used integer not null check (predates_last_used in (0, 1)),
    primary key (account_id, api_user_guid),
    foreign key (account_id, operator_guid) references operator (account_id, operator_guid)
        deferrable initially deferred
) strict, without rowid;

create index api_user_of_operator on api_user (account_id, operator_guid);

pragma user_version = 5;
