from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.idp.driver import IdpDriver
from sandbox.idp.server import make_app
from sandbox.serving import listen, running


@pytest.fixture
async def idp(tmp_path: Path) -> AsyncIterator[IdpDriver]:
    listener = listen(0)
    async with running(make_app(listener.url, tmp_path), listener) as url, IdpDriver(url) as driver:
        yield driver
