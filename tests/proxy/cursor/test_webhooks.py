"""A webhook of a launch: Cursor tells the gateway, and the gateway tells the client."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import pytest_asyncio
from quart import Quart, request

from app.domain.connection import Connection, CredentialScheme
from app.domain.identity import Identity, IdentityKind
from app.errors import BadRequest
from app.search import parse_filter
from app.settings import Settings
from app.vault import Vault
from proxy.cursor.webhooks.replacing import Webhooks
from proxy.cursor.webhooks.targets import Targets, is_public
from sandbox.model.cursor.files import Files
from sandbox.model.driver import ModelDriver
from sandbox.model.intake import CREDENTIAL
from sandbox.model.server import make_app
from sandbox.serving import listen, running
from tests.proxy.linking import CLOCK

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.storage.store import MongoStorage
    from tests.proxy.linking import Place

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET = "the-client's-own-secret-of-32-characters"
RULES = """
- id: no-keys
  title: The model tells a key
  on: response
  when: {text: {detectors: [aws-access-key-id]}}
  then: mask
  explain: Keys do not belong in answers.
  examples: {match: ["AKIAIOSFODNN7EXAMPLE"], skip: ["a key"]}
- id: no-plans
  title: The model tells a plan
  on: response
  when: {text: {words: [doomsday]}}
  then: deny
  risk: high
  explain: Plans do not belong in answers.
  examples: {match: ["doomsday"], skip: ["Monday"]}
"""


@pytest.fixture(scope="module")
def settings(settings: Settings) -> Settings:
    (settings.catalog / "catalog" / "keys.yaml").write_text(RULES)
    return Settings(**settings.model_dump() | {"webhook_private": True})


@dataclass
class Client:
    """A client's server: keeps what it is told, and answers with `statuses` in turn, then 200."""

    told: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    url: str = ""
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def app(self) -> Quart:
        app = Quart(__name__)

        @app.post("/hook")
        async def hear() -> tuple[str, int]:
            body = await request.get_data()
            self.told.append(({k.lower(): v for k, v in request.headers.items()}, body))
            self.changed.set()
            return "", self.statuses.pop(0) if self.statuses else 200

        @app.post("/elsewhere")
        async def lead() -> tuple[str, int, dict[str, str]]:
            return "", 307, {"Location": "/hook"}

        return app

    async def wait(self, count: int) -> tuple[dict[str, str], bytes]:
        """Return the latest event once there are so many."""
        async with asyncio.timeout(60):
            while len(self.told) < count:
                self.changed.clear()
                await self.changed.wait()
        return self.told[-1]


@pytest_asyncio.fixture(loop_scope="module")
async def client() -> AsyncIterator[Client]:
    client = Client()
    async with running(client.app(), listen(0)) as url:
        client.url = f"{url}/hook"
        yield client


@pytest_asyncio.fixture(loop_scope="module")
async def model(place: Place) -> AsyncIterator[ModelDriver]:
    async with running(make_app(Files()), listen(0)) as url, ModelDriver(url) as model:
        sealed = Vault(place.settings.vault_key.get_secret_value()).seal("cursor", CREDENTIAL)
        cursor = Connection("cursor", f"{url}/cursor", CredentialScheme.BASIC, sealed)
        await place.storage.connections.put(cursor)
        yield model


