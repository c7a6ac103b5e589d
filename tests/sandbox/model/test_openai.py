import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import openai
import pytest

from sandbox.model.driver import ModelDriver
from sandbox.model.intake import CREDENTIAL

KEY = "AKIAIOSFODNN7EXAMPLE"
HELLO: list[Any] = [{"role": "user", "content": "How do I centre a heading?"}]
USE_TOOL: list[Any] = [{"role": "user", "content": "Please call the tool now"}]
TOOLS: list[Any] = [
    {
        "type": "function",
        "function": {
            "name": "run_shell",
            "parameters": {
                "type": "object",
                "properties": {"command": {"type": "string"}, "tries": {"type": "integer"}},
            },
        },
    }
]


@pytest.fixture
async def client(model: ModelDriver) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(
        base_url=model.openai, api_key=CREDENTIAL, max_retries=0
    ) as client:
        yield client


async def deltas(client: openai.AsyncOpenAI, model: str) -> list[str]:
    stream = await client.chat.completions.create(model=model, messages=HELLO, stream=True)
    return [
        chunk.choices[0].delta.content
        async for chunk in stream
        if chunk.choices and chunk.choices[0].delta.content
    ]


async def test_an_answer_echoes_the_question_and_is_the_same_streamed_or_not(
    client: openai.AsyncOpenAI,
) -> None:
    whole = await client.chat.completions.create(model="gpt-sandbox", messages=HELLO)
    streamed = await deltas(client, "gpt-sandbox")

    assert "How do I centre a heading?" in (whole.choices[0].message.content or "")
    assert whole.choices[0].finish_reason == "stop"
    assert whole.usage is not None
    assert len(streamed) > 3
    assert "".join(streamed) == whole.choices[0].message.content


