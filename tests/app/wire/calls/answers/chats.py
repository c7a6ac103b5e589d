"""Streams of OpenAI Chat Completions, and what a client puts together from them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from app.wire.calls.base import Changed, Passed, Replaced
from app.wire.calls.streams.chat import ChatStream
from tests.app.wire import streams
from tests.app.wire.calls.law import COMMENT, LIMIT, Timing, driven, wanted
from tests.app.wire.law import events

if TYPE_CHECKING:
    from app.wire.calls.base import Ruling

Delta = dict[str, Any]


@dataclass(frozen=True)
class Said:
    """Words, or a call, in one of two choices; `kind` is how calls are spelt."""

    choice: int = 0
    text: str = ""
    call: str = ""
    kind: str = "function"

    @property
    def is_held(self) -> bool:
        return wanted(self.call)


def arguments(at: int) -> str:
    return json.dumps({"command": f"rm -rf mark{at}"})


def deltas(said: Said, at: int, index: int) -> list[Delta]:
    if not said.call:
        return [{"content": said.text[:2]}, {"content": said.text[2:]}]
    spoken = arguments(at)
    if said.kind == "legacy":
        first = {"name": said.call, "arguments": ""}
        rest = [{"arguments": piece} for piece in (spoken[:3], spoken[3:])]
        return [{"function_call": piece} for piece in (first, *rest)]
    inner = "input" if said.kind == "custom" else "arguments"
    head = {"id": f"call_{at}", "type": said.kind, said.kind: {"name": said.call, inner: ""}}
    rest = [{said.kind: {inner: piece}} for piece in (spoken[:3], spoken[3:])]
    return [{"tool_calls": [{"index": index, **piece}]} for piece in (head, *rest)]


def pieces(answer: list[Said]) -> list[tuple[int, list[Delta]]]:
    counts = {0: 0, 1: 0}
    out = []
    for at, said in enumerate(answer):
        out.append((said.choice, deltas(said, at, counts[said.choice])))
        counts[said.choice] += bool(said.call) and said.kind != "legacy"
    return out


def made(answer: list[Said], mixed: list[int] | None = None) -> bytes:
    """Return a whole stream. `mixed` says how the pieces of calls in a row are mixed, if so."""
    out = [
        streams.chunk({"role": "assistant", "content": ""}, choice) for choice in choices(answer)
    ]
    queues: list[tuple[int, list[Delta]]] = []
    turns = list(mixed or ())

    def flush() -> None:
        while left := [queue for queue in queues if queue[1]]:
            choice, queue = left[(turns.pop() if turns else 0) % len(left)]
            out.append(streams.chunk(queue.pop(0), choice))
        queues.clear()

    for said, (choice, queue) in zip(answer, pieces(answer), strict=True):
        if not said.call:
            flush()
        else:
            # Calls begin in the order of their indexes; what follows may be mixed.
            out.append(streams.chunk(queue.pop(0), choice))
        queues.append((choice, queue))
        if not said.call or mixed is None:
            flush()
    flush()
    out += [streams.chunk({}, choice, ended(answer, choice)) for choice in choices(answer)]
    return b"".join([*out, streams.USAGE, streams.DONE])


def choices(answer: list[Said]) -> list[int]:
    return sorted({0, *(said.choice for said in answer)})


def ended(answer: list[Said], choice: int) -> str:
    kinds = {said.kind for said in answer if said.call and said.choice == choice}
    if not kinds:
        return "stop"
    return "function_call" if kinds == {"legacy"} else "tool_calls"


@st.composite
def answers(draw: st.DrawFn) -> list[Said]:
    texts = st.sampled_from(["so it is", 'tool_calls "\\ é', "function_call"])
    calls = st.sampled_from(["", "", "held_bash", "held_bash", "read"])
    kinds = st.sampled_from(["function", "function", "custom", "legacy"])
    found: list[Said] = []
    for said in draw(st.lists(st.builds(Said, st.integers(0, 1), texts, calls, kinds), max_size=6)):
        # There is room for one legacy call in a choice.
        other = [(one.choice, one.kind) for one in found if one.call]
        kind = "function" if (said.choice, "legacy") in other else said.kind
        found.append(Said(said.choice, said.text, said.call, kind))
    return found


MIXED = st.lists(st.integers(0, 5), max_size=12)


def reader(limit: int = LIMIT) -> ChatStream:
    return ChatStream(wanted, limit=limit, alive=COMMENT)


def run(
    answer: list[Said],
    rulings: list[Ruling],
    mixed: list[int] | None,
    timing: Timing = Timing(),  # noqa: B008 - it is frozen
) -> bytes:
    held = [at for at, said in enumerate(answer) if said.is_held]
    marks = {number: f"mark{at}".encode() for number, at in enumerate(held)}
    return driven(reader(), made(answer, mixed), lambda number: rulings[number], timing, marks)


def read(out: bytes) -> dict[int, dict[str, Any]]:
    """Put the choices together from the chunks, by the API's description of them."""
    found: dict[int, dict[str, Any]] = {}
    for _, data in events(out.decode()):
        if data == "[DONE]":
            continue
        for choice in json.loads(data)["choices"]:
            message = found.setdefault(choice["index"], {"text": "", "calls": [], "end": None})
            assert message["end"] is None
            delta = choice["delta"]
            message["text"] += delta.get("content") or ""
            message["end"] = choice["finish_reason"]
            for call in delta.get("tool_calls", []):
                if call["index"] == len(message["calls"]):
                    message["calls"].append(["", "", ""])
                add(message["calls"][call["index"]], call)
            if legacy := delta.get("function_call"):
                message.setdefault("legacy", ["", "", ""])
                add(message["legacy"], {"function": legacy})
    return found


