"""Tells whether a value has a part of the upstream's credential in it, plain or encoded.

All that is compared is letters and digits, in lower case: `sk-Ab"+"12` and `SKAB12` are the same.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policies.matching.readings import readings
from policies.patterns.normalise import BAR
from policies.patterns.squeeze import squeezed

if TYPE_CHECKING:
    from collections.abc import Iterable

RUN = 8
"""Letters and digits of the credential in a row that make a value a part of it."""
_PUBLIC = re.compile(r"sk-ant-[a-z]{3,5}\d\d-|sk-svcacct-|github_pat_")
"""Prefixes so long that without them two keys of one vendor would seem to be parts of another."""
_OTHERS = bytes(code for code in range(256) if not chr(code).isascii() or not chr(code).isalnum())


class CredentialParts:
    """The parts of one credential."""

    def __init__(self, spellings: Iterable[str]) -> None:
        """`spellings` are the credential itself and other ways in which it may be written."""
        written = [(letters, _first(one)) for one in spellings if (letters := _letters(one))]
        self._whole = tuple(letters for letters, _ in written)
        self._parts = frozenset(
            letters[start : start + RUN]
            for letters, first in written
            for start in range(first, max(first, len(letters) - RUN) + 1)
        )
        self._lengths = {len(part) for part in self._parts}

    def are_in(self, value: str) -> bool:
        """Tell whether the value, in any of its readings, is a part of it or has one in it."""
        if not self._parts:
            return False
        bare = value.replace(BAR, "")
        return any(self._has(_letters(reading.text)) for reading in readings(bare))

    def _has(self, letters: bytes) -> bool:
        if not letters:
            return False
        if any(letters in whole for whole in self._whole):
            return True
        return any(
            letters[at : at + length] in self._parts
            for length in self._lengths
            for at in range(len(letters) - length + 1)
        )


def _letters(text: str) -> bytes:
    return squeezed(text).translate(None, _OTHERS)


def _first(spelling: str) -> int:
    """Return at which letter the first part begins: so that it is not all of a known prefix."""
    prefix = _PUBLIC.match(spelling)
    return max(0, len(_letters(prefix[0])) - RUN + 1) if prefix else 0
