"""Secrets of issued credentials: their own as keyed hashes, the sign-in behind them sealed."""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING

from app.domain.issued import ACCESS_PREFIX, KEY_PREFIX
from app.keys import derived_key
from app.vault import Vault

if TYPE_CHECKING:
    from app.domain.issued import Issued

_RANDOM_BYTES = 32
_LONGEST = 64


class Secrets:
    def __init__(self, vault_key: str) -> None:
        """Raises BadSettings where the key is none."""
        self._vault = Vault(vault_key)
        self._key = derived_key(vault_key, "abeyance hashes of issued credentials")

    def mint(self, prefix: str) -> tuple[str, str]:
        """Return a new secret and its digest."""
        secret = prefix + secrets.token_urlsafe(_RANDOM_BYTES)
        return secret, self.digest(secret)

    def digest(self, secret: str) -> str:
        """Return HMAC-SHA-256 in hex: without the vault's key, nobody can try out secrets."""
        return hmac.digest(self._key, secret.encode(errors="surrogatepass"), "sha256").hex()

    def seal(self, issued_id: str, refresh_token: str) -> bytes:
        """Return the refresh token sealed for one credential, so that it cannot change places."""
        return self._vault.seal(f"issued {issued_id}", refresh_token)

    def unseal(self, issued: Issued) -> str:
        """Return the refresh token of a credential. Raises BadSettings."""
        return self._vault.open(f"issued {issued.id}", issued.sealed_refresh)


def is_issued(token: str) -> bool:
    """Whether a token looks like one that a request may be sent with."""
    return token.startswith((KEY_PREFIX, ACCESS_PREFIX)) and len(token) <= _LONGEST
