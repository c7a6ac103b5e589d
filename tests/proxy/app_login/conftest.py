"""A gateway with a connection to Anthropic's API, and a program that signs in there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import pytest_asyncio

from app.domain.connection import Connection, CredentialScheme
from app.vault import Vault
from tests.proxy.linking import Browser, Place, hidden

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass
class Program:
    """Signs in as Claude Code does. It keeps what it is given."""

    url: str
    http: httpx.AsyncClient
    connection: str = "anthropic"
    known: dict[str, Any] = field(default_factory=dict)
    begun: dict[str, Any] = field(default_factory=dict)
    tokens: dict[str, Any] = field(default_factory=dict)

    async def begin(self) -> str:
        """Return the code to type."""
        where = f"{self.url}/{self.connection}/.well-known/oauth-authorization-server"
        self.known = (await self.http.get(where)).raise_for_status().json()
        answer = await self.http.post(self.known["device_authorization_endpoint"], content=b"")
        self.begun = answer.raise_for_status().json()
        return str(self.begun["user_code"])

    async def poll(self, **form: str) -> httpx.Response:
        form = {"grant_type": DEVICE, "device_code": self.begun["device_code"]} | form
        return self._kept(await self.http.post(self.known["token_endpoint"], data=form))

    async def refresh(self, token: str = "") -> httpx.Response:
        form = {
            "grant_type": "refresh_token",
            "refresh_token": token or self.tokens["refresh_token"],
        }
        return self._kept(await self.http.post(self.known["token_endpoint"], data=form))

    async def get(self, path: str, token: str = "", **headers: str) -> httpx.Response:
        bearer = {"authorization": f"Bearer {token or self.tokens['access_token']}"}
        return await self.http.get(f"{self.url}/{path}", headers=bearer | headers)

    async def sign_in(self, browser: Browser, person: str = "alice") -> None:
        """Sign in from the first request to the tokens."""
        code = await self.begin()
        await browser.send_form(await confirmed(browser, self.url, code, person), answer="allow")
        (await self.poll()).raise_for_status()

    def _kept(self, answer: httpx.Response) -> httpx.Response:
        if answer.status_code == 200:
            self.tokens = answer.json()
        return answer


async def at_device_page(browser: Browser, url: str, person: str = "alice") -> httpx.Response:
    """Return the page that asks for the code, once the person is signed in."""
    first = await browser.get(f"{url}/-/device")
    if "Who are you?" in first.text:
        first = await browser.post(first.url, data={"person": person})
    return first


async def confirmed(browser: Browser, url: str, code: str, person: str = "alice") -> httpx.Response:
    """Return the page that asks whether to allow the program behind a code."""
    asked = await at_device_page(browser, url, person)
    return await browser.post(f"{url}/-/device", data=hidden(asked) | {"code": code})


@pytest_asyncio.fixture(loop_scope="module")
async def program(place: Place) -> AsyncIterator[Program]:
    sealed = Vault(place.settings.vault_key.get_secret_value()).seal("anthropic", "key")
    upstream = Connection("anthropic", "http://127.0.0.1:1", CredentialScheme.X_API_KEY, sealed)
    await place.storage.connections.put(upstream)
    async with httpx.AsyncClient(timeout=30) as http:
        yield Program(place.url, http)


@pytest_asyncio.fixture(loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with Browser() as browser:
        yield browser
