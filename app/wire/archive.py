"""The texts in a zip archive, such as a document of an office program, within limits."""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_MEMBERS = 2000
MOST_BYTES = 8 * 1024 * 1024
"""Of all that one message holds, unpacked. An archive beyond a limit is not read, but counted."""

MOST_TIMES = 20
"""How many times its own size an archive may unpack to: an office document has a third of that, and
who asks how much work a message is looks at its size."""

_SIGNATURE = b"PK\x03\x04"
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ENCRYPTED = 0x1
_FAULTS = (zipfile.BadZipFile, zlib.error, OSError, ValueError, EOFError, NotImplementedError)
_READ = 64 * 1024


@dataclass(frozen=True, slots=True)
class Archive:
    """`members` are the unpacked files, in the order of the archive."""

    raw: bytes
    comment: bytes
    members: tuple[tuple[zipfile.ZipInfo, bytes], ...]

    @property
    def size(self) -> int:
        return sum(len(data) for _, data in self.members)

    def masked(self, mask: Callable[[bytes], bytes]) -> bytes:
        """Return the archive with each file masked; its very bytes where none changes."""
        changed = [(info, data, mask(data)) for info, data in self.members]
        if all(data == clean for _, data, clean in changed):
            return self.raw
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as packed:
            packed.comment = self.comment
            for info, _, clean in changed:
                packed.writestr(info, clean, info.compress_type)
        return out.getvalue()


def opened(data: bytes, most: int = MOST_BYTES) -> Archive | None:
    """Unpack an archive; None for what is none, or has more than `most` bytes or members."""
    if not data.startswith(_SIGNATURE):
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            infos = packed.infolist()
            if len(infos) > MOST_MEMBERS or any(not _is_plain(info) for info in infos):
                return None
            left = min(most, MOST_TIMES * len(data))
            members = []
            for info in infos:
                unpacked = _unpacked(packed, info, left)
                left -= len(unpacked)
                members.append((info, unpacked))
            return Archive(data, packed.comment, tuple(members))
    except _FAULTS:
        return None


def _is_plain(info: zipfile.ZipInfo) -> bool:
    return info.compress_type in _METHODS and not info.flag_bits & _ENCRYPTED


def _unpacked(packed: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> bytes:
    """Unpack piece by piece: what an archive says of its sizes may be a lie."""
    parts: list[bytes] = []
    size = 0
    with packed.open(info) as member:
        while piece := member.read(_READ):
            size += len(piece)
            if size > most:
                raise zipfile.BadZipFile
            parts.append(piece)
    return b"".join(parts)
