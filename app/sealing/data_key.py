"""One person's data key: it seals what they said and were answered, and names the pieces of it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.errors import Damaged
from app.pieces import Cutter, keyed_name

if TYPE_CHECKING:
    from app.domain.record.session import Session

KEY_BYTES = 32
_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A data key as the database has it. `wrapped` is empty once it is destroyed."""

    id: str
    person: str
    """The key of their identity."""
    master: str
    """The id of the master key that wrapped it."""
    wrapped: bytes
    made_at: datetime
    retired_at: datetime | None = None
    """Since when it seals nothing more."""
    reason: str = ""
    """Why it was destroyed."""

    @property
    def context(self) -> str:
        """What is bound into the wrapped key."""
        return f"{self.id}\n{self.person}"


class DataKey:
    """AES-256-GCM with the place of each sealed thing bound in, so that none can be moved."""

    def __init__(self, key_id: str, raw: bytes) -> None:
        self.id = key_id
        self._cipher = AESGCM(_derived(raw, "abeyance content"))
        self._names = _derived(raw, "abeyance names of content")

    def seal(self, place: str, data: bytes) -> bytes:
        """Return nonce and ciphertext; `place` names the kind and the id of the document."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, data, self._bound(place))

    def open(self, place: str, sealed: bytes) -> bytes:
        """Raises Damaged where it was changed, or sealed for another place."""
        nonce, ciphertext = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, ciphertext, self._bound(place))
        except (InvalidTag, ValueError):
            raise Damaged(
                f"The record was changed: the {place} does not open with its key."
            ) from None

    def name(self, place: str, data: bytes) -> str:
        """Return a keyed digest: the same for the same data in the same place."""
        return keyed_name(self._names, place, data)

    def cutter(self, session: Session) -> Cutter:
        """Return what cuts for a session: pieces are shared within its conversation and day.

        Within a day, since what is purged later must not be what somebody begins to refer to.
        """
        told = session.conversation
        shared = f"conversation {told.id} {session.started_at:%Y-%m-%d}" if told else session.id
        day = session.started_at.date()
        return Cutter(self._names, shared, repeated=told is not None, day=day)

    def _bound(self, place: str) -> bytes:
        return f"{self.id}\n{place}".encode()


def _derived(raw: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=purpose.encode()).derive(raw)
