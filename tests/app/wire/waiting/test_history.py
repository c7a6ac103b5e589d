"""The lines about waiting, taken out of the conversation that a client sends back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.wire.apis.anthropic import ANTHROPIC
from app.wire.apis.gemini import GEMINI
from app.wire.apis.openai_chat import CHAT
from app.wire.apis.openai_responses import RESPONSES
from app.wire.base import WireFormat
from app.wire.waiting.line import last_line, line, without_lines

LINES = {
    "a request": line("managers", "9PM4BY"),
    "a call": line("managers, security on call", "9PM4BY", "Bash"),
    "a call at the end of an answer": last_line("managers", "9PM4BY", "mcp__db__query"),
    "long names": line("m " * 500, "9PM4BY", "`x`" * 500),
}
CALL = {"type": "tool_use", "id": "1", "name": "Bash", "input": {}}
FUNCTION = {"id": "1", "type": "function", "function": {"name": "Bash", "arguments": "{}"}}
each_line = pytest.mark.parametrize("said", LINES.values(), ids=LINES)


def test_a_line_says_what_is_held_and_who_is_asked() -> None:
    assert LINES["a call"] == (
        "⏳ Waiting for approval by managers, security on call in Slack (request 9PM4BY): `Bash`. "
        "This continues by itself."
    )


@each_line
@given(
    before=st.sampled_from(["", "so\n\n", "so\n", "\n\n"]),
    after=st.sampled_from(["", "\n\nend", "\nend", "\n\n"]),
)
def test_a_line_that_is_a_paragraph_is_taken_out(said: str, before: str, after: str) -> None:
    left = without_lines(f"{before}{said}{after}")
    assert left.split() == f"{before}{after}".split()
    assert left == left.strip("\n")
    assert without_lines(f"{before}{said}\n\n{said}{after}") == left


@pytest.mark.parametrize(
    "text",
    [
        "",
        "⏳ tick",
        f"It printed {LINES['a call']} and went on.",
        LINES["a call"].replace("This continues by itself.", "This does not."),
        LINES["a call"].replace("9PM4BY", "none"),
        LINES["a call"].replace("managers", "man\nagers"),
    ],
)
def test_what_only_looks_like_a_line_stays(text: str) -> None:
    assert without_lines(text) is text


@dataclass(frozen=True)
class Case:
    """What a client sends back, with `LINE` in it; and what the provider is to see."""

    wire: WireFormat
    turns: str
    back: list[Any]
    seen: list[Any]


def text(words: str, **members: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"type": "text", "text": words, **members}


def said(*content: Any, role: str = "assistant") -> dict[str, Any]:  # noqa: ANN401
    return {"role": role, "content": list(content)}


def output(*words: str) -> dict[str, Any]:
    content = [{"type": "output_text", "text": word, "annotations": []} for word in words]
    return {"type": "message", "role": "assistant", "content": content}


def parts(*words: Any, role: str = "model") -> dict[str, Any]:  # noqa: ANN401
    return {
        "role": role,
        "parts": [{"text": word} if isinstance(word, str) else word for word in words],
    }


USER = {"role": "user", "content": "go"}
ITEM = {"type": "function_call", "call_id": "1", "name": "shell", "arguments": "{}"}
PART = {"functionCall": {"name": "shell", "args": {}}, "thoughtSignature": "c2ln"}
THOUGHT = {"type": "thinking", "thinking": "so", "signature": "c2ln"}
CASES = {
    "messages: a block of its own": Case(
        ANTHROPIC,
        "messages",
        [USER, said(THOUGHT, text("so"), text("LINE", cache_control={"type": "x"}), CALL)],
        [USER, said(THOUGHT, text("so"), CALL)],
    ),
    "messages: within a text": Case(
        ANTHROPIC,
        "messages",
        [{"role": "assistant", "content": "so\n\nLINE"}, said(text("so\n\nLINE\n\nend"))],
        [{"role": "assistant", "content": "so"}, said(text("so\n\nend"))],
    ),
    "messages: all that was said": Case(
        ANTHROPIC,
        "messages",
        [USER, said(text("LINE")), USER, {"role": "assistant", "content": "LINE\n"}, USER],
        [USER, USER, USER],
    ),
    "messages: what a person pastes stays": Case(
        ANTHROPIC,
        "messages",
        [said(text("LINE"), role="user"), said(text("LINE"))],
        [said(text("LINE"), role="user")],
    ),
    "chat: joined with what the model said": Case(
        CHAT,
        "messages",
        [USER, {"role": "assistant", "content": "so\n\nLINE", "tool_calls": [FUNCTION]}],
        [USER, {"role": "assistant", "content": "so", "tool_calls": [FUNCTION]}],
    ),
    "chat: all that was said beside a call": Case(
        CHAT,
        "messages",
        [{"role": "assistant", "content": "LINE", "tool_calls": [FUNCTION]}],
        [{"role": "assistant", "content": None, "tool_calls": [FUNCTION]}],
    ),
    "chat: all that was said": Case(
        CHAT,
        "messages",
        [USER, {"role": "assistant", "content": "LINE"}, USER],
        [USER, USER],
    ),
    "chat: in parts": Case(CHAT, "messages", [said(text("so"), text("LINE"))], [said(text("so"))]),
    "responses: an item of its own": Case(
        RESPONSES,
        "input",
        [USER, output("so"), output("LINE"), ITEM],
        [USER, output("so"), ITEM],
    ),
    "responses: a part, and within one": Case(
        RESPONSES,
        "input",
        [output("so", "LINE"), output("so\n\nLINE"), {"role": "assistant", "content": "LINE"}],
        [output("so"), output("so")],
    ),
    "gemini: a part of its own": Case(
        GEMINI,
        "contents",
        [parts("go", role="user"), parts("so", "LINE", PART)],
        [parts("go", role="user"), parts("so", PART)],
    ),
    "gemini: within a part, and a part that is signed": Case(
        GEMINI,
        "contents",
        [parts("so\n\nLINE"), parts({"text": "LINE", "thoughtSignature": "c2ln"}), parts("LINE")],
        [parts("so"), parts({"text": "", "thoughtSignature": "c2ln"})],
    ),
}


def with_line(value: Any, words: str) -> Any:  # noqa: ANN401
    match value:
        case str():
            return value.replace("LINE", words)
        case list():
            return [with_line(item, words) for item in value]
        case dict():
            return {name: with_line(item, words) for name, item in value.items()}
        case _:
            return value


@each_line
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_provider_sees_a_conversation_without_lines(case: Case, said: str) -> None:
    back = {"model": "m", case.turns: with_line(case.back, said)}
    seen = {"model": "m", case.turns: with_line(case.seen, said)}
    assert case.wire.mended(back) == seen
    assert case.wire.mended(seen) is seen


@pytest.mark.parametrize("wire", [ANTHROPIC, CHAT, RESPONSES, GEMINI], ids=lambda wire: wire.name)
@pytest.mark.parametrize("turns", ["messages", "input", "contents"])
def test_odd_bodies_stay_as_they_are(wire: WireFormat, turns: str) -> None:
    for odd in (None, "x", 3, [None, "x", {}, {"role": "assistant"}, {"role": "model"}]):
        body = {turns: odd}
        assert wire.mended(body) is body
    assert wire.mended([]) == []
