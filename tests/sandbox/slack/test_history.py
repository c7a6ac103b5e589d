"""Reading back what stands in a channel, and where the bot is."""

import asyncio

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.people.driver import SlackDriver
from sandbox.slack.state import seed
from tests.sandbox.slack.test_web_api import APPROVALS, GENERAL, error

ABOUT = {"event_type": "hold", "event_payload": {"hold": "h1"}}


async def test_history_goes_back_in_pages_and_leaves_threads_out(client: AsyncWebClient) -> None:
    posted = [
        (await client.chat_postMessage(channel=APPROVALS, text=str(n)))["ts"] for n in range(5)
    ]
    await client.chat_postMessage(channel=APPROVALS, text="reply", thread_ts=posted[0])
    first = await client.conversations_history(channel=APPROVALS, limit=3)
    assert [message["text"] for message in first["messages"]] == ["4", "3", "2"]
    assert first["has_more"] is True
    cursor = first["response_metadata"]["next_cursor"]
    rest = await client.conversations_history(channel=APPROVALS, limit=3, cursor=cursor)
    assert [message["text"] for message in rest["messages"]] == ["1", "0"]
    assert rest["has_more"] is False
    after = await client.conversations_history(channel=APPROVALS, oldest=posted[3])
    assert [message["text"] for message in after["messages"]] == ["4"]


async def test_metadata_is_shown_to_who_asks_for_it(client: AsyncWebClient) -> None:
    await client.chat_postMessage(channel=APPROVALS, text="card", metadata=ABOUT)
    bare = await client.conversations_history(channel=APPROVALS)
    assert "metadata" not in bare["messages"][0]
    full = await client.conversations_history(channel=APPROVALS, include_all_metadata=True)
    assert full["messages"][0]["metadata"] == ABOUT


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"channel": "C0NOWHERE1"}, "channel_not_found"),
        ({"channel": GENERAL}, "not_in_channel"),
        ({"channel": APPROVALS, "limit": 1000}, "invalid_limit"),
        ({"channel": APPROVALS, "oldest": "then"}, "invalid_ts_oldest"),
        ({"channel": APPROVALS, "latest": "then"}, "invalid_ts_latest"),
        ({"channel": APPROVALS, "cursor": "page two"}, "invalid_cursor"),
    ],
)
async def test_a_history_is_refused(
    client: AsyncWebClient, arguments: dict[str, object], code: str
) -> None:
    await client.chat_postMessage(channel=APPROVALS, text="something to page")
    assert await error(client, "conversations.history", **arguments) == code


async def test_each_kind_of_channel_has_its_scope(
    client: AsyncWebClient, slack: SlackDriver
) -> None:
    opened = await client.conversations_open(users=seed.ALICE.id)
    await slack.settings(bot_scopes=["im:history", "channels:read"])
    await client.conversations_history(channel=opened["channel"]["id"])
    assert await error(client, "conversations.history", channel=APPROVALS) == "missing_scope"
    assert await error(client, "users.conversations", types="private_channel") == "missing_scope"


async def test_a_bot_finds_the_channels_that_it_is_in(client: AsyncWebClient) -> None:
    found = await client.users_conversations(types="public_channel,private_channel")
    assert [channel["name"] for channel in found["channels"]] == ["approvals"]


async def test_a_swallowed_answer_leaves_its_message_behind(
    client: AsyncWebClient, slack: SlackDriver
) -> None:
    maria = await slack.user("maria")
    await slack.swallow_answers("chat.postMessage")
    asking = asyncio.ensure_future(client.chat_postMessage(channel=APPROVALS, text="lost?"))
    await maria.wait_for_message("lost?")
    assert not asking.done()
    await slack.clear_faults()
    assert (await asking)["ok"] is True
