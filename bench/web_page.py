"""How soon a browser has a page of a large session: the whole request, over a socket."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.proxy.linking import Browser

if TYPE_CHECKING:
    from tests.flows.house import House

PERSON = "alice"
"""Who looks, at a session of their own."""


async def page_times(house: House, session_id: str, runs: int) -> dict[str, list[float]]:
    """Return the milliseconds that each page took, by name."""
    root = f"{house.url}/-/replay/{session_id}"
    found: dict[str, list[float]] = {}
    async with Browser() as browser:
        choice = await browser.get(root)
        first = await browser.post(choice.url, data={"person": PERSON})
        if first.status_code != 200 or session_id not in first.text:
            raise RuntimeError(f"the page is not shown: {first.status_code}")
        paths = {
            "first page": "",
            "middle page": "?page=20",
            "last page": "?page=999999",
            "conversation": "/conversation",
        }
        for _ in range(runs):
            for name, path in paths.items():
                began = time.perf_counter()
                answer = await browser.get(f"{root}{path}")
                found.setdefault(f"{name}, ms", []).append((time.perf_counter() - began) * 1000)
                answer.raise_for_status()
    return found
