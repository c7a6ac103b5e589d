"""A task of six tool calls in each agent: one is approved, one denied, one changed by a manager."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.clients.agents import AGENTS, CARD_SECONDS, Agent, Desk

if TYPE_CHECKING:
    from sandbox.model.driver import ModelDriver
    from sandbox.slack.people.driver import SlackDriver, SlackUser
    from sandbox.slack.people.eyes import SeenMessage

MODEL = "sandbox-1-strict"
"""It refuses a history that its provider would refuse."""
CHANGE = "Change and approve…"
FILE = "ran.txt"
SHOWS_ALL = {"claude": ("--output-format", "stream-json", "--verbose")}
"""Flags with which an agent prints what the model said before its last message."""


def task(case: str) -> str:
    """Return the prompt; the denied call stands beside one that is changed, so the task goes on."""
    return f"""Do this:
$ echo one >> {FILE}
$ echo two >> {FILE}
$ echo moonwalk three {case} >> {FILE}
$ echo moonwalk four {case} >> {FILE}
+ echo moonwalk five {case} >> {FILE}
$ echo six >> {FILE}
That is all."""


async def card_of(user: SlackUser, words: str) -> SeenMessage:
    """Wait for the card of the call of `echo moonwalk` with these words."""
    headline = f": echo moonwalk {words}"
    return await user.wait_for_message(
        lambda message: headline in message.words and "Approve" in message.buttons,
        within=CARD_SECONDS,
    )


async def change(user: SlackUser, card: SeenMessage, command: str) -> None:
    options = card.element("hold_more").raw["options"]
    value = next(o["value"] for o in options if o["text"]["text"] == CHANGE)
    await user.click(card, "hold_more", choose=value)
    await user.wait_for_view("The call runs as you leave it here")
    await user.submit({"arguments": command})


@pytest.mark.parametrize("agent", AGENTS, ids=str)
async def test_the_right_calls_run_and_no_other(
    agent: Agent, desk: Desk, model: ModelDriver, slack: SlackDriver, case: str
) -> None:
    maria = await slack.user("maria")
    async with asyncio.TaskGroup() as tasks:
        flags = SHOWS_ALL.get(agent.program, ())
        running = tasks.create_task(desk.run(agent, task(case), MODEL, flags=flags))
        third = await card_of(maria, f"three {case}")
        ran = desk.work / FILE
        assert ran.read_text().split() == ["one", "two"]
        await asyncio.sleep(3)  # a manager reads
        await maria.click(third, "Approve")
        fifth = await card_of(maria, f"five {case}")
        fourth = await card_of(maria, f"four {case}")
        await maria.click(fourth, "Deny…")
        await maria.submit({"category": "Other", "reason": "Four brings bad luck"})
        await change(maria, fifth, f"echo changed >> {FILE}")
    ended = running.result()
    assert ran.read_text().splitlines() == [
        *("one", "two", f"moonwalk three {case}", "changed", "six"),
    ]
    assert ended.code == 0
    assert "All 5 steps are done" in ended.screen
    assert "Four brings bad luck" in ended.screen
    assert "approved this" in ended.screen
    cards = [m for m in maria.messages("approvals") if case in m.words]
    assert len(cards) == 3
    asked = [r for r in await model.requests() if case in r.body.decode()]
    steps = [r for r in asked if FILE in r.body.decode() and '"tools"' in r.body.decode()]
    assert len(steps) == 6
    assert not any("Waiting for approval" in r.body.decode() for r in asked)
    assert "Four brings bad luck" in asked[-1].body.decode()


@pytest.mark.parametrize("agent", AGENTS, ids=str)
async def test_a_denial_of_the_only_call_is_on_the_screen_and_is_not_tried_again(
    agent: Agent, desk: Desk, model: ModelDriver, slack: SlackDriver, case: str
) -> None:
    maria = await slack.user("maria")
    async with asyncio.TaskGroup() as tasks:
        prompt = f"Do this:\n$ echo moonwalk {case} >> {FILE}\nThat is all."
        running = tasks.create_task(desk.run(agent, prompt, MODEL))
        await maria.click(await card_of(maria, case), "Deny…")
        await maria.submit({"category": "Other", "reason": "Stay on the ground"})
    ended = running.result()
    assert "Stay on the ground" in ended.screen
    assert not (desk.work / FILE).exists()
    steps = [r for r in await model.requests() if FILE in r.body.decode()]
    assert len([r for r in steps if '"tools"' in r.body.decode()]) == 1
