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
from functools import wraps
from typing import TYPE_CHECKING, Any

from app.logs import set_up_logs
from app.notary_settings import load_notary_settings
from app.settings import load_settings
from cli.processes.running import run_until_stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from multiprocessing.connection import Connection
    from pathlib import Path

    from app.domain.event import Entry
    from app.storage.bulk import Write
    from app.storage.registers import MongoLedger
    from tests.chaos.steps import Step

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.chaos.doomed", "proxy.main", "bot.main", "notary.main"])
_MOST_SECONDS = 60


class Doomed:
    """One process. It is up when the constructor returns."""

    def __init__(
        self,
        part: str,
        environment: Mapping[str, str],
        log: Path,
        step: Step | None = None,
        database: int = 0,
    ) -> None:
        """`database` is the process that dies where the step says so."""
        here, there = _CONTEXT.Pipe(duplex=False)
        given = (part, dict(environment), log, step, database, there)
        self._process = _CONTEXT.Process(target=_live, args=given, daemon=True)
        self._process.start()
        there.close()
        try:
            self.url = str(here.recv())
        except EOFError:
            raise RuntimeError(f"{part} did not start:\n{log.read_text()[-3000:]}") from None

    def wait(self) -> int:
        """Return how it ended; one that does not come to its step is killed, and returns 0."""
        self._process.join(_MOST_SECONDS)
        code = self._process.exitcode
        if code is None:
            self.kill()
        return int(code or 0)

    def kill(self) -> None:
        self._process.kill()
        self._process.join()


def acknowledged(log: Path) -> dict[str, str]:
    """Return the places and hashes of the entries that a process was told are written."""
    path = _acknowledged_by(log)
    lines = path.read_text().splitlines() if path.exists() else []
    return dict(line.rsplit(" ", 1) for line in lines)


def _acknowledged_by(log: Path) -> Path:
    return log.with_suffix(".acknowledged")


def _live(
    part: str,
    environment: dict[str, str],
    log: Path,
    step: Step | None,
    database: int,
    up: Connection,
) -> None:
    os.environ.update(environment)
    with log.open("ab") as errors:
        os.dup2(errors.fileno(), 2)
    _note_acknowledged(_acknowledged_by(log))
    if step is not None:
        _arm(step, database if step.database else os.getpid())
    settings = load_settings()
    set_up_logs(settings.log_level)
    match part:
        case "gateway":
            from proxy.main import run_gateway

            run_until_stopped(lambda stop: run_gateway(settings, stop, up.send))
        case "bot":
            from bot.main import run_bot

            run_until_stopped(lambda stop: run_bot(settings, stop, up.send))
        case _:
            from notary.main import run_notary

            own = load_notary_settings()
            run_until_stopped(lambda stop: run_notary(settings, own, stop, up.send))


def _arm(step: Step, victim: int) -> None:
    """Have a process killed when this one comes to a step."""
    module, _, name = step.point.partition(":")
    holder: Any = importlib.import_module(module)
    *owner, name = name.split(".")
    for part in owner:
        holder = getattr(holder, part)
    setattr(holder, name, _deadly(getattr(holder, name), step, victim))


def _deadly(original: Callable[..., Any], step: Step, victim: int) -> Callable[..., Any]:
    calls = itertools.count(1)

    if not inspect.iscoroutinefunction(original):

        @wraps(original)
        def called(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - whatever it is
            if (due := next(calls) == step.nth) and not step.after:
                os.kill(victim, signal.SIGKILL)
            result = original(*args, **kwargs)
            if due and step.after:
                os.kill(victim, signal.SIGKILL)
            return result

        return called

    @wraps(original)
    async def awaited(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        if (due := next(calls) == step.nth) and not step.after:
            os.kill(victim, signal.SIGKILL)
        result = await original(*args, **kwargs)
        if due and step.after:
            os.kill(victim, signal.SIGKILL)
        return result

    return awaited


def _note_acknowledged(path: Path) -> None:
    """Write down each entry of the ledger as soon as the database has said that it is written."""
    from app.storage.registers import MongoLedger

    insert = MongoLedger.insert

    async def noted(
        self: MongoLedger, entries: Sequence[Entry], writes: Sequence[Write] = ()
    ) -> Any:  # noqa: ANN401
        found = await insert(self, entries, writes)
        with path.open("a") as file:
            file.writelines(f"{entry.place} {entry.hash}\n" for entry in entries)
        return found

    MongoLedger.insert = noted  # type: ignore[method-assign]
