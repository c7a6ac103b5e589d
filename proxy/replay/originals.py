"""Originals of what was masked: shown to those for whom they are kept, in the ledger before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.event import Event, EventKind
from app.errors import NotFound

if TYPE_CHECKING:
    from app.clock import Clock
    from app.domain.record.original import KeptOriginal
    from app.storage.content.originals import MongoOriginals
    from app.storage.ports import Ledger
    from proxy.replay.viewers import Viewer

_NONE = "There is no such original, or it is not kept for you. This attempt is recorded."


class Originals:
    """Every method may raise StorageUnavailable."""

    def __init__(self, store: MongoOriginals, ledger: Ledger, clock: Clock) -> None:
        self._store = store
        self._ledger = ledger
        self._clock = clock

    async def of(self, session_id: str) -> tuple[KeptOriginal, ...]:
        """Return what is kept of a session, still sealed."""
        return await self._store.of_session(session_id)

    async def for_viewer(
        self, viewer: Viewer, session_id: str, where: str
    ) -> tuple[KeptOriginal, ...]:
        """Return what they may open of a session. Raises NotFound where that is nothing."""
        kept = await self.of(session_id)
        theirs = [one for one in kept if viewer.may_open(one)]
        if not theirs:
            raise await self._refused(viewer, session_id if kept else "", where)
        return tuple(theirs)

    async def opened(
        self, viewer: Viewer, session_id: str, name: str, where: str
    ) -> tuple[KeptOriginal, str]:
        """Return an original and its value, once it is in the ledger who opens it.

        Raises NotFound where the viewer may not, which is recorded too; ContentErased, Damaged.
        """
        kept = await self.of(session_id)
        found = next((one for one in kept if one.name == name and viewer.may_open(one)), None)
        if found is None:
            raise await self._refused(viewer, session_id if kept else "", where)
        told = {"original": found.name, "rule": found.rule, "for": " ".join(found.sealed_for)}
        await self._note(viewer, EventKind.ORIGINAL_OPENED, session_id, where, told)
        return found, await self._store.opened(found)

    async def _refused(self, viewer: Viewer, session_id: str, where: str) -> NotFound:
        told = {"what": "original"}
        await self._note(viewer, EventKind.REPLAY_REFUSED, session_id, where, told)
        return NotFound(_NONE)

    async def _note(
        self, viewer: Viewer, kind: EventKind, session_id: str, where: str, told: dict[str, str]
    ) -> None:
        identity = viewer.identity
        who = {"identity": identity.key, "email": identity.email, "in": where}
        await self._ledger.append(Event(kind, self._clock.now(), session_id, {**who, **told}))
