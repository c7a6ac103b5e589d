"""A hook of an agent asks before the agent acts, and people decide once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.flows.calling import SETS, Agent, marked, meanwhile, script
from tests.flows.hooking import HOOK_RULES, Told, ask, call_of, prompt_of
from tests.flows.house import House, open_house
from tests.flows.test_tool_calls import card_of, cards

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.idp.driver import IdpDriver
    from sandbox.slack.driver import SeenMessage, SlackDriver, SlackUser


@pytest.fixture(scope="module")
def house(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    data = tmp_path_factory.mktemp("house")
    (data / "policies" / "catalog").mkdir(parents=True)
    (data / "policies" / "catalog" / "rules.yaml").write_text(HOOK_RULES)
    (data / "policies" / "approvers.yaml").write_text(SETS)
    with open_house(data, mongodb_uri, data / "policies") as house:
        yield house


async def card_about(user: SlackUser, prompt: str) -> SeenMessage:
    case = prompt.rsplit(maxsplit=1)[-1]
    return await user.wait_for_message(lambda m: case in m.words and "Approve" in m.buttons)


def cards_about(user: SlackUser, prompt: str) -> list[SeenMessage]:
    return [m for m in user.messages("approvals") if prompt.rsplit(maxsplit=1)[-1] in m.words]


async def test_a_call_approved_through_its_hook_is_one_decision_with_the_wire(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria, token, deploy = await slack.user("maria"), await idp.token("alice"), marked("deploy it")
    told = Told()
    async with house.http(token) as client:
        async with meanwhile(ask(client, call_of(deploy, folder="/home/alice/shop"), told)):
            card = await card_of(maria, deploy)
            await told.waits.wait()
            assert told.last["card"] in card.words
            await maria.click(card, "Approve")
        assert told.decision == "allow"
        assert told.last["rules"] == ["deploys"]
        assert (await ask(client, call_of(deploy))).decision == "allow"
        assert (await ask(client, call_of("make build"))).last["rules"] == []
        assert (await ask(client, call_of("destroy it"))).decision == "deny"
    agent = Agent()
    async with house.anthropic(token, max_retries=0) as model:
        await agent.claude(model, script(deploy))
    assert agent.ran == [deploy]
    assert len(cards(maria, deploy)) == 1


async def test_a_prompt_approved_through_its_hook_is_one_decision_with_the_wire(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria, token = await slack.user("maria"), await idp.token("alice")
    prompt = marked("Please deploy the whole shop to production tonight")
    async with house.http(token) as client:
        async with meanwhile(ask(client, prompt_of(prompt))) as asking:
            card = await card_about(maria, prompt)
            await maria.click(card, "Approve")
        assert (await asking).decision == "allow"
        assert (await ask(client, prompt_of("print the payroll"))).decision == "deny"
        assert (await ask(client, prompt_of("build it"))).decision == "allow"
    async with house.anthropic(token, max_retries=0) as model:
        await Agent().claude(model, prompt)
    assert len(cards_about(maria, prompt)) == 1
