from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from tests.notary.sink import Sink

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    sink, app = Sink(), web.Application()
    app.router.add_post("/{path:.*}", sink.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    sink.url = f"http://{host}:{port}/"
    yield sink
    await runner.cleanup()
