"""The seal of a ledger's entry: a hash over its canonical JSON."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import rfc8785

from app.domain.event import place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.domain.event import Entry

_PLAIN = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
_MOST = 2**53 - 1


def seal(entry: Entry) -> str:
    """Return SHA-256 in hex over the entry without its own hash, in canonical JSON (RFC 8785)."""
    return hashlib.sha256(canonical(content(entry))).hexdigest()


def canonical(value: Mapping[str, Any]) -> bytes:
    """Return canonical JSON (RFC 8785).

    Python's own encoder, which is compiled, writes the same wherever all names are ASCII, so that
    each way to order them is the same, and all values are text or whole numbers.
    """
    if _is_plain(value):
        try:
            return _PLAIN.encode(value).encode()
        except UnicodeEncodeError:  # half of a surrogate pair
            pass
    return rfc8785.dumps(value)


def _is_plain(value: Mapping[str, Any]) -> bool:
    for name, each in value.items():
        if type(name) is not str or not name.isascii():
            return False
        if type(each) is dict:
            if not _is_plain(each):
                return False
        elif type(each) is not str and not (type(each) is int and -_MOST <= each <= _MOST):
            return False
    return True


def content(entry: Entry) -> dict[str, Any]:
    """Return what is sealed: all of an entry but its hash."""
    event = entry.event
    return {
        "chain": entry.chain,
        "seq": entry.seq,
        "previous": entry.previous,
        "kind": event.kind.value,
        "at": event.at.isoformat(timespec="milliseconds"),
        "session": event.session_id,
        "data": dict(event.data),
    }


def leaf(chain: str, seq: int, hash_: str) -> bytes:
    """Return the leaf of an entry in the notary's tree: its place and its seal."""
    return f"{place(chain, seq)} {hash_}".encode()
