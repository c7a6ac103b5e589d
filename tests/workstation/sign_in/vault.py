"""A keyring for the `keyring` library, as an operating system has one.

It has room for 1,280 characters in an entry, as on Windows, and is locked while a file says so.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.compat import properties
from keyring.errors import KeyringLocked, PasswordSetError

ROOM = 1280


class Keyring(KeyringBackend):
    @properties.classproperty
    def priority(self) -> float:
        return 5

    @property
    def _file(self) -> Path:
        return Path(os.environ["HOME"]) / "keyring.json"

    def _entries(self) -> dict[str, str]:
        if self._file.with_suffix(".locked").exists():
            raise KeyringLocked("the keyring is locked")
        entries: dict[str, str] = json.loads(self._file.read_text()) if self._file.exists() else {}
        return entries

    def get_password(self, service: str, username: str) -> str | None:
        return self._entries().get(f"{service}/{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        if len(password) > ROOM:
            raise PasswordSetError("too long")
        self._file.write_text(json.dumps(self._entries() | {f"{service}/{username}": password}))

    def delete_password(self, service: str, username: str) -> None:
        entries = self._entries()
        entries.pop(f"{service}/{username}")
        self._file.write_text(json.dumps(entries))
