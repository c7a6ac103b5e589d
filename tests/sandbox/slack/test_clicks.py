"""Clicks, modals and Home: what the app may do with them, and what people may click."""

from typing import Any

import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.people.driver import Refused, SeenMessage, SlackDriver, SlackUser
from tests.sandbox.slack.bad_blocks import actions, asked, button, confirm, mrkdwn, plain, view
from tests.sandbox.slack.conftest import Clock

CARD = [{"type": "section", "text": mrkdwn("held")}, actions(button(action_id="go", value="H1"))]
PICK = {
    "type": "static_select",
    "action_id": "pick",
    "options": [{"text": plain("One"), "value": "1"}, {"text": plain("Two"), "value": "2"}],
}
FORM = view(
    callback_id="form",
    submit=plain("Send"),
    notify_on_close=True,
    blocks=[
        asked({"type": "plain_text_input"}, block_id="why"),
        {"type": "section", "block_id": "which", "text": mrkdwn("Which?"), "accessory": PICK},
        actions(button(action_id="more", value="m")),
    ],
)
PAGE = view(callback_id="page", blocks=[{"type": "section", "text": mrkdwn("Page two")}])


@pytest.fixture
async def card(
    app: AsyncApp, connected: AsyncSocketModeHandler, client: AsyncWebClient, slack: SlackDriver
) -> SeenMessage:
    """A card with one button, which opens the form."""

    @app.action("go")
    async def go(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=FORM)

    await client.chat_postMessage(channel="C0APPROVAL", text="held", blocks=CARD)
    maria = await slack.user("maria")
    return await maria.wait_for_message("held")


@pytest.fixture
async def maria(card: SeenMessage, slack: SlackDriver) -> SlackUser:
    """Maria, with the form open before her."""
    maria = await slack.user("maria")
    await maria.click(card, "go")
    await maria.wait_for_view("Which?")
    return maria


async def test_a_button_that_is_gone_from_the_card_is_refused(
    card: SeenMessage, client: AsyncWebClient, slack: SlackDriver
) -> None:
    await client.chat_update(channel=card.channel, ts=card.ts, text="Approved")
    with pytest.raises(Refused, match="go"):
        await (await slack.user("maria")).click(card, "go")


async def test_a_button_whose_value_has_changed_is_refused(
    card: SeenMessage, client: AsyncWebClient, slack: SlackDriver
) -> None:
    again = [
        CARD[0],
        actions(button(action_id="go", value="H2")) | {"block_id": card.blocks[1]["block_id"]},
    ]
    await client.chat_update(channel=card.channel, ts=card.ts, text="held", blocks=again)
    with pytest.raises(Refused) as refusal:
        await (await slack.user("maria")).click(card, "go")
    assert refusal.value.code == "no_such_action"


async def test_a_card_is_not_clicked_by_who_cannot_see_it(
    card: SeenMessage, slack: SlackDriver
) -> None:
    with pytest.raises(Refused) as refusal:
        await (await slack.user("alice")).click(card, "go")
    assert refusal.value.code == "not_in_channel"


async def test_an_ephemeral_card_is_not_clicked_by_another(
    card: SeenMessage, client: AsyncWebClient, slack: SlackDriver
) -> None:
    ines = await slack.user("ines")
    await client.chat_postEphemeral(channel="C0APPROVAL", user=ines.id, text="for you", blocks=CARD)
    hers = await ines.wait_for_message("for you")
    with pytest.raises(Refused) as refusal:
        await (await slack.user("maria")).click(hers, "go")
    assert refusal.value.code == "message_not_found"


