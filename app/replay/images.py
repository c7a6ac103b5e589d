"""Images in a recorded request: found by their place, and known by how their bytes begin. Pure.

The media type in a request is not trusted: an SVG can run scripts, and so can anything that a
browser takes for a document. Only PNG, JPEG, GIF and WebP are served, by what their bytes show.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, NamedTuple

from app.wire.reading import loosely

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.wire.base import Json

MOST_BYTES = 20 * 1024 * 1024
_MOST_ABOVE = 3
"""Places above the one that is asked for where the image may be told of."""
_BEGINNINGS = (
    ("image/png", re.compile(rb"\x89PNG\r\n\x1a\n")),
    ("image/jpeg", re.compile(rb"\xff\xd8\xff")),
    ("image/gif", re.compile(rb"GIF8[79]a")),
    ("image/webp", re.compile(rb"RIFF.{4}WEBP", re.DOTALL)),
)
_INDEX = re.compile(r"[0-9]{1,9}")
_DATA_URL = re.compile(r"data:[\w.+-]+/[\w.+-]+;base64,")


class Image(NamedTuple):
    media_type: str
    data: bytes


def image_at(body: bytes, place: str) -> Image | None:
    """Return the image at a place (a JSON Pointer) of a body; None where there is none to show."""
    for value in _around(loosely(body), place):
        if (said := _inline(value)) is not None:
            return _decoded(said)
    return None


def is_image(part: Json) -> bool:
    """Whether a part of a message has an image in it, as far as its shape tells."""
    return _inline(part) is not None


def _around(value: Json, place: str) -> Iterator[Json]:
    """Yield what is at a place, and then what is above it."""
    found = [value]
    for step in place.split("/")[1:]:
        name, value = step.replace("~1", "/").replace("~0", "~"), found[-1]
        if isinstance(value, dict) and name in value:
            found.append(value[name])
        elif isinstance(value, list) and _INDEX.fullmatch(name) and int(name) < len(value):
            found.append(value[int(name)])
        else:
            return
    yield from found[: -_MOST_ABOVE - 1 : -1]


def _inline(part: Json) -> str | None:
    """Return the Base64 of an image that is in a part itself, by how each API spells one."""
    match part:
        case {"type": "image", "source": {"type": "base64", "data": str(data)}}:
            return data
        case {"type": "image", "data": str(data)}:
            return data
        case {"type": "image_url", "image_url": {"url": str(url)}}:
            return _of_url(url)
        case {"type": "input_image", "image_url": str(url)}:
            return _of_url(url)
        case {"inlineData": {"data": str(data)}} | {"inline_data": {"data": str(data)}}:
            return data
        case _:
            return None


def _of_url(url: str) -> str | None:
    """Return the Base64 of a data URL; images elsewhere are not fetched."""
    begin = _DATA_URL.match(url)
    return url[begin.end() :] if begin else None


def _decoded(said: str) -> Image | None:
    if len(said) > MOST_BYTES * 4 // 3:
        return None
    try:
        data = base64.b64decode(said, validate=True)
    except (binascii.Error, ValueError):
        return None
    return next((Image(kind, data) for kind, begin in _BEGINNINGS if begin.match(data)), None)
