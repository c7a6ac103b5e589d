"""Passes on one answer while its tool calls are decided on.

What is no call goes on as it comes. A call that a rule looks at waits until it is whole and
decided on, and what follows it waits with it. Those that are held are let go together, once the
whole answer has come: else a client would run the first while people decide about the second.
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.errors import Reason, Refused, Restarting
from proxy.calls import words
from proxy.calls.limits import check_number, recordable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from app.domain.hold import Hold
    from app.domain.record.session import RecordedCall
    from app.wire.calls.base import CallReader
    from proxy.calls.decisions import Decisions
    from proxy.calls.leaving import Leaving
    from proxy.calls.limits import KeptBytes


@dataclass(frozen=True, slots=True)
class Waits:
    """How a client is kept waiting while a call of its answer is held."""

    pulse_seconds: float
    """How often it gets a sign of life."""
    line: bool
    """Whether a person reads in the answer what it waits for."""
    together: bool
    """Whether no call goes on before all of the answer are decided on."""
    asker: str
    """Who waits, as `Hold.asker` names them."""


class CallGate:
    """One answer, whose calls `decisions` decides on."""

    def __init__(
        self,
        reader: CallReader,
        decisions: Decisions,
        leaving: Leaving,
        waits: Waits,
        all_kept: KeptBytes,
        send: Callable[[bytes], Awaitable[None]],
        handed: Callable[[], int],
    ) -> None:
        """`send` is given what goes on; `handed` tells how many bytes were handed to the client."""
        self._handed = handed
        self._before: int | None = None  # what was handed before anything that was claimed
        self._all_kept = all_kept
        self._kept = 0
        self._reader = reader
        self._decisions = decisions
        self._leaving = leaving
        self._waits = waits
        self._send_on = send
        self._clock = asyncio.get_running_loop().time
        self._sent_at = self._clock()
        self._coming: asyncio.Future[bytes | None] | None = None
        self._over = False
        self._told = False

    async def run(self, pieces: AsyncIterator[bytes]) -> None:
        """Pass on the whole answer. Raises what reading and sending raise.

        And Refused where a call is denied that the provider has run, or where a client does not
        wait any longer that can be told nothing in between.
        """
        with self._leaving.answering(self._waits.asker):
            await self._run(pieces)

    async def _run(self, pieces: AsyncIterator[bytes]) -> None:
        stays = False
        try:
            await self._until_held(pieces)
            if self._decisions.waiting:
                hold = await self._until_decided(pieces)
                stays = hold is not None
                if hold is not None:
                    # The same call finds the hold again, which goes on.
                    await self._send(self._reader.stop(words.still_waiting(hold)))
        except (Refused, Restarting):
            stays = True
            raise
        finally:
            await self._let_go(stays=stays)

    async def _until_held(self, pieces: AsyncIterator[bytes]) -> None:
        """Pass on what comes, until people are asked about a call or all has come."""
        async for piece in pieces:
            self._feed(piece)
            await self._pass_on()
            if self._decisions.waiting:
                return
            if self._is_silent():
                await self._send(self._reader.alive())
        await self._end()

    async def _until_decided(self, pieces: AsyncIterator[bytes]) -> Hold | None:
        """Read on while people decide; return a hold that the client does not wait for."""
        while not self._over or self._decisions.waiting:
            await self._something(pieces)
            if impatient := self._impatient():
                return impatient
            if self._coming is not None and self._coming.done():
                piece, self._coming = self._coming.result(), None
                if piece is None:
                    await self._end()
                else:
                    self._feed(piece)
            await self._pass_on()
        return None

    def _feed(self, piece: bytes) -> None:
        if not self._reader.keeps:
            self._let_keep()
        self._all_kept.keep(len(piece))
        self._kept += len(piece)
        self._reader.feed(piece)

    def _let_keep(self) -> None:
        self._all_kept.release(self._kept)
        self._kept = 0

    async def _end(self) -> None:
        self._over = True
        self._reader.finish()
        await self._pass_on()

    async def settle(self) -> None:
        """Give back what was claimed if none of it was sent; call it once the answer is over.

        Calls after which nothing was sent were not made. Also where it may have been sent and was
        not, an approval stays used: nothing runs twice.
        """
        handed = self._handed()
        for call in self._decisions.all:
            if call.sent_before == handed:
                call.sent_before = None
        if self._before is None or handed == self._before:
            await self._decisions.give_back()

    def recorded(self) -> tuple[RecordedCall, ...]:
        """Return what became of each call; none has overtaken one that was not ruled on."""
        calls = self._decisions.all
        gone = next((at for at, call in enumerate(calls) if not call.is_applied), len(calls))
        recorded = (call.recorded(kept_back=at >= gone) for at, call in enumerate(calls))
        return tuple(recordable(recorded))

    async def _pass_on(self) -> None:
        await self._send(self._reader.flow())
        if not self._reader.keeps and not self._over:
            return  # no call waits that has to be looked at
        check_number(len(self._reader.calls))
        for call in self._reader.calls[len(self._decisions.all) :]:
            await self._decisions.decide(call)
        await self._rule()
        await self._send(self._reader.flow())
        await self._tell()

    async def _rule(self) -> None:
        undecided = not self._over or bool(self._decisions.waiting)
        undecided = undecided or not await self._decisions.claim()
        if not undecided and self._before is None:
            self._before = self._handed()
        behind = False
        for number, call in enumerate(self._decisions.all):
            # Where nothing can be sent yet, what lets this one pass may end meanwhile.
            may_end = bool(call.rests_on) and (behind or not self._reader.is_streamed)
            waits = undecided and (self._waits.together or call.is_held or may_end)
            behind = behind or waits
            if waits or call.is_applied:
                continue
            if call.ruling is not None:
                try:
                    self._reader.rule(number, call.ruling)
                except ValueError:
                    # Arguments that are no JSON cannot be changed where there has to be some.
                    await self._decisions.give_up(call)
                    self._reader.rule(number, call.ruling)
                call.sent_before = self._handed()

    async def _tell(self) -> None:
        """Say once, where a person reads it, what the answer waits for."""
        if self._told or not (self._waits.line and self._reader.is_streamed):
            return None
        for call in self._decisions.waiting:
            if call.hold is not None:
                self._told = True
                return await self._send(self._reader.say(words.waiting(call.hold, call.call)))
        return None

    async def _something(self, pieces: AsyncIterator[bytes]) -> None:
        """Wait for more of the answer or news of a call, with a sign of life now and then."""
        news = asyncio.ensure_future(self._decisions.news.wait())
        if self._coming is None and not self._over:
            self._coming = asyncio.ensure_future(anext(pieces, None))
        waited: set[asyncio.Future[Any]] = {news}
        if self._coming is not None:
            waited.add(self._coming)
        try:
            while True:
                pulse = self._waits.pulse_seconds
                is_told = self._reader.is_streamed and math.isfinite(pulse)
                done, _ = await asyncio.wait(
                    waited,
                    timeout=pulse if is_told else None,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if done:
                    self._decisions.news.clear()
                    return
                await self._send(self._reader.alive())
        finally:
            news.cancel()

    def _is_silent(self) -> bool:
        """Whether the client has heard nothing for a while, since a call is still to be whole."""
        silent = self._clock() - self._sent_at >= self._waits.pulse_seconds
        return silent and self._reader.keeps and self._reader.is_streamed

    def _impatient(self) -> Hold | None:
        """Return a hold for which the client would not wait any longer.

        Raises what else has ended the asking about a call.
        """
        for call in self._decisions.all:
            if call.asking is None or not call.asking.done():
                continue
            fault = call.asking.exception()
            pending = isinstance(fault, Refused) and fault.reason is Reason.APPROVAL_PENDING
            if pending and self._reader.is_streamed and call.hold is not None:
                return call.hold
            if fault is not None:
                raise fault
        return None

    async def _let_go(self, *, stays: bool) -> None:
        """End what still runs. Where the client left, or the answer broke off, nobody waits."""
        self._let_keep()
        running: set[asyncio.Future[Any]] = {
            call.asking for call in self._decisions.all if call.asking is not None
        }
        if self._coming is not None:
            running.add(self._coming)
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)
        await self._decisions.leave()
        if not stays:
            for call in self._decisions.waiting:
                if call.hold is not None:
                    self._leaving.withdraw(call.hold)

    async def _send(self, data: bytes) -> None:
        if data:
            self._sent_at = self._clock()
            await self._send_on(data)
