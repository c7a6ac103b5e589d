"""In which encoding the text of an answer is: what its label says against what its bytes show."""

from __future__ import annotations

import codecs

from app.errors import UpstreamUnavailable
from app.wire.answer import content_sniffing

_PLAIN = '{AKIA09"+~}'


def check_charset(charset: str) -> None:
    """Raise `UpstreamUnavailable` for a charset in which we cannot read pieces of text."""
    try:
        "".encode(charset)  # refuses what Python can decode and is no charset, as base64
        codecs.getincrementaldecoder(charset)
        codecs.getincrementalencoder(charset)
    except (LookupError, ValueError):
        raise UpstreamUnavailable(
            f"The answer's charset is not one we can read: {charset[:40]}."
        ) from None


def is_wide(charset: str) -> bool:
    """Tell whether plain letters are spelt in other bytes than those of ASCII."""
    return bool(charset) and _PLAIN.encode(charset) != _PLAIN.encode("ascii")


def actual_encoding(said: str, head: bytes) -> str:
    """Return the encoding to read in, or nothing where neither label nor bytes tell.

    Raises `UpstreamUnavailable` where the label names a wide one and the bytes do not show it: a
    client might read something else than was checked.
    """
    shown = content_sniffing.encoding(head)
    if is_wide(shown):
        if is_wide(said) and not _agree(said, shown):
            raise _contradiction(said)
        return shown
    if is_wide(said) and head:
        raise _contradiction(said)
    return said


def _agree(said: str, shown: str) -> bool:
    said, shown = codecs.lookup(said).name, codecs.lookup(shown).name
    return shown.startswith(said)


def _contradiction(said: str) -> UpstreamUnavailable:
    return UpstreamUnavailable(
        f"The answer says that it is in {said[:40]} and is not, so it cannot be checked."
    )
