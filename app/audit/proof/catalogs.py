"""Whether a bundle has each catalog that its entries name, as it was when it came into force."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.audit.proof.notes import BadNote
from app.domain.event import EventKind
from app.domain.record.stored_catalog import files_digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from app.audit.proof.bundle import Record


class Catalogs:
    def __init__(self) -> None:
        self.named: dict[str, set[str]] = {}
        """The digests that entries name, by revision."""
        self.found: dict[str, str] = {}
        self.are_there = False
        """Whether they were put into the bundle."""

    def add(self, kind: str, data: Mapping[str, Any]) -> None:
        if kind == EventKind.CATALOG_STORED:
            self.named.setdefault(str(data.get("catalog")), set()).add(str(data.get("digest")))

    def take(self, record: Record) -> None:
        """Raises BadNote where no entry before it names it."""
        if record["catalog"] not in self.named:
            raise BadNote("no entry before it names this catalog")
        self.found[record["catalog"]] = files_digest(record["files"])

    def faults(self) -> Iterator[tuple[str, str]]:
        """Yield place and fault of each that is missing or was changed."""
        for revision, digests in self.named.items() if self.are_there else ():
            found = self.found.get(revision)
            if found is None:
                yield f"catalog {revision}", "an entry names it, and it is missing"
            elif digests != {found}:
                yield (
                    f"catalog {revision}",
                    "its files were changed: they have another digest than the ledger names",
                )
