"""Opens a company for the kills, and goes through the table."""

from __future__ import annotations

import asyncio
import random
import sys
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from typing import TYPE_CHECKING

from app.storage.embedded import embedded_uri
from tests.chaos.company import Company
from tests.chaos.steps import TABLE
from tests.conftest import free_port
from tests.flows.house import House
from tests.flows.trouble.test_storage_away import Database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator
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
FASTER = {
    "ABEYANCE_SLACK_POST_SECONDS": "0.05",
    "ABEYANCE_PENDING_LIMIT": "100000",
    "ABEYANCE_AWAY_SECONDS": "600",
}

PEOPLE = ("alice", "dana", "marcus", "ines")
_MOST_SECONDS = 900
"""Of one run: no measure, but an end where something hangs."""

_LOGS_SHOWN = 4


def planned(runs: int, seed: int | None = None) -> Iterator[int]:
    """Yield the numbers of so many steps: the whole table, and again.

    In its order; with a seed, in another order each time, the same for the same seed.
    """
    chance = random.Random(seed)  # noqa: S311 - it is to be repeated, not to be unknown
    for _ in count():
        table = list(TABLE)
        if seed is not None:
            chance.shuffle(table)
        for number in table:
            if runs == 0:
                return
            runs -= 1
            yield number


@contextmanager
def opened_house(data: Path) -> Iterator[tuple[House, Database]]:
    catalog = data / "policies"
    (catalog / "catalog").mkdir(parents=True)
    (catalog / "catalog" / "rules.yaml").write_text(RULES)
    (catalog / "approvers.yaml").write_text(APPROVERS)
    (data / "mongodb").mkdir()
    database = Database(free_port(), data / "mongodb", durable=True)
    database.start()
    house = House(data, embedded_uri(database.port), catalog, settings=FASTER, has_bot=False)
    try:
        house.open()
        yield house, database
    finally:
        house.close()
        database.kill()


@asynccontextmanager
async def opened(house: House, database: Database) -> AsyncIterator[Company]:
    async with house.slack() as slack, house.model() as model, house.idp() as idp:
        await slack.settings(rates=0, ack_seconds=2)
        storage = house.storage()
        maria = await slack.user("maria")
        tokens = [await idp.token(person) for person in PEOPLE]
        company = Company(house, database, slack, model, maria, tuple(tokens), storage)
        try:
            yield company
        finally:
            await company.close()
            storage.close()


async def kill_all(company: Company, steps: Iterable[int]) -> None:
    """Kill once for each step, one after the other; name the step where anything goes wrong."""
    for run, number in enumerate(steps, 1):
        sys.stderr.write(f"run {run}: step {number}, {TABLE[number]}\n")
        try:
            async with asyncio.timeout(_MOST_SECONDS):
                await company.kill(run, TABLE[number])
        except Exception as error:
            error.add_note(f"in run {run}: step {number}, {TABLE[number]}")
            for log in (company.house.gateway.log, *company.logs[-_LOGS_SHOWN:]):
                error.add_note(f"--- {log.name}\n{log.read_text()[-2000:]}")
            raise
