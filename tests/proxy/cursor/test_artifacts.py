"""An artifact comes through the gateway: its address is ours, and what it shows is masked."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest
import pytest_asyncio

from app.domain.connection import Connection, CredentialScheme
from app.errors import NotFound
from app.search import parse_filter
from app.vault import Vault
from proxy.cursor.artifacts import ArtifactLink, ArtifactLinks
from sandbox.model.cursor.files import Files, file_host
from sandbox.model.intake import CREDENTIAL
from sandbox.model.server import make_app
from sandbox.serving import listen, running
from tests.proxy.cursor.test_webhooks import KEY, RULES
from tests.proxy.linking import CLOCK

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.settings import Settings
    from tests.proxy.linking import Place

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def settings(settings: Settings) -> Settings:
    (settings.catalog / "catalog" / "keys.yaml").write_text(RULES)
    return settings


@pytest_asyncio.fixture(loop_scope="module")
async def cursor(place: Place) -> AsyncIterator[Connection]:
    files = Files()
    async with (
        running(file_host(files), listen(0)) as files.url,
        running(make_app(files), listen(0)) as url,
    ):
        sealed = Vault(place.settings.vault_key.get_secret_value()).seal("cursor", CREDENTIAL)
        cursor = Connection("cursor", f"{url}/cursor", CredentialScheme.BASIC, sealed)
        await place.storage.connections.put(replace(cursor, fetch_artifacts=True))
        yield cursor


async def test_an_artifact_is_fetched_masked_and_recorded_for_its_owner_alone(
    place: Place, cursor: Connection
) -> None:
    headers = {"authorization": f"Bearer {await place.idp.token('alice')}"}
    body = {"prompt": {"text": "Report"}, "model": {"id": "cursor-sandbox-leaky"}}
    async with httpx.AsyncClient(base_url=place.url, headers=headers, timeout=60) as http:
        launched = (await http.post("/cursor/v1/agents", json=body)).raise_for_status().json()
        agent = launched["agent"]["id"]
        path = f"/cursor/v1/agents/{agent}/artifacts"
        [artifact] = (await http.get(path)).json()["items"]
        name = {"path": artifact["path"]}
        given = (await http.get(f"{path}/download", params=name)).json()
        await place.storage.connections.put(cursor)
        past = (await http.get(f"{path}/download", params=name)).json()
    assert given["url"].startswith(f"{place.url}/-/cursor/artifacts/")
    assert "X-Amz-Signature" in past["url"]

    async with httpx.AsyncClient(timeout=60) as anyone:  # as SDKs fetch it: without a credential
        fetched = await anyone.get(given["url"])
        assert (await anyone.get(past["url"])).text.count(KEY) == 1
        for address in (given["url"][:-9] + "AAAAAAAAA", f"{given['url'][:-1]}%FF"):
            assert (await anyone.get(address)).status_code == 404
    assert KEY not in fetched.text
    assert "Found [aws-access-key-id]." in fetched.text
    assert fetched.headers["content-disposition"] == "attachment"

    wanted = parse_filter(f"agent:{agent}", datetime.now(UTC))
    latest = await place.storage.sessions.search(wanted, limit=9)
    recorded = next(session for session in latest if session.answer and session.answer.masked)
    chunks = await place.storage.sessions.chunks(recorded.id)
    assert b"".join(chunk.data for chunk in chunks) == fetched.content


async def test_an_address_is_good_for_fifteen_minutes() -> None:
    now = CLOCK.now()
    clock = Clock(now)
    links = ArtifactLinks(Vault(Vault.new_key()), clock)
    link = ArtifactLink(
        "cursor", "owner", "bc-1", "path", "query", "https://x.example", links.until()
    )
    token = links.sealed(link)
    assert links.opened(token) == link
    clock.at = now + timedelta(minutes=15, seconds=1)
    with pytest.raises(NotFound):
        links.opened(token)


class Clock:
    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at
