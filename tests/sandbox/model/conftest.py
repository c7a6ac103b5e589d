from collections.abc import AsyncIterator

import pytest

from sandbox.model.driver import ModelDriver
from sandbox.model.server import make_app
from sandbox.serving import listen, running


@pytest.fixture
async def model() -> AsyncIterator[ModelDriver]:
    async with running(make_app(), listen(0)) as url, ModelDriver(url) as driver:
        yield driver
