"""What `abeyance up` shows while something starts."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING

from rich.console import Console

from cli.processes import panel

if TYPE_CHECKING:
    import pytest


class Screen(io.StringIO):
    """Has been told often enough once `told` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.told = asyncio.Event()

    def write(self, text: str) -> int:
        written = super().write(text)
        if self.getvalue().count("still starting the gateway,") == 3:
            self.told.set()
        return written


async def test_a_slow_start_is_told_again_and_again_until_it_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(panel, "_STILL_SECONDS", 0.001)
    screen = Screen()
    async with panel.Steps(Console(file=screen)).step("the gateway (its first start)"):
        await screen.told.wait()
    assert screen.getvalue().startswith("Starting the gateway (its first start) …\n")
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}
