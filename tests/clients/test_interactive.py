"""Claude Code as people use it: at a terminal, one prompt after the other."""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from app.domain.connection import Waiting
from tests.clients.agents import CARD_SECONDS, CLAUDE, PROGRAMS, SPARING, Desk
from tests.clients.terminals import Terminal, at_terminal
from tests.clients.test_waiting_line import LINE, register

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from sandbox.model.driver import ModelDriver
    from sandbox.slack.people.driver import SlackDriver
    from tests.flows.house import House

DENIAL = {"category": "Not allowed by policy", "reason": "Use the lunar simulator"}


@pytest.fixture(scope="module", autouse=True)
def _visible(house: House) -> Iterator[None]:
    asyncio.run(register(house, Waiting.VISIBLE))
    yield
    asyncio.run(register(house, Waiting.AUTO))


@asynccontextmanager
async def claude_code(desk: Desk) -> AsyncIterator[Terminal]:
    """Start it as after its first start: no questions about colours, and the folder is trusted."""
    setup = CLAUDE.setup(desk.gateway, desk.token, "sandbox-1", 0)
    desk.work.mkdir(parents=True, exist_ok=True)
    trusted = {"hasTrustDialogAccepted": True, "hasCompletedProjectOnboarding": True}
    known = {"hasCompletedOnboarding": True, "projects": {str(desk.work): trusted}}
    (desk.home / ".claude.json").write_text(json.dumps(known))
    env = {"PATH": os.environ["PATH"], "HOME": str(desk.home), "TERM": "xterm-256color"}
    command = (PROGRAMS / "claude", "--model", "sandbox-1")
    async with at_terminal(command, desk.work, env | SPARING | setup.env) as terminal:
        await terminal.wait_for("? for shortcuts")
        yield terminal


async def say(terminal: Terminal, prompt: str) -> None:
    terminal.type(prompt)
    await terminal.wait_for(f"❯ {prompt}")  # what comes in one piece with Enter is a paste
    terminal.type("\r")


async def test_a_person_asks_waits_for_a_manager_and_reads_a_denial_at_the_terminal(
    desk: Desk, slack: SlackDriver, model: ModelDriver, case: str
) -> None:
    maria = await slack.user("maria")
    async with claude_code(desk) as terminal:
        await say(terminal, f"Say hello to {case}")
        await terminal.wait_for("Happy to help")
        answered = len(await model.requests())

        await say(terminal, f"Fly to the moonbase and bring back three samples, {case}")
        card = await maria.wait_for_message(case, channel="approvals", within=CARD_SECONDS)
        await terminal.wait_for(LINE)
        await asyncio.sleep(3)  # a manager reads
        assert "esc to interrupt" in terminal.text
        assert terminal.text.count("Happy to help") == 1
        assert len(await model.requests()) == answered
        await maria.click(card, "Approve")
        await terminal.wait_for_count("Happy to help", 2)

        # Short, so that it is known together with what was typed before it.
        await say(terminal, f"Leave the moonbase, {case}-2")
        card = await maria.wait_for_message(f"{case}-2", channel="approvals", within=CARD_SECONDS)
        await maria.click(card, "Deny…")
        await maria.submit(DENIAL)
        screen = await terminal.wait_for_count("Use the lunar simulator", 1)
    assert "Maria Lopez denied this request" in screen
    assert "/login" not in screen
    assert terminal.text.count("Happy to help") == 2
    assert sum(case in seen.words for seen in maria.messages("approvals")) == 2


async def test_after_a_denial_nothing_of_that_conversation_asks_again_and_another_goes_on(
    desk: Desk, slack: SlackDriver, model: ModelDriver, case: str
) -> None:
    """What was denied and what is typed next are one turn, and each prompt has its title asked."""
    maria = await slack.user("maria")
    async with claude_code(desk) as terminal:
        await say(terminal, f"Fly to the moonbase and bring back three samples, {case}")
        card = await maria.wait_for_message(case, channel="approvals", within=CARD_SECONDS)
        await maria.click(card, "Deny…")
        await maria.submit(DENIAL)
        await terminal.wait_for_count("Use the lunar simulator", 1)
        for count, prompt in enumerate(["Say hello", f"Leave the moonbase, {case}"], start=2):
            await say(terminal, prompt)
            await terminal.wait_for_count("Use the lunar simulator", count)
        assert sum(case in seen.words for seen in maria.messages("approvals")) == 1
        assert not [r for r in await model.requests() if case in r.body.decode()]

    async with claude_code(desk) as terminal:
        await say(terminal, "Say goodbye")
        await terminal.wait_for("Happy to help")
    assert sum(case in seen.words for seen in maria.messages("approvals")) == 1
