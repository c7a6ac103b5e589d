"""The files of a catalog, as they were when it came into force."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import rfc8785

if TYPE_CHECKING:
    from collections.abc import Mapping


def files_digest(files: Mapping[str, str]) -> str:
    """Return SHA-256 in hex over the files of a catalog, which the ledger names with it."""
    return hashlib.sha256(rfc8785.dumps(dict(files))).hexdigest()


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
        return files_digest(dict(self.files))
