"""What an issuer says of itself (OpenID Connect Discovery 1.0, section 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx


async def discover(issuer: str, http: httpx.AsyncClient) -> dict[str, Any]:
    """Return the discovery document.

    Raises httpx.HTTPError where it cannot be had; ValueError, TypeError or KeyError where it is
    none, or is another issuer's.
    """
    url = issuer.rstrip("/") + "/.well-known/openid-configuration"
    answer = await http.get(url)
    answer.raise_for_status()
    document: dict[str, Any] = answer.json()
    if document["issuer"] != issuer:
        raise ValueError(f"{url} speaks for {document['issuer']!r}")
    return document
