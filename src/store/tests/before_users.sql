begin;
insert into account (account_id, sequence, name, time_zone_id, single_sign_on, owner_guid, next_schedule_id)
values (123456, 1, 'Old', 56, 0, '00000000-0000-0000-0000-00000000000b', 1),
       (654321, 2, 'Older', 56, 0, '00000000-0000-0000-0000-00000000000a', 1);

with new (account_id, operator_guid, sequence, email) as (
    values (123456, '00000000-0000-0000-0000-00000000000b', 1, 'b@example.com'),
           (123456, '00000000-0000-0000-0000-00000000000a', 7, 'a@example.com'),
           (654321, '00000000-0000-0000-0000-00000000000a', 1, 'a@example.com')
)
insert into operator (
    account_id, operator_guid, sequence, full_name, email, email_key, mobile_phone, outgoing_phone_number, backup_email,
    is_on_duty, culture_name, sms_provider, phone_provider, default_dashboard, operator_role, setup_mode
)
select account_id, operator_guid, sequence, 'An Operator', email, email, '', '', '', 0, '', 'UseAccountSetting',
       'UseAccountSetting', 'UseAccountSpecifiedDashboard', 'Unspecified', 'Manual'
from new;

insert into base (account_id, sequence, is_seeded, document)
values (123456, 1, 1, '{"accounts": [{"AccountId": "123456", "operators": [
    {"FullName": "An Operator", "Email": "b@example.com", "IsAccountAdministrator": true}]}]}');
commit;
