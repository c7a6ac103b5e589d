"""What an issuer says of an opaque token: each limit met exactly, and each answer on its own."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from app.errors import IssuerUnavailable, NotAuthenticated
from proxy.oidc.introspection import Introspection
from proxy.oidc.verify import TokenVerifier
from tests.proxy.oidc.issuer import published
from tests.proxy.oidc.test_tokens import SetClock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import httpx

    from tests.proxy.oidc.issuer import Issuer

NOW = 1_800_000_000


class Asker:
    """Who asks an issuer, at a time that a test sets."""

    def __init__(self, issuer: Issuer, http: httpx.AsyncClient) -> None:
        self.settings = issuer.settings.model_copy(
            update={
                "introspection_client_id": "gate:way",
                "introspection_client_secret": SecretStr("a%b c"),
            }
        )
        self.clock = SetClock(datetime.fromtimestamp(NOW, UTC))
        self.issuer = issuer
        self.introspection = Introspection(self.settings, http, self.clock)

    def at(self, seconds: float) -> None:
        self.clock.at = datetime.fromtimestamp(NOW + seconds, UTC)

    def tells(self, **changes: object) -> None:
        known = {"active": True, "token_type": "Bearer", "sub": "u-1", "exp": NOW + 600}
        told = known | {"aud": self.issuer.settings.audience} | changes
        self.issuer.told = {name: value for name, value in told.items() if value is not None}

    async def takes(self, token: str = "opaque") -> bool:
        try:
            await self.introspection.claims(token)
        except NotAuthenticated:
            return False
        return True

    @property
    def asked(self) -> int:
        return len(self.issuer.clients)


@pytest.fixture
def asker(issuer: Issuer, http: httpx.AsyncClient) -> Asker:
    return Asker(issuer, http)


@pytest.mark.parametrize(
    ("changes", "good"),
    [
        ({}, True),
        ({"aud": ["other", "abeyance"]}, True),
        ({"aud": ["other"]}, False),
        ({"aud": "abeyance-2"}, False),
        ({"aud": None}, False),
        ({"exp": NOW + 1}, True),
        ({"exp": NOW}, False),
        ({"exp": NOW - 1}, False),
        ({"exp": str(NOW + 600)}, False),
        ({"exp": None}, False),
        ({"active": False}, False),
        ({"active": 1}, False),
        ({"active": None}, False),
        ({"iss": "http://0.example"}, False),
        ({"iss": "https://z.example"}, False),
        ({"token_type": "BEARER"}, True),
        ({"token_type": "a"}, False),
        ({"token_type": "refresh_token"}, False),
        ({"token_type": None}, False),
        ({"sub": ""}, False),
        ({"sub": None}, False),
    ],
    ids=str,
)
async def test_only_what_is_said_in_full_is_believed(
    asker: Asker, changes: dict[str, object], *, good: bool
) -> None:
    asker.tells(**changes)
    assert await asker.takes() is good
    # What is a no is asked again, and never remembered.
    assert await asker.takes() is good
    assert asker.asked == (1 if good else 2)


async def test_an_answer_is_believed_for_a_minute_and_never_beyond_the_end_of_the_token(
    asker: Asker,
) -> None:
    asker.tells()
    asked = []
    for seconds in (0, 59.9, 60, 119, 120):
        asker.at(seconds)
        assert await asker.takes()
        asked.append(asker.asked)
    assert asked == [1, 1, 2, 2, 3]
    asker.tells(exp=NOW + 150)
    for seconds, good in ((120, True), (149, True), (150, False)):
        asker.at(seconds)
        assert await asker.takes("short") is good
    assert asker.asked == 5


async def test_of_many_tokens_those_asked_about_last_are_remembered(
    asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.oidc.introspection._REMEMBERED", 2)
    asker.tells()
    asked = []
    for token in ("one", "two", "three", "three", "two", "one"):
        assert await asker.takes(token)
        asked.append(asker.asked)
    assert asked == [1, 2, 3, 3, 3, 4]


async def test_the_client_says_who_it_is_with_its_secret_escaped(asker: Asker) -> None:
    asker.tells()
    assert await asker.takes()
    said = base64.b64encode(b"gate%3Away:a%25b%20c").decode()
    assert asker.issuer.clients == [f"Basic {said}"]


def _no_endpoint(issuer: Issuer) -> None:
    del issuer.document["introspection_endpoint"]


def _no_object(issuer: Issuer) -> None:
    issuer.told = 7


def _pairs_of_one(issuer: Issuer) -> None:
    issuer.told = [["a"]]


def _away(issuer: Issuer) -> None:
    issuer.away = True


def _another_path(issuer: Issuer) -> None:
    issuer.document["introspection_endpoint"] = f"{issuer.url}/elsewhere"


@pytest.mark.parametrize(
    "fault",
    [_no_endpoint, _no_object, _pairs_of_one, _away, _another_path],
    ids=lambda f: f.__name__,
)
async def test_an_issuer_that_does_not_answer_is_unavailable_and_the_token_not_judged(
    asker: Asker, fault: Callable[[Issuer], None]
) -> None:
    asker.tells()
    fault(asker.issuer)
    with pytest.raises(IssuerUnavailable, match="does not say what your token is"):
        await asker.introspection.claims("opaque")


async def test_the_environment_has_no_say_in_proxies_and_certificates(
    issuer: Issuer, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "roots.pem").write_text("no certificate")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "roots.pem"))
    asker = Asker(issuer, http)
    asker.tells()
    assert await asker.takes()


async def test_each_issuer_is_asked_until_one_knows_the_token(
    issuer: Issuer, http: httpx.AsyncClient
) -> None:
    """The second knows it; the first has never heard of it, or is away."""
    async with published() as second:
        one, two = Asker(issuer, http), Asker(second, http)
        verifier = TokenVerifier([one.settings, two.settings], http, one.clock)
        one.tells(active=False)
        two.tells()
        assert (await verifier.verify("opaque")).issuer == two.settings
        issuer.away = True
        assert (await verifier.verify("other")).issuer == two.settings
        two.tells(active=False)
        with pytest.raises(IssuerUnavailable):
            await verifier.verify("third")
        issuer.away, second.away = False, True
        with pytest.raises(IssuerUnavailable):
            await verifier.verify("fourth")
        second.away = False
        with pytest.raises(NotAuthenticated, match="No issuer vouches"):
            await verifier.verify("fifth")


async def test_nobody_is_asked_about_more_than_16_kib(
    issuer: Issuer, http: httpx.AsyncClient
) -> None:
    asker = Asker(issuer, http)
    verifier = TokenVerifier([asker.settings], http, asker.clock)
    asker.tells()
    assert await verifier.verify("x" * 16_384)
    for size in (16_385, 20_000):
        with pytest.raises(NotAuthenticated, match="too long"):
            await verifier.verify("x" * size)
    assert asker.asked == 1
