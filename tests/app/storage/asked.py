"""What a driver asks of collections, and what a server does with it."""

from __future__ import annotations

from typing import Any

from pymongo import monitoring

_PARTS = ("find", "filter", "sort")


class Asked(monitoring.CommandListener):
    """It listens to each connection that is made after it was registered."""

    def __init__(self, collection: str) -> None:
        self.queries: list[dict[str, Any]] = []
        self._collection = collection

    @property
    def filters(self) -> list[dict[str, Any]]:
        return [query["filter"] for query in self.queries]

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        asked = event.command
        if event.command_name == "find" and asked["find"] == self._collection:
            self.queries.append({name: asked[name] for name in _PARTS if name in asked})

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass


class Conditions(monitoring.CommandListener):
    """What documents have to meet that are read, changed or deleted, with their collections.

    It listens as `Asked` does.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        name, command = event.command_name, event.command
        if name == "find":
            self.asked.append((command["find"], command["filter"]))
        changes = [*command.get("updates", ()), *command.get("deletes", ())]
        self.asked += [(command[name], change["q"]) for change in changes]

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass


def by_index(query: dict[str, Any]) -> dict[str, Any]:
    """Return the part of a query for sessions that the embedded server finds by an index.

    Of several fields it takes the first that has one, of which it explains nothing. All that this
    finds it reads and sorts.
    """
    alone = len(query["filter"]) == 2 and "$all" not in query["filter"].get("terms", {})
    return dict(list(query["filter"].items())[: 2 if alone else 1])
