"""A process is killed at each step of the table: nothing that was promised is lost.

`make chaos` does the same a thousand times, and waits for the sweeper of a gateway that lives.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

from app.audit.ledger import ChainedLedger
from app.clock import SystemClock
from proxy.record.lives import Lives
from proxy.record.sweeper import Sweeper
from tests.chaos.opening import kill_all, opened, opened_house, planned

if TYPE_CHECKING:
    from pathlib import Path

    from app.storage.store import MongoStorage
    from tests.flows.house import House
    from tests.flows.trouble.test_storage_away import Database

RUNS = int(os.environ.get("ABEYANCE_CHAOS_RUNS", "33"))
IS_LONG = RUNS > 60
"""Whether there is time to see the sweeper of a gateway that lives do its work."""
SWEPT_WITHIN = 60.0
FIRST = int(os.environ.get("ABEYANCE_CHAOS_FIRST", "1"))
"""The number of the step to begin with."""


def test_a_kill_at_any_step_loses_nothing_that_was_promised(tmp_path: Path) -> None:
    with opened_house(tmp_path) as (house, database):
        asyncio.run(killed(house, database))


async def killed(house: House, database: Database) -> None:
    async with opened(house, database) as company:
        await kill_all(company, planned(RUNS, FIRST))
        if IS_LONG:
            assert await company.still_open(SWEPT_WITHIN) == []
            gap = await company.longest_gap()
            sys.stderr.write(f"{RUNS} kills; longest end of an answer unrecorded: {gap:.2f} s\n")
        await swept(company.storage)
        assert await company.unrecorded_forwards() == []
        assert await company.lost_entries() == []
        assert await company.still_open() == []
        assert await company.unmarked_gaps() == []
        notary = await company.start("notary", **company.notary)
        await asyncio.to_thread(notary.kill)
    code, said = await verified(house, company.notary)
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
            passed += 30
        running.cancel()


async def verified(house: House, notary: dict[str, str]) -> tuple[int | None, str]:
    verifying = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli", "audit", "verify", "--no-resume"),
        env=os.environ | house.env | notary,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await verifying.communicate()
    return verifying.returncode, said.decode()
