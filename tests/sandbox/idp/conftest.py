from collections.abc import AsyncIterator
from pathlib import Path
from shutil import copytree

import pytest

from sandbox.idp.driver import IdpDriver
from sandbox.idp.server import make_app
from sandbox.serving import listen, running


@pytest.fixture(scope="session")
def key_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys made once, since each takes a tenth of a second; every test gets a copy."""
    data = tmp_path_factory.mktemp("keys")
    make_app("http://127.0.0.1", data)
    return data / "idp"


@pytest.fixture
async def idp(tmp_path: Path, key_files: Path) -> AsyncIterator[IdpDriver]:
    copytree(key_files, tmp_path / "idp")
    listener = listen(0)
    async with running(make_app(listener.url, tmp_path), listener) as url, IdpDriver(url) as driver:
        yield driver
