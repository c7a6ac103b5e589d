"""A token to claims that can be believed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from joserfc import jwt
from joserfc.errors import JoseError

from app.errors import IssuerUnavailable, NotAuthenticated, TokenUnusable, Unavailable
from app.settings import IssuerSettings
from proxy.oidc.faults import fault_told
from proxy.oidc.keys import IssuerKeys

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import httpx

    from app.clock import Clock
    from proxy.oidc.introspection import Introspection

_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
_TYPES = ("at+jwt", "application/at+jwt", "jwt", None)
_LEEWAY_SECONDS = 30
_LONGEST_SECONDS = 24 * 3600
_TOKEN_BYTES = 16 * 1024
_REMEMBERED = 10_000
# Only an ID token carries these: it says who signed in, and is no key to an API.
_ID_TOKEN_CLAIMS = ("nonce", "at_hash", "c_hash")


@dataclass(frozen=True, slots=True)
class VerifiedClaims:
    """Proof that the verification was done: only a `TokenVerifier` makes one."""

    issuer: IssuerSettings
    claims: Mapping[str, Any]


class TokenVerifier:
    """Verifies tokens of the issuers in the settings, and remembers each until it expires."""

    def __init__(
        self, issuers: Iterable[IssuerSettings], http: httpx.AsyncClient, clock: Clock
    ) -> None:
        self._issuers = {issuer.issuer: (issuer, IssuerKeys(issuer, http)) for issuer in issuers}
        self._known = {issuer: settings for issuer, (settings, _) in self._issuers.items()}
        asked = [known for known in self._known.values() if known.introspection_client_id]
        self._introspections = _introspections(asked, http, clock)
        self._clock = clock
        self._remembered: OrderedDict[bytes, VerifiedClaims] = OrderedDict()

    async def verify(self, token: str) -> VerifiedClaims:
        """Return the claims of a good token.

        Raises TokenUnusable for one that says itself what is wrong with it, NotAuthenticated for
        any other, and IssuerUnavailable where its issuer cannot be asked.
        """
        digest = hashlib.sha256(token.encode(errors="surrogatepass")).digest()
        known = self._remembered.get(digest)
        if known is not None and known.claims["exp"] > self._now():
            return known
        with _every_fault_is_a_no():
            if not _is_signed(token):
                verified = await self._introspected(token)
                self._check_use(verified.issuer, verified.claims)
                return verified
            self._check_told(token)
            verified = await self._verify(token)
            self._check_use(verified.issuer, verified.claims)
        self._remember(digest, verified)
        return verified

    async def verify_sign_in(
        self, token: str, *, issuer: str, client_id: str, nonce: str
    ) -> VerifiedClaims:
        """Return the claims of an ID token that answers one sign-in of ours, named by `nonce`.

        Raises as `verify`. Source: OpenID Connect Core 1.0, section 3.1.3.7.
        """
        with _every_fault_is_a_no():
            verified = await self._verify(token, client_id)
            _check_sign_in(verified, issuer, client_id, nonce)
            self._check_lifetime(verified.claims)
        return verified

    async def _introspected(self, token: str) -> VerifiedClaims:
        """Return what an issuer says of an opaque token; the first that knows it counts.

        It is not remembered beside the others: it may be revoked.
        """
        if len(token) > _TOKEN_BYTES:
            raise NotAuthenticated("The token is too long.")
        away: IssuerUnavailable | None = None
        for introspection in self._introspections:
            try:
                return VerifiedClaims(introspection.issuer, await introspection.claims(token))
            except IssuerUnavailable as error:
                away = error
            except NotAuthenticated:
                continue
        if away is not None:
            raise away
        if self._introspections:
            raise NotAuthenticated("No issuer vouches for the token.")
        raise TokenUnusable(
            "The API key is neither a token of your identity provider nor a key of this gateway. "
            "Send one of `abeyance login` (`abeyance login --print`) or of `abeyance key create`, "
            "not a key of the model's vendor."
        )

    def _check_told(self, token: str) -> None:
        _, claims = _peek(token)
        if fault := fault_told(claims, self._known, self._now(), _LEEWAY_SECONDS):
            raise TokenUnusable(fault)

    async def _verify(self, token: str, audience: str = "") -> VerifiedClaims:
        """Check signature, issuer, audience (ours, if none is given), expiry and subject."""
        if len(token) > _TOKEN_BYTES:
            raise NotAuthenticated("The token is too long.")
        header, claims = _peek(token)
        if (
            "crit" in header
            or "b64" in header
            or str(header.get("typ", "jwt")).lower() not in _TYPES
        ):
            raise NotAuthenticated("The token's header asks for what we do not do.")
        known = self._issuers.get(str(claims.get("iss")))
        if known is None:
            raise NotAuthenticated("The token's issuer is not one that we trust.")
        issuer, keys = known
        key_set = await keys.find(str(header.get("kid", "")))
        try:
            verified = jwt.decode(token, key_set, algorithms=list(_ALGORITHMS))
            self._registry(issuer, audience or issuer.audience).validate(verified.claims)
        except JoseError as error:
            raise NotAuthenticated("The token's signature or claims do not hold.") from error
        return VerifiedClaims(issuer, verified.claims)

    def _registry(self, issuer: IssuerSettings, audience: str) -> jwt.JWTClaimsRegistry:
        return jwt.JWTClaimsRegistry(
            now=self._now(),
            leeway=_LEEWAY_SECONDS,
            iss={"essential": True, "value": issuer.issuer},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
            sub={"essential": True},
        )

    def _check_use(self, issuer: IssuerSettings, claims: Mapping[str, Any]) -> None:
        self._check_lifetime(claims)
        if issuer.kind == "person" and any(claim in claims for claim in _ID_TOKEN_CLAIMS):
            raise NotAuthenticated("This is an ID token; an access token is needed.")

    def _check_lifetime(self, claims: Mapping[str, Any]) -> None:
        if claims["exp"] > self._now() + _LONGEST_SECONDS:
            raise NotAuthenticated("The token lives longer than a day.")

    def _remember(self, digest: bytes, verified: VerifiedClaims) -> None:
        self._remembered[digest] = verified
        if len(self._remembered) > _REMEMBERED:
            self._remembered.popitem(last=False)

    def _now(self) -> int:
        return int(self._clock.now().timestamp())


def _introspections(
    issuers: Sequence[IssuerSettings], http: httpx.AsyncClient, clock: Clock
) -> list[Introspection]:
    if not issuers:
        return []
    from proxy.oidc.introspection import Introspection  # noqa: PLC0415 - an HTTP client of its own, which few gateways need

    return [Introspection(issuer, http, clock) for issuer in issuers]


@contextmanager
def _every_fault_is_a_no() -> Iterator[None]:
    """Let no surprise of a parser become a 500: whatever goes wrong while verifying is a no."""
    try:
        yield
    except (NotAuthenticated, Unavailable):
        raise
    except Exception as error:
        raise NotAuthenticated("The token cannot be verified.") from error


def _check_sign_in(verified: VerifiedClaims, issuer: str, client_id: str, nonce: str) -> None:
    claims = verified.claims
    if verified.issuer.issuer != issuer or verified.issuer.kind != "person":
        raise NotAuthenticated("The ID token is of another issuer than the one that was asked.")
    audience = claims["aud"]
    alone = audience in (client_id, [client_id])
    if claims.get("azp", client_id if alone else "") != client_id:
        raise NotAuthenticated("The ID token is for another client.")
    if not nonce or not hmac.compare_digest(str(claims.get("nonce", "")), nonce):
        raise NotAuthenticated("The ID token answers another sign-in.")


def _is_signed(token: str) -> bool:
    """Whether it has the form of a JSON Web Token. Of any other, only its issuer knows more."""
    try:
        _peek(token)
    except NotAuthenticated:
        return False
    return True


def _peek(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read header and claims without believing them, to learn whom to ask for a key."""
    try:
        header, claims, _signature = (part for part in token.split("."))
        return _object(header), _object(claims)
    except ValueError:
        raise NotAuthenticated("This is not a JSON Web Token.") from None


def _object(part: str) -> dict[str, Any]:
    decoded = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    value = json.loads(decoded, object_pairs_hook=_once)
    if not isinstance(value, dict):
        raise ValueError("not an object")  # noqa: TRY004 - one kind of fault for the caller
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a member stands twice")
    return found
