"""The codes of a sign-in: one for the program, one for the person to read and type. Pure."""

from __future__ import annotations

import re
import secrets

# No vowels, so that no code is a word (RFC 8628, section 6.1).
_ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
_LENGTH = 8
_DEVICE_BYTES = 32
_LONGEST = 64


def new_device_code() -> str:
    return secrets.token_urlsafe(_DEVICE_BYTES)


def new_user_code() -> str:
    """Return eight letters, such as `WDJB-MJHT`: about 34 bits."""
    return spelled("".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH)))


def read_user_code(typed: str) -> str:
    """Return the code that somebody meant; empty where it cannot be one."""
    letters = re.sub(r"[\W_]", "", typed[:_LONGEST]).upper()
    is_code = len(letters) == _LENGTH and set(letters) <= set(_ALPHABET)
    return spelled(letters) if is_code else ""


def spelled(letters: str) -> str:
    return f"{letters[:4]}-{letters[4:]}"
