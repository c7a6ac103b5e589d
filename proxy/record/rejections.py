"""A small record of each request that was refused before it had a session.

Anyone can cause one, so they cost little: they are kept in memory for a second and written
together, an address has a few a minute and then one more that counts the rest, and the database
deletes them after a while. A refusal never waits for its record.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from app.domain.record.rejection import Rejection
from app.errors import (
    BadRequest,
    MethodNotAllowed,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    StorageUnavailable,
)
from app.ids import new_id
from app.logs import Seldom
from proxy.front import header
from proxy.rate import Rate

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.clock import Clock
    from app.errors import AbeyanceError
    from app.storage.record.rejections import RejectionStore
    from app.wire.base import Refusal
    from proxy.exchange import Exchange

KEPT = timedelta(days=30)
PER_ADDRESS = 20
"""Records of one address in a minute."""
_WAITING = 1000
_SECONDS = 1.0
_PATH_LENGTH = 200
_WORDS_LENGTH = 300
_RECORDED = (BadRequest, NotAuthenticated, NotPermitted, NotFound)
_NEVER = datetime.max.replace(tzinfo=UTC)
_log = structlog.get_logger(__name__)


class Rejections:
    """`run` must be a task of the process."""

    def __init__(self, store: RejectionStore, clock: Clock, per_address: int = PER_ADDRESS) -> None:
        self._store = store
        self._clock = clock
        self._rate = Rate(per_address)
        self._waiting: deque[Rejection] = deque()
        self._rest: dict[str, Rejection] = {}
        """Of each address with more than its share in this minute, with how many there were."""
        self._rest_minute = 0
        self._lost = 0
        self._warning = Seldom()

    def note(self, error: AbeyanceError, address: str, told: Callable[[], Rejection]) -> None:
        """Keep one to be written; `told` returns it, without id, times and count."""
        # Clients probe with other methods, by the minute.
        if not isinstance(error, _RECORDED) or isinstance(error, MethodNotAllowed):
            return
        now = self._clock.now()
        if self._rate.take(address, now):
            if len(self._waiting) < _WAITING:
                self._waiting.append(_dated(told(), now))
            else:
                self._lost += 1
        elif first := self._rest.get(address):
            self._rest[address] = replace(first, count=first.count + 1)
        elif len(self._rest) < _WAITING:
            self._rest[address] = _dated(told(), now)
        else:
            self._lost += 1

    async def run(self) -> None:
        try:
            while True:
                await asyncio.sleep(_SECONDS)
                await self.write()
        finally:
            await self.write(every=True)

    async def write(self, *, every: bool = False) -> None:
        """Write what is kept; what counts the rest of a minute once that is over, or with `every`.

        What cannot be written is tried again.
        """
        minute = int(self._clock.now().timestamp()) // 60
        if every or minute != self._rest_minute:
            self._rest_minute = minute
            self._waiting.extend(self._rest.values())
            self._rest.clear()
        if self._lost and self._warning.due():
            _log.warning("refusals without a record: there are too many", number=self._lost)
            self._lost = 0
        if not self._waiting:
            return
        together = tuple(self._waiting)
        try:
            await self._store.put(together)
        except StorageUnavailable as unavailable:
            if self._warning.due():
                _log.warning("refusals not recorded yet", reason=str(unavailable))
            return
        for _ in together:
            self._waiting.popleft()


def rejection_of(
    exchange: Exchange,
    refusal: Refusal,
    error: AbeyanceError,
    address: str,
    identity: str,
    mask: Callable[[str], str],
) -> Rejection:
    """Return what is recorded of a request without a session; `Rejections` dates it.

    `identity` is the key of who asked, where that is known.
    """
    return Rejection(
        id="",
        at=_NEVER,
        until=_NEVER,
        address=address,
        status=refusal.status,
        code=refusal.code,
        why=mask(str(error)[:_WORDS_LENGTH]),
        method=exchange.method,
        path=mask(exchange.target[:_PATH_LENGTH]),
        user_agent=mask(header(exchange.headers, "user-agent")[:_WORDS_LENGTH]),
        identity=identity,
    )


def _dated(rejection: Rejection, now: datetime) -> Rejection:
    return replace(rejection, id=new_id(now), at=now, until=now + KEPT)
