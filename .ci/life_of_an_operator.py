"""The life of an operator, by a client that was generated from the OpenAPI document. Its argument is the emulator's URL."""

import sys

from uptrends_client import AuthenticatedClient
from uptrends_client.api.api_user import api_user_create_api_user, api_user_get_api_users_for_operator
from uptrends_client.api.operator import (
    operator_add_duty_period_for_operator,
    operator_create_operator,
    operator_delete_operator,
    operator_get_authorizations_for_operator,
    operator_get_duty_schedule_for_operator,
    operator_get_operator,
    operator_get_operator_groups_for_operator,
    operator_post_authorization_for_operator,
    operator_update_operator,
    operator_update_operator_with_patch,
)
from uptrends_client.api.operator_group import (
    operator_group_add_operator_to_operator_group,
    operator_group_create_operator_group,
    operator_group_delete_operator_group,
    operator_group_get_operator_group_members,
)
from uptrends_client.models import (
    DayOfWeek,
    MessageList,
    NewApiUser,
    OperatorAuthorizationType,
    OperatorGroupInput,
    OperatorInput,
    OperatorPatch,
    Weekly,
    WeeklyScheduleMode,
)

# The user name and the password are both `emulator`.
client = AuthenticatedClient(f"{sys.argv[1]}/v4", token="ZW11bGF0b3I6ZW11bGF0b3I=", prefix="Basic")


def expect(response, status):
    assert response.status_code == status, response
    return response.parsed


new = OperatorInput(full_name="Third Operator", email="third@example.com", time_zone_id=56)
operator = expect(operator_create_operator.sync_detailed(client=client, body=new), 201)
guid = operator.operator_guid
assert (operator.full_name, operator.time_zone_id, operator.is_on_duty) == ("Third Operator", 56, False)

again = operator_create_operator.sync_detailed(client=client, body=new)
assert isinstance(expect(again, 403), MessageList)
assert again.parsed.messages[0].message.startswith("Email: "), again

changed = OperatorInput(full_name="Changed", email="third@example.com", is_on_duty=True)
expect(operator_update_operator.sync_detailed(guid, client=client, body=changed), 204)
patch = OperatorPatch(culture_name="nl-NL")
expect(operator_update_operator_with_patch.sync_detailed(guid, client=client, body=patch), 204)
operator = expect(operator_get_operator.sync_detailed(guid, client=client), 200)
assert (operator.full_name, operator.is_on_duty, operator.culture_name) == ("Changed", True, "nl-NL")

group = expect(
    operator_group_create_operator_group.sync_detailed(client=client, body=OperatorGroupInput(description="On call")), 201
)
group_guid = group.operator_group_guid
expect(operator_group_add_operator_to_operator_group.sync_detailed(group_guid, guid, client=client), 201)
members = expect(operator_group_get_operator_group_members.sync_detailed(group_guid, client=client), 200)
assert [member.operator_guid for member in members] == [guid]
groups = expect(operator_get_operator_groups_for_operator.sync_detailed(guid, client=client), 200)
assert group_guid in [member.operator_group_guid for member in groups]

infra = OperatorAuthorizationType.ALLOWINFRA
expect(operator_post_authorization_for_operator.sync_detailed(guid, infra, client=client), 201)
assert infra in expect(operator_get_authorizations_for_operator.sync_detailed(guid, client=client), 200)

schedule = Weekly(
    schedule_mode=WeeklyScheduleMode.WEEKLY, week_day=DayOfWeek.MONDAY, start_time="08:00", end_time="17:00"
)
made = expect(operator_add_duty_period_for_operator.sync_detailed(guid, client=client, body=schedule), 201)
schedules = expect(operator_get_duty_schedule_for_operator.sync_detailed(guid, client=client), 200)
assert [(one.id, one.week_day) for one in schedules] == [(made.id, DayOfWeek.MONDAY)]

api_user = expect(api_user_create_api_user.sync_detailed(client=client, body=NewApiUser(operator_guid=guid)), 201)
assert api_user.password
listed = expect(api_user_get_api_users_for_operator.sync_detailed(guid, client=client), 200)
assert [one.api_user_guid for one in listed] == [api_user.api_user_guid]

expect(operator_group_delete_operator_group.sync_detailed(group_guid, client=client), 204)
expect(operator_delete_operator.sync_detailed(guid, client=client), 204)
assert isinstance(expect(operator_get_operator.sync_detailed(guid, client=client), 404), MessageList)
print("A generated client does the life of an operator.")
