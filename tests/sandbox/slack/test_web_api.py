"""The Web API through the real client: what it takes, what it refuses, and how often."""

from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import APP_TOKEN, BOT_TOKEN
from sandbox.slack.people.driver import SlackDriver
from sandbox.slack.state import seed
from sandbox.slack.web.routes import HANDLERS
from sandbox.slack.web.table import METHODS
from tests.sandbox.slack.conftest import Clock

APPROVALS, GENERAL = "C0APPROVAL", "C0GENERAL1"
SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "words"}}


async def refused(client: AsyncWebClient, method: str, **arguments: object) -> dict[str, Any]:
    """The reply to a call that must be refused."""
    with pytest.raises(SlackApiError) as caught:
        await client.api_call(method, json=arguments)
    reply = caught.value.response.data
    assert isinstance(reply, dict)
    return reply


async def error(client: AsyncWebClient, method: str, **arguments: object) -> str:
    return str((await refused(client, method, **arguments))["error"])


def test_each_method_of_the_table_is_answered() -> None:
    assert set(HANDLERS) == set(METHODS)


@pytest.mark.parametrize("encoding", ["query", "form", "json"])
async def test_arguments_come_as_query_form_or_json(base_url: str, encoding: str) -> None:
    arguments = {"channel": APPROVALS, "text": "hello & goodbye"}
    how: dict[str, Any] = {{"query": "params", "form": "data"}.get(encoding, "json"): arguments}
    headers = {"Authorization": f"Bearer {BOT_TOKEN}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(f"{base_url}/api/chat.postMessage", **how) as reply,
    ):
        body = await reply.json()
    assert body["ok"] is True
    assert body["message"]["text"] == "hello & goodbye"


async def test_auth_test_names_team_and_bot_and_the_scopes(client: AsyncWebClient) -> None:
    reply = await client.auth_test()
    assert (reply["team_id"], reply["user_id"]) == (seed.TEAM_ID, seed.BOT_USER_ID)
    assert "chat:write" in reply.headers["X-OAuth-Scopes"]


async def test_tokens_are_told_apart(client: AsyncWebClient) -> None:
    client.token = None
    assert await error(client, "auth.test") == "not_authed"
    client.token = "xoxb-somebody-else"
    assert await error(client, "auth.test") == "invalid_auth"
    client.token = APP_TOKEN
    assert await error(client, "auth.test") == "not_allowed_token_type"
    client.token = BOT_TOKEN
    assert await error(client, "apps.connections.open") == "not_allowed_token_type"


async def test_a_missing_scope_is_named(client: AsyncWebClient, slack: SlackDriver) -> None:
    await slack.settings(bot_scopes=["commands", "users:read"])
    reply = await refused(client, "chat.postMessage", channel=APPROVALS, text="hi")
    assert reply["error"] == "missing_scope"
    assert (reply["needed"], reply["provided"]) == ("chat:write", "commands,users:read")


async def test_unknown_methods_and_arguments_are_refused(client: AsyncWebClient) -> None:
    assert await error(client, "chat.shout") == "unknown_method"
    assert await error(client, "auth.test", loud=True) == "invalid_arg_name"
    assert await error(client, "users.info") == "invalid_arguments"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"channel": "C0NOWHERE1", "text": "x"}, "channel_not_found"),
        ({"channel": GENERAL, "text": "x"}, "not_in_channel"),
        ({"channel": APPROVALS}, "no_text"),
        ({"channel": APPROVALS, "text": "x" * 40_001}, "msg_too_long"),
        ({"channel": APPROVALS, "blocks": "[{"}, "invalid_blocks_format"),
        ({"channel": APPROVALS, "blocks": [SECTION] * 51}, "invalid_blocks"),
        ({"channel": APPROVALS, "blocks": [{"type": "nothing"}]}, "invalid_blocks"),
        ({"channel": APPROVALS, "text": "x", "thread_ts": "1.000001"}, "cannot_reply_to_message"),
        ({"channel": APPROVALS, "text": "x", "metadata": "m"}, "invalid_metadata_format"),
        ({"channel": APPROVALS, "text": "x", "markdown_text": "y"}, "markdown_text_conflict"),
        ({"channel": APPROVALS, "text": "x", "username": "CEO"}, "missing_scope"),
        ({"channel": APPROVALS, "text": "x", "as_user": True}, "as_user_not_supported"),
    ],
)
async def test_a_message_is_refused(
    client: AsyncWebClient, arguments: dict[str, Any], code: str
) -> None:
    assert await error(client, "chat.postMessage", **arguments) == code


