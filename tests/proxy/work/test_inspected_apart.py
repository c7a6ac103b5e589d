"""What comes of a message does not depend on the process that works on it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import pytest

from app.domain.connection import Connection, CredentialScheme
from app.errors import BadRequest, UpstreamUnavailable
from policies.matching.known import NOTHING_KNOWN, Known
from proxy.inspection import Incoming, inspect
from proxy.work.answers import AnswerBody, Answering, AnswerMasker
from proxy.work.threads import LARGE_BYTES
from tests.policies.made import ALICE, AWS_KEY, facts

if TYPE_CHECKING:
    from policies.compiled_catalog import Catalog
    from proxy.work.pool import Pool

pytestmark = pytest.mark.asyncio(loop_scope="package")
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
CODE = "def answer(question: str) -> int:\n    return len(question)\n\n"
MUCH = CODE * (LARGE_BYTES // len(CODE) + 1)
JSON = (("content-type", "application/json"),)


def _chat(said: str) -> bytes:
    return json.dumps({"model": "m", "messages": [{"role": "user", "content": said}]}).encode()


def _calls(said: str) -> bytes:
    calls = [{"jsonrpc": "2.0", "id": at, "method": "x", "params": [said]} for at in (1, "b")]
    return json.dumps(calls).encode()


REQUESTS = {
    "allowed": ("openai", JSON, _chat(MUCH)),
    "masked": ("openai", JSON, _chat(f"{MUCH} password = 'Tr0ub4dor&3' {AWS_KEY} {MUCH}")),
    "held": ("openai", JSON, _chat(f"{MUCH} deploy this to production")),
    "spelt otherwise": ("openai", JSON, json.dumps(_chat(MUCH).decode()).encode()),
    "JSON-RPC calls": ("mcp", JSON, _calls(f"{MUCH} {AWS_KEY}")),
    "text": ("plain", (("content-type", "text/plain"),), f"{MUCH} {AWS_KEY}".encode()),
    "an anthropic body": ("auto", JSON, b'{"anthropic_version": "b", ' + _chat(MUCH)[1:]),
    "a secret beside": ("openai", (*JSON, ("anthropic-beta", AWS_KEY)), _chat(MUCH + AWS_KEY)),
}


@pytest.mark.parametrize("name", REQUESTS)
async def test_a_request_is_inspected_alike(pool: Pool, shipped: Catalog, name: str) -> None:
    wire, headers, body = REQUESTS[name]
    connection = Connection("c", "http://up", CredentialScheme.BEARER, b"sealed", wire)
    incoming = Incoming(connection, "POST", "v1/chat/completions", "", headers, body, ALICE)
    work = partial(inspect, incoming, NOW)
    here, apart = work(shipped), await pool.do(len(body), work, shipped)
    assert apart.inquiry.known.values == here.inquiry.known.values
    assert str(apart.fault) == str(here.fault)
    assert type(apart.fault) is type(here.fault)
    unlike = {"known": NOTHING_KNOWN}
    assert replace(apart.whole(incoming), **unlike) == replace(here.whole(incoming), **unlike)
    assert apart.verdict == here.verdict
    assert apart.inquiry.wire.name == here.inquiry.wire.name


async def test_what_cannot_be_read_is_refused_alike(pool: Pool, shipped: Catalog) -> None:
    connection = Connection("c", "http://up", CredentialScheme.BEARER, b"", "openai")
    body = _chat(MUCH)[:-1]
    incoming = Incoming(connection, "POST", "v1/chat/completions", "", JSON, body, ALICE)
    work = partial(inspect, incoming, NOW)
    with pytest.raises(BadRequest) as here:
        work(shipped)
    with pytest.raises(BadRequest) as apart:
        await pool.do(len(body), work, shipped)
    assert str(apart.value) == str(here.value)


def _choice(said: str) -> dict[str, object]:
    return {"index": 0, "delta": {"content": said}}


def _event(said: str) -> bytes:
    event = {"id": "1", "object": "chat.completion.chunk", "choices": [_choice(said)]}
    return b"data: " + json.dumps(event).encode() + b"\n\n"


def _document(said: str) -> bytes:
    message = {"role": "assistant", "content": said}
    return json.dumps({"id": "1", "choices": [{"index": 0, "message": message}]}).encode()


SECRET = f"the key {AWS_KEY}, and Tr0ub4dor&3"
DONE = b"data: [DONE]\n\n"
FEW = [_event(f"{AWS_KEY[:9]}"), _event(f"{AWS_KEY[9:]} and more ")]
ANSWERS = {
    "a document": ("application/json", _document(MUCH)),
    "a document with secrets": ("application/json", _document(MUCH + SECRET)),
    "a large event": ("text/event-stream", _event(MUCH + SECRET) + DONE),
    "a large event after small ones": (
        "text/event-stream",
        b"".join([*FEW, _event(MUCH * 2 + SECRET), *FEW, DONE]),
    ),
    "many small events": ("text/event-stream", b"".join(FEW * 8000)),
    "lines": ("application/x-ndjson", _document(MUCH + SECRET) + b"\n" + _document("x") + b"\n"),
    "text": ("text/plain", (MUCH * 5 + SECRET).encode()),
    "cut off": ("application/json", _document(MUCH + SECRET)[:-9]),
}


def _answering(limit: int = 32 * 2**20) -> Answering:
    known = Known({"Tr0ub4dor&3": "[password]"})
    about = facts("hello").without_texts()
    return Answering("openai", frozenset(), about, ALICE, "sk-upstream", NOW, known, limit)


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("piece_bytes", [64 * 1024, 50_001])
async def test_an_answer_is_masked_alike(
    pool: Pool, shipped: Catalog, name: str, piece_bytes: int
) -> None:
    content_type, body = ANSWERS[name]
    here = AnswerBody(_answering(), content_type, shipped)
    began, ended = here.feed(body), here.finish()
    apart = AnswerMasker(_answering(), content_type, shipped, pool)
    pieces = [body[at : at + piece_bytes] for at in range(0, len(body), piece_bytes)]
    out = [await apart.feed(piece) for piece in pieces]
    out.append(await apart.finish())
    assert apart.moved
    apart.close()
    assert began.data is not None
    assert ended.data is not None
    assert b"".join(out) == began.data + ended.data
    assert apart.tally == ended.tally
    assert AWS_KEY.encode() not in b"".join(out)


async def test_an_answer_that_passes_the_limit_is_broken_off_alike(
    pool: Pool, shipped: Catalog
) -> None:
    masker = AnswerMasker(_answering(limit=2 * LARGE_BYTES), "text/event-stream", shipped, pool)
    event = _event(MUCH * 4)
    await masker.feed(event[: LARGE_BYTES + 1])
    assert masker.moved
    with pytest.raises(UpstreamUnavailable):
        await masker.feed(event[LARGE_BYTES + 1 : -2])
    assert await masker.finish() == b""
    masker.close()


async def test_a_small_answer_stays(pool: Pool, shipped: Catalog) -> None:
    masker = AnswerMasker(_answering(), "text/event-stream", shipped, pool)
    out = b"".join([await masker.feed(event) for event in FEW]) + await masker.finish()
    masker.close()
    assert (masker.moved, AWS_KEY.encode() in out) == (False, False)
