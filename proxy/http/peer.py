"""Where a request comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from proxy.front import Headers

_FORWARDED = "x-forwarded-for"
_LONGEST = 45


def address_of(peer: str, headers: Headers, proxies: int) -> str:
    """Return the client's address; `peer` is whoever is connected to us.

    `proxies` is how many of our own stand before the gateway. Each adds the address that it was
    called from to X-Forwarded-For, so what stands before their entries, a client has made up.
    """
    sent = ",".join(value for name, value in headers if name == _FORWARDED)
    forwarded = [part.strip() for part in sent.split(",")]
    given = forwarded[-proxies] if 0 < proxies <= len(forwarded) else ""
    return (given or peer)[:_LONGEST]
