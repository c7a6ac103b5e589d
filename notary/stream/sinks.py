"""Where the events of a stream go: a file, or an address over HTTP."""

from __future__ import annotations

import asyncio
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import httpx

from app.clock import Clock
from app.errors import Unavailable
from app.webhook_signature import signed_headers

if TYPE_CHECKING:
    from collections.abc import Sequence

_SECONDS = 30.0


class SinkUnavailable(Unavailable):
    """Events were not taken; they are sent again."""

    def __init__(self, why: str, *, wait: float | None = None) -> None:
        """`wait` is for how many seconds the sink asks to be left alone."""
        super().__init__(why)
        self.wait = wait


class Sink(Protocol):
    async def take(self, lines: Sequence[bytes]) -> None:
        """Return when the sink has them for good. Raises SinkUnavailable."""
        ...


@dataclass(frozen=True, slots=True)
class FileSink:
    """Appends to a file, which may be renamed meanwhile: the next events begin another."""

    path: Path

    async def take(self, lines: Sequence[bytes]) -> None:
        try:
            await asyncio.to_thread(self._append, b"".join(lines))
        except OSError as error:
            raise SinkUnavailable(f"{self.path}: {error.strerror}") from error

    def _append(self, data: bytes) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab+") as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                # A line that was being written at a crash comes again, on a line of its own.
                data = data if file.read(1) == b"\n" else b"\n" + data
            file.write(data)
            file.flush()
            os.fsync(file.fileno())


@dataclass(frozen=True, slots=True)
class UrlSink:
    """Posts JSON lines, signed as Standard Webhooks says; any status below 300 takes them."""

    url: str
    secret: str
    authorization: str
    clock: Clock
    http: httpx.AsyncClient

    async def take(self, lines: Sequence[bytes]) -> None:
        body = b"".join(lines)
        # The same events have the same id, however often they are sent.
        message = f"msg_{hashlib.sha256(body).hexdigest()[:32]}"
        seconds = int(self.clock.now().timestamp())
        headers = {
            "content-type": "application/x-ndjson",
            **signed_headers(self.secret, message, seconds, body),
            **({"authorization": self.authorization} if self.authorization else {}),
        }
        try:
            answer = await self.http.post(
                self.url, content=body, headers=headers, timeout=_SECONDS, follow_redirects=False
            )
        except httpx.HTTPError as error:
            raise SinkUnavailable(f"{self.url} does not answer ({type(error).__name__})") from None
        if not answer.is_success:
            wait = answer.headers.get("retry-after", "")
            raise SinkUnavailable(
                f"{self.url} answered {answer.status_code}",
                wait=float(wait) if wait.isdecimal() else None,
            )
