from __future__ import annotations

import asyncio
import socket
import sys

import pytest

from app.settings import Settings
from proxy.process.listener import empty_backlog, listen


def waiting(address: tuple[str, int]) -> socket.socket:
    """Connect, and ask, without anybody having accepted."""
    client = socket.create_connection(address, timeout=30)
    client.sendall(b"anybody?")
    return client


async def test_who_waits_to_be_accepted_when_the_port_is_closed_is_served() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readexactly(8))
        writer.close()
        await writer.wait_closed()

    listener = listen(Settings(port=0))
    address = listener.getsockname()
    server = await asyncio.start_server(serve, sock=listener.dup())
    # The loop accepts none of them before the next await.
    clients = [waiting(address) for _ in range(50)]
    await empty_backlog(listener)
    server.close()
    listener.close()
    for client in clients:
        with client:
            assert await asyncio.to_thread(client.recv, 8) == b"anybody?"
    with pytest.raises(ConnectionRefusedError):
        waiting(address)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux filters what a socket takes")
async def test_a_port_closes_also_where_the_kernel_refuses_the_filter() -> None:
    lock_filter = 44  # SO_LOCK_FILTER: from now on the kernel refuses, as some do for all but root
    listener = listen(Settings(port=0))
    listener.setsockopt(socket.SOL_SOCKET, lock_filter, 1)
    await empty_backlog(listener)
    listener.close()
