"""Looks through texts of which most come again: an agent sends all of its history with every turn.

Theory of operation. What a text holds depends on nothing but the text, so one in which nothing was
found is known by its digest and not looked through again. For texts one after the other, each with
a *chain* of the digests so far, the same holds of their seams: where a chain is known, only what
stands behind it is new, and a match that begins before its end and goes on behind it.

Such a match does not reach far back. No pattern lets more than `MAX_REACH` characters stand
between two places where it may end. So what began before the last texts of a chain, `_REACH`
characters of them, and goes on behind it, may end within them as well: it would have been found
at a seam of the chain. A chain is therefore kept only where nothing was found at its seams, and
what is looked through begins with those last texts.

Only digests are kept, with a key of this process: whoever reads its memory learns of no text.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import TYPE_CHECKING

from policies.matching.findings import Finding, Inspected
from policies.patterns.effort import TooDense
from policies.patterns.ends import BESIDE
from policies.patterns.normalise import TRANSPARENT, scan_view
from policies.patterns.openings import MAX_REACH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policies.matching.findings import Finder

_REACH = 4 * MAX_REACH
"""A context, a value behind it, and what is looked at beside both."""
_DIGEST_BYTES = 16
_MOST = 100_000
_FEW = 16
_NOTHING = Inspected()


class RecentDigests:
    """Digests in two generations, of which the older goes where there are too many.

    Several threads may share them. At most about 20 MB.
    """

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._young: set[bytes] = set()
        self._old: set[bytes] = set()

    def __contains__(self, digest: bytes) -> bool:
        if digest in self._young:
            return True
        if digest not in self._old:
            return False
        self.add(digest)
        return True

    def missing(self, digests: Sequence[bytes]) -> list[int]:
        """Return the numbers of those that are not among them."""
        young = self._young
        return [at for at, each in enumerate(digests) if each not in young and each not in self]

    def add(self, digest: bytes) -> None:
        if len(self._young) >= self._most:
            self._old, self._young = self._young, set()
        self._young.add(digest)


class CleanTexts:
    """Texts in which nothing was found, known by digests with a key of their own."""

    def __init__(self, most: int = _MOST) -> None:
        self._key = os.urandom(_DIGEST_BYTES)
        self._digests = RecentDigests(most)

    def __contains__(self, text: str) -> bool:
        return self._digest(text) in self._digests

    def add(self, text: str) -> None:
        self._digests.add(self._digest(text))

    def _digest(self, text: str) -> bytes:
        return _hash(text.encode("utf-8", "surrogatepass"), self._key)


@dataclass(frozen=True, slots=True)
class Look:
    """What was found in texts; `inspected` are those that had to be looked through."""

    found: list[Finding]
    inspected: Inspected
    digests: list[bytes]
    """Of all the texts."""


class Rereading:
    """Looks through texts with a finder, and remembers where nothing was. For several threads."""

    def __init__(self, finder: Finder, most: int = _MOST) -> None:
        self.finder = finder
        self._keyed = blake2b(digest_size=_DIGEST_BYTES, key=os.urandom(_DIGEST_BYTES))
        """A copy of it takes less time than to begin with the key."""
        self._clean = RecentDigests(most)
        self._seamless = RecentDigests(most)

    def look(self, texts: Sequence[str]) -> Look:
        """Return what the finder finds in each of the texts. Raises TooDense as it does."""
        digests = [self.digest(text) for text in texts]
        numbers = self._clean.missing(digests)
        if not numbers:
            return Look([], _NOTHING, digests)
        inspected = Inspected(*(texts[at] for at in numbers))
        try:
            found = self.finder.find(inspected)
        except TooDense:
            if len(numbers) == len(texts):
                raise
            # What may be done is in proportion to all the texts, of which many were left out.
            numbers, inspected = [*range(len(texts))], Inspected(*texts)
            found = self.finder.find(inspected)
        for at in {*range(len(numbers))} - {finding.number for finding in found}:
            self._clean.add(digests[numbers[at]])
        found = [replace(finding, number=numbers[finding.number]) for finding in found]
        return Look(found, inspected, digests)

    def across(self, texts: Sequence[str], digests: Sequence[bytes]) -> list[Finding]:
        """Return what the finder finds where texts meet. Raises TooDense as it does."""
        whole = self._chain(digests)
        if not digests or whole in self._seamless:
            return []
        known = self._last_known(digests)
        begin = _reaching_back(texts, known, _REACH)
        # What stands in front of a match may forbid it.
        first = _reaching_back(texts, begin - 1, BESIDE)
        try:
            found = self.finder.across(texts[first:])
        except TooDense:
            if first == 0:
                raise
            begin, first, found = 0, 0, self.finder.across(texts)
        found = [finding for finding in found if finding.number + first >= begin]
        if not found:
            self._seamless.add(whole)
        return [replace(finding, number=finding.number + first) for finding in found]

    def digest(self, text: str) -> bytes:
        digest = self._keyed.copy()
        digest.update(text.encode("utf-8", "surrogatepass"))
        return digest.digest()

    def _chain(self, digests: Sequence[bytes]) -> bytes:
        return self._chain_of(digests).digest()

    def _chain_of(self, digests: Sequence[bytes]) -> blake2b:
        chain = self._keyed.copy()
        chain.update(b"".join(digests))
        return chain

    def _last_known(self, digests: Sequence[bytes]) -> int:
        """Return the last of the texts up to which the seams are known; -1 where none is.

        What is new stands at the end: so the last few are looked at first, then four times as many.
        """
        until, some = len(digests), _FEW
        while until > 0:
            begin = max(0, until - some)
            chain, names = self._chain_of(digests[:begin]), []
            for digest in digests[begin:until]:
                chain.update(digest)
                names.append(chain.copy().digest())
            known = set(range(len(names))).difference(self._seamless.missing(names))
            if known:
                return begin + max(known)
            until, some = begin, 4 * some
        return -1


def _hash(data: bytes, key: bytes) -> bytes:
    return blake2b(data, digest_size=_DIGEST_BYTES, key=key).digest()


def _reaching_back(texts: Sequence[str], last: int, reach: int) -> int:
    """Return the first text from which to the end of `last` there are `reach` characters."""
    seen = 0
    for at in range(last, -1, -1):
        seen += len(scan_view(texts[at][-reach:]).replace(TRANSPARENT, ""))
        if seen >= reach:
            return at
    return 0
