"""What a witness remembers: of each ledger the head that it signed last."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from app.audit.proof.heads import Head
from app.audit.proof.notes import BadNote
from app.errors import BadSettings
from notary.book import locked
from notary.tree import write_file

if TYPE_CHECKING:
    from pathlib import Path


class Memory:
    """A folder with a file for each ledger. One process has it open; close it at the end."""

    def __init__(self, folder: Path) -> None:
        """Raises BadSettings where another process has it."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._lock = locked(folder)

    def last(self, origin: str) -> Head | None:
        """Raises BadSettings where the file is damaged: then nothing is signed."""
        path = self._path(origin)
        if not path.exists():
            return None
        try:
            return Head.parse(path.read_text(encoding="utf-8"))
        except (BadNote, OSError, UnicodeError) as error:
            raise BadSettings(f"The head in {path} cannot be read: {error}.") from error

    def keep(self, head: Head) -> None:
        """Return when the head is written durably. Raises OSError."""
        write_file(self._path(head.origin), head.checkpoint.encode())

    def close(self) -> None:
        self._lock.close()

    def _path(self, origin: str) -> Path:
        return self._folder / hashlib.sha256(origin.encode()).hexdigest()
