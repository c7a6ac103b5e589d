"""A hook of an agent asks before the agent acts, and people decide once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.bot.conftest import pick, submit
from tests.flows.calling import SETS, Agent, deny, marked, meanwhile, script
from tests.flows.calls.test_tool_calls import card_of, cards, decided
from tests.flows.decisions.test_marking import policy
from tests.flows.hooking import HOOK_RULES, Told, ask, call_of, prompt_of
from tests.flows.house import House, only_this_request, open_house

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.idp.driver import IdpDriver
    from sandbox.slack.people.driver import SeenMessage, SlackDriver, SlackUser

AUDITORS = "- {name: auditors, slack_groups: [auditors]}\n"


@pytest.fixture(scope="module")
def house(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    data = tmp_path_factory.mktemp("house")
    (data / "policies" / "catalog").mkdir(parents=True)
    (data / "policies" / "catalog" / "rules.yaml").write_text(HOOK_RULES)
    (data / "policies" / "approvers.yaml").write_text(SETS + AUDITORS)
    with open_house(data, mongodb_uri, data / "policies") as house:
        house.tells_reasons = True
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


def id_of(agent: Agent) -> str:
    """Return the id of the last call that the model made."""
    blocks = [block for said in agent.history[::-1] for block in said["content"]]
    return str(next(b["id"] for b in blocks if isinstance(b, dict) and b["type"] == "tool_use"))


async def test_what_people_said_on_the_wire_answers_the_hook_without_a_card(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria, token = await slack.user("maria"), await idp.token("alice")
    once, changed, instead = marked("deploy it"), marked("deploy all"), marked("deploy one")
    denied = marked("deploy now")
    async with house.http(token) as hook, house.anthropic(token, max_retries=0) as model:
        agent = Agent()
        async with meanwhile(agent.claude(model, script(once))):
            await only_this_request(maria, await card_of(maria, once))
        assert agent.ran == [once]
        same = call_of(once, call_id=id_of(agent))
        assert (await ask(hook, same)).decision == "allow"
        assert (await ask(hook, same)).decision == "allow"
        # It was for this call: another one like it is asked about.
        other = await ask(hook, call_of(once, call_id="another", patience=0))
        assert (other.decision, len(other.lines)) == ("deny", 2)
        assert "still waiting" in other.last["message"]

        agent = Agent()
        async with meanwhile(agent.claude(model, script(changed))):
            card = await card_of(maria, changed)
            await pick(maria, card, "Change and approve…")
            await maria.wait_for_view("The call runs as you leave it here")
            await submit(maria, {"arguments": instead})
        assert agent.ran == [instead]
        told = await ask(hook, call_of(instead, call_id=id_of(agent)))
        assert (told.decision, "arguments" in told.last) == ("allow", False)

        async with meanwhile(Agent().claude(model, script(denied))):
            await deny(maria, await card_of(maria, denied), "Not on a Friday")
        told = await ask(hook, call_of(denied))
        assert told.decision == "deny"
        assert "Not on a Friday" in told.last["message"]
    numbers = [len(cards(maria, command)) for command in (once, changed, instead, denied)]
    assert numbers == [2, 1, 0, 1]


async def test_what_people_said_to_the_hook_answers_the_wire_and_a_second_hook(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria, token = await slack.user("maria"), await idp.token("alice")
    changed, instead, denied = marked("deploy all"), marked("deploy one"), marked("deploy now")
    once = marked("deploy it")
    async with house.http(token) as hook, house.anthropic(token, max_retries=0) as model:
        async with meanwhile(ask(hook, call_of(changed))) as asking:
            await pick(maria, await card_of(maria, changed), "Change and approve…")
            await maria.wait_for_view("The call runs as you leave it here")
            await submit(maria, {"arguments": instead})
        told = await asking
        assert (told.decision, told.last["arguments"]) == ("allow", {"command": instead})
        assert "Maria Lopez approved this `Bash` call with a change" in told.last["message"]
        # The event behind it sees either the call as it was, or as it is now.
        assert (await ask(hook, call_of(changed))).last["arguments"] == {"command": instead}
        assert (await ask(hook, call_of(instead))).decision == "allow"

        async with meanwhile(ask(hook, call_of(denied))) as asking:
            await deny(maria, await card_of(maria, denied), "Not on a Friday")
        assert (await asking).decision == "deny"
        assert "Not on a Friday" in (await asking).last["message"]
        agent = Agent()
        await agent.claude(model, script(denied))
        assert "Not on a Friday" in agent.said[-1]

        # Two hooks of one call that wait at the same time, of which the second has no id.
        two = (call_of(once, call_id="one"), call_of(once))
        async with (
            meanwhile(ask(hook, two[0])) as first,
            meanwhile(ask(hook, two[1])) as second,
        ):
            await only_this_request(maria, await card_of(maria, once))
        assert ((await first).decision, (await second).decision) == ("allow", "allow")
    numbers = [len(cards(maria, command)) for command in (changed, instead, denied, once)]
    assert numbers == [1, 0, 1, 1]


async def test_a_hook_without_patience_asks_again_and_one_that_leaves_takes_its_card_with_it(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria, deploy, left = await slack.user("maria"), marked("deploy it"), marked("deploy now")
    prompt = marked("Please move the whole shop to production on Friday evening")
    async with house.http(await idp.token("alice")) as hook:
        told = await ask(hook, call_of(deploy, patience=0))
        assert told.decision == "deny"
        assert "still waiting for approval by managers" in told.last["message"]
        card = await card_of(maria, deploy)
        assert told.last["card"] in card.words
        await maria.click(card, "Approve")
        await decided(maria, deploy)
        assert (await ask(hook, call_of(deploy))).decision == "allow"
        assert len(cards(maria, deploy)) == 1

        async with (
            meanwhile(ask(hook, call_of(left))) as one,
            meanwhile(ask(hook, prompt_of(prompt))) as other,
        ):
            of_call, of_prompt = await card_of(maria, left), await card_about(maria, prompt)
            one.cancel()
            other.cancel()
        await maria.wait_for_change(of_call, "Withdrawn", within=30)
        await maria.wait_for_change(of_prompt, "Withdrawn", within=30)


async def test_an_approval_of_one_prompt_is_left_to_the_request_that_brings_it(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria, token = await slack.user("maria"), await idp.token("alice")
    prompt = marked("Please deploy the whole shop to production this once")
    async with house.http(token) as hook, house.anthropic(token, max_retries=0) as model:
        async with meanwhile(ask(hook, prompt_of(prompt))) as asking:
            await only_this_request(maria, await card_about(maria, prompt))
        assert (await asking).decision == "allow"
        # A second hook for the same prompt.
        assert (await ask(hook, prompt_of(prompt))).decision == "allow"
        await Agent().claude(model, prompt)
        assert len(cards_about(maria, prompt)) == 1
        again = await ask(hook, prompt_of(prompt, patience=0))
        assert again.decision == "deny"


async def test_what_the_wire_decides_is_left_to_it_and_for_cursor_it_is_decided_here(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria, key = await slack.user("maria"), "use AKIAIOSFODNN7EXAMPLQ"
    short = marked("to production")
    async with house.http(await idp.token("alice")) as hook:
        assert (await ask(hook, prompt_of(key))).decision == "allow"
        told = await ask(hook, prompt_of(key, tool="cursor"))
        assert (told.decision, told.last["rules"]) == ("deny", ["keys-are-masked"])
        assert "can't be masked on the way" in told.last["message"]

        told = await ask(hook, prompt_of(short))
        assert (told.decision, told.last["rules"]) == ("allow", ["production"])
        assert "The gateway asks for approval" in told.last["message"]
        assert cards_about(maria, short) == []
        read = {"tool": "cursor", "event": "read", "path": "/srv/.env", "content": short}
        async with meanwhile(ask(hook, read | {"patience": 20})) as asking:
            await maria.click(await card_about(maria, short), "Approve")
        assert (await asking).decision == "allow"
        assert (await ask(hook, read | {"content": "the payroll"})).decision == "deny"
        result = {"tool": "codex", "event": "tool_result", "name": "Bash", "arguments": {}}
        assert (await ask(hook, result | {"result": "the payroll"})).decision == "deny"
        assert (await ask(hook, result | {"result": "done"})).decision == "allow"


async def test_what_hooks_asked_is_on_the_record_as_theirs(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    ines, word = await slack.user("ines"), marked("payroll")
    async with house.http(await idp.token("alice")) as hook:
        await ask(hook, prompt_of(word, tool="cursor", folder="/home/alice/shop"))
        await ask(hook, call_of(word, tool="cursor", name="Shell"))
    await ines.command("/replay", "hook:cursor decision:denied rule:no-payroll")
    view = await ines.wait_for_view("hook of Cursor")
    await ines.click(view, "Open")
    shown = await ines.wait_for_view(word)
    assert "Prompt. Asked by a hook of Cursor in `/home/alice/shop` _claimed_" in shown.words
    await ines.command("/replay", "hook:cursor decision:allowed")
    await ines.click(await ines.wait_for_view("hook of Cursor"), "Open")
    shown = await ines.wait_for_view(word)
    assert "whether the agent obeyed is not known" in shown.words
    assert "Tool call. Asked by a hook of Cursor" in shown.words
    tried = policy(house, "backtest", str(house.catalog), "--since", "1h")
    assert (tried["unread"], tried["changes"]) == (0, [])


async def test_nobody_answering_is_no_yes(house: House, idp: IdpDriver) -> None:
    async with house.http(await idp.token("alice")) as hook:
        told = await ask(hook, call_of(marked("hurry up")))
    assert told.decision == "deny"
    assert "this is not a denial" in told.last["message"]


async def test_what_is_no_question_is_answered_with_what_to_send(
    house: House, idp: IdpDriver
) -> None:
    async with house.http(await idp.token("alice")) as hook:
        for body in (b"", b"{", b"[]", b'{"tool":"vim"}', b"\xff" * 9, b"[" * 100_000):
            told = await ask(hook, body)
            assert (told.status, told.last["error"]["code"]) == (400, "bad_request")
        told = await ask(hook, call_of("ls", connection="nowhere"))
        assert told.status == 400
        assert "Known: anthropic, cursor, openai" in told.last["error"]["message"]
        assert (await ask(hook, b" " * 3_000_000)).status == 413
        assert (await hook.get("/-/evaluate")).status_code == 405
        headers = {"content-encoding": "gzip"}
        assert (await ask(hook, call_of("ls"), headers=headers)).status == 415
    async with house.http("nobody") as stranger:
        told = await ask(stranger, call_of("destroy it"))
    assert (told.status, told.last["error"]["code"]) == (401, "not_authenticated")


async def test_a_gateway_that_stops_sends_its_hooks_to_another_where_they_find_their_hold(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria, token, deploy = await slack.user("maria"), await idp.token("alice"), marked("deploy it")
    stopping = house.start_gateway()
    url, told = stopping.addresses["gateway"]["url"], Told()
    headers = {"authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30) as hook:
        async with meanwhile(ask(hook, call_of(deploy), told)):
            card = await card_of(maria, deploy)
            await told.waits.wait()
            await asyncio.to_thread(stopping.stop)
        assert (told.last["state"], told.last["error"]["code"]) == ("failed", "restarting")
    async with house.http(token) as hook, meanwhile(ask(hook, call_of(deploy))) as asking:
        await maria.click(card, "Approve")
    assert (await asking).decision == "allow"
    assert len(cards(maria, deploy)) == 1
