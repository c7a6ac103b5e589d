"""What an agent is about to do is held in the answer, before it can do it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx
import pytest

from app.domain.hold import HoldState
from app.domain.record.session import Decision
from tests.flows.calling import RULES, SETS, Agent, deny, marked, meanwhile, script
from tests.flows.decisions.test_marking import policy
from tests.flows.house import House, only_this_request, open_house
from tests.proxy.keys.keyring import COMMAND, sign_in
from tests.recorded import recorded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.idp.driver import IdpDriver
    from sandbox.model.driver import ModelDriver
    from sandbox.slack.people.driver import SeenMessage, SlackDriver, SlackUser


@pytest.fixture(scope="module")
def house(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    data = tmp_path_factory.mktemp("house")
    (data / "policies" / "catalog").mkdir(parents=True)
    (data / "policies" / "catalog" / "calls.yaml").write_text(RULES)
    (data / "policies" / "approvers.yaml").write_text(SETS)
    with open_house(data, mongodb_uri, data / "policies") as house:
        house.tells_reasons = True
        yield house


async def card_of(user: SlackUser, command: str) -> SeenMessage:
    """Wait for the card of a call; what led to it stands on others too."""
    headline = f"ash: {command}"
    return await user.wait_for_message(lambda m: headline in m.words and "Approve" in m.buttons)


async def decided(user: SlackUser, command: str) -> SeenMessage:
    headline = f"ash: {command}"
    return await user.wait_for_message(lambda m: headline in m.words and "✅ Appr" in m.words)


def cards(user: SlackUser, command: str) -> list[SeenMessage]:
    return [m for m in user.messages("approvals") if f"ash: {command}" in m.words]


async def test_a_call_is_held_and_runs_once_it_is_approved(
    house: House, slack: SlackDriver, idp: IdpDriver, model: ModelDriver
) -> None:
    maria, agent = await slack.user("maria"), Agent()
    first, deploy = marked("make build"), marked("deploy staging")
    async with house.anthropic(await idp.token("alice"), max_retries=0) as client:
        async with meanwhile(agent.claude(client, script(first, deploy))):
            card = await card_of(maria, deploy)
            assert agent.ran == [first]
            await maria.click(card, "Approve")
        assert any(said.startswith("⏳ Waiting for approval by managers") for said in agent.said)
        assert agent.ran == [first, deploy]
        assert agent.requests == 3
        await maria.wait_for_change(card, "Approved")
        # The same command again needs no card, another one does.
        await agent.claude(client, script(deploy))
        assert agent.ran == [first, deploy, deploy]
    assert len(cards(maria, deploy)) == 1
    sent = [json.loads(request.body) for request in await model.requests()]
    assert not any("Waiting for approval" in json.dumps(body, ensure_ascii=False) for body in sent)


async def test_a_denied_call_is_words_and_the_turn_ends(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria, agent, deploy = await slack.user("maria"), Agent(), marked("deploy staging")
    async with house.anthropic(await idp.token("alice"), max_retries=0) as client:
        async with meanwhile(agent.claude(client, script(deploy))):
            card = await card_of(maria, deploy)
            await deny(maria, card, "Not on a Friday")
        assert (agent.ran, agent.requests) == ([], 1)
        assert deploy in agent.said[-1]
        assert "Not on a Friday" in agent.said[-1]
        # Asked again, it is refused without a card.
        await agent.claude(client, script(deploy))
    assert agent.ran == []
    assert "Not on a Friday" in agent.said[-1]
    assert len(cards(maria, deploy)) == 1


async def test_an_approved_call_is_not_made_once_the_key_of_its_request_has_ended(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria, agent, deploy = await slack.user("maria"), Agent(), marked("deploy staging")
    alice = await sign_in(idp, "alice")
    async with house.http(alice.token) as http:
        wanted = {"name": deploy, "refresh_token": alice.refresh_token, "client_id": COMMAND}
        key = (await http.post("/-/keys", json=wanted)).json()
        async with (
            house.anthropic(key["key"], max_retries=0) as client,
            meanwhile(agent.claude(client, script(deploy))),
        ):
            card = await card_of(maria, deploy)
            assert (await http.delete(f"/-/keys/{key['id']}")).status_code == 200
            await maria.click(card, "Approve")
    assert agent.ran == []
    assert "key of this request has ended" in agent.said[-1]


async def test_an_approval_is_of_the_very_call_though_its_card_masks_what_differs(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria, agent, deploy = await slack.user("maria"), Agent(), marked("deploy")
    one, other = (
        f"{deploy} ghp_{letter * 2}6C7e3f2A9b4D5c6E7f8A9b0C1d2E3f4A5b6" for letter in "xy"
    )
    async with house.anthropic(await idp.token("alice"), max_retries=0) as client:
        async with meanwhile(agent.claude(client, script(one))):
            card = await card_of(maria, deploy)
            assert one not in card.words
            await maria.click(card, "Approve")
        await maria.wait_for_change(card, "✅ Appr")
        async with meanwhile(agent.claude(client, script(other))):
            await deny(maria, await card_of(maria, deploy), "Not that one")
    assert agent.ran == [one]


async def test_calls_that_are_held_in_one_answer_go_together(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria, agent = await slack.user("maria"), Agent()
    build, one, two = marked("make build"), marked("deploy one"), marked("deploy two")
    async with (
        house.anthropic(await idp.token("alice"), max_retries=0) as client,
        meanwhile(agent.claude(client, script((build, one, two)))),
    ):
        second = await card_of(maria, two)
        await maria.click(await card_of(maria, one), "Approve")
        await decided(maria, one)
        assert agent.ran == [build]
        await deny(maria, second, "One is enough")
    assert agent.ran == [build, one]
    assert any("One is enough" in said and two in said for said in agent.said)
    assert agent.requests == 2


async def test_what_was_approved_before_runs_at_once_beside_a_call_that_is_held(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria, agent = await slack.user("maria"), Agent()
    one, two = marked("deploy one"), marked("deploy two")
    async with house.anthropic(await idp.token("alice"), max_retries=0) as client:
        async with meanwhile(agent.claude(client, script(one))):
            await maria.click(await card_of(maria, one), "Approve")
        async with meanwhile(agent.claude(client, script((one, two)))):
            card = await card_of(maria, two)
            await agent.waits.wait()
            assert agent.ran == [one, one]
            await maria.click(card, "Approve")
    assert agent.ran == [one, one, two]


async def test_rules_deny_and_mask_calls_without_asking_anyone(
    house: House, idp: IdpDriver
) -> None:
    agent, destroy = Agent(), marked("destroy all")
    async with house.anthropic(await idp.token("alice"), max_retries=0) as client:
        await agent.claude(client, script(destroy))
        assert agent.ran == []
        assert "no-destroy" in agent.said[-1]
        await agent.claude(client, script("login AKIAIOSFODNN7EXAMPLE now"))
    assert agent.ran == ["login [aws-access-key-id] now"]


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
async def test_over_chat_a_call_is_held_as_well(
    house: House, slack: SlackDriver, idp: IdpDriver, *, stream: bool
) -> None:
    maria, agent = await slack.user("maria"), Agent(headers={})
    yes, no = marked("deploy one"), marked("deploy two")
    async with (
        house.openai(await idp.token("alice"), max_retries=0) as client,
        meanwhile(agent.chat(client, script(yes, (no, "ls")), stream=stream)),
    ):
        await maria.click(await card_of(maria, yes), "Approve")
        await deny(maria, await card_of(maria, no), "Too early")
    assert agent.ran == [yes, "ls"]
    assert any("Too early" in said for said in agent.said)
    assert agent.requests == 3


async def test_an_approval_of_one_call_lets_only_one_of_two_that_ask_for_it_run(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria, deploy = await slack.user("maria"), marked("deploy staging")
    one, other = Agent(), Agent()
    async with (
        house.anthropic(await idp.token("alice"), max_retries=0) as client,
        meanwhile(one.claude(client, script(deploy))),
        meanwhile(other.claude(client, script(deploy))),
    ):
        first = await card_of(maria, deploy)
        await only_this_request(maria, first)
        second = await maria.wait_for_message(
            lambda m: m.ts != first.ts and f"ash: {deploy}" in m.words and "Approve" in m.buttons
        )
        await deny(maria, second, "Once is enough")
    assert [*one.ran, *other.ran] == [deploy]
    assert "Once is enough" in "".join([*one.said, *other.said])


async def test_who_leaves_takes_the_card_back_and_who_comes_back_finds_it(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria, agent, deploy = await slack.user("maria"), Agent(), marked("deploy staging")
    async with house.anthropic(await idp.token("alice"), max_retries=0) as client:
        async with meanwhile(agent.claude(client, script(deploy))) as task:
            card = await card_of(maria, deploy)
            task.cancel()
        # The model takes longer for the same call than the gateway waits for a client.
        again = Agent(model="claude-any-slow1000")
        async with meanwhile(again.claude(client, script(deploy))):
            await again.waits.wait()
            await maria.click(card, "Approve")
        assert again.ran == [deploy]
        other = marked("deploy other")
        async with meanwhile(Agent().claude(client, script(other))) as task:
            card = await card_of(maria, other)
            task.cancel()
        await maria.wait_for_change(card, "Withdrawn", within=30)


async def test_a_client_with_little_patience_is_told_to_come_again(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria, deploy = await slack.user("maria"), marked("deploy staging")
    agent = Agent()
    agent.headers["prefer"] = "wait=1"
    async with house.anthropic(await idp.token("alice"), max_retries=0) as client:
        await agent.claude(client, script(("ls first", deploy)))
        # It comes back by itself with what ran.
        assert agent.ran == ["ls first"]
        assert agent.requests > 1
        assert any("Still waiting" in said for said in agent.said)
        await maria.click(await card_of(maria, deploy), "Approve")
        await decided(maria, deploy)
        await agent.claude(client, script(deploy))
    assert agent.ran == ["ls first", deploy]
    assert len(cards(maria, deploy)) == 1


async def test_what_became_of_each_call_is_recorded(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria, deploy, destroy = await slack.user("maria"), marked("deploy x"), marked("destroy x")
    body = {
        "model": "any",
        "stream": True,
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "bash",
                    "parameters": {"properties": {"command": {"type": "string"}}},
                },
            }
        ],
        "messages": [{"role": "user", "content": script(("ls", destroy, deploy))}],
    }
    async with house.http(await idp.token("alice")) as http:
        async with meanwhile(_posted(http, body)) as task:
            await maria.click(await card_of(maria, deploy), "Approve")
        session_id = task.result()
        figures = (await http.get("/-/metrics")).text
    assert 'abeyance_tool_call_waiting_seconds_count{decision="approved"}' in figures
    storage = house.storage()
    session = await recorded(storage, session_id)
    assert session.answer is not None
    listed, destroyed, deployed = session.answer.calls
    assert (listed.tool, listed.decision, listed.rules) == ("bash", Decision.ALLOWED, ())
    assert (destroyed.decision, destroyed.rules) == (Decision.DENIED, ("no-destroy",))
    assert deployed.decision is Decision.APPROVED
    assert deployed.by == "Maria Lopez"
    assert json.loads(deployed.arguments) == {"command": deploy}
    assert deployed.waited_ms > 0
    hold = await storage.holds.get(deployed.hold_id)
    assert hold is not None
    assert hold.state is HoldState.RELEASED
    assert hold.tool is not None
    assert hold.tool.tool == "bash"
    storage.close()


CHANGED = """
- id: no-lists
  title: The agent looks around
  on: response
  when: {tool_call: {name: ["@shell"], arguments: {words: [lookaround]}}}
  then: deny
  risk: low
  explain: Nobody looks around.
  examples: {match: ["lookaround"], skip: ["build it"]}
