"""Another master key: all data keys are wrapped again, whenever it was interrupted."""

from __future__ import annotations

from contextlib import aclosing, closing

import pytest

from app.errors import BadSettings
from app.ids import new_id
from app.sealing.local import LocalMasterKeys
from app.sealing.rotation import rotated
from app.storage.store import MongoStorage
from tests.app.storage.test_mongo import NOW, a_session
from tests.sealing import MASTER, put_body

_OLD = b"a master key that only tests use"
BOTH = LocalMasterKeys({"new": b"n" * 32, "test": _OLD})
NEW = LocalMasterKeys({"new": b"n" * 32})


async def test_after_a_rotation_the_old_key_is_not_needed_and_content_is_untouched(
    storage: MongoStorage, mongodb_uri: str, database_name: str
) -> None:
    session = a_session(NOW)
    [name] = await put_body(storage, session, b"kept")
    for _ in range(120):
        await storage.data_keys.of(new_id(NOW))
    with closing(MongoStorage.connect(mongodb_uri, database_name, NEW)) as renewed:
        with pytest.raises(BadSettings, match="test"):
            await renewed.data_keys.check()
        async with aclosing(rotated(storage.keys, BOTH)) as interrupted:
            assert await anext(interrupted) == 100
        assert [count async for count in rotated(storage.keys, BOTH)] == [21]
        await renewed.data_keys.check()
        assert await renewed.pieces.get([name]) == (b"kept",)
    with (
        closing(MongoStorage.connect(mongodb_uri, database_name, MASTER)) as behind,
        pytest.raises(BadSettings, match="new"),
    ):
        await behind.data_keys.check()
