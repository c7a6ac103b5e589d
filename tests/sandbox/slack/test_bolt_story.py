"""A real Bolt app lives in the workspace: cards, clicks, modals, commands, Home."""

from typing import Any

import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.people.driver import Refused, SlackDriver

CARD: list[dict[str, Any]] = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "Approve *this*?"}},
    {
        "type": "actions",
        "elements": [
            {
                "type": "button",
                "action_id": "approve",
                "value": "H1",
                "text": {"type": "plain_text", "text": "Approve"},
            },
            {
                "type": "button",
                "action_id": "deny",
                "value": "H1",
                "text": {"type": "plain_text", "text": "Deny…"},
            },
        ],
    },
]
MODAL: dict[str, Any] = {
    "type": "modal",
    "callback_id": "reason",
    "title": {"type": "plain_text", "text": "Deny"},
    "submit": {"type": "plain_text", "text": "Deny"},
    "blocks": [
        {
            "type": "input",
            "block_id": "reason",
            "label": {"type": "plain_text", "text": "Reason"},
            "element": {"type": "plain_text_input", "action_id": "text"},
        }
    ],
}


async def test_a_click_reaches_the_app_and_the_card_changes_before_the_managers_eyes(
    app: AsyncApp, connected: AsyncSocketModeHandler, client: AsyncWebClient, slack: SlackDriver
) -> None:
    seen: dict[str, Any] = {}

    @app.action("approve")
    async def approve(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        seen.update(body)
        where = {"channel": body["channel"]["id"], "ts": body["message"]["ts"]}
        await client.chat_update(**where, text=f"Approved by <@{body['user']['id']}>")

    maria = await slack.user("maria")
    await client.chat_postMessage(channel="C0APPROVAL", text="Approval needed", blocks=CARD)
    card = await maria.wait_for_message("Approval needed")
    assert card.buttons == ["Approve", "Deny…"]
    await maria.click(card, "Approve")
    after = await maria.wait_for_change(card, "Approved by")
    assert after.buttons == []
    assert seen["actions"][0]["value"] == "H1"
    assert seen["user"]["id"] == maria.id
    assert seen["container"]["message_ts"] == card.ts


async def test_a_modal_opens_is_mended_and_submitted(
    app: AsyncApp, connected: AsyncSocketModeHandler, client: AsyncWebClient, slack: SlackDriver
) -> None:
    @app.action("deny")
    async def deny(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=MODAL)

    @app.view("reason")
    async def denied(ack: AsyncAck, view: dict[str, Any], client: AsyncWebClient) -> None:
        reason = view["state"]["values"]["reason"]["text"]["value"]
        if len(reason) < 5:
            await ack(response_action="errors", errors={"reason": "Say more, please."})
            return
        await ack()
        await client.chat_postMessage(channel="U0ALICE001", text=f"Denied: {reason}")

    maria, alice = await slack.user("maria"), await slack.user("alice")
    await client.chat_postMessage(channel="approvals", text="Approval needed", blocks=CARD)
    await maria.click(await maria.wait_for_message("Approval needed"), "deny")
    modal = await maria.wait_for_view("Reason")
    assert modal.title == "Deny"
    with pytest.raises(Refused) as refusal:
        await maria.submit({"text": "no"})
    assert refusal.value.errors == {"reason": "Say more, please."}
    assert await maria.submit({"reason": "not on a Friday"}) is None
    assert (await alice.wait_for_message("Denied")).text == "Denied: not on a Friday"


async def test_a_command_is_answered_where_only_the_person_sees_it(
    app: AsyncApp, connected: AsyncSocketModeHandler, slack: SlackDriver
) -> None:
    @app.command("/replay")
    async def replay(ack: AsyncAck, respond: AsyncRespond, command: dict[str, Any]) -> None:
        await ack()
        await respond(f"You asked for {command['text']}")

    ines, maria = await slack.user("ines"), await slack.user("maria")
    answer = await ines.command("/replay", "user:alice")
    assert answer.words == "You asked for user:alice"
    await maria.say("hello")
    assert [m.text for m in maria.messages()] == ["hello"]


async def test_the_home_tab_is_published_when_it_is_opened(
    app: AsyncApp, connected: AsyncSocketModeHandler, slack: SlackDriver
) -> None:
    @app.event("app_home_opened")
    async def home(event: dict[str, Any], client: AsyncWebClient) -> None:
        blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "Nothing waits."}}]
        await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks})

    marcus = await slack.user("marcus")
    assert "Nothing waits." in (await marcus.open_home()).words
