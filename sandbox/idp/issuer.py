"""One issuer: its address, its keys, and how its key endpoint behaves just now."""

import asyncio
from collections import Counter
from enum import StrEnum

from joserfc import jwt

from sandbox.idp.claims import Claims
from sandbox.idp.keys import KeyRing

ALGORITHM = "RS256"


class JwksMode(StrEnum):
    """What a fetch of the key set meets."""

    OK = "ok"
    ERROR = "error"
    STALL = "stall"


class Issuer:
    """Signs tokens, and counts who fetches its documents."""

    def __init__(self, name: str, url: str, keys: KeyRing) -> None:
        self.name = name
        self.url = url
        self.keys = keys
        self.fetches: Counter[str] = Counter()
        self.mode = JwksMode.OK
        self._may_answer = asyncio.Event()
        self._may_answer.set()

    def sign(self, claims: Claims, typ: str) -> str:
        """Sign with the newest key, as a compact JWT. `typ` is `at+jwt` (RFC 9068) or `JWT`."""
        return jwt.encode(self.header(typ), claims, self.keys.signing, algorithms=[ALGORITHM])

    def header(self, typ: str) -> dict[str, object]:
        return {"alg": ALGORITHM, "typ": typ, "kid": self.keys.signing.kid}

    def set_mode(self, mode: JwksMode) -> None:
        """Change the behaviour; leaving STALL lets the waiting fetches be answered."""
        self.mode = mode
        if mode is JwksMode.STALL:
            self._may_answer.clear()
        else:
            self._may_answer.set()

    async def stall(self) -> None:
        """Wait for as long as the mode is STALL."""
        await self._may_answer.wait()