async def test_the_stream_starts_with_the_role_and_ends_with_reason_usage_and_done(
    model: ModelDriver,
) -> None:
    body = {
        "model": "gpt-sandbox",
        "messages": HELLO,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    answer = await model.http.post(
        f"{model.openai}/chat/completions",
        json=body,
        headers={"Authorization": f"Bearer {CREDENTIAL}"},
    )

    assert answer.headers["content-type"].startswith("text/event-stream")
    *chunks, done = [line[6:] for line in answer.text.splitlines() if line.startswith("data: ")]
    parsed = [json.loads(chunk) for chunk in chunks]
    assert done == "[DONE]"
    assert parsed[0]["choices"][0]["delta"]["role"] == "assistant"
    assert parsed[-2]["choices"][0]["finish_reason"] == "stop"
    assert parsed[-1]["choices"] == []
    assert parsed[-1]["usage"]["total_tokens"] > 1
    assert all(chunk["usage"] is None for chunk in parsed[:-1])


@pytest.mark.parametrize("stream", [True, False])
async def test_a_tool_is_called_when_the_words_are_said(
    client: openai.AsyncOpenAI, *, stream: bool
) -> None:
    asked: dict[str, Any] = {"model": "gpt-sandbox", "messages": USE_TOOL, "tools": TOOLS}
    if stream:
        async with client.chat.completions.stream(**asked) as events:
            completion: Any = await events.get_final_completion()
    else:
        completion = await client.chat.completions.create(**asked)

    (choice,) = completion.choices
    assert choice.finish_reason == "tool_calls"
    (call,) = choice.message.tool_calls
    assert call.function.name == "run_shell"
    assert json.loads(call.function.arguments) == {
        "command": "Please call the tool now",
        "tries": 1,
    }


async def test_each_of_n_choices_is_whole_though_their_deltas_alternate(
    client: openai.AsyncOpenAI,
) -> None:
    whole = await client.chat.completions.create(model="gpt-sandbox", messages=HELLO, n=3)
    stream = await client.chat.completions.create(
        model="gpt-sandbox", messages=HELLO, n=3, stream=True
    )
    texts, order = {0: "", 1: "", 2: ""}, []
    async for chunk in stream:
        choice = chunk.choices[0]
        order.append(choice.index)
        texts[choice.index] += choice.delta.content or ""

    assert order[:6] == [0, 1, 2, 0, 1, 2]
    assert list(texts.values()) == [each.message.content for each in whole.choices]
    assert len(set(texts.values())) == 3


async def test_a_leaky_model_splits_the_planted_key_over_deltas(
    client: openai.AsyncOpenAI,
) -> None:
    streamed = await deltas(client, "gpt-sandbox-leaky")

    assert KEY in "".join(streamed)
    assert not any(KEY in delta for delta in streamed)


async def test_a_leaky_model_splits_the_key_over_argument_deltas_too(
    client: openai.AsyncOpenAI,
) -> None:
    stream = await client.chat.completions.create(
        model="gpt-sandbox-leaky", messages=USE_TOOL, tools=TOOLS, stream=True
    )
    parts = [
        call.function.arguments or ""
        async for chunk in stream
        for call in chunk.choices[0].delta.tool_calls or []
        if call.function
    ]

    assert KEY in json.loads("".join(parts))["command"]
    assert not any(KEY in part for part in parts)


async def test_failing_ratelimited_and_unauthorised_raise_what_the_sdk_has_for_them(
    model: ModelDriver, client: openai.AsyncOpenAI
) -> None:
    with pytest.raises(openai.InternalServerError):
        await client.chat.completions.create(model="gpt-failing", messages=HELLO)
    with pytest.raises(openai.RateLimitError) as limited:
        await client.chat.completions.create(model="gpt-ratelimited", messages=HELLO)
    assert limited.value.response.headers["retry-after"] == "1"
    stranger = client.with_options(api_key="somebody-else")
    with pytest.raises(openai.AuthenticationError) as refused:
        await stranger.chat.completions.create(model="gpt-sandbox", messages=HELLO)
    assert refused.value.code == "invalid_api_key"


@pytest.mark.parametrize("stream", [True, False])
async def test_a_midfail_model_drops_the_connection_half_way(
    model: ModelDriver, *, stream: bool
) -> None:
    body = {"model": "gpt-midfail", "messages": HELLO, "stream": stream}
    headers = {"Authorization": f"Bearer {CREDENTIAL}"}
    got: list[bytes] = []
    async with model.http.stream(
        "POST", f"{model.openai}/chat/completions", json=body, headers=headers
    ) as answer:
        with pytest.raises(httpx.RemoteProtocolError):
            await collect(answer, got)

    assert answer.status_code == 200
    assert b"chat.completion" in b"".join(got)
    assert b"[DONE]" not in b"".join(got)


async def collect(answer: httpx.Response, into: list[bytes]) -> None:
    async for part in answer.aiter_bytes():
        into.append(part)  # noqa: PERF401  what came before the break counts


async def test_a_stalling_model_gives_one_delta_and_the_rest_when_released(
    model: ModelDriver, client: openai.AsyncOpenAI
) -> None:
    stream = await client.chat.completions.create(model="gpt-stalling", messages=HELLO, stream=True)
    chunks = aiter(stream)
    parts: list[str] = []
    while not any(parts):
        parts.append((await anext(chunks)).choices[0].delta.content or "")
    await model.wait_for_stalled(1)
    assert await model.release() == 1
    parts += [chunk.choices[0].delta.content or "" async for chunk in chunks]

    assert "".join(parts) == "".join(await deltas(client, "gpt-sandbox"))


async def test_a_client_that_leaves_a_stalled_answer_frees_its_place(
    model: ModelDriver, client: openai.AsyncOpenAI
) -> None:
    stream = await client.chat.completions.create(model="gpt-stalling", messages=HELLO, stream=True)
    await model.wait_for_stalled(1)
    await stream.close()
    await model.wait_for_stalled(0)

    assert await model.release() == 0


async def test_a_slow_model_says_the_same(client: openai.AsyncOpenAI) -> None:
    assert await deltas(client, "gpt-slow5") == await deltas(client, "gpt-sandbox")


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"{", None),
        (b"[]", None),
        (b'{"messages": []}', "model"),
        (b'{"model": "m"}', "messages"),
        (b'{"model": "m", "messages": ["hello"]}', "messages[0]"),
        (b'{"model": "m", "messages": [{"role": "user"}], "n": 0.5}', "n"),
    ],
)
async def test_a_bad_body_is_refused_in_openai_s_shape(
    model: ModelDriver, body: bytes, param: str | None
) -> None:
    answer = await model.http.post(
        f"{model.openai}/chat/completions",
        content=body,
        headers={"Authorization": f"Bearer {CREDENTIAL}"},
    )

    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert error["param"] == param
    assert error["message"]


async def test_models_are_listed(client: openai.AsyncOpenAI) -> None:
    assert "gpt-sandbox" in [each.id async for each in client.models.list()]


async def test_the_same_text_has_the_same_embedding(client: openai.AsyncOpenAI) -> None:
    asked = ["one", "two", "one"]
    found = (await client.embeddings.create(model="gpt-sandbox", input=asked)).data
    one, two, again = (each.embedding for each in found)
    assert one == again
    assert one != two
    # What the SDK asks for in base64 says the same as numbers.
    floats = await client.embeddings.create(
        model="gpt-sandbox", input="one", encoding_format="float"
    )
    assert floats.data[0].embedding == pytest.approx(one, abs=1e-6)


async def test_an_unknown_path_is_not_found(client: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.NotFoundError):
        await client.moderations.create(model="gpt-sandbox", input="x")
