"""How far a stream of the ledger has come."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Position:
    """`next` is the number of the first entry of a chain that was not delivered yet."""

    id: str
    stream: str
    chain: str
    next: int
