"""The seal of a ledger's entry: a hash over its canonical JSON."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import rfc8785

from app.domain.event import place

if TYPE_CHECKING:
    from app.domain.event import Entry


def seal(entry: Entry) -> str:
    """Return SHA-256 in hex over the entry without its own hash, in canonical JSON (RFC 8785)."""
    return hashlib.sha256(rfc8785.dumps(content(entry))).hexdigest()


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
