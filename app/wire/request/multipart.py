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


def split(raw: bytes, content_type: str) -> list[bytes]:
    """Cut the body, so that the pieces join to it again: boundaries stay with what follows them."""
    mark = boundary(content_type)
    if not mark:
        return [raw]
    first, *rest = raw.split(b"--" + mark)
    return [first, *(b"--" + mark + part for part in rest)]


def without_boundary(part: bytes) -> bytes:
    """Return a part as `split` cut it, less the line of its boundary, which clients draw by lot."""
    first, _, rest = part.partition(b"\r\n")
    return rest if first.startswith(b"--") else part


def is_encoded(part: bytes) -> bool:
    """Tell whether a part says that its text is spelt in another way than its bytes."""
    head = re.split(rb"\r?\n\r?\n", part, maxsplit=1)[0]
    names = (name.decode("latin-1").lower() for name in _TRANSFER.findall(head))
    return any(name not in _PLAIN_TRANSFER for name in names)
