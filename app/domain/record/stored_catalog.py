"""The files of a catalog, as they were when it came into force."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

import rfc8785


@dataclass(frozen=True, slots=True)
class StoredCatalog:
    """`id` is its revision, which decisions name."""

    id: str
    files: tuple[tuple[str, str], ...]
    """Name and text of each."""
    at: datetime
    """When it was first stored."""

    @property
    def digest(self) -> str:
        """Return SHA-256 in hex over the files, which the ledger names beside the revision."""
        return hashlib.sha256(rfc8785.dumps(dict(self.files))).hexdigest()
