"""The keys that an issuer publishes, on a socket: which of them count, and for how long."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey
from structlog.testing import capture_logs

from app.clock import SystemClock
from app.errors import IssuerUnavailable, NotAuthenticated
from app.settings import IssuerSettings
from proxy.oidc.discovery import discover
from proxy.oidc.keys import IssuerKeys
from proxy.oidc.verify import TokenVerifier

if TYPE_CHECKING:
    from tests.proxy.oidc.issuer import Issuer

DAY = 24 * 3600
pytestmark = pytest.mark.filterwarnings("ignore:Key size should be")


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
    verifier = TokenVerifier([issuer.settings], http, SystemClock())
    assert await verifier.verify(issuer.token())
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
    assert await TokenVerifier([issuer.settings], http, SystemClock()).verify(issuer.token())


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
    verifier = TokenVerifier([issuer.settings], http, SystemClock())
    twice = json.dumps(issuer.claims())[:-1] + ', "sub": "u-2"}'
    with pytest.raises(NotAuthenticated):
        await verifier.verify(issuer.signed(twice))
    head, claims, _ = issuer.token().split(".")
    spelt = base64.urlsafe_b64decode(head + "==").decode()[:-1] + ', "alg": "none"}'
    with pytest.raises(NotAuthenticated):
        await verifier.verify(
            f"{base64.urlsafe_b64encode(spelt.encode()).decode().rstrip('=')}.{claims}."
        )


async def test_a_token_does_not_say_where_its_key_is_fetched(
    issuer: Issuer, http: httpx.AsyncClient
) -> None:
    verifier = TokenVerifier([issuer.settings], http, SystemClock())
    own = ECKey.generate_key("P-256", {"kid": "own"})
    for header in (
        {"jku": f"{issuer.url}/elsewhere"},
        {"x5u": f"{issuer.url}/elsewhere"},
        {"jwk": own.as_dict(private=False)},
    ):
        with pytest.raises(NotAuthenticated):
            await verifier.verify(issuer.token(own, "ES256", **header))
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


class Seconds:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_known_keys_are_fetched_again_after_ten_minutes_and_not_before(
    issuer: Issuer, http: httpx.AsyncClient
) -> None:
    seconds = Seconds()
    keys = IssuerKeys(issuer.settings, http, seconds)
    for passed, fetches in ((0, 1), (0, 1), (599, 1), (600, 1), (600.5, 2)):
        seconds.now = 1000.0 + passed
        assert await keys.find("good")
        assert len(issuer.asked) == fetches


async def test_an_unknown_key_is_asked_for_every_ten_seconds_at_most(
    issuer: Issuer, http: httpx.AsyncClient
) -> None:
    seconds = Seconds()
    keys = IssuerKeys(issuer.settings, http, seconds)
    for passed, fetches in ((0, 1), (9, 1), (10, 1), (10.5, 2), (11, 2), (20.5, 2), (21, 3)):
        seconds.now = 1000.0 + passed
        for unknown in ("unheard-of", "aaa"):  # before and after the known one
            with pytest.raises(NotAuthenticated, match="a key that its issuer does not have"):
                await keys.find(unknown)
        assert len(issuer.asked) == fetches
    issuer.keys.append(ECKey.generate_key("P-256", {"kid": "new"}).as_dict(private=False))
    seconds.now += 11
    assert {key.kid for key in (await keys.find("new")).keys} == {"good", "new"}


async def test_an_issuer_that_is_away_is_asked_every_ten_seconds_at_most(
    issuer: Issuer, http: httpx.AsyncClient
) -> None:
    issuer.away = True
    seconds = Seconds()
    keys = IssuerKeys(issuer.settings, http, seconds)
    with capture_logs() as logged:
        for passed in (0, 5, 10):
            seconds.now = 1000.0 + passed
            with pytest.raises(IssuerUnavailable, match=issuer.url):
                await keys.find("good")
    assert len(issuer.asked) == 1
    [said] = logged
    assert (said["event"], said["issuer"]) == ("keys not fetched", issuer.url)
    assert "503" in said["reason"]


async def test_keys_are_known_for_exactly_a_day_after_their_fetch(
    issuer: Issuer, http: httpx.AsyncClient
) -> None:
    seconds = Seconds()
    keys = IssuerKeys(issuer.settings, http, seconds)
    assert await keys.find("good")
    issuer.away = True
    seconds.now += DAY
    assert await keys.find("good")
    with pytest.raises(NotAuthenticated):
        await keys.find("unheard-of")
    seconds.now += 0.5
    with pytest.raises(IssuerUnavailable):
        await keys.find("good")


async def test_many_callers_at_once_cause_one_fetch(
    issuer: Issuer, http: httpx.AsyncClient
) -> None:
    keys = IssuerKeys(issuer.settings, http, Seconds())
    found = await asyncio.gather(*(keys.find("good") for _ in range(20)))
    assert len(found) == 20
    assert issuer.asked == ["keys"]


async def test_ignored_keys_are_named_in_the_log(issuer: Issuer, http: httpx.AsyncClient) -> None:
    issuer.keys += [{"kty": "XX", "kid": "odd"}, {"kty": "XX"}, {"kty": "XX", "kid": 5}]
    issuer.keys.append("no object")  # type: ignore[arg-type]
    with capture_logs() as logged:
        await IssuerKeys(issuer.settings, http, Seconds()).find("good")
    [said] = logged
    assert (said["event"], said["issuer"]) == ("keys ignored", issuer.url)
    names = [line.partition(":")[0] for line in said["keys"]]
    assert names == ["odd", "without an id", "without an id", "without an id"]
    assert said["keys"][3].endswith(": TypeError")


async def test_good_keys_are_not_logged_and_an_empty_set_counts(
    issuer: Issuer, http: httpx.AsyncClient
) -> None:
    seconds = Seconds()
    keys = IssuerKeys(issuer.settings, http, seconds)
    with capture_logs() as logged:
        assert await keys.find("good")
        issuer.keys.clear()
        seconds.now += 601
        with pytest.raises(NotAuthenticated):
            await keys.find("good")
    assert logged == []


@pytest.mark.parametrize(("bits", "used"), [(2047, False), (2048, True), (3072, True)])
async def test_an_rsa_key_has_at_least_2048_bits(
    issuer: Issuer, http: httpx.AsyncClient, *, bits: int, used: bool
) -> None:
    # A modulus of that size; no key that anybody could sign with is needed.
    modulus = ((1 << (bits - 1)) + 1).to_bytes((bits + 7) // 8, "big")
    n = base64.urlsafe_b64encode(modulus).decode().rstrip("=")
    issuer.keys.append({"kty": "RSA", "kid": "rsa", "n": n, "e": "AQAB"})
    found = await IssuerKeys(issuer.settings, http, Seconds()).find("good")
    assert ("rsa" in {key.kid for key in found.keys}) is used


async def test_where_the_keys_are_is_discovered(issuer: Issuer, http: httpx.AsyncClient) -> None:
    keys = IssuerKeys(IssuerSettings(issuer=issuer.url), http, Seconds())
    assert await keys.find("good")
    assert issuer.asked == [".well-known/openid-configuration", "keys"]
    slash = f"{issuer.url}/"
    issuer.document["issuer"] = slash
    assert (await discover(slash, http))["issuer"] == slash
    assert issuer.asked[2:] == [".well-known/openid-configuration"]


@pytest.mark.parametrize("claimed", ["http://a.example", "https://z.example", "", None, 5])
async def test_a_discovery_document_of_another_issuer_is_not_believed(
    issuer: Issuer, http: httpx.AsyncClient, claimed: object
) -> None:
    issuer.document["issuer"] = claimed
    with pytest.raises(ValueError, match="speaks for"):
        await discover(issuer.url, http)
    with pytest.raises(IssuerUnavailable):
        await IssuerKeys(IssuerSettings(issuer=issuer.url), http, Seconds()).find("good")
    assert "keys" not in issuer.asked


async def test_a_discovery_document_that_is_an_error_is_not_read(
    issuer: Issuer, http: httpx.AsyncClient
) -> None:
    issuer.away = True
    with pytest.raises(httpx.HTTPStatusError):
        await discover(issuer.url, http)
