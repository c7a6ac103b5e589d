"""Processes of the real pool, and ways to look at them."""

from __future__ import annotations

import asyncio
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from policies.loader import SHIPPED, load_catalog
from proxy.work.pool import Pool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from policies.compiled_catalog import Catalog


@pytest.fixture(scope="session")
def shipped() -> Catalog:
    return load_catalog(SHIPPED)


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def pool(shipped: Catalog) -> AsyncIterator[Pool]:
    """A pool whose processes are there."""
    with closing(Pool(SHIPPED, lambda: shipped)) as pool:
        await pool.tend()
        yield pool


def is_running(process: int) -> bool:
    """Tell a process from one that has ended with all its threads, be its end asked for or not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        threads = len(list(Path(f"/proc/{process}/task").iterdir()))
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z" or threads > 1


async def ended(*processes: int) -> None:
    """Wait until none of them is running."""
    while any(map(is_running, processes)):
        await asyncio.to_thread(time.sleep, 0.01)
