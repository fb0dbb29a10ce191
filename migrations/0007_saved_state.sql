-- What a reset goes back to, as a document. It outlives its account: a reset of the server brings seeded accounts back.
create table base (
    account_id integer primary key,
    -- The order of the accounts.
    sequence integer not null unique,
    label text,
    is_seeded integer not null check (is_seeded in (0, 1)),
    document text not null check (json_valid(document))
) strict;

-- States of accounts that were given a name, as documents.
create table snapshot (
    account_id integer not null references account (account_id) deferrable initially deferred,
    name text not null,
    document text not null check (json_valid(document)),
    primary key (account_id, name)
) strict, without rowid;

pragma user_version = 7;
