"""The tokens of a session, each pair made of what was given for it.

Theory of operation. A refresh token is used once: it is exchanged for an access token and the next
refresh token. A program whose answer is lost asks again with the old one, and so does a second
window of a program that shares the first one's file. Both must get what the first got, though
neither we nor the database keep any token. So the pair is not made by chance but derived from the
token that was given, with a key of ours:

    device code ──► (abs_1, abr_1)     abr_1 ──► (abs_2, abr_2)     abr_2 ──► (abs_3, abr_3)

Whoever has `abr_1` cannot compute what follows; the gateway can, as often as it is asked.
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass, field

from app.domain.issued import ACCESS_PREFIX, RENEWAL_PREFIX
from app.keys import derived_key


@dataclass(frozen=True, slots=True)
class Pair:
    access: str = field(repr=False)
    renewal: str = field(repr=False)


class Chain:
    def __init__(self, vault_key: str) -> None:
        self._access = derived_key(vault_key, "abeyance access tokens of sessions")
        self._renewal = derived_key(vault_key, "abeyance refresh tokens of sessions")

    def after(self, given: str) -> Pair:
        """Return what is given for a refresh token, or at first for a device code."""
        return Pair(
            ACCESS_PREFIX + _derived(self._access, given),
            RENEWAL_PREFIX + _derived(self._renewal, given),
        )


def _derived(key: bytes, given: str) -> str:
    digest = hmac.digest(key, given.encode(errors="surrogatepass"), "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
