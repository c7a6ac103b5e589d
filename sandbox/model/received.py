"""Everything that reached the model API, in order, for tests to look at."""

import asyncio
import hashlib
from base64 import b64encode
from dataclasses import dataclass

from quart import Request

Header = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Received:
    """One request. `path` is as it came, still percent-encoded; header names are lower-case."""

    method: str
    path: str
    query: str
    headers: tuple[Header, ...]
    body: bytes

    def header(self, name: str) -> str:
        """Get the first value of a header named in lower case, or an empty string."""
        return next((value for found, value in self.headers if found == name), "")

    def as_json(self) -> dict[str, object]:
        """Spell for the wire: the body in Base64, beside its SHA-256 in hex."""
        return {
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "headers": [list(header) for header in self.headers],
            "body": b64encode(self.body).decode(),
            "sha256": hashlib.sha256(self.body).hexdigest(),
        }


class Log:
    """What was received, and a way to wait for more of it."""

    def __init__(self) -> None:
        self._all: list[Received] = []
        self._changed = asyncio.Condition()

    async def note(self, request: Request) -> None:
        """Read the request to its end, and keep it."""
        received = await _read(request)
        async with self._changed:
            self._all.append(received)
            self._changed.notify_all()

    def all(self) -> list[Received]:
        return list(self._all)

    def forget(self) -> None:
        self._all.clear()

    async def wait(self, count: int) -> list[Received]:
        """Wait until `count` requests have come since the last `forget`; gives all there are."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self._all) >= count)
        return self.all()


async def body_of(request: Request) -> bytes:
    """Read the whole body, as often as one likes."""
    return await request.get_data(cache=True, as_text=False, parse_form_data=False)


async def _read(request: Request) -> Received:
    scope = request.scope
    if scope is None:
        raise RuntimeError("A request without an ASGI scope did not come over a socket.")
    headers = [
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]
    ]
    return Received(
        method=request.method,
        path=scope["raw_path"].decode("latin-1").partition("?")[0],
        query=request.query_string.decode("latin-1"),
        headers=tuple(headers),
        body=await body_of(request),
    )
