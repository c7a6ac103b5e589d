"""What approvers say of a call beyond yes and no reaches the agent: a change, or yes for a task."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import anthropic
import openai
import pytest

from app.domain.event import EventKind
from app.domain.record.session import Decision
from app.search import SessionFilter
from proxy.calls.limits import MOST_CALLS
from tests.bot.conftest import pick, submit
from tests.flows.calling import Agent, deny, marked, meanwhile, script
from tests.flows.calls.test_tool_calls import RULES, SETS, card_of, cards
from tests.flows.house import House, only_this_request, open_house
from tests.recorded import recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sandbox.idp.driver import IdpDriver
    from sandbox.slack.people.driver import SeenMessage, SlackDriver, SlackUser


FURTHER = """
- id: migrates
  title: The agent changes a schema
  on: response
  when: {tool_call: {name: ["@shell"], arguments: {words: [migrate]}}}
  then: hold
  approval: {from: [managers], expires: 1m}
  risk: high
  explain: A changed schema needs a manager.
  examples: {match: ["migrate it"], skip: ["build it"]}
- id: publishes
  title: The agent publishes
  on: response
  when: {models: ["claude-together*"], tool_call: {name: ["@shell"], arguments: {words: [publish]}}}
  then: hold
  together: true
  approval: {from: [managers], expires: 1m}
  risk: high
  explain: What is published needs a manager.
  examples: {match: ["publish it"], skip: ["build it"]}
