"""What is kept of a sign-in between two commands.

The access token, which ends within the hour, is in a file that only its owner may read: whoever
needs a token every few seconds must not wake the keyring. The refresh token is in the keyring of
the operating system, and beside the access token where there is none.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

import platformdirs

from app.errors import NotAuthenticated
from workstation.private_files import locked, read_private, write_private

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from workstation.workplace import Workplace


@dataclass(frozen=True, slots=True)
class SignInSession:
    """Times are Unix seconds; `signed_in_at` stays what it is when tokens are renewed."""

    access_token: str = field(repr=False)
    issued_at: float
    expires_at: float
    signed_in_at: float
    refresh_token: str = field(default="", repr=False)
    """Empty where there is none, or where it is in the keyring."""
    in_keyring: str = ""
    """Where in the keyring the refresh token is."""


class SessionFile:
    """The session of one workplace. Every method raises Unavailable."""

    def __init__(self, workplace: Workplace) -> None:
        named = json.dumps(asdict(workplace), sort_keys=True)
        self._name = hashlib.sha256(named.encode()).hexdigest()[:20]
        folder = platformdirs.user_state_path("abeyance") / "sessions"
        self._path = folder / f"{self._name}.json"
        self._lock = folder / f"{self._name}.lock"

    def lock(self) -> AbstractContextManager[None]:
        """Let one process at a time refresh: the second would show a refresh token that is used."""
        return locked(self._lock)

    def read(self) -> SignInSession | None:
        """Raises NotAuthenticated where the file is no session."""
        text = read_private(self._path)
        try:
            return SignInSession(**json.loads(text)) if text else None
        except (ValueError, TypeError) as error:
            raise NotAuthenticated(
                "Your kept sign-in cannot be read: run `abeyance login`."
            ) from error

    def refresh_token(self, session: SignInSession) -> str:
        """Return it, from wherever it is; empty where there is none. Raises NotAuthenticated."""
        if not session.in_keyring:
            return session.refresh_token
        from workstation.sign_in import keyring_secrets  # noqa: PLC0415  it loads slowly

        return keyring_secrets.get(session.in_keyring)

    def write(self, session: SignInSession, before: SignInSession | None = None) -> SignInSession:
        """Keep a session, with a refresh token, in the place of `before`; return it as kept."""
        from workstation.sign_in import keyring_secrets  # noqa: PLC0415  it loads slowly

        if session.refresh_token:
            reference = keyring_secrets.put(self._name, session.refresh_token)
            if reference:
                session = replace(session, refresh_token="", in_keyring=reference)
        write_private(self._path, json.dumps(asdict(session)))
        if before and before.in_keyring and before.in_keyring != session.in_keyring:
            keyring_secrets.drop(before.in_keyring)
        return session

    def forget(self, session: SignInSession | None) -> None:
        self._path.unlink(missing_ok=True)
        if session is not None and session.in_keyring:
            from workstation.sign_in import keyring_secrets  # noqa: PLC0415  it loads slowly

            keyring_secrets.drop(session.in_keyring)
