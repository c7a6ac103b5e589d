"""Where a client finds this gateway, and what it is told when it has no good token (RFC 9728)."""

from __future__ import annotations

import re

METADATA = "/.well-known/oauth-protected-resource"
_HOST = re.compile(r"[\w.-]+(:\d{1,5})?|\[[\da-fA-F:.]+\](:\d{1,5})?", re.ASCII)


def base_url(public_url: str, scheme: str, host: str) -> str:
    """Return where the gateway is: as its settings say, or as the caller has it; else nothing."""
    if public_url:
        return public_url
    return f"{scheme}://{host}" if _HOST.fullmatch(host) else ""


def challenge(base: str) -> str:
    """Return the header that tells a client without a good token where to begin."""
    where = f', resource_metadata="{base}{METADATA}"' if base else ""
    return f'Bearer realm="abeyance"{where}'
