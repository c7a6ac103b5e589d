"""The title of the terminal's window, which is beside the screen that the tool draws on."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Self

from workstation.environment import variable

_STDERR = 2
_LONGEST = 120
_PUSH, _POP = "\x1b[22;0t", "\x1b[23;0t"
"""Keep the title, and bring it back: of xterm, and skipped by terminals that do not know it."""


class Title:
    """Does nothing where there is no terminal. Use it as a context manager."""

    def __init__(self) -> None:
        self._terminal = _terminal()
        self._is_ours = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.restore()
        if self._terminal is not None:
            os.close(self._terminal)

    def show(self, text: str) -> None:
        shown = "".join(char for char in text if char.isprintable())[:_LONGEST]
        # In one piece, so that nothing of the tool's comes in between.
        self._write(f"{'' if self._is_ours else _PUSH}\x1b]2;{shown}\x07")
        self._is_ours = True

    def restore(self) -> None:
        if self._is_ours:
            self._write(_POP)
            self._is_ours = False

    def _write(self, sequence: str) -> None:
        if self._terminal is not None:
            with suppress(OSError):
                os.write(self._terminal, sequence.encode())


def _terminal() -> int | None:
    """Return a descriptor of the terminal; None where there is none, or none with a title."""
    if variable("TERM") == "dumb":
        return None
    device = "CONOUT$" if sys.platform == "win32" else "/dev/tty"
    flags = os.O_WRONLY | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        return os.open(device, flags)
    except OSError:
        return os.dup(_STDERR) if os.isatty(_STDERR) else None
