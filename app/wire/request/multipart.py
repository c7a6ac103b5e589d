"""The parts of a multipart body (RFC 2046, section 5.1), found by their boundary alone.

Nothing of the body is left out: what stands before the first boundary and after the last is a
part too, so that a server which reads the boundaries otherwise reads nothing that was not seen.
"""

from __future__ import annotations

import re

_BOUNDARY = re.compile(
    r";\s*boundary\s*=\s*(?:\"([^\"]{1,200})\"|([^\s;\"]{1,200}))", re.IGNORECASE
)
_PLAIN_TRANSFER = frozenset({"", "7bit", "8bit", "binary"})
_TRANSFER = re.compile(rb"^content-transfer-encoding:[ \t]*([^\s;]*)", re.IGNORECASE | re.MULTILINE)


def boundary(content_type: str) -> bytes:
    """Return the boundary; nothing where there is none, or more than one."""
    found = {quoted or bare for quoted, bare in _BOUNDARY.findall(content_type)}
    return found.pop().encode() if len(found) == 1 else b""


def split(raw: bytes, content_type: str) -> list[tuple[bytes, bytes]]:
    """Cut the body into parts, each with the delimiter before it; joined, they are the body again.

    A delimiter is what the header names, so whoever read the header has read it. A part that goes
    on in the line of its delimiter keeps it, and has none before it.
    """
    mark = boundary(content_type)
    if not mark:
        return [(b"", raw)]
    delimiter = b"--" + mark
    first, *rest = raw.split(delimiter)
    ends = [(delimiter, part) if _ends_line(part) else (b"", delimiter + part) for part in rest]
    return [(b"", first), *ends]


def canonical(raw: bytes, content_type: str) -> bytes:
    """Write the parts in order, each with its length, so that no boundary makes a difference."""
    parts = raw.split(b"--" + boundary(content_type)) if boundary(content_type) else [raw]
    return b"".join(len(part).to_bytes(8, "big") + part for part in parts)


def without_boundary(content_type: str) -> str:
    """Return the header less its boundary, which clients draw by lot for each attempt.

    In its place is a character that no header has, so that none can be made to look like it.
    """
    return _BOUNDARY.sub("; boundary=\0", content_type)


def _ends_line(part: bytes) -> bool:
    return not part or part.startswith((b"\r\n", b"\n", b"--"))


def is_encoded(part: bytes) -> bool:
    """Tell whether a part says that its text is spelt in another way than its bytes."""
    head = re.split(rb"\r?\n\r?\n", part, maxsplit=1)[0]
    names = (name.decode("latin-1").lower() for name in _TRANSFER.findall(head))
    return any(name not in _PLAIN_TRANSFER for name in names)
