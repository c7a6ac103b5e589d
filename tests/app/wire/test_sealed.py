"""What no rule reads: bytes, files within JSON, and what a provider has encrypted or signed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.wire.answer.sse import SseParser
from app.wire.registry import wire_for
from app.wire.thinking import MASKED
from tests.app.wire import streams
from tests.app.wire.answer.test_choose import ANTHROPIC, CHAT, GEMINI, PLAIN, RESPONSES, SSE, masked
from tests.app.wire.masking import (
    CREDENTIAL,
    CREDENTIAL_MASK,
    KEY_BLOCK,
    MASK,
    SECRET,
    RealMasking,
    cut,
    through,
)

if TYPE_CHECKING:
    from app.wire.base import WireFormat

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) + b"\xad" * 50
MCP = wire_for("mcp", "mcp", None)


@given(st.lists(st.integers(0, 500)))
def test_our_credential_is_masked_in_bytes_for_every_cut(places: list[int]) -> None:
    answer = PLAIN.answer("image/png", RealMasking())
    out = through(answer, cut(PICTURE + CREDENTIAL.encode() + PICTURE + b"sk-live/", places))
    assert out == PICTURE + CREDENTIAL_MASK.encode() + PICTURE + b"sk-live/"
    assert answer.uninspected == ("image/png",)


FILE = "A" * 300 + CREDENTIAL
SEALED: dict[str, tuple[WireFormat, dict[str, Any]]] = {
    "anthropic": (
        ANTHROPIC,
        {
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": CREDENTIAL},
                {"type": "redacted_thinking", "data": {CREDENTIAL: [CREDENTIAL]}},
                {"type": "x", "content": [{"encrypted_content": CREDENTIAL}]},
            ]
        },
    ),
    "responses": (
        RESPONSES,
        {"output": [{"encrypted_content": CREDENTIAL}, {"result": CREDENTIAL}, {"result": FILE}]},
    ),
    "images": (CHAT, {"data": [{"b64_json": CREDENTIAL}, {"b64_json": FILE}]}),
    "gemini": (
        GEMINI,
        {
            "candidates": [
                {
                    "content": {
                        "parts": [{"thoughtSignature": CREDENTIAL}, {"inlineData": {"data": FILE}}]
                    }
                }
            ]
        },
    ),
    "mcp": (MCP, {"result": {"content": [{"type": "image", "data": FILE}]}}),
    "audio": (CHAT, {"choices": [{"delta": {"audio": {"data": FILE}}}]}),
    "delta": (
        ANTHROPIC,
        {"type": "content_block_delta", "index": 0, "delta": {"signature": CREDENTIAL}},
    ),
}


@pytest.mark.parametrize("content_type", ["application/json", SSE])
@pytest.mark.parametrize(("wire", "body"), SEALED.values(), ids=SEALED)
def test_our_credential_is_masked_in_what_is_sealed(
    wire: WireFormat, body: dict[str, Any], content_type: str
) -> None:
    frame = "data: %s\n\n" if content_type == SSE else "%s"
    out = masked(wire, content_type, (frame % json.dumps(body)).encode()).decode()
    assert CREDENTIAL not in out
    assert CREDENTIAL_MASK in out or MASKED in out


def test_what_only_looks_like_a_secret_in_what_is_sealed_is_kept() -> None:
    block = {"type": "redacted_thinking", "data": f"{'kG7/' * 16}{SECRET}"}
    body = json.dumps({"content": [block]}).encode()
    assert masked(ANTHROPIC, "application/json", body) == body


def blocks(thinking: str, pieces: list[str]) -> bytes:
    deltas: list[dict[str, Any]] = [
        *({"type": "thinking_delta", "thinking": piece} for piece in pieces),
        {"type": "signature_delta", "signature": "c2lnbmVk"},
    ]
    start = {"type": "thinking", "thinking": thinking, "signature": ""}
    return b"".join(
        [
            streams.named({"type": "content_block_start", "index": 3, "content_block": start}),
            *(
                streams.named({"type": "content_block_delta", "index": 3, "delta": delta})
                for delta in deltas
            ),
            streams.named({"type": "content_block_stop", "index": 3}),
        ]
    )


def signed(out: bytes) -> tuple[str, list[str]]:
    """Return the thinking, and the signatures that came after all of it."""
    thinking, signatures = "", []
    for event in SseParser().feed(out):
        value = json.loads(event.data or "")
        holder = value.get("delta") or value.get("content_block") or {}
        if holder.get("thinking"):
            thinking += holder["thinking"]
            signatures = []
        if "signature" in holder:
            signatures.append(holder["signature"])
    return thinking, signatures


@pytest.mark.parametrize("pieces", [[SECRET], [SECRET[:9], SECRET[9:]], ["x", f" {SECRET} y"]])
def test_thinking_that_was_masked_comes_under_another_signature(
    pieces: list[str],
) -> None:
    thinking, signatures = signed(masked(ANTHROPIC, SSE, blocks("see ", pieces)))
    assert MASK in thinking
    assert signatures == [MASKED]
    assert signed(masked(ANTHROPIC, SSE, blocks(f"see {SECRET}", ["x"])))[1] == [MASKED]


@pytest.mark.parametrize("pieces", [["AKIA"], ["is AK", "IA?"], ["plain"]])
def test_thinking_that_was_not_masked_keeps_its_signature_after_all_its_text(
    pieces: list[str],
) -> None:
    thinking, signatures = signed(masked(ANTHROPIC, SSE, blocks("", pieces)))
    assert thinking == "".join(pieces)
    assert signatures == ["c2lnbmVk"]


def test_a_mask_in_one_block_takes_no_signature_from_another() -> None:
    both = blocks("", ["fine"]) + blocks("", [KEY_BLOCK]).replace(b'"index":3', b'"index":4')
    out = masked(ANTHROPIC, SSE, both)
    assert out.count(b"c2lnbmVk") == 1
    content = [
        {"type": "thinking", "thinking": text, "signature": "c2lnbmVk"} for text in ("a", SECRET)
    ]
    document = json.loads(
        masked(ANTHROPIC, "application/json", json.dumps({"content": content}).encode())
    )
    assert [block["signature"] for block in document["content"]] == ["c2lnbmVk", MASKED]
