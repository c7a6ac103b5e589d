"""The composition root of a stream."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING

import httpx
import structlog

from app.clock import SystemClock
from app.errors import BadSettings
from app.parts import running
from app.settings import require
from app.storage.store import MongoStorage
from notary.stream.following import Follower
from notary.stream.sinks import FileSink, UrlSink
from notary.stream.stream import Stream

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from app.settings import Settings
    from app.stream_settings import StreamSettings
    from notary.stream.sinks import Sink

_log = structlog.get_logger(__name__)


async def run_stream(
    settings: Settings,
    own: StreamSettings,
    stop: asyncio.Event,
    announce: Callable[[str], None],
) -> None:
    """Run until `stop` is set. Raises BadSettings or StorageUnavailable."""
    require(settings, "mongodb")
    if not own.wanted:
        raise BadSettings(
            "missing ABEYANCE_STREAM_URL or ABEYANCE_STREAM_FILE: where the events go"
        )
    uri, database = settings.mongodb_uri.get_secret_value(), settings.mongodb_database
    storage = MongoStorage.connect(uri, database)
    try:
        await storage.positions.prepare()
        async with httpx.AsyncClient(trust_env=False) as http:
            positions = await storage.positions.of(own.stream_name)
            follower = Follower(storage.ledger, positions)
            version = metadata.version("abeyance")
            stream = Stream(follower, storage.positions, _sink(own, http), own, version)
            async with running(stop, stream.run()):
                announce(own.stream_url or str(own.stream_file))
                _log.info("streaming", name=own.stream_name, chains=len(positions))
                await stop.wait()
    finally:
        storage.close()


def _sink(own: StreamSettings, http: httpx.AsyncClient) -> Sink:
    if own.stream_file:
        return FileSink(own.stream_file)
    secret = own.stream_secret.get_secret_value()
    authorization = own.stream_authorization.get_secret_value()
    return UrlSink(own.stream_url, secret, authorization, SystemClock(), http)
