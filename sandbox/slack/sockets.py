"""Socket Mode: the app's WebSocket connections and the envelopes that go over them."""

import asyncio
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.slack.errors import Unanswered
from sandbox.slack.faults import Faults
from sandbox.slack.state import seed
from sandbox.slack.state.model import Json

MAX_CONNECTIONS = 10
CONNECTION_SECONDS = 18_060
ACK_SECONDS = 3.0


@dataclass(eq=False, slots=True)
class Connection:
    """One open socket. Frames put in `outbox` are sent in order; `None` closes it."""

    id: str
    outbox: asyncio.Queue[str | bytes | None] = field(default_factory=asyncio.Queue)
    leaving: bool = False

    def send(self, frame: Json) -> None:
        self.outbox.put_nowait(json.dumps(frame))

    def drop(self) -> None:
        self.leaving = True
        self.outbox.put_nowait(None)


class Sockets:
    """The hub. An envelope goes to one connection, each in its turn."""

    def __init__(self, faults: Faults, on_change: Callable[[int], None]) -> None:
        """`on_change` is told how many connections are open, each time that changes."""
        self._faults = faults
        self._on_change = on_change
        self.ack_seconds = ACK_SECONDS
        self._connections: list[Connection] = []
        self._waiting: dict[str, asyncio.Future[Json]] = {}
        self._changed = asyncio.Condition()

    @property
    def count(self) -> int:
        return sum(not connection.leaving for connection in self._connections)

    async def wait_for(self, count: int) -> None:
        """Until at least `count` connections are open."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.count >= count)

    async def join(self) -> Connection:
        """A new connection with its `hello` queued, or a goodbye if there are too many."""
        connection = Connection(secrets.token_hex(8))
        if self.count >= MAX_CONNECTIONS:
            connection.send(_disconnect("too_many_websockets"))
            connection.drop()
            return connection
        self._connections.append(connection)
        connection.send(_hello(self.count))
        await self._announce()
        return connection

    async def leave(self, connection: Connection) -> None:
        connection.leaving = True
        if connection in self._connections:
            self._connections.remove(connection)
        await self._announce()

    def acknowledge(self, frame: Json) -> None:
        """Take an ack. Late or unknown ones are ignored, as Slack ignores them."""
        waiting = self._waiting.get(str(frame.get("envelope_id")))
        if waiting is not None and not waiting.done():
            waiting.set_result(frame.get("payload") or {})

    async def deliver(self, kind: str, payload: Json, extra: Json) -> Json:
        """Send an envelope and wait for its ack. Raises Unanswered."""
        connection = self._next()
        envelope_id = f"{secrets.token_hex(4)}-{secrets.token_hex(8)}"
        frame = {"envelope_id": envelope_id, "type": kind, "payload": payload} | extra
        waiting: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._waiting[envelope_id] = waiting
        connection.send(frame)
        if self._faults.duplicate_envelopes:
            connection.send(frame)
        try:
            async with asyncio.timeout(self.ack_seconds):
                return await waiting
        except TimeoutError:
            raise Unanswered("operation_timeout") from None
        finally:
            del self._waiting[envelope_id]

    def scrawl(self, frame: str | bytes) -> None:
        """Send a frame as it is, however malformed, over every connection."""
        for connection in self._connections:
            connection.outbox.put_nowait(frame)

    def disconnect(self, reason: str, *, only_one: bool = False) -> None:
        """Ask the app to reconnect (`warning`, `refresh_requested`), or cut (`drop`).

        After `refresh_requested` a connection gets nothing more; closing it is left to the app.
        """
        standing = [connection for connection in self._connections if not connection.leaving]
        for connection in standing[:1] if only_one else self._connections:
            if reason != "drop":
                connection.send(_disconnect(reason))
            if reason in ("drop", "link_disabled"):
                connection.drop()
            connection.leaving = reason != "warning"

    def close(self) -> None:
        for connection in self._connections:
            connection.drop()

    def _next(self) -> Connection:
        for connection in self._connections:
            if not connection.leaving:
                self._connections.remove(connection)
                self._connections.append(connection)
                return connection
        raise Unanswered("dispatch_failed")

    async def _announce(self) -> None:
        self._on_change(self.count)
        async with self._changed:
            self._changed.notify_all()


def _hello(count: int) -> Json:
    return {
        "type": "hello",
        "num_connections": count,
        "debug_info": {
            "host": "applink-sandbox",
            "build_number": 1,
            "approximate_connection_time": CONNECTION_SECONDS,
        },
        "connection_info": {"app_id": seed.APP_ID},
    }


def _disconnect(reason: str) -> Json:
    return {"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-sandbox"}}
