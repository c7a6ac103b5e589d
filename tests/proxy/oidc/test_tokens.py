"""Which tokens of an issuer count: each limit met exactly, and each claim on its own."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from app.errors import IssuerUnavailable, NotAuthenticated
from proxy.oidc.verify import TokenVerifier
from tests.proxy.oidc.issuer import Issuer

DAY = 24 * 3600
CLIENT, NONCE = "abeyance-gateway", "n-0S6"


@dataclass
class SetClock:
    at: datetime

    def now(self) -> datetime:
        return self.at


@dataclass
class Desk:
    """An issuer, and a verifier that trusts it, at a time that a test sets."""

    issuer: Issuer
    http: httpx.AsyncClient
    clock: SetClock
    verifier: TokenVerifier

    @property
    def now(self) -> int:
        return int(self.clock.at.timestamp())

    def token(self, *, header: dict[str, Any] | None = None, **claims: object) -> str:
        """Sign the usual claims with others; one that is None is left out."""
        said = self.issuer.claims() | {"exp": self.now + 600} | claims
        kept = {name: value for name, value in said.items() if value is not None}
        return self.issuer.signed(json.dumps(kept), **(header or {}))

    async def takes(self, token: str) -> bool:
        try:
            await self.verifier.verify(token)
        except NotAuthenticated:
            return False
        return True

    async def signs_in(self, *, issuer: str = "", **claims: object) -> bool:
        said = {"aud": CLIENT, "nonce": NONCE} | claims
        try:
            await self.verifier.verify_sign_in(
                self.token(**said), issuer=issuer or self.issuer.url, client_id=CLIENT, nonce=NONCE
            )
        except NotAuthenticated:
            return False
        return True

    def trusting(self, **changes: object) -> TokenVerifier:
        settings = self.issuer.settings.model_copy(update=changes)
        return TokenVerifier([settings], self.http, self.clock)


@pytest.fixture
def desk(issuer: Issuer, http: httpx.AsyncClient) -> Desk:
    clock = SetClock(datetime(2026, 11, 23, 14, 20, tzinfo=UTC))
    return Desk(issuer, http, clock, TokenVerifier([issuer.settings], http, clock))


@pytest.mark.parametrize(
    ("lives", "good"), [(1, True), (-29, True), (-30, False), (DAY, True), (DAY + 1, False)]
)
async def test_a_token_may_live_a_day_and_clocks_may_differ_by_half_a_minute(
    desk: Desk, *, lives: int, good: bool
) -> None:
    assert await desk.takes(desk.token(exp=desk.now + lives)) is good
    assert await desk.signs_in(exp=desk.now + lives) is good


async def test_a_token_is_remembered_until_it_expires(desk: Desk) -> None:
    token = desk.token()
    first = await desk.verifier.verify(token)
    assert await desk.verifier.verify(token) is first
    desk.clock.at += timedelta(seconds=599)
    assert await desk.verifier.verify(token) is first
    # From then on it is verified like any other.
    desk.clock.at += timedelta(seconds=1)
    assert await desk.verifier.verify(token) is not first
    desk.clock.at += timedelta(seconds=31)
    assert not await desk.takes(token)


async def test_of_many_tokens_those_verified_last_are_remembered(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.oidc.verify._REMEMBERED", 2)
    tokens = [desk.token(sub=f"u-{number}") for number in range(3)]
    verified = [await desk.verifier.verify(token) for token in tokens]
    assert await desk.verifier.verify(tokens[1]) is verified[1]
    assert await desk.verifier.verify(tokens[2]) is verified[2]
    assert await desk.verifier.verify(tokens[0]) is not verified[0]


@pytest.mark.parametrize(("spare", "good"), [(0, True), (1, False)])
async def test_a_token_has_at_most_16_kib(desk: Desk, *, spare: int, good: bool) -> None:
    wanted = 16 * 1024 + spare
    fill = (wanted - len(desk.token(pad=""))) * 3 // 4
    made = (desk.token(pad="x" * (fill + more)) for more in range(-4, 5))
    assert await desk.takes(next(token for token in made if len(token) == wanted)) is good


@pytest.mark.parametrize(
    ("header", "good"),
    [
        ({}, True),
        ({"typ": "JWT"}, True),
        ({"typ": "at+jwt"}, True),
        ({"typ": "application/AT+JWT"}, True),
        ({"kid": ""}, False),
    ],
)
async def test_only_headers_of_access_tokens_are_taken(
    desk: Desk, header: dict[str, Any], *, good: bool
) -> None:
    assert await desk.takes(desk.token(header=header)) is good


@pytest.mark.parametrize(
    "header",
    [{"crit": ["x"]}, {"b64": True}, {"typ": "secevent+jwt"}, {"typ": ""}, {"typ": None}],
    ids=str,
)
async def test_a_header_that_asks_for_more_is_refused_before_anything_is_looked_up(
    desk: Desk, header: dict[str, Any]
) -> None:
    _, claims, signature = desk.token().split(".")
    with pytest.raises(NotAuthenticated, match="asks for what we do not do"):
        await desk.verifier.verify(f"{part(json.dumps(header))}.{claims}.{signature}")
    assert desk.issuer.asked == []


@pytest.mark.parametrize("claim", ["nonce", "at_hash", "c_hash"])
async def test_an_id_token_of_a_person_is_no_key_to_an_api(desk: Desk, claim: str) -> None:
    with pytest.raises(NotAuthenticated, match="an access token is needed"):
        await desk.verifier.verify(desk.token(**{claim: "x"}))
    jobs = desk.trusting(kind="workload")
    assert (await jobs.verify(desk.token(**{claim: "x"}))).claims[claim] == "x"


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": None},
        {"aud": None},
        {"exp": None},
        {"sub": None},
        {"iss": "https://z.example"},
        {"aud": "zzz"},
        {"aud": "aaa"},
        {"exp": True},
        {"sub": ""},
    ],
    ids=str,
)
async def test_each_claim_is_needed(desk: Desk, claims: dict[str, object]) -> None:
    assert await desk.takes(desk.token())
    assert not await desk.takes(desk.token(**claims))


async def test_a_token_may_have_hundreds_of_claims(desk: Desk) -> None:
    assert await desk.takes(desk.token(**{f"claim-{number}": number for number in range(300)}))


async def test_an_issuer_that_says_it_is_another_is_refused(
    desk: Desk, issuer: Issuer, http: httpx.AsyncClient
) -> None:
    """Two issuers whose keys are the same are still two."""
    other = issuer.settings.model_copy(update={"issuer": "https://other.example"})
    verifier = TokenVerifier([issuer.settings, other], http, desk.clock)
    verified = await verifier.verify(desk.token(iss="https://other.example"))
    assert verified.issuer.issuer == "https://other.example"
    with pytest.raises(NotAuthenticated, match="does not trust"):
        await desk.verifier.verify(desk.token(iss="https://other.example"))


@pytest.mark.parametrize(
    ("claims", "good"),
    [
        ({}, True),
        ({"aud": [CLIENT]}, True),
        ({"azp": CLIENT}, True),
        ({"azp": "another"}, False),
        ({"aud": [CLIENT, "another"], "azp": CLIENT}, True),
        ({"aud": [CLIENT, "another"]}, False),
        ({"aud": [CLIENT, "another"], "azp": ""}, False),
        ({"aud": "another", "azp": CLIENT}, False),
        ({"nonce": "another"}, False),
        ({"nonce": ""}, False),
        ({"nonce": None}, False),
        ({"at_hash": "x"}, True),
    ],
    ids=str,
)
async def test_a_sign_in_is_ours_by_audience_party_and_nonce(
    desk: Desk, claims: dict[str, object], *, good: bool
) -> None:
    assert await desk.signs_in(**claims) is good


async def test_a_sign_in_is_of_the_issuer_that_was_asked_and_of_a_person(desk: Desk) -> None:
    assert await desk.signs_in(issuer="".join(desk.issuer.url))
    for another in ("http://0.example", "https://z.example"):
        assert not await desk.signs_in(issuer=another)
    desk.verifier = desk.trusting(kind="workload")
    assert not await desk.signs_in()


async def test_a_sign_in_without_a_nonce_of_ours_is_refused(desk: Desk) -> None:
    token = desk.token(aud=CLIENT, nonce="")
    with pytest.raises(NotAuthenticated, match="another sign-in"):
        await desk.verifier.verify_sign_in(
            token, issuer=desk.issuer.url, client_id=CLIENT, nonce=""
        )


async def test_a_sign_in_is_never_remembered_as_an_access_token(desk: Desk) -> None:
    token = desk.token(aud=desk.issuer.settings.audience, nonce=NONCE)
    client = desk.issuer.settings.audience
    for _ in range(2):
        assert await desk.verifier.verify_sign_in(
            token, issuer=desk.issuer.url, client_id=client, nonce=NONCE
        )
        assert not await desk.takes(token)


async def test_a_changed_signature_claim_or_header_is_refused(desk: Desk) -> None:
    head, claims, signature = desk.token().split(".")
    _, others, _ = desk.token(sub="u-2").split(".")
    flipped = ("A" if signature[0] != "A" else "B") + signature[1:]
    for token in (
        f"{head}.{claims}.{flipped}",
        f"{head}.{others}.{signature}",
        f"{head}.{claims}.",
    ):
        with pytest.raises(NotAuthenticated, match="do not hold"):
            await desk.verifier.verify(token)


def part(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


TWICE = '{"a": 1, "a": 2}'
TWICE_BELOW = '{"a": {"b": 1, "b": 1}}'


@pytest.mark.parametrize(
    ("header", "claims", "rest"),
    [
        ("{}", "{}", ""),
        ("{}", "{}", ".x.y"),
        ("[]", "{}", ".x"),
        ("{}", "[]", ".x"),
        ("{", "{}", ".x"),
        (TWICE, "{}", ".x"),
        ("{}", TWICE_BELOW, ".x"),
    ],
)
async def test_what_has_no_shape_of_a_token_is_called_none(
    desk: Desk, header: str, claims: str, rest: str
) -> None:
    with pytest.raises(NotAuthenticated, match="neither a token of your identity provider"):
        await desk.verifier.verify(f"{part(header)}.{part(claims)}{rest}")


async def test_what_a_parser_chokes_on_is_a_no_and_an_issuer_away_is_not(desk: Desk) -> None:
    deep = part('{"a":' * 2000)
    with pytest.raises(NotAuthenticated, match="cannot be verified"):
        await desk.verifier.verify(f"{deep}.{part('{}')}.x")
    desk.issuer.away = True
    with pytest.raises(IssuerUnavailable):
        await desk.verifier.verify(desk.token())
    with pytest.raises(IssuerUnavailable):
        await desk.signs_in()
