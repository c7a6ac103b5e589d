"""A running workspace, a real Bolt app connected to it, and people to play."""

from collections.abc import AsyncIterator

import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import APP_TOKEN, BOT_TOKEN
from sandbox.slack.people.driver import SlackDriver
from sandbox.slack.server import serving
from sandbox.slack.workspace import Workspace


class Clock:
    """A clock that a test can push forward."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        self.now += 0.000_001
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def workspace(clock: Clock) -> Workspace:
    return Workspace(clock=clock)


@pytest.fixture
async def base_url(workspace: Workspace) -> AsyncIterator[str]:
    async with serving(workspace) as url:
        yield url


@pytest.fixture
async def slack(base_url: str) -> AsyncIterator[SlackDriver]:
    async with SlackDriver(base_url) as driver:
        yield driver


@pytest.fixture
def client(base_url: str) -> AsyncWebClient:
    return AsyncWebClient(token=BOT_TOKEN, base_url=f"{base_url}/api/")


@pytest.fixture
def app(client: AsyncWebClient) -> AsyncApp:
    return AsyncApp(client=client)


@pytest.fixture
async def connected(app: AsyncApp, slack: SlackDriver) -> AsyncIterator[AsyncSocketModeHandler]:
    """The app's socket. Handlers may be added to `app` before or after."""
    handler = AsyncSocketModeHandler(app, APP_TOKEN)
    await handler.connect_async()
    await slack.wait_for_app()
    yield handler
    await handler.close_async()
