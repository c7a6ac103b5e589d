"""Where signed heads are kept beside the notary's folder, out of reach of who holds that."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import httpx

from app.errors import Unavailable
from notary.book import append_line

if TYPE_CHECKING:
    from datetime import datetime

    from app.notary_settings import NotarySettings

_SECONDS = 10.0


class AnchorUnavailable(Unavailable):
    """A head could not be anchored; the next one is tried."""


class Anchor(Protocol):
    async def keep(self, checkpoint: str, at: datetime) -> None:
        """Raises AnchorUnavailable."""
        ...


@dataclass(frozen=True, slots=True)
class FileAnchor:
    """Appends a line of JSON to a file."""

    path: Path

    async def keep(self, checkpoint: str, at: datetime) -> None:
        try:
            append_line(self.path, {"at": at.isoformat(), "checkpoint": checkpoint})
        except OSError as error:
            raise AnchorUnavailable(f"{self.path}: {error.strerror}") from error


@dataclass(frozen=True, slots=True)
class UrlAnchor:
    """Posts the same JSON to a URL, which answers with a status below 300."""

    url: str

    async def keep(self, checkpoint: str, at: datetime) -> None:
        body = {"at": at.isoformat(), "checkpoint": checkpoint}
        try:
            async with httpx.AsyncClient(timeout=_SECONDS) as client:
                answer = await client.post(self.url, json=body)
        except httpx.HTTPError as error:
            raise AnchorUnavailable(
                f"{self.url} does not answer ({type(error).__name__})"
            ) from None
        if not answer.is_success:
            raise AnchorUnavailable(f"{self.url} answered {answer.status_code}")


@dataclass(frozen=True, slots=True)
class SlackAnchor:
    """Posts the head in a channel, where it can be copied as it is."""

    api_url: str
    token: str
    channel: str

    async def keep(self, checkpoint: str, at: datetime) -> None:
        size = checkpoint.split("\n")[1]
        said = f"The ledger had {int(size):,} entries at {at:%Y-%m-%d %H:%M:%S} UTC."
        message = {"channel": self.channel, "text": f"{said}\n```\n{checkpoint}```"}
        headers = {"authorization": f"Bearer {self.token}"}
        try:
            async with httpx.AsyncClient(timeout=_SECONDS, headers=headers) as client:
                answer = await client.post(f"{self.api_url}chat.postMessage", json=message)
                told = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise AnchorUnavailable(f"Slack does not answer ({type(error).__name__})") from None
        if not (isinstance(told, dict) and told.get("ok")):
            why = told.get("error") if isinstance(told, dict) else answer.status_code
            raise AnchorUnavailable(f"Slack refuses the message ({why})")


def anchors_of(settings: NotarySettings, api_url: str, token: str) -> tuple[Anchor, ...]:
    """Return those that take a head now and then; the file takes each."""
    found: list[Anchor] = []
    if settings.notary_anchor_url:
        found.append(UrlAnchor(settings.notary_anchor_url))
    if settings.notary_anchor_channel:
        found.append(SlackAnchor(api_url, token, settings.notary_anchor_channel))
    return tuple(found)
