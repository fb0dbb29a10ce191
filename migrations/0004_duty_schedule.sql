-- An off-duty schedule of an operator or of a group. A group's schedule stands for itself; what each of its members got
-- is a schedule of the operator that names it as the one it is a copy of.
create table duty_schedule (
    account_id integer not null references account (account_id) deferrable initially deferred,
    schedule_id integer not null check (schedule_id > 0),
    operator_guid text,
    operator_group_guid text,
    copy_of integer,
    schedule_mode text not null,
    start_date_time text,
    end_date_time text,
    week_day text check (week_day in (
        'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'
    )),
    month_day integer check (month_day between 1 and 31),
    start_time text check (start_time glob '[0-2][0-9]:[0-5][0-9]'),
    end_time text check (end_time glob '[0-2][0-9]:[0-5][0-9]'),
    primary key (account_id, schedule_id),
    foreign key (account_id, operator_guid) references operator (account_id, operator_guid)
        deferrable initially deferred,
    foreign key (account_id, operator_group_guid) references operator_group (account_id, operator_group_guid)
        deferrable initially deferred,
    foreign key (account_id, copy_of) references duty_schedule (account_id, schedule_id) deferrable initially deferred,
    check ((operator_guid is null) <> (operator_group_guid is null)),
    check (copy_of is null or operator_guid is not null),
    check (case schedule_mode
        when 'OneTime' then start_date_time < end_date_time
            and week_day is null and month_day is null and start_time is null and end_time is null
        when 'Daily' then start_time <> end_time
            and week_day is null and month_day is null and start_date_time is null and end_date_time is null
        when 'Weekly' then start_time <> end_time and week_day is not null
            and month_day is null and start_date_time is null and end_date_time is null
        when 'Monthly' then start_time <> end_time and month_day is not null
            and week_day is null and start_date_time is null and end_date_time is null
        else false
    end is true)
) strict, without rowid;

-- What the foreign keys look for when the thing they point at goes.
create index duty_schedule_of_operator on duty_schedule (account_id, operator_guid);
create index duty_schedule_of_group on duty_schedule (account_id, operator_group_guid);
create index duty_schedule_copy_of on duty_schedule (account_id, copy_of);
create index operator_group_member_operator on operator_group_member (account_id, operator_guid);

pragma user_version = 4;
