"""A running session is followed as it happens, by those alone who may see it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from app.domain.event import EventKind
from app.domain.record.session import Chunk, RecordedAnswer, SessionState
from tests.proxy.linking import CLOCK, Browser
from tests.proxy.replay.browsing import chromium, sign_in
from tests.proxy.replay.conftest import identity_of, recorded
from tests.proxy.replay.test_pages import NAUGHTY, body, signed_in
from tests.written import append_chunks, change_session

if TYPE_CHECKING:
    from app.domain.record.session import Session
    from tests.proxy.linking import Place

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def running(place: Place) -> Session:
    """Write a session that is being answered with a stream."""
    session = await recorded(
        *(place, identity_of(place, "alice"), body("hello")),
        said=None,
        state=SessionState.OPEN,
    )
    now = CLOCK.now()
    head = RecordedAnswer(200, (("content-type", "text/event-stream"),), now)
    await change_session(place.storage, session.id, answer=head)
    return session


def event(text: str) -> bytes:
    delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta"}}
    delta["delta"] |= {"text": text}  # type: ignore[operator]
    return b"event: content_block_delta\ndata: " + json.dumps(delta).encode() + b"\n\n"


async def test_a_session_is_followed_until_it_ends(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So that the browser asks again several times.
    monkeypatch.setattr("proxy.replay.live._LASTS_SECONDS", 0.5)
    session = await running(place)
    async with chromium() as (page, complaints):
        await sign_in(page, place, "Ines Roth", f"/{session.id}")
        status = page.locator("[data-live-status]")
        await expect(status).to_have_text("Running. What comes is shown here.")
        sent = [event("First words"), event(f" and {NAUGHTY}")]
        await append_chunks(place.storage, session.id, [Chunk(0, 40, sent[0])])
        answer = page.locator("[data-live] .agent .body")
        await expect(answer).to_have_text("First words")
        await expect(status).to_have_text("Connecting…")
        await append_chunks(place.storage, session.id, [Chunk(1, 900, sent[1])])
        await expect(answer).to_contain_text(NAUGHTY)
        ended = RecordedAnswer(
            *(200, (("content-type", "text/event-stream"),), CLOCK.now(), CLOCK.now()),
            body_bytes=len(b"".join(sent)),
        )
        await change_session(place.storage, session.id, answer=ended, state=SessionState.CLOSED)
        await expect(status).to_have_text("This session has ended.")
        await page.get_by_role("link", name="Load the page again").press("Enter")
        await expect(page.get_by_role("button", name="Play")).to_be_visible()
    assert complaints == []


async def test_nobody_else_follows_it(place: Place) -> None:
    session = await running(place)
    async with Browser() as browser:
        live = f"{place.url}/-/replay/{session.id}/live"
        unknown = await browser.get(live, headers={"accept": "text/event-stream"})
        assert unknown.status_code == 403
        await signed_in(browser, place, "dana")
        refused = await browser.get(live, headers={"accept": "text/event-stream"})
        assert refused.status_code == 404
        assert "hello" not in refused.text
    last = (await place.storage.ledger.entries(session.id))[-1].event
    assert (last.kind, last.data["what"]) == (EventKind.REPLAY_REFUSED, "live")
