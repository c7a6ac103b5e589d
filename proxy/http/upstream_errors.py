"""Errors of the model API: they pass as they are, since clients recover by their wording."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from app.errors import BadRequest, TooLarge, UpstreamUnavailable
from app.wire import strict_json
from app.wire.base import Refusal
from proxy.http.compression import decompressed

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.wire.base import WireFormat
    from proxy.upstream import UpstreamAnswer

_ERROR_BYTES = 1024 * 1024


async def readable(answer: UpstreamAnswer, wire: WireFormat) -> UpstreamAnswer:
    """Return an answer whose body can be read.

    We ask for no compression. An error that is compressed all the same is decoded; where that
    cannot be done, its status and headers pass with words of ours. Raises UpstreamUnavailable for
    any other answer that is compressed.
    """
    coding = answer.content_encoding
    if coding in ("", "identity"):
        return answer
    if answer.status < HTTPStatus.BAD_REQUEST:
        raise UpstreamUnavailable(
            f"The model API answered in {coding} though asked for plain text; an answer that "
            "cannot be read is not passed on."
        )
    try:
        body = decompressed(coding, await _whole(answer), _ERROR_BYTES)
    except (BadRequest, UpstreamUnavailable):
        said = f"The model API answered with status {answer.status}, in a form that we cannot read."
        refusal = Refusal(answer.status, "upstream_error", said)
        return answer.with_body(wire.refusal(refusal), "application/json")
    return answer.with_body(body, answer.content_type)


async def told(answer: UpstreamAnswer, mask: Callable[[str], str]) -> str:
    """Say in a sentence what an answer says that cannot be passed on as the stream it should be."""
    status = f"The model API answered with status {answer.status}"
    try:
        body = strict_json.parse_loosely((await _whole(answer)).decode("utf-8", "replace"))
    except (ValueError, TooLarge, UpstreamUnavailable):
        return f"{status}."
    error = body.get("error", body) if isinstance(body, dict) else None
    message = error.get("message") if isinstance(error, dict) else error
    return f"{status}: {mask(message)}" if isinstance(message, str) else f"{status}."


async def _whole(answer: UpstreamAnswer) -> bytes:
    """Raises TooLarge and what reading it raises."""
    parts: list[bytes] = []
    size = 0
    async for piece in answer.pieces():
        size += len(piece)
        if size > _ERROR_BYTES:
            raise TooLarge("The model API's error is too long.")
        parts.append(piece)
    return b"".join(parts)
