"""Bytes of which nothing is known: only what reads as text among them is looked at.

In random bytes 20 characters in a row are text once in fifty megabytes; the shortest secret with a
form of its own has as many. So a picture passes as it is, and a text behind a stray byte is read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.wire.base import Masking, TextMasker

FEWEST = 20
_CHARACTER = (
    rb"(?:[\t\n\r\x20-\x7e]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}"
    rb"|[\xf0-\xf4][\x80-\xbf]{3})"
)
_RUN = re.compile(rb"%s+" % _CHARACTER)
_LONG = re.compile(rb"%s{%d,}" % (_CHARACTER, FEWEST))
_BEGUN = re.compile(rb"(?:[\xc2-\xf4][\x80-\xbf]{0,2})?\Z")
_WINDOW = 4 * FEWEST + 3  # bytes of a run that is not long yet, and of a character that has begun
# A masker overlooks soft hyphens, and thins them out; as a byte of a picture it means no hyphen.
_SOFT_HYPHEN, _BYTE_AD = "\xad", "\ue0ad"


class BytesAnswer:
    """Bytes, each as one character, so that all but what is masked come out as they were."""

    def __init__(self, masker: TextMasker, uninspected: tuple[str, ...] = ()) -> None:
        self.uninspected = uninspected
        self._masker = masker

    def feed(self, data: bytes) -> bytes:
        return _written(self._masker.feed(_read(data)))

    def finish(self) -> bytes:
        return _written(self._masker.finish())


class StretchAnswer:
    """Masks each stretch of text among bytes, and our credential in all of it."""

    def __init__(self, masking: Masking, label: str) -> None:
        """`label` names what is uninspected, where anything is."""
        self._masking = masking
        self._label = label
        self._masker: TextMasker | None = None  # of the stretch that has begun
        self._held = b""  # too short yet to be told from other bytes
        self._all = BytesAnswer(masking.credential())
        self._dark = False

    @property
    def uninspected(self) -> tuple[str, ...]:
        return (self._label,) if self._dark else ()

    def feed(self, data: bytes) -> bytes:
        return self._all.feed(self._passed(self._held + data, last=False))

    def finish(self) -> bytes:
        return self._all.feed(self._passed(self._held, last=True)) + self._all.finish()

    def _passed(self, data: bytes, *, last: bool) -> bytes:
        self._held = b""
        out: list[bytes] = []
        at = 0
        if self._masker is not None:
            run = _RUN.match(data)
            at = self._stretch(data, 0, run.end() if run else 0, out, last=last)
        while found := _LONG.search(data, at):
            self._dark = self._dark or found.start() > at
            out.append(data[at : found.start()])
            at = self._stretch(data, found.start(), found.end(), out, last=last)
        until = len(data) if last else _certain(data, at)
        self._dark = self._dark or until > at
        out.append(data[at:until])
        self._held = data[until:]
        return b"".join(out)

    def _stretch(self, data: bytes, start: int, end: int, out: list[bytes], *, last: bool) -> int:
        """Mask a stretch of text; one that may go on after the data stays open."""
        masker = self._masker or self._masking.stream()
        out.append(_written(masker.feed(_read(data[start:end]))))
        self._masker = masker
        if last or not _BEGUN.match(data, end):
            out.append(_written(masker.finish()))
            self._masker = None
        return end


def _certain(data: bytes, at: int) -> int:
    """Return where the run begins that may go on after the data; its end where there is none."""
    for run in _RUN.finditer(data, max(at, len(data) - _WINDOW)):
        if _BEGUN.match(data, run.end()):
            return run.start()
    begun = _BEGUN.search(data, max(at, len(data) - 3))
    return begun.start() if begun else len(data)


def _read(data: bytes) -> str:
    return data.decode("latin-1").replace(_SOFT_HYPHEN, _BYTE_AD)


def _written(text: str) -> bytes:
    return text.replace(_BYTE_AD, _SOFT_HYPHEN).encode("latin-1", "replace")
