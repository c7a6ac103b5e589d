"""Whether the stream for a SIEM can deliver, and how far it has come."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import httpx

from app.errors import BadSettings
from app.stream_settings import load_stream_settings
from bot.doctor import CheckResult

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.storage.store import MongoStorage
    from app.stream_settings import StreamSettings

_MOST = 1000
_POINT = "stream for a SIEM"


async def stream_findings(storage: MongoStorage) -> AsyncIterator[CheckResult]:
    """Say nothing where no stream is wanted. Raises StorageUnavailable."""
    try:
        own = load_stream_settings()
    except BadSettings as bad:
        yield CheckResult(_POINT, "its settings are wrong", str(bad))
        return
    if not own.wanted:
        return
    if fault := await _unreachable(own):
        yield CheckResult(_POINT, fault, "see docs/siem.md; nothing is lost meanwhile")
        return
    positions = await storage.positions.of(own.stream_name)
    waiting = 0
    for first in await storage.ledger.firsts():
        next_ = positions.get(first.chain, 0)
        waiting += len(await storage.ledger.chain(first.chain, next_, _MOST))
        if waiting >= _MOST:
            break
    count = f"{waiting}" if waiting < _MOST else f"{_MOST} or more"
    yield CheckResult(_POINT, f"its sink can be reached; {count} entries are not delivered yet")


async def _unreachable(own: StreamSettings) -> str:
    """Return why events cannot get there; an address may answer what it likes."""
    if file := own.stream_file:
        place = file if file.exists() else file.parent
        return "" if os.access(place, os.W_OK) else f"{place} cannot be written"
    try:
        async with httpx.AsyncClient(timeout=5.0, trust_env=False) as http:
            await http.head(own.stream_url)
    except httpx.HTTPError as error:
        return f"{own.stream_url} does not answer ({type(error).__name__})"
    return ""
