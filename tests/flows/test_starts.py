"""What gateway and bot import: all before they serve, and nothing they have no use for."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.flows.house import House, open_house

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.idp.driver import IdpDriver
    from sandbox.slack.people.driver import SlackDriver
    from tests.flows.house import Process

_IMPORT = re.compile(r"^import time:\s+\d+ \|\s+\d+ \|\s+(\S+)$", re.MULTILINE)
UNUSED = {
    "gateway": {
        *("rich.console", "typer", "markdown_it", "slack_sdk", "authlib", "httpx2", "pygal"),
        *("cel.cli", "httpx._main", "greenlet._greenlet"),
    },
    "bot": {
        *("rich.console", "pygments", "typer", "cryptography.x509", "httpx", "quart", "authlib"),
        *("hypercorn", "prometheus_client", "joserfc", "jinja2", "proxy", "cel.cli"),
        *("greenlet._greenlet",),
    },
}
"""Packages and modules that a process which serves has no use for at its start."""


@pytest.fixture(scope="module")
def house(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One product whose processes write to their logs what they import."""
    folder = tmp_path_factory.mktemp("house")
    with open_house(folder, mongodb_uri, PYTHONPROFILEIMPORTTIME="1") as house:
        yield house


def imported(process: Process) -> list[str]:
    return _IMPORT.findall(process.log.read_text())


@pytest.mark.parametrize("name", UNUSED)
def test_a_process_starts_without_what_it_has_no_use_for(house: House, name: str) -> None:
    loaded = set(imported(getattr(house, name)))
    assert {"gateway": "proxy.gate", "bot": "bot.decisions"}[name] in loaded
    assert sorted(loaded & UNUSED[name]) == []


async def test_a_held_request_and_its_click_import_nothing_more(
    house: House, slack: SlackDriver, idp: IdpDriver
) -> None:
    before = {each.name: set(imported(each)) for each in (house.gateway, house.bot)}
    maria = await slack.user("maria")
    prompt = f"Deploy build {uuid4().hex[:8]} to production"
    async with house.openai(await idp.token("alice")) as client, asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(
            client.chat.completions.create(
                model="sandbox-1", messages=[{"role": "user", "content": prompt}]
            )
        )
        card = await maria.wait_for_message(prompt[13:21])
        await maria.click(card, "Approve")
        assert "production" in str((await asking).choices[0].message.content)
    await maria.wait_for_change(card, "finished in")
    for process in (house.gateway, house.bot):
        assert sorted(set(imported(process)) - before[process.name]) == [], process.name
