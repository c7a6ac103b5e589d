"""The lines to paste into a tool that is to use a key. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.domain.connection import ConnectionKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.domain.connection import Connection
    from app.domain.issued import Scope


@dataclass(frozen=True, slots=True)
class Paste:
    """Lines for one place: a settings page, or a shell."""

    place: str
    lines: tuple[str, ...]


def pastes(
    connections: Iterable[Connection], scope: Scope, base: str, secret: str
) -> tuple[Paste, ...]:
    """Return what to paste for each kind of connection that a key is for.

    `base` is the gateway's address. Of several connections of a kind, the first by name counts.
    """
    first: dict[ConnectionKind, str] = {}
    for known in sorted(connections, key=lambda known: known.name):
        if scope.allows(known.name):
            first.setdefault(known.kind, f"{base}/{known.name}")
    found = []
    if url := first.get(ConnectionKind.OPENAI):
        cursor = (f"OpenAI API Key: {secret}", f"Override OpenAI Base URL: {url}/v1")
        found += [
            Paste("Cursor: Settings, Models, API Keys", cursor),
            _shell("OpenAI", ("OPENAI_BASE_URL", f"{url}/v1"), ("OPENAI_API_KEY", secret)),
        ]
    if url := first.get(ConnectionKind.ANTHROPIC):
        found.append(
            _shell("Anthropic", ("ANTHROPIC_BASE_URL", url), ("ANTHROPIC_API_KEY", secret))
        )
    if url := first.get(ConnectionKind.GEMINI):
        found.append(_shell("Gemini", ("GOOGLE_GEMINI_BASE_URL", url), ("GEMINI_API_KEY", secret)))
    if url := first.get(ConnectionKind.CURSOR):
        found.append(
            _shell("Cursor's SDK", ("CURSOR_BACKEND_URL", url), ("CURSOR_API_KEY", secret))
        )
    return tuple(found)


def _shell(api: str, *variables: tuple[str, str]) -> Paste:
    return Paste(
        f"A shell, for tools of {api}", tuple(f"export {name}={value}" for name, value in variables)
    )
