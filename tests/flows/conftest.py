from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.flows.house import House, open_house

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from sandbox.idp.driver import IdpDriver
    from sandbox.model.driver import ModelDriver
    from sandbox.slack.driver import SlackDriver


@pytest.fixture(scope="module")
def house(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One running product for the stories of a file; each story looks only at its own doings."""
    with open_house(tmp_path_factory.mktemp("house"), mongodb_uri) as house:
        yield house


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
