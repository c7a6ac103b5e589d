"""Where a request comes from."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from proxy.front import Headers

Network: TypeAlias = "ipaddress.IPv4Network | ipaddress.IPv6Network"
_FORWARDED = "x-forwarded-for"
_LONGEST = 45


@dataclass(frozen=True, slots=True)
class Addresses:
    """Tells a client's address from those of our own proxies before the gateway.

    Each proxy adds the address that it was called from to X-Forwarded-For, so what is before their
    entries, a client has made up. Which entries are theirs is known by the networks of `trusted`
    where there are any, else by `proxies`, their number.
    """

    proxies: int
    trusted: tuple[Network, ...] = ()

    def of(self, peer: str, headers: Headers) -> str:
        """Return the client's address; `peer` is whoever is connected to us."""
        sent = ",".join(value for name, value in headers if name == _FORWARDED)
        forwarded = [part.strip() for part in sent.split(",") if part.strip()]
        if self.trusted:
            return self._first_stranger([*forwarded, peer])[:_LONGEST]
        given = forwarded[-self.proxies] if 0 < self.proxies <= len(forwarded) else ""
        return (given or peer)[:_LONGEST]

    def _first_stranger(self, way: list[str]) -> str:
        """Return the address nearest to us that is none of our proxies'."""
        near_first = way[::-1]
        return next((hop for hop in near_first if not self._is_ours(hop)), near_first[-1])

    def _is_ours(self, address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self.trusted)
