"""What a button carries: which hold it is about, and proof that we made the button."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.domain.hold import Hold

_PURPOSE = b"abeyance button v1"
_MAC_CHARACTERS = 32


class ButtonSigner:
    """Every bot derives the same key from the bot token, so any of them can read a button."""

    def __init__(self, bot_token: str) -> None:
        self._key = hmac.digest(bot_token.encode(), _PURPOSE, hashlib.sha256)

    def sign(self, hold: Hold) -> str:
        """Return `id.revision.mac`, at most 100 characters."""
        return self.sign_id(hold.id, hold.revision)

    def sign_id(self, name: str, revision: int = 0) -> str:
        claim = f"{name}.{revision}"
        return f"{claim}.{self._mac(claim)}"

    def read(self, value: str) -> str | None:
        """Return the id that was signed, or None where we did not make the value."""
        claim, _, mac = value.rpartition(".")
        if not hmac.compare_digest(_bytes(mac), _bytes(self._mac(claim))):
            return None
        return claim.rpartition(".")[0]

    def _mac(self, claim: str) -> str:
        return hmac.new(self._key, _bytes(claim), hashlib.sha256).hexdigest()[:_MAC_CHARACTERS]


def _bytes(text: str) -> bytes:
    return text.encode(errors="replace")
