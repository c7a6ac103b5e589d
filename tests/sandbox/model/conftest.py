from collections.abc import AsyncIterator

import pytest

from sandbox.model.cursor.files import Files, file_host
from sandbox.model.driver import ModelDriver
from sandbox.model.server import make_app
from sandbox.serving import listen, running


@pytest.fixture
async def model() -> AsyncIterator[ModelDriver]:
    files = Files()
    async with (
        running(file_host(files), listen(0)) as files.url,
        running(make_app(files), listen(0)) as url,
        ModelDriver(url) as driver,
    ):
        yield driver
