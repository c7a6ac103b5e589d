"""A program in the foreground: it has the terminal, and gets the signals that we get."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from app.errors import BadSettings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import FrameType

# The terminal gives these to the program as well as to us: it decides what they mean.
_FROM_KEYBOARD = ("SIGINT", "SIGQUIT", "SIGBREAK")
_PASSED_ON = ("SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")
_KILLED = 128
"""By the convention of shells, a program that a signal ended has this code and the signal's."""


def found(command: str, variables: Mapping[str, str]) -> str:
    """Return the path of a program. Raises BadSettings where there is none."""
    # On Windows what npm installs is a script that only its full name starts.
    path = shutil.which(command, path=variables.get("PATH"))
    if path is None:
        raise BadSettings(f"There is no program {command!r} here: install it, or check PATH.")
    return path


class Child:
    """A program that runs. Make it in the main thread: that is where signals come."""

    def __init__(self, command: Sequence[str], variables: Mapping[str, str]) -> None:
        """Raises BadSettings where it cannot be started."""
        try:
            self._process = subprocess.Popen(command, env=dict(variables))
        except OSError as error:
            raise BadSettings(f"{command[0]} cannot be started ({error}).") from error

    def wait(self) -> int:
        """Return its exit code, as a shell would. Blocks."""
        code = self._process.wait() if sys.platform == "win32" else self._wait()
        return code if code >= 0 else _KILLED - code

    def send(self, number: int) -> None:
        with suppress(OSError):  # it has just ended
            self._process.send_signal(number)

    if sys.platform != "win32":

        def _wait(self) -> int:
            """Wait, and stop where it stops: else the shell would not come back on Ctrl-Z."""
            while True:
                try:
                    _, status = os.waitpid(self._process.pid, os.WUNTRACED)
                except InterruptedError:
                    continue
                if not os.WIFSTOPPED(status):
                    self._process.returncode = os.waitstatus_to_exitcode(status)
                    return self._process.returncode
                os.kill(os.getpid(), signal.SIGSTOP)
                self.send(signal.SIGCONT)


@contextmanager
def signals_for(child: list[Child]) -> Iterator[None]:
    """Leave to the program what comes from the keyboard, and pass on what comes to us alone."""

    def leave(_number: int, _frame: FrameType | None) -> None:
        pass

    def pass_on(number: int, _frame: FrameType | None) -> None:
        for each in child:
            each.send(number)

    wanted = dict.fromkeys(_FROM_KEYBOARD, leave) | dict.fromkeys(_PASSED_ON, pass_on)
    there = {name: how for name, how in wanted.items() if hasattr(signal, name)}
    before = {name: signal.signal(getattr(signal, name), how) for name, how in there.items()}
    try:
        yield
    finally:
        for name, how in before.items():
            signal.signal(getattr(signal, name), how)
