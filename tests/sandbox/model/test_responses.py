from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest

from sandbox.model.driver import ModelDriver
from sandbox.model.intake import CREDENTIAL

SHELL: Any = {
    "type": "function",
    "name": "run_shell",
    "strict": False,
    "parameters": {"type": "object", "properties": {"command": {"type": "string"}}},
}


@pytest.fixture
async def client(model: ModelDriver) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(
        base_url=model.openai, api_key=CREDENTIAL, max_retries=0
    ) as client:
        yield client


@pytest.mark.parametrize("asked", ["Name a colour", [{"role": "user", "content": "Name a colour"}]])
async def test_a_response_is_the_same_streamed_or_not(
    client: openai.AsyncOpenAI, asked: object
) -> None:
    whole = await client.responses.create(model="sandbox-1", input=asked)
    async with client.responses.stream(model="sandbox-1", input=asked) as stream:
        parts = [event.delta async for event in stream if event.type.endswith("text.delta")]
        final = await stream.get_final_response()
    assert "Name a colour" in whole.output_text
    assert len(parts) > 3
    assert "".join(parts) == final.output_text == whole.output_text
    assert final.usage == whole.usage


async def test_a_function_is_called_in_a_stream(client: openai.AsyncOpenAI) -> None:
    async with client.responses.stream(model="sandbox-steps1", input="go", tools=[SHELL]) as stream:
        await stream.until_done()
        message, call = (await stream.get_final_response()).output
    assert (message.type, call.type) == ("message", "function_call")
    assert call.arguments == '{"command": "echo step 1 >> steps.txt"}'


@pytest.mark.parametrize("asked", ["", [], 7])
async def test_a_body_without_input_is_refused(client: openai.AsyncOpenAI, asked: object) -> None:
    with pytest.raises(openai.BadRequestError, match="'input'"):
        await client.responses.create(model="sandbox-1", input=asked)


async def test_a_stranger_is_refused(model: ModelDriver) -> None:
    answer = await model.http.post(f"{model.openai}/responses", json={"input": "hi"})
    assert answer.status_code == 401
