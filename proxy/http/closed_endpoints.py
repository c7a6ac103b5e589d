"""Endpoints that give out credentials, lead past the gateway, or administer the account. Pure.

One credential of ours serves everyone, so what it may do at a provider beside asking models is
closed, unless an administrator opens it for a connection.

A provider may read an address in a wider sense than it is written in. So names are compared by
their letters and digits alone, whatever their case, encoding, width or punctuation, and wherever in
an address they stand.

Sources: the API references of OpenAI, Anthropic, Google, Cursor, OpenRouter and LiteLLM.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from app.domain.connection import ConnectionKind
from app.errors import NotPermitted

if TYPE_CHECKING:
    from app.domain.connection import Connection

_ANY = "*"


@dataclass(frozen=True, slots=True)
class Closed:
    """Endpoints that are opened together. `name` is what `--open` takes.

    `paths` are stretches of an address, by the letters and digits of their segments.
    """

    name: str
    why: str
    paths: tuple[tuple[str, ...], ...]
    kinds: frozenset[ConnectionKind] = frozenset()
    """Of which connections; empty: all but servers of MCP."""


_OPENAI, _ANTHROPIC = frozenset({ConnectionKind.OPENAI}), frozenset({ConnectionKind.ANTHROPIC})
_GEMINI, _CURSOR = frozenset({ConnectionKind.GEMINI}), frozenset({ConnectionKind.CURSOR})
_CREDENTIALS = "gives out credentials that work past the gateway"
_ACCOUNT = "administers the account that everyone here shares"
_MACHINES = "lets other machines work for the account"

CLOSED = (
    Closed(
        "organization",
        _ACCOUNT,
        (("organization",), ("organizations",), ("scim",), ("compliance",), ("auditlogs",)),
    ),
    Closed(
        "keys",
        _CREDENTIALS,
        (
            *(("keys",), ("apikeys",), ("adminapikeys",), ("virtualkeys",), ("provisioningkeys",)),
            *(("serviceaccounts",), ("createapikey",), ("key", "generate"), ("key", "regenerate")),
            *(("listkeys",), ("regeneratekey",)),
        ),
    ),
    Closed(
        "realtime-tokens",
        _CREDENTIALS,
        (
            *(("clientsecrets",), ("realtime", "sessions"), ("realtimeapi", "sessions")),
            *(("realtime", "transcriptionsessions"), ("realtime", "clientsecrets")),
        ),
    ),
    Closed(
        "realtime-calls",
        "has the provider and the caller talk past the gateway",
        (("realtime", "calls"), ("realtimertc",), ("realtime", "translations")),
    ),
    Closed("chatkit", _CREDENTIALS, (("chatkit", "sessions"),)),
    Closed(
        "auth-tokens",
        _CREDENTIALS,
        (("authtokens",), ("ephemeraltokens",), ("subtokens",), ("issuetoken",)),
    ),
    Closed(
        "oauth",
        _CREDENTIALS,
        (("oauth",), ("oauth2",), ("auth", _ANY), ("exchangeuserapikey",)),
    ),
    Closed("vaults", "keeps credentials of everyone", (("vaults",),)),
    Closed(
        "projects", _ACCOUNT, (("v1", "projects"), ("checkpoints", _ANY, "permissions")), _OPENAI
    ),
    Closed("dashboard", _ACCOUNT, (("dashboard",),), _OPENAI),
    Closed("workspaces", _ACCOUNT, (("workspaces",),), _ANTHROPIC),
    Closed("environment-workers", _MACHINES, (("environments", _ANY, "work"),), _ANTHROPIC),
    Closed(
        "iam",
        _CREDENTIALS,
        (
            *(("generateaccesstoken",), ("generateidtoken",), ("signjwt",), ("signblob",)),
            *(("setiampolicy",), ("getiampolicy",), ("permissions",)),
        ),
        _GEMINI,
    ),
    Closed("private-workers", _MACHINES, (("privateworkers",), ("workers",)), _CURSOR),
    Closed(
        "team",
        _ACCOUNT,
        (("teams",), ("settings",), ("analytics",), ("bugbot",), ("groups",), ("webhooks",)),
        _CURSOR,
    ),
)
NAMES = tuple(closed.name for closed in CLOSED)
_PATHS_REMEMBERED = 1024


def check_open(connection: Connection, path: str) -> None:
    """Raise NotPermitted for an endpoint that is closed. `path` comes after the base URL."""
    whole = f"{urlsplit(connection.base_url).path}/{path}"
    closed = closed_by(connection.kind, whole, connection.open_endpoints)
    if closed is not None:
        raise NotPermitted(
            f"This endpoint {closed.why}, so it is closed here. An administrator opens it with "
            f"`abeyance connection change {connection.name} --open {closed.name}`."
        )


@lru_cache(_PATHS_REMEMBERED)
def closed_by(kind: ConnectionKind, path: str, opened: tuple[str, ...] = ()) -> Closed | None:
    """Return what closes the path of a forwarded URL; None where it is open."""
    if kind is ConnectionKind.MCP:
        return None
    readings = _segments(path, r"[/\\]"), _segments(path, r"[/\\:]")
    for closed in CLOSED:
        concerns = not closed.kinds or kind in closed.kinds
        if closed.name in opened or not concerns:
            continue
        if any(_has(read, stretch) for read in readings for stretch in closed.paths):
            return closed
    return None


def _has(segments: list[str], stretch: tuple[str, ...]) -> bool:
    last = len(segments) - len(stretch)
    return any(
        all(wanted in (_ANY, found) for wanted, found in zip(stretch, segments[at:], strict=False))
        for at in range(last + 1)
    )


def _segments(path: str, separators: str) -> list[str]:
    """Return the letters and digits of each segment; a colon is in an id, or before a verb."""
    parts = re.split(separators, unquote(path))
    plain = (_plain(part.partition(";")[0]) for part in parts)
    return [part for part in plain if part]


def _plain(part: str) -> str:
    folded = unicodedata.normalize("NFKC", part).casefold()
    return "".join(character for character in folded if character.isalnum())
