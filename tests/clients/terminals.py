"""A program at a terminal: what is typed into it, and what a person sees on its screen."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pyte

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from pathlib import Path

_COLUMNS, _LINES = 140, 50
_WAIT_SECONDS = 240.0


class Terminal:
    """Keeps the screen as the program draws it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._screen = pyte.HistoryScreen(_COLUMNS, _LINES, history=1000)
        self._stream = pyte.ByteStream(self._screen)
        self._changed = asyncio.Event()
        asyncio.get_running_loop().add_reader(descriptor, self._read)

    @property
    def text(self) -> str:
        """What is on the screen and above it, with every blank as one."""
        over = self._screen.history.top
        above = ["".join(line[column].data for column in range(_COLUMNS)) for line in over]
        return " ".join(" ".join([*above, *self._screen.display]).split())

    async def wait_for_title(self, words: str) -> str:
        """Return the title of the window once it has the words. Raises TimeoutError with it."""
        try:
            async with asyncio.timeout(_WAIT_SECONDS):
                while words not in self._screen.title:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise TimeoutError(f"waited for {words!r}, and saw: {self._screen.title}") from None
        return str(self._screen.title)

    def type(self, text: str) -> None:
        os.write(self._descriptor, text.encode())

    async def wait_for(self, words: str) -> str:
        return await self.wait_for_count(words, 1)

    async def wait_for_count(self, words: str, count: int) -> str:
        """Return the text once it has the words so often. Raises TimeoutError with the screen."""
        try:
            async with asyncio.timeout(_WAIT_SECONDS):
                while self.text.count(words) < count:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise TimeoutError(f"waited for {words!r}, and saw: {self.text}") from None
        return self.text

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._descriptor)

    def _read(self) -> None:
        try:
            data = os.read(self._descriptor, 65536)
        except OSError:  # the program has ended
            data = b""
        if not data:
            self.close()
        self._stream.feed(data)
        self._changed.set()


@asynccontextmanager
async def at_terminal(
    command: Sequence[str | Path], cwd: Path, env: Mapping[str, str]
) -> AsyncIterator[Terminal]:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", _LINES, _COLUMNS, 0, 0))
    streams = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
    process = subprocess.Popen(command, cwd=cwd, env=env, start_new_session=True, **streams)
    os.close(theirs)
    terminal = Terminal(ours)
    try:
        yield terminal
    finally:
        terminal.close()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        os.close(ours)
