"""Whatever is shown on the page stands in the ledger first, or is not shown."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import pytest

from app.audit.ledger import ChainedLedger
from app.errors import StorageUnavailable
from app.storage.store import MongoStorage
from proxy.replay.access import Access
from proxy.replay.viewers import Viewer
from tests.app.storage.test_mongo import ALICE
from tests.conftest import NOBODY
from tests.proxy.linking import CLOCK
from tests.proxy.replay.conftest import identity_of, recorded

if TYPE_CHECKING:
    from collections.abc import Callable

    from policies.compiled_catalog import Catalog
    from proxy.browser.visits import Visits
    from proxy.replay.viewers import Viewers
    from proxy.terminal.voters import Approver
    from tests.proxy.linking import Place


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("is_auditor", [True, False], ids=["shown", "refused"])
async def test_a_session_is_neither_shown_nor_refused_where_the_ledger_cannot_be_written(
    place: Place, *, is_auditor: bool
) -> None:
    body = {"messages": [{"role": "user", "content": "hello"}]}
    session = await recorded(place, identity_of(place, "alice"), body, "world")
    away = MongoStorage.connect(NOBODY, "away")
    ledger = ChainedLedger(away.ledger, "test")
    viewer = Viewer(ALICE, cast("Approver", None), is_auditor)
    access = Access(
        place.storage,
        cast("Viewers", None),
        cast("Visits", None),
        ledger,
        CLOCK,
        cast("Callable[[], Catalog]", None),
        place.url,
    )
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(ledger.run())
        with pytest.raises(StorageUnavailable):
            await access.allowed(viewer, session.id, "session")
        running.cancel()
    away.close()
