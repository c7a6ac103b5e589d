"""People decide once for a task: on the passages of a conversation, not on each request of it."""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias
from uuid import uuid4

import pytest

from policies.passages.wrappers import CLAUDE_CODE
from sandbox.slack.errors import Refused
from tests.flows.house import only_this_request
from tests.recorded import recorded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx

    from app.domain.grant import Grant
    from app.storage.store import MongoStorage
    from sandbox.idp.driver import IdpDriver
    from sandbox.model.driver import ModelDriver
    from sandbox.slack.people.driver import SeenMessage, SlackDriver, SlackUser
    from tests.flows.house import House

Said: TypeAlias = "dict[str, str]"
PATH = "/openai/v1/chat/completions"


def an_ask() -> tuple[str, Said]:
    """Return a word that no other story has, and a message that needs a manager."""
    word = f"build-{uuid4().hex[:8]}"
    return word, user(f"Deploy {word} to production, and tell me when it is done")


def user(text: str) -> Said:
    return {"role": "user", "content": text}


def work(text: str) -> list[Said]:
    return [{"role": "assistant", "content": "I look."}, {"role": "assistant", "content": text}]


def body(*messages: Said) -> dict[str, object]:
    return {"model": "sandbox-1", "messages": list(messages)}


def cards_with(manager: SlackUser, word: str) -> list[SeenMessage]:
    cards = manager.messages("approvals")
    return [m for m in cards if m.thread_ts in (None, m.ts) and word in m.words]


@asynccontextmanager
async def held(
    http: httpx.AsyncClient, manager: SlackUser, word: str, *messages: Said, **headers: str
) -> AsyncIterator[tuple[SeenMessage, asyncio.Task[httpx.Response]]]:
    """Send a request that is held, and give its card and its answer to come."""
    async with asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(http.post(PATH, json=body(*messages), headers=headers))
        yield await manager.wait_for_message(word, channel="approvals"), asking


async def deny(manager: SlackUser, card: SeenMessage, reason: str) -> None:
    await manager.click(card, "Deny…")
    await manager.submit({"category": "Other", "reason": reason})


