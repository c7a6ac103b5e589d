"""What is kept of a sign-in between two commands.

The access token, which ends within the hour, is in a file that only its owner may read: whoever
needs a token every few seconds must not wake the keyring. The refresh token is in the keyring of
the operating system, and beside the access token where there is none.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import platformdirs

from app.errors import NotAuthenticated
from workstation.private_files import locked, read_private, write_private

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from workstation.workplace import Workplace


@dataclass(frozen=True, slots=True)
class Session:
    """Times are Unix seconds. `keyring` says that the refresh token is there."""

    access_token: str = field(repr=False)
    issued_at: float
    expires_at: float
    refresh_token: str = field(default="", repr=False)


class SessionFile:
    """The session of one workplace. Every method raises Unavailable."""

    def __init__(self, workplace: Workplace) -> None:
        named = json.dumps(asdict(workplace), sort_keys=True)
        self.name = hashlib.sha256(named.encode()).hexdigest()[:20]
        folder = platformdirs.user_state_path("abeyance") / "sessions"
        self._path = folder / f"{self.name}.json"
        self._lock = folder / f"{self.name}.lock"

    def lock(self) -> AbstractContextManager[None]:
        """Let one process at a time refresh: the second would show a refresh token that is used."""
        return locked(self._lock)

    def read(self) -> Session | None:
        """Raises NotAuthenticated where the file is no session."""
        text = read_private(self._path)
        try:
            return Session(**json.loads(text)) if text else None
        except (ValueError, TypeError) as error:
            raise NotAuthenticated(
                "Your kept sign-in cannot be read: run `abeyance login`."
            ) from error

    def write(self, session: Session) -> None:
        write_private(self._path, json.dumps(asdict(session)))

    def forget(self) -> None:
        self._path.unlink(missing_ok=True)