def add(call: list[str], piece: dict[str, Any]) -> None:
    inner = piece.get("function") or piece.get("custom") or {}
    call[0] += piece.get("id", "")
    call[1] += inner.get("name", "")
    call[2] += inner.get("arguments", "") + inner.get("input", "")


class Seen:
    """What a client is to see of one choice."""

    def __init__(self, end: str) -> None:
        self.message: dict[str, Any] = {"text": "", "calls": [], "end": end}
        self._ours = False

    def say(self, text: str, *, ours: bool = False) -> None:
        parted = self.message["text"] and (ours or self._ours)
        self.message["text"] += ("\n\n" if parted else "") + text
        self._ours = ours

    def call(self, said: Said, at: int, ruling: Ruling) -> None:
        if isinstance(ruling, Replaced):
            return self.say(ruling.text, ours=True)
        spoken = arguments(at)
        if isinstance(ruling, Changed):
            spoken = ruling.arguments
            if ruling.text:
                self.say(ruling.text, ours=True)
        if said.kind == "legacy":
            self.message["legacy"] = ["", said.call, spoken]
        else:
            self.message["calls"].append([f"call_{at}", said.call, spoken])
        return None

    def ended(self) -> dict[str, Any]:
        called = self.message["calls"] or "legacy" in self.message
        return self.message if called else {**self.message, "end": "stop"}


def expected(answer: list[Said], rulings: list[Ruling]) -> dict[int, dict[str, Any]]:
    seen = {choice: Seen(ended(answer, choice)) for choice in choices(answer)}
    left = iter(rulings)
    for at, said in enumerate(answer):
        if said.call:
            seen[said.choice].call(said, at, next(left) if said.is_held else Passed())
        else:
            seen[said.choice].say(said.text)
    return {choice: one.ended() for choice, one in seen.items()}


def same(out: dict[int, dict[str, Any]], wanted: dict[int, dict[str, Any]]) -> bool:
    """Compare what is seen; where another choice has spoken, a text may begin with a paragraph."""
    plain = {key: {**one, "text": one["text"].removeprefix("\n\n")} for key, one in out.items()}
    return plain == wanted
