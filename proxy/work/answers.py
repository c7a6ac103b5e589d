"""Masks an answer where its size says: here, in a thread, or in another process.

An answer begins here. Its first megabyte is kept, so that it can
move: the other process reads it from its beginning, and what was given out already is taken
off what it gives. However a text is cut, its masked pieces join to the same, so nothing is lost
and nothing is said twice. What comes as a whole, as a document does, moves at its end; a stream
moves when a large event is under way, or when it comes faster than any model writes.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from operator import methodcaller
from typing import TYPE_CHECKING

from app.domain.identity import Identity
from app.domain.record.original import Original
from app.domain.segment import Facts
from app.errors import AbeyanceError, Fault
from app.wire.media import LINES, STREAM, media_type
from app.wire.registry import wire_for
from policies.matching.answer_masking import NOTHING_FOUND, AnswerMasking, Tally
from policies.matching.known import Known
from proxy.work.threads import LARGE_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.wire.base import WireFormat
    from policies.compiled_catalog import Catalog
    from proxy.work.pool import Pool, Worker

_KEPT_BYTES = 1024 * 1024
_FAST_SECONDS = 4.0
"""A stream that brings `_KEPT_BYTES` in less time moves. A model takes minutes."""


@dataclass(frozen=True, slots=True)
class Answering:
    """What the masking of an answer depends on, besides the catalog."""

    wire_name: str
    members: frozenset[str]
    facts: Facts
    identity: Identity
    credential: str
    now: datetime
    known: Known
    limit: int
    """Of the bytes that are masked as a whole."""
    stopping: bool = True
    """Whether a denial ends the answer; else it is masked, for what is recorded and not sent."""

    @property
    def wire(self) -> WireFormat:
        return wire_for(self.wire_name, self.facts.path, self.members)

    def masking(self, catalog: Catalog) -> AnswerMasking:
        masking = catalog.answer_masking(
            self.facts, self.identity, self.credential, self.now, self.known
        )
        return masking if self.stopping else masking.unstopped()


@dataclass(frozen=True, slots=True)
class Masked:
    """What can go out by now, and all that was found so far.

    No `data` means all that came, as it came; a `fault` that nothing goes out any more.
    """

    data: bytes | None
    tally: Tally
    fault: AbeyanceError | None = None
    originals: tuple[Original, ...] | None = field(default=None, repr=False)
    """What rules have masked and keep; None until the end or a fault."""


class AnswerBody:
    """Masks one body, bytes in and bytes out."""

    def __init__(self, answering: Answering, content_type: str, catalog: Catalog) -> None:
        self._masking = answering.masking(catalog)
        self._masker = answering.wire.answer(content_type, self._masking, answering.limit)

    def feed(self, data: bytes) -> Masked:
        return self._masked(partial(self._masker.feed, data))

    def finish(self) -> Masked:
        return replace(self._masked(self._masker.finish), originals=self.originals())

    def originals(self) -> tuple[Original, ...]:
        """Return what rules have masked and keep of all that came; ask once, at the end."""
        return self._masking.originals()

    def _masked(self, mask: Callable[[], bytes]) -> Masked:
        try:
            data = mask()
        except AbeyanceError as fault:
            return Masked(b"", self._masking.tally, fault, self.originals())
        return Masked(data, self._masking.tally)


def _masked_whole(answering: Answering, content_type: str, data: bytes, catalog: Catalog) -> Masked:
    body = AnswerBody(answering, content_type, catalog)
    begun = body.feed(data)
    if begun.fault is not None:
        return begun
    ended = body.finish()
    out = (begun.data or b"") + (ended.data or b"")
    return replace(ended, data=None if out == data else out)


class AnswerMasker:
    """Masks one answer of a caller. Close it, whatever became of the answer."""

    def __init__(
        self, answering: Answering, content_type: str, catalog: Catalog, pool: Pool
    ) -> None:
        """Raises UpstreamUnavailable for a content type that cannot be read."""
        self._make = partial(AnswerBody, answering, content_type)
        self._mask_whole = partial(_masked_whole, answering, content_type)
        self._in_events = media_type(content_type) in {STREAM, *LINES}
        self._catalog = catalog
        self._pool = pool
        self._body = self._make(catalog)
        self._began = asyncio.get_running_loop().time()
        self._kept: list[bytes] | None = []
        """All that has come so far; None once that is too much to begin again with."""
        self._came = 0
        self._waiting = 0  # bytes that came since something could go out
        self._given = 0  # bytes that went out, with their digest
        self._digest = hashlib.sha256()
        self._worker: Worker | None = None
        self._asked: asyncio.Future[tuple[Masked | BaseException]] | None = None
        """What the worker does, which goes on where the caller is cancelled."""
        self._originals: tuple[Original, ...] | None = None
        self._over = False
        self.moved = False
        """Whether another process masks it."""
        self.tally = NOTHING_FOUND

    async def feed(self, piece: bytes) -> bytes:
        """Return what can go out by now."""
        if self._worker is not None:
            return self._out(await self._ask(self._worker, methodcaller("feed", piece)))
        self._came += len(piece)
        self._waiting += len(piece)
        if self._kept is not None:
            self._kept.append(piece)
            if self._should_move() and (masked := await self._moved(self._kept)) is not None:
                return self._out(masked)
        masked = await self._pool.threads.do(self._waiting, partial(self._body.feed, piece))
        return self._out(masked)

    async def finish(self) -> bytes:
        """Return the rest; nothing after a fault, nor a second time."""
        if self._over:
            return b""
        self._over = True
        if self._worker is not None:
            masked = await self._ask(self._worker, methodcaller("finish"))
        elif self._kept is not None and self._waiting >= LARGE_BYTES:
            data = b"".join(self._kept)
            self._kept, self._body, self.moved = None, self._make(self._catalog), True
            masked = await self._pool.do(self._came, partial(self._mask_whole, data), self._catalog)
            masked = self._rest(replace(masked, data=data if masked.data is None else masked.data))
        else:
            masked = await self._pool.threads.do(self._waiting, self._body.finish)
        return self._out(masked)

    def _should_move(self) -> bool:
        if self._in_events and self._waiting >= LARGE_BYTES:
            return True
        return self._came >= _KEPT_BYTES and self._given > 0 and self._is_fast()

    def _is_fast(self) -> bool:
        return asyncio.get_running_loop().time() - self._began < _FAST_SECONDS

    async def _moved(self, kept: list[bytes]) -> Masked | None:
        """Go on in another process, and return what it gives; None where there is none."""
        self._worker = worker = self._pool.lend(self._catalog)
        if worker is None:
            return None
        # The new body lets go of the bytes that the old one has.
        self._kept, self._body, self.moved = None, self._make(self._catalog), True
        await worker.call(self._make, stays=True)
        return self._rest(await self._ask(worker, methodcaller("feed", b"".join(kept))))

    async def _ask(self, worker: Worker, work: Callable[[AnswerBody], Masked]) -> Masked:
        self._asked = asyncio.gather(worker.call(work), return_exceptions=True)
        (masked,) = await asyncio.shield(self._asked)
        if isinstance(masked, BaseException):
            raise masked
        return masked

    async def originals(self) -> tuple[Original, ...]:
        """Return what rules have masked and keep, once nothing more comes, whatever ended it.

        Those of a worker that has ended are lost.
        """
        if self._asked is not None and not self._asked.done():
            await asyncio.wait([self._asked])
        if self._originals is None:
            self._originals = await self._asked_for()
        return self._originals

    async def _asked_for(self) -> tuple[Original, ...]:
        if self._worker is None:
            return await self._pool.threads.do(self._came, self._body.originals)
        if not self._worker.usable:
            return ()
        try:
            return await self._worker.call(methodcaller("originals"))
        except AbeyanceError:
            return ()

    def _rest(self, masked: Masked) -> Masked:
        """Take off what went out before."""
        data = masked.data or b""
        if hashlib.sha256(data[: self._given]).digest() != self._digest.digest():
            self._over = True
            raise Fault("An answer could not be masked twice in the same way.")
        return replace(masked, data=data[self._given :])

    def _out(self, masked: Masked) -> bytes:
        self.tally = masked.tally
        self._originals = masked.originals
        if masked.fault is not None:
            self._over = True
            raise masked.fault
        out = masked.data or b""
        if out:
            self._waiting = 0
        if self._kept is not None:
            self._given += len(out)
            self._digest.update(out)
            if self._came >= _KEPT_BYTES and self._given and self._waiting < LARGE_BYTES:
                self._kept = None
        return out

    def close(self) -> None:
        if self._asked is not None:
            self._asked.cancel()
        if self._worker is not None:
            self._pool.take_back(self._worker)
