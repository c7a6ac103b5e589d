"""Claude Code and Codex with our hooks and over the gateway: people are asked once for both."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.clients.agents import CARD_SECONDS
from tests.clients.test_hooks import AGENTS, ours
from tests.clients.test_tool_calls import FILE, card_of
from tests.flows.house import only_this_request

if TYPE_CHECKING:
    from sandbox.idp.driver import IdpDriver
    from sandbox.slack.people.driver import SlackDriver
    from tests.clients.agents import Agent, Desk
    from tests.flows.house import House


@AGENTS
async def test_a_prompt_and_a_call_are_each_decided_once(
    agent: Agent, desk: Desk, house: House, idp: IdpDriver, slack: SlackDriver, case: str
) -> None:
    maria = await slack.user("maria")
    env = {"ABEYANCE_GATEWAY_URL": house.url, "ABEYANCE_TOKEN": await idp.token("alice")}
    said = (
        f"Go to the moonbase for {case}. Do this:\n$ echo moonwalk {case} >> {FILE}\nThat is all."
    )
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(desk.run(ours(agent), said, env=env))
        prompt = await maria.wait_for_message(
            lambda m: case in m.words and "Approve" in m.buttons, within=CARD_SECONDS
        )
        assert "Asked by a hook of" in prompt.words
        await maria.click(prompt, "Approve")
        call = await card_of(maria, case)
        assert "Asked by a hook of" not in call.words
        await only_this_request(maria, call)
    assert "All 1 steps are done" in running.result().screen
    assert (desk.work / FILE).read_text() == f"moonwalk {case}\n"
    assert sum(case in seen.words for seen in maria.messages("approvals")) == 2
