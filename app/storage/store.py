"""All stores of one database, as the composition roots hand them out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.connection import Connection
from app.domain.device import DeviceRequest
from app.domain.event import Entry
from app.domain.grant import Grant
from app.domain.hold import Hold
from app.domain.identity import Identity
from app.domain.issued import Issued
from app.domain.lease import Lease
from app.domain.notice import Notice
from app.domain.position import Position
from app.domain.record.counted_day import CountedDay
from app.domain.record.legal_hold import LegalHold
from app.domain.record.mark import FalsePositive
from app.domain.record.original import KeptOriginal
from app.domain.record.rejection import Rejection
from app.domain.record.session import Session
from app.domain.record.stored_catalog import StoredCatalog
from app.domain.server_tool import ToolVersion, ToolView, TrustedTool
from app.domain.webhook import Delivery, Webhook
from app.pages import PageIndex
from app.sealing.data_key import WrappedKey
from app.sealing.data_keys import DataKeys
from app.storage.approvals.grants import MongoGrants
from app.storage.approvals.holds import MongoHolds
from app.storage.approvals.marks import MongoFalsePositives
from app.storage.approvals.notices import MongoNotices
from app.storage.content.keys import MongoKeys
from app.storage.content.legal_holds import MongoLegalHolds
from app.storage.content.originals import ORIGINALS, MongoOriginals
from app.storage.credentials.devices import MongoDevices
from app.storage.credentials.issued import MongoIssued
from app.storage.credentials.webhooks import MongoWebhooks
from app.storage.gateways import Heartbeat, MongoGateways
from app.storage.leases import MongoLeases
from app.storage.links import Link, MongoLinks
from app.storage.mongo import Database
from app.storage.receipts import MongoReceipts, Receipt
from app.storage.record.catalogs import MongoCatalogs
from app.storage.record.counts import MongoCounts
from app.storage.record.pieces import MongoPages, MongoPieces, StoredPiece
from app.storage.record.positions import MongoPositions
from app.storage.record.rejections import MongoRejections
from app.storage.record.sessions import ChunkBatch, MongoSessions
from app.storage.registers import (
    MongoConnections,
    MongoLedger,
    MongoPeople,
    MongoStatements,
    Statement,
)
from app.storage.tools import MongoTools

if TYPE_CHECKING:
    from app.sealing.master import MasterKeys
    from app.storage.privileges import Privileges


class MongoStorage:
    """Close it when the process ends."""

    def __init__(self, database: Database, master: MasterKeys | None = None) -> None:
        self._database = database
        self._master = master
        self.keys = MongoKeys(database.collection("data_keys", WrappedKey))
        self._data_keys = DataKeys(self.keys, master)
        self.holds = MongoHolds(database.collection("holds", Hold))
        self.sessions = MongoSessions(
            *(database.collection("sessions", Session), database.collection("chunks", ChunkBatch)),
            self._data_keys,
            self.holds.sessions_judged_by,
        )
        self.catalogs = MongoCatalogs(database.collection("catalogs", StoredCatalog))
        self.counts = MongoCounts(database.collection("counts", CountedDay))
        self.positions = MongoPositions(database.collection("streams", Position))
        self.rejections = MongoRejections(database.collection("rejections", Rejection))
        self.pieces = MongoPieces(database.collection("pieces", StoredPiece), self._data_keys)
        self.pages = MongoPages(database.collection("pages", PageIndex))
        self.originals = MongoOriginals(
            database.collection(ORIGINALS, KeptOriginal), self._data_keys
        )
        self.legal_holds = MongoLegalHolds(database.collection("legal_holds", LegalHold))
        self.notices = MongoNotices(database.collection("notices", Notice))
        self.leases = MongoLeases(database.collection("leases", Lease))
        self.gateways = MongoGateways(database.collection("gateways", Heartbeat))
        self.grants = MongoGrants(database.collection("grants", Grant))
        self.connections = MongoConnections(database.collection("connections", Connection))
        self.people = MongoPeople(database.collection("people", Identity))
        self.statements = MongoStatements(database.collection("statements", Statement))
        self.links = MongoLinks(database.collection("links", Link))
        self.marks = MongoFalsePositives(database.collection("false_positives", FalsePositive))
        self.receipts = MongoReceipts(database.collection("receipts", Receipt))
        self.tools = MongoTools(
            database.collection("tools", TrustedTool),
            database.collection("tool_versions", ToolVersion),
            database.collection("tool_views", ToolView),
        )
        self.webhooks = MongoWebhooks(
            database.collection("webhooks", Webhook), database.collection("deliveries", Delivery)
        )
        self.issued = MongoIssued(database.collection("issued", Issued))
        self.devices = MongoDevices(database.collection("devices", DeviceRequest))
        self.ledger = MongoLedger(database.collection("ledger", Entry), database.bulk())

    @classmethod
    def connect(
        cls, uri: str, database: str = "abeyance", master: MasterKeys | None = None
    ) -> MongoStorage:
        """Return at once; the first call finds out whether anybody answers.

        Without `master`, nothing that is sealed is read or written. Raises BadSettings where the
        URI is none.
        """
        return cls(Database(uri, database), master)

    @property
    def data_keys(self) -> DataKeys:
        """What seals and opens the record."""
        return self._data_keys

    def again(self) -> MongoStorage:
        """Return another connection to the same database, for another event loop."""
        return MongoStorage(self._database.again(), self._master)

    async def prepare(self) -> None:
        """Make the indexes; harmless where they exist. Raises StorageUnavailable."""
        stores = (
            self.keys,
            self.sessions,
            self.pieces,
            self.originals,
            self.counts,
            self.rejections,
            self.holds,
            self.notices,
            self.grants,
            self.people,
            self.statements,
            self.gateways,
            self.links,
            self.marks,
            self.receipts,
            self.tools,
            self.issued,
            self.devices,
            self.webhooks,
            self.ledger,
        )
        for store in stores:
            await store.prepare()

    async def privileges(self) -> Privileges:
        """Return what the user of the URI may do. Raises StorageUnavailable."""
        return await self._database.privileges()

    async def ping(self) -> None:
        """Return if the database answers within a second. Raises StorageUnavailable."""
        await self._database.ping()

    def close(self) -> None:
        self._database.close()
