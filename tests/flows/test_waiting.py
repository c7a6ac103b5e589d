"""How a caller waits: in silence, on a stream that is kept alive, or not at all."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid4

import anthropic
import openai
import pytest

if TYPE_CHECKING:
    from sandbox.idp.driver import IdpDriver
    from sandbox.model.driver import ModelDriver
    from sandbox.slack.people.driver import SlackDriver
    from tests.flows.house import House


def a_prompt() -> tuple[str, list[dict[str, str]]]:
    word = f"ship-{uuid4().hex[:8]}"
    return word, [{"role": "user", "content": f"{word} to production"}]


async def test_a_silent_caller_is_told_to_come_back_before_its_own_patience_ends(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria = await slack.user("maria")
    word, prompt = a_prompt()
    async with house.openai(await idp.token("alice"), timeout=60, max_retries=0) as client:
        # It waits longer than it says that it does, so a slow answer is in time.
        with pytest.raises(openai.PermissionDeniedError) as refusal:
            await client.chat.completions.create(
                model="sandbox-1",
                messages=prompt,
                extra_headers={"x-stainless-read-timeout": "1"},
            )
        assert refusal.value.code == "approval_pending"
        assert refusal.value.response.headers["x-should-retry"] == "false"
        card = await maria.wait_for_message(word)
        await maria.click(card, "Approve")
        answer = await client.chat.completions.create(model="sandbox-1", messages=prompt)
    assert answer.choices[0].message.content
    assert len([m for m in maria.messages("approvals") if word in m.words]) == 1


async def test_a_caller_says_for_how_long_it_waits(house: House, idp: IdpDriver) -> None:
    _, prompt = a_prompt()
    async with house.http(await idp.token("alice")) as http:
        refused = await http.post(
            "/openai/v1/chat/completions",
            json={"model": "sandbox-1", "messages": prompt},
            headers={"prefer": "wait=1"},
        )
    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "approval_pending"


async def test_an_openai_stream_outlives_its_read_timeout_and_then_flows(
    house: House, slack: SlackDriver, idp: IdpDriver, model: ModelDriver
) -> None:
    maria = await slack.user("maria")
    word, prompt = a_prompt()
    async with (
        house.openai(await idp.token("alice"), timeout=1.0, max_retries=0) as client,
        asyncio.TaskGroup() as tasks,
    ):
        asking = tasks.create_task(
            client.chat.completions.create(model="sandbox-leaky", messages=prompt, stream=True)
        )
        card = await maria.wait_for_message(word)
        stream = await asking
        assert stream.response.headers["abeyance-decision"] == "pending"
        await maria.click(card, "Approve")
        text = "".join([c.choices[0].delta.content or "" async for c in stream if c.choices])
    assert "[aws-access-key-id]" in text
    assert len(await model.requests()) == 1


async def test_a_refused_stream_ends_with_the_clients_own_exception(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria = await slack.user("maria")
    word, prompt = a_prompt()
    async with (
        house.anthropic(await idp.token("alice"), max_retries=0) as client,
        client.messages.stream(model="claude", max_tokens=9, messages=prompt) as stream,
    ):
        card = await maria.wait_for_message(word)
        await maria.click(card, "Deny…")
        await maria.submit({"category": "Not needed", "reason": "Use the runbook"})
        with pytest.raises(anthropic.APIError, match="Use the runbook"):
            await stream.get_final_message()


async def test_a_caller_that_prefers_not_to_wait_polls_and_comes_back(
    house: House, slack: SlackDriver, idp: IdpDriver, model: ModelDriver
) -> None:
    maria = await slack.user("maria")
    word, prompt = a_prompt()
    body = {"model": "sandbox-1", "messages": prompt}
    headers = {"prefer": "respond-async"}
    async with house.http(await idp.token("alice")) as http:
        path = "/openai/v1/chat/completions"
        accepted = await http.post(path, json=body, headers=headers)
        assert accepted.status_code == 202
        place = accepted.headers["location"]
        assert (await http.get(place)).json()["hold"] == "pending"
        card = await maria.wait_for_message(word)
        assert (await http.post(path, json=body, headers=headers)).status_code == 202
        await maria.click(card, "Approve")
        await maria.wait_for_change(card, "*Approved*")
        assert (await http.get(place)).json()["hold"] == "approved"
        answer = await http.post(path, json=body, headers=headers)
        assert answer.status_code == 200
        assert answer.headers["abeyance-decision"] == "approved"
        assert (await http.get(place)).json()["decision"] == "approved"
    assert len(await model.requests()) == 1
    async with house.http(await idp.token("dana")) as stranger:
        assert (await stranger.get(place)).status_code == 404
