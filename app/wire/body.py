"""A request body, told apart by what it is rather than by what it is called.

A server may read JSON whatever its media type says, so whatever looks like JSON and is JSON is
read as such: a label hides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.domain.segment import Prompt, Role, Segment
from app.errors import BadRequest, Unsupported
from app.wire import media, strict_json
from app.wire.base import Json

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.wire.base import WireFormat

_BINARY = ("image/", "audio/", "video/", "font/", "multipart/", "application/")
_TEXTUAL = frozenset({"application/x-www-form-urlencoded", "application/xml", "application/yaml"})
_CHARSETS = frozenset({"", "utf-8", "utf8", "us-ascii", "ascii"})
_BOMS = (b"\xef\xbb\xbf", b"\xfe\xff", b"\xff\xfe")


@dataclass(frozen=True, slots=True)
class Body:
    """`json` and `text` are None unless the body is of that kind; binary and empty have neither."""

    raw: bytes
    json: Json = None
    text: str | None = None

    @property
    def is_json(self) -> bool:
        return self.json is not None or self.raw.strip() == b"null"

    def prompt(self, wire: WireFormat) -> Prompt:
        """Find every text; what cannot be read is named as `body` among the uninspected."""
        if self.is_json:
            return wire.read(self.json)
        if self.text is not None:
            return Prompt((Segment(self.text, Role.OTHER, "body"),) if self.text else ())
        return Prompt((), uninspected=("body",) if self.raw else ())

    def rewritten(self, wire: WireFormat, mask: Callable[[str], str]) -> bytes:
        """Return the bytes with every text masked; the same bytes where nothing changes."""
        if self.is_json:
            masked = wire.rewrite(self.json, mask)
            return self.raw if masked == self.json else strict_json.dump(masked)
        if self.text is not None:
            return mask(self.text).encode()
        return self.raw


def parse_body(content_type: str, raw: bytes) -> Body:
    """Read a body; raises `BadRequest`, or `Unsupported` for a charset other than UTF-8."""
    media_type = media.media_type(content_type)
    if media.charset(content_type) not in _CHARSETS:
        raise Unsupported("The body's charset is not UTF-8. Send it as UTF-8.")
    if not raw:
        return Body(raw)
    if media.is_json(media_type):
        return Body(raw, json=strict_json.parse(raw))
    return _unlabelled_json(raw) or _by_label(media_type, raw)


def _unlabelled_json(raw: bytes) -> Body | None:
    """Read as JSON what a lenient server would; where it is JSON, it must be strict JSON."""
    if raw.startswith(_BOMS) or raw.lstrip()[:1] not in {b"{", b"["}:
        return None
    try:
        strict_json.parse_loosely(raw)
    except ValueError:
        return None
    return Body(raw, json=strict_json.parse(raw))


def _by_label(media_type: str, raw: bytes) -> Body:
    if media_type.startswith(_BINARY) and media_type not in _TEXTUAL:
        return Body(raw)
    if raw.startswith(_BOMS):
        raise BadRequest("The body starts with a byte order mark. Send plain UTF-8 without one.")
    try:
        return Body(raw, text=raw.decode("utf-8"))
    except UnicodeDecodeError:
        if media_type:
            raise BadRequest("The body is called text and is not UTF-8. Send UTF-8.") from None
        return Body(raw)
