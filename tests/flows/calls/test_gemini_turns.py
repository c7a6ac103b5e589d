"""What is left of a turn of Gemini when a call of it is denied: Google takes it as the history."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from google import genai
from google.genai import types

from tests.flows.calling import RULES, SETS, marked, script
from tests.flows.house import House, open_house

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from google.genai.client import AsyncClient

    from sandbox.idp.driver import IdpDriver

MODEL = "sandbox-strict"
# Google's SDK does what aiohttp discourages.
pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class:DeprecationWarning")


@pytest.fixture(scope="module")
def house(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    data = tmp_path_factory.mktemp("house")
    (data / "policies" / "catalog").mkdir(parents=True)
    (data / "policies" / "catalog" / "calls.yaml").write_text(RULES)
    (data / "policies" / "approvers.yaml").write_text(SETS)
    with open_house(data, mongodb_uri, data / "policies") as house:
        model = house.sandbox["model"]
        asyncio.run(house.register("gemini", model["gemini"], model["credential"]))
        yield house


async def worked_off(
    client: AsyncClient, history: list[types.Content], prompt: str, *, stream: bool
) -> list[str]:
    """Work until the model makes no more calls, and return the commands that ran."""
    command = types.Schema(type=types.Type.STRING)
    schema = types.Schema(type=types.Type.OBJECT, properties={"command": command})
    shell = types.FunctionDeclaration(name="run_shell_command", parameters=schema)
    tools = types.GenerateContentConfig(
        tools=[types.Tool(function_declarations=[shell])],
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
    )
    history.append(types.Content(role="user", parts=[types.Part(text=prompt)]))
    ran: list[str] = []
    for _ in range(6):
        parts = joined([part async for part in said(client, history, tools, stream=stream)])
        history.append(types.Content(role="model", parts=parts))
        calls = [part.function_call for part in parts if part.function_call]
        if not calls:
            return ran
        ran += [call.args["command"] for call in calls if call.args]
        results = [
            types.Part.from_function_response(name="run_shell_command", response={"output": "done"})
            for _ in calls
        ]
        history.append(types.Content(role="user", parts=results))
    raise AssertionError(f"the model makes the same calls again and again: {ran}")


def joined(parts: list[types.Part]) -> list[types.Part]:
    """Put the text of a stream together, as clients keep it."""
    whole: list[types.Part] = []
    for part in parts:
        if part.text is not None and whole and whole[-1].text is not None:
            whole[-1] = types.Part(text=whole[-1].text + part.text)
        else:
            whole.append(part)
    return whole


async def said(
    client: AsyncClient,
    history: list[types.Content],
    config: types.GenerateContentConfig,
    *,
    stream: bool,
) -> AsyncIterator[types.Part]:
    asked = {"model": MODEL, "contents": history, "config": config}
    if stream:
        answers = [each async for each in await client.models.generate_content_stream(**asked)]
    else:
        answers = [await client.models.generate_content(**asked)]
    for answer in answers:
        for candidate in answer.candidates or []:
            for part in (candidate.content and candidate.content.parts) or []:
                yield part


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
async def test_the_turn_goes_on_when_the_first_call_of_a_step_is_denied(
    house: House, idp: IdpDriver, *, stream: bool
) -> None:
    destroy, build, again = marked("destroy all"), marked("make build"), marked("make again")
    options = types.HttpOptions(base_url=f"{house.url}/gemini")
    prompt = script((destroy, build), (build, destroy), again)
    async with genai.Client(api_key=await idp.token("alice"), http_options=options).aio as client:
        ran = await worked_off(client, [], prompt, stream=stream)
    assert ran == [build, build, again]


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
async def test_the_conversation_goes_on_when_the_only_call_of_a_step_is_denied(
    house: House, idp: IdpDriver, *, stream: bool
) -> None:
    build, destroy = marked("make build"), marked("destroy all")
    options = types.HttpOptions(base_url=f"{house.url}/gemini")
    history: list[types.Content] = []
    async with genai.Client(api_key=await idp.token("alice"), http_options=options).aio as client:
        assert await worked_off(client, history, script(build, destroy), stream=stream) == [build]
        assert await worked_off(client, history, script(build), stream=stream) == [build]
