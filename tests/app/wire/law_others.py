"""The other wire formats: answers around a text of our own, and a reader that finds it again."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

from app.wire.registry import wire_for
from tests.app.wire.chance import Chance, arguments, json_spelt, mixed, sse, typed
from tests.app.wire.law import SSE, Format, joined, loaded, of_events, of_lines, of_words

if TYPE_CHECKING:
    from app.wire.base import WireFormat
    from tests.app.wire.chance import Events
    from tests.app.wire.law import Found


# Anthropic Messages

_BLOCKS = {
    "text": ("text_delta", {"type": "text", "text": ""}),
    "thinking": ("thinking_delta", {"type": "thinking", "thinking": "", "signature": ""}),
    "partial_json": ("input_json_delta", {"type": "tool_use", "id": "t", "name": "f", "input": {}}),
}


def messages(chance: Chance, text: str) -> tuple[str, bytes]:
    """One or two blocks, one after another or interleaved."""
    queues: list[Events] = []
    for index, channel in enumerate(chance.sample(tuple(_BLOCKS), chance.some())):
        kind, block = _BLOCKS[channel]
        said = arguments(chance, text) if channel == "partial_json" else text
        pieces = chance.pieces(said)
        queue: Events = []
        if chance.often(0.5):
            begun = {channel: pieces.pop(0)} if channel in block and chance.often(0.3) else {}
            queue.append(
                typed("content_block_start", index=index, content_block={**block, **begun})
            )
        deltas: list[dict[str, Any]] = [{"type": kind, channel: piece} for piece in pieces]
        if channel == "thinking" and chance.often(0.5):
            deltas.append({"type": "signature_delta", "signature": "c2lnbmVk"})
        queue += [typed("content_block_delta", index=index, delta=delta) for delta in deltas]
        if chance.often(0.7):
            queue.append(typed("content_block_stop", index=index))
        queues.append(queue)
    out = mixed(chance, queues)
    return SSE, sse([*out, typed("message_stop")] if chance.often(0.5) else out, chance)


def message_texts(_at: int, _name: str, event: Any) -> Found:  # noqa: ANN401 - any JSON
    for holder in (event.get("delta", {}), event.get("content_block", {})):
        for channel in _BLOCKS:
            key = "args" if channel == "partial_json" else channel
            yield (key, event.get("index")), holder.get(channel, "")
            if event["type"] == "content_block_stop":
                yield (key, event["index"]), None


# Gemini


def gemini(chance: Chance, text: str) -> tuple[str, bytes]:
    """Thoughts and words, in a stream or in one long list; a call has its arguments whole."""
    queues: list[Events] = []
    for thought in chance.sample((True, False), chance.some()):
        kind = {"thought": True} if thought else {}
        queues.append([("", _candidate({"text": piece, **kind})) for piece in chance.pieces(text)])
    out = mixed(chance, queues)
    if chance.often(0.3):
        out.append(("", _candidate({"functionCall": {"name": "f", "args": {"k": [text]}}})))
    if chance.often(0.7):
        out[-1][1]["candidates"][0]["finishReason"] = "STOP"
    if chance.often(0.2):
        return "application/json", json_spelt([event for _, event in out], chance).encode()
    return SSE, sse(out, chance)


def _candidate(part: dict[str, Any]) -> dict[str, Any]:
    return {"candidates": [{"content": {"parts": [part], "role": "model"}, "index": 0}]}


def gemini_texts(_at: int, _name: str, event: Any) -> Found:  # noqa: ANN401 - any JSON
    for candidate in event["candidates"]:
        for part in candidate["content"]["parts"]:
            yield part.get("thought", False), part.get("text", "")
            yield "call", "".join(part.get("functionCall", {}).get("args", {}).get("k", ()))
        if "finishReason" in candidate:
            yield from ((thought, None) for thought in (True, False))


# Cursor


_SAID = ("assistant", "thinking", "interaction_update")


def cursor(chance: Chance, text: str) -> tuple[str, bytes]:
    """A run of an agent, version 1: thoughts and words, a file, and the result again."""
    queues: list[Events] = []
    for name in chance.sample(_SAID, chance.some()):
        more = {"type": "text-delta"} if name == "interaction_update" else {}
        queues.append([(name, {**more, "text": piece}) for piece in chance.pieces(text)])
    out = mixed(chance, queues)
    if chance.often(0.3):
        out.append(("tool_call", {"callId": "1", "args": {"file": text}}))
    if chance.often(0.6):
        out.append(("result", {"status": "FINISHED", "text": text}))
    return SSE, sse([*out, ("done", {})] if chance.often(0.6) else out, chance)


def cursor_texts(at: int, name: str, event: Any) -> Found:  # noqa: ANN401 - any JSON
    if name in {"result", "done"}:
        yield from ((kind, None) for kind in _SAID)
    yield name, event.get("text", "")
    yield "file", event.get("args", {}).get("file", "")


def conversation(chance: Chance, text: str) -> tuple[str, bytes]:
    """What an agent of version 0 said, as one document."""
    messages = [
        {"id": f"m{at}", "type": chance.one("user_message", "assistant_message"), "text": said}
        for at, said in enumerate([text, "ok", text][: chance.randint(1, 3)])
    ]
    return "application/json", json_spelt({"id": "bc_1", "messages": messages}, chance).encode()


# The Model Context Protocol


def mcp(chance: Chance, text: str) -> tuple[str, bytes]:
    """Messages of JSON-RPC, each complete: a note, a result, an error."""
    content = [{"type": "text", "text": said} for said in (text, "ok")[: chance.randint(1, 2)]]
    result = {"content": content, "structuredContent": {"k": [text]}, "isError": False}
    messages = chance.sample(
        [
            {"method": "notifications/message", "params": {"level": "info", "data": text}},
            {"id": 1, "result": result},
            {"id": 2, "error": {"code": -32000, "message": text}},
            {"id": 3, "result": {"contents": [{"uri": "file:///a", "text": text}]}},
        ],
        chance.randint(1, 3),
    )
    said = [{"jsonrpc": "2.0", **message} for message in messages]
    if chance.often(0.2):
        return "application/json", json_spelt(said if len(said) > 1 else said[0], chance).encode()
    return SSE, sse([(chance.one("message", ""), message) for message in said], chance)


def every_text(at: int, _name: str, event: Any) -> Found:  # noqa: ANN401 - any JSON
    """Find all strings of a value, each as a text of its own."""
    if isinstance(event, str):
        yield at, event
    elif isinstance(event, dict):
        for place, (name, item) in enumerate(event.items()):
            yield (at, place, "name"), name
            for key, text in every_text(at, "", item):
                yield (place, key), text
    elif isinstance(event, list):
        for place, item in enumerate(event):
            for key, text in every_text(at, "", item):
                yield (place, key), text


# Anything else


def document(chance: Chance, text: str) -> tuple[str, bytes]:
    """JSON of an unknown API: a document, under its own label or another; or lines of JSON."""
    value = chance.one(
        {"a": text},
        {"rows": [{"v": [text, 1]}, text], "n": None},
        [text, [text]],
        {text: {"b": True}},
        text,
    )
    label = chance.one("application/json", "application/vnd.x+json", "text/plain", "", SSE)
    spelt = json_spelt(value, chance)
    if chance.often(0.3):
        spelt = chance.one(" ", "\ufeff", ")]}'\n", "\r\n") + spelt + chance.one("", "\n")
    return label, spelt.encode()


def rows(chance: Chance, text: str) -> tuple[str, bytes]:
    """Lines of JSON, as local model servers stream."""
    parts = [{"response": piece, "done": False} for piece in chance.pieces(text, 3)]
    parts[-1]["done"] = chance.often(0.5)
    label = chance.one(
        "application/x-ndjson", "application/jsonl", "application/json", "text/plain"
    )
    return label, b"".join([json_spelt(part, chance).encode() + b"\n" for part in parts])


def row_texts(_at: int, _name: str, event: Any) -> Found:  # noqa: ANN401 - any JSON
    yield "response", event["response"]


def words(chance: Chance, text: str) -> tuple[str, bytes]:
    """A stream whose events are no JSON."""
    text = text.replace("\\", "/")  # what escapes hide outside of JSON is withheld
    pieces = chance.pieces(text, 3)
    if any(isinstance(loaded(piece), str) for piece in pieces):
        pieces = [f"so {text}"]
    return SSE, sse([("", f"so {text}"), *(("", piece) for piece in pieces)], chance)


def prose(chance: Chance, text: str) -> tuple[str, bytes]:
    """Text, in one of several encodings."""
    encoding = chance.one("utf-8", "utf-8", "utf-8", "utf-16-le", "utf-16", "utf-32-be")
    label = chance.one("text/plain", "text/html; charset=utf-8", "text/markdown")
    if encoding != "utf-8":
        label = f"text/plain; charset={encoding}"
    return label, f"so {text}{text}".encode(encoding)


def unknown(chance: Chance, text: str) -> tuple[str, bytes]:
    """A stream of objects that no table knows; a piece never repeats the one before it."""
    pieces = chance.pieces(text, 3)
    kept = [piece for piece in pieces if piece]
    if any(after.startswith(before) for before, after in itertools.pairwise(kept)):
        kept = [text]
    return SSE, sse([("", {"chunk": piece, "n": 1}) for piece in kept], chance)


def unknown_texts(_at: int, _name: str, event: Any) -> Found:  # noqa: ANN401 - any JSON
    yield "chunk", event["chunk"]


def of_document(answer: bytes) -> dict[Any, str]:
    """Read one JSON document, whatever guards it."""
    said = answer.decode().removeprefix(")]}'").strip(" \r\n\ufeff")
    return joined(every_text, [("", json.loads(said))])


def of_prose(answer: bytes) -> dict[Any, str]:
    """Read text, in the encoding that its zeros or its mark show."""
    return {"text": answer.decode(json.detect_encoding(answer))}


def _wire(name: str, path: str) -> WireFormat:
    return wire_for(name, path, None)


PLAIN = _wire("plain", "x")
CURSOR = _wire("cursor", "v1/agents")

FORMATS = {
    "anthropic": Format(_wire("anthropic", "v1/messages"), messages, of_events(message_texts)),
    "gemini": Format(
        _wire("gemini", "v1beta/models/m:streamGenerateContent"), gemini, of_events(gemini_texts)
    ),
    "cursor v1": Format(CURSOR, cursor, of_events(cursor_texts)),
    "cursor v0": Format(CURSOR, conversation, of_events(every_text)),
    "mcp": Format(_wire("mcp", "mcp"), mcp, of_events(every_text)),
    "json": Format(PLAIN, document, of_document, breaks=False, share=0.5),
    "lines of json": Format(PLAIN, rows, of_lines(row_texts), share=0.5),
    "text": Format(PLAIN, prose, of_prose, share=0.4),
    "words": Format(PLAIN, words, of_words, share=0.3),
    "unknown": Format(PLAIN, unknown, of_events(unknown_texts), open=True, share=0.3),
}
