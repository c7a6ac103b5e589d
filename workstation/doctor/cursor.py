"""Whether Cursor is covered."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from workstation.configuration.edits import Format
from workstation.doctor.findings import (
    CheckResult,
    CheckState,
    Machine,
    is_installed,
    readable,
    values_in,
)
from workstation.doctor.hooks import our_handlers
from workstation.hook.documents import hooks_for
from workstation.hook.install import hooks_file, version_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_POINT = "Cursor"
_INSTALL = "run `abeyance hook install cursor`"


def examine(_: Machine) -> Iterator[CheckResult]:
    """Yield what was found; nothing where it is not installed."""
    if not is_installed("cursor", "cursor-agent") and not (Path.home() / ".cursor").exists():
        return
    files = {"managed": hooks_file("cursor", "fleet", None)}
    files["the user's own, who can remove them"] = hooks_file("cursor", "user", None)
    for file in files.values():
        yield from readable(_POINT, file, Format.JSONC)
    for kind, file in files.items():
        if not list(readable(_POINT, file, Format.JSONC)):
            handlers = list(our_handlers(values_in(file, Format.JSONC).get("hooks")))
            if handlers:
                yield from _judge(kind, handlers)
                return
    yield CheckResult(_POINT, CheckState.BAD, "it has no hooks, so nothing is checked", _INSTALL)


def _judge(kind: str, handlers: list[tuple[str, dict[str, object]]]) -> Iterator[CheckResult]:
    missing = set(hooks_for("cursor", "user", version_of("cursor"))["hooks"]) - {
        event for event, _ in handlers
    }
    if missing:
        found = f"its hooks leave out {', '.join(sorted(missing))}"
        yield CheckResult(_POINT, CheckState.BAD, found, f"{_INSTALL} again")
    elif all(h.get("failClosed") is True and h.get("timeout") for _, h in handlers):
        yield CheckResult(
            _POINT, CheckState.GOOD, f"its hooks are installed and fail closed: {kind}"
        )
    else:
        found = "a hook that fails or takes long lets the action through"
        yield CheckResult(_POINT, CheckState.BAD, found, f"{_INSTALL} again")
