"""Where the `abeyance` command begins.

`abeyance hook` runs before each tool call of an agent, so it starts without what the other commands
import.
"""

from __future__ import annotations

import sys
from importlib import import_module

_TOOLS = ("cursor", "claude", "codex")


def main() -> None:
    """Run the command."""
    if sys.argv[1:2] == ["hook"] and sys.argv[2:3] and sys.argv[2] in _TOOLS:
        import_module("workstation.hook.run").main(sys.argv[2:])
    import_module("cli.main").main()
