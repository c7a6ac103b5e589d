"""What the user of this database may do, as `connectionStatus` tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.storage.roles import OF_EACH, SERVING

_CHANGING = frozenset(
    {
        *("update", "remove", "dropCollection", "dropDatabase", "renameCollectionSameDB"),
        *("convertToCapped", "emptycapped", "anyAction"),
    }
)
"""Actions by which what is in a collection is changed or deleted."""


@dataclass(frozen=True, slots=True)
class Privileges:
    """`users` are those who have signed in on the connection; empty where the server has none."""

    users: tuple[str, ...]
    actions: Mapping[str, frozenset[str]]
    """By collection, of those that gateway and bot use."""

    @property
    def over_ledger(self) -> tuple[str, ...]:
        """Return the actions by which the ledger could be changed."""
        return tuple(sorted(self.actions["ledger"] & _CHANGING))

    @property
    def missing(self) -> tuple[str, ...]:
        """Return what gateway and bot need and may not do, such as `insert in holds`."""
        return tuple(
            f"{action} in {name}"
            for name, needed in SERVING.items()
            for action in (*needed, *OF_EACH)
            if not self.actions[name] & {action, "anyAction"}
        )

    @classmethod
    def read(cls, status: Mapping[str, Any], database: str) -> Privileges:
        """Read the answer to `connectionStatus` with `showPrivileges`."""
        told = status["authInfo"]
        users = tuple(f"{user['user']}@{user['db']}" for user in told["authenticatedUsers"])
        privileges = told.get("authenticatedUserPrivileges", ())
        actions = {
            name: frozenset(
                action
                for privilege in privileges
                if _covers(privilege["resource"], database, name)
                for action in privilege["actions"]
            )
            for name in SERVING
        }
        return cls(users, actions)


def _covers(resource: Mapping[str, Any], database: str, collection: str) -> bool:
    """Return whether a privilege is over a collection; an empty name in it means every one."""
    if resource.get("anyResource"):
        return True
    return "collection" in resource and (
        resource["db"] in ("", database) and resource["collection"] in ("", collection)
    )
