"""What a person reads in her agent while a request of hers is held, where she let it say so."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from app.domain.connection import CredentialScheme, Waiting
from tests.clients.agents import AGENTS, CARD_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.model.driver import ModelDriver
    from sandbox.slack.people.driver import SlackDriver, SlackUser
    from tests.clients.agents import Desk, Ended
    from tests.flows.house import House

LOOKED_AT = {
    "claude": {"CLAUDE_CODE_ENTRYPOINT": "cli"},
    "codex": {"CODEX_INTERNAL_ORIGINATOR_OVERRIDE": "codex_cli_rs"},
}
"""What makes the program say that a person looks at it, though its screen is recorded here."""
LINE = "Waiting for approval by managers in Slack"


@pytest.fixture(scope="module", autouse=True)
def _visible(house: House) -> Iterator[None]:
    asyncio.run(register(house, Waiting.VISIBLE))
    yield
    asyncio.run(register(house, Waiting.AUTO))


async def register(house: House, waiting: Waiting) -> None:
    model = house.sandbox["model"]
    key, url = str(model["credential"]), model["url"]
    scheme = CredentialScheme.X_API_KEY
    await house.register("anthropic", f"{url}/anthropic", key, scheme, waiting)
    await house.register("openai", f"{url}/openai", key, waiting=waiting)


@pytest.fixture
async def maria(slack: SlackDriver) -> SlackUser:
    return await slack.user("maria")


async def held(desk: Desk, program: str, maria: SlackUser, case: str, *clicks: str) -> Ended:
    agent = next(agent for agent in AGENTS if agent.program == program)
    async with asyncio.TaskGroup() as tasks:
        prompt = f"Fly to the moonbase, {case}"
        running = tasks.create_task(desk.run(agent, prompt, env=LOOKED_AT[program]))
        card = await maria.wait_for_message(case, channel="approvals", within=CARD_SECONDS)
        await asyncio.sleep(2)  # a manager reads
        await maria.click(card, clicks[0])
        if clicks[1:]:
            await maria.submit({"category": "Not allowed by policy", "reason": clicks[1]})
    return running.result()


@pytest.mark.parametrize("program", LOOKED_AT)
async def test_a_person_reads_what_her_agent_waits_for_and_then_its_answer(
    program: str, desk: Desk, model: ModelDriver, maria: SlackUser, case: str
) -> None:
    """Claude Code prints only the last words of a turn where its screen is no terminal."""
    ended = await held(desk, program, maria, case, "Approve")
    assert LINE in ended.screen or program == "claude"
    assert "Happy to help" in ended.screen
    assert ended.code == 0
    assert len(await model.requests()) == 1


@pytest.mark.parametrize("program", LOOKED_AT)
async def test_a_denial_is_read_after_it_and_not_asked_again(
    program: str, desk: Desk, model: ModelDriver, maria: SlackUser, case: str
) -> None:
    ended = await held(desk, program, maria, case, "Deny…", "Use the lunar simulator")
    assert "Use the lunar simulator" in ended.screen
    assert ended.code != 0
    assert await model.requests() == []
    assert sum(case in message.words for message in maria.messages("approvals")) == 1
