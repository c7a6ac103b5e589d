"""A TCP proxy before the database that lets commands through and loses their replies.

It reads as much of the wire protocol as it takes to know which reply belongs to which command:
https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import bson

from app.storage.store import MongoStorage
from tests.sealing import MASTER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection

WRITES = frozenset({"insert", "update", "delete", "bulkWrite"})
READS = frozenset({"find", "aggregate", "getMore"})
ALL = WRITES | READS | {"createIndexes", "listIndexes", "dropIndexes"}
_HEADER = struct.Struct("<iiii")
_OP_MSG = 2013
_NOT_CONFIRMED = {"code": 64, "errmsg": "waiting for replication timed out"}
_OUT_OF_TIME = {"ok": 0.0, "code": 50, "errmsg": "operation exceeded time limit"}


class Lossy:
    """`asked` has the latest command of each name, `touched` each command with its collection."""

    def __init__(self, host: str, port: int) -> None:
        self.asked: dict[str, dict[str, Any]] = {}
        self.touched: set[tuple[str, str]] = set()
        self._lost: list[str] = []
        self._database = host, port
        self._commands: Collection[str] = ()
        self._left = 0
        self._silently = False
        self._instead: dict[str, Any] = {}
        self._serving: set[asyncio.Task[None] | None] = set()
        self._clients: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.losing = asyncio.Event()
        """Set once a command or a reply was lost."""

    def lose(self, commands: Collection[str], times: int, *, silently: bool = False) -> None:
        """Lose the next replies to any of the commands.

        The connection is closed in place of a reply. With `silently` it stays open, and the
        database does not hear of the command: the embedded one does not bear hundreds at once.
        """
        self._commands, self._left, self._silently = commands, times, silently
        self._instead = {}

    def doubt(self, commands: Collection[str]) -> None:
        """Say in each reply to any of the commands that the write was done, but not confirmed."""
        self._commands, self._left = commands, sys.maxsize
        self._instead = {"writeConcernError": _NOT_CONFIRMED}

    def run_out_of_time(self, commands: Collection[str], times: int) -> None:
        """Say in the next replies to any of the commands that the time was too short for it."""
        self._commands, self._left, self._instead = commands, times, _OUT_OF_TIME

    def heal(self) -> tuple[str, ...]:
        """Lose and change nothing more; return the commands whose replies were, in order."""
        lost, self._lost, self._left = tuple(self._lost), [], 0
        self._instead = {}
        return lost

    async def listen(self, port: int = 0) -> int:
        """Take connections, and return the port."""
        self._server = await asyncio.start_server(self.serve, "127.0.0.1", port)
        return int(self._server.sockets[0].getsockname()[1])

    def close(self) -> None:
        """Take no more connections."""
        if self._server is not None:
            self._server.close()

    async def go_away(self) -> None:
        """End every connection, and take no other: as when the server dies."""
        self.close()
        for client in self._clients:
            client.transport.abort()
        await self.finished()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on one connection, until either side or a lost reply ends it."""
        self._serving.add(asyncio.current_task())
        self._clients.add(writer)
        replies, requests = await asyncio.open_connection(*self._database)
        asked: dict[int, str] = {}
        pumps = [
            asyncio.ensure_future(self._forward(reader, requests, asked)),
            asyncio.ensure_future(self._answer(replies, writer, asked)),
        ]
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        self._clients.discard(writer)
        requests.close()
        writer.close()
        await asyncio.gather(*pumps)
        await asyncio.gather(requests.wait_closed(), writer.wait_closed(), return_exceptions=True)

    async def finished(self) -> None:
        """Return when all that connected has gone."""
        await asyncio.gather(*(task for task in self._serving if task), return_exceptions=True)

    async def _forward(
        self, client: asyncio.StreamReader, requests: asyncio.StreamWriter, asked: dict[int, str]
    ) -> None:
        async for message in _messages(client):
            _, request, _, opcode = _HEADER.unpack_from(message)
            if opcode == _OP_MSG:
                command = _command(message)
                asked[request] = next(iter(command))
                self.asked[asked[request]] = command
                self.touched |= _touched(command)
                if self._silently and self._is_lost(asked[request]):
                    continue
            requests.write(message)
            await requests.drain()

    async def _answer(
        self, replies: asyncio.StreamReader, client: asyncio.StreamWriter, asked: dict[int, str]
    ) -> None:
        async for message in _messages(replies):
            command = asked.pop(_HEADER.unpack_from(message)[2], "")
            if self._is_lost(command):
                if not self._instead:
                    return
                client.write(_changed(message, self._instead))
            else:
                client.write(message)
            await client.drain()

    def _is_lost(self, command: str) -> bool:
        if self._left <= 0 or command not in self._commands:
            return False
        self._left -= 1
        self._lost.append(command)
        self.losing.set()
        return True


@asynccontextmanager
async def lossy_proxy(uri: str) -> AsyncIterator[tuple[Lossy, str]]:
    """Yield the proxy, and the URI under which the database is reached through it.

    What connects is closed within the block, unless the block fails.
    """
    parts = urlsplit(uri)
    lossy = Lossy(parts.hostname or "127.0.0.1", parts.port or 27017)
    port = await lossy.listen()
    login = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    try:
        yield lossy, urlunsplit(parts._replace(netloc=f"{login}127.0.0.1:{port}"))
    except BaseException:
        await lossy.go_away()
        raise
    lossy.close()
    await lossy.finished()


@asynccontextmanager
async def opened(uri: str, name: str) -> AsyncIterator[MongoStorage]:
    storage = MongoStorage.connect(uri, name, MASTER)
    try:
        yield storage
    finally:
        # It says goodbye through the proxy, which needs this loop.
        await asyncio.to_thread(storage.close)


def _command(message: bytes) -> dict[str, Any]:
    """Return the command with what is sent beside it; its first member names it."""
    command: dict[str, Any] = {}
    at = _HEADER.size + 4  # After the flags.
    while at < len(message):
        kind, (size,) = message[at], struct.unpack_from("<i", message, at + 1)
        section = message[at + 1 : at + 1 + size]
        if kind == 0:
            command = bson.decode(section) | command
        else:
            name, _, documents = section[4:].partition(b"\0")
            command[name.decode()] = bson.decode_all(documents)
        at += 1 + size
    return command


def _changed(reply: bytes, members: dict[str, Any]) -> bytes:
    """Return the reply with other members."""
    flags = reply[_HEADER.size : _HEADER.size + 4]
    document = bson.encode(_command(reply) | members)
    _, *ids = _HEADER.unpack_from(reply)
    size = _HEADER.size + len(flags) + 1 + len(document)
    return _HEADER.pack(size, *ids) + flags + b"\0" + document


def _touched(command: dict[str, Any]) -> set[tuple[str, str]]:
    """Return each thing that a command does, with its collection."""
    name = next(iter(command))
    if name != "bulkWrite":
        return {(name, str(command[name]))}
    collections = [space["ns"].partition(".")[2] for space in command["nsInfo"]]
    done = [next(iter(operation.items())) for operation in command["ops"]]
    return {(action, collections[place]) for action, place in done}


async def _messages(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            head = await reader.readexactly(_HEADER.size)
            yield head + await reader.readexactly(_HEADER.unpack(head)[0] - _HEADER.size)
