"""How an app answers: in the ack of a command, or by its response URL."""

from typing import Any

import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.people.driver import Refused, SlackDriver
from tests.sandbox.slack.bad_blocks import actions, button
from tests.sandbox.slack.conftest import Clock


async def test_a_command_may_answer_in_its_ack_to_all(
    app: AsyncApp, connected: AsyncSocketModeHandler, slack: SlackDriver
) -> None:
    @app.command("/abeyance")
    async def help_all(ack: AsyncAck) -> None:
        await ack(text="Help is here", response_type="in_channel")

    ines, maria = await slack.user("ines"), await slack.user("maria")
    await ines.command("/abeyance", "help", channel="approvals")
    assert not (await maria.wait_for_message("Help is here")).is_ephemeral


async def test_a_command_nobody_registered_is_refused(slack: SlackDriver) -> None:
    with pytest.raises(Refused, match="/shout is not a valid command"):
        await (await slack.user("ines")).command("/shout")


async def test_a_response_url_works_five_times_in_thirty_minutes(
    app: AsyncApp, connected: AsyncSocketModeHandler, slack: SlackDriver, clock: Clock
) -> None:
    statuses: list[int] = []

    @app.command("/replay")
    async def replay(ack: AsyncAck, respond: AsyncRespond, command: dict[str, Any]) -> None:
        replies = [await respond(f"answer {n}") for n in range(int(command["text"]))]
        statuses.extend(reply.status_code for reply in replies)
        clock.now += 30 * 60
        statuses.append((await respond("too late")).status_code)
        await ack()

    ines = await slack.user("ines")
    await ines.command("/replay", "6")
    assert statuses == [200, 200, 200, 200, 200, 404, 404]
    await ines.command("/replay", "1")
    assert statuses[7:] == [200, 404]
    assert [m.text for m in ines.messages()][:2] == ["answer 0", "answer 1"]


async def test_a_response_url_replaces_and_deletes_the_card_it_came_from(
    app: AsyncApp, connected: AsyncSocketModeHandler, client: AsyncWebClient, slack: SlackDriver
) -> None:
    @app.action("go")
    async def go(ack: AsyncAck, respond: AsyncRespond, action: dict[str, Any]) -> None:
        await ack()
        if action["value"] == "delete":
            await respond(delete_original=True)
        else:
            await respond("Replaced", replace_original=True)

    maria = await slack.user("maria")
    for value in ("replace", "delete"):
        blocks = [actions(button(action_id="go", value=value))]
        await client.chat_postMessage(channel="C0APPROVAL", text=value, blocks=blocks)
    await maria.click(first := await maria.wait_for_message("replace"), "go")
    assert (await maria.wait_for_change(first, "Replaced")).buttons == []
    await maria.click(second := await maria.wait_for_message("delete"), "go")
    await maria.wait_until_gone(second)
