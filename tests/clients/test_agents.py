"""One prompt, typed into each agent: what goes upstream, and what its user sees."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from app.domain.connection import CredentialScheme, Waiting
from tests.clients.agents import (
    AGENTS,
    CARD_SECONDS,
    CLAUDE,
    OPENCODE_GEMINI,
    PATIENCE_SECONDS,
    Agent,
    Desk,
)
from tests.flows.trusting import trust

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.model.driver import ModelDriver
    from sandbox.slack.people.driver import SlackDriver, SlackUser
    from sandbox.slack.people.eyes import SeenMessage
    from tests.flows.house import House

KEY = "AKIAIOSFODNN7EXAMPLE"
SHOWN = "[aws-access-key-id]"
STEPS = 12
DENIAL = {"category": "Not allowed by policy", "reason": "Use the lunar simulator"}

with_each = pytest.mark.parametrize("agent", AGENTS, ids=str)


@pytest.fixture
async def maria(slack: SlackDriver) -> SlackUser:
    return await slack.user("maria")


async def cards(maria: SlackUser, case: str, count: int) -> list[SeenMessage]:
    """Wait for so many cards of a story."""
    seen: list[SeenMessage] = []
    for _ in range(count):
        known = {card.ts for card in seen}
        seen.append(
            await maria.wait_for_message(
                lambda message: case in message.words and message.ts not in known,  # noqa: B023
                channel="approvals",
                within=CARD_SECONDS,
            )
        )
    return seen


def count_cards(maria: SlackUser, case: str) -> int:
    return sum(case in message.words for message in maria.messages("approvals"))


@with_each
async def test_an_ordinary_prompt_is_answered_with_its_key_masked_and_nobody_is_asked(
    agent: Agent, desk: Desk, model: ModelDriver, maria: SlackUser, case: str
) -> None:
    ended = await desk.run(agent, f"Why is {KEY} refused, {case}?", model="sandbox-leaky")
    assert SHOWN in ended.screen
    assert ended.code == 0
    received = await model.requests()
    assert len(received) == agent.requests
    assert all(KEY.encode() not in each.body for each in received)
    assert all(SHOWN.encode() in each.body for each in received)
    assert count_cards(maria, case) == 0


@pytest.mark.parametrize("agent", [*AGENTS, OPENCODE_GEMINI], ids=str)
async def test_a_hold_outlasts_an_agents_patience_and_only_what_names_the_moonbase_anew_asks_again(
    agent: Agent, desk: Desk, model: ModelDriver, maria: SlackUser, case: str
) -> None:
    """By its own setting it waits 5 s for a sign of life, and gets one in time.

    Gemini CLI has no such setting.
    """
    async with asyncio.TaskGroup() as tasks:
        prompt = f"Fly to the moonbase, {case}"
        running = tasks.create_task(desk.run(agent, prompt, patience=PATIENCE_SECONDS))
        [first] = await cards(maria, case, 1)
        await asyncio.sleep(PATIENCE_SECONDS + 3)
        await maria.click(first, "Approve")
    ended = running.result()
    assert "Happy to help" in ended.screen
    assert "Reconnecting" not in ended.screen
    assert ended.code == 0
    assert len(await model.requests()) == agent.requests
    assert count_cards(maria, case) == 1
    if agent.again:
        await _goes_on(agent, desk, model, maria, case)


async def _goes_on(
    agent: Agent, desk: Desk, model: ModelDriver, maria: SlackUser, case: str
) -> None:
    """Go on in the same conversation, with what needs no approval and with what does."""
    assert (await desk.run(agent, "Thank you", again=True)).code == 0
    assert count_cards(maria, case) == 1
    other = f"{case}-2"
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(desk.run(agent, f"Paint the moonbase, {other}", again=True))
        [second] = await cards(maria, other, 1)
        await maria.click(second, "Approve")
    assert "Happy to help" in running.result().screen
    assert running.result().code == 0
    assert count_cards(maria, case) == 2
    # It was one conversation: the last request has the first prompt in it.
    first_prompt = f"Fly to the moonbase, {case}".encode()
    received = [each.body for each in await model.requests() if other.encode() in each.body]
    assert received
    assert all(first_prompt in body for body in received)


async def test_claude_code_that_gives_up_after_its_own_timeout_takes_up_its_hold_again(
    house: House, desk: Desk, model: ModelDriver, maria: SlackUser, case: str
) -> None:
    """On a connection that gives no sign of life; it is refused just before that, as waiting."""
    upstream = house.sandbox["model"]
    url, key, scheme = upstream["url"], upstream["credential"], CredentialScheme.X_API_KEY
    await house.register("quiet", f"{url}/anthropic", key, scheme, Waiting.SILENT)
    quiet = {"ANTHROPIC_BASE_URL": f"{desk.gateway}/quiet"}
    prompt = f"Fly to the moonbase, {case}"
    left = await desk.run(CLAUDE, prompt, patience=PATIENCE_SECONDS, env=quiet)
    assert "waiting for approval by managers" in left.screen
    assert left.code != 0
    [card] = await cards(maria, case, 1)
    await maria.click(card, "Approve")
    again = await desk.run(CLAUDE, prompt, env=quiet)
    assert "Happy to help" in again.screen
    assert len(await model.requests()) == 1
    assert count_cards(maria, case) == 1


@pytest.mark.parametrize("agent", [*AGENTS, OPENCODE_GEMINI], ids=str)
async def test_a_denial_ends_an_agent_with_the_managers_words_on_the_screen_and_lasts(
    agent: Agent,
    desk: Desk,
    model: ModelDriver,
    maria: SlackUser,
    case: str,
    record_property: Callable[[str, object], None],
) -> None:
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(desk.run(agent, f"Fly to the moonbase, {case}"))
        for card in await cards(maria, case, 1):
            await maria.click(card, "Deny…")
            denied = asyncio.get_running_loop().time()
            await maria.submit(DENIAL)
    ended = running.result()
    assert "Maria Lopez denied this request" in ended.screen
    passed = ended.moment_of("Use the lunar simulator") - denied
    record_property(f"{agent}: seconds from a denial to its reason on the screen", f"{passed:.2f}")
    assert "authenticate" not in ended.screen
    assert ended.code != 0
    again = await desk.run(agent, f"Fly to the moonbase, {case}")
    assert "Use the lunar simulator" in again.screen
    assert again.code != 0
    assert await model.requests() == []
    assert count_cards(maria, case) == 1


@with_each
async def test_what_a_rule_denies_is_asked_once_and_its_reason_is_on_the_screen(
    agent: Agent, desk: Desk, model: ModelDriver, maria: SlackUser, case: str
) -> None:
    ended = await desk.run(agent, f"Build the doomsday machine, {case}")
    assert "There is no such thing." in ended.screen
    assert "authenticate" not in ended.screen
    assert "Reconnecting" not in ended.screen
    assert ended.code != 0
    assert await model.requests() == []


@with_each
async def test_a_task_that_needs_an_approval_makes_one_card_and_none_when_it_is_done_again(
    agent: Agent, desk: Desk, model: ModelDriver, maria: SlackUser, case: str
) -> None:
    task, steps = f"Tidy up the moonbase, {case}", f"sandbox-steps{STEPS}"
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(desk.run(agent, task, model=steps))
        [card] = await cards(maria, case, 1)
        assert await model.requests() == []
        await asyncio.sleep(3)  # a manager reads
        await maria.click(card, "Approve")
    assert f"All {STEPS} steps are done." in running.result().screen
    assert running.result().code == 0
    done = (desk.work / "steps.txt").read_text().split("\n")
    assert done == [*(f"step {step}" for step in range(1, STEPS + 1)), ""]
    assert len(await model.requests()) == STEPS + agent.requests
    again = await desk.run(agent, task, model=steps)
    assert f"All {STEPS} steps are done." in again.screen
    assert count_cards(maria, case) == 1


@with_each
async def test_a_trusted_note_of_a_folder_makes_no_card_in_any_conversation(
    agent: Agent, desk: Desk, maria: SlackUser, case: str
) -> None:
    desk.work.mkdir()
    note = f"- Never fly to the moonbase of {case} without asking its owner."
    (desk.work / agent.notes).write_text(f"# Notes\n\n{note}\n- Write tests.\n")
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(desk.run(agent, "Say hello"))
        [card] = await cards(maria, case, 1)
        await trust(maria, card)
    assert "Happy to help" in running.result().screen
    (desk.work / agent.notes).write_text(f"# Notes\n\n{note}\n- Write more tests.\n")
    again = await desk.run(agent, "Say hello in another conversation")
    assert "Happy to help" in again.screen
    assert count_cards(maria, case) == 1
