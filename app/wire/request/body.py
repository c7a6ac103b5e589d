"""A request body, told apart by what it is rather than by what it is called.

A server may read JSON whatever its media type says, so whatever looks like JSON and is JSON is
read as such, and whatever else is text is read as text: a label hides nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.domain.segment import Attachment, Prompt, Role, Segment
from app.errors import BadRequest, Unsupported
from app.wire import media, strict_json
from app.wire.base import Json
from app.wire.request import multipart
from app.wire.request.plain_body import BodyPiece, passage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from app.wire.base import WireFormat

_BINARY = ("image/", "audio/", "video/", "font/", "multipart/", "application/")
_CANCELLED = "notifications/cancelled"
_FORM = "application/x-www-form-urlencoded"
_TEXTUAL = frozenset({_FORM, "application/xml", "application/yaml"})
_CHARSETS = frozenset({"", "utf-8", "utf8", "us-ascii", "ascii"})


@dataclass(frozen=True, slots=True)
class Body:
    """`json` is None unless the body is JSON; else it is made of `passages`, mostly of one."""

    raw: bytes
    json: Json = None
    passages: tuple[BodyPiece, ...] = ()

    @property
    def is_json(self) -> bool:
        return self.json is not None or self.raw.strip() == b"null"

    @property
    def text(self) -> str | None:
        """The text of a body that is one, else None."""
        return self.passages[0].text if len(self.passages) == 1 else None

    @property
    def members(self) -> frozenset[str]:
        """The names at the top of the body, where it is a JSON object."""
        return frozenset(self.json) if isinstance(self.json, dict) else frozenset()

    @property
    def calls(self) -> tuple[str | int, ...]:
        """The ids of the JSON-RPC calls in the body."""
        return _ids(message.get("id") for message in self._messages)

    @property
    def cancels(self) -> tuple[str | int, ...]:
        """The ids of the calls that MCP's notifications in the body cancel."""
        said = (m.get("params") for m in self._messages if m.get("method") == _CANCELLED)
        return _ids(params.get("requestId") for params in said if isinstance(params, dict))

    @property
    def _messages(self) -> list[dict[str, Json]]:
        messages = self.json if isinstance(self.json, list) else [self.json]
        return [message for message in messages if isinstance(message, dict)]

    def mended(self, wire: WireFormat) -> Body:
        """Return the body that the API takes, after what was masked in earlier answers."""
        value = wire.mended(self.json)
        return self if value is self.json else Body(strict_json.dump(value), json=value)

    def prompt(self, wire: WireFormat) -> Prompt:
        """Find every text; what cannot be read is named, as `body` or `body/2`."""
        if self.is_json:
            return wire.read(self.json)
        segments: list[Segment] = []
        dark: dict[str, Attachment] = {}
        for place, part in self._placed():
            segments += [Segment(text, Role.OTHER, place) for text in part.readings()]
            if part.is_dark:
                digest = hashlib.sha256(part.raw).hexdigest()
                dark[place] = Attachment(digest, Role.OTHER, len(segments))
        return Prompt(tuple(segments), uninspected=tuple(dark), attachments=tuple(dark.values()))

    def rewritten(self, wire: WireFormat, mask: Callable[[str], str]) -> bytes:
        """Return the bytes with every text masked; the same bytes where nothing changes.

        Raises `BadRequest` for text that hides behind escapes what would have to be masked.
        """
        if self.is_json:
            masked = wire.rewrite(self.json, mask)
            return self.raw if masked == self.json else strict_json.dump(masked)
        return b"".join([passage.masked(mask) for passage in self.passages]) or self.raw

    def _placed(self) -> list[tuple[str, BodyPiece]]:
        if len(self.passages) == 1:
            return [("body", self.passages[0])]
        return [(f"body/{at}", passage) for at, passage in enumerate(self.passages)]


def _ids(values: Iterable[Json]) -> tuple[str | int, ...]:
    return tuple(value for value in values if isinstance(value, (str, int)))


NOTHING = Body(b"")


def parse_body(content_type: str, raw: bytes) -> Body:
    """Read a body; raises `BadRequest`, or `Unsupported` for a charset other than UTF-8."""
    media_type = media.media_type(content_type)
    if media.charset(content_type) not in _CHARSETS:
        raise Unsupported("The body's charset is not UTF-8. Send it as UTF-8.")
    if not raw:
        return Body(raw)
    if media.is_json(media_type):
        return Body(raw, json=strict_json.parse(raw))
    return _unlabelled_json(raw) or _by_label(media_type, content_type, raw)


def _unlabelled_json(raw: bytes) -> Body | None:
    """Read as JSON what a lenient server would; where it is JSON, it must be strict JSON."""
    text = passage(raw).text
    if text is None or text.lstrip()[:1] not in {"{", "[", '"'}:
        return None
    try:
        strict_json.parse_loosely(text)
    except ValueError:
        return None
    return Body(raw, json=strict_json.parse(raw))


def _by_label(media_type: str, content_type: str, raw: bytes) -> Body:
    if media_type.startswith("multipart/"):
        parts = multipart.split(raw, content_type)
        return Body(raw, passages=tuple(passage(part, before=before) for before, part in parts))
    whole = passage(raw, form=media_type == _FORM)
    is_binary = media_type.startswith(_BINARY) and media_type not in _TEXTUAL
    if not whole.is_sure and media_type and not is_binary:
        raise BadRequest("The body is called text and is not UTF-8. Send UTF-8.")
    return Body(raw, passages=(whole,))
