"""Where the `abeyance` command begins.

`abeyance hook` runs before each tool call of an agent, and the processes of the server start often
too, so they start without what the other commands import.
"""

from __future__ import annotations

import gc
import sys
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOOLS = ("cursor", "claude", "codex")
_PROCESSES = {"gateway": "proxy.main", "bot": "bot.main"}
_COMMAND_LINES = ("cel.cli", "httpx._main")
"""Command lines inside of libraries, which import these with whatever draws on a terminal."""
_OPTIONAL = {"rich": "", "greenlet": "gevent", "pymongo.pyopenssl_context": "service_identity"}
"""What libraries import if it is there and a process of the server has no use for: Rich, by which
structlog draws tracebacks, greenlet, of which it asks whether one runs, and all of X.509, which
PyMongo reads before it looks for a package that checks OCSP. Each with the package that makes it
useful."""


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
        with _imports_alone():
            serve = import_module("cli.processes.serve")
            import_module(_PROCESSES[name])
        getattr(serve, name)()


@contextmanager
def _imports_alone() -> Iterator[None]:
    """Import in it what stays as long as the process, and nothing that is of no use to it."""
    hidden = [name for name, needed in _OPTIONAL.items() if not (needed and find_spec(needed))]
    for name in hidden:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type] # importing it fails
    # What imports make stays: looking through it for garbage is a tenth of the start.
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
        for name in hidden:
            if sys.modules[name] is None:
                del sys.modules[name]
