"""How fast the database writes and reads what the product asks of it, on this machine.

    python -m bench.storage updates --number 20000
    python -m bench.storage covering --number 5000

`updates` shows whether retryable writes may be on for the embedded server: the rate at the end,
against the rate at the beginning. `covering` finds the grant of somebody who had many.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from app.clock import SystemClock
from app.domain.grant import Coverage, Grant
from app.domain.hold import Person
from app.domain.lease import Lease
from app.errors import StorageUnavailable
from app.ids import new_id
from app.storage.embedded import embedded_server, embedded_uri
from app.storage.store import MongoStorage
from tests.conftest import free_port

LOOKS = 50


async def updates(storage: MongoStorage, number: int) -> None:
    """Beat a lease, as the bot on duty does, and print the rate of each tenth."""
    lease = await storage.leases.take(Lease("bench"), "me")
    tenth = number // 10
    for part in range(10):
        start = time.perf_counter()
        for _ in range(tenth):
            if lease is None:
                raise RuntimeError("somebody else has the lease")
            lease = await storage.leases.beat(lease)
        print(
            f"  to {(part + 1) * tenth:>6}: {tenth / (time.perf_counter() - start):8.0f} a second"
        )


async def covering(storage: MongoStorage, number: int) -> None:
    """Look for the one active grant among many that ran out."""
    now = SystemClock().now()
    covers, by = Coverage("issuer alice", "rule", "openai"), Person("U", "m@acme.example", "Maria")
    grant = Grant("", covers, "Alice", by, "h", now, now - timedelta(hours=1))
    await storage.prepare()
    for n in range(number):
        await storage.grants.put(replace(grant, id=new_id(now + timedelta(seconds=n))))
    active = replace(grant, id=new_id(now), expires_at=now + timedelta(hours=1))
    await storage.grants.put(active)
    times = []
    for _ in range(LOOKS):
        start = time.perf_counter()
        if await storage.grants.of([covers.identity_key], now) != (active,):
            raise RuntimeError("another grant was found")
        times.append((time.perf_counter() - start) * 1000)
    print(
        f"  of {number + 1}: median {statistics.median(times):.1f} ms, at most {max(times):.1f} ms"
    )


async def run(options: argparse.Namespace, data: Path) -> None:
    port = free_port()
    async with embedded_server(port, data / "mongodb", data / "mongodb.log"):
        uri = embedded_uri(port)
        if options.what == "covering":
            storage = MongoStorage.connect(uri, "covering")
            await covering(storage, options.number or 5_000)
            storage.close()
            return
        for retries in ("false", "true"):
            print(f"retryWrites={retries}")
            address = uri.replace("retryWrites=false", f"retryWrites={retries}")
            storage = MongoStorage.connect(address, f"updates-{retries}")
            try:
                await updates(storage, options.number or 20_000)
            except StorageUnavailable as error:
                print(f"  ended: {error}")
            storage.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("updates", "covering"))
    parser.add_argument("--number", type=int)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        asyncio.run(run(parser.parse_args(), Path(folder)))


if __name__ == "__main__":
    main()
