"""The story of one tool: forwarder up, tool in the foreground, forwarder down."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from workstation.checkout import checkout_of
from workstation.environment import variables
from workstation.forwarder.server import Forwarder, TokenSource
from workstation.hook.gate import FORWARDER_KEY, FORWARDER_URL
from workstation.launch.child import Child, found, signals_for
from workstation.launch.environment import Prepared, prepared
from workstation.launch.notifications import notify
from workstation.launch.title import Title
from workstation.launch.waiting import HoldWatch
from workstation.setup.base import OfferedConnection
from workstation.tools.base import Route, Start, Tool

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True, slots=True)
class Launch:
    """What is started, and behind what."""

    command: tuple[str, ...]
    tool: Tool
    connections: tuple[OfferedConnection, ...]
    gateway: str
    tokens: TokenSource
    notifies: bool = True


def launch(wanted: Launch, tell: Callable[[Start, Prepared], None]) -> int:
    """Run a tool to its end, and return its exit code. `tell` hears what it is started with.

    Raises BadSettings where it cannot be started.
    """
    program = found(wanted.command[0], variables())
    children: list[Child] = []
    with signals_for(children), TemporaryDirectory(prefix="abeyance-") as folder:
        return asyncio.run(_run(wanted, program, Path(folder), children, tell))


async def _run(
    wanted: Launch,
    program: str,
    folder: Path,
    children: list[Child],
    tell: Callable[[Start, Prepared], None],
) -> int:
    kinds = {known.name: known.kind for known in wanted.connections}
    here = Path.cwd()
    async with Forwarder(
        wanted.gateway, wanted.tokens, kinds, lambda: checkout_of(here).headers
    ) as forwarder:
        given = variables()
        start = wanted.tool.starting(
            routes_of(wanted.connections, forwarder.url, forwarder.key), given, folder
        )
        ready = prepared(wanted.tool, start, given)
        write_files(start)
        tell(start, ready)
        with Title() as title:
            watch = HoldWatch(
                lambda: forwarder.ask("/-/waiting"),
                forwarder.traffic,
                title,
                notify if wanted.notifies else _nothing,
                wanted.tool.title if wanted.tool.name else Path(wanted.command[0]).name,
            )
            hooks = {FORWARDER_URL: forwarder.url, FORWARDER_KEY: forwarder.key}
            command = (program, *start.arguments, *wanted.command[1:])
            child = Child(command, {**ready.variables, **hooks})
            children.append(child)
            watching = asyncio.ensure_future(watch.run())
            try:
                return await asyncio.to_thread(child.wait)
            finally:
                watching.cancel()
                with suppress(asyncio.CancelledError):
                    await watching


def routes_of(connections: Sequence[OfferedConnection], base: str, key: str) -> tuple[Route, ...]:
    """Return how a tool reaches connections at an address."""
    return tuple(
        Route(known.name, known.kind, f"{base}/{known.name}", key) for known in connections
    )


def write_files(start: Start) -> None:
    """Write what a tool is to read, for its owner alone."""
    for path, text in start.files.items():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
            file.write(text)


def _nothing(_title: str, _text: str) -> None:
    pass
