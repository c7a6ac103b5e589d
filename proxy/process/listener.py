"""The port of the gateway: opened before anything else, and closed without resetting anybody."""

from __future__ import annotations

import asyncio
import ctypes
import select
import socket
import struct
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from app.errors import BadSettings

if TYPE_CHECKING:
    from app.settings import Settings

_BACKLOG = 1024
_SETTLE_SECONDS = 0.2
_LOOK_SECONDS = 0.02
_ACCEPTED_SECONDS = 2.0
_ATTACH_FILTER = 26  # SO_ATTACH_FILTER of <asm-generic/socket.h>; `socket` does not name it
# Classic BPF over the TCP header: drop what asks for a new connection (SYN), keep the rest.
_DROP_NEW = ((0x30, 0, 0, 13), (0x45, 0, 1, 0x02), (0x06, 0, 0, 0), (0x06, 0, 0, 0xFFFFFFFF))


def listen(settings: Settings) -> socket.socket:
    """Return a listening socket. Raises BadSettings where the port cannot be had."""
    host, port = settings.host, settings.port
    try:
        listener = socket.create_server((host, port), backlog=_BACKLOG)
    except OSError as error:
        raise BadSettings(
            f"ABEYANCE_HOST={host} ABEYANCE_PORT={port}: cannot listen there ({error.strerror}); "
            "choose another port, or stop the process that uses this one."
        ) from error
    listener.setblocking(False)
    _let_go_of_who_stops_reading(listener, settings.stalled_seconds)
    return listener


def _let_go_of_who_stops_reading(listener: socket.socket, seconds: float) -> None:
    """Have the kernel close what is accepted here once its peer takes nothing for so long."""
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; elsewhere the kernel's own patience counts
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(1000 * seconds))


async def empty_backlog(listener: socket.socket) -> None:
    """Return when no connection waits to be accepted, and none can come any more.

    The kernel resets whatever still waits when a listening socket is closed. So new connections
    are ignored first: their clients try again a second later, and are refused then as by any
    closed port. Where the kernel cannot do that (it is Linux's) or does not let this user, a small
    gap stays.
    """
    if sys.platform == "linux":
        with suppress(PermissionError):
            _ignore_new(listener)
    # A handshake may be half done.
    await asyncio.sleep(_SETTLE_SECONDS)
    with suppress(TimeoutError):
        async with asyncio.timeout(_ACCEPTED_SECONDS):
            while _someone_waits(listener):  # noqa: ASYNC110 - the kernel tells of no event
                await asyncio.sleep(_LOOK_SECONDS)


def _ignore_new(listener: socket.socket) -> None:
    program = b"".join(struct.pack("HBBI", *step) for step in _DROP_NEW)
    kept = ctypes.create_string_buffer(program)
    address = struct.pack("HL", len(_DROP_NEW), ctypes.addressof(kept))
    listener.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, address)


def _someone_waits(listener: socket.socket) -> bool:
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    return bool(poll.poll(0))
