"""Expressions compiled for Hyperscan; large sets are kept (see `kept`): compiling takes seconds."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from importlib.metadata import version
from typing import TYPE_CHECKING, TypeAlias

import hyperscan

from policies.matching import kept as files
from policies.matching.kept import KEPT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

Expression: TypeAlias = tuple[int, bytes]
"""Its number, and what it looks for."""

_MODE = hyperscan.HS_MODE_BLOCK
_EACH_END = hyperscan.HS_FLAG_DOTALL
_ONCE = hyperscan.HS_FLAG_SINGLEMATCH | hyperscan.HS_FLAG_DOTALL
# Fewer are compiled as soon as read.
_WORTH_KEEPING = 8
_MOST_KEPT = 16


class PatternDatabase:
    """Reports which of some expressions match a text; several threads may share it."""

    def __init__(
        self,
        expressions: Sequence[Expression] | Callable[[], Sequence[Expression]],
        kept: Path = KEPT,
        sources: Sequence[str] = (),
        *,
        each_end: bool = False,
        secret: bool = False,
    ) -> None:
        """Expressions that are `secret` are never kept, however many they are.

        `sources` name all that the expressions are made of; then they are made if need be.

        What has `sources` is kept, however little it is. Only with `each_end` may `ends` be asked.
        """
        flags = _EACH_END if each_end else _ONCE
        if callable(expressions):
            self._hyperscan = _made_of(sources, expressions, kept, flags)
        else:
            self._hyperscan = _compiled(
                expressions, kept, flags, None if secret else _WORTH_KEEPING
            )
        # Hyperscan works in a scratch, and lets go of the interpreter while it does: each scan
        # takes one that no other has.
        self._idle: list[hyperscan.Scratch] = []

    def hits(self, data: bytes) -> list[int]:
        """Return the numbers of the expressions that match somewhere, each once."""
        hits: list[int] = []

        def note(number: int, _start: int, _end: int, _flags: int, _context: object) -> None:
            hits.append(number)

        if data:
            scratch = self._scratch()
            self._hyperscan.scan(data, match_event_handler=note, scratch=scratch)
            self._idle.append(scratch)
        return hits

    def ends(self, data: bytes, most: int) -> list[tuple[int, int]] | None:
        """Return each place where a match ends, with its number; None where they are too many."""
        ends: list[tuple[int, int]] = []

        def note(number: int, _start: int, end: int, _flags: int, _context: object) -> bool | None:
            ends.append((end, number))
            return len(ends) > most or None

        scratch = self._scratch()
        with suppress(hyperscan.ScanTerminated):
            self._hyperscan.scan(data, match_event_handler=note, scratch=scratch)
        self._idle.append(scratch)
        return ends if len(ends) <= most else None

    def _scratch(self) -> hyperscan.Scratch:
        try:
            return self._idle.pop()
        except IndexError:
            return hyperscan.Scratch(self._hyperscan)


def _made_of(
    sources: Sequence[str], make: Callable[[], Sequence[Expression]], kept: Path, flags: int
) -> hyperscan.Database:
    """Return what is compiled of some sources, under the name of what they were made into."""
    file = kept / f"expressions-{_name(sources, flags)}.name"
    name = files.read(file)
    found = _read(kept, name.decode()) if name else None
    if found is None:
        expressions = make()
        found = _compiled(expressions, kept, flags, fewest=1)
        files.write(file, _name(expressions, flags).encode(), _MOST_KEPT)
    return found


def _compiled(
    expressions: Sequence[Expression], kept: Path, flags: int, fewest: int | None
) -> hyperscan.Database:
    if fewest is None or len(expressions) < fewest:
        return _compile(expressions, flags)
    name = _name(expressions, flags)
    found = _read(kept, name)
    if found is None:
        found = _compile(expressions, flags)
        files.write(_file(kept, name), hyperscan.dumpb(found), _MOST_KEPT)
    return found


def _read(kept: Path, name: str) -> hyperscan.Database | None:
    """Return what is kept; None where there is nothing, or nothing whole and made for this CPU."""
    data = files.read(_file(kept, name))
    try:
        return None if data is None else hyperscan.loadb(data, _MODE)
    except hyperscan.error:
        return None


def _file(kept: Path, name: str) -> Path:
    return kept / f"hyperscan-{name}.db"


def _compile(expressions: Sequence[Expression], flags: int) -> hyperscan.Database:
    database = hyperscan.Database(mode=_MODE)
    database.compile(
        expressions=[expression for _, expression in expressions],
        ids=[number for number, _ in expressions],
        elements=len(expressions),
        flags=[flags] * len(expressions),
    )
    return database


def _name(made_of: Sequence[object], flags: int) -> str:
    about = (version("hyperscan"), _MODE, flags, *made_of)
    return hashlib.sha256(repr(about).encode()).hexdigest()
