"""Streams of Anthropic Messages, made of blocks, and what a client puts together from them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from app.wire.calls.base import Changed, Passed, Replaced
from app.wire.calls.streams.anthropic import AnthropicStream
from tests.app.wire import streams
from tests.app.wire.calls.law import COMMENT, LIMIT, Timing, driven, wanted
from tests.app.wire.law import events

if TYPE_CHECKING:
    from app.wire.calls.base import Ruling


PING = b'event: ping\ndata: {"type": "ping"}\n\n'


@dataclass(frozen=True)
class Block:
    """A block of an answer; `call` is the name of a tool."""

    text: str = ""
    call: str = ""
    thinking: bool = False
    provider: bool = False
    ping: bool = False

    @property
    def is_held(self) -> bool:
        return wanted(self.call)


def block_of(block: Block, at: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    if block.call:
        kind = "server_tool_use" if block.provider else "tool_use"
        spoken = arguments(at)
        start = {"type": kind, "id": f"toolu_{at}", "name": block.call, "input": {}}
        return start, [
            {"type": "input_json_delta", "partial_json": piece}
            for piece in ("", spoken[:3], spoken[3:])
        ]
    if block.thinking:
        deltas = [
            {"type": "thinking_delta", "thinking": "I think"},
            {"type": "signature_delta", "signature": "c2lnbmVk"},
        ]
        return {"type": "thinking", "thinking": "", "signature": ""}, deltas
    pieces = [block.text[:2], block.text[2:]]
    return {"type": "text", "text": ""}, [{"type": "text_delta", "text": piece} for piece in pieces]


def arguments(at: int) -> str:
    return json.dumps({"command": f"rm -rf mark{at}"})


def made(blocks: list[Block], reason: str | None = None) -> bytes:
    """Return a whole stream; its reason to stop is the one that fits, unless it is given."""
    out = [streams.named({"type": "message_start", "message": streams.MESSAGE}), PING]
    for at, block in enumerate(blocks):
        start, deltas = block_of(block, at)
        of = {"index": at}
        out.append(streams.named({"type": "content_block_start", **of, "content_block": start}))
        for delta in deltas:
            out.append(streams.named({"type": "content_block_delta", **of, "delta": delta}))
            out.extend([PING, b": life\n"] if block.ping else [])
        out.append(streams.named({"type": "content_block_stop", **of}))
    return b"".join([*out, *ended(reason or fitting(blocks))])


def fitting(blocks: list[Block]) -> str:
    called = any(block.call and not block.provider for block in blocks)
    return "tool_use" if called else "end_turn"


def ended(reason: str) -> list[bytes]:
    delta = {"stop_reason": reason, "stop_sequence": None}
    usage = {"output_tokens": 9}
    return [
        streams.named({"type": "message_delta", "delta": delta, "usage": usage}),
        streams.named({"type": "message_stop"}),
    ]


BLOCKS = st.lists(
    st.builds(
        Block,
        text=st.sampled_from(["so it is", "tool_use \\u005f", "message_stop é"]),
        call=st.sampled_from(["", "", "held_bash", "held_bash", "read"]),
        thinking=st.booleans(),
        provider=st.sampled_from([False, False, False, True]),
        ping=st.booleans(),
    ),
    max_size=6,
)


def reader(alive: bytes = COMMENT, limit: int = LIMIT) -> AnthropicStream:
    return AnthropicStream(wanted, limit=limit, alive=alive)


def run(
    blocks: list[Block],
    rulings: list[Ruling],
    timing: Timing = Timing(),  # noqa: B008 - it is frozen
    stream: bytes = b"",
) -> bytes:
    held = [at for at, block in enumerate(blocks) if block.is_held]
    marks = {number: f"mark{at}".encode() for number, at in enumerate(held)}

    def ruling(number: int) -> Ruling:
        return Passed() if blocks[held[number]].provider else rulings[number]

    return driven(reader(), stream or made(blocks), ruling, timing, marks)


def read(out: bytes) -> dict[str, Any]:
    """Put a message together from its events, by the API's description of them."""
    message: dict[str, Any] = {}
    for _, data in events(out.decode()):
        event = json.loads(data)
        match event["type"]:
            case "message_start":
                message = {**event["message"], "content": []}
            case "content_block_start":
                assert event["index"] == len(message["content"])
                message["content"].append({**event["content_block"], "json": "", "open": True})
            case "content_block_delta":
                block = message["content"][event["index"]]
                assert block["open"]
                for name, value in event["delta"].items():
                    if name != "type":
                        key = "json" if name == "partial_json" else name
                        block[key] += value
            case "content_block_stop":
                message["content"][event["index"]].pop("open")
            case "message_delta":
                message |= event["delta"]
    return message


def shown(message: dict[str, Any]) -> list[tuple[str, ...]]:
    return [
        ("text", block["text"])
        if block["type"] == "text"
        else ("thinking", block["thinking"], block["signature"])
        if block["type"] == "thinking"
        else (block["type"], block["id"], block["name"], block["json"])
        for block in message["content"]
    ]


def expected(blocks: list[Block], rulings: list[Ruling]) -> tuple[list[tuple[str, ...]], str]:
    """Return what a client is to see, and why the turn ends."""
    seen: list[tuple[str, ...]] = []
    left = 0
    number = 0
    for at, block in enumerate(blocks):
        kind = "server_tool_use" if block.provider else "tool_use"
        ruling: Ruling = Passed()
        if block.is_held:
            ruling = Passed() if block.provider else rulings[number]
            number += 1
        if not block.call:
            thought = ("thinking", "I think", "c2lnbmVk")
            seen.append(thought if block.thinking else ("text", block.text))
            continue
        if isinstance(ruling, Replaced):
            seen.append(("text", ruling.text))
            continue
        said = arguments(at)
        if isinstance(ruling, Changed):
            seen.extend([("text", ruling.text)] if ruling.text else [])
            said = ruling.arguments
        seen.append((kind, f"toolu_{at}", block.call, said))
        left += not block.provider
    return seen, "tool_use" if left else "end_turn"
