"""People who make keys and use them, at a real issuer and a real gateway."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
from authlib.common.security import generate_token
from authlib.integrations.httpx_client import AsyncOAuth2Client
from pymongo import MongoClient

from tests.proxy.linking import CLOCK, Place

if TYPE_CHECKING:
    from app.domain.issued import Issued
    from sandbox.idp.driver import IdpDriver

COMMAND = "abeyance-cli"


@dataclass(frozen=True, slots=True)
class SignedIn:
    token: str
    refresh_token: str


async def sign_in(idp: IdpDriver, person: str) -> SignedIn:
    """Sign in as `abeyance key create` does."""
    client = AsyncOAuth2Client(
        COMMAND,
        redirect_uri="http://127.0.0.1:49152/",
        scope="openid profile email groups offline_access",
        code_challenge_method="S256",
        token_endpoint_auth_method="none",
    )
    async with client:
        verifier = generate_token(48)
        url, state = client.create_authorization_url(
            f"{idp.issuer}/authorize", code_verifier=verifier, audience="abeyance"
        )
        agreed = await idp.http.post(url, data={"person": person})
        token = await client.fetch_token(
            f"{idp.issuer}/token",
            authorization_response=agreed.headers["location"],
            state=state,
            code_verifier=verifier,
        )
    return SignedIn(token["access_token"], token["refresh_token"])


@dataclass
class Keys:
    """What a person does with keys, over HTTP."""

    place: Place
    made: list[dict[str, Any]] = field(default_factory=list)

    async def create(self, person: str = "alice", name: str = "laptop", **wanted: Any) -> str:  # noqa: ANN401 - JSON
        answer = await self.asked_for(await sign_in(self.place.idp, person), name, **wanted)
        assert answer.status_code == 200, answer.text
        self.made.append(answer.json())
        return str(answer.json()["key"])

    async def asked_for(
        self,
        by: SignedIn,
        name: str,
        **wanted: Any,  # noqa: ANN401 - JSON
    ) -> httpx.Response:
        body = {"name": name, "refresh_token": by.refresh_token, "client_id": COMMAND, **wanted}
        return await self.send("POST", "/-/keys", by.token, json=body)

    async def send(
        self,
        method: str,
        path: str,
        key: str,
        **options: Any,  # noqa: ANN401 - httpx's
    ) -> httpx.Response:
        async with httpx.AsyncClient(base_url=self.place.url, timeout=30) as http:
            bearer = {"authorization": f"Bearer {key}"}
            return await http.request(method, path, headers=bearer, **options)

    async def use(self, key: str) -> httpx.Response:
        """Ask for something that every caller may have."""
        return await self.send("GET", "/-/connections", key)

    async def stored(self) -> Issued:
        found = await self.place.storage.issued.get(self.made[-1]["id"])
        assert found is not None
        return found

    def change(self, **fields: object) -> None:
        """Change what the database has of the key made last, as time does."""
        settings = self.place.settings
        with MongoClient(settings.mongodb_uri.get_secret_value()) as client:
            rows = client[settings.mongodb_database]["issued"]
            rows.update_one({"_id": self.made[-1]["id"]}, {"$set": fields})

    def age(self, minutes: float) -> None:
        """Have the groups of the key made last be so old."""
        self.change(groups_read_at=CLOCK.now() - timedelta(minutes=minutes))

    async def events(self) -> list[dict[str, Any]]:
        """Return what the ledger tells of the key made last."""
        events = [entry.event for entry in await self.place.storage.ledger.entries("")]
        made = self.made[-1]["id"]
        told = [dict(e.data) | {"event": e.kind} for e in events]
        return [one for one in told if one.get("credential") == made]


def said(answer: httpx.Response) -> str:
    """Return the words of an error."""
    return str(answer.json()["error"]["message"])
