"""The originals of a request and of its answer, as the gateway finds them on the wire."""

from __future__ import annotations

import asyncio
import json
import pickle
from contextlib import closing, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from app.domain.connection import Connection, CredentialScheme
from policies.loader import load_catalog
from policies.matching.known import NOTHING_KNOWN
from proxy.inspection import Incoming, inspect
from proxy.work.answers import AnswerBody, Answering, AnswerMasker
from proxy.work.pool import Pool
from proxy.work.threads import LARGE_BYTES
from tests.policies.made import ALICE, AWS_KEY, KEPT_KEYS, RESPONDERS, facts

if TYPE_CHECKING:
    from pathlib import Path

    from app.domain.record.original import Original
    from policies.compiled_catalog import Catalog

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
OTHER = "AKIAQZ7KW3MHT5VJ2RBX"


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("policies")
    (folder / "catalog").mkdir()
    (folder / "catalog" / "rule.yaml").write_text(KEPT_KEYS)
    (folder / "approvers.yaml").write_text(RESPONDERS)
    return folder


@pytest.fixture(scope="module")
def catalog(policies: Path) -> Catalog:
    return load_catalog(policies)


def answering_of() -> Answering:
    about, limit = facts("hello").without_texts(), 2**22
    return Answering("openai", frozenset(), about, ALICE, "sk-upstream", NOW, NOTHING_KNOWN, limit)


def masked(catalog: Catalog, kind: str, pieces: list[bytes]) -> tuple[bytes, tuple[Original, ...]]:
    body = AnswerBody(answering_of(), kind, catalog)
    told = [body.feed(piece) for piece in pieces]
    told.append(body.finish())
    assert all(one.fault is None for one in told)
    out = b"".join(
        piece if one.data is None else one.data
        for one, piece in zip(told, [*pieces, b""], strict=True)
    )
    return out, told[-1].originals or ()


def event(index: int, **said: str) -> bytes:
    chunk = {"choices": [{"index": index, "delta": said}]}
    return f"data: {json.dumps(chunk)}\n\n".encode()


def stream() -> bytes:
    """Return an answer of two choices that come in turns, each with a key in several pieces."""
    first = ["It is ", AWS_KEY[:3], AWS_KEY[3:11], f"{AWS_KEY[11:]} and", f" {AWS_KEY}, again."]
    second = [f"Not {OTHER[:19]}", OTHER[19:], ", ", "but this: ", AWS_KEY]
    events = [
        event(index, content=piece)
        for pair in zip(first, second, strict=True)
        for index, piece in enumerate(pair)
    ]
    return b"".join([*events, b"data: [DONE]\n\n"])


def test_the_originals_of_a_stream_are_the_same_for_every_cut(catalog: Catalog) -> None:
    body, kind = stream(), "text/event-stream"
    out, whole = masked(catalog, kind, [body])
    assert AWS_KEY.encode() not in out
    assert sorted(one.value for one in whole) == sorted([AWS_KEY, OTHER])
    assert masked(catalog, kind, [bytes([byte]) for byte in body])[1] == whole
    for cut in range(1, len(body)):
        assert masked(catalog, kind, [body[:cut], body[cut:]])[1] == whole


def test_no_piece_of_a_stream_brings_originals_along_until_its_end(catalog: Catalog) -> None:
    body = AnswerBody(answering_of(), "text/event-stream", catalog)
    told = [body.feed(event(0, content=f"{key} ")) for key in [AWS_KEY, OTHER] * 200]
    assert {one.originals for one in told} == {None}
    assert all(AWS_KEY.encode() not in pickle.dumps(one) for one in told)
    assert len(pickle.dumps(told[-1])) < len(pickle.dumps(told[0])) + 100
    assert [one.value for one in body.finish().originals or ()] == [AWS_KEY, OTHER]


async def test_an_answer_that_is_cut_off_keeps_what_was_masked_before(
    policies: Path, catalog: Catalog
) -> None:
    large = "so it goes " * (LARGE_BYTES // 8)
    with closing(Pool(policies, lambda: catalog)) as pool:
        await pool.tend()
        masker = AnswerMasker(answering_of(), "text/event-stream", catalog, pool)
        with closing(masker):
            await masker.feed(event(0, content=f"{AWS_KEY}, {large}"))
            assert masker.moved
            feeding = asyncio.ensure_future(masker.feed(event(0, content=f"{OTHER}, {large}")))
            await asyncio.sleep(0)
            feeding.cancel()
            with suppress(asyncio.CancelledError):
                await feeding
            assert [one.value for one in await masker.originals()] == [AWS_KEY, OTHER]


def test_the_originals_of_a_document_are_those_of_its_texts(catalog: Catalog) -> None:
    said = {"choices": [{"index": 0, "message": {"role": "assistant", "content": f"no: {OTHER}"}}]}
    out, kept = masked(catalog, "application/json", [json.dumps(said).encode()])
    assert [(one.keeping.rule, one.label, one.value) for one in kept] == [
        ("keys", "[aws-access-key-id]", OTHER)
    ]
    assert OTHER.encode() not in out


def test_a_request_has_those_of_all_its_texts(catalog: Catalog) -> None:
    body = {
        "model": "m",
        "messages": [
            {"role": "user", "content": f"Is {AWS_KEY} ours?"},
            {
                "role": "assistant",
                "tool_calls": [
                    {
                        "id": "c1",
                        "type": "function",
                        "function": {"name": "Bash", "arguments": json.dumps({"command": OTHER})},
                    }
                ],
            },
            {"role": "tool", "tool_call_id": "c1", "content": f"{AWS_KEY} is"},
        ],
    }
    connection = Connection("openai", "http://up", CredentialScheme.BEARER, b"sealed", "openai")
    json_type = (("content-type", "application/json"),)
    incoming = Incoming(
        *(connection, "POST", "v1/chat/completions", "", json_type),
        *(json.dumps(body).encode(), ALICE),
    )
    inspected = inspect(incoming, NOW, catalog)
    assert {one.value for one in inspected.inquiry.originals} == {AWS_KEY, OTHER}
    assert AWS_KEY not in repr(inspected)
