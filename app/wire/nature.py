"""What a value is by nature: text, text in an encoding, or bytes that are no text.

`aGVsbG8=` is the base64 of a text: the text is read, masked where it must be, and encoded again.
`iVBORw0KGgo=` is the base64 of bytes. Letters that happen to stand in it mean nothing, and whoever
changed one would break a picture or a signature. So bytes are opaque wherever an API has a place
for them; whatever decodes to text is read, whatever the place is called.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from app.wire import archive

if TYPE_CHECKING:
    from collections.abc import Callable

_URL = re.compile(r"data:([^,;]{0,100})((?:;[^,;]{0,100}){0,8});base64,", re.IGNORECASE)
_CHARSET = re.compile(r";\s*charset=\"?([\w.:-]{1,40})", re.IGNORECASE)
_BASE64 = re.compile(
    r"(?:[A-Za-z0-9+/_-]{60,}(?:\r?\n[A-Za-z0-9+/_-]+)*|[A-Za-z0-9+/_-]+)={0,2}\s*"
)
_HEX = re.compile(r"(?:[0-9a-f]{2})+|(?:[0-9A-F]{2})+")
_SPACE = re.compile(r"\s+")
_TOKEN = 16
_FEWEST = 64
"""Characters of a value without a label that is taken for bytes. A shorter one may be a name or a
token as well, and is read."""
_STANDARD = str.maketrans("-_", "+/")
_URL_SAFE = str.maketrans("+/", "-_")

# The longer marks first: one begins with another.
MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_MOSTLY = 0.8
_WIDE_SHARE = 0.75
_NO_TEXT = bytes(byte for byte in range(256) if byte > 126 or (byte < 32 and byte not in b"\t\r\n"))
_CONTROLS = dict.fromkeys([*{*range(32)} - {*b"\t\n\r\f"}, *range(127, 160)])


class Readable(NamedTuple):
    """Bytes that are text: `mark` stands before it, and was no part of it."""

    text: str
    encoding: str = "utf-8"
    mark: bytes = b""

    def respelt(self, text: str) -> bytes:
        return self.mark + text.encode(self.encoding, "replace")


def readable(data: bytes, charset: str = "") -> Readable | None:
    """Read bytes as text; None where they are none.

    `charset` is what their label says. A few bytes that are no text hide nothing: where most are
    text, each is read as one character.
    """
    mark, encoding = next((known for known in MARKS if data.startswith(known[0])), (b"", ""))
    for name in filter(None, (encoding, charset, "utf-8", "" if mark else wide(data))):
        try:
            text = data[len(mark) :].decode(name)
        except (LookupError, ValueError):
            continue
        if _is_mostly_text(text):
            return Readable(text, name, mark)
    if len(data.translate(None, _NO_TEXT)) >= _MOSTLY * len(data):
        return Readable(data.decode("latin-1"), "latin-1")
    return None


def wide(data: bytes) -> str:
    """Return the encoding of two bytes a letter that bytes without a mark show, or nothing.

    Three of four units must be of ASCII: in other bytes there may be anything between zeros.
    """
    units = len(data) // 2
    if not units or len(data) % 2:
        return ""
    for encoding, zeros in (("utf-16-le", data[1::2]), ("utf-16-be", data[::2])):
        if zeros.count(0) < _WIDE_SHARE * units:
            continue
        letters = data.decode(encoding, "replace").encode("ascii", "ignore")
        if len(letters.translate(None, _NO_TEXT)) >= _WIDE_SHARE * units:
            return encoding
    return ""


def _is_mostly_text(text: str) -> bool:
    return len(text.translate(_CONTROLS)) >= _MOSTLY * len(text)


@dataclass(frozen=True, slots=True)
class Encoded:
    """A value that is the base64 or hexadecimal spelling of bytes, perhaps in a data URL.

    `before` is what stands before the spelling.
    """

    before: str
    written: str
    data: bytes
    charset: str = ""
    hexadecimal: bool = False

    def respelt(self, data: bytes) -> str:
        """Spell other bytes as these were: alphabet, padding and lines."""
        if self.hexadecimal:
            spelt = data.hex()
            return self.before + (spelt if self.written.islower() else spelt.upper())
        spelt = binascii.b2a_base64(data, newline=False).decode()
        if "-" in self.written or "_" in self.written:
            spelt = spelt.translate(_URL_SAFE)
        if not self.written.rstrip().endswith("=") and len(self.data) % 3:
            spelt = spelt.rstrip("=")
        if lines := _SPACE.search(self.written.rstrip()):
            width, end = lines.start(), lines[0]
            spelt = end.join(spelt[at : at + width] for at in range(0, len(spelt), width or 76))
        return self.before + spelt + self.written[len(self.written.rstrip()) :]


def encoded(text: str) -> Encoded | None:
    """Read a value as the spelling of bytes; None where it is not nothing but that."""
    url = _URL.match(text)
    written = text[url.end() :] if url else text
    charset = found[1] if url and (found := _CHARSET.search(url[2])) else ""
    before = url[0] if url else ""
    if not url and len(written) < _FEWEST:
        return None
    if not url and _HEX.fullmatch(written):
        return Encoded(before, written, bytes.fromhex(written), hexadecimal=True)
    if not written or not _BASE64.fullmatch(written):
        return None
    plain = _SPACE.sub("", written).rstrip("=").translate(_STANDARD)
    if len(plain) % 4 == 1:
        plain = plain[:-1]  # a piece, or a letter too many, which no decoder minds
    data = binascii.a2b_base64(plain + "=" * (-len(plain) % 4))
    if _TOKEN <= len(written) < _FEWEST and readable(data, charset) is None:
        return None  # a token in the place of a picture
    return Encoded(before, written, data, charset)


class Opener:
    """Opens the values of one message, and unpacks no more than a message may hold."""

    def __init__(self) -> None:
        self._left = archive.MOST_BYTES

    def content(self, found: Encoded) -> Content | None:
        """Return the texts that a value holds; None where it is opaque."""
        if packed := archive.opened(found.data, self._left):
            self._left -= packed.size
            return Content(found, packed)
        plain = readable(found.data, found.charset)
        return Content(found, plain) if plain is not None else None


class Content(NamedTuple):
    """What stands behind the spelling of a value."""

    found: Encoded
    inside: Readable | archive.Archive

    @property
    def is_packed(self) -> bool:
        """Whether it is an archive, in which there may be more than was read."""
        return isinstance(self.inside, archive.Archive)

    def masked(self, mask: Callable[[str], str]) -> str:
        """Return the value with its texts masked and spelt again; the same where none changes."""
        if isinstance(self.inside, archive.Archive):
            data = self.inside.masked(lambda member: _masked(readable(member), member, mask))
        else:
            data = _masked(self.inside, self.found.data, mask)
        same = data == self.found.data
        return self.found.before + self.found.written if same else self.found.respelt(data)


def _masked(plain: Readable | None, data: bytes, mask: Callable[[str], str]) -> bytes:
    if plain is None:
        return data
    text = mask(plain.text)
    return data if text == plain.text else plain.respelt(text)
