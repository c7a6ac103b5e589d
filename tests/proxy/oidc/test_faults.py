"""What a token says against itself, and that nothing else is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from app.settings import IssuerSettings
from proxy.oidc.faults import fault_told
from tests.conftest import free_port
from tests.proxy.conftest import company, place, settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.proxy.linking import Place

__all__ = ["company", "place", "settings"]
ISSUERS = {"https://login.example.com": IssuerSettings(issuer="https://login.example.com")}
GOOD: Mapping[str, Any] = {"iss": "https://login.example.com", "aud": "abeyance", "exp": 10_000}


@pytest.mark.parametrize(
    ("changed", "now", "told"),
    [
        ({}, 9_999, ""),
        ({}, 10_029, ""),
        ({}, 10_030, "expired 30 seconds ago"),
        ({}, 10_059, "expired 59 seconds ago"),
        ({}, 10_060, "expired 1 minute ago"),
        ({}, 13_599, "expired 59 minutes ago"),
        ({}, 13_600, "expired 1 hour ago"),
        ({}, 96_399, "expired 23 hours ago"),
        ({}, 96_400, "expired 1 day ago"),
        ({"exp": 10_000.5}, 10_031, "expired 30 seconds ago"),
        ({"aud": "other"}, 1, "for “other”, and this gateway takes tokens for “abeyance”"),
        ({"aud": ["a", "b"]}, 1, "for “a, b”,"),
        ({"aud": ["a", "abeyance"]}, 1, ""),
        ({"aud": []}, 1, "for “nobody”"),
        ({"iss": "https://evil.example"}, 1, "issuer “https://evil.example”, which this gateway"),
        ({"iss": "x\r\n\x1b[2J" + "y" * 999}, 1, "issuer “x[2J" + "y" * 196 + "”"),
        ({"exp": "soon"}, 1, ""),
    ],
    ids=str,
)
def test_a_token_is_told_what_it_says_itself(
    changed: dict[str, object], now: int, told: str
) -> None:
    said = fault_told({**GOOD, **changed}, ISSUERS, now, 30)
    assert told in said
    assert bool(said) == bool(told)


def test_a_token_that_expires_this_second_is_told_so() -> None:
    assert "expired 0 seconds ago" in fault_told(GOOD, ISSUERS, 10_000, 0)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_401_says_which_and_the_same_to_a_forger(place: Place) -> None:
    expired, elsewhere = {"expires_in": -3600}, {"claims": {"aud": "other"}}
    stranger = {"claims": {"iss": f"http://127.0.0.1:{free_port()}"}}
    async with httpx.AsyncClient(base_url=place.url) as http:

        async def told(**order: Any) -> str:  # noqa: ANN401
            token = await place.idp.mint(**order)
            answer = await http.post("/openai/v1/x", headers={"authorization": f"Bearer {token}"})
            assert answer.status_code == 401
            assert answer.json()["error"]["code"] == "not_authenticated"
            return str(answer.json()["error"]["message"])

        for order, words in (
            (expired, "expired 1 hour ago"),
            (elsewhere, "this gateway takes tokens for “abeyance”"),
            (stranger, "does not trust"),
        ):
            said = await told(**order)
            assert words in said
            assert "abeyance login" in said
            assert await told(**order, key="other") == said
        # Of what the token does not say itself, nothing is told.
        assert await told(key="other") == await told(key="hs256") == await told(header={"typ": "x"})
