"""Where the `abeyance` command begins.

`abeyance hook` runs before each tool call of an agent, and the processes of the server start often
too, so they start without what the other commands import.
"""

from __future__ import annotations

import gc
import sys
from importlib import import_module
from types import ModuleType

_TOOLS = ("cursor", "claude", "codex")
_PROCESSES = {"gateway": "proxy.main", "bot": "bot.main"}
_COMMAND_LINES = ("cel.cli", "httpx._main")
"""Command lines inside of libraries, which import these with whatever draws on a terminal."""


def main() -> None:
    """Run the command."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["hook"] and arguments[1:2] and arguments[1] in _TOOLS:
        import_module("workstation.hook.run").main(arguments[1:])
    for name in _COMMAND_LINES:
        unused = ModuleType(name)
        unused.main = _unused  # type: ignore[attr-defined]
        sys.modules.setdefault(name, unused)
    if len(arguments) == 1 and arguments[0] in _PROCESSES:
        _serve(arguments[0])
    else:
        import_module("cli.main").main()


def _unused() -> None:
    """Stand in for a command that nobody calls."""


def _serve(name: str) -> None:
    failures, parts = import_module("cli.failures"), import_module("cli.server_parts")
    with failures.told_in_words(), parts.imported_for(f"`abeyance {name}`"):
        # What imports make stays: looking through it for garbage is a tenth of the start.
        gc.disable()
        serve = import_module("cli.processes.serve")
        import_module(_PROCESSES[name])
        gc.enable()
        getattr(serve, name)()
