"""The tree of the ledger as static files (https://c2sp.org/tlog-tiles): anybody may read them.

    tile/0/000           the hashes of the first 256 leaves
    tile/0/001.p/12      of the next 12, as long as there are no more
    tile/1/000.p/1       the roots of full tiles of the level below
    tile/entries/000     the leaves themselves, each with its length before it

A file of a full tile never changes. What lies beyond the last signed head counts for nothing, so a
crash between two files does no harm.
"""

from __future__ import annotations

import os
import shutil
from functools import lru_cache
from typing import TYPE_CHECKING

from app.audit.proof.merkle import Frontier, leaf_hash, node_hash, split
from app.errors import BadSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_WIDTH = 256
_HASH_BYTES = 32


class TreeFiles:
    """A tree that grows at its end. `flush` writes what was appended."""

    def __init__(self, folder: Path, size: int = 0) -> None:
        """Take up a tree of some size that was flushed. Raises BadSettings where it is damaged."""
        self._folder = folder
        self.frontier = Frontier()
        self._leaves: list[bytes] = []
        """Of the last tile, while it is not full."""
        self._levels: list[list[bytes]] = []
        """The hashes in the last tile of each level, while it is not full."""
        for leaf in leaves(folder, size):
            self._add(leaf, write=False)
        if self.frontier.size != size:
            raise BadSettings(_damaged(folder, size, self.frontier.size))

    @property
    def size(self) -> int:
        return self.frontier.size

    def append(self, leaf: bytes) -> None:
        self._add(leaf, write=True)

    def flush(self) -> None:
        """Write the tiles that are not full."""
        for level, hashes in enumerate(self._levels):
            if hashes:
                self._write(str(level), self._tile(level), b"".join(hashes), len(hashes))
        if self._leaves:
            self._write("entries", self._tile(0), _packed(self._leaves), len(self._leaves))

    def subtree(self, low: int, high: int) -> bytes:
        """Return the hash of the leaves from `low` up to `high`, without that one."""
        width = high - low
        if width & (width - 1) or low % width:
            middle = low + split(width)
            return node_hash(self.subtree(low, middle), self.subtree(middle, high))
        level = (width.bit_length() - 1) // 8
        first, count = low >> 8 * level, width >> 8 * level
        tile, at = divmod(first, _WIDTH)
        hashes = self._hashes(level, tile)
        return _root(hashes[at : at + count])

    def _add(self, leaf: bytes, *, write: bool) -> None:
        hashed = leaf_hash(leaf)
        self._leaves.append(leaf)
        if len(self._leaves) == _WIDTH:
            if write:
                self._write("entries", self.size // _WIDTH, _packed(self._leaves))
            self._leaves = []
        self._push(0, hashed, write=write)
        self.frontier.append(hashed)

    def _push(self, level: int, hashed: bytes, *, write: bool) -> None:
        if level == len(self._levels):
            self._levels.append([])
        hashes = self._levels[level]
        hashes.append(hashed)
        if len(hashes) == _WIDTH:
            if write:
                self._write(str(level), self._tile(level), b"".join(hashes))
            self._levels[level] = []
            self._push(level + 1, _root(hashes), write=write)

    def _tile(self, level: int) -> int:
        """Return the number of the tile of a level that is being filled."""
        return self.size >> 8 * (level + 1)

    def _hashes(self, level: int, tile: int) -> list[bytes]:
        if level < len(self._levels) and tile == self._tile(level):
            return self._levels[level]
        return _full_tile(self._folder / "tile" / str(level) / _number(tile))

    def _write(self, kind: str, tile: int, data: bytes, width: int = _WIDTH) -> None:
        full = self._folder / "tile" / kind / _number(tile)
        partial = full.with_name(f"{full.name}.p")
        write_file(full if width == _WIDTH else partial / str(width), data)
        if width == _WIDTH:
            shutil.rmtree(partial, ignore_errors=True)


def leaves(folder: Path, size: int, first: int = 0) -> Iterator[bytes]:
    """Yield the leaves of a tree from one on. Raises BadSettings where they cannot be read."""
    for tile in range(first // _WIDTH, -(-size // _WIDTH)):
        full = folder / "tile" / "entries" / _number(tile)
        width = min(_WIDTH, size - tile * _WIDTH)
        path = full if full.exists() else full.with_name(f"{full.name}.p") / str(width)
        try:
            found = list(_unpacked(path.read_bytes()))
        except OSError as error:
            raise BadSettings(f"{path} cannot be read ({error.strerror}).") from error
        if len(found) < width:
            raise BadSettings(_damaged(folder, size, tile * _WIDTH + len(found)))
        yield from found[max(0, first - tile * _WIDTH) : width]


def write_file(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, and durably."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _number(tile: int) -> str:
    """Spell a number as folders of three digits, such as `x001/x234/067`."""
    parts = [f"{tile % 1000:03}"]
    while tile := tile // 1000:
        parts.append(f"x{tile % 1000:03}")
    return "/".join(reversed(parts))


def _packed(found: list[bytes]) -> bytes:
    return b"".join(len(leaf).to_bytes(2, "big") + leaf for leaf in found)


def _unpacked(data: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 2], "big")
        yield data[at + 2 : at + 2 + length]
        at += 2 + length


def _root(hashes: list[bytes]) -> bytes:
    tree = Frontier()
    for hashed in hashes:
        tree.append(hashed)
    return tree.root()


@lru_cache(maxsize=64)
def _full_tile(path: Path) -> list[bytes]:
    data = path.read_bytes()
    return [data[at : at + _HASH_BYTES] for at in range(0, len(data), _HASH_BYTES)]


def _damaged(folder: Path, size: int, found: int) -> str:
    return (
        f"The notary's files in {folder} are damaged: {size} entries are signed, and {found} are "
        "there. Restore the folder from a backup."
    )
