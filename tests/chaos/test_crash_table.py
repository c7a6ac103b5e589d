"""Somebody is killed at each step of the table: nothing that was promised is lost.

`make chaos` does the same a thousand times in an order of its own, and waits for the sweeper of a
gateway that lives.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from typing import TYPE_CHECKING

from app.audit.ledger import ChainedLedger
from app.clock import SystemClock
from proxy.record.lives import Lives
from proxy.record.sweeper import Sweeper
from tests.chaos.opening import kill_all, opened, opened_house, planned
from tests.chaos.promises import Promises
from tests.chaos.steps import TABLE

if TYPE_CHECKING:
    from pathlib import Path

    from app.storage.store import MongoStorage
    from tests.flows.house import House
    from tests.flows.trouble.test_storage_away import Database

RUNS = os.environ.get("ABEYANCE_CHAOS_RUNS", "")
"""How often `make chaos` kills."""
SEED = os.environ.get("ABEYANCE_CHAOS_SEED", "")
SWEPT_WITHIN = 60.0


def test_a_kill_at_any_step_loses_nothing_that_was_promised(tmp_path: Path) -> None:
    steps = planned(len(TABLE))
    if RUNS:
        seed = int(SEED or random.randrange(10**6))  # noqa: S311
        sys.stderr.write(f"{RUNS} kills; once more with: make chaos RUNS={RUNS} SEED={seed}\n")
        steps = planned(int(RUNS), seed)
    with opened_house(tmp_path) as (house, database):
        asyncio.run(killed(house, database, list(steps)))


def test_the_same_seed_plans_the_same_kills_and_each_step_comes_up() -> None:
    runs = 3 * len(TABLE)
    assert list(planned(runs, 7)) == list(planned(runs, 7)) != list(planned(runs, 8))
    assert all(list(planned(runs, 7)).count(number) == 3 for number in TABLE)


async def killed(house: House, database: Database, steps: list[int]) -> None:
    async with opened(house, database) as company:
        promises = Promises(company)
        await kill_all(company, steps)
        await company.passes()
        if RUNS:
            assert await promises.still_open(SWEPT_WITHIN) == []
        await swept(company.storage)
        gap = max([0.0, *(gap for _, gap in await promises.gaps())])
        sys.stderr.write(f"{len(steps)} kills; at most {gap:.2f} s of an answer unrecorded\n")
        assert await promises.unrecorded_forwards() == []
        assert await promises.used_twice() == []
        assert await promises.lost_entries() == []
        assert await promises.still_open() == []
        assert await promises.silent_gaps() == []
        assert await promises.long_gaps() == []
        assert promises.watched() or len(steps) < len(TABLE), (
            "no answer was cut off while it came, so nothing is shown of how much may be lost"
        )
        notary = await company.start("notary")
        assert await asyncio.to_thread(notary.stop) == 0
    code, said = await verified(company.notary)
    assert code == 0, said


async def swept(storage: MongoStorage) -> None:
    """Sweep as a gateway does that has seen the others fall silent for a minute."""
    passed = 0.0
    ledger, lives = ChainedLedger(storage.ledger, "sweeper"), Lives(lambda: passed)
    sweeper = Sweeper(
        storage.gateways, storage.sessions, storage.holds, ledger, SystemClock(), lives
    )
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(ledger.run())
        for _ in range(3):
            await sweeper.sweep()
            passed += SWEPT_WITHIN / 2
        running.cancel()


async def verified(environment: dict[str, str]) -> tuple[int | None, str]:
    verifying = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli", "audit", "verify", "--no-resume"),
        env=os.environ | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await verifying.communicate()
    return verifying.returncode, said.decode()
