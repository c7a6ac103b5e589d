"""The answer to a hook: a line of JSON for each sign of life, and one with the decision."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from app.domain.hold import Hold
from app.ids import short
from app.wire import strict_json
from policies.approvals.approval import asked
from proxy.exchange import Exchange
from proxy.front import client_named
from proxy.record.recording import Recording
from proxy.refusals import refusal_for, refusal_headers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.errors import AbeyanceError
    from app.storage.feed import Periodic
    from app.wire.base import Json
    from proxy.facts import Inquiry

HEADERS = (("content-type", "application/x-ndjson"), ("cache-control", "no-store"))


@dataclass(slots=True)
class Lines:
    """A hook that waits for its answer. It is a `Waiter`, so that people can be asked for it."""

    exchange: Exchange
    patience: float
    """For how many seconds it waits for people."""
    pulse_seconds: float
    recording: Recording | None = None
    hold: Hold | None = None
    _held: asyncio.Event = field(default_factory=asyncio.Event)
    _over: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def program(self) -> str:
        return client_named(self.exchange.headers)

    def defers(self, _inquiry: Inquiry) -> bool:
        """A hook that does not wait has no patience, and is told so in its answer."""
        return False

    def waits(
        self, _inquiry: Inquiry, hold: Hold, _pulse_seconds: float
    ) -> tuple[float | None, Periodic | None]:
        """Have the hook told for which hold it waits, by `alive`."""
        self.waits_for(hold)
        return self.patience, None

    def waits_for(self, hold: Hold) -> None:
        self.hold = hold
        self._held.set()

    @asynccontextmanager
    async def alive(self) -> AsyncIterator[None]:
        """Tell the hook now and then that a person is being asked, once one is."""
        beating = asyncio.ensure_future(self._beat())
        try:
            yield
        finally:
            self._over.set()
            self._held.set()
            await beating

    async def _beat(self) -> None:
        # It ends by itself: a cancelled `send` may leave half of a line.
        await self._held.wait()
        while self.hold is not None and not self._over.is_set():
            await self._send(_waiting(self.hold))
            with suppress(TimeoutError):
                async with asyncio.timeout(self.pulse_seconds):
                    await self._over.wait()

    async def decided(self, line: bytes) -> None:
        """Send the decision, and nothing after it."""
        await self._start()
        await self.exchange.send(line)
        await self.exchange.end()

    async def failed(self, error: AbeyanceError) -> None:
        """Say that there is no decision, and why."""
        refusal = refusal_for(error, self.recording.session.id if self.recording else "")
        body: dict[str, Json] = {"error": {"code": refusal.code, "message": refusal.message}}
        if not self.exchange.started:
            headers = refusal_headers(refusal, "", "", self.exchange.base_url)
            await self.exchange.reply(refusal.status, headers, msgspec.json.encode(body))
        elif not self.exchange.ended:
            # What may pass by itself is asked again; anything else is a no.
            again: dict[str, Json] = {"state": "failed", **body}
            denied: dict[str, Json] = {
                "state": "decided",
                "decision": "deny",
                "message": refusal.message,
                "rules": [],
                "card": "",
            }
            await self._send(denied if refusal.final else again)
            await self.exchange.end()

    async def _send(self, said: dict[str, Json]) -> None:
        await self._start()
        await self.exchange.send(_line(said))

    async def _start(self) -> None:
        if not self.exchange.started:
            await self.exchange.start(200, HEADERS)


def _line(said: dict[str, Json]) -> bytes:
    return strict_json.dump(said) + b"\n"


def _waiting(hold: Hold) -> dict[str, Json]:
    card, approvers = short(hold.id), ", ".join(asked(hold, hold.created_at))
    message = f"Waiting for approval by {approvers} in Slack (card {card})."
    return {"state": "waiting", "card": card, "message": message}
