"""Secrets are planted wherever anybody can put one, and come out nowhere."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.flows.house import House, open_house
from tests.flows.secrecy.canaries import aws_key, github_token, is_in
from tests.flows.secrecy.outputs import OUTPUTS, Output
from tests.flows.secrecy.story import Story, told
from tests.flows.secrecy.test_originals import settings_of_pages

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


@pytest.fixture(scope="module")
def house(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    data, settings = tmp_path_factory.mktemp("house"), settings_of_pages()
    with open_house(data, mongodb_uri, ABEYANCE_LOG_LEVEL="debug", **settings) as house:
        yield house


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def story(house: House) -> AsyncIterator[Story]:
    async with house.slack() as slack, house.idp() as idp:
        await slack.settings(rates=0, ack_seconds=60)
        yield await told(house, slack, idp)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("output", OUTPUTS, ids=lambda output: output.name)
async def test_no_planted_secret_comes_out(story: Story, output: Output) -> None:
    given = await output.read(story)
    shown = given if isinstance(given, bytes) else given.encode(errors="replace")
    marker = output.shows.replace("{word}", story.word).replace("{asked}", story.sessions[0])
    assert marker.encode() in shown, shown[-2000:]
    wanted = {name: it for name, it in story.secrets.items() if name not in output.may_have}
    assert [name for name, it in wanted.items() if is_in(it, shown)] == []


def test_a_secret_is_found_however_it_is_spelled() -> None:
    for secret in (aws_key("prompt"), github_token("prompt"), "a:b/c+d of sorts"):
        for before in (b"", b"x", b"xx", b"xyz: "):
            assert is_in(secret, base64.b64encode(before + secret.encode() + b", and more"))
            assert is_in(secret, before + secret.encode())
        assert not is_in(secret, b"another " + secret[:-1].encode())
