"""What a requester hears and can do: say why, be told that nobody can decide, ask again."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING
from uuid import uuid4

import openai
import pytest

from sandbox.slack.state.seed import BOT_SCOPES
from tests.flows.house import House, open_house

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.idp.driver import IdpDriver
    from sandbox.model.driver import ModelDriver
    from sandbox.slack.people.driver import SlackDriver

RULES = """
- id: say-why
  title: A prompt that wants a reason
  on: request
  when: {prompt: {words: [payroll]}}
  then: hold
  approval: {from: [managers], reason_required: true}
  risk: high
  explain: Payroll is for the finance team.
  examples: {match: ["payroll run"], skip: ["a pay rise"]}
- id: nobody-there
  title: A prompt that nobody may decide on
  on: request
  when: {prompt: {words: [satellite]}}
  then: hold
  approval: {from: [board]}
  risk: high
  explain: Only the board decides.
  examples: {match: ["the satellite"], skip: ["a moon"]}
- id: asked-in-person
  title: A prompt that each approver is asked about
  on: request
  when: {prompt: {words: [merger]}}
  then: hold
  approval: {from: [managers], channel: dm}
  risk: high
  explain: Not for channels.
  examples: {match: ["the merger"], skip: ["to merge"]}
- id: two-of-them
  title: A prompt that needs security and a manager
  on: request
  when: {prompt: {words: [backdoor]}}
  then: hold
  approval: {from: [managers], each_of: [security], quorum: 2, expires: 5m}
  risk: critical
  explain: Two people decide.
  examples: {match: ["a backdoor"], skip: ["the front door"]}
