"""Agents with less patience than a gateway in production has between its signs of life."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.clients.agents import CARD_SECONDS, CODEX, OPENCODE, PATIENCE_SECONDS, Agent, Desk
from tests.clients.conftest import RULES
from tests.flows.house import House, open_house

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.model.driver import ModelDriver
    from sandbox.slack.people.driver import SlackDriver

PULSE_SECONDS = 10
"""What it is where nothing else is set."""


@pytest.fixture(scope="module")
def house(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    data = tmp_path_factory.mktemp("house")
    (data / "policies" / "catalog").mkdir(parents=True)
    (data / "policies" / "catalog" / "clients.yaml").write_text(RULES)
    pulse = {"ABEYANCE_KEEP_ALIVE_SECONDS": str(PULSE_SECONDS)}
    with open_house(data, mongodb_uri, data / "policies", **pulse) as house:
        yield house


@pytest.mark.parametrize("agent", [CODEX, OPENCODE], ids=str)
async def test_an_agent_that_announces_its_patience_gets_a_sign_of_life_in_time(
    agent: Agent, desk: Desk, model: ModelDriver, slack: SlackDriver, case: str
) -> None:
    maria = await slack.user("maria")
    async with asyncio.TaskGroup() as tasks:
        prompt = f"Fly to the moonbase, {case}"
        running = tasks.create_task(desk.run(agent, prompt, patience=PATIENCE_SECONDS))
        card = await maria.wait_for_message(case, channel="approvals", within=CARD_SECONDS)
        await asyncio.sleep(PULSE_SECONDS + PATIENCE_SECONDS + 3)
        await maria.click(card, "Approve")
    assert "Happy to help" in running.result().screen
    assert "Reconnecting" not in running.result().screen
    assert running.result().code == 0
    assert len(await model.requests()) == agent.requests
