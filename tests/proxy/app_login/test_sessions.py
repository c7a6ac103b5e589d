"""What becomes of a session: renewed, used twice, revoked, and left by its person."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from app.domain.issued import EndReason, Issued
from app.ids import new_token
from tests.proxy.app_login.conftest import Program
from tests.proxy.linking import CLOCK, Browser, Place

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIST = "-/connections"


async def latest(place: Place, email: str = "alice@acme.example") -> Issued:
    return (await place.storage.issued.of_email(email))[-1]


async def age(place: Place, issued: Issued, **ago: float) -> None:
    """Have its groups be read some time ago."""
    now, turn = CLOCK.now(), new_token()
    store = place.storage.issued
    assert await store.take_turn(issued, by=turn, now=now, until=now)
    assert await store.refresh(
        issued.id,
        by=turn,
        identity=issued.identity,
        sealed=issued.sealed_refresh,
        at=now - timedelta(**ago),
    )


async def test_a_refresh_token_gives_the_next_tokens_and_the_former_end(
    place: Place, program: Program, browser: Browser
) -> None:
    await program.sign_in(browser)
    first = dict(program.tokens)
    (await program.refresh()).raise_for_status()
    assert program.tokens["access_token"] != first["access_token"]
    assert program.tokens["refresh_token"] != first["refresh_token"]
    for token in (first["access_token"], program.tokens["access_token"]):
        assert (await program.get(LIST, token)).status_code == 200
    # An access token ends by itself; what renews the session does not depend on it.
    issued = await latest(place)
    over = tuple(replace(secret, until=CLOCK.now()) for secret in issued.secrets)
    assert await place.storage.issued.renew(issued, over, issued.renewal, issued.address)
    assert (await program.get(LIST)).status_code == 401
    (await program.refresh()).raise_for_status()
    assert (await program.get(LIST)).status_code == 200


async def test_a_lost_reply_and_a_second_window_get_the_same_tokens(
    place: Place, program: Program, browser: Browser
) -> None:
    await program.sign_in(browser)
    old = program.tokens["refresh_token"]
    answers = await asyncio.gather(*(program.refresh(old) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1
    assert len({answer.json()["access_token"] for answer in answers}) == 1
    late = await program.refresh(old)
    assert late.json()["refresh_token"] == answers[0].json()["refresh_token"]
    # The device code was exchanged as well, and is answered the same way.
    assert (await program.poll()).status_code == 401
    assert (await program.get(LIST)).status_code == 200


async def test_an_old_token_is_refused_and_from_another_machine_it_ends_the_session(
    place: Place, program: Program, browser: Browser
) -> None:
    await program.sign_in(browser)
    old = program.tokens["refresh_token"]
    for _ in range(2):
        (await program.refresh()).raise_for_status()
    refused = await program.refresh(old)
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_grant")
    assert (await program.get(LIST)).status_code == 200
    transport = httpx.AsyncHTTPTransport(local_address="127.0.0.2")
    async with httpx.AsyncClient(transport=transport) as http:
        thief = Program(place.url, http, known=program.known)
        assert (await thief.refresh(old)).json()["error"] == "invalid_grant"
    assert (await program.get(LIST)).status_code == 401
    assert (await program.refresh()).status_code == 401
    assert (await latest(place)).revoked_why is EndReason.REUSED


async def test_nothing_renews_a_session_whose_person_has_left(
    place: Place, program: Program, browser: Browser
) -> None:
    await program.sign_in(browser, "dana")
    issued = await latest(place, "dana@acme.example")
    await place.idp.leave("dana")
    try:
        # It is known as soon as the groups are due.
        assert (await program.get(LIST)).status_code == 200
        await age(place, issued, minutes=16)
        gone = await program.refresh()
        assert (gone.status_code, gone.json()["error"]) == (401, "invalid_grant")
        assert (await program.get(LIST)).status_code == 401
    finally:
        await place.idp.change_groups("dana", "developers")
    assert (await latest(place, "dana@acme.example")).revoked_why is EndReason.REFUSED
    assert (await program.refresh()).status_code == 401


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "refresh_token", "refresh_token": "abr_nothing"}, "invalid_grant"),
        ({"grant_type": "refresh_token"}, "invalid_grant"),
        ({}, "unsupported_grant_type"),
    ],
    ids=["password", "unknown", "none", "empty"],
)
async def test_what_is_no_grant_is_refused_in_the_words_of_oauth(
    program: Program, form: dict[str, str], code: str
) -> None:
    await program.begin()
    answer = await program.http.post(program.known["token_endpoint"], data=form)
    assert answer.is_client_error
    assert answer.json()["error"] == code
