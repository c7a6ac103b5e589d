"""What a request costs in this gateway, in a bare proxy and in LiteLLM, side by side in one run.

    python -m bench.gateway
    python -m bench.gateway --loads request bursts --candidates floor Abeyance --rounds 3
    python -m bench.gateway --quick

Candidates take turns within each round. CPU is that of a process and all below it. `--quick`
compares ours with the floor, and fails where a ratio is half as large again as the one committed in
`quick.json`; `--quick --keep` writes that file.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from bench.gateway import candidates, results
from bench.gateway.loads import LOADS, Load, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from bench.gateway.candidates import Candidate

CANDIDATES: dict[str, Callable[[int], AbstractAsyncContextManager[Candidate]]] = {
    "floor": candidates.floor,
    "LiteLLM": lambda port: candidates.litellm(port, "LiteLLM", filtered=False),
    "LiteLLM + filter": lambda port: candidates.litellm(port, "LiteLLM + filter", filtered=True),
    "Abeyance": candidates.ours,
}
QUICK = Path(__file__).with_name("quick.json")
QUICK_LOADS = ("request", "bursts", "turn")
WORSE = 1.5
QUICK_TRIES = 3
"""What was disturbed by something else on the machine is measured again."""


async def measure(names: list[str], loads: list[Load], rounds: int, share: float) -> results.Rounds:
    found: results.Rounds = {load.name: {name: [] for name in names} for load in loads}
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(candidates.model())
        running = []
        for name in names:
            try:
                running.append(await stack.enter_async_context(CANDIDATES[name](port)))
            except (subprocess.CalledProcessError, RuntimeError, TimeoutError) as error:
                # A peer's package may not be had here; what we compare with always must.
                if not name.startswith("LiteLLM"):
                    raise
                print(f"{name} is left out: {error}", file=sys.stderr)
                for load in loads:
                    del found[load.name][name]
        for number in range(rounds):
            for load in loads:
                requests = max(load.clients, int(load.requests * share))
                for candidate in running if number % 2 else reversed(running):
                    times = await run(load, candidate.target(), requests, candidate.cpu)
                    figures = results.figures(times)
                    found[load.name][candidate.name].append(figures)
                    print(f"{load.name}, {candidate.name}: {figures}", file=sys.stderr)
    return found


def quick(*, keep: bool) -> int:
    """Return the exit code: 1 where we have become slower against the floor, each time."""
    loads = list(QUICK_LOADS)
    for _ in range(QUICK_TRIES):
        measured = measure(["floor", "Abeyance"], [LOADS[name] for name in loads], 2, 0.4)
        ratios = results.ratios(asyncio.run(measured))
        if keep:
            QUICK.write_text(json.dumps(ratios, indent=1) + "\n")
        loads = [load for load, ratio in ratios.items() if worse(load, ratio)]
        if not loads:
            return 0
    return 1


def worse(load: str, ratio: float) -> bool:
    """Tell how a ratio compares with the committed one, and return whether it is much larger."""
    committed: float = json.loads(QUICK.read_text())[load]
    found = ratio > committed * WORSE
    verdict = "WORSE" if found else "ok"
    print(f"{load}: {ratio:.2f} × the floor, committed {committed:.2f}: {verdict}", flush=True)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--loads", nargs="+", choices=LOADS, default=list(LOADS))
    parser.add_argument("--candidates", nargs="+", choices=CANDIDATES, default=list(CANDIDATES))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--share", type=float, default=1.0, help="of the requests of a load")
    parser.add_argument("--into", type=Path, help="a folder for raw results and a picture")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--keep", action="store_true")
    given = parser.parse_args()
    if given.quick:
        return quick(keep=given.keep)
    about = results.machine()
    loads = [LOADS[name] for name in given.loads]
    rounds = asyncio.run(measure(given.candidates, loads, given.rounds, given.share))
    print(results.table(rounds))
    if given.into:
        results.save(given.into, rounds, about)
    return 0


if __name__ == "__main__":
    sys.exit(main())
