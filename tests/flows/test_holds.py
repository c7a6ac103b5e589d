"""A flagged request waits, a manager clicks, it resumes or is refused."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING
from uuid import uuid4

import anthropic
import httpx
import openai
import pytest

from app.domain.event import EventKind
from app.search import SessionFilter
from tests.recorded import recorded

if TYPE_CHECKING:
    from sandbox.idp.driver import IdpDriver
    from sandbox.model.driver import ModelDriver
    from sandbox.slack.people.driver import SeenMessage, SlackDriver, SlackUser
    from tests.flows.house import House


def a_risky_prompt() -> list[dict[str, str]]:
    """A prompt that needs a manager, and that no other story has."""
    return [{"role": "user", "content": f"Deploy build {uuid4().hex[:8]} to production"}]


def replies(user: SlackUser, card: SeenMessage) -> list[str]:
    """Return what was said in the thread of a card."""
    seen = user.messages("approvals")
    return [m.words for m in seen if m.thread_ts == card.ts and m.ts != card.ts]


async def test_an_approved_request_goes_upstream_unchanged_and_is_answered(
    house: House, slack: SlackDriver, idp: IdpDriver, model: ModelDriver
) -> None:
    maria = await slack.user("maria")
    prompt = a_risky_prompt()
    async with house.openai(await idp.token("alice")) as client, asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(
            client.chat.completions.create(model="sandbox-1", messages=prompt)
        )
        card = await maria.wait_for_message(prompt[0]["content"][13:21])
        assert "Alice Chen" in card.words
        assert "production-needs-a-manager" in card.words
        assert await model.requests() == []
        await maria.click(card, "Approve")
        answer = await asking
    assert "production" in str(answer.choices[0].message.content)
    [received] = await model.requests()
    assert received.header("authorization") == "Bearer sandbox-model-credential"
    storage = house.storage()
    [session] = await storage.sessions.search(SessionFilter(), limit=1)
    await recorded(storage, session.id)
    told = [entry.event.kind for entry in await storage.ledger.entries(session.id)]
    [body] = await storage.pieces.get(session.request.pieces)
    storage.close()
    intent = told.index(EventKind.REQUEST_FORWARDING)
    assert told.index(EventKind.HOLD_OPENED) < intent < told.index(EventKind.REQUEST_FORWARDED)
    assert received.body == body
    decided = await maria.wait_for_change(card, "finished in")
    assert re.search(r"released · finished in \d+\.\d s, \d+ tokens", decided.words)
    assert "Maria Lopez" in decided.words or maria.id in decided.words
    assert decided.buttons == ["Revoke", "Record"], "it covers what is done for it"
    assert replies(maria, card) == [], "the card itself tells the decision"


async def test_the_card_says_that_an_approved_request_failed(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria = await slack.user("maria")
    prompt = a_risky_prompt()
    async with house.openai(await idp.token("alice"), max_retries=0) as client:
        async with asyncio.TaskGroup() as tasks:
            asking = tasks.create_task(_failure(client, prompt))
            card = await maria.wait_for_message(prompt[0]["content"][13:21])
            await maria.click(card, "Approve")
        decided = await maria.wait_for_change(card, "failed after")
        assert asking.result().status_code == 500
        assert re.search(r"failed after \d+\.\d s: the model API answered 500", decided.words)


async def _failure(
    client: openai.AsyncOpenAI, prompt: list[dict[str, str]]
) -> openai.APIStatusError:
    with pytest.raises(openai.APIStatusError) as failure:
        await client.chat.completions.create(model="sandbox-failing", messages=prompt)
    return failure.value


async def test_a_denied_request_tells_the_caller_who_and_why(
    house: House, slack: SlackDriver, idp: IdpDriver, model: ModelDriver
) -> None:
    marcus, dana = await slack.user("marcus"), await slack.user("dana")
    prompt = a_risky_prompt()
    async with house.anthropic(await idp.token("dana")) as client, asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(
            _refusal(client.messages.create(model="claude", max_tokens=9, messages=prompt))
        )
        card = await marcus.wait_for_message(prompt[0]["content"][13:21])
        await marcus.click(card, "Deny…")
        await marcus.submit(
            {"category": "Not allowed by policy", "reason": "Use the staging cluster"}
        )
        refusal = await asking
    assert isinstance(refusal, anthropic.PermissionDeniedError)
    assert "Marcus Webb" in refusal.message
    assert "Not allowed by policy – “Use the staging cluster”" in refusal.message
    assert refusal.response.headers["abeyance-decision"] == "denied"
    notice = await dana.wait_for_message("Use the staging cluster", channel="abeyance")
    for told in ("production-needs-a-manager", "staging"):
        assert told in notice.words
    assert (await marcus.wait_for_change(card, "Denied")).buttons == ["Record"]
    assert replies(marcus, card) == [], "the card itself tells the decision"
    assert await model.requests() == []


async def _refusal(request: object) -> Exception:
    """Return what the client raises, so that a task group does not end by it."""
    try:
        await request  # type: ignore[misc]
    except (openai.APIError, anthropic.APIError) as error:
        return error
    raise AssertionError("the request was answered")


async def test_two_managers_who_click_at_once_make_one_decision(
    house: House, slack: SlackDriver, idp: IdpDriver, model: ModelDriver
) -> None:
    maria, marcus = await slack.user("maria"), await slack.user("marcus")
    prompt = a_risky_prompt()
    async with house.openai(await idp.token("alice")) as client, asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(
            client.chat.completions.create(model="sandbox-1", messages=prompt)
        )
        word = prompt[0]["content"][13:21]
        cards = [await person.wait_for_message(word) for person in (maria, marcus)]
        await asyncio.gather(
            maria.click(cards[0], "Approve"),
            marcus.click(cards[1], "Approve"),
            return_exceptions=True,
        )
        await asking
    assert len(await model.requests()) == 1


async def test_nobody_approves_their_own_request(
    house: House, slack: SlackDriver, idp: IdpDriver, model: ModelDriver
) -> None:
    maria, marcus = await slack.user("maria"), await slack.user("marcus")
    prompt = a_risky_prompt()
    async with house.openai(await idp.token("maria")) as client, asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(
            client.chat.completions.create(model="sandbox-1", messages=prompt)
        )
        card = await maria.wait_for_message(prompt[0]["content"][13:21])
        await maria.click(card, "Approve")
        await maria.wait_for_message("own request", channel="approvals")
        assert await model.requests() == []
        await marcus.click(card, "Approve")
        await asking


async def test_who_is_no_approver_cannot_decide(
    house: House, slack: SlackDriver, idp: IdpDriver, model: ModelDriver
) -> None:
    ines, maria = await slack.user("ines"), await slack.user("maria")
    prompt = a_risky_prompt()
    async with house.openai(await idp.token("alice")) as client, asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(
            client.chat.completions.create(model="sandbox-1", messages=prompt)
        )
        card = await ines.wait_for_message(prompt[0]["content"][13:21])
        await ines.click(card, "Approve")
        await ines.wait_for_message("managers", channel="approvals")
        assert await model.requests() == []
        await maria.click(card, "Approve")
        await asking


async def test_a_ci_job_is_held_with_the_commit_it_runs_for(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria = await slack.user("maria")
    prompt = a_risky_prompt()
    token = await idp.ci_token(sha="c0ffee11" * 5, ref="refs/heads/release-9")
    async with house.openai(token) as client, asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(
            client.chat.completions.create(model="sandbox-1", messages=prompt)
        )
        card = await maria.wait_for_message(prompt[0]["content"][13:21])
        for fact in ("acme/payments", "c0ffee1", "release-9"):
            assert fact in card.words
        await maria.click(card, "Approve")
        await asking


async def test_a_client_that_leaves_finds_its_approval_on_the_retry(
    house: House, slack: SlackDriver, idp: IdpDriver, model: ModelDriver
) -> None:
    maria = await slack.user("maria")
    prompt = a_risky_prompt()
    body = {"model": "sandbox-1", "messages": prompt}
    async with house.http(await idp.token("alice")) as http:
        with pytest.raises(httpx.ReadTimeout):
            await http.post("/openai/v1/chat/completions", json=body, timeout=1.0)
        card = await maria.wait_for_message(prompt[0]["content"][13:21])
        card = await maria.wait_for_change(card, "isconnected")
        await maria.click(card, "Approve")
        await maria.wait_for_change(card, "pproved")
        assert await model.requests() == []
        answer = await http.post("/openai/v1/chat/completions", json=body)
        assert answer.status_code == 200
        assert answer.headers["abeyance-decision"] == "approved"
        again = await http.post("/openai/v1/chat/completions", json=body)
        assert again.headers["abeyance-decision"] == "granted", "it covers the same afterwards"


async def test_what_a_person_claims_of_her_repository_is_shown_as_claimed_and_goes_nowhere(
    house: House, slack: SlackDriver, idp: IdpDriver, model: ModelDriver
) -> None:
    maria, [prompt] = await slack.user("maria"), a_risky_prompt()
    claims = {"abeyance-repository": "acme/shop", "abeyance-branch": "main"}
    headers = {**claims, "abeyance-client": uuid4().hex}
    body = {"model": "sandbox-1", "messages": [prompt]}
    async with house.http(await idp.token("alice")) as http, asyncio.TaskGroup() as tasks:
        http.headers.update(headers)
        asking = tasks.create_task(http.post("/openai/v1/chat/completions", json=body))
        card = await maria.wait_for_message(prompt["content"][13:21])
        assert re.search(r"acme/shop`? +.?claimed", card.words)
        [waiting] = (await http.get("/-/waiting")).json()["waiting"]
        assert (waiting["state"], waiting["card"]) == ("pending", waiting["id"][-6:].upper())
        http.headers["abeyance-client"] = "SomebodyElse"
        assert (await http.get("/-/waiting")).json() == {"waiting": []}
        http.headers["abeyance-client"] = headers["abeyance-client"]
        shown = (await http.get(f"/-/holds/{waiting['id']}")).json()
        assert (shown["repository"], shown["claimed"]) == ("acme/shop", True)
        async with house.http(await idp.token("maria")) as manager:
            manager.headers["abeyance-client"] = headers["abeyance-client"]
            assert (await manager.get("/-/waiting")).json() == {"waiting": []}
        await maria.click(card, "Approve")
        assert (await asking).status_code == 200
        [decided] = (await http.get("/-/waiting")).json()["waiting"]
        assert (decided["state"], decided["message"]) == ("released", "Approved by Maria Lopez.")
    [received] = await model.requests()
    assert not [name for name, _ in received.headers if name.lower().startswith("abeyance-")]
