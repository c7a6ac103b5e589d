"""Real parts for every test: a database server on a socket, and a database of its own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from hypothesis import settings
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from app.processes import dying_with_us
from app.storage.embedded import embedded_command, embedded_uri
from app.storage.store import MongoStorage
from tests.sealing import MASTER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from sandbox.idp.driver import IdpDriver
    from sandbox.model.driver import ModelDriver
    from sandbox.slack.people.driver import SlackDriver
    from tests.flows.house import House

NOBODY = "mongodb://127.0.0.1:1/?directConnection=true&serverSelectionTimeoutMS=50"
"""A database that does not answer."""

# Else each process of a test compiles the whole product again, where the variable is set.
os.environ["PYTHONDONTWRITEBYTECODE"] = ""

# A busy machine must fail no test: nothing is said here of how long anything takes.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

_STARTS = 3
_START_SECONDS = 60
_STOP_SECONDS = 10


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests measured, which fails none."""
    passed = terminalreporter.getreports("passed")
    for name, value in sorted(figure for report in passed for figure in report.user_properties):
        terminalreporter.write_line(f"{name}: {value}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def mongodb_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server for the tests of a file, so that none suffers from what others did to theirs."""
    with given_or_own_server(tmp_path_factory.mktemp("mongodb")) as uri:
        yield uri


@contextmanager
def given_or_own_server(data: Path) -> Iterator[str]:
    """Give `MONGODB_URI` if it is set, so that tests also run against a real replica set.

    Otherwise run a server of their own.
    """
    if given := os.environ.get("MONGODB_URI"):
        yield given
        return
    with database_server(data) as uri:
        yield uri
    shutil.rmtree(data, ignore_errors=True)


@contextmanager
def database_server(data: Path) -> Iterator[str]:
    """Run a server until the block ends; at its end says so if it died meanwhile."""
    log = data.with_suffix(".log")
    server, port = _started(data, log)
    try:
        yield embedded_uri(port)
        died = server.poll()
        assert died is None, f"the database server died with {died}: {log.read_text()[-2000:]}"
    finally:
        server.terminate()
        try:
            server.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _started(data: Path, log: Path) -> tuple[subprocess.Popen[bytes], int]:
    """Start it on a free port; once more where another program took the port meanwhile."""
    for attempt in range(_STARTS):
        port = free_port()
        with log.open("ab") as output:
            server = subprocess.Popen(
                dying_with_us(embedded_command(port, data / str(attempt))),
                stdout=output,
                stderr=output,
            )
        if _is_answering(embedded_uri(port), server):
            return server, port
        server.kill()
        server.wait()
    raise RuntimeError(f"the database server does not start: {log.read_text()[-2000:]}")


def _is_answering(uri: str, server: subprocess.Popen[bytes]) -> bool:
    with MongoClient[dict[str, object]](uri, serverSelectionTimeoutMS=500) as client:
        deadline = time.monotonic() + _START_SECONDS
        while server.poll() is None and time.monotonic() < deadline:
            try:
                client.admin.command("ping")
            except PyMongoError:
                continue
            return server.poll() is None
    return False


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
    storage = MongoStorage.connect(mongodb_uri, database_name, MASTER)
    await storage.prepare()
    yield storage
    storage.close()


# For the folders whose `house` is a running product: people in its sandbox.


@pytest.fixture
async def slack(house: House) -> AsyncIterator[SlackDriver]:
    async with house.slack() as slack:
        # Slack's three seconds are for a machine that does nothing else meanwhile.
        await slack.settings(rates=0, ack_seconds=60)
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
