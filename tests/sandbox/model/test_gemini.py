from typing import Any

import pytest
from google import genai
from google.genai import errors, types

from sandbox.model.driver import ModelDriver
from sandbox.model.intake import CREDENTIAL

# Google's SDK does what aiohttp discourages.
pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class:DeprecationWarning")


def client(model: ModelDriver, key: str = CREDENTIAL) -> genai.Client:
    return genai.Client(api_key=key, http_options=types.HttpOptions(base_url=model.gemini))


async def test_an_answer_is_the_same_streamed_or_not(model: ModelDriver) -> None:
    asked: Any = {"model": "sandbox-1", "contents": "Name a colour"}
    async with client(model).aio as gemini:
        whole = await gemini.models.generate_content(**asked)
        parts = [part async for part in await gemini.models.generate_content_stream(**asked)]
    assert "Name a colour" in str(whole.text)
    assert len(parts) > 3
    assert "".join(part.text or "" for part in parts) == whole.text


async def test_tokens_are_counted(model: ModelDriver) -> None:
    async with client(model).aio as gemini:
        counted = await gemini.models.count_tokens(model="sandbox-1", contents="Name a colour")
    assert counted.total_tokens


async def test_texts_have_embeddings(model: ModelDriver) -> None:
    async with client(model).aio as gemini:
        found = await gemini.models.embed_content(model="sandbox-1", contents=["one", "two"])
    assert found.embeddings is not None
    one, two = (each.values for each in found.embeddings)
    assert one
    assert one != two


async def test_a_stranger_is_refused(model: ModelDriver) -> None:
    async with client(model, "another").aio as gemini:
        with pytest.raises(errors.ClientError, match="UNAUTHENTICATED"):
            await gemini.models.generate_content(model="sandbox-1", contents="hi")


@pytest.mark.parametrize("action", ["streamGenerateContent", "predict"])
async def test_what_the_sandbox_has_not_is_not_found(model: ModelDriver, action: str) -> None:
    answer = await model.http.post(
        f"{model.gemini}/v1beta/models/sandbox-1:{action}",
        json={"contents": [{"parts": [{"text": "hi"}]}]},
        headers={"x-goog-api-key": CREDENTIAL},
    )
    assert (answer.status_code, answer.json()["error"]["status"]) == (404, "NOT_FOUND")
