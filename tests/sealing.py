"""What seals the record in tests that have no gateway."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from app.sealing.data_key import DataKey, WrappedKey
from app.sealing.local import LocalMasterKeys

if TYPE_CHECKING:
    from app.domain.record.session import Session
    from app.storage.store import MongoStorage

_RAW = b"a master key that only tests use"
MASTER = LocalMasterKeys({"test": _RAW})
RECORD_KEYS = {"ABEYANCE_RECORD_KEYS": f"test:{base64.b64encode(_RAW).decode()}"}
"""The same for a command."""
_DATA_KEY = b"a data key that only tests use.."
_UNWRAPPED = WrappedKey("key-1", "somebody", "test", b"", datetime(2026, 1, 1, tzinfo=UTC))
KEY = DataKey(_UNWRAPPED.id, _DATA_KEY)
WRAPPED = replace(_UNWRAPPED, wrapped=asyncio.run(MASTER.wrap(_DATA_KEY, _UNWRAPPED.context)).data)


async def put_body(storage: MongoStorage, session: Session, body: bytes) -> tuple[str, ...]:
    """Write a body as the gateway does, and return the names of its pieces."""
    key = await storage.data_keys.of(session.identity.key)
    cut = key.cutter(session).cut(body)
    await storage.pieces.put(cut, key)
    return tuple(piece.id for piece in cut)
