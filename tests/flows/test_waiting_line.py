"""What a person reads in her agent while her request is held, and what becomes of it afterwards."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING
from uuid import uuid4

import anthropic
import openai
import pytest

from app.domain.connection import CredentialScheme, Waiting
from tests.recorded import recorded

if TYPE_CHECKING:
    from sandbox.idp.driver import IdpDriver
    from sandbox.model.driver import ModelDriver
    from sandbox.slack.people.driver import SlackDriver
    from tests.flows.house import House

TOOL = {"name": "look", "description": "Looks.", "input_schema": {"type": "object"}}
FUNCTION = {"type": "function", "name": "look", "parameters": {"type": "object"}}
PERSON = "claude-cli/2.1.197 (external, cli)"
SCRIPT = "claude-cli/2.1.197 (external, sdk-cli)"
CODEX = "codex_cli_rs/0.171.0 (Linux)"
LINE = "⏳ Waiting for approval by managers in Slack"


def a_prompt() -> tuple[str, list[dict[str, str]]]:
    word = f"ship-{uuid4().hex[:8]}"
    return word, [{"role": "user", "content": f"{word} to production"}]


@pytest.fixture(scope="module", autouse=True)
def connections(house: House) -> None:
    model = house.sandbox["model"]

    async def register() -> None:
        key = str(model["credential"])
        claude, codex = f"{model['url']}/anthropic", f"{model['url']}/openai"
        scheme = CredentialScheme.X_API_KEY
        await house.register("claude", claude, key, scheme, waiting=Waiting.VISIBLE)
        await house.register("codex", codex, key, waiting=Waiting.VISIBLE)

    asyncio.run(register())


def claude(house: House, token: str, agent: str = PERSON) -> anthropic.AsyncAnthropic:
    return anthropic.AsyncAnthropic(
        base_url=f"{house.url}/claude",
        api_key=token,
        max_retries=0,
        default_headers={"user-agent": agent},
    )


async def test_a_line_is_shown_while_a_message_waits_and_is_no_part_of_the_conversation(
    house: House, slack: SlackDriver, idp: IdpDriver, model: ModelDriver
) -> None:
    maria = await slack.user("maria")
    word, prompt = a_prompt()
    asked = {"model": "claude", "max_tokens": 99, "tools": [TOOL]}
    async with claude(house, await idp.token("alice")) as client:
        async with client.messages.stream(messages=prompt, **asked) as stream:
            async for event in stream:
                if event.type == "content_block_stop":
                    break
            card = await maria.wait_for_message(word)
            await maria.click(card, "Approve")
            message = await stream.get_final_message()
        line, *answer = message.content
        assert line.text.startswith(LINE)
        assert line.text.endswith("This continues by itself.")
        assert [block.type for block in answer]
        assert message.usage.input_tokens > 0
        assert message.stop_reason == "end_turn"
        said = {"role": "assistant", "content": message.content}
        history = [*prompt, said, {"role": "user", "content": "thanks"}]
        await client.messages.create(messages=history, **asked)
    first, second = await model.requests()
    assert json.loads(first.body)["messages"] == prompt
    assert LINE not in second.body.decode()
    assert len(json.loads(second.body)["messages"][1]["content"]) == len(answer)


async def test_what_was_shown_is_recorded_as_it_was_sent(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria = await slack.user("maria")
    word, prompt = a_prompt()
    body = {"model": "claude", "max_tokens": 9, "messages": prompt, "tools": [TOOL], "stream": True}
    headers = {"user-agent": PERSON, "anthropic-version": "2023-06-01"}
    received = b""
    async with (
        house.http(await idp.token("alice")) as http,
        http.stream("POST", "/claude/v1/messages", json=body, headers=headers) as answer,
    ):
        async for piece in answer.aiter_bytes():
            if not received:
                await maria.click(await maria.wait_for_message(word), "Approve")
            received += piece
    storage = house.storage()
    session = answer.headers["abeyance-session"]
    await recorded(storage, session)
    chunks = [chunk.data for chunk in await storage.sessions.chunks(session)]
    storage.close()
    silence = b'{"type":"message_delta","delta":{"stop_reason":null'
    shown = [event for event in received.split(b"\n\n") if silence not in event]
    assert b"".join(chunks) == b"\n\n".join(shown)


async def test_a_denial_after_the_line_is_the_clients_own_exception(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria = await slack.user("maria")
    word, prompt = a_prompt()
    async with (
        claude(house, await idp.token("alice")) as client,
        client.messages.stream(
            model="claude", max_tokens=9, messages=prompt, tools=[TOOL]
        ) as stream,
    ):
        await maria.click(await maria.wait_for_message(word), "Deny…")
        await maria.submit({"category": "Not needed", "reason": "Use the runbook"})
        with pytest.raises(anthropic.APIError, match="Use the runbook"):
            await stream.get_final_message()


@pytest.mark.parametrize(("agent", "tools"), [(SCRIPT, [TOOL]), (PERSON, [])])
async def test_a_script_and_a_request_without_tools_get_no_line(
    house: House, slack: SlackDriver, idp: IdpDriver, agent: str, tools: list[dict[str, object]]
) -> None:
    maria = await slack.user("maria")
    word, prompt = a_prompt()
    async with (
        claude(house, await idp.token("alice"), agent) as client,
        client.messages.stream(
            model="claude", max_tokens=9, messages=prompt, tools=tools
        ) as stream,
    ):
        await maria.click(await maria.wait_for_message(word), "Approve")
        message = await stream.get_final_message()
    assert all(LINE not in block.text for block in message.content if block.type == "text")


async def test_a_line_is_shown_while_a_response_waits_and_is_no_part_of_the_conversation(
    house: House, slack: SlackDriver, idp: IdpDriver, model: ModelDriver
) -> None:
    maria = await slack.user("maria")
    word, prompt = a_prompt()
    asked = {"model": "sandbox-1", "tools": [FUNCTION]}
    client = openai.AsyncOpenAI(
        base_url=f"{house.url}/codex/v1",
        api_key=await idp.token("alice"),
        max_retries=0,
        default_headers={"user-agent": CODEX},
    )
    events = []
    async with client:
        async for event in await client.responses.create(input=prompt, stream=True, **asked):
            if event.type == "keepalive":
                continue
            events.append(event)
            if len(events) == 1:
                await maria.click(await maria.wait_for_message(word), "Approve")
        response = events[-1].response
        line, *answer = response.output
        done = [e.item for e in events if e.type == "response.output_item.done"]
        history = [*prompt, *done, {"role": "user", "content": "thanks"}]
        await client.responses.create(input=history, **asked)
    assert line.content[0].text.startswith(LINE)
    assert answer
    assert [item.id for item in done] == [item.id for item in response.output]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    indexes = [e.output_index for e in events if e.type == "response.output_item.added"]
    assert indexes == list(range(len(response.output)))
    _, second = await model.requests()
    assert LINE not in second.body.decode()
    assert len(json.loads(second.body)["input"]) == len(prompt) + len(answer) + 1
