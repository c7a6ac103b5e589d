"""The processes that work on large messages.

Theory of operation. A gateway starts one *template*: a process that loads the catalog, and from
then on does nothing but fork. Each fork is a *worker*: it has the catalog from its first moment on,
in memory that it shares with the template. The gateway talks with a worker over a socket, one call
at a time; what it sends to the template is one byte, and for a new worker the worker's socket.

    gateway                         template                   worker
       │  FORK, socket  ──────────────► │  fork ────────────────► │
       │  work, pickled ───────────────────────────────────────►  │
       │ ◄─────────────────────────────────── what it gave, pickled
       │  LOAD ───────────────────────► │  (reads the catalog again)
       │ ◄──── revision of the catalog  │

A worker ends as soon as the gateway closes its socket, in the middle of its work if need be: so it
never works on for a caller who has left, nor for a gateway that was killed. It ends by itself once
a message has left it much larger than it was. No process has anything of the gateway's environment,
and so none of its secrets but the key that names passages, which comes with a request.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pickle
import select
import signal
import socket
import struct
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.errors import AbeyanceError, BadCatalog
from app.logs import where
from policies.loader import load_catalog
from policies.reload import set_aside
from proxy import inspection
from proxy.record import pager
from proxy.replay import markup, reading
from proxy.work import answers
from proxy.work.memory import resident, trim

if TYPE_CHECKING:
    from policies.compiled_catalog import Catalog

WORK = (answers, inspection, pager, reading)
"""The modules of what is done here: each fork has them already."""

FORK, LOAD = b"F", b"L"
HEAD = struct.Struct("!Q")
"""Before each message: its length in bytes."""
REVISION_BYTES = 64
"""A revision is sent padded to this length; nothing but blanks where there is no catalog."""
_NICE = 5
"""The event loop goes first, whatever the workers do."""
GROWTH_BYTES = 96 * 1024 * 1024
"""A worker that is larger by this much than it began ends."""
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)


@dataclass(frozen=True, slots=True)
class WorkerCall:
    """`work` is called with the catalog, or with what an earlier call gave that `stays`.

    What stays is not sent back.
    """

    work: Callable[[Any], Any]
    stays: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """What a call gave, or `error` in its place. A worker that `leaves` takes no other call."""

    value: Any = None
    error: AbeyanceError | Surprise | None = None
    leaves: bool = False


@dataclass(frozen=True, slots=True)
class Surprise:
    """An exception that nobody foresaw: its words may quote a message, so they stay there."""

    kind: str
    place: str


def main() -> None:
    """Be a template; the arguments are a descriptor and the catalog's directory."""
    _die_with_parent()
    # Signals are for the gateway, which may have work for us while it stops.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how a worker ended
    os.nice(_NICE)
    gateway, directory = socket.socket(fileno=int(sys.argv[1])), Path(sys.argv[2])
    catalog = _loaded(directory, gateway)
    while True:
        asked, descriptors, _, _ = socket.recv_fds(gateway, 1, 1)
        if not asked:
            return
        if asked == LOAD:
            catalog = _loaded(directory, gateway)
        for descriptor in descriptors:
            with socket.socket(fileno=descriptor) as caller:
                if catalog is not None:
                    _fork(caller, gateway, catalog)


def _loaded(directory: Path, gateway: socket.socket) -> Catalog | None:
    """Load the catalog and say its revision."""
    catalog: Catalog | None = None
    with contextlib.suppress(BadCatalog):  # the gateway tells of it
        catalog = load_catalog(directory)
        catalog.warm()
        catalog.warm_answers()  # here once, so that no worker needs to
        markup.warm()
        set_aside()
    revision = catalog.revision if catalog else ""
    gateway.sendall(revision.encode().ljust(REVISION_BYTES))
    return catalog


def _fork(caller: socket.socket, gateway: socket.socket, catalog: Catalog) -> None:
    """Make a worker. Where the system does not let us, the caller sees its socket closed."""
    with contextlib.suppress(OSError):
        if os.fork():
            return
        try:
            gateway.close()
            _work(caller, catalog)
        finally:
            os._exit(0)


def _work(caller: socket.socket, catalog: Catalog) -> None:
    """Be a worker: answer one call after another."""
    threading.Thread(target=_end_with, args=(caller.fileno(),), daemon=True).start()
    most = resident() + GROWTH_BYTES
    subject: Any = catalog
    while True:
        call: WorkerCall = pickle.loads(_received(caller))  # noqa: S301 - from our own gateway
        reply = _answered(call, subject)
        if call.stays:
            subject, reply = reply.value, replace(reply, value=None)
        del call
        trim()
        reply = replace(reply, leaves=subject is catalog and resident() > most)
        data = pickle.dumps(reply, pickle.HIGHEST_PROTOCOL)
        caller.sendall(HEAD.pack(len(data)))
        caller.sendall(data)
        if reply.leaves:
            return


def _answered(call: WorkerCall, subject: object) -> Reply:
    try:
        return Reply(call.work(subject))
    except AbeyanceError as error:
        return Reply(error=error)
    except Exception as surprise:  # noqa: BLE001 - whatever it is, the gateway decides
        return Reply(error=Surprise(type(surprise).__name__, where(surprise)))


def _received(caller: socket.socket) -> bytearray:
    (size,) = HEAD.unpack(_exactly(caller, HEAD.size))
    return _exactly(caller, size)


def _exactly(caller: socket.socket, size: int) -> bytearray:
    data = bytearray(size)
    room = memoryview(data)
    while room:
        count = caller.recv_into(room)
        if not count:
            os._exit(0)
        room = room[count:]
    return data


def _end_with(descriptor: int) -> None:
    """End this process when the other end of a socket is closed."""
    other_end = select.poll()
    other_end.register(descriptor, 0)  # of which is told without being asked
    other_end.poll()
    os._exit(0)


def _die_with_parent() -> None:
    """Have the system end this process with the gateway, even while it loads a catalog.

    Elsewhere than on Linux it ends when it has loaded it.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
