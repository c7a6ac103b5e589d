"""The bot keeps a data key in memory no longer than the gateway does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.bot.conftest import Office


async def test_the_bot_closes_a_key_that_was_destroyed(office: Office) -> None:
    keys = office.storage.data_keys
    async with office.bot():
        key = await keys.of("somebody")
        assert keys.is_open(key.id)
        await office.storage.keys.destroy(key.id, "tombstone 7")
        async with asyncio.timeout(30):
            while keys.is_open(key.id):  # noqa: ASYNC110 - no event tells of it
                await asyncio.sleep(0.01)
