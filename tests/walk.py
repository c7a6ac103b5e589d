"""The walks of docs/architecture.md, and which files something really passes through."""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

ROOT = Path(__file__).parents[1]
MOST_FILES = 20
_ROOMS = tuple(f"{ROOT / room}/" for room in ("app", "policies", "proxy", "bot"))
_STEP = re.compile(r"^\d+\. `([\w/]+\.py)`", re.MULTILINE)


def walk(title: str) -> list[str]:
    """Return the files of a walk in their order."""
    page = (ROOT / "docs" / "architecture.md").read_text()
    _, _, rest = page.partition(f"### {title}\n")
    files: list[str] = _STEP.findall(rest.partition("\n#")[0])
    assert 0 < len(files) <= MOST_FILES
    return files


@contextmanager
def traced() -> Iterator[list[str]]:
    """Collect the files of the product that this thread calls into, in the order of the calls."""
    passed: list[str] = []

    def note(frame: FrameType, event: str, _: object) -> None:
        file = frame.f_code.co_filename
        if event == "call" and file.startswith(_ROOMS):
            passed.append(file.removeprefix(f"{ROOT}/"))

    sys.setprofile(note)
    try:
        yield passed
    finally:
        sys.setprofile(None)


def not_reached(files: list[str], passed: list[str]) -> list[str]:
    """Return what is left of a walk from the first file that was not called in its turn."""
    left, calls = list(files), iter(passed)
    while left and left[0] in calls:
        left.pop(0)
    return left
