"""Secrets to plant, each of its own, and how they are found again in whatever comes out."""

from __future__ import annotations

import random
import string
from base64 import b64encode
from urllib.parse import quote

_ALIGNED = ((0, 0), (1, 2), (2, 3))
"""How many bytes may stand before it in a group of base64, and what of the first is not its own."""


def aws_key(place: str) -> str:
    """Return a key that says, in its own alphabet, where it was put."""
    return f"AKIA{place.upper()}QZ7KW3MHT5VJ2RBXPNL"[:20]


def github_token(place: str) -> str:
    chance = random.Random(place)  # noqa: S311 - it opens nothing
    return "ghp_" + "".join(chance.choices(string.ascii_letters + string.digits, k=36))


def planted(*places: str) -> dict[str, str]:
    """Return two secrets for each place, by what a failing test calls them."""
    keys = {f"AWS key in the {place}": aws_key(place) for place in places}
    return keys | {f"GitHub token in the {place}": github_token(place) for place in places}


def is_in(secret: str, output: bytes) -> bool:
    """Tell whether it is there: as it is, as in an address, or anywhere in base64."""
    return any(form in output for form in _forms(secret.encode()))


def _forms(secret: bytes) -> list[bytes]:
    encoded = [
        b64encode(bytes(before) + secret).rstrip(b"=")[start:-1] for before, start in _ALIGNED
    ]
    return [secret, quote(secret, safe="").encode(), *encoded]
