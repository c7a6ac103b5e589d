"""What a browser carries for us between two pages: sealed, short-lived, good for one purpose."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from app.clock import Clock

_KEY_BYTES = 32


class Tickets:
    """Any gateway opens what another has sealed: the key comes from the vault's.

    Each purpose has a key of its own, so a ticket cannot serve for another.
    """

    def __init__(self, vault_key: str, purpose: str, lasts: timedelta, clock: Clock) -> None:
        derived = HKDF(SHA256(), _KEY_BYTES, salt=None, info=f"abeyance {purpose}".encode())
        key = derived.derive(base64.b64decode(vault_key))
        self._fernet = Fernet(base64.urlsafe_b64encode(key))
        self._clock = clock
        self.seconds = int(lasts.total_seconds())

    def seal(self, facts: Mapping[str, str]) -> str:
        """Return the facts as text that fits into a cookie."""
        sealed = self._fernet.encrypt_at_time(json.dumps(dict(facts)).encode(), self._now())
        return sealed.decode()

    def open(self, ticket: str) -> dict[str, str] | None:
        """Return the facts; None where we did not seal them for this, or too long ago."""
        try:
            opened = self._fernet.decrypt_at_time(ticket.encode(), self.seconds, self._now())
        except (InvalidToken, UnicodeEncodeError):
            return None
        facts: dict[str, str] = json.loads(opened)
        return facts

    def _now(self) -> int:
        return int(self._clock.now().timestamp())
