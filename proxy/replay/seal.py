"""The seal of a session: what `abeyance audit verify` does, for this session alone.

Its entries in the ledger are held against their seals and their neighbours, what was stored
against the digests that they name, and what went out against the reasons for it. The notary's
signatures are not looked at: whoever can change the whole ledger can make it fit again, and the
page says so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.audit.proof.verifier import RecordVerifier
from app.audit.seals import content
from app.domain.event import EventKind, place
from app.errors import Damaged
from proxy.replay.proof import entries_about, stored_session

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.domain.event import Entry
    from app.domain.record.session import Session
    from app.storage.store import MongoStorage


@dataclass(frozen=True, slots=True)
class SealCheck:
    """What was found; `faults` are sentences, and none where all that was looked at is in order."""

    session_id: str
    entries: int = 0
    faults: tuple[str, ...] = ()
    is_over: bool = True
    """Whether it has ended, so that its content is whole and was looked at."""
    is_gone: bool = False
    """Whether its content was purged or erased, as a tombstone says."""


async def checked(storage: MongoStorage, session: Session) -> SealCheck:
    """Look at the record of a session. Raises StorageUnavailable, NotFound."""
    verifier = RecordVerifier(contents=True)
    entries = (await entries_about(storage, [session.id])).values()
    neighbours = await storage.ledger.at(
        [place(entry.chain, entry.seq + step) for entry in entries for step in (-1, 1)]
    )
    for entry in sorted(entries, key=lambda one: (one.event.at, one.seq)):
        before = neighbours.get(place(entry.chain, entry.seq - 1))
        after = neighbours.get(place(entry.chain, entry.seq + 1))
        verifier.single(
            content(entry),
            entry.hash,
            before.hash if before else "",
            after.previous if after else "",
        )
    is_over = verifier.progress.stories.is_over(session.id)
    if is_over:
        await _settle(storage, verifier, session.id)
    elif not _is_opened(entries, session.id):
        verifier.fault(f"session {session.id}", "no entry of the ledger says that it was opened")
    verifier.finish_stories()
    return SealCheck(
        session.id,
        len(entries),
        tuple(map(str, verifier.faults)),
        is_over,
        bool(verifier.progress.purged),
    )


def damaged(check: SealCheck, lost: str) -> SealCheck:
    """Return a check that is not in order, as content that it does not look at was changed."""
    return check if lost in " ".join(check.faults) else replace(check, faults=(lost, *check.faults))


async def _settle(storage: MongoStorage, verifier: RecordVerifier, session_id: str) -> None:
    """Hold what is stored against the digests; a tombstone may say why it is not there."""
    try:
        if record := await stored_session(storage, session_id):
            verifier.take_content(record)
    except Damaged as damaged:
        verifier.damaged(session_id, str(damaged).removesuffix("."))
    verifier.settle(session_id)


def _is_opened(entries: Iterable[Entry], session_id: str) -> bool:
    return any(
        entry.event.session_id == session_id and entry.event.kind is EventKind.SESSION_OPENED
        for entry in entries
    )
