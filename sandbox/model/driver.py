"""A client for the sandbox's own routes of the model API, for tests and scripts."""

from base64 import b64decode
from types import TracebackType
from typing import Any, Self

import httpx

from sandbox.model.received import Received


class ModelDriver:
    """Talks to a running model API; use as an asynchronous context manager."""

    def __init__(self, url: str) -> None:
        self.openai = f"{url}/openai/v1"
        self.anthropic = f"{url}/anthropic"
        self.cursor = f"{url}/cursor"
        self.gemini = f"{url}/gemini"
        self.http = httpx.AsyncClient(base_url=url, timeout=30)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        await self.http.aclose()

    async def requests(self) -> list[Received]:
        """Get what was received since the last `forget`, in order."""
        return _read(await self.http.get("/sandbox/requests"))

    async def wait_for(self, count: int) -> list[Received]:
        """Wait until `count` requests were received; raises httpx.ReadTimeout after 30 s."""
        return _read(await self.http.get("/sandbox/requests/wait", params={"count": count}))

    async def forget(self) -> None:
        """Forget what was received."""
        (await self.http.delete("/sandbox/requests")).raise_for_status()

    async def wait_for_stalled(self, count: int) -> None:
        """Wait until exactly so many OpenAI and Anthropic answers stall."""
        answer = await self.http.get("/sandbox/stalled/wait", params={"count": count})
        answer.raise_for_status()

    async def release(self) -> int:
        """Let the stalled answers go on; returns how many there were."""
        answer = await self.http.post("/sandbox/release")
        return int(answer.raise_for_status().json()["released"])


def _read(answer: httpx.Response) -> list[Received]:
    return [_received(each) for each in answer.raise_for_status().json()]


def _received(document: dict[str, Any]) -> Received:
    return Received(
        method=document["method"],
        path=document["path"],
        query=document["query"],
        headers=tuple((name, value) for name, value in document["headers"]),
        body=b64decode(document["body"]),
    )
