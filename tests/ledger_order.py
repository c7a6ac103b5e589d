"""Whether all that went out had a reason of its own, as the ledger tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.audit.proof.verifier import RecordVerifier
from app.audit.seals import content

if TYPE_CHECKING:
    from app.storage.store import MongoStorage


async def out_of_order(storage: MongoStorage) -> list[str]:
    """Return what is wrong with chains and reasons in a ledger, and what it does not tell."""
    verifier = RecordVerifier()
    for first in await storage.ledger.firsts():
        for entry in await storage.ledger.chain(first.chain, 0, 1_000_000):
            verifier.unsigned(content(entry), entry.hash)
    verifier.finish_stories()
    faults = [str(fault) for fault in verifier.faults]
    if untold := verifier.progress.stories.untold:
        faults.append(f"of {untold} sessions it is not told that their reasons are theirs")
    return faults
