"""How much of a body is new: an agent sends all of its history with every turn.

Theory of operation. What is large is worked on in another process, so that nobody waits for it. But
texts in which nothing was found are known here (see `rereading`), and a body that begins with them
takes little more work than what is new behind them: less than to hand it over, to a process that
may not know them. So a body is known by digests of its beginnings, at every 64 KB, once nothing was
found in it here:

    |──────── 64 KB ────────|──────── 64 KB ────────|─ what was new ─|      noted: two beginnings
    |──────── 64 KB ────────|──────── 64 KB ────────|──── what is new now ────|     counts: the rest

This decides where the work is done and nothing else: whoever guessed a digest would win nothing.
"""

from __future__ import annotations

import os
from hashlib import sha256
from typing import TYPE_CHECKING

from policies.matching.rereading import RecentDigests
from proxy.work.threads import LARGE_BYTES

if TYPE_CHECKING:
    from policies.compiled_catalog import Catalog

_STEP = 64 * 1024
_LEAST = LARGE_BYTES - _STEP
"""Of a body that is noted: one turn later it may be large."""
_SHARE = 4
"""To parse what is known takes this part of what it takes to look through it, at most."""
_MOST = 10_000


class FamiliarBodies:
    """Remembers the beginnings of bodies in which nothing was found, by digests: 2 MB at most."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._key = os.urandom(32)
        self._catalog: Catalog | None = None
        self._known = RecentDigests(most)

    def size(self, body: bytes, catalog: Catalog) -> int:
        """Return how many bytes of new text take as much work as a body."""
        if len(body) < LARGE_BYTES or catalog is not self._catalog:
            return len(body)
        known = max((at for at, name in self._beginnings(body) if name in self._known), default=0)
        return min(len(body), len(body) - known + known // _SHARE)

    def note(self, body: bytes, catalog: Catalog) -> None:
        """Remember a body that was looked through in this process, and in which nothing was."""
        if len(body) < _LEAST:
            return
        if catalog is not self._catalog:
            self._catalog, self._known = catalog, RecentDigests(self._most)
        for _, name in self._beginnings(body):
            self._known.add(name)

    def _beginnings(self, body: bytes) -> list[tuple[int, bytes]]:
        """Return where each beginning ends, and its name."""
        view, digest = memoryview(body), sha256(self._key)
        found: list[tuple[int, bytes]] = []
        for end in range(_STEP, min(len(body), _SHARE * LARGE_BYTES) + 1, _STEP):
            digest.update(view[end - _STEP : end])
            found.append((end, digest.copy().digest()))
        return found
