"""Whether the gateway and the bot stay as large as they are, over many requests.

    python -m bench.memory --requests 50000 --into bench/results

32 clients ask for answers to 2 KB, one in eight of them streamed. Resident memory of each part,
with the processes below it, is read after each batch. It is flat where the last tenth of the
batches holds no more than the second tenth did; the first fills what is kept.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
from contextlib import AsyncExitStack
from dataclasses import replace

from bench.figures import Figures, add_into
from bench.gateway import candidates, processes
from bench.gateway.loads import LOADS, run

BATCH = 1000
STREAMED_EVERY = 8


async def grown(requests: int) -> dict[str, list[float]]:
    """Return the megabytes of each part after each batch."""
    held: dict[str, list[float]] = {}
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(candidates.model())
        ours = await stack.enter_async_context(candidates.ours(port))
        for batch in range(requests // BATCH):
            load = LOADS["request" if batch % STREAMED_EVERY else "bursts"]
            await run(replace(load, warm=0), ours.target(), BATCH, ours.cpu)
            for part, pid in ours.processes.items():
                held.setdefault(part, []).append(processes.resident(pid))
            shown = ", ".join(f"{part} {values[-1]:.0f} MB" for part, values in held.items())
            print(f"{(batch + 1) * BATCH} requests: {shown}", flush=True)
    return held


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=50_000)
    add_into(parser)
    options = parser.parse_args()
    figures = Figures("memory", options)
    for part, values in asyncio.run(grown(options.requests)).items():
        tenth = max(1, len(values) // 10)
        early = statistics.median(values[tenth : 2 * tenth] or values[:1])
        late = statistics.median(values[-tenth:])
        figures.keep(f"{part}, MB", values)
        print(f"{part}: {early:.0f} MB early, {late:.0f} late")
    figures.save()


if __name__ == "__main__":
    main()
