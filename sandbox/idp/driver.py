"""A client for the sandbox's own routes of the identity provider, for tests and scripts."""

from collections.abc import Mapping
from types import TracebackType
from typing import Literal, Self

import httpx

IssuerName = Literal["people", "ci"]


class IdpDriver:
    """Talks to a running provider; use as an asynchronous context manager.

    Every method raises httpx.HTTPStatusError when the provider refuses.
    """

    def __init__(self, url: str) -> None:
        self.issuer = url
        self.ci_issuer = f"{url}/ci"
        self.http = httpx.AsyncClient(base_url=url, timeout=10)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        await self.http.aclose()

    async def token(self, person: str = "alice") -> str:
        """Get a good access token for alice, dana, maria, marcus or ines."""
        return await self._text("GET", f"/sandbox/token/{person}")

    async def ci_token(self, **job: str) -> str:
        """Get a good CI token; `job` overrides fields of sandbox.people.CiJob (ref, sha, …)."""
        return await self._text("GET", "/sandbox/token/ci", params=job)

    async def mint(
        self,
        *,
        issuer: IssuerName = "people",
        person: str = "alice",
        claims: dict[str, object] | None = None,
        header: dict[str, object] | None = None,
        expires_in: int | None = None,
        key: Literal["ok", "other", "hs256", "none"] = "ok",
        opaque: bool = False,
    ) -> str:
        """Get any token at all; a claim or header member set to None is left out.

        One that is `opaque` is random text, and says its claims at `/introspect`.
        """
        order = {
            "issuer": issuer,
            "person": person,
            "claims": claims or {},
            "header": header or {},
            "expires_in": expires_in,
            "key": key,
            "opaque": opaque,
        }
        return await self._text("POST", "/sandbox/token", json=order)

    async def set_jwks(
        self, mode: Literal["ok", "error", "stall"], issuer: IssuerName = "people"
    ) -> None:
        """Make fetches of the key set succeed, meet a 500, or wait until the mode changes."""
        await self._text("PUT", "/sandbox/jwks", json={"issuer": issuer, "mode": mode})

    async def rotate_keys(self, issuer: IssuerName = "people", *, keep_old: bool = True) -> None:
        """Sign with a new key from now on; without `keep_old` the former are withdrawn."""
        order = {"issuer": issuer, "keep_old": keep_old}
        await self._text("POST", "/sandbox/keys/rotate", json=order)

    async def leave(self, person: str) -> None:
        """Have a person leave the company: what they hold is not renewed any more."""
        await self._text("DELETE", f"/sandbox/people/{person}")

    async def change_groups(self, person: str, *groups: str) -> None:
        """Put a person into these groups; whoever has left comes back."""
        await self._text("PUT", f"/sandbox/people/{person}", json={"groups": list(groups)})

    async def set_minting(
        self, *, seconds: int = 3600, opaque: bool = False, rotate: bool = True
    ) -> None:
        """Say how long access tokens of a sign-in live from now on, and whether they are opaque."""
        order = {"seconds": seconds, "opaque": opaque, "rotate": rotate}
        await self._text("PUT", "/sandbox/minting", json=order)

    async def set_away(self, *, away: bool) -> None:
        """Have everything but the sandbox's own routes answer 503."""
        await self._text("PUT", "/sandbox/away", json={"away": away})

    async def introspections(self) -> int:
        """Count the active tokens that were asked about since the provider started."""
        return await self._fetches("people", "introspection")

    async def jwks_fetches(self, issuer: IssuerName = "people") -> int:
        """Count the fetches of an issuer's key set since the provider started."""
        return await self._fetches(issuer, "jwks")

    async def discovery_fetches(self, issuer: IssuerName = "people") -> int:
        """Count the fetches of an issuer's discovery document since the provider started."""
        return await self._fetches(issuer, "discovery")

    async def approve_device(self, user_code: str, person: str) -> None:
        """Do what a person does on the device page; an empty `person` refuses."""
        await self._text("POST", "/device", data={"user_code": user_code, "person": person})

    async def _fetches(self, issuer: IssuerName, document: str) -> int:
        answer = await self.http.get("/sandbox/fetches")
        answer.raise_for_status()
        return int(answer.json()[issuer].get(document, 0))

    async def _text(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        json: Mapping[str, object] | None = None,
        data: Mapping[str, str] | None = None,
    ) -> str:
        answer = await self.http.request(method, path, params=params, json=json, data=data)
        answer.raise_for_status()
        return answer.text
