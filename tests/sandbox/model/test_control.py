import asyncio

import pytest

from sandbox.model.answers import cut
from sandbox.model.behaviour import Behaviour, behaviour_of
from sandbox.model.driver import ModelDriver


async def test_requests_are_kept_as_they_came_and_forgotten_on_demand(model: ModelDriver) -> None:
    body = b'{"a":  "\xc3\xa9"}'
    await model.http.post(
        "/openai/v1/a%2Fb?x=1&y=%20", content=body, headers={"X-Mixed-Case": "Value"}
    )
    (seen,) = await model.requests()

    assert (seen.method, seen.path, seen.query) == ("POST", "/openai/v1/a%2Fb", "x=1&y=%20")
    assert ("x-mixed-case", "Value") in seen.headers
    assert seen.body == body

    await model.forget()
    assert await model.requests() == []


async def test_waiting_ends_when_enough_have_come(model: ModelDriver) -> None:
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(model.wait_for(2))
        await model.http.get("/openai/v1/one")
        await model.http.get("/openai/v1/two")

    assert [each.path for each in waiting.result()] == ["/openai/v1/one", "/openai/v1/two"]


async def test_looking_is_not_itself_received(model: ModelDriver) -> None:
    await model.requests()
    await model.release()

    assert await model.requests() == []


@pytest.mark.parametrize(
    ("name", "behaviour"),
    [
        ("gpt-5", Behaviour()),
        ("unleaky-model", Behaviour()),
        ("slowly", Behaviour()),
        ("acme/claude.leaky:slow", Behaviour(leaky=True, slow_s=0.2)),
        ("m-slow15", Behaviour(slow_s=0.015)),
        ("M-STALLING", Behaviour(stalling=True)),
        ("m-failing-midfail-ratelimited", Behaviour(failing=True, midfail=True, ratelimited=True)),
    ],
)
def test_switches_are_whole_words_of_the_model_s_name(name: str, behaviour: Behaviour) -> None:
    assert behaviour_of(name) == behaviour


@pytest.mark.parametrize("offset", range(60))
def test_no_cut_leaves_the_key_whole_wherever_it_stands(offset: int) -> None:
    text = "x" * offset + "AKIAIOSFODNN7EXAMPLE" + " and on it goes"

    assert "".join(cut(text)) == text
    assert not any("AKIAIOSFODNN7EXAMPLE" in piece for piece in cut(text))