async def test_a_click_on_an_ephemeral_card_carries_no_message(
    app: AsyncApp, connected: AsyncSocketModeHandler, client: AsyncWebClient, slack: SlackDriver
) -> None:
    @app.action("go")
    async def go(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        assert body["container"]["is_ephemeral"] is True
        await respond("gone" if "message" not in body else "kept", replace_original=True)

    ines = await slack.user("ines")
    await client.chat_postEphemeral(channel="C0APPROVAL", user=ines.id, text="you", blocks=CARD)
    await ines.click(hers := await ines.wait_for_message("you"), "go")
    assert (await ines.wait_for_change(hers, "gone")).is_ephemeral


async def test_a_deleted_card_is_not_clicked(
    card: SeenMessage, client: AsyncWebClient, slack: SlackDriver
) -> None:
    await client.chat_delete(channel=card.channel, ts=card.ts)
    maria = await slack.user("maria")
    await maria.wait_until_gone(card)
    with pytest.raises(Refused) as refusal:
        await maria.click(card, "go")
    assert refusal.value.code == "message_not_found"


async def test_an_option_that_is_not_offered_is_refused(maria: SlackUser) -> None:
    with pytest.raises(Refused) as refusal:
        await maria.click(maria.views[-1], "pick", choose="3")
    assert refusal.value.code == "no_such_option"


async def test_a_trigger_is_good_once_and_for_three_seconds(
    app: AsyncApp,
    connected: AsyncSocketModeHandler,
    client: AsyncWebClient,
    slack: SlackDriver,
    clock: Clock,
) -> None:
    errors: list[str] = []

    async def attempt(client: AsyncWebClient, trigger_id: str) -> None:
        try:
            await client.views_open(trigger_id=trigger_id, view=PAGE)
        except SlackApiError as failure:
            errors.append(failure.response["error"])

    @app.action("go")
    async def go(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await attempt(client, "1.2.nonsense")
        await attempt(client, body["trigger_id"])
        await attempt(client, body["trigger_id"])
        await ack()

    @app.action("late")
    async def late(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        clock.now += 3.1
        await attempt(client, body["trigger_id"])
        await ack()

    both = [actions(button(action_id="go"), button(action_id="late"))]
    await client.chat_postMessage(channel="C0APPROVAL", text="x", blocks=both)
    maria = await slack.user("maria")
    card = await maria.wait_for_message("x")
    await maria.click(card, "go")
    await maria.click(card, "late")
    assert errors == ["invalid_trigger_id", "exchanged_trigger_id", "expired_trigger_id"]


async def test_a_required_field_is_asked_for_before_the_app_hears_of_it(maria: SlackUser) -> None:
    with pytest.raises(Refused) as refusal:
        await maria.submit({})
    assert refusal.value.errors == {"why": "Please complete this required field."}


async def test_a_submission_may_update_push_and_clear(app: AsyncApp, maria: SlackUser) -> None:
    answers = [
        {"response_action": "update", "view": FORM | {"title": plain("Again")}},
        {"response_action": "push", "view": FORM | {"title": plain("Above")}},
        {"response_action": "clear"},
    ]

    @app.view("form")
    async def submitted(ack: AsyncAck) -> None:
        await ack(**answers.pop(0))

    updated = await maria.submit({"why": "first"})
    assert updated is not None
    assert updated.title == "Again"
    assert updated.raw["state"]["values"]["why"]["i"]["value"] == "first"
    pushed = await maria.submit()
    assert pushed is not None
    assert [seen.title for seen in maria.views] == ["Again", "Above"]
    assert pushed.raw["previous_view_id"] == updated.id
    assert await maria.submit({"why": "second"}) is None


async def test_errors_for_a_block_that_is_not_there_are_the_apps_mistake(
    app: AsyncApp, maria: SlackUser
) -> None:
    @app.view("form")
    async def submitted(ack: AsyncAck) -> None:
        await ack(response_action="errors", errors={"nowhere": "bad"})

    with pytest.raises(Refused, match="trouble"):
        await maria.submit({"why": "x"})
    assert maria.views


async def test_what_is_filled_in_travels_with_each_click_in_a_modal(
    app: AsyncApp, maria: SlackUser
) -> None:
    bodies: list[dict[str, Any]] = []

    @app.action("pick")
    @app.action("more")
    async def clicked(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        bodies.append(body)

    await maria.click(maria.views[-1], "pick", choose="2", values={"why": "because"})
    await maria.click(maria.views[-1], "more")
    values = bodies[-1]["view"]["state"]["values"]
    assert values["why"]["i"]["value"] == "because"
    assert values["which"]["pick"]["selected_option"]["value"] == "2"
    assert bodies[0]["actions"][0]["selected_option"]["text"]["text"] == "Two"
    assert "response_url" not in bodies[0]


async def test_three_views_make_a_full_stack(app: AsyncApp, maria: SlackUser) -> None:
    errors: list[str] = []

    @app.action("more")
    async def more(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        try:
            await client.views_push(trigger_id=body["trigger_id"], view=FORM)
        except SlackApiError as failure:
            errors.append(failure.response["error"])
        await ack()

    for _ in range(3):
        await maria.click(maria.views[-1], "more")
    assert len(maria.views) == 3
    assert errors == ["push_limit_reached"]


async def test_closing_tells_the_app_that_asked_to_know(app: AsyncApp, maria: SlackUser) -> None:
    closed: list[bool] = []

    @app.view_closed("form")
    async def gone(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        closed.append(body["is_cleared"])

    await maria.close_view()
    assert maria.views == []
    assert closed == [False]


async def test_an_update_with_an_old_hash_conflicts(
    client: AsyncWebClient, maria: SlackUser
) -> None:
    old = maria.views[-1]
    await client.views_update(view_id=old.id, hash=old.hash, view=PAGE)
    await maria.wait_for_view("Page two")
    with pytest.raises(SlackApiError, match="hash_conflict"):
        await client.views_update(view_id=old.id, hash=old.hash, view=PAGE)
    with pytest.raises(SlackApiError, match="not_found"):
        await client.views_update(view_id="V0NOWHERE", view=PAGE)


async def test_a_bad_view_is_refused_with_a_pointer(client: AsyncWebClient) -> None:
    with pytest.raises(SlackApiError) as caught:
        await client.views_publish(user_id="U0MARIA001", view={"type": "home", "blocks": [{}]})
    assert caught.value.response["error"] == "invalid_arguments"
    messages = caught.value.response["response_metadata"]["messages"]
    assert messages == ["[ERROR] missing required field: type [json-pointer:/view/blocks/0]"]


async def test_a_button_on_the_home_tab_works(
    app: AsyncApp, connected: AsyncSocketModeHandler, client: AsyncWebClient, slack: SlackDriver
) -> None:
    @app.action("go")
    async def go(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        home = {"type": "home", "blocks": [{"type": "section", "text": mrkdwn("Done.")}]}
        await client.views_publish(user_id=body["user"]["id"], hash=body["view"]["hash"], view=home)

    ask = button(action_id="go", confirm=confirm())
    home = {"type": "home", "blocks": [actions(ask)]}
    maria = await slack.user("maria")
    await client.views_publish(user_id=maria.id, view=home)
    await maria.click(await maria.wait_for_home("Go"), "Go")
    await maria.wait_for_home("Done.")