"""


@pytest.fixture(scope="module")
def house(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    data = tmp_path_factory.mktemp("house")
    (data / "policies" / "catalog").mkdir(parents=True)
    (data / "policies" / "catalog" / "calls.yaml").write_text(RULES + FURTHER)
    (data / "policies" / "approvers.yaml").write_text(SETS)
    with open_house(data, mongodb_uri, data / "policies") as house:
        yield house


async def test_a_call_runs_as_an_approver_has_changed_it_and_the_agent_is_told(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria, agent = await slack.user("maria"), Agent()
    asked, instead = marked("deploy production"), marked("deploy staging")
    async with house.anthropic(await idp.token("alice"), max_retries=0) as client:
        async with meanwhile(agent.claude(client, script(asked))):
            card = await card_of(maria, asked)
            await pick(maria, card, "Change and approve…")
            await maria.wait_for_view("The call runs as you leave it here")
            await submit(maria, {"arguments": instead})
        assert agent.ran == [instead]
        assert any("Maria Lopez approved this `Bash` call with a change" in s for s in agent.said)
        card = await maria.wait_for_change(card, "released to the agent with the change")
        assert instead in card.words
        # What was held is not what ran: it is held again.
        async with meanwhile(agent.claude(client, script(asked))):
            await deny(maria, await card_of(maria, asked), "Staging it is")
    assert agent.ran == [instead]
    assert len(cards(maria, asked)) == 2
    storage = house.storage()
    wanted = SessionFilter(tool="bash", call=Decision.APPROVED)
    session = await recorded(storage, (await storage.sessions.search(wanted, limit=1))[0].id)
    entries = await storage.ledger.entries(session.id)
    storage.close()
    assert session.answer is not None
    [call] = session.answer.calls
    assert (call.by, asked in call.arguments, instead in call.changed) == (
        "Maria Lopez",
        True,
        True,
    )
    [told] = [e.event.data for e in entries if e.event.kind is EventKind.CALL_DECIDED]
    assert told["call"] != told["changed"]


async def test_an_answer_that_comes_whole_is_taken_up_by_who_asks_again(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria, agent, deploy = await slack.user("maria"), Agent(headers={}), marked("deploy whole")
    token = await idp.token("alice")
    async with house.openai(token, max_retries=0, timeout=5) as hasty:
        # Told to wait on, or by its own timeout, which a busy machine may let come first.
        with pytest.raises((openai.PermissionDeniedError, openai.APITimeoutError)):
            await agent.chat(hasty, script(deploy), stream=False)
    agent.history.clear()
    card = await card_of(maria, deploy)
    async with (
        house.openai(token, max_retries=0) as client,
        meanwhile(agent.chat(client, script(deploy), stream=False)),
    ):
        await maria.click(card, "Approve")
    assert agent.ran == [deploy]
    assert len(cards(maria, deploy)) == 1


async def test_where_a_rule_says_together_an_allowed_call_waits_for_the_one_that_is_held(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria, agent = await slack.user("maria"), Agent(model="claude-together-strict")
    build, publish = marked("make build"), marked("publish it")
    async with (
        house.anthropic(await idp.token("alice"), max_retries=0) as client,
        meanwhile(agent.claude(client, script((build, publish)))),
    ):
        card = await card_of(maria, publish)
        await agent.waits.wait()
        assert agent.ran == []
        await maria.click(card, "Approve")
    assert agent.ran == [build, publish]


async def test_a_tool_is_approved_for_one_conversation_and_no_other(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria = await slack.user("maria")
    one, two, elsewhere = marked("deploy one"), marked("deploy two"), marked("deploy three")
    agent, other = Agent(), Agent()
    agent.headers["abeyance-conversation"] = marked("first")
    other.headers["abeyance-conversation"] = marked("second")
    async with house.anthropic(await idp.token("alice"), max_retries=0) as client:
        async with meanwhile(agent.claude(client, script(one, two))):
            await maria.click(await card_of(maria, one), "Approve Bash for this task")
        assert agent.ran == [one, two]
        assert cards(maria, two) == []
        async with meanwhile(other.claude(client, script(elsewhere))):
            await maria.click(await card_of(maria, elsewhere), "Approve")
    assert other.ran == [elsewhere]


async def test_what_was_denied_stays_denied_when_the_tool_is_approved_for_the_task(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria, agent = await slack.user("maria"), Agent()
    agent.headers["abeyance-conversation"] = marked("third")
    no, yes = marked("deploy production"), marked("deploy staging")
    async with house.anthropic(await idp.token("alice"), max_retries=0) as client:
        async with meanwhile(agent.claude(client, script(no))):
            await deny(maria, await card_of(maria, no), "Not on a Friday")
        async with meanwhile(agent.claude(client, script(yes))):
            await maria.click(await card_of(maria, yes), "Approve Bash for this task")
        await agent.claude(client, script(no))
    assert agent.ran == [yes]
    assert "Not on a Friday" in agent.said[-1]


async def test_a_change_into_what_a_rule_denies_is_not_run(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria, agent = await slack.user("maria"), Agent()
    asked, instead = marked("deploy production"), marked("destroy production")
    async with (
        house.anthropic(await idp.token("alice"), max_retries=0) as client,
        meanwhile(agent.claude(client, script(asked))),
    ):
        await pick(maria, await card_of(maria, asked), "Change and approve…")
        await maria.wait_for_view("The call runs as you leave it here")
        await submit(maria, {"arguments": instead})
    assert agent.ran == []
    assert "is not allowed by rule no-destroy" in agent.said[-1]
    told = await maria.wait_for_change(await card_of(maria, asked), "not run: the changed call")
    assert "released to the agent" not in told.words


async def test_a_change_may_need_what_is_approved_for_the_task_and_nothing_else(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria, agent, other = await slack.user("maria"), Agent(), Agent()
    agent.headers["abeyance-conversation"] = marked("fourth")
    first, asked, instead = (
        marked(f"{what} production")
        for what in ("migrate", "deploy and migrate", "migrate the copy of")
    )
    async with house.anthropic(await idp.token("alice"), max_retries=0) as client:
        async with meanwhile(agent.claude(client, script(first))):
            await maria.click(await card_of(maria, first), "Approve Bash for this task")
        async with meanwhile(agent.claude(client, script(asked))):
            await change(maria, asked, instead)
        assert agent.ran == [first, instead]
        elsewhere = marked("deploy elsewhere")
        async with meanwhile(other.claude(client, script(elsewhere))):
            await change(maria, elsewhere, instead)
    assert other.ran == []
    assert "needs an approval of its own under rule migrates" in other.said[-1]


async def test_a_call_is_not_changed_into_one_that_was_denied_under_another_rule(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria, agent = await slack.user("maria"), Agent()
    agent.headers["abeyance-conversation"] = marked("sixth")
    no, first, asked = marked("migrate it all"), marked("migrate"), marked("deploy and migrate")
    async with house.anthropic(await idp.token("alice"), max_retries=0) as client:
        async with meanwhile(agent.claude(client, script(no))):
            await deny(maria, await card_of(maria, no), "Not on a Friday")
        async with meanwhile(agent.claude(client, script(first))):
            await maria.click(await card_of(maria, first), "Approve Bash for this task")
        async with meanwhile(agent.claude(client, script(asked))):
            card = await card_of(maria, asked)
            await change(maria, asked, no)
    assert agent.ran == [first]
    assert "under rule migrates" in agent.said[-1]
    await maria.wait_for_change(card, "not run: the changed call")


async def test_a_denial_under_one_rule_lasts_where_another_is_open_by_then(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria, agent = await slack.user("maria"), Agent()
    agent.headers["abeyance-conversation"] = marked("seventh")
    deploy, both, migrate = marked("deploy"), marked("deploy and migrate"), marked("migrate")
    async with house.anthropic(await idp.token("alice"), max_retries=0) as client:
        async with meanwhile(agent.claude(client, script(deploy))):
            await maria.click(await card_of(maria, deploy), "Approve Bash for this task")
        async with meanwhile(agent.claude(client, script(both))):
            await deny(maria, await card_of(maria, both), "Not on a Friday")
        await revoke_all(house)
        async with meanwhile(agent.claude(client, script(migrate))):
            await maria.click(await card_of(maria, migrate), "Approve Bash for this task")
        await agent.claude(client, script(both))
    assert agent.ran == [deploy, migrate]
    assert "Not on a Friday" in agent.said[-1]


async def test_what_covers_a_call_under_another_rule_must_last_until_it_goes_on(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria, agent = await slack.user("maria"), Agent()
    agent.headers["abeyance-conversation"] = marked("fifth")
    first, both = marked("migrate it"), marked("deploy and migrate it")
    async with house.anthropic(await idp.token("alice"), max_retries=0) as client:
        async with meanwhile(agent.claude(client, script(first))):
            await maria.click(await card_of(maria, first), "Approve Bash for this task")
        async with meanwhile(agent.claude(client, script(both))):
            card = await card_of(maria, both)
            await revoke_all(house)
            await maria.click(card, "Approve")
            again = await maria.wait_for_message(
                lambda m: m.ts != card.ts and f"ash: {both}" in m.words and "Deny…" in m.buttons
            )
            assert "rule migrates" in again.words
            await deny(maria, again, "Not any more")
    assert agent.ran == [first]


async def change(approver: SlackUser, command: str, instead: str) -> None:
    """Approve a command with a change."""
    await pick(approver, await card_of(approver, command), "Change and approve…")
    await approver.wait_for_view("The call runs as you leave it here")
    await submit(approver, {"arguments": instead})


async def revoke_all(house: House) -> None:
    storage, now = house.storage(), datetime.now(UTC)
    for grant in await storage.grants.active(now):
        await storage.grants.revoke(grant.id, by="Maria Lopez", now=now)
    storage.close()


async def test_of_two_agents_that_make_the_same_calls_one_gets_both_approvals(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria, agents = await slack.user("maria"), (Agent(), Agent())
    one, two = marked("deploy one"), marked("deploy two")

    def asked_again(command: str, *known: SeenMessage) -> Callable[[SeenMessage], bool]:
        seen = {card.ts for card in known}
        return lambda m: m.ts not in seen and f"ash: {command}" in m.words and "Deny…" in m.buttons

    async with (
        house.anthropic(await idp.token("alice"), max_retries=0) as client,
        meanwhile(agents[0].claude(client, script((one, two)))),
        meanwhile(agents[1].claude(client, script((two, one)))),
    ):
        known = (await card_of(maria, one), await card_of(maria, two))
        await asyncio.gather(agents[0].waits.wait(), agents[1].waits.wait())
        for card in known:
            await only_this_request(maria, card)
        for command in (one, two):
            again = await maria.wait_for_message(asked_again(command, *known))
            await deny(maria, again, "Once is enough")
    assert sorted(sorted(agent.ran) for agent in agents) == [[], [one, two]]


async def test_an_approval_is_kept_for_who_leaves_before_all_calls_are_decided_on(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria, agent, again = await slack.user("maria"), Agent(), Agent()
    one, two = marked("deploy one"), marked("deploy two")
    async with house.anthropic(await idp.token("alice"), max_retries=0) as client:
        async with meanwhile(agent.claude(client, script((one, two)))) as task:
            card = await card_of(maria, one)
            await only_this_request(maria, card)
            await maria.wait_for_change(card, "✅ Appr")
            task.cancel()
        await maria.wait_for_change(card, "has stopped waiting", within=30)
        await again.claude(client, script(one))
    assert (agent.ran, again.ran) == ([], [one])
    assert len(cards(maria, one)) == 1


async def test_an_answer_with_more_calls_than_anybody_could_decide_on_is_ended(
    house: House, idp: IdpDriver
) -> None:
    agent = Agent()
    calls = tuple(f"make part{number}" for number in range(MOST_CALLS + 1))
    async with house.anthropic(await idp.token("alice"), max_retries=0) as client:
        with pytest.raises(anthropic.APIStatusError, match="more than 256 tool calls"):
            await agent.claude(client, script(calls))
    assert len(agent.ran) <= MOST_CALLS


async def test_a_gateway_that_ends_takes_back_what_nobody_waits_for(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria, agent, deploy = await slack.user("maria"), Agent(), marked("deploy staging")
    gateway = house.start_gateway()
    at = f"{gateway.addresses['gateway']['url']}/anthropic"
    async with (
        house.anthropic(await idp.token("alice"), max_retries=0) as client,
        meanwhile(agent.claude(client.with_options(base_url=at), script(deploy))) as task,
    ):
        card = await card_of(maria, deploy)
        task.cancel()
    await maria.wait_for_change(card, "has stopped waiting", within=30)
    # Sooner than clients that left are given up on.
    assert await asyncio.to_thread(gateway.stop) == 0
    await maria.wait_for_change(card, "Withdrawn", within=30)
