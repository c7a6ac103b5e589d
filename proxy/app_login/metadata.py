"""Where a program finds what it signs in with (RFC 8414). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
REFRESH_GRANT = "refresh_token"
AUTHORIZE, TOKEN, PAGE = "/-/device/authorization", "/-/device/token", "/-/device"


def metadata(gateway: str, connection: str) -> Mapping[str, object]:
    """Return the metadata for programs of one connection; `gateway` is our public address."""
    return {
        "issuer": f"{gateway}/{connection}",
        "device_authorization_endpoint": f"{gateway}{AUTHORIZE}/{quote(connection)}",
        "token_endpoint": f"{gateway}{TOKEN}",
        "grant_types_supported": [DEVICE_GRANT, REFRESH_GRANT],
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": ["none"],
    }
