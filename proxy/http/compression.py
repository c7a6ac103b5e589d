"""Bodies that come compressed: read under a limit, since a few bytes may stand for gigabytes.

The decoded body is what is checked, hashed, recorded and sent on. Every decoder works in steps, and
no step gives out more than some megabytes before the limit is looked at.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import brotli  # type: ignore[import-untyped]
import zstandard

from app.errors import BadRequest, TooLarge, Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from proxy.front import Headers

_STEP_BYTES = 64 * 1024
_ZSTD_WINDOW = 8 * 1024 * 1024
"""The most that a decoder has to offer. Source: RFC 9659."""
_ZSTD_STEP_BYTES = 256  # become 8 MB at most
_ANY_ZLIB_HEADER = 47


def content_coding(headers: Headers) -> str:
    """Return how a body is compressed, in lower case; an empty string where it is not."""
    given = [value.strip().lower() for name, value in headers if name == "content-encoding"]
    return ", ".join(coding for coding in given if coding not in ("", "identity"))


def decompressed(coding: str, data: bytes, limit: int) -> bytes:
    """Return the bytes that were compressed.

    Raises Unsupported for another coding, TooLarge where they pass `limit`, and BadRequest where
    they cannot be decoded or their end is missing.
    """
    if not coding:
        return data
    decode = _DECODERS.get(coding)
    if decode is None:
        raise Unsupported(
            "The body's Content-Encoding is not one that can be read here. Send it in gzip, "
            "deflate, br or zstd, or without an encoding."
        )
    parts: list[bytes] = []
    size = 0
    try:
        for part in decode(data):
            size += len(part)
            if size > limit:
                raise TooLarge(f"The body is larger than {limit:,} bytes once decoded; send less.")
            parts.append(part)
    except (zlib.error, brotli.error, zstandard.ZstdError, EOFError):
        raise BadRequest(f"The body cannot be decoded as {coding}, or ends too early.") from None
    return b"".join(parts)


def _zlib(data: bytes) -> Iterator[bytes]:
    """Decode gzip and deflate; what one gzip member does not use is the next. Raises EOFError."""
    while data:
        decoder = zlib.decompressobj(_ANY_ZLIB_HEADER)
        while not decoder.eof:
            part = decoder.decompress(data, _STEP_BYTES)
            data = decoder.unconsumed_tail
            if not part and not decoder.eof:
                raise EOFError
            yield part
        data = decoder.unused_data


def _brotli(data: bytes) -> Iterator[bytes]:
    """Decode brotli. Raises EOFError."""
    decoder = brotli.Decompressor()
    while not decoder.is_finished():
        part = decoder.process(data, output_buffer_limit=_STEP_BYTES)
        data = b""
        if not part and not decoder.is_finished():
            raise EOFError
        yield part


def _zstd(data: bytes) -> Iterator[bytes]:
    """Decode zstd, of one frame or more. Raises EOFError."""
    decoder = None
    for start in range(0, len(data), _ZSTD_STEP_BYTES):
        piece = data[start : start + _ZSTD_STEP_BYTES]
        while piece:
            if decoder is None or decoder.eof:
                zstd = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
                decoder = zstd.decompressobj()
            yield decoder.decompress(piece)
            piece = decoder.unused_data if decoder.eof else b""
    if decoder is not None and not decoder.eof:
        raise EOFError


_DECODERS: Mapping[str, Callable[[bytes], Iterator[bytes]]] = {
    "gzip": _zlib,
    "x-gzip": _zlib,
    "deflate": _zlib,
    "br": _brotli,
    "zstd": _zstd,
}