async def launch(place: Place, client: Client, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    body = {
        "prompt": {"text": "Add a README"},
        "source": {"repository": "https://github.com/acme/payments"},
        "webhook": {"url": client.url, "secret": SECRET},
        **changes,
    }
    headers = {"authorization": f"Bearer {await place.idp.token('alice')}"}
    async with httpx.AsyncClient(base_url=place.url, headers=headers, timeout=60) as http:
        answer = await http.post("/cursor/v0/agents", json=body)
    launched: dict[str, Any] = answer.raise_for_status().json()
    return launched


def signature(secret: str, body: bytes) -> str:
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


async def test_an_event_is_masked_recorded_signed_again_and_sent_until_it_is_taken(
    place: Place, model: ModelDriver, client: Client
) -> None:
    client.statuses = [500]
    launched = await launch(place, client, model="cursor-sandbox-leaky")
    [received] = await model.requests()
    ours = json.loads(received.body)["webhook"]
    assert ours["url"].startswith(f"{place.url}/-/cursor/webhooks/")
    assert len(ours["secret"]) >= 32
    assert SECRET.encode() not in received.body
    assert client.url.encode() not in received.body

    headers, body = await client.wait(2)
    assert client.told[0] == (client.told[0][0], body)  # the same again, after the error
    event = json.loads(body)
    assert (event["id"], event["status"]) == (launched["id"], "FINISHED")
    assert KEY.encode() not in body
    assert "[aws-access-key-id]" in event["summary"]
    assert headers["x-webhook-signature"] == signature(SECRET, body)
    assert headers["x-webhook-event"] == "statusChange"
    assert headers["x-webhook-id"].startswith("run-")

    wanted = parse_filter(f"agent:{launched['id']}", CLOCK.now())
    told, launching = await place.storage.sessions.search(wanted, limit=9)
    assert (told.request.path, told.identity) == (
        f"v0/agents/{launched['id']}/webhook",
        launching.identity,
    )
    assert b"".join([c.data for c in await place.storage.sessions.chunks(told.id)]) == body
    recorded = b"".join(await place.storage.pieces.get(launching.request.pieces))
    shown = json.loads(recorded)["webhook"]
    assert shown == {"url": ours["url"], "secret": "", "for": client.url}


@dataclass
class Cursor:
    """What Cursor's cloud tells the gateway about one agent."""

    agent: str
    url: str
    secret: str

    async def tell(self, text: str, event_id: str, secret: str = "") -> int:
        long = "Many words. " * 2_000
        body = json.dumps({"id": self.agent, "summary": text, "detail": long}).encode()
        headers = {
            "X-Webhook-Signature": signature(secret or self.secret, body),
            "X-Webhook-ID": event_id,
            "X-Webhook-Event": "statusChange",
        }
        async with httpx.AsyncClient() as http:
            return (await http.post(self.url, content=body, headers=headers)).status_code


async def launched_agent(place: Place, model: ModelDriver, client: Client) -> Cursor:
    """Launch one, and wait until its own events are told."""
    agent = await launch(place, client)
    await client.wait(1)
    [received] = await model.requests()
    ours = json.loads(received.body)["webhook"]
    return Cursor(agent["id"], ours["url"], ours["secret"])


async def test_what_is_forged_is_refused_and_what_is_sent_again_is_told_once(
    place: Place, model: ModelDriver, client: Client
) -> None:
    cursor = await launched_agent(place, model, client)
    assert await cursor.tell("forged", "one", SECRET) == 401
    assert await cursor.tell("first", "one") == 204
    assert await cursor.tell("first", "one") == 204
    assert await cursor.tell("first", "another") == 204  # ids are not signed, bodies are
    assert await cursor.tell("second", "one") == 204
    assert await cursor.tell("last", "two") == 204
    while not any(b"last" in body for _, body in client.told):
        await client.wait(len(client.told) + 1)
    said = [json.loads(body)["summary"] for _, body in client.told[1:]]
    assert sorted(said) == ["first", "last"]


async def test_an_event_that_a_rule_denies_is_recorded_and_not_told(
    place: Place, model: ModelDriver, client: Client
) -> None:
    cursor = await launched_agent(place, model, client)
    assert await cursor.tell("our doomsday plan", "one") == 204
    assert await cursor.tell("all is well", "two") == 204
    while not any(b"all is well" in body for _, body in client.told):
        await client.wait(len(client.told) + 1)
    webhook, to_deliver = cursor.url.rpartition("/")[2], place.storage.webhooks
    assert await to_deliver.seen(webhook, "two")
    assert not await to_deliver.seen(webhook, "one")
    wanted = parse_filter(f"agent:{cursor.agent}", CLOCK.now())
    events = await place.storage.sessions.search(wanted, limit=9)
    [denied] = [event for event in events if event.answer and event.answer.rules == ("no-plans",)]
    assert (denied.answer.body_bytes, denied.answer.error) == (0, "withheld (rule no-plans)")


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/hook",
        "https://127.0.0.1/hook",
        "https://[::1]/hook",
        "https://localhost/hook",
        "https://10.1.2.3/hook",
        "https://169.254.169.254/latest/meta-data",
        "https://[::ffff:192.168.0.1]/hook",
        "https://0x7f000001/hook",
        "https://user@192.0.2.1/hook",
        "https:///hook",
        "ftp://example.com",
        f"https://{'a' * 70}.example.com/hook",
    ],
)
async def test_a_webhook_leads_nowhere_inside(url: str) -> None:
    with pytest.raises(BadRequest, match="webhook's url"):
        await Targets(private=False).check(url)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("64:ff9b::a00:1", False),
        ("2002:7f00:1::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
    ],
)
async def test_an_address_that_carries_another_is_as_that_one_is(
    address: str, *, public: bool
) -> None:
    assert is_public(address) is public


async def test_a_redirect_is_not_followed(client: Client) -> None:
    elsewhere = client.url.replace("/hook", "/elsewhere")
    assert await Targets(private=True).post(elsewhere, b"{}", {}) == 307
    assert client.told == []


async def test_without_an_address_of_its_own_a_gateway_takes_no_webhook(
    storage: MongoStorage,
) -> None:
    key = Vault.new_key()
    webhooks = Webhooks(storage.webhooks, Vault(key), key, Targets(private=True), "")
    connection = Connection("cursor", "https://x.example", CredentialScheme.BASIC, b"")
    alice = Identity("https://idp.example", "1", IdentityKind.PERSON, "Alice")
    for spelt in (b'{"webhook": {"url": "x"}}', b'{"\\u0077ebhook": {"url": "x"}}'):
        with pytest.raises(BadRequest, match="ABEYANCE_PUBLIC_URL"):
            await webhooks.replaced(connection, alice, spelt)
