"""A compressed body is decoded under the limit, and goes on as what it stands for."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from functools import partial
from typing import TYPE_CHECKING

import brotli
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import BadRequest, TooLarge, Unsupported
from proxy.http.compression import content_coding, decompressed
from tests.proxy.http.conftest import answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.proxy.http.conftest import Here

pytestmark = pytest.mark.asyncio(loop_scope="module")

CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": partial(brotli.compress, quality=1),
    "zstd": zstandard.ZstdCompressor().compress,
}
SAID = {"model": "m", "messages": [{"role": "user", "content": "xyzzy " * 3}]}
BOMB = bytes(34_000_000)  # the limit is 32 MiB


@given(st.binary(max_size=300_000) | st.integers(0, 400_000).map(bytes))
@settings(max_examples=25, deadline=None)
@pytest.mark.parametrize("coding", CODINGS)
async def test_what_is_decoded_is_what_was_compressed(coding: str, data: bytes) -> None:
    packed = CODINGS[coding](data)
    assert decompressed(coding, packed, len(data)) == data
    if coding in ("gzip", "zstd"):
        assert decompressed(coding, packed + packed, 2 * len(data)) == data + data
    if data:
        with pytest.raises(TooLarge):
            decompressed(coding, packed, len(data) - 1)
    with pytest.raises(BadRequest, match="cannot be decoded"):
        decompressed(coding, packed[:-1], 1_000_000)


@pytest.mark.parametrize("coding", CODINGS)
async def test_what_follows_the_end_or_is_no_such_coding_is_refused(coding: str) -> None:
    for wrong in (CODINGS[coding](b"{}") + b"{}", b"{}"):
        with pytest.raises(BadRequest, match="cannot be decoded"):
            decompressed(coding, wrong, 1_000_000)


@pytest.mark.parametrize("coding", ["compress", "gzip, gzip", "br, gzip"])
async def test_another_coding_or_several_are_refused_with_those_that_are_read(coding: str) -> None:
    with pytest.raises(Unsupported, match="gzip, deflate, br or zstd"):
        decompressed(coding, b"", 10)


async def test_two_headers_are_two_codings() -> None:
    headers = (("content-encoding", "GZIP"), ("content-encoding", "br"))
    assert content_coding(headers) == "gzip, br"
    assert content_coding((("content-encoding", "identity"),)) == ""


@pytest.mark.parametrize("coding", CODINGS)
async def test_the_decoded_body_is_what_is_checked_and_sent(here: Here, coding: str) -> None:
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hi"}]}).encode()
    async with here.http(
        **{
            "authorization": f"Bearer {await here.token()}",
            "content-type": "application/json",
            "content-encoding": coding,
        }
    ) as http:
        path = "/it/v1/chat/completions"
        passed = await http.post(path, content=CODINGS[coding](body))
        denied = await http.post(path, content=CODINGS[coding](json.dumps(SAID).encode()))
        burst = await http.post(path, content=await asyncio.to_thread(CODINGS[coding], BOMB))
        torn = await http.post(path, content=CODINGS[coding](body)[:-2])
    assert passed.status_code == 200, passed.text
    assert here.upstream.last.body == body
    assert "content-encoding" not in here.upstream.last.headers
    assert (denied.status_code, denied.headers["abeyance-rule"]) == (403, "none")
    assert burst.status_code == 413
    assert torn.status_code == 400
    assert len(here.upstream.received) == 1


@pytest.mark.parametrize("coding", [*CODINGS, "sdch"])
async def test_an_error_that_comes_compressed_keeps_its_status_and_when_to_come_again(
    here: Here, coding: str
) -> None:
    body = b'{"error": {"message": "slow down, sk-upstream-0123456789abcdef"}}'
    packed = CODINGS.get(coding, bytes)(body)
    here.upstream.answers = [
        answer(
            packed,
            f"content-encoding: {coding}",
            "retry-after: 7",
            status="429 Too Many Requests",
        )
    ]
    async with here.http(authorization=f"Bearer {await here.token()}") as http:
        given = await http.post("/it/v1/chat/completions", json={})
    assert given.status_code == 429
    assert given.headers["retry-after"] == "7"
    assert "content-encoding" not in given.headers
    message = given.json()["error"]["message"]
    if coding in CODINGS:
        assert message.startswith("slow down, [")
    else:
        assert "status 429" in message
