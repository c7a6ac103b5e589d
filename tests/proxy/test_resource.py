"""What the gateway says of itself to who has no token for it (RFC 9728)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from tests.proxy.linking import Place

pytestmark = pytest.mark.asyncio(loop_scope="module")
METADATA = "/.well-known/oauth-protected-resource"


async def test_a_client_learns_from_a_401_where_to_sign_in(place: Place) -> None:
    async with httpx.AsyncClient(base_url=place.url) as http:
        for path in ("/-/holds", "/openai/v1/chat/completions"):
            refused = await http.get(path)
            assert refused.status_code == 401
            challenge = refused.headers["www-authenticate"]
            assert (
                challenge == f'Bearer realm="abeyance", resource_metadata="{place.url}{METADATA}"'
            )
        described = (await http.get(METADATA)).json()
    assert described == {
        "resource": place.url,
        "resource_name": "Abeyance",
        "bearer_methods_supported": ["header"],
        "authorization_servers": [place.idp.issuer],
        "abeyance_client_id": "abeyance-cli",
        "abeyance_audience": "abeyance",
    }


async def test_without_a_public_url_the_gateway_is_where_the_caller_has_it(place: Place) -> None:
    issuers = [
        {"issuer": "https://a.example"},
        {"issuer": "https://b.example", "audience": "b", "scopes": ["api://b/.default"]},
    ]
    changes = {"public_url": "", "issuers": issuers, "login_issuer": "https://b.example"}
    async with place.gateway(**changes) as fresh, httpx.AsyncClient() as http:
        inside = f"http://127.0.0.1:{fresh.settings.port}"
        described = (await http.get(inside + METADATA)).json()
        assert described["resource"] == inside
        assert described["authorization_servers"] == ["https://b.example", "https://a.example"]
        assert described["abeyance_audience"] == "b"
        assert described["scopes_supported"] == ["api://b/.default"]
        for host, told in (("gateway.internal", True), ('a", error="', False)):
            refused = await http.get(f"{inside}/-/holds", headers={"host": host})
            challenge = refused.headers.get("www-authenticate", "")
            assert (f'"http://{host}{METADATA}"' in challenge) == told
