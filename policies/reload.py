"""The catalog in force, and how another takes its place: whole and valid, or not at all."""

from __future__ import annotations

import asyncio
import gc
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import structlog

from app.errors import BadCatalog
from policies.loader import load_catalog

if TYPE_CHECKING:
    from pathlib import Path

    from policies.compiled_catalog import Catalog

_LOOK_SECONDS = 2.0
_log = structlog.get_logger(__name__)
_Stamp: TypeAlias = "frozenset[tuple[str, int, int]]"


@dataclass(frozen=True, slots=True)
class CatalogState:
    """`fault` says what is wrong with the files by now, where they are not what is in force."""

    revision: str
    fault: str = ""


class CatalogKeeper:
    """Ask it for `current` once a request; `run` must be a task of the process."""

    def __init__(
        self, directory: Path, *, answers: bool = True, look_seconds: float = _LOOK_SECONDS
    ) -> None:
        """Load the first catalog; `answers` says whether answers will be masked.

        Raises BadCatalog: without one, nothing can be decided.
        """
        self._directory = directory
        self._answers = answers
        self._look_seconds = look_seconds
        self._stamp = _stamp(directory)
        self._asked = asyncio.Event()
        self.current: Catalog = _ready(directory)
        self.state = CatalogState(self.current.revision)
        gc.freeze()  # as `set_aside` does, but nothing has been let go of yet

    def reload(self) -> None:
        """Have the files read again now, whether they look changed or not."""
        self._asked.set()

    async def run(self) -> None:
        """Look for changed files for ever; a bad catalog leaves the one in force."""
        await self._warm_answers(self.current)
        while True:
            asked = await self._next_look()
            stamp = await asyncio.to_thread(_stamp, self._directory)
            if asked or stamp != self._stamp:
                self._stamp = stamp
                await self._replace()

    async def _next_look(self) -> bool:
        try:
            async with asyncio.timeout(self._look_seconds):
                await self._asked.wait()
        except TimeoutError:
            return False
        self._asked.clear()
        return True

    async def _replace(self) -> None:
        try:
            fresh = await asyncio.to_thread(_ready, self._directory)
            await self._warm_answers(fresh)
        except BadCatalog as bad:
            self.state = CatalogState(self.current.revision, str(bad))
            _log.error(
                "catalog not reloaded; the former stays in force",
                faults=bad.faults,
                revision=self.current.revision,
            )
            return
        before, self.current = self.current.revision, fresh
        self.state = CatalogState(fresh.revision)
        set_aside()
        _log.info("catalog reloaded", revision=fresh.revision, before=before)

    async def _warm_answers(self, catalog: Catalog) -> None:
        if self._answers:
            await asyncio.to_thread(catalog.warm_answers)


def set_aside() -> None:
    """Take what is loaded by now out of what the garbage collector goes through.

    A catalog is a million objects that stay: to go through them takes a fifth of a second.
    """
    gc.unfreeze()  # so that a catalog which is no longer in force can go
    gc.collect()
    gc.freeze()


def _ready(directory: Path) -> Catalog:
    """Load a catalog with its compiled patterns: no request is to wait for those."""
    catalog = load_catalog(directory)
    catalog.warm()
    return catalog


def _stamp(directory: Path) -> _Stamp:
    """Return what tells one set of files from another: names, times, sizes."""
    known: list[tuple[str, int, int]] = []
    for path in sorted(directory.rglob("*.yaml")):
        # It may be gone since it was listed: the next look tells.
        with suppress(FileNotFoundError):
            if path.is_file():
                stat = path.stat()
                known.append((str(path), stat.st_mtime_ns, stat.st_size))
    return frozenset(known)
