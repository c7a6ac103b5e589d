"""What is asked of a gateway, and a client that takes little time of its own."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from bench.shapes import text

_PATIENCE_SECONDS = 60
_SETTLE_SECONDS = 0.3
"""What is left to be written when the last answer has ended is work for it, too."""


@dataclass(frozen=True)
class Load:
    name: str
    clients: int
    requests: int
    """In one round, of all clients together."""
    bodies: Callable[[], Iterator[bytes]]
    """The bodies of one client, one after the other."""
    warm: int = 1
    """How many requests each client sends before any is counted."""


@dataclass
class Times:
    """What one round took, in milliseconds for each request."""

    whole: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    """Until the first byte of the answer's body."""
    seconds: float = 0.0
    cpu: dict[str, float] = field(default_factory=dict)
    """What each part of the candidate worked for one request."""


@dataclass(frozen=True)
class Target:
    """Where a candidate listens."""

    port: int
    path: str
    token: str


_number = itertools.count()


def _chat(model: str, messages: list[dict[str, str]]) -> bytes:
    asked = {"model": model, "messages": messages, "stream": model in ("bursts", "paced", "quick")}
    return json.dumps(asked).encode()


def _small(model: str) -> Iterator[bytes]:
    """2 KB, each with another text."""
    said = text("code", 1800)
    while True:
        yield _chat(model, [{"role": "user", "content": f"Task {next(_number)}:\n{said}"}])


_TURN = 5_000


def _turns(models: tuple[str, ...], begun_with: int) -> Iterator[bytes]:
    """An agent's conversation: each request has all texts before it and a new one of 5 KB.

    It begins with so many texts that the requests have 200 KB in the mean.
    """
    shapes = itertools.cycle(["code", "prose", "a diff", "logs", "JSON rows"])
    begun = next(_number)

    def message(at: int) -> dict[str, str]:
        said = f"{begun} {at}\n{text(next(shapes), _TURN)}"
        return {"role": "assistant" if at % 2 else "user", "content": said}

    history = [message(at) for at in range(begun_with)]
    for at, model in enumerate(itertools.cycle(models), begun_with):
        history.append(message(at))
        yield _chat(model, history)


LOADS = {
    load.name: load
    for load in (
        Load("request", 32, 640, lambda: _small("whole"), 2),
        Load("request of 16", 16, 320, lambda: _small("whole"), 2),
        Load("request of 64", 64, 640, lambda: _small("whole"), 2),
        Load("bursts", 32, 256, lambda: _small("bursts")),
        Load("paced", 32, 96, lambda: _small("paced")),
        Load("alone", 1, 100, lambda: _small("whole"), 5),
        Load("first token", 1, 40, lambda: _small("bursts"), 3),
        Load("turn", 1, 40, lambda: _turns(("whole",), 16), 4),
        Load("turns", 8, 80, lambda: _turns(("whole", "quick"), 33), 2),
    )
}


class _Client(asyncio.Protocol):
    """One connection, one request after the other."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._ended.done():
            self._ended.set_exception(exc or ConnectionError(f"closed: {self.head!r}"))
            self._ended.exception()

    def ask(self, request: bytes) -> asyncio.Future[None]:
        self.head, self.begun, self.first = b"", b"", 0.0
        self._length = -1
        self._have, self._tail = 0, b""
        self._ended = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self._ended

    def data_received(self, data: bytes) -> None:
        if not self._have and not self.first:
            self.head += data
            head, found, data = self.head.partition(b"\r\n\r\n")
            if not found or not data:
                return
            self.head, self.first = head, time.perf_counter()
            for line in head.lower().split(b"\r\n"):
                if line.startswith(b"content-length:"):
                    self._length = int(line[15:])
        if not self._have:
            self.begun = data[:300]
        self._have += len(data)
        self._tail = (self._tail + data)[-5:]
        over = self._have >= self._length if self._length >= 0 else self._tail == b"0\r\n\r\n"
        if over and not self._ended.done():
            self._ended.set_result(None)


async def run(
    load: Load, target: Target, requests: int, cpu: Callable[[], dict[str, float]]
) -> Times:
    """Send that many requests with the clients of a load. Raises RuntimeError at a refusal."""
    times, left = Times(), iter(range(requests))
    connected = [await _connected(target.port) for _ in range(load.clients)]

    async def one(client: _Client, body: bytes) -> None:
        # Agents name their conversation; this is the header of opencode.
        head = (
            f"POST {target.path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n"
            f"x-session-affinity: {id(client)}\r\n"
            f"authorization: Bearer {target.token}\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        began = time.perf_counter()
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await client.ask(head.encode() + body)
        times.whole.append((time.perf_counter() - began) * 1000)
        times.first.append((client.first - began) * 1000)
        if b" 200 " not in client.head[:20]:
            raise RuntimeError(f"refused: {client.head!r} {client.begun!r}")

    async def several(client: _Client) -> None:
        bodies = load.bodies()
        for _ in range(load.warm):
            await one(client, next(bodies))
        await ready.wait()
        for _ in left:
            await one(client, next(bodies))

    ready = asyncio.Barrier(load.clients + 1)
    async with asyncio.TaskGroup() as tasks:
        for client in connected:
            tasks.create_task(several(client))
        await ready.wait()
        times.whole.clear()
        times.first.clear()
        before, began = cpu(), time.perf_counter()
    times.seconds = time.perf_counter() - began
    await asyncio.sleep(_SETTLE_SECONDS)
    after = cpu()
    times.cpu = {part: (after[part] - before[part]) * 1000 / requests for part in after}
    for client in connected:
        client.transport.close()
    return times


async def _connected(port: int) -> _Client:
    _, client = await asyncio.get_running_loop().create_connection(_Client, "127.0.0.1", port)
    return client
