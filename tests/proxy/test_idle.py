from __future__ import annotations

import asyncio
from contextlib import closing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.proxy.linking import Place


async def closed(port: int, asked: asyncio.Event) -> None:
    """Ask a gateway something, and return once it closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with closing(writer):
        writer.write(b"GET /-/healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = next(line for line in head.splitlines() if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.partition(b":")[2]))
        asked.set()
        assert await reader.read() == b""


async def test_a_connection_may_idle_for_as_long_as_its_gateway_allows(place: Place) -> None:
    async with (
        place.gateway(idle_seconds=60) as patient,
        place.gateway(idle_seconds=0.1) as hasty,
        asyncio.TaskGroup() as tasks,
    ):
        asked = asyncio.Event()
        stays = tasks.create_task(closed(patient.settings.port, asked))
        # This one began first: with the same time for both it would also end first.
        await asked.wait()
        await closed(hasty.settings.port, asked)
        assert not stays.done()
        stays.cancel()
