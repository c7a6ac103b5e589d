"""Commands that stand in a prompt: the model works them off, some of them together."""

from sandbox.model.driver import ModelDriver
from tests.sandbox.model.test_tasks import FUNCTION, KEYS

ASK = "Tidy up:\n$ one\n$ two\n+ three\n"
DENIED = {"role": "assistant", "content": "Step 2 of 2.\n\nIt was not run."}


async def asked(model: ModelDriver, turns: list[dict[str, object]]) -> tuple[str, list[str]]:
    body = {
        "model": "sandbox-any",
        "messages": turns,
        "tools": [{"type": "function", "function": FUNCTION}],
    }
    answer = await model.http.post("/openai/v1/chat/completions", json=body, headers=KEYS)
    message = answer.json()["choices"][0]["message"]
    calls = message.get("tool_calls", [])
    assert len({call["id"] for call in calls}) == len(calls)
    return message["content"], [call["function"]["arguments"] for call in calls]


async def test_a_script_is_worked_off_in_its_order_and_some_calls_are_made_together(
    model: ModelDriver,
) -> None:
    turns: list[dict[str, object]] = [{"role": "user", "content": ASK}]
    text, [first] = await asked(model, turns)
    assert '"command": "one"' in first
    turns.append({"role": "assistant", "content": text})
    _, [second, third] = await asked(model, turns)
    assert '"two"' in second
    assert '"three"' in third


async def test_a_step_counts_though_none_of_its_calls_were_made(model: ModelDriver) -> None:
    turns: list[dict[str, object]] = [{"role": "user", "content": ASK}, DENIED]
    assert await asked(model, turns) == ("All 2 steps are done.", [])


async def test_another_script_begins_anew(model: ModelDriver) -> None:
    turns: list[dict[str, object]] = [{"role": "user", "content": ASK}, DENIED]
    again = {"role": "user", "content": "And now:\n$ four"}
    text, [call] = await asked(model, [*turns, again])
    assert text == "Step 1 of 1."
    assert '"four"' in call
