"""Expressions compiled for Hyperscan; large sets are kept beside this package's bytecode.

Compiling all detectors takes seconds and gives the same each time. What is kept is trusted as
bytecode is: whoever can write there can change the code as well. Like bytecode it may be made by
one user, such as the one that builds an image, and read by another.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import hyperscan

if TYPE_CHECKING:
    from collections.abc import Sequence

KEPT = Path(__file__).parent / "__pycache__"
_MODE = hyperscan.HS_MODE_BLOCK
_FLAGS = hyperscan.HS_FLAG_SINGLEMATCH | hyperscan.HS_FLAG_DOTALL
# Fewer are compiled sooner than read.
_WORTH_KEEPING = 32
_MOST_KEPT = 16
_DIGEST_BYTES = hashlib.sha256().digest_size


class PatternDatabase:
    """Reports which of some expressions match a text; several threads may share it."""

    def __init__(self, expressions: Sequence[tuple[int, bytes]], kept: Path = KEPT) -> None:
        self._hyperscan = _compiled(expressions, kept)
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

    def _scratch(self) -> hyperscan.Scratch:
        try:
            return self._idle.pop()
        except IndexError:
            return hyperscan.Scratch(self._hyperscan)


def _compiled(expressions: Sequence[tuple[int, bytes]], kept: Path) -> hyperscan.Database:
    if len(expressions) < _WORTH_KEEPING:
        return _compile(expressions)
    file = kept / f"hyperscan-{_name(expressions)}.db"
    found = _read(file)
    if found is None:
        found = _compile(expressions)
        # A folder that cannot be written costs time at each start, and nothing else.
        with suppress(OSError):
            _write(file, hyperscan.dumpb(found))
    return found


def _compile(expressions: Sequence[tuple[int, bytes]]) -> hyperscan.Database:
    database = hyperscan.Database(mode=_MODE)
    database.compile(
        expressions=[expression for _, expression in expressions],
        ids=[number for number, _ in expressions],
        elements=len(expressions),
        flags=[_FLAGS] * len(expressions),
    )
    return database


def _name(expressions: Sequence[tuple[int, bytes]]) -> str:
    about = (version("hyperscan"), _MODE, _FLAGS, *expressions)
    return hashlib.sha256(repr(about).encode()).hexdigest()


def _read(file: Path) -> hyperscan.Database | None:
    """Return what is kept; None where there is nothing, or nothing whole and made for this CPU."""
    try:
        content = file.read_bytes()
        digest, data = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
        if hashlib.sha256(data).digest() != digest:
            return None
        database = hyperscan.loadb(data, _MODE)
    except (OSError, hyperscan.error):
        return None
    with suppress(OSError):
        os.utime(file)
    return database


def _write(file: Path, data: bytes) -> None:
    file.parent.mkdir(exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as written:
        written.write(hashlib.sha256(data).digest() + data)
        Path(written.name).chmod(0o644)
    # Others who start at the same time see the whole file or none.
    Path(written.name).replace(file)
    for old in sorted(file.parent.glob("hyperscan-*.db"), key=_used)[:-_MOST_KEPT]:
        old.unlink(missing_ok=True)


def _used(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except FileNotFoundError:
        return 0.0
