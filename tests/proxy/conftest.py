"""One gateway and one identity provider for the tests of a file."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from app.sealing.choosing import master_keys
from app.settings import Settings
from app.storage.store import MongoStorage
from app.vault import Vault
from sandbox.idp.clients import GATEWAY_SECRET
from sandbox.idp.driver import IdpDriver
from sandbox.idp.server import make_app
from sandbox.serving import listen, running
from tests.conftest import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.proxy.linking import Place

RULE = """
- id: none
  title: A prompt that nobody sends
  on: request
  when: {prompt: {words: [xyzzy]}}
  then: deny
  risk: low
  explain: Say something else.
  examples: {match: ["xyzzy"], skip: ["plugh"]}
"""


@pytest.fixture(scope="module")
def settings(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    data = tmp_path_factory.mktemp("gateway")
    (data / "catalog").mkdir()
    (data / "catalog" / "rule.yaml").write_text(RULE)
    port = free_port()
    given: dict[str, Any] = {
        "mongodb_uri": mongodb_uri,
        "mongodb_database": f"test-{secrets.token_hex(6)}",
        "vault_key": Vault.new_key(),
        "catalog": data,
        "port": port,
        "connections_seconds": 0,
        "public_url": f"http://127.0.0.1:{port}",
        "login_client_secret": GATEWAY_SECRET,
    }
    return Settings(**given)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def company(
    settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Place]:
    from tests.proxy.linking import Place, gateway  # takes long, and most tests need no gateway

    storage = MongoStorage.connect(
        settings.mongodb_uri.get_secret_value(), settings.mongodb_database, master_keys(settings)
    )
    listener = listen(0)
    idp_app = make_app(listener.url, tmp_path_factory.mktemp("idp"))
    async with running(idp_app, listener) as url, IdpDriver(url) as idp:
        issuers = [
            {"issuer": idp.issuer},
            {"issuer": idp.ci_issuer, "kind": "workload", "repositories": ["acme/*"]},
        ]
        settings = Settings(**settings.model_dump() | {"issuers": issuers})
        async with gateway(settings):
            yield Place(settings, storage, idp)
    storage.close()


@pytest.fixture
def place(company: Place) -> Place:
    return type(company)(company.settings, company.storage, company.idp)
