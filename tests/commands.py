"""Counts what is asked of the database, by a listener of the driver."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pymongo import monitoring

if TYPE_CHECKING:
    from collections.abc import Iterator

_HOUSEKEEPING = {"hello", "ping", "getMore", "endSessions", "createIndexes", "listIndexes"}


class Commands(monitoring.CommandListener):
    """`asked` and `answered` count each kind of command with its collections."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        self._database = ""
        self._named: dict[int, str] = {}

    @contextmanager
    def of(self, database: str) -> Iterator[None]:
        """Count what concerns a database, for the length of a block."""
        self.asked.clear()
        self.answered.clear()
        self._database = database
        try:
            yield
        finally:
            self._database = ""

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        name = self._name(event.command_name, event.database_name, event.command)
        if name:
            self._named[event.request_id] = name
            self.asked[name] += 1

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        self._ended(event.request_id)

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        self._ended(event.request_id)

    def _ended(self, request: int) -> None:
        if name := self._named.pop(request, ""):
            self.answered[name] += 1

    def _name(self, command: str, database: str, body: Any) -> str:  # noqa: ANN401 - a document
        if not self._database or command in _HOUSEKEEPING:
            return ""
        if command == "bulkWrite":
            spaces = [space["ns"].partition(".") for space in body["nsInfo"]]
            names = {name for whose, _, name in spaces if whose == self._database}
            return " ".join(["bulkWrite", *sorted(names)]) if names else ""
        ours = database == self._database
        return f"{command} {body[command]}" if ours else ""
