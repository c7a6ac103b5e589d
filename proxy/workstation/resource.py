"""What the gateway says of itself to who wants a token for it (RFC 9728).

Beside the standard's members there are two of ours, for `abeyance login`: the client that it is at
the issuer, and the audience that its tokens must have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from quart import Blueprint, Response, jsonify, request

from proxy.browser.client import issuer_of_people
from proxy.http.challenge import METADATA, base_url

if TYPE_CHECKING:
    from app.settings import Settings


def resource_pages(settings: Settings) -> Blueprint:
    pages = Blueprint("resource", __name__)

    @pages.get(METADATA)
    async def described() -> Response:
        described: dict[str, object] = {
            "resource": base_url(settings.public_url, request.scheme, request.host),
            "resource_name": "Abeyance",
            "bearer_methods_supported": ["header"],
        }
        first = issuer_of_people(settings)
        if first is not None:
            people = (known.issuer for known in settings.issuers if known.kind == "person")
            others = [issuer for issuer in people if issuer != first.issuer]
            described |= {
                "authorization_servers": [first.issuer, *others],
                "abeyance_client_id": settings.workstation_client_id,
                "abeyance_audience": first.audience,
            }
            if first.scopes:
                described["scopes_supported"] = list(first.scopes)
        return jsonify(described)

    return pages