"""


SETS = """
- {name: managers, slack_groups: [managers]}
- {name: security, slack_groups: [security]}
- {name: board, slack_groups: [board]}
"""


@pytest.fixture(scope="module")
def house(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    data = tmp_path_factory.mktemp("house")
    (data / "policies" / "catalog").mkdir(parents=True)
    (data / "policies" / "catalog" / "asking.yaml").write_text(RULES)
    (data / "policies" / "approvers.yaml").write_text(SETS)
    with open_house(data, mongodb_uri, data / "policies") as house:
        yield house


def prompt(word: str) -> tuple[str, list[dict[str, str]]]:
    name = f"case-{uuid4().hex[:8]}"
    return name, [{"role": "user", "content": f"{name}: {word}"}]


async def test_a_rule_that_wants_a_reason_says_how_to_give_it_and_shows_it(
    house: House, slack: SlackDriver, idp: IdpDriver, model: ModelDriver
) -> None:
    maria = await slack.user("maria")
    name, messages = prompt("payroll")
    async with house.openai(await idp.token("alice")) as client:
        with pytest.raises(openai.PermissionDeniedError) as refusal:
            await client.chat.completions.create(model="sandbox-1", messages=messages)
        assert refusal.value.code == "reason_required"
        assert "Abeyance-Reason" in refusal.value.message
        assert not any(name in card.words for card in maria.messages())
        async with asyncio.TaskGroup() as tasks:
            asking = tasks.create_task(
                client.chat.completions.create(
                    model="sandbox-1",
                    messages=messages,
                    extra_headers={"Abeyance-Reason": "Month end, FIN-9"},
                )
            )
            card = await maria.wait_for_message(name)
            assert "Month end, FIN-9" in card.words
            await maria.click(card, "Approve")
        assert asking.result().choices
    assert len(await model.requests()) == 1


async def test_a_reason_given_in_slack_after_a_denial_stands_on_the_next_card(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria, alice = await slack.user("maria"), await slack.user("alice")
    name, messages = prompt("payroll")
    async with house.openai(await idp.token("alice"), max_retries=0) as client:
        rounds = (({"Abeyance-Reason": "because"}, "because"), ({}, "It is FIN-77"))
        for denials, (header, wait) in enumerate(rounds, 1):
            async with asyncio.TaskGroup() as tasks:
                asking = tasks.create_task(_denied(client, messages, header))
                card = await maria.wait_for_message(
                    lambda m, wait=wait: name in m.words and wait in m.words and bool(m.buttons)
                )
                await maria.click(card, "Deny…")
                await maria.submit({"category": "Not needed"})
            assert asking.result().code == "approval_denied"
            # Both are in one message, as it is one task.
            told = await alice.wait_for_message(
                lambda m, denials=denials: m.words.count("Not needed") == denials,
                channel="abeyance",
            )
            await alice.click(told, "Request again…")
            await alice.wait_for_view("Only you can send the request again")
            await alice.submit({"reason": "It is FIN-77"})
            await alice.close_view()


async def _denied(
    client: openai.AsyncOpenAI, messages: list[dict[str, str]], headers: dict[str, str]
) -> openai.PermissionDeniedError:
    with pytest.raises(openai.PermissionDeniedError) as refusal:
        await client.chat.completions.create(
            model="sandbox-1", messages=messages, extra_headers=headers
        )
    return refusal.value


async def test_where_nobody_can_decide_the_caller_is_refused_at_once_with_the_reason(
    house: House, slack: SlackDriver, idp: IdpDriver, model: ModelDriver
) -> None:
    alice = await slack.user("alice")
    _, messages = prompt("satellite")
    async with house.openai(await idp.token("alice")) as client:
        refusal = await _denied(client, messages, {})
    assert refusal.code == "hold_withdrawn"
    assert "No one can approve this" in refusal.message
    assert "board" in refusal.message
    await alice.wait_for_message("Slack has no user group @board")
    assert await model.requests() == []


async def test_approvers_asked_in_person_get_the_card_each_and_all_are_edited(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria, marcus = await slack.user("maria"), await slack.user("marcus")
    name, messages = prompt("merger")
    async with house.openai(await idp.token("alice")) as client, asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(
            client.chat.completions.create(model="sandbox-1", messages=messages)
        )
        hers = await maria.wait_for_message(name, channel="abeyance")
        his = await marcus.wait_for_message(name, channel="abeyance")
        assert not [m for m in maria.messages("approvals") if name in m.words]
        await maria.click(hers, "Approve")
        await marcus.wait_for_change(his, lambda m: "*Approved*" in m.words)
        await maria.wait_for_change(hers, "finished in")
    assert asking.result().choices


async def test_security_and_a_manager_are_two_people_and_get_no_grant(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria, marcus = await slack.user("maria"), await slack.user("marcus")
    name, messages = prompt("backdoor")
    async with house.openai(await idp.token("alice")) as client, asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(
            client.chat.completions.create(model="sandbox-1", messages=messages)
        )
        card = await marcus.wait_for_message(name, channel="approvals")
        assert card.buttons == ["Approve", "Deny…", "View full", "Record"]
        await marcus.click(card, "Approve")
        card = await maria.wait_for_message(
            lambda m: name in m.words and "still needs one from security" in m.words
        )
        await maria.click(card, "Approve")
        await maria.wait_for_change(card, "finished in")
    assert asking.result().choices


async def test_an_account_that_nobody_vouches_for_is_linked_by_the_command(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    """The code comes from Slack, the sign-in from the provider, and the gateway joins them."""
    maria = await slack.user("maria")
    name, messages = prompt("payroll")
    token = await idp.token("maria")
    scopes = [scope for scope in BOT_SCOPES if scope != "users:read.email"]
    await slack.settings(bot_scopes=scopes)
    headers = {"Abeyance-Reason": "FIN-1"}
    async with house.openai(await idp.token("alice")) as client, asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(
            client.chat.completions.create(
                model="sandbox-1", messages=messages, extra_headers=headers
            )
        )
        card = await maria.wait_for_message(name)
        await maria.click(card, "Approve")
        told = await maria.wait_for_message("abeyance link")
        code = re.search(r"abeyance link ([0-9a-f]+)", told.words)
        assert code is not None
        linked = await asyncio.to_thread(abeyance_link, house, code[1], token)
        assert "“Maria Lopez (U0MARIA001)” is linked" in linked.stderr
        again = await asyncio.to_thread(abeyance_link, house, code[1], token)
        assert again.returncode == 2
        await maria.click(card, "Approve")
    await slack.settings(bot_scopes=list(BOT_SCOPES))
    assert asking.result().choices


def abeyance_link(house: House, code: str, token: str) -> subprocess.CompletedProcess[str]:
    env = {"ABEYANCE_TOKEN": token, "ABEYANCE_GATEWAY_URL": house.url}
    return subprocess.run(
        [sys.executable, "-m", "cli", "link", code, "--yes"],
        env={**os.environ, **env},
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )


async def test_a_code_that_slack_never_gave_links_nothing_and_no_code_links_a_job(
    house: House, idp: IdpDriver
) -> None:
    async with house.http(await idp.token("maria")) as http:
        answer = await http.post("/-/link/0123456789abcdef")
        assert answer.status_code == 404
        assert "used up or too old" in answer.json()["error"]["message"]
    async with house.http(await idp.ci_token()) as job:
        assert (await job.post("/-/link/0123456789abcdef")).status_code == 403
