"""What outlives a restart: one file of JSON lines, each a change to the store."""

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

from sandbox.slack.state.model import Json


class Journal:
    """Append-only; rewritten to its shortest form each time it is opened."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: TextIO | None = None

    def replay(self) -> Iterator[Json]:
        """The changes in order. A line cut short by a crash ends the story, without an error."""
        if not self._path.exists():
            return
        with self._path.open(encoding="utf-8") as lines:
            for line in lines:
                try:
                    yield json.loads(line)
                except ValueError:
                    return

    def restart(self, changes: Iterable[Json]) -> None:
        """Replace the file by `changes`, atomically, and go on from there."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as out:
            out.writelines(json.dumps(change) + "\n" for change in changes)
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(self._path)
        self._file = self._path.open("a", encoding="utf-8")

    def append(self, change: Json) -> None:
        if self._file is not None:
            self._file.write(json.dumps(change) + "\n")
            self._file.flush()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
