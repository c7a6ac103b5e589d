"""Streams of Gemini, and what a client puts together from them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from app.wire.calls.base import Changed, Passed
from app.wire.calls.streams.gemini import GeminiStream
from tests.app.wire import streams
from tests.app.wire.calls.law import LIMIT, Timing, driven, wanted
from tests.app.wire.law import events

if TYPE_CHECKING:
    from app.wire.calls.base import Ruling

Part = dict[str, Any]
NEWLINE = b"\n"
SIGNATURE = "c2lnbmVk"


@dataclass(frozen=True)
class Said:
    """Words, or a call; `joined` says that it comes in the same chunk as what is before it."""

    text: str = ""
    call: str = ""
    thought: bool = False
    joined: bool = False
    in_pieces: bool = False

    @property
    def is_held(self) -> bool:
        return wanted(self.call)


def asked(at: int) -> Part:
    return {"command": f"rm -rf mark{at}", "deep": [{"é": 1.5}, "x"]}


def parts(said: Said, at: int) -> list[Part]:
    """Return the parts that say it, each for a chunk of its own."""
    if not said.call:
        return [{"text": said.text, **({"thought": True} if said.thought else {})}]
    if not said.in_pieces:
        call = {"id": f"call_{at}", "name": said.call, "args": asked(at)}
        return [{"functionCall": call, "thoughtSignature": SIGNATURE}]
    command = str(asked(at)["command"])
    going = {"willContinue": True}
    pieces = [
        [{"jsonPath": "$.command", "stringValue": command[:5], **going}],
        [
            {"jsonPath": "$['command']"[:1] + ".command", "stringValue": command[5:]},
            {"jsonPath": "$.deep[0]['é']", "numberValue": 1.5},
        ],
        [{"jsonPath": '$["deep"][1]', "stringValue": "x"}],
    ]
    first: Part = {
        "functionCall": {"id": f"call_{at}", "name": said.call, **going},
        "thoughtSignature": SIGNATURE,
    }
    rest = [{"functionCall": {"partialArgs": piece, **going}} for piece in pieces]
    return [first, *rest, {"functionCall": {}}]


def made(answer: list[Said]) -> bytes:
    chunks: list[list[Part]] = []
    for at, said in enumerate(answer):
        first, *rest = parts(said, at)
        if said.joined and chunks and not said.in_pieces:
            chunks[-1].append(first)
        else:
            chunks.append([first])
        chunks.extend([part] for part in rest)
    out = [chunk(listed, {"totalTokenCount": at}) for at, listed in enumerate(chunks)]
    return b"".join([*out, chunk([{"text": ""}], {"totalTokenCount": 99}, "STOP")])


def chunk(listed: list[Part], usage: Part, reason: str = "") -> bytes:
    candidate = {"content": {"parts": listed, "role": "model"}, "index": 0}
    if reason:
        candidate["finishReason"] = reason
    of = {"modelVersion": "m", "responseId": "r"}
    return streams.data({"candidates": [candidate], "usageMetadata": usage, **of})


ANSWERS = st.lists(
    st.builds(
        Said,
        text=st.sampled_from(["so it is", 'functionCall "\\ é', "tool_call"]),
        call=st.sampled_from(["", "", "held_bash", "held_bash", "read"]),
        thought=st.booleans(),
        joined=st.booleans(),
        in_pieces=st.booleans(),
    ),
    max_size=6,
)


def reader(limit: int = LIMIT) -> GeminiStream:
    return GeminiStream(wanted, limit=limit, alive=NEWLINE)


def run(
    answer: list[Said],
    rulings: list[Ruling],
    timing: Timing = Timing(),  # noqa: B008 - it is frozen
) -> bytes:
    held = [at for at, said in enumerate(answer) if said.is_held]
    marks = {number: f"mark{at}".encode() for number, at in enumerate(held)}
    return driven(reader(), made(answer), lambda number: rulings[number], timing, marks)


def read(out: bytes) -> tuple[list[tuple[Any, ...]], str]:
    """Return the words and calls of an answer, and why it ends; pieces are only counted."""
    seen: list[tuple[Any, ...]] = []
    reason = ""
    for _, data in events(out.decode()):
        [candidate] = json.loads(data)["candidates"]
        reason = candidate.get("finishReason", reason)
        for part in candidate["content"]["parts"]:
            if text := part.get("text"):
                kind = "thought" if part.get("thought") else "text"
                if seen and seen[-1][0] == kind:
                    seen[-1] = (kind, seen[-1][1] + text)
                else:
                    seen.append((kind, text))
            elif call := part.get("functionCall"):
                piece = call.get("partialArgs") or call.get("willContinue")
                signature = part.get("thoughtSignature")
                seen.append((call.get("name"), "..." if piece else call.get("args"), signature))
            elif "functionCall" in part:
                seen.append((None, None, None))
    return seen, reason


def expected(answer: list[Said], rulings: list[Ruling]) -> list[tuple[Any, ...]]:
    seen: list[tuple[Any, ...]] = []
    left = iter(rulings)
    has_said = ours = False

    def say(text: str, *, by_us: bool) -> None:
        nonlocal has_said, ours
        text = f"\n\n{text}" if has_said and (by_us or ours) else text
        has_said, ours = True, by_us
        if seen and seen[-1][0] == "text":
            text = seen.pop()[1] + text
        seen.append(("text", text))

    for at, said in enumerate(answer):
        ruling = next(left) if said.is_held else Passed()
        if not said.call and said.thought:
            before = seen.pop()[1] if seen and seen[-1][0] == "thought" else ""
            seen.append(("thought", before + said.text))
        elif not said.call:
            say(said.text, by_us=False)
        elif isinstance(ruling, Passed):
            seen.extend(read(b"".join(chunk([part], {}) for part in parts(said, at)))[0])
        else:
            if ruling.text:
                say(ruling.text, by_us=True)
            if isinstance(ruling, Changed):
                seen.append((said.call, json.loads(ruling.arguments), SIGNATURE))
    return seen
