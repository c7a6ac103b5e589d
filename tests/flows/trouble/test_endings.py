"""How processes end: with their parts, when they are told to, and without a word lost."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import uuid4

import httpx
import pytest

from tests.flows.doomed import SECRET
from tests.flows.house import House

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.idp.driver import IdpDriver
    from sandbox.model.driver import ModelDriver
    from sandbox.slack.people.driver import SlackDriver
    from tests.flows.house import Process

CHAT = "/openai/v1/chat/completions"
# Longer than the ending that is promised (5 s): the machine has more to do.
PATIENCE = 20


@pytest.fixture
def house(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A product for each story: these stories end it."""
    house = House(tmp_path_factory.mktemp("house"), mongodb_uri, program="tests.flows.doomed")
    try:
        house.open()
        yield house
    finally:
        house.close()


def asking(model: str, words: str, *, stream: bool = False) -> dict[str, object]:
    messages = [{"role": "user", "content": words}]
    return {"model": model, "messages": messages, "stream": stream}


async def ended(house: House, process: Process) -> int:
    house.processes.remove(process)
    await asyncio.to_thread(process.process.wait, PATIENCE)
    return process.stop()


async def test_a_part_that_dies_ends_its_process_with_a_reason_though_callers_are_there(
    house: House, slack: SlackDriver, idp: IdpDriver, model: ModelDriver
) -> None:
    maria, word = await slack.user("maria"), uuid4().hex[:8]
    async with house.http(await idp.token("alice")) as http:
        held = asyncio.ensure_future(
            http.post(CHAT, json=asking("sandbox-1", f"ship {word} to production"))
        )
        await maria.wait_for_message(word)
        body = asking("sandbox-stalling", "hello", stream=True)
        async with http.stream("POST", CHAT, json=body) as stream:
            await model.wait_for_stalled(1)
            for process in (house.gateway, house.bot):
                process.process.send_signal(signal.SIGUSR1)
            codes = await asyncio.gather(ended(house, house.gateway), ended(house, house.bot))
            said = b""
            with suppress(httpx.RemoteProtocolError):  # its end cannot be recorded any more
                async for piece in stream.aiter_raw():
                    said += piece
        answer = await held
    assert 0 not in codes
    for process in (house.gateway, house.bot):
        [line] = [line for line in process.log.read_text().splitlines() if "a part died" in line]
        assert "Doomed.run" in line
        assert "ZeroDivisionError" in line
        assert SECRET not in process.log.read_text()
    assert b"restarting" in said
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


async def test_sigterm_ends_a_process_whose_event_loop_hangs(house: House) -> None:
    house.gateway.process.send_signal(signal.SIGUSR2)
    house.gateway.process.terminate()
    assert await ended(house, house.gateway) == 1
    assert "ended by force" in house.gateway.log.read_text()


async def test_a_gateway_that_is_told_to_stop_is_not_ready_while_a_stream_goes_on(
    house: House, idp: IdpDriver, model: ModelDriver
) -> None:
    async with house.http(await idp.token("alice")) as http:
        assert (await http.get("/-/readyz")).status_code == 200
        body = asking("sandbox-stalling", "hello", stream=True)
        async with http.stream("POST", CHAT, json=body) as stream:
            await model.wait_for_stalled(1)
            house.gateway.process.terminate()
            async with asyncio.timeout(PATIENCE):
                while (ready := await http.get("/-/readyz")).is_success:
                    pass
            assert ready.status_code == 503
            house.gateway.process.kill()
            with suppress(httpx.RemoteProtocolError):
                await stream.aread()
    await ended(house, house.gateway)
