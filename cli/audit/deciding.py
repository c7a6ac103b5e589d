"""Decides recorded requests again, by the catalogs that were in force then.

What was masked, unpacked or mended on its way is recorded as it was forwarded, which is not what
the rules saw: it is counted and passed over. So is what is decided by more than the catalog: the
tools of MCP servers, and the questions of hooks.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from app.domain.event import EventKind
from app.domain.verdict import Action
from app.errors import AbeyanceError, BadCatalog, ContentErased, Damaged
from app.replay.reader import Reader
from app.search import SessionFilter
from app.wire.apis.mcp import MCP
from policies.decide import decide
from policies.loader import load_catalog
from proxy.replay.today import recorded_as_asked

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from app.domain.record.session import Session
    from app.domain.record.stored_catalog import StoredCatalog
    from app.storage.store import MongoStorage
    from policies.compiled_catalog import Catalog

_PAGE = 100


@dataclass(slots=True)
class DecidedAgain:
    """What deciding again has shown; `faults` are by session, the oldest first."""

    same: int = 0
    passed_over: int = 0
    """How many are not recorded as the rules saw them."""
    unreadable: int = 0
    """How many have no content any more: it was erased, or it is damaged."""
    unknown: dict[str, int] = field(default_factory=dict)
    """Sessions by catalog, where that is not stored or was made by another version."""
    faults: list[tuple[str, str]] = field(default_factory=list)


async def decide_again(
    storage: MongoStorage, step: Callable[[], None] = lambda: None
) -> DecidedAgain:
    """Raises StorageUnavailable."""
    found = DecidedAgain()
    named = await _digests(storage)
    found.faults += reversed(await _changed(storage, named))
    changed = {place for place, _ in found.faults}
    catalogs: dict[str, Catalog | None] = {}
    async for session in _sessions(storage):
        step()
        opened = await _opened(storage, session.id)
        if opened is None:
            continue  # The ledger does not know it, which the verifier tells.
        action, revision = opened
        if not _is_as_it_came(session):
            found.passed_over += 1
            continue
        if revision not in catalogs:
            stored = await storage.catalogs.get(revision)
            if revision not in named or _place(revision) in changed:
                stored = None
            catalogs[revision] = await asyncio.to_thread(_loaded, stored) if stored else None
        if (catalog := catalogs[revision]) is None:
            found.unknown[revision] = found.unknown.get(revision, 0) + 1
            continue
        try:
            body = await Reader(storage.sessions, storage.pieces, storage.pages).body(session)
        except (ContentErased, Damaged):
            found.unreadable += 1  # Whether a tombstone says why is for the verifier to tell.
            continue
        again = await asyncio.to_thread(_action, session, body, catalog)
        if again is None or again == action:
            found.same += 1
        else:
            what = f"the catalog {revision} says {again} of its request, and the ledger {action}"
            found.faults.append((f"session {session.id}", what))
    found.faults.reverse()
    return found


async def _changed(storage: MongoStorage, named: Mapping[str, set[str]]) -> list[tuple[str, str]]:
    """Return what is wrong with the catalogs that the ledger names: each was stored before."""
    faults = []
    for revision, digests in named.items():
        stored = await storage.catalogs.get(revision)
        if stored is None:
            faults.append((_place(revision), "the ledger names it, and it is not stored any more"))
        elif digests != {stored.digest}:
            faults.append((_place(revision), "what is stored of it was changed"))
    return faults


def _place(revision: str) -> str:
    return f"catalog {revision}"


def _is_as_it_came(session: Session) -> bool:
    masked = any(fired.enforced and fired.action is Action.MASK for fired in session.verdict.fired)
    is_other = session.hook is not None or session.wire == MCP.name
    return not (masked or is_other or session.request.received)


def _action(session: Session, body: bytes, catalog: Catalog) -> str | None:
    """Return what a catalog says of a request; None where it cannot be read."""
    try:
        inquiry = recorded_as_asked(session, body)
    except AbeyanceError:
        return None
    return decide(inquiry.facts, session.identity, catalog, session.started_at).action.value


def _loaded(stored: StoredCatalog) -> Catalog | None:
    """Return a catalog as it was; None where this version of the program makes another of it."""
    with TemporaryDirectory() as folder:
        for name, text in stored.files:
            path = Path(folder, name)
            if not path.resolve().is_relative_to(Path(folder).resolve()):
                return None
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        try:
            catalog = load_catalog(Path(folder))
        except BadCatalog:
            return None
    return catalog if catalog.revision == stored.id else None


async def _digests(storage: MongoStorage) -> dict[str, set[str]]:
    """Return what the ledger names for each catalog."""
    found: dict[str, set[str]] = {}
    for entry in await storage.ledger.entries(""):
        if entry.event.kind is EventKind.CATALOG_STORED:
            data = entry.event.data
            found.setdefault(str(data["catalog"]), set()).add(str(data["digest"]))
    return found


async def _opened(storage: MongoStorage, session_id: str) -> tuple[str, str] | None:
    for entry in await storage.ledger.entries(session_id):
        if entry.event.kind is EventKind.SESSION_OPENED:
            data = entry.event.data
            return str(data.get("action", "")), str(data.get("catalog", ""))
    return None


async def _sessions(storage: MongoStorage) -> AsyncIterator[Session]:
    before = ""
    while page := await storage.sessions.search(SessionFilter(), limit=_PAGE, before=before):
        for session in page:
            yield session
        before = page[-1].id
