"""The keys that an issuer publishes, on a socket: which of them count, and for how long."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, RSAKey
from quart import Quart, abort

from app.clock import SystemClock
from app.errors import IssuerUnavailable, NotAuthenticated
from app.settings import IssuerSettings
from proxy.oidc.keys import IssuerKeys
from proxy.oidc.verify import Verifier
from sandbox.serving import listen, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from joserfc.jwk import Key

DAY = 24 * 3600
GOOD = ECKey.generate_key("P-256", {"kid": "good"})
pytestmark = pytest.mark.filterwarnings("ignore:Key size should be")


@dataclass
class Issuer:
    """What it publishes, and every path that it was asked for."""

    url: str
    keys: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    away: bool = False

    @property
    def settings(self) -> IssuerSettings:
        return IssuerSettings(issuer=self.url, jwks_uri=f"{self.url}/keys")

    def token(self, key: Key, alg: str, header: dict[str, Any] | None = None) -> str:
        return self.signed(json.dumps(self.claims()), key, alg, header)

    def claims(self) -> dict[str, Any]:
        soon = int(datetime.now(UTC).timestamp()) + 600
        return {"iss": self.url, "aud": self.settings.audience, "sub": "u-1", "exp": soon}

    def signed(self, claims: str, key: Key, alg: str, header: dict[str, Any] | None = None) -> str:
        registry = jws.JWSRegistry(algorithms=[alg], strict_check_header=False)
        protected = {"alg": alg, "kid": key.kid, **(header or {})}
        return jws.serialize_compact(protected, claims, key, registry=registry)


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    listener = listen(0)
    app = Quart(__name__)
    issuer = Issuer(listener.url, [GOOD.as_dict(private=False)])

    @app.get("/<path:path>")
    async def answer(path: str) -> dict[str, Any]:
        issuer.asked.append(path)
        if issuer.away:
            abort(503)
        return {"keys": issuer.keys}

    async with running(app, listener):
        yield issuer


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as client:
        yield client


async def test_a_short_rsa_key_or_a_shared_secret_that_an_issuer_publishes_is_not_used(
    issuer: Issuer, http: httpx.AsyncClient
) -> None:
    short = RSAKey.generate_key(1024, {"kid": "short"})
    shared = OctKey.generate_key(256, {"kid": "shared"})
    long = RSAKey.generate_key(2048, {"kid": "long"})
    issuer.keys += [
        short.as_dict(private=False),
        shared.as_dict(private=True),
        long.as_dict(private=False),
    ]
    verifier = Verifier([issuer.settings], http, SystemClock())
    assert await verifier.verify(issuer.token(GOOD, "ES256"))
    assert await verifier.verify(issuer.token(long, "RS256"))
    for key, alg in ((short, "RS256"), (shared, "HS256")):
        with pytest.raises(NotAuthenticated, match="a key that its issuer does not have"):
            await verifier.verify(issuer.token(key, alg))


BAD_KEYS: list[Any] = [
    {"kty": "EC", "crv": "P-999", "x": "AAAA", "y": "AAAA", "kid": "unknown curve"},
    {"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA", "kid": "not on its curve"},
    {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA", "kid": "unknown kind"},
    {"kty": ["RSA"], "kid": "a list for a kind"},
    {"kid": "no kind"},
    {"kty": "RSA", "e": "AQAB", "kid": "no modulus"},
    {"kty": "RSA", "n": "!", "e": "AQAB", "kid": "no base64"},
    {"kty": "RSA", "n": 5, "e": 3, "kid": "numbers"},
    {"kty": "OKP", "crv": "Ed25519", "x": "AA", "kid": "too short"},
    {"kty": "EC", "crv": "P-256", "kid": {"an": "object"}},
    "no object",
    None,
]


@pytest.mark.parametrize("bad", BAD_KEYS, ids=repr)
async def test_one_bad_key_in_a_set_is_ignored_and_the_others_count(
    issuer: Issuer, http: httpx.AsyncClient, bad: object
) -> None:
    issuer.keys.insert(0, bad)
    assert await Verifier([issuer.settings], http, SystemClock()).verify(
        issuer.token(GOOD, "ES256")
    )


async def test_a_set_in_which_no_key_can_be_read_does_not_replace_the_last_good_one(
    issuer: Issuer, http: httpx.AsyncClient
) -> None:
    now = 1000.0
    keys = IssuerKeys(issuer.settings, http, lambda: now)
    assert await keys.find("good")
    issuer.keys[:] = BAD_KEYS
    now += 3600
    assert await keys.find("good")


async def test_a_claim_that_stands_twice_is_refused(
    issuer: Issuer, http: httpx.AsyncClient
) -> None:
    verifier = Verifier([issuer.settings], http, SystemClock())
    twice = json.dumps(issuer.claims())[:-1] + ', "sub": "u-2"}'
    with pytest.raises(NotAuthenticated):
        await verifier.verify(issuer.signed(twice, GOOD, "ES256"))
    head, claims, _ = issuer.token(GOOD, "ES256").split(".")
    spelt = base64.urlsafe_b64decode(head + "==").decode()[:-1] + ', "alg": "none"}'
    with pytest.raises(NotAuthenticated):
        await verifier.verify(
            f"{base64.urlsafe_b64encode(spelt.encode()).decode().rstrip('=')}.{claims}."
        )


async def test_a_token_does_not_say_where_its_key_is_fetched(
    issuer: Issuer, http: httpx.AsyncClient
) -> None:
    verifier = Verifier([issuer.settings], http, SystemClock())
    own = ECKey.generate_key("P-256", {"kid": "own"})
    for header in (
        {"jku": f"{issuer.url}/elsewhere"},
        {"x5u": f"{issuer.url}/elsewhere"},
        {"jwk": own.as_dict(private=False)},
    ):
        with pytest.raises(NotAuthenticated):
            await verifier.verify(issuer.token(own, "ES256", header))
    assert issuer.asked == ["keys"]


async def test_known_keys_serve_for_a_day_without_their_issuer_and_no_longer(
    issuer: Issuer, http: httpx.AsyncClient
) -> None:
    now = 1000.0
    keys = IssuerKeys(issuer.settings, http, lambda: now)
    assert await keys.find("good")
    issuer.away = True
    now += DAY - 1
    assert await keys.find("good")
    now += 2
    with pytest.raises(IssuerUnavailable):
        await keys.find("good")
    issuer.away = False
    now += 60
    assert await keys.find("good")
