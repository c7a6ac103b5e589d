"""Where a webhook may lead: to the outside by https, and nowhere by way of a redirect.

An address is resolved and looked at when an agent is launched, and again by the very lookup that
a delivery connects with, since a name may mean another address by then.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver

from app.errors import BadRequest

if TYPE_CHECKING:
    from aiohttp.abc import ResolveResult

_SECONDS = aiohttp.ClientTimeout(total=20, connect=5)
_LOOKUP_SECONDS = 5.0
_HTTPS = "https"


@dataclass(frozen=True, slots=True)
class Targets:
    """`private` allows addresses of one's own network, by http too."""

    private: bool

    async def check(self, url: str) -> None:
        """Raise BadRequest for an address that no webhook may have."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            host, port = "", None
        schemes = (_HTTPS, "http") if self.private else (_HTTPS,)
        if not host or parts.scheme not in schemes or parts.username is not None:
            raise BadRequest("A webhook's url has to begin with https:// and a host.")
        try:
            async with asyncio.timeout(_LOOKUP_SECONDS):
                await self.resolver().resolve(host, port or 443)
        except (OSError, TimeoutError, UnicodeError):
            raise BadRequest(
                "A webhook's url has to lead to a public address: this one cannot be resolved, or "
                "leads into a private network. An administrator of Abeyance can allow those with "
                "ABEYANCE_WEBHOOK_PRIVATE."
            ) from None

    def resolver(self) -> PublicResolver:
        return PublicResolver(private=self.private)

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        """Return the status that a delivery is answered with.

        Raises aiohttp.ClientError or OSError where there is no answer, BadRequest.
        """
        await self.check(url)
        connector = aiohttp.TCPConnector(resolver=self.resolver(), use_dns_cache=False)
        async with (
            aiohttp.ClientSession(connector=connector, timeout=_SECONDS) as http,
            http.post(url, data=body, headers=headers, allow_redirects=False) as answer,
        ):
            return answer.status


class PublicResolver(AbstractResolver):
    """Resolves names to public addresses alone. Raises OSError for any other."""

    def __init__(self, *, private: bool) -> None:
        self._private = private

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family)
        for *_, address in found:
            if not (self._private or is_public(str(address[0]))):
                raise OSError(f"{host} leads into a private network")
        return [
            {
                "hostname": host,
                "host": str(address[0]),
                "port": port,
                "family": kind,
                "proto": proto,
                "flags": socket.AI_NUMERICHOST,
            }
            for kind, _, proto, _, address in found
        ]

    async def close(self) -> None:
        return None


def is_public(address: str) -> bool:
    """Whether an address is of the internet; one that carries another is as that one is."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo or (None, None))[1]
        if inner is not None:
            return is_public(str(inner))
        if found in _NAT64:
            return is_public(str(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)))
    return found.is_global and not found.is_multicast


_NAT64 = ipaddress.ip_network("64:ff9b::/96")
