"""Answers that do not come on the data path: an event of a webhook, an artifact that is fetched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.clock import Clock
from app.domain.verdict import Action, Verdict
from app.storage.ports import PeopleStore
from policies.compiled_catalog import Catalog
from proxy.connections import Connections
from proxy.facts import read_inquiry
from proxy.record.recorder import Recorder
from proxy.record.recording import Recording
from proxy.work.answers import Answering

if TYPE_CHECKING:
    from app.domain.connection import Connection
    from app.domain.identity import Identity


@dataclass(frozen=True, slots=True)
class Opened:
    """The record of one such answer, and what its masking depends on."""

    recording: Recording
    answering: Answering
    catalog: Catalog


@dataclass(frozen=True, slots=True)
class Beside:
    people: PeopleStore
    connections: Connections
    catalog: Callable[[], Catalog]
    recorder: Recorder
    clock: Clock

    async def open(
        self, identity: Identity, connection: Connection, path: str, query: str, limit: int
    ) -> Opened:
        """Begin the record of an answer to an identity, as if it had asked for it.

        `limit` is of the bytes that are masked as a whole. Raises StorageUnavailable.
        """
        catalog = self.catalog()
        inquiry = read_inquiry(connection, "GET", path, query, (), b"").showing(catalog.mask)
        answering = Answering(
            *(connection.wire, inquiry.members, inquiry.facts, identity),
            *(self.connections.credential(connection), self.clock.now(), inquiry.known, limit),
        )
        verdict = Verdict(Action.ALLOW, (), catalog.revision)
        recording = await self.recorder.open(identity, inquiry, verdict)
        return Opened(recording, answering, catalog)
