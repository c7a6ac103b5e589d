"""Where a test's notary sends its heads to."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web


class Sink:
    """A server that keeps what is posted, and answers with what it is told."""

    def __init__(self) -> None:
        self.url = ""
        self.posted: list[tuple[str, str, dict[str, Any]]] = []
        self.status = 200
        self.answer: dict[str, Any] | list[str] | bytes = {"ok": True}

    async def take(self, request: web.Request) -> web.Response:
        token = request.headers.get("authorization", "")
        self.posted.append((request.path, token, await request.json()))
        answer = self.answer if isinstance(self.answer, bytes) else json.dumps(self.answer).encode()
        return web.Response(body=answer, status=self.status)
