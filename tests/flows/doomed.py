"""`python -m tests.flows.doomed gateway|bot`: the process of production, with two ways to break it.

SIGUSR1 has its ledger die of an error that nobody foresaw; SIGUSR2 has its event loop hang.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time

from app.audit.ledger import ChainedLedger
from cli.processes.serve import bot, gateway

SECRET = "what no log may hold"


class Doomed(ChainedLedger):
    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        dying = asyncio.Event()
        loop.add_signal_handler(signal.SIGUSR1, dying.set)
        loop.add_signal_handler(signal.SIGUSR2, time.sleep, 3600)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(super().run())
            await dying.wait()
            raise ZeroDivisionError(SECRET)


if __name__ == "__main__":
    for module in ("proxy.parts", "bot.main"):
        __import__(module)
        setattr(sys.modules[module], ChainedLedger.__name__, Doomed)
    {"gateway": gateway, "bot": bot}[sys.argv[1]]()
