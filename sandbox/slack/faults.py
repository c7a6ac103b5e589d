"""What can go wrong on purpose: refused calls, doubled envelopes, a Slack that hangs."""

import asyncio
from dataclasses import dataclass

from sandbox.slack.state.model import Json

SWALLOWED = 0


@dataclass(slots=True)
class CallFault:
    """The next `times` calls (of `method`, or of any) are answered with `status`.

    With the status SWALLOWED a call does what it should, and its answer never comes. With an
    `error` the answer is that Slack refuses, for this reason.
    """

    status: int
    times: int
    method: str | None = None
    retry_after: int = 1
    error: str = ""


class Faults:
    """The switches. All are off until a test or a curious person flips them."""

    def __init__(self) -> None:
        self._calls: list[CallFault] = []
        self._running = asyncio.Event()
        self._running.set()
        self._released = asyncio.Event()
        self.duplicate_envelopes = False
        self.refuse_connections = False

    def add(self, fault: CallFault) -> None:
        self._calls.append(fault)

    def take(self, method: str) -> CallFault | None:
        """The fault that this call meets, counted down."""
        for fault in self._calls:
            if fault.times > 0 and fault.method in (None, method):
                fault.times -= 1
                return fault
        return None

    @property
    def paused(self) -> bool:
        return not self._running.is_set()

    @paused.setter
    def paused(self, value: bool) -> None:
        if value:
            self._running.clear()
        else:
            self._running.set()

    async def wait_while_paused(self) -> None:
        await self._running.wait()

    async def never(self) -> None:
        """Wait until the faults are cleared."""
        await self._released.wait()

    def clear(self) -> None:
        self._calls.clear()
        self._released.set()
        self._released = asyncio.Event()
        self.paused = False
        self.duplicate_envelopes = False
        self.refuse_connections = False

    def describe(self) -> Json:
        return {
            "calls": [
                {"status": f.status, "times": f.times, "method": f.method} for f in self._calls
            ],
            "duplicate_envelopes": self.duplicate_envelopes,
            "refuse_connections": self.refuse_connections,
            "paused": self.paused,
        }
