"""Processes of the product that die at a given step, as when the power goes: no handler runs.

They are forked from a server that has imported the product already, so that a start is cheap.
"""

from __future__ import annotations

import importlib
import inspect
import itertools
import multiprocessing
import os
import signal
import threading
from functools import wraps
from typing import TYPE_CHECKING, Any

from app.logs import set_up_logs
from app.notary_settings import load_notary_settings
from app.settings import load_settings
from cli.processes.running import run_until_stopped
from tests.chaos.noting import note_acknowledged, note_passed, note_unrecorded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from multiprocessing.connection import Connection
    from pathlib import Path

    from tests.chaos.steps import Step

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.chaos.doomed", "proxy.main", "bot.main", "notary.main"])
MOST_SECONDS = 180
"""For a process to come to its step: no measure, but an end where something hangs."""


class Doomed:
    """One process of the product. It is up when the constructor returns."""

    def __init__(
        self,
        part: str,
        environment: Mapping[str, str],
        log: Path,
        step: Step | None = None,
        database: int = 0,
    ) -> None:
        """`step` and `database` are as `arm` has them, from the start of the process on."""
        self.part = part
        self._log = log
        self._pipe, there = _CONTEXT.Pipe()
        given = (part, dict(environment), log, step, database, there)
        self._process = _CONTEXT.Process(target=_live, args=given, daemon=True)
        self._process.start()
        there.close()
        self.url = self._heard()

    def arm(self, step: Step, database: int) -> None:
        """Have a process die at the next such step: this one, or that of the database."""
        self._pipe.send((step, database))
        self._heard()

    @property
    def is_alive(self) -> bool:
        return self._process.is_alive()

    def wait(self) -> int:
        """Return how it ended; one that does not come to its step is killed, and returns 0."""
        self._process.join(MOST_SECONDS)
        code = self._process.exitcode
        if code is None:
            self.kill()
        return int(code or 0)

    def stop(self) -> int | None:
        """Have it end as it does where an administrator stops it, and return its exit code."""
        self._process.terminate()
        self._process.join(MOST_SECONDS)
        return self._process.exitcode

    def kill(self) -> None:
        self._process.kill()
        self._process.join()

    def _heard(self) -> str:
        try:
            return str(self._pipe.recv())
        except EOFError:
            said = self._log.read_text()[-3000:]
            raise RuntimeError(f"{self.part} has ended:\n{said}") from None


def _live(
    part: str,
    environment: dict[str, str],
    log: Path,
    step: Step | None,
    database: int,
    pipe: Connection,
) -> None:
    os.environ.update(environment)
    with log.open("ab") as errors:
        os.dup2(errors.fileno(), 2)
    note_acknowledged(log)
    note_passed(log)
    note_unrecorded(log)
    armed = _Armed()
    if step is not None:
        armed.at(step, database)
    threading.Thread(target=armed.listen, args=(pipe,), daemon=True).start()
    settings = load_settings()
    set_up_logs(settings.log_level)
    match part:
        case "gateway":
            from proxy.main import run_gateway

            run_until_stopped(lambda stop: run_gateway(settings, stop, pipe.send))
        case "bot":
            from bot.main import run_bot

            run_until_stopped(lambda stop: run_bot(settings, stop, pipe.send))
        case _:
            from notary.main import run_notary

            own = load_notary_settings()
            run_until_stopped(lambda stop: run_notary(settings, own, stop, pipe.send))


class _Armed:
    """The step at which this process brings death."""

    def __init__(self) -> None:
        self._undo: Callable[[], None] = lambda: None

    def listen(self, pipe: Connection) -> None:
        while True:
            try:
                step, database = pipe.recv()
            except EOFError:
                return
            self.at(step, database)
            pipe.send(step.point)

    def at(self, step: Step, database: int) -> None:
        self._undo()
        module, _, name = step.point.partition(":")
        holder: Any = importlib.import_module(module)
        *owner, name = name.split(".")
        for part in owner:
            holder = getattr(holder, part)
        original = getattr(holder, name)
        self._undo = lambda: setattr(holder, name, original)
        setattr(holder, name, _deadly(original, step, database if step.database else os.getpid()))


def _deadly(original: Callable[..., Any], step: Step, victim: int) -> Callable[..., Any]:
    calls = itertools.count(1)

    def strike(number: int, *, after: bool) -> None:
        if number == step.nth and after is step.after:
            os.kill(victim, signal.SIGKILL)

    if not inspect.iscoroutinefunction(original):

        @wraps(original)
        def called(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - whatever it is
            number = next(calls)
            strike(number, after=False)
            result = original(*args, **kwargs)
            strike(number, after=True)
            return result

        return called

    @wraps(original)
    async def awaited(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        number = next(calls)
        strike(number, after=False)
        result = await original(*args, **kwargs)
        strike(number, after=True)
        return result

    return awaited
