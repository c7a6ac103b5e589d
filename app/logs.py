"""Logs: one JSON object a line where machines read, colours where a person does.

An exception is told by its kinds and places; its words may quote what no log may hold.
"""

from __future__ import annotations

import logging
import sys
import time
import traceback
from typing import TYPE_CHECKING

import structlog
from structlog.stdlib import ProcessorFormatter

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor, WrappedLogger

_FRAMES = 12
"""How many places are told of an exception: those nearest to it."""


def set_up_logs(level: str) -> None:
    """Configure the process once, at its start; `level` is a name such as `INFO`."""
    human = sys.stderr.isatty()
    renderer: Processor = (
        structlog.dev.ConsoleRenderer() if human else structlog.processors.JSONRenderer()
    )
    common: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        without_words,
    ]
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, *common, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    of_libraries = logging.StreamHandler(sys.stderr)
    of_libraries.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *common, _first_line],
            processors=[ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[of_libraries])


class Seldom:
    """Says when a warning that repeats is due again: an outage must not fill the log."""

    def __init__(self, seconds: float = 30.0) -> None:
        self._seconds = seconds
        self._said_at = float("-inf")

    def due(self) -> bool:
        now = time.monotonic()
        if now - self._said_at < self._seconds:
            return False
        self._said_at = now
        return True


def where(error: BaseException) -> str:
    """Return the place where an error was raised."""
    places = _places(error)
    return places[-1] if places else "unknown"


def without_words(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace an exception's text, which may quote a request, by its classes and code locations."""
    given = event.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["kind"] = " from ".join(_kinds(error))
        event["at"] = _places(error)[-_FRAMES:]
    return event


def _first_line(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Cut what a library logs to what it says itself: below that it quotes what it worked on."""
    event["event"] = str(event["event"]).partition("\n")[0]
    return event


def _kinds(error: BaseException) -> list[str]:
    kinds: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(kinds) < _FRAMES:
        kinds.append(type(cause).__name__)
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return kinds


def _places(error: BaseException) -> list[str]:
    return [f"{at.filename}:{at.lineno}" for at in traceback.extract_tb(error.__traceback__)]