async def test_too_much_text_in_all_blocks_is_refused(client: AsyncWebClient) -> None:
    long = {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3000}}
    code = await error(client, "chat.postMessage", channel=APPROVALS, blocks=[long] * 5)
    assert code == "msg_blocks_too_long"


async def test_refused_blocks_are_pointed_at(client: AsyncWebClient) -> None:
    bad = [{"type": "section", "text": {"type": "mrkdwn", "text": ""}}]
    reply = await refused(client, "chat.postMessage", channel=APPROVALS, text="x", blocks=bad)
    (message,) = reply["response_metadata"]["messages"]
    assert message.endswith("[json-pointer:/blocks/0/text/text]")


async def test_an_update_with_text_alone_takes_the_blocks_away(client: AsyncWebClient) -> None:
    posted = await client.chat_postMessage(channel=APPROVALS, text="a", blocks=[SECTION])
    updated = await client.chat_update(channel=APPROVALS, ts=posted["ts"], text="b")
    assert "blocks" in posted["message"]
    assert "blocks" not in updated["message"]
    assert updated["message"]["edited"]["ts"] > posted["ts"]


async def test_only_own_and_standing_messages_are_edited(
    client: AsyncWebClient, slack: SlackDriver
) -> None:
    maria = await slack.user("maria")
    hers = await maria.say("mine", channel="approvals")
    where = {"channel": APPROVALS, "ts": hers.ts}
    assert await error(client, "chat.update", **where, text="x") == "cant_update_message"
    assert await error(client, "chat.delete", **where) == "cant_delete_message"
    posted = await client.chat_postMessage(channel=APPROVALS, text="a")
    await client.chat_delete(channel=APPROVALS, ts=posted["ts"])
    where["ts"] = str(posted["ts"])
    assert await error(client, "chat.update", **where, text="x") == "message_not_found"
    assert await error(client, "chat.update", **where, text="x" * 4001) == "message_not_found"


async def test_an_update_bears_less_text_than_a_post(client: AsyncWebClient) -> None:
    posted = await client.chat_postMessage(channel=APPROVALS, text="x" * 40_000)
    where = {"channel": APPROVALS, "ts": posted["ts"]}
    assert await error(client, "chat.update", **where, text="x" * 4_001) == "msg_too_long"


async def test_replies_hang_on_their_root(client: AsyncWebClient) -> None:
    root = await client.chat_postMessage(channel=APPROVALS, text="root")
    reply = await client.chat_postMessage(channel=APPROVALS, text="re", thread_ts=root["ts"])
    assert reply["message"]["thread_ts"] == root["ts"]
    assert reply["message"]["parent_user_id"] == seed.BOT_USER_ID


async def test_an_ephemeral_message_is_seen_by_one_and_edited_by_none(
    client: AsyncWebClient, slack: SlackDriver
) -> None:
    maria, marcus = await slack.user("maria"), await slack.user("marcus")
    sent = await client.chat_postEphemeral(channel=APPROVALS, user=maria.id, text="psst")
    assert (await maria.wait_for_message("psst")).is_ephemeral
    await marcus.say("anything?", channel="approvals")
    assert [message.text for message in marcus.messages("approvals")] == ["anything?"]
    where = {"channel": APPROVALS, "ts": sent["message_ts"]}
    assert await error(client, "chat.update", **where, text="x") == "message_not_found"
    alice = {"channel": APPROVALS, "user": seed.ALICE.id, "text": "x"}
    assert await error(client, "chat.postEphemeral", **alice) == "user_not_in_channel"


async def test_a_direct_message_opens_once_and_is_between_two(
    client: AsyncWebClient, slack: SlackDriver
) -> None:
    first = await client.conversations_open(users=seed.ALICE.id)
    again = await client.conversations_open(users=[seed.ALICE.id], return_im=True)
    assert again["already_open"] is True
    assert again["channel"]["id"] == first["channel"]["id"]
    await client.chat_postMessage(channel=first["channel"]["id"], text="for you")
    alice = await slack.user("alice")
    message = await alice.wait_for_message("for you", channel="abeyance")
    link = await client.chat_getPermalink(channel=message.channel, message_ts=message.ts)
    assert message.channel in link["permalink"]


