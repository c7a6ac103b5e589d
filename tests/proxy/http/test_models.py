"""The list of models, which Claude Code asks for with one credential header or with both."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import anthropic
import pytest

from app.domain.connection import CredentialScheme
from tests.proxy.http.conftest import CREDENTIAL, answer

if TYPE_CHECKING:
    from tests.proxy.http.conftest import Here

pytestmark = pytest.mark.asyncio(loop_scope="module")

MODEL = {
    "type": "model",
    "id": "claude-x",
    "display_name": "Claude X",
    "created_at": "2026-01-01T00:00:00Z",
}


@pytest.mark.parametrize("places", [("api_key",), ("auth_token",), ("api_key", "auth_token")])
async def test_models_are_listed_with_either_credential_header_and_with_both(
    here: Here, places: tuple[str, ...]
) -> None:
    await here.connect(scheme=CredentialScheme.X_API_KEY)
    page = {"data": [MODEL], "has_more": False, "first_id": "claude-x", "last_id": "claude-x"}
    here.upstream.answers = [answer(json.dumps(page).encode())]
    token = await here.token()
    if len(places) > 1:  # as Claude Code's helper for keys does; the SDK takes one of them
        both = {"authorization": f"Bearer {token}", "x-api-key": token}
        async with here.http(**both, **{"anthropic-version": "2023-06-01"}) as http:
            listed = (await http.get("/it/v1/models?limit=1000")).json()
        found = [model["id"] for model in listed["data"]]
    else:
        async with anthropic.AsyncAnthropic(
            base_url=f"{here.place.url}/it", timeout=3, max_retries=0, **{places[0]: token}
        ) as client:
            found = [model.id async for model in client.models.list(limit=1000)]
    assert found == ["claude-x"]
    received = here.upstream.last
    assert received.line == "GET /base/v1/models?limit=1000 HTTP/1.1"
    assert received.headers["x-api-key"] == CREDENTIAL
    assert received.headers["anthropic-version"]
    assert "authorization" not in received.headers
