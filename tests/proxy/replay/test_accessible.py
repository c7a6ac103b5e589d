"""Each replay page is free of what axe-core finds, in both schemes, wide and narrow."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app.domain.record.session import SessionState
from app.domain.record.session_facts import Conversation
from tests.proxy.replay.browsing import chromium, sign_in
from tests.proxy.replay.conftest import identity_of, recorded
from tests.proxy.replay.test_pages import NAUGHTY, body

if TYPE_CHECKING:
    from playwright.async_api import Page

    from tests.proxy.linking import Place

AXE = Path(__file__).parents[3] / ".clients" / "node_modules" / "axe-core" / "axe.min.js"
SHOTS = os.environ.get("SHOTS", "")
"""A folder for pictures of each page, for people to look at."""
SIZES = ((1280, "light"), (390, "light"), (1280, "dark"), (390, "dark"))
pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(not AXE.exists(), reason="`make agents` has not installed axe-core"),
]


async def faults(page: Page) -> list[str]:
    """Return what axe-core finds on a page as it is, and whether it is wider than its window."""
    await page.evaluate(AXE.read_text())
    found = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return [
        *(
            f"{one['id']}: {node['html'][:200]} {node['failureSummary'][:300]}"
            for one in found["violations"]
            for node in one["nodes"]
        ),
        *([f"{wide} pixels wider than the window"] if wide > 0 else []),
    ]


async def test_no_page_has_a_fault(place: Place) -> None:
    alice = identity_of(place, "alice")
    talk = Conversation("c" * 16, "a talk", "header", "word", "word")
    session = await recorded(place, alice, body(NAUGHTY), "Done:\n\n```py\nx = 1\n```", NAUGHTY)
    plain = await recorded(place, alice, body("Please **look**"), "Done", conversation=talk)
    running = await recorded(place, alice, body("hello"), None, state=SessionState.OPEN)
    paths = {
        "list": "",
        "fault": "?q=colour:red",
        "text": "?q=%22look%22",
        "session": f"/{session.id}",
        "plain": f"/{plain.id}",
        "conversation": f"/{plain.id}/conversation",
        "live": f"/{running.id}",
        "seal": f"/{plain.id}/seal",
        "today": f"/{plain.id}/today",
        "dashboard": "/dashboard?days=1",
        "week": "/dashboard",
    }
    found: dict[str, list[str]] = {}
    async with chromium() as (page, complaints):
        await sign_in(page, place, "Ines Roth")
        for name, path in paths.items():
            await page.goto(f"{place.url}/-/replay{path}")
            await page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
            for width, scheme in SIZES:
                await page.set_viewport_size({"width": width, "height": 900})
                await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
                if faulty := await faults(page):
                    found[f"{name} {width} {scheme}"] = faulty
                if SHOTS:
                    await page.screenshot(
                        path=f"{SHOTS}/{name}-{width}-{scheme}.png", full_page=True
                    )
    assert found == {}
    assert complaints == []
