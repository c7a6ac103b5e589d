"""Holds: small documents in a collection of their own, the only one that is watched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.hold import GrantSummary, Hold, HoldState
from app.errors import StorageUnavailable, Superseded
from app.ids import first_id, new_token
from app.storage.documents import called, hold_document, to_document
from app.storage.driver import Exists, repeating
from app.storage.mongo import Index

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
    from datetime import datetime

    from app.domain.hold import Marked
    from app.storage.documents import Document
    from app.storage.mongo import Collection

_OPENINGS = 3
_DECIDED = [state.value for state in HoldState if state is not HoldState.PENDING]


@repeating
class MongoHolds:
    """A HoldStore."""

    def __init__(self, holds: Collection[Hold]) -> None:
        self._holds = holds
        self._writer = new_token()

    async def prepare(self) -> None:
        await self._holds.prepare(
            # A closed hold has no `open_key`: so two open holds of one request cannot be.
            Index(("open_key",), unique=True, when={"open_key": {"$gt": ""}}),
            Index(("state", "_id")),
            Index(("settled", "_id")),
            Index(("who", "_id")),
            Index(("task", "_id")),
            Index(("judged", "_id")),
            Index(("voters", "-_id")),
        )

    async def open(self, hold: Hold) -> Hold:
        for _ in range(_OPENINGS):
            try:
                await self._holds.insert(hold_document(hold))
            except Exists:
                if found := await self.get(hold.id) or await self.find_open(hold.key):
                    return found
                # It closed between the two calls: the next one finds the way free.
            else:
                return hold
        raise StorageUnavailable("A hold of this request opens and closes again all the time.")

    async def remove(self, hold_id: str) -> None:
        await self._holds.remove(hold_id)

    async def get(self, hold_id: str) -> Hold | None:
        return await self._holds.one({"_id": hold_id})

    async def get_many(self, hold_ids: Iterable[str]) -> tuple[Hold, ...]:
        return await self._holds.named(hold_ids)

    async def decided(self, hold_ids: Iterable[str]) -> tuple[Hold, ...]:
        return await self._holds.named(hold_ids, {"state": {"$in": _DECIDED}})

    async def find_open(self, key: str) -> Hold | None:
        return await self._holds.one({"open_key": key})

    async def recent(self, identity_key: str, since: datetime) -> tuple[Hold, ...]:
        return await self._holds.find({"who": identity_key, "_id": {"$gt": first_id(since)}})

    async def of_task(self, task: str) -> tuple[Hold, ...]:
        return await self._holds.find({"task": task})

    async def judged(self, rule: str, limit: int) -> tuple[Hold, ...]:
        return await self._holds.find({"judged": rule}, newest_first=True, limit=limit)

    async def sessions_judged_by(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the ids of the sessions that someone has voted on, by any name they go by."""
        known = sorted({spelt for name in names for spelt in (name, called(name))})
        named: Document = {"voters": {"$in": known}}
        return await self._holds.values("session_id", named)

    async def move(self, old: Hold, new: Hold) -> None:
        expected = {"_id": old.id, "state": old.state.value, "revision": old.revision}
        # What other writers note beside the state is theirs to change.
        kept = (
            "_id",
            "callers",
            "outcome",
            "reminded_at",
            "escalated_at",
            "granted",
            "marked",
            "untrusted",
        )
        before = hold_document(old) | {"settled": True}
        after = hold_document(new)
        changed = {
            name: value
            for name, value in after.items()
            if name not in kept and value != before.get(name)
        }
        update: Document = {"$set": changed}
        if not new.state.open:
            update["$unset"] = {"open_key": ""}
        if await self._holds.change(expected, update):
            return
        current = await self.get(old.id) or old
        if not new.moves or new.moves[-1] not in current.moves:
            raise Superseded(current)

    async def arrive(self, hold_id: str, caller: str) -> None:
        unsettled: Document = {"$set": {"settled": False}}
        await self._holds.change({"_id": hold_id}, unsettled | {"$addToSet": {"callers": caller}})

    async def leave(self, hold_id: str, caller: str) -> None:
        unsettled: Document = {"$set": {"settled": False}}
        await self._holds.change({"_id": hold_id}, unsettled | {"$pull": {"callers": caller}})

    async def state_reason(self, hold_id: str, reason: str) -> bool:
        unsaid = {"$in": ["", reason]}
        silent = {"_id": hold_id, "state": HoldState.PENDING.value, "reason": unsaid}
        return await self._holds.change(silent, {"$set": {"reason": reason, "settled": False}})

    async def note_outcome(self, hold_id: str, outcome: str) -> None:
        await self._note(hold_id, {"outcome": outcome})

    async def note_grant(self, hold_id: str, granted: GrantSummary) -> None:
        await self._note(hold_id, {"granted": to_document(granted)})

    async def note_marks(self, hold_id: str, marked: Sequence[Marked]) -> None:
        await self._note(hold_id, {"marked": [to_document(mark) for mark in marked]})

    async def note_untrusted(self, hold_id: str, grant_id: str) -> None:
        noted = {"$addToSet": {"untrusted": grant_id}, "$set": {"settled": False}}
        await self._holds.change({"_id": hold_id}, noted)

    async def remind(self, hold_id: str, at: datetime) -> bool:
        return await self._mark(hold_id, "reminded_at", at)

    async def escalate(self, hold_id: str, at: datetime) -> bool:
        return await self._mark(hold_id, "escalated_at", at)

    async def _mark(self, hold_id: str, field: str, at: datetime) -> bool:
        unmarked = {"_id": hold_id, "state": HoldState.PENDING.value, field: None}
        mark = {field: at, f"{field}_by": self._writer}
        if await self._holds.change(unmarked, {"$set": mark | {"settled": False}}):
            return True
        return await self._holds.one({"_id": hold_id} | mark) is not None

    async def _note(self, hold_id: str, fields: Document) -> None:
        await self._holds.change({"_id": hold_id}, {"$set": fields | {"settled": False}})

    async def pending(self) -> tuple[Hold, ...]:
        return await self._holds.find({"state": HoldState.PENDING.value})

    async def unsettled(self) -> tuple[Hold, ...]:
        return await self._holds.find({"settled": False})

    async def settle(self, hold: Hold) -> bool:
        shown = {
            "_id": hold.id,
            "revision": hold.revision,
            "outcome": hold.outcome,
            **_shown_list("callers", list(hold.callers)),
            **_shown_list("untrusted", list(hold.untrusted)),
            **_shown_list("marked", [to_document(mark) for mark in hold.marked]),
            **_shown_grant(hold),
        }
        return await self._holds.change(shown, {"$set": {"settled": True}})

    def watch(
        self, opened: asyncio.Event, rest: Callable[[], Awaitable[None]] | None = None
    ) -> AsyncGenerator[Hold, None]:
        return self._holds.watch(opened, rest)


def _shown_list(field: str, shown: Sequence[object]) -> Document:
    # What an earlier version has written has no such field.
    return {field: shown} if shown else {f"{field}.0": {"$exists": False}}


def _shown_grant(hold: Hold) -> Document:
    if hold.granted is None:
        return {"granted": None}
    return {"granted.uses": hold.granted.uses, "granted.over": hold.granted.over}
