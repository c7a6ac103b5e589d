"""A stretch of a body that is not JSON: text, in whatever encoding shows itself, or bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from app.errors import BadRequest
from app.wire import nature
from app.wire.embedded_json import hides_nothing, views
from app.wire.request import multipart

if TYPE_CHECKING:
    from collections.abc import Callable

_BYTES = "latin-1"
_WIDE = ("utf-16", "utf-32")
_SINGLE = re.compile(rb"[ -~]{8}")  # letters that are wide have zeros between them
_MOSTLY = 0.8
_NO_TEXT = bytes(byte for byte in range(256) if byte > 126 or (byte < 32 and byte not in b"\t\r\n"))


@dataclass(frozen=True, slots=True)
class BodyPiece:
    """`text` is None for bytes; `mark` is the byte order mark before the text.

    Where a few bytes are no text among much that is, each byte is read as one character.
    """

    raw: bytes
    text: str | None
    mark: bytes = b""
    encoding: str = "utf-8"
    form: bool = False
    before: bytes = b""
    """The delimiter before a part of a multipart body, which is read in its header."""

    @property
    def is_dark(self) -> bool:
        """Whether a server may read here what no rule has seen."""
        if not self.raw:
            return False
        # Zeros are how text in a wider encoding looks that does not say so.
        return not self.is_sure or "\0" in str(self.text) or multipart.is_encoded(self.raw)

    @property
    def is_sure(self) -> bool:
        """Whether all of it is text, in an encoding that is known."""
        return self.text is not None and self.encoding != _BYTES

    def readings(self) -> list[str]:
        """Return the text, and what it says where its escapes are undone or its mark is ignored."""
        if not self.text:
            return []
        found = [self.text, *views(self.text)]
        if self.encoding.startswith(_WIDE) and _SINGLE.search(self.raw):
            found.append(self.raw.decode(_BYTES))
        if self.form:
            found.append(unquote_plus(self.text))
        return list(dict.fromkeys(found))

    def masked(self, mask: Callable[[str], str]) -> bytes:
        """Return the bytes with the text masked; raises `BadRequest` for what hides from that."""
        return self.before + self._masked(mask)

    def _masked(self, mask: Callable[[str], str]) -> bytes:
        if not self.text:
            return self.raw
        masked = mask(self.text)
        if not hides_nothing(self.text, masked, mask):
            raise BadRequest(
                "The body spells with escapes what has to be masked, and is not valid JSON. "
                "Send valid JSON, or plain text without escapes."
            )
        if self.form and mask(unquote_plus(self.text)) != unquote_plus(masked):
            raise BadRequest(
                "The form spells with percent signs what has to be masked. Send it as JSON."
            )
        changed = self.mark + masked.encode(self.encoding, "replace")
        out = self.raw if masked == self.text else changed
        single = self.encoding.startswith(_WIDE) and _SINGLE.search(out) is not None
        if single and mask(out.decode(_BYTES)) != out.decode(_BYTES):
            raise BadRequest(
                "The body begins with a byte order mark, and holds what has to be masked for a "
                "reader that ignores it. Send UTF-8 without a mark."
            )
        return out


def passage(raw: bytes, *, form: bool = False, before: bytes = b"") -> BodyPiece:
    """Read bytes as the text they are, if they are any."""
    unmarked = (b"", nature.wide(raw) or "utf-8")
    mark, encoding = next((known for known in nature.MARKS if raw.startswith(known[0])), unmarked)
    try:
        return BodyPiece(raw, raw[len(mark) :].decode(encoding), mark, encoding, form, before)
    except UnicodeDecodeError:
        mostly_text = len(raw.translate(None, _NO_TEXT)) >= _MOSTLY * len(raw)
        text = raw.decode(_BYTES) if mostly_text else None
        return BodyPiece(raw, text, encoding=_BYTES, before=before)