async def test_a_direct_message_needs_somebody(client: AsyncWebClient) -> None:
    assert await error(client, "conversations.open") == "users_list_not_supplied"
    assert await error(client, "conversations.open", users="U0NOBODY") == "user_not_found"
    assert await error(client, "conversations.open", users="U1,U2") == "missing_scope"


async def test_people_are_found_by_id_and_by_address(client: AsyncWebClient) -> None:
    by_address = await client.users_lookupByEmail(email="Dana@acme.example")
    by_id = await client.users_info(user=seed.DANA.id)
    assert by_address["user"] == by_id["user"]
    assert by_id["user"]["profile"]["email"] == "dana@acme.example"
    assert by_id["user"]["is_email_confirmed"] is True
    assert (await client.users_info(user=seed.BOT_USER_ID))["user"]["is_bot"] is True
    assert await error(client, "users.lookupByEmail", email="x@y.z") == "users_not_found"
    assert await error(client, "users.info", user="U0NOBODY") == "user_not_found"


async def test_user_groups_say_who_is_in_them(client: AsyncWebClient) -> None:
    listed = await client.usergroups_list(include_users=True)
    handles = {group["handle"]: group["users"] for group in listed["usergroups"]}
    assert handles["managers"] == [seed.MARIA.id, seed.MARCUS.id]
    users = await client.usergroups_users_list(usergroup="S0AUDITORS")
    assert users["users"] == [seed.INES.id]
    assert await error(client, "usergroups.users.list", usergroup="S0") == "no_such_subteam"


async def test_a_person_leaves_a_group(client: AsyncWebClient, slack: SlackDriver) -> None:
    await slack.settings(usergroups={"managers": ["marcus"]})
    users = await client.usergroups_users_list(usergroup="S0MANAGERS")
    assert users["users"] == [seed.MARCUS.id]


async def test_a_file_goes_up_in_three_steps(client: AsyncWebClient, slack: SlackDriver) -> None:
    await client.files_upload_v2(
        channel=APPROVALS, content="line one\nline two", filename="session.txt", title="Session"
    )
    maria = await slack.user("maria")
    message = await maria.wait_for_message(lambda m: bool(m.raw.get("files")))
    assert message.raw["files"][0]["preview"] == "line one\nline two"


async def test_a_file_that_never_arrived_is_not_completed(client: AsyncWebClient) -> None:
    announced = await client.files_getUploadURLExternal(filename="a.txt", length=3)
    files = [{"id": announced["file_id"]}]
    assert await error(client, "files.completeUploadExternal", files=files) == "file_not_found"


async def test_a_burst_of_messages_is_let_through_and_then_paced_by_channel(
    client: AsyncWebClient, clock: Clock
) -> None:
    for number in range(20):
        await client.chat_postMessage(channel=APPROVALS, text=str(number))
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel=APPROVALS, text="one too many")
    assert caught.value.response.status_code == 429
    assert caught.value.response["error"] == "ratelimited"
    assert caught.value.response.headers["Retry-After"] == "1"
    await client.chat_postMessage(channel=seed.ALICE.id, text="another channel")
    clock.now += 1
    await client.chat_postMessage(channel=APPROVALS, text="a second later")


async def test_a_tier_limits_a_method_and_rates_can_be_switched_off(
    client: AsyncWebClient, slack: SlackDriver
) -> None:
    for _ in range(20):
        await client.usergroups_list()
    assert await error(client, "usergroups.list") == "ratelimited"
    await slack.settings(rates=0)
    await client.usergroups_list()


async def test_planned_faults_hit_the_next_calls_and_no_more(
    client: AsyncWebClient, slack: SlackDriver
) -> None:
    await slack.fail_calls(429, method="users.info", retry_after=7)
    await client.auth_test()
    with pytest.raises(SlackApiError) as caught:
        await client.users_info(user=seed.ALICE.id)
    assert caught.value.response.headers["Retry-After"] == "7"
    await client.users_info(user=seed.ALICE.id)
    await slack.fail_calls(500)
    with pytest.raises(SlackApiError) as failed:
        await client.auth_test()
    assert failed.value.response.status_code == 500
    await client.auth_test()


async def test_the_clients_own_retry_handler_gets_past_a_limit(
    client: AsyncWebClient, slack: SlackDriver
) -> None:
    client.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=1))
    await slack.fail_calls(429, retry_after=0)
    assert (await client.auth_test())["ok"] is True