async def test_an_approved_ask_covers_what_is_done_for_it_and_nothing_that_is_asked_next(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria = await slack.user("maria")
    word, ask = an_ask()
    async with house.http(await idp.token("alice")) as http:
        async with held(http, maria, word, ask) as (card, first):
            await maria.click(card, "Approve")
        assert first.result().headers["abeyance-decision"] == "approved"
        history = [ask, *work("prod.yaml says prod-db")]
        for step in range(3):
            history += work(f"step {step}: production is up")
            passed = await http.post(PATH, json=body(*history))
            assert passed.headers["abeyance-decision"] == "granted"
        used = await maria.wait_for_change(card, "used 3 times")
        assert len(cards_with(maria, word)) == 1
        next_word, next_ask = an_ask()
        async with held(http, maria, next_word, *history, next_ask) as (card, second):
            assert f"{word} to" not in card.words, "what was approved is not asked again"
            await maria.click(card, "View full")
            view = await maria.wait_for_view("new since the last approval")
            before, _, new = view.words.partition("new since the last approval")
            assert word in before
            assert next_word not in before
            assert next_word in new
            for fact in ("digest `", "catalog `", f"`POST /{PATH.removeprefix('/openai/')}` "):
                assert fact in view.words
                assert fact not in card.words
            assert re.search(r"\d+ bytes · ", view.words)
            await maria.click(card, "Approve")
        assert second.result().status_code == 200
        await maria.click(used, "Revoke")
        await maria.wait_for_change(used, "revoked by")
        asking = {"Prefer": "respond-async"}
        again = await http.post(PATH, json=body(*history), headers=asking)
        assert again.status_code == 202, "what is revoked covers nothing"


async def test_requests_about_the_same_wait_on_one_card_and_all_go_on(
    house: House, slack: SlackDriver, idp: IdpDriver, model: ModelDriver
) -> None:
    maria = await slack.user("maria")
    word, ask = an_ask()
    async with (
        house.http(await idp.token("alice")) as http,
        asyncio.TaskGroup() as tasks,
        held(http, maria, word, ask) as (card, first),
    ):
        more = [
            tasks.create_task(http.post(PATH, json=body(ask, *work(f"prod {number}"), ask)))
            for number in range(2)
        ]
        await maria.click(card, "Approve")
    assert first.result().status_code == 200
    assert [task.result().status_code for task in more] == [200, 200]
    assert len(cards_with(maria, word)) == 1
    assert len(await model.requests()) == 3


async def test_requests_that_come_at_the_same_moment_wait_on_one_card(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    """An agent sends the prompt, and asks for a title of it, at once: here to two gateways."""
    maria = await slack.user("maria")
    word, ask = an_ask()
    other = str(house.start_gateway().addresses["gateway"]["url"])
    async with house.http(await idp.token("alice")) as http, asyncio.TaskGroup() as tasks:
        asked = [
            tasks.create_task(http.post(f"{url}{PATH}", json=body(*work(f"number {at}"), ask)))
            for at, url in enumerate(["", other] * 3)
        ]
        card = await maria.wait_for_message(word, channel="approvals")
        await maria.click(card, "Approve")
    decisions = [task.result().headers["abeyance-decision"] for task in asked]
    assert sorted(decisions) == ["approved", *["granted"] * 5]


async def test_a_denial_lasts_until_a_new_reason_is_given(
    house: House, slack: SlackDriver, idp: IdpDriver, model: ModelDriver
) -> None:
    maria = await slack.user("maria")
    word, ask = an_ask()
    async with house.http(await idp.token("alice")) as http:
        async with held(http, maria, word, ask) as (card, first):
            await deny(maria, card, "not today")
        assert first.result().status_code == 403
        again = await http.post(PATH, json=body(ask, *work("prod is up")))
        assert again.status_code == 403
        assert "not today" in again.text
        assert "start a new one" in again.text
        assert len(cards_with(maria, word)) == 1
        reason = {"Abeyance-Reason": "the customer is waiting"}
        async with held(http, maria, "the customer is waiting", ask, **reason) as (card, second):
            await deny(maria, card, "still no")
        assert second.result().status_code == 403
        third = await http.post(PATH, json=body(ask), headers=reason)
        assert third.status_code == 403
        assert "still no" in third.text
    assert await model.requests() == []


async def test_after_one_denial_only_the_first_new_reason_asks_again(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    """Here it was withdrawn: that is no decision, so the denial still stands."""
    maria, alice = await slack.user("maria"), await slack.user("alice")
    word, ask = an_ask()
    async with house.http(await idp.token("alice")) as http:
        async with held(http, maria, word, ask) as (card, _):
            await deny(maria, card, f"{word}: not today")
        once = {"Abeyance-Reason": f"{word} cannot wait"}
        async with held(http, maria, once["Abeyance-Reason"], ask, **once) as (_, asking):
            # The message of the task may be rewritten just when it is clicked.
            while not asking.done():
                told = await alice.wait_for_message(
                    lambda told: word in told.words and "Withdraw" in told.buttons,
                    channel="abeyance",
                )
                with suppress(Refused):
                    await alice.click(told, "Withdraw")
                await asyncio.wait([asking], timeout=5)
        assert asking.result().status_code == 403
        more = {"Abeyance-Reason": f"{word} really cannot wait"}
        refused = await http.post(PATH, json=body(ask), headers=more)
    assert refused.status_code == 403
    assert f"{word}: not today" in refused.text
    assert "no one was asked again" in refused.text
    assert len(cards_with(maria, word)) == 2


async def test_the_requester_has_one_message_for_all_that_is_denied_and_asked_again(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria, alice = await slack.user("maria"), await slack.user("alice")
    async with house.http(await idp.token("alice")) as http:
        word, ask = an_ask()
        async with held(http, maria, word, ask) as (card, _):
            await deny(maria, card, f"{word}: not today")
        told = await alice.wait_for_message(f"{word}: not today", channel="abeyance")
        reason = {"Abeyance-Reason": f"{word} cannot wait"}
        async with held(http, maria, f"{word} cannot wait", ask, **reason) as (card, _):
            await deny(maria, card, f"{word}: still no")
        told = await alice.wait_for_change(told, f"{word}: still no")
        assert f"{word}: not today" in told.words
        messages = [m for m in alice.messages("abeyance") if word in m.words]
        assert [message.ts for message in messages] == [told.ts]


async def test_more_that_is_typed_to_what_was_denied_is_denied_until_that_is_approved(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    """As from Claude Code, which sends on what was denied with what is typed next."""
    maria = await slack.user("maria")
    word, ask = an_ask()
    more = (ask, user("Say hello"))
    async with house.http(await idp.token("alice")) as http:
        async with held(http, maria, word, ask) as (card, _):
            await deny(maria, card, "not today")
        refused = await http.post(PATH, json=body(*more))
        assert refused.status_code == 403
        assert "not today" in refused.text
        assert len(cards_with(maria, word)) == 1
        reason = {"Abeyance-Reason": f"{word} cannot wait"}
        async with held(http, maria, f"{word} cannot wait", ask, **reason) as (card, again):
            await maria.click(card, "Approve")
        assert again.result().status_code == 200
        async with asyncio.TaskGroup() as tasks:
            asked = tasks.create_task(http.post(PATH, json=body(*more)))
            other = await maria.wait_for_message(
                lambda m: word in m.words and m.ts > card.ts and "Approve" in m.buttons
            )
            await maria.click(other, "Approve")
        assert asked.result().status_code == 200


async def test_a_title_waits_with_its_prompt_and_makes_no_card_of_its_own(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria = await slack.user("maria")
    word, ask = an_ask()
    title = user(f"<session>\n{ask['content']}\n</session>\n\n{CLAUDE_CODE}")
    async with house.http(await idp.token("alice")) as http:
        refused = await http.post(PATH, json=body(title))
        assert refused.status_code == 400
        assert "no title was made" in refused.text
        async with asyncio.TaskGroup() as tasks, held(http, maria, word, ask) as (card, _):
            waiting = tasks.create_task(http.post(PATH, json=body(title)))
            await maria.click(card, "Approve")
        assert waiting.result().status_code == 200
    assert len(cards_with(maria, word)) == 1


async def test_an_approval_of_one_request_only_covers_nothing(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria = await slack.user("maria")
    word, ask = an_ask()
    async with house.http(await idp.token("alice")) as http:
        async with held(http, maria, word, ask) as (card, first):
            await only_this_request(maria, card)
        assert first.result().headers["abeyance-decision"] == "approved"
        await maria.wait_for_change(card, "for this request only")
        async with asyncio.TaskGroup() as tasks:
            second = tasks.create_task(http.post(PATH, json=body(ask, *work("prod is up"))))
            other = await maria.wait_for_message(
                lambda message: word in message.words and "Approve" in message.buttons
            )
            await maria.click(other, "Approve")
        assert second.result().headers["abeyance-decision"] == "approved"


async def test_the_same_json_in_another_order_finds_its_approval(
    house: House, slack: SlackDriver, idp: IdpDriver, model: ModelDriver
) -> None:
    maria = await slack.user("maria")
    word, ask = an_ask()
    mixed = json.dumps({"messages": [ask], "stream": False, "model": "sandbox-1"}, indent=1)
    async with house.http(await idp.token("alice")) as http, asyncio.TaskGroup() as tasks:
        async with held(http, maria, word, ask, Prefer="wait=1") as (card, first):
            pass
        assert first.result().status_code == 403
        waiting = tasks.create_task(
            http.post(PATH, content=mixed, headers={"content-type": "application/json"})
        )
        await maria.click(card, "Approve")
        answered = await waiting
    assert answered.headers["abeyance-decision"] == "approved"
    [sent] = await model.requests()
    assert sent.body == mixed.encode()


@pytest.mark.parametrize(
    ("path", "member"),
    [
        ("openai/v1/responses/input_tokens", "input"),
        ("anthropic/v1/messages/count_tokens", "messages"),
        ("openai/v1beta/models/g:countTokens", "contents"),
    ],
)
async def test_tokens_of_what_needs_an_approval_are_not_counted_and_nobody_is_asked(
    house: House, slack: SlackDriver, idp: IdpDriver, path: str, member: str
) -> None:
    maria = await slack.user("maria")
    word, ask = an_ask()
    said = {"role": "user", "parts": [{"text": ask["content"]}]} if member == "contents" else ask
    async with house.http(await idp.token("alice")) as http:
        counted = await http.post(f"/{path}", json={"model": "g", member: [said]})
    assert counted.status_code == 400, counted.text
    assert "not counted" in counted.text
    assert cards_with(maria, word) == []


async def test_tokens_of_what_was_approved_are_counted_and_prolong_nothing(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria, storage = await slack.user("maria"), house.storage()
    word, ask = an_ask()
    said = {"model": "claude-sandbox", "max_tokens": 9, "messages": [ask]}
    async with house.http(await idp.token("alice")) as http:
        http.headers["anthropic-version"] = "2023-06-01"
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(http.post("/anthropic/v1/messages", json=said))
            card = await maria.wait_for_message(word, channel="approvals")
            await maria.click(card, "Approve")
        counted = await http.post("/anthropic/v1/messages/count_tokens", json=said)
        assert counted.json()["input_tokens"] > 0
        [used] = await _covers_used_in(storage, counted)
        assert used.expires_at == used.created_at + timedelta(hours=1)
        again = await http.post("/anthropic/v1/messages", json=said | {"max_tokens": 8})
        assert again.headers["abeyance-decision"] == "granted"
        [used] = await _covers_used_in(storage, again)
        assert used.expires_at > used.created_at + timedelta(hours=1)
        # It only ends like an endpoint that counts: it is a request of its own, which may be held.
        elsewhere = "/anthropic/v1/teams/messages/count_tokens"
        held = await http.post(elsewhere, json=said, headers={"Prefer": "respond-async"})
        assert held.status_code == 202
    storage.close()


async def _covers_used_in(storage: MongoStorage, answer: httpx.Response) -> tuple[Grant, ...]:
    session = await recorded(storage, answer.headers["abeyance-session"])
    return await storage.grants.get_many(session.grants)


async def test_they_are_asked_for_sixty_times_a_minute_at_most(
    house: House, idp: IdpDriver
) -> None:
    """So often within a minute of the clock, which may turn once meanwhile."""
    path = "/openai/v1/responses/input_tokens"
    async with house.http(await idp.token("dana")) as http:
        asked = {"input": an_ask()[1]["content"]}
        answers = [await http.post(path, json=asked) for _ in range(121)]
        harmless = await http.post(path, json={"input": "hello"})
    assert [answer.status_code for answer in answers[:1]] == [400]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused, "two minutes have room for 120"
    assert {answer.headers["retry-after"] for answer in refused} == {"60"}
    assert harmless.status_code != 429


async def test_a_sixth_request_that_would_wait_is_refused(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria = await slack.user("maria")
    headers = {"Prefer": "respond-async"}
    async with house.http(await idp.token("dana")) as http:
        for _ in range(5):
            word, ask = an_ask()
            waiting = await http.post(PATH, json=body(ask), headers=headers)
            assert waiting.status_code == 202
            await maria.wait_for_message(word, channel="approvals")
        sixth = await http.post(PATH, json=body(an_ask()[1]), headers=headers)
    assert sixth.status_code == 429
    assert "waiting for approval already" in sixth.text


async def test_a_grant_frees_what_already_waits_and_is_covered(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria = await slack.user("maria")
    (one, first_ask), (two, second_ask) = an_ask(), an_ask()
    async with house.http(await idp.token("alice")) as http:
        async with (
            held(http, maria, one, first_ask) as (card, first),
            held(http, maria, two, second_ask) as (other, second),
        ):
            await maria.click(card, "Approve for 1 h")
        assert first.result().status_code == second.result().status_code == 200
        await maria.wait_for_change(other, "approved the same a moment ago")
        card = await maria.wait_for_change(card, "Granted 1 h")
        await maria.click(card, "Revoke")
        await maria.wait_for_change(card, "revoked by")


async def test_what_a_grant_let_go_on_is_held_again_if_that_is_revoked_before_it_goes(
    house: House, slack: SlackDriver, idp: IdpDriver, model: ModelDriver
) -> None:
    maria = await slack.user("maria")
    (one, first_ask), (two, second_ask) = an_ask(), an_ask()
    asking = {"Prefer": "respond-async"}
    async with house.http(await idp.token("alice")) as http:
        waiting = await http.post(PATH, json=body(second_ask), headers=asking)
        assert waiting.status_code == 202
        other = await maria.wait_for_message(two, channel="approvals")
        async with held(http, maria, one, first_ask) as (card, _):
            await maria.click(card, "Approve for 1 h")
        await maria.wait_for_change(other, "approved the same a moment ago")
        card = await maria.wait_for_change(card, "Granted 1 h")
        await maria.click(card, "Revoke")
        await maria.wait_for_change(card, "revoked by")
        refused = await http.post(PATH, json=body(second_ask), headers=asking)
        assert refused.status_code == 403
        assert "revoked" in refused.text
        again = await http.post(PATH, json=body(second_ask), headers=asking)
        assert again.status_code == 202
    assert len(await model.requests()) == 1
