"""`python -m tests.flows.busy gateway|bot`: the process of production, with a hook.

SIGUSR2 keeps its event loop busy for `BUSY_SECONDS`; a silent bot counts as gone much sooner.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time

from app.audit.ledger import ChainedLedger
from cli.processes.serve import bot, gateway
from proxy.holds import attendance

BUSY_SECONDS = 8.0


class Busy(ChainedLedger):
    async def run(self) -> None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR2, time.sleep, BUSY_SECONDS)
        await super().run()


if __name__ == "__main__":
    vars(attendance)["_RESTART_SECONDS"] = 0
    for module in ("proxy.parts", "bot.main"):
        __import__(module)
        setattr(sys.modules[module], ChainedLedger.__name__, Busy)
    {"gateway": gateway, "bot": bot}[sys.argv[1]]()
