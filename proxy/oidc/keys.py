"""The keys of one issuer: fetched when needed, kept while the issuer is away, never shared."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import httpx
import structlog
from cryptography.exceptions import UnsupportedAlgorithm
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OctKey, RSAKey, import_key

from app.errors import IssuerUnavailable, NotAuthenticated
from proxy.oidc.discovery import discover

if TYPE_CHECKING:
    from collections.abc import Callable

    from joserfc.jwk import Key

    from app.settings import IssuerSettings

_FRESH_SECONDS = 600.0
_STALE_SECONDS = 24 * 3600.0
_BETWEEN_FETCHES_SECONDS = 10.0
_RSA_BITS = 2048  # Source: RFC 7518, section 3.3
# Whatever the libraries make of a key that is not one, or not one they know.
_FAULTS = (JoseError, ValueError, TypeError, LookupError, AttributeError, UnsupportedAlgorithm)
_log = structlog.get_logger(__name__)


class IssuerKeys:
    """Finds a key by its id; an unknown id causes a fetch, but never a flood of them."""

    def __init__(
        self,
        issuer: IssuerSettings,
        http: httpx.AsyncClient,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._issuer = issuer
        self._http = http
        self._seconds = seconds
        self._keys: KeySet | None = None
        self._fetched_at = self._tried_at = float("-inf")
        self._fetching = asyncio.Lock()

    async def find(self, kid: str) -> KeySet:
        """Return a set that has the key.

        Raises NotAuthenticated where the issuer has no such key, IssuerUnavailable where it
        cannot be asked and what we know of it is too old.
        """
        if self._has(kid) and self._seconds() - self._fetched_at < _FRESH_SECONDS:
            return self._known()
        async with self._fetching:
            now = self._seconds()
            stale = now - self._fetched_at > _FRESH_SECONDS or not self._has(kid)
            if stale and now - self._tried_at > _BETWEEN_FETCHES_SECONDS:
                self._tried_at = now
                await self._fetch(now)
        if self._keys is None or self._seconds() - self._fetched_at > _STALE_SECONDS:
            raise IssuerUnavailable(f"The keys of {self._issuer.issuer} cannot be fetched.")
        if not self._has(kid):
            raise NotAuthenticated("The token is signed with a key that its issuer does not have.")
        return self._keys

    def _known(self) -> KeySet:
        if self._keys is None:
            raise RuntimeError("no keys were fetched")
        return self._keys

    def _has(self, kid: str) -> bool:
        return self._keys is not None and any(key.kid == kid for key in self._keys.keys)

    async def _fetch(self, now: float) -> None:
        try:
            uri = self._issuer.jwks_uri or await self._discover()
            answer = await self._http.get(uri)
            answer.raise_for_status()
            self._keys = self._usable(answer.json()["keys"])
        except (httpx.HTTPError, ValueError, TypeError, LookupError) as error:
            # The last good set stays in use for a bounded time.
            _log.warning("keys not fetched", issuer=self._issuer.issuer, reason=repr(error))
        else:
            self._fetched_at = now

    def _usable(self, published: list[object]) -> KeySet:
        """Leave out what cannot be read: an issuer may publish kinds of keys that we do not know.

        Raises ValueError where nothing can be read.
        """
        keys: list[Key] = []
        faults: list[str] = []
        for one in published:
            try:
                keys.append(_read(one))
            except _FAULTS as fault:
                faults.append(f"{_kid(one)}: {type(fault).__name__}")
        if faults:
            _log.warning("keys ignored", issuer=self._issuer.issuer, keys=faults)
        if faults and not keys:
            raise ValueError("none of the published keys can be read")
        return KeySet([key for key in keys if not _is_weak(key)])

    async def _discover(self) -> str:
        document = await discover(self._issuer.issuer, self._http)
        return str(document["jwks_uri"])


def _read(published: object) -> Key:
    if not isinstance(published, dict):
        raise TypeError("a key is an object")
    return import_key(published)


def _kid(published: object) -> str:
    kid = published.get("kid") if isinstance(published, dict) else None
    return kid if isinstance(kid, str) else "without an id"


def _is_weak(key: Key) -> bool:
    """Whether it can be broken, or is a shared secret, which no issuer publishes."""
    if isinstance(key, RSAKey):
        return key.public_key.key_size < _RSA_BITS
    return isinstance(key, OctKey)
