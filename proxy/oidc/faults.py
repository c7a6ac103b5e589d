"""What a token says against itself, for whoever sent it.

It is told before the signature is looked at, and by the token's own words and what the gateway
publishes about itself. So a forger learns nothing: neither whether a signature holds, nor which
other check failed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.settings import IssuerSettings

_LONGEST = 200
_UNITS = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))


def fault_told(
    claims: Mapping[str, Any], issuers: Mapping[str, IssuerSettings], now: int, leeway: int
) -> str:
    """Return why the token is of no use here, and what to do; empty where it does not say."""
    issuer = issuers.get(str(claims.get("iss")))
    if issuer is None:
        return (
            f"Your token is from the issuer “{_quoted(claims.get('iss', ''))}”, which this gateway "
            "does not trust. Sign in with `abeyance login`."
        )
    expires_at = claims.get("exp")
    if isinstance(expires_at, int | float) and now >= expires_at + leeway:
        return (
            f"Your token expired {_duration(int(now - expires_at))} ago. Get another with "
            "`abeyance login --print`; tools started by `abeyance exec` renew theirs."
        )
    audience = claims.get("aud", "")
    if issuer.audience not in (audience if isinstance(audience, list) else [audience]):
        named = _quoted(audience) or "nobody"
        return (
            f"Your token is for “{named}”, and this gateway takes tokens for “{issuer.audience}”. "
            "Sign in with `abeyance login`, which asks for the right one."
        )
    return ""


def _quoted(said: object) -> str:
    text = ", ".join(map(str, said)) if isinstance(said, list) else str(said)
    return "".join(letter for letter in text if letter.isprintable())[:_LONGEST]


def _duration(seconds: int) -> str:
    unit, size = next(((u, s) for u, s in _UNITS if seconds >= s), _UNITS[-1])
    count = seconds // size
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
