"""Google's SDK against the whole product, and how long each SDK waits; more is in `tests/flows`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import anthropic
import openai
import pytest
from google import genai
from google.genai import errors, types

from tests.clients.agents import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from anthropic import AsyncAnthropic
    from openai import AsyncOpenAI

    from sandbox.idp.driver import IdpDriver
    from sandbox.model.driver import ModelDriver
    from sandbox.slack.people.driver import SlackDriver
    from tests.flows.house import House

KEY = "AKIAIOSFODNN7EXAMPLE"
GIVEN_UP = (
    *(openai.PermissionDeniedError, openai.APITimeoutError),
    *(anthropic.PermissionDeniedError, anthropic.APITimeoutError),
    *(errors.ClientError, TimeoutError),
)
SHOWN = "[aws-access-key-id]"
DENIAL = {"category": "Not allowed by policy", "reason": "Use the lunar simulator"}

# Google's SDK does what aiohttp discourages.
pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class:DeprecationWarning")


@pytest.fixture
async def gemini(house: House, idp: IdpDriver) -> genai.Client:
    options = types.HttpOptions(base_url=f"{house.url}/gemini")
    return genai.Client(api_key=await idp.token("alice"), http_options=options)


async def streamed(gemini: genai.Client, prompt: str, model: str = "sandbox-1") -> str:
    async with gemini.aio as client:
        answer = await client.models.generate_content_stream(model=model, contents=prompt)
        return "".join([part.text or "" async for part in answer])


async def refusal(call: Awaitable[object]) -> errors.ClientError:
    with pytest.raises(errors.ClientError) as caught:
        await call
    return caught.value


async def test_google_an_ordinary_prompt_is_answered(gemini: genai.Client, case: str) -> None:
    async with gemini.aio as client:
        answer = await client.models.generate_content(model="sandbox-1", contents=f"hi {case}")
    assert case in str(answer.text)


async def test_google_a_held_stream_is_answered_after_its_approval(
    gemini: genai.Client, model: ModelDriver, slack: SlackDriver, case: str
) -> None:
    maria = await slack.user("maria")
    async with asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(streamed(gemini, f"Fly to the moonbase, {case}"))
        card = await maria.wait_for_message(case)
        await asyncio.sleep(3)  # a manager reads
        assert await model.requests() == []
        await maria.click(card, "Approve")
    assert case in asking.result()
    assert len(await model.requests()) == 1


async def test_google_a_denial_is_a_client_error_within_a_held_stream(
    gemini: genai.Client, model: ModelDriver, slack: SlackDriver, case: str
) -> None:
    maria = await slack.user("maria")
    async with asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(refusal(streamed(gemini, f"Fly to the moonbase, {case}")))
        card = await maria.wait_for_message(case)
        await maria.click(card, "Deny…")
        await maria.submit(DENIAL)
    refused = asking.result()
    assert refused.code == 403
    assert "Use the lunar simulator" in str(refused.message)
    assert await model.requests() == []


async def chat(client: AsyncOpenAI, prompt: str) -> str:
    said = [{"role": "user", "content": prompt}]
    answer = await client.chat.completions.create(model="sandbox-1", messages=said)
    return str(answer.choices[0].message.content)


async def message(client: AsyncAnthropic, prompt: str) -> str:
    said = [{"role": "user", "content": prompt}]
    answer = await client.messages.create(model="claude-sandbox", max_tokens=99, messages=said)
    return str(answer.content[0].text)


async def content(client: genai.Client, prompt: str) -> str:
    answer = await client.aio.models.generate_content(model="sandbox-1", contents=prompt)
    return str(answer.text)


async def streamed_content(client: genai.Client, prompt: str) -> str:
    answer = await client.aio.models.generate_content_stream(model="sandbox-1", contents=prompt)
    return "".join([part.text or "" async for part in answer])


async def test_a_call_that_gives_up_after_the_timeout_of_its_sdk_takes_up_its_hold_again(
    house: House, idp: IdpDriver, model: ModelDriver, slack: SlackDriver, case: str
) -> None:
    """The gateway refuses just before it, in words, where the machine is not too busy for that."""
    maria, token = await slack.user("maria"), await idp.token("alice")
    patient = types.HttpOptions(base_url=f"{house.url}/gemini", timeout=PATIENCE_SECONDS * 1000)
    google = genai.Client(api_key=token, http_options=patient)
    given = {"timeout": PATIENCE_SECONDS, "max_retries": 0}
    openais, anthropics = house.openai(token, **given), house.anthropic(token, **given)
    sdks: dict[str, tuple[Any, Any]] = {
        "openai": (openais, chat),
        "anthropic": (anthropics, message),
        "google": (google, content),
        "google-stream": (google, streamed_content),
    }

    async def story(name: str) -> None:
        client, call = sdks[name]
        prompt = f"Fly to the moonbase, {name}-{case}"
        with pytest.raises(GIVEN_UP):
            await call(client, prompt)
        card = await maria.wait_for_message(f"{name}-{case}", channel="approvals")
        await maria.click(card, "Approve")
        assert case in await call(client, prompt)

    async with asyncio.TaskGroup() as tasks:
        for name in sdks:
            tasks.create_task(story(name), name=name)
    assert len(await model.requests()) == len(sdks)
    assert sum(case in seen.words for seen in maria.messages("approvals")) == len(sdks)
    for client in (openais, anthropics, google.aio):
        await (client.aclose if client is google.aio else client.close)()


async def test_google_what_a_rule_denies_is_a_client_error(
    gemini: genai.Client, model: ModelDriver, case: str
) -> None:
    async with gemini.aio as client:
        asking = client.models.generate_content(model="sandbox-1", contents=f"doomsday {case}")
        refused = await refusal(asking)
    assert (refused.code, refused.status) == (403, "PERMISSION_DENIED")
    assert "There is no such thing." in str(refused.message)
    assert await model.requests() == []


async def test_google_a_key_reaches_neither_the_model_nor_the_caller(
    gemini: genai.Client, model: ModelDriver
) -> None:
    said = await streamed(gemini, f"Why is {KEY} refused?", "sandbox-leaky")
    assert SHOWN in said
    assert KEY not in said
    [received] = await model.requests()
    assert KEY.encode() not in received.body
