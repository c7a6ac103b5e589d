"""Cursor's editor with its base URL overridden: a key, and a request in the words of Responses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from uuid import uuid4

import httpx
import pytest

from tests.flows.house import only_this_request
from tests.proxy.keys.keyring import COMMAND, sign_in

if TYPE_CHECKING:
    from sandbox.idp.driver import IdpDriver
    from sandbox.model.driver import ModelDriver
    from sandbox.slack.people.driver import SlackDriver
    from tests.flows.house import House

CHAT = "/openai/v1/chat/completions"
SHELL = {"type": "function", "name": "Shell", "parameters": {"type": "object"}}


@pytest.fixture
async def key(house: House, idp: IdpDriver) -> str:
    by = await sign_in(idp, "alice")
    wanted = {"name": uuid4().hex, "refresh_token": by.refresh_token, "client_id": COMMAND}
    async with house.http(by.token) as http:
        made = await http.post("/-/keys", json=wanted)
    assert made.status_code == 200, made.text
    return str(made.json()["key"])


def asked(text: str, **members: object) -> dict[str, object]:
    """Return what the editor sends."""
    content = [{"type": "input_text", "text": text}]
    return {
        "model": "sandbox-1",
        "stream": True,
        "input": [
            {"role": "system", "content": "You are in an editor."},
            {"role": "user", "content": content},
        ],
        "tools": [SHELL],
        "reasoning": {"effort": "low", "summary": "auto"},
        "include": ["reasoning.encrypted_content"],
        "store": False,
    } | members


def chunks(answer: httpx.Response) -> list[dict[str, object]]:
    lines = [line.removeprefix("data: ") for line in answer.text.splitlines()]
    return [json.loads(line) for line in lines if line.startswith("{")]


async def test_the_editor_gets_chunks_of_chat_for_a_request_of_responses(
    house: House, key: str, model: ModelDriver
) -> None:
    async with house.http(key) as http:
        answer = await http.post(CHAT, json=asked("hello there"))
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert {chunk["object"] for chunk in chunks(answer)} == {"chat.completion.chunk"}
    [received] = await model.requests()
    assert received.path.endswith("/v1/chat/completions")
    sent = json.loads(received.body)
    assert sent["messages"][-1] == {
        "role": "user",
        "content": [{"type": "text", "text": "hello there"}],
    }
    assert sent["tools"][0]["function"]["name"] == "Shell"
    assert "input" not in sent
    assert key not in repr(received)


async def test_what_the_editor_asks_is_held_approved_and_recorded_as_it_is_forwarded(
    house: House, key: str, slack: SlackDriver, model: ModelDriver
) -> None:
    maria, word = await slack.user("maria"), f"ship-{uuid4().hex[:6]}"
    text = f"{word} to production"
    async with house.http(key) as http, http.stream("POST", CHAT, json=asked(text)) as answer:
        card = await maria.wait_for_message(lambda m: word in m.words and "Approve" in m.buttons)
        assert await model.requests() == []
        await only_this_request(maria, card)
        told = (await answer.aread()).decode()
    assert "chat.completion.chunk" in told
    [received] = await model.requests()
    storage = house.storage()
    session = await storage.sessions.get(answer.headers["abeyance-session"])
    assert session is not None
    assert session.identity.email == "alice@acme.example"
    [issued] = [
        one
        for one in await storage.issued.of_email("alice@acme.example")
        if one.id == session.identity.credential
    ]
    assert issued.last_used_at is not None
    pieces = await storage.pieces.get(session.request.pieces)
    storage.close()
    assert session.request.body_bytes == len(received.body)
    assert len(pieces) == len(session.request.pieces)


async def test_a_held_request_whose_key_is_revoked_meanwhile_does_not_go_out(
    house: House, idp: IdpDriver, key: str, slack: SlackDriver, model: ModelDriver
) -> None:
    maria, word = await slack.user("maria"), f"ship-{uuid4().hex[:6]}"
    async with house.http(await idp.token("alice")) as own, house.http(key) as http:
        [mine] = [
            one for one in (await own.get("/-/keys")).json()["keys"] if not one["last_used_at"]
        ]
        async with http.stream("POST", CHAT, json=asked(f"{word} to production")) as answer:
            card = await maria.wait_for_message(
                lambda m: word in m.words and "Approve" in m.buttons
            )
            assert (await own.delete(f"/-/keys/{mine['id']}")).status_code == 200
            await only_this_request(maria, card)
            told = (await answer.aread()).decode()
    assert "was revoked" in told
    assert await model.requests() == []


async def test_a_denial_and_a_fault_are_in_the_words_of_chat(house: House, key: str) -> None:
    async with house.http(key) as http:
        answer = await http.post(CHAT, json=asked("x", previous_response_id="resp_1"))
    assert answer.status_code == 400
    assert "previous_response_id" in answer.json()["error"]["message"]


async def test_a_key_goes_where_each_client_puts_its_own(
    house: House, key: str, model: ModelDriver
) -> None:
    async with house.openai(key, max_retries=0) as openai:
        await openai.chat.completions.create(
            model="sandbox-1", messages=[{"role": "user", "content": "hi"}]
        )
    async with house.anthropic(key, max_retries=0) as anthropic:
        await anthropic.messages.create(
            model="sandbox-1", max_tokens=20, messages=[{"role": "user", "content": "hi"}]
        )
    async with httpx.AsyncClient(base_url=house.url, auth=(key, "")) as http:
        assert (await http.get("/cursor/v0/me")).status_code == 200
    received = await model.requests()
    assert len(received) == 3
    assert "aby_" not in repr(received)