"""


async def test_calls_are_counted_and_judged_again_under_changed_rules(
    house: House, idp: IdpDriver
) -> None:
    look, destroy = marked("lookaround"), marked("destroy all")
    async with house.anthropic(await idp.token("alice"), max_retries=0) as client:
        agent = Agent()
        await agent.claude(client, script((look, destroy)))
        assert agent.ran == [look]
    async with house.http(await idp.token("alice")) as http:
        figures = (await http.get("/-/metrics")).text
    assert 'abeyance_tool_calls_total{connection="anthropic",decision="denied"}' in figures
    [stats] = [row for row in policy(house, "stats") if row["rule"] == "no-destroy"]
    assert stats["on_calls"] == stats["fired"] > 0
    assert stats["precision"] == 1.0
    changed = house.data / "changed"
    (changed / "catalog").mkdir(parents=True)
    (changed / "catalog" / "calls.yaml").write_text(CHANGED)
    tried = policy(house, "backtest", str(changed), "--since", "1h")["calls"]
    mine = {
        (change["arguments"], change["before"], change["after"]): change["rules"]
        for change in tried["changes"]
    }
    assert mine[f'{{"command":"{destroy}"}}', "deny", "allow"] == []
    assert mine[f'{{"command":"{look}"}}', "allow", "deny"] == ["no-lists"]
    assert (tried["after"]["denied"], tried["unread"]) == (1, 0)
    assert tried["total"] == sum(tried["after"].values()) == sum(tried["before"].values())


async def _posted(http: httpx.AsyncClient, body: dict[str, object]) -> str:
    async with http.stream("POST", "/openai/v1/chat/completions", json=body) as answer:
        await answer.aread()
    return str(answer.headers["abeyance-session"])


async def test_a_call_that_cursor_runs_itself_is_recorded_and_can_only_end_the_stream(
    house: House, idp: IdpDriver
) -> None:
    token = await idp.token("alice")
    seen = {}
    async with httpx.AsyncClient(base_url=house.url, auth=(token, ""), timeout=30) as http:
        for word in ("build", "deploy", "destroy"):
            body = {"prompt": {"text": f"Call the tool: {word}"}, "model": {"id": "cursor-any"}}
            launched = (await http.post("/cursor/v1/agents", json=body)).json()
            run = f"/cursor/v1/agents/{launched['agent']['id']}/runs/{launched['run']['id']}"
            answer = await http.get(f"{run}/stream")
            storage = house.storage()
            session = await recorded(storage, answer.headers["abeyance-session"])
            storage.close()
            assert session.answer is not None
            seen[word] = session.answer.calls[0].decision, answer.text
            assert session.answer.calls[0].by_provider
    decisions = {word: decision for word, (decision, _) in seen.items()}
    assert decisions["build"] is decisions["deploy"] is Decision.ALLOWED
    assert decisions["destroy"] is Decision.DENIED
    assert "event: result" in seen["deploy"][1]
    assert "event: result" not in seen["destroy"][1]
    assert "no-destroy" in seen["destroy"][1]
