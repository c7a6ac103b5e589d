"""How an answer leaves: at once, slowly, not at all until released, or cut off half-way."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from hypercorn.typing import ASGIFramework, ASGIReceiveCallable, ASGISendCallable, Scope

from sandbox.model.behaviour import Behaviour


class Died(Exception):
    """The answer ends here, and with it the connection."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes to send together; `delta` marks those that carry a part of the answer."""

    data: bytes
    delta: bool = False


class Gate:
    """Where stalled answers wait until they are released."""

    def __init__(self) -> None:
        self._opened = asyncio.Event()
        self._changed = asyncio.Event()
        self._waiting = 0

    async def wait(self) -> None:
        """Wait for the next release."""
        opened = self._opened
        self._count(1)
        try:
            await opened.wait()
        finally:
            self._count(-1)

    async def until(self, count: int) -> None:
        """Wait until exactly so many answers stall."""
        while self._waiting != count:
            await self._changed.wait()

    def release(self) -> int:
        """Let all who wait go on; returns how many they were."""
        self._opened.set()
        self._opened = asyncio.Event()
        return self._waiting

    def _count(self, change: int) -> None:
        self._waiting += change
        self._changed.set()
        self._changed = asyncio.Event()


async def paced(pieces: Sequence[Piece], behaviour: Behaviour, gate: Gate) -> AsyncIterator[bytes]:
    """Send pieces as the behaviour says. Raises Died half-way through the deltas on `midfail`."""
    halfway = sum(piece.delta for piece in pieces) // 2
    sent = 0
    for piece in pieces:
        if piece.delta:
            if behaviour.midfail and sent >= halfway:
                raise Died
            if behaviour.stalling and sent == 1:
                await gate.wait()
            if sent:
                await asyncio.sleep(behaviour.slow_s)
            sent += 1
        yield piece.data


def whole(body: bytes) -> list[Piece]:
    """Cut a body that is not streamed into four, so that it too can stall or break."""
    quarter = max(1, -(-len(body) // 4))
    parts = [body[start : start + quarter] for start in range(0, len(body), quarter)]
    return [Piece(part, delta=True) for part in parts]


class Mortal:
    """Around an ASGI application: makes Died a dropped connection instead of a logged error."""

    def __init__(self, app: ASGIFramework) -> None:
        self._app = app

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        try:
            await self._app(scope, receive, send)
        except Died:
            return  # Hypercorn closes a connection whose answer was not finished
