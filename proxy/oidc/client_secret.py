"""A client's secret on its way to an issuer."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from authlib.integrations.httpx_client import AsyncOAuth2Client
    from authlib.oauth2.auth import ClientAuth


def register_escaped_basic(client: AsyncOAuth2Client) -> None:
    """Escape id and secret (RFC 6749, section 2.3.1), which Authlib's own method leaves out."""
    client.register_client_auth_method(("client_secret_basic", _basic))


def _basic(
    client: ClientAuth, _method: str, uri: str, headers: MutableMapping[str, str], body: bytes
) -> tuple[str, MutableMapping[str, str], bytes]:
    pair = f"{quote(client.client_id, safe='')}:{quote(client.client_secret, safe='')}"
    headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    return uri, headers, body
