"""Images are shown to who asks for one, as pixels of a known kind, and each look is recorded."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from app.domain.event import EventKind
from app.replay.images import image_at
from tests.proxy.linking import Browser
from tests.proxy.replay.browsing import chromium, sign_in
from tests.proxy.replay.conftest import identity_of, recorded
from tests.proxy.replay.test_pages import signed_in

if TYPE_CHECKING:
    from tests.proxy.linking import Place

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
SPELT = base64.b64encode(PNG).decode()
SVG = base64.b64encode(b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>").decode()


def anthropic(data: str, kind: str = "image/png") -> dict[str, object]:
    return {"type": "image", "source": {"type": "base64", "media_type": kind, "data": data}}


@pytest.mark.parametrize(
    ("part", "is_there"),
    [
        (anthropic(SPELT), True),
        (anthropic(SPELT, "image/svg+xml"), True),
        ({"type": "image_url", "image_url": {"url": f"data:image/png;base64,{SPELT}"}}, True),
        ({"type": "input_image", "image_url": f"data:image/png;base64,{SPELT}"}, True),
        ({"inlineData": {"mimeType": "image/png", "data": SPELT}}, True),
        (anthropic(SVG), False),
        (anthropic(SVG, "image/svg+xml"), False),
        (anthropic("no Base64 at all"), False),
        ({"type": "input_image", "image_url": "https://elsewhere.example/a.png"}, False),
        ({"type": "text", "text": SPELT}, False),
    ],
    ids=range(10),
)
def test_an_image_is_what_its_bytes_are_whatever_it_is_called(
    part: dict[str, object], *, is_there: bool
) -> None:
    body = json.dumps({"messages": [{"role": "user", "content": [part]}]}).encode()
    found = image_at(body, "/messages/0/content/0")
    assert found == (("image/png", PNG) if is_there else None)
    below = image_at(body, "/messages/0/content/0/source/data")
    assert (below is not None) == (is_there and "source" in part)
    for nowhere in ("7", "0000000000055", "0" * 5_000, "٣"):
        assert image_at(body, f"/messages/{nowhere}/content/x") is None


@pytest.mark.asyncio(loop_scope="module")
async def test_an_image_is_shown_on_demand_alone_and_the_ledger_has_it(place: Place) -> None:
    result = {"type": "tool_result", "tool_use_id": "1", "content": [anthropic(SPELT)]}
    content = [{"type": "text", "text": "look"}, anthropic(SVG), result]
    said = {"messages": [{"role": "user", "content": content}]}
    session = await recorded(place, identity_of(place, "alice"), said, "seen")
    async with chromium() as (page, complaints):
        await sign_in(page, place, "Ines Roth", f"/{session.id}")
        await expect(page.get_by_role("img", name="Image at")).to_have_count(0)
        links = page.get_by_role("link", name="Show the image")
        await links.nth(1).press("Enter")
        shown = page.get_by_role("img", name="Image at /messages/0/content/2/content/0")
        await expect(shown).to_be_visible()
        assert await shown.evaluate("image => image.decode().then(() => image.naturalWidth)") == 1
        assert complaints == []
        await links.nth(0).click()
        await expect(page.get_by_text("There is no image here")).to_be_visible()
    address = f"{place.url}/-/replay/{session.id}/image?place=/messages/0/content/2/content/0"
    async with Browser() as browser:
        await signed_in(browser, place, "maria")
        assert (await browser.get(address)).status_code == 404
    async with Browser() as browser:
        await signed_in(browser, place, "alice")
        given = await browser.get(address)
    assert given.content == PNG
    assert given.headers["content-type"] == "image/png"
    assert given.headers["x-content-type-options"] == "nosniff"
    assert given.headers["content-security-policy"] == "default-src 'none'; sandbox"
    events = [entry.event for entry in await place.storage.ledger.entries(session.id)]
    looks = [event.kind for event in events if event.data.get("what") == "image"]
    assert looks == [
        *(EventKind.REPLAY_SHOWN, EventKind.REPLAY_SHOWN),
        *(EventKind.REPLAY_REFUSED, EventKind.REPLAY_SHOWN),
    ]
