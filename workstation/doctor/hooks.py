"""Our handlers among the hooks of a tool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workstation.hook.install import is_ours

if TYPE_CHECKING:
    from collections.abc import Iterator


def our_handlers(hooks: object) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each of our handlers in a tool's table of hooks, with its event."""
    for event, entries in (hooks if isinstance(hooks, dict) else {}).items():
        for entry in entries if isinstance(entries, list) else []:
            inner = entry.get("hooks") if isinstance(entry, dict) else None
            for handler in inner if isinstance(inner, list) else [entry]:
                if is_ours(handler):
                    yield str(event), handler
