"""Opens a company for the kills, and goes through the table."""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager, contextmanager
from itertools import cycle, islice
from typing import TYPE_CHECKING

from app.storage.embedded import embedded_uri
from tests.chaos.company import Company
from tests.chaos.steps import TABLE, WITH_DATABASE, Step, Story
from tests.conftest import free_port
from tests.flows.house import House, open_house
from tests.flows.trouble.test_storage_away import Database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

RULES = """
- id: the-only-rule
  title: Prompts that name production
  on: request
  when: {prompt: {words: [production]}}
  then: hold
  decides: request
  approval: {from: [managers], quorum: 1, expires: 30m}
  risk: low
  explain: Ask first.
  examples: {match: ["production"], skip: ["staging"]}
"""
APPROVERS = "- name: managers\n  slack_groups: [managers]\n"


def planned(runs: int, first: int = 1) -> list[tuple[int, Step]]:
    """Return so many steps with their numbers: the table again and again, bots at the end."""
    steps = WITH_DATABASE if os.environ.get("ABEYANCE_CHAOS_DATABASE") else TABLE
    table = list(islice(cycle(steps.items()), first - 1, first - 1 + runs))
    return sorted(table, key=lambda each: each[1].story is Story.DECIDED)


@contextmanager
def opened_house(data: Path) -> Iterator[tuple[House, Database]]:
    catalog = data / "policies"
    (catalog / "catalog").mkdir(parents=True)
    (catalog / "catalog" / "rules.yaml").write_text(RULES)
    (catalog / "approvers.yaml").write_text(APPROVERS)
    (data / "mongodb").mkdir()
    database = Database(free_port(), data / "mongodb")
    database.start()
    faster = {"ABEYANCE_SLACK_POST_SECONDS": "0.05", "ABEYANCE_PENDING_LIMIT": "100000"}
    faster["ABEYANCE_AWAY_SECONDS"] = "600"
    try:
        with open_house(data, embedded_uri(database.port), catalog, **faster) as house:
            yield house, database
    finally:
        database.kill()


@asynccontextmanager
async def opened(house: House, database: Database) -> AsyncIterator[Company]:
    async with house.slack() as slack, house.model() as model, house.idp() as idp:
        await slack.settings(rates=0, ack_seconds=2)
        storage = house.storage()
        maria, token = await slack.user("maria"), await idp.token("alice")
        try:
            yield Company(house, database, slack, model, maria, token, storage)
        finally:
            storage.close()


async def kill_all(company: Company, steps: list[tuple[int, Step]]) -> None:
    """Kill one process for each step, one after the other."""
    bot = company.house.bot
    for number, step in steps:
        if step.story is Story.DECIDED and bot.process.poll() is None:
            await asyncio.to_thread(bot.kill)
        await company.kill(number, step)
