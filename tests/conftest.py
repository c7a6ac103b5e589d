"""Real parts for every test: a database server on a socket, and a database of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from app.storage.embedded import embedded_command, embedded_uri
from app.storage.store import MongoStorage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from sandbox.idp.driver import IdpDriver
    from sandbox.model.driver import ModelDriver
    from sandbox.slack.driver import SlackDriver
    from tests.flows.house import House

NOBODY = "mongodb://127.0.0.1:1/?directConnection=true&serverSelectionTimeoutMS=50"
"""A database that does not answer."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def mongodb_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`MONGODB_URI` if it is set, so that the suite also runs against a real replica set."""
    if given := os.environ.get("MONGODB_URI"):
        yield given
        return
    port = free_port()
    command = embedded_command(port, tmp_path_factory.mktemp("mongodb"))
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        wait_until_accepting(port, server)
        yield embedded_uri(port)
        server.terminate()


def wait_until_accepting(port: int, server: subprocess.Popen[Any]) -> None:
    while server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"the database server ended with {server.returncode}")


@pytest.fixture
def database_name() -> str:
    return f"test-{uuid4().hex[:12]}"


@pytest.fixture
async def storage(mongodb_uri: str, database_name: str) -> AsyncIterator[MongoStorage]:
    storage = MongoStorage.connect(mongodb_uri, database_name)
    await storage.prepare()
    yield storage
    storage.close()


# For the folders whose `house` is a running product: people in its sandbox.


@pytest.fixture
async def slack(house: House) -> AsyncIterator[SlackDriver]:
    async with house.slack() as slack:
        # Slack's three seconds are for a machine that does nothing else meanwhile.
        await slack.settings(rates=0, ack_seconds=10)
        yield slack


@pytest.fixture
async def idp(house: House) -> AsyncIterator[IdpDriver]:
    async with house.idp() as idp:
        yield idp


@pytest.fixture
async def model(house: House) -> AsyncIterator[ModelDriver]:
    async with house.model() as model:
        await model.forget()
        yield model
