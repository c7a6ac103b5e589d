"""Issued credentials. The database deletes each some days after its end."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from app.domain.issued import KEPT_AFTER_END
from app.storage.documents import to_document
from app.storage.driver import Exists, repeating
from app.storage.mongo import Index

if TYPE_CHECKING:
    from app.domain.identity import Identity
    from app.domain.issued import EndReason, Issued, Secret
    from app.storage.documents import Document
    from app.storage.mongo import Collection

# Of a session: so many former tokens are still recognised as its own.
_LATEST = 50
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class IssuedStore(Protocol):
    """Every method may raise StorageUnavailable."""

    async def put(self, issued: Issued) -> None:
        """Write a new credential."""
        ...

    async def get(self, issued_id: str) -> Issued | None: ...

    async def by_digest(self, digest: str) -> Issued | None:
        """Return the credential that has, or had, a secret or a refresh token of this digest."""
        ...

    async def of_person(self, identity_key: str) -> tuple[Issued, ...]:
        """Return all credentials of a person, oldest first, those that ended lately too."""
        ...

    async def of_email(self, email: str) -> tuple[Issued, ...]: ...

    async def note_use(self, issued_id: str, at: datetime) -> None: ...

    async def take_turn(self, seen: Issued, *, by: str, now: datetime, until: datetime) -> bool:
        """Take the turn to read the groups, so that one refresh token is not used twice.

        `by` is a token of this one call. False where somebody else has the turn, or the groups
        were read since `seen`, or the credential has ended.
        """
        ...

    async def pass_turn(self, issued_id: str, *, by: str, until: datetime) -> None:
        """Give up the turn without having read the groups; nobody may take it before `until`."""
        ...

    async def refresh(
        self, issued_id: str, *, by: str, identity: Identity, sealed: bytes, at: datetime
    ) -> bool:
        """Write what was read, and end the turn; False where the turn was lost, or all is over."""
        ...

    async def renew(
        self, seen: Issued, secrets: tuple[Secret, ...], renewal: str, address: str
    ) -> bool:
        """Replace a session's tokens, of which the last is new, as asked from an address.

        False where its refresh token was used meanwhile.
        """
        ...

    async def end(self, issued_id: str, why: EndReason, at: datetime) -> bool:
        """End a credential and forget its refresh token; False where it had ended before."""
        ...


@repeating
class MongoIssued:
    """An IssuedStore."""

    def __init__(self, issued: Collection[Issued]) -> None:
        self._issued = issued

    async def prepare(self) -> None:
        await self._issued.prepare(
            Index(("digests",)),
            Index(("who",)),
            Index(("identity.email",)),
            Index(("purge_at",), expires=True),
        )

    async def put(self, issued: Issued) -> None:
        marks: Document = {
            "who": issued.identity.key,
            "digests": _digests(issued.secrets, issued.renewal),
            "purge_at": issued.expires_at + KEPT_AFTER_END,
            "turn_until": issued.turn_until or _NEVER,
        }
        try:
            await self._issued.insert(to_document(issued) | marks)
        except Exists:
            # It may have been used since a first try was written.
            found = await self.get(issued.id)
            if found is None or found.secrets != issued.secrets:
                raise

    async def get(self, issued_id: str) -> Issued | None:
        return await self._issued.one({"_id": issued_id})

    async def by_digest(self, digest: str) -> Issued | None:
        return await self._issued.one({"digests": digest})

    async def of_person(self, identity_key: str) -> tuple[Issued, ...]:
        return await self._issued.find({"who": identity_key})

    async def of_email(self, email: str) -> tuple[Issued, ...]:
        return await self._issued.find({"identity.email": email})

    async def note_use(self, issued_id: str, at: datetime) -> None:
        await self._issued.change({"_id": issued_id}, {"$max": {"last_used_at": at}})

    async def take_turn(self, seen: Issued, *, by: str, now: datetime, until: datetime) -> bool:
        free: Document = {
            "_id": seen.id,
            "groups_read_at": seen.groups_read_at,
            "revoked_at": None,
            "turn_until": {"$lte": now},
        }
        if await self._issued.change(free, {"$set": {"turn": by, "turn_until": until}}):
            return True
        return await self._issued.one({"_id": seen.id, "turn": by}) is not None

    async def pass_turn(self, issued_id: str, *, by: str, until: datetime) -> None:
        await self._issued.change({"_id": issued_id, "turn": by}, {"$set": {"turn_until": until}})

    async def refresh(
        self, issued_id: str, *, by: str, identity: Identity, sealed: bytes, at: datetime
    ) -> bool:
        read: Document = {
            "identity": to_document(identity),
            "sealed_refresh": sealed,
            "groups_read_at": at,
            "turn_until": at,
        }
        held: Document = {"_id": issued_id, "turn": by, "revoked_at": None}
        return await self._issued.change(held, {"$set": read})

    async def renew(
        self, seen: Issued, secrets: tuple[Secret, ...], renewal: str, address: str
    ) -> bool:
        renewed: Document = {
            "secrets": [to_document(secret) for secret in secrets],
            "renewal": renewal,
            "address": address,
        }
        current: Document = {"_id": seen.id, "renewal": seen.renewal, "revoked_at": None}
        # Who uses an old refresh token once more can be told from a stranger.
        latest = {"$each": _digests(secrets[-1:], renewal), "$slice": -_LATEST}
        if await self._issued.change(current, {"$set": renewed, "$push": {"digests": latest}}):
            return True
        return await self._issued.one({"_id": seen.id, "renewal": renewal}) is not None

    async def end(self, issued_id: str, why: EndReason, at: datetime) -> bool:
        ended: Document = {"revoked_at": at, "revoked_why": why.value}
        forgotten: Document = {"sealed_refresh": b"", "purge_at": at + KEPT_AFTER_END}
        current: Document = {"_id": issued_id, "revoked_at": None}
        if await self._issued.change(current, {"$set": ended | forgotten}):
            return True
        return await self._issued.one({"_id": issued_id} | ended) is not None


def _digests(secrets: tuple[Secret, ...], renewal: str) -> list[str]:
    return [*(secret.digest for secret in secrets), *([renewal] if renewal else [])]
