"""Whatever is shown on the page stands in the ledger first, or is not shown."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest

from app.audit.ledger import ChainedLedger
from app.domain.event import Event, EventKind
from app.domain.hold import Person
from app.domain.record.session import Decision, RecordedAnswer, RecordedCall, SessionState
from app.domain.tool_call import HeldCall
from app.errors import StorageUnavailable
from app.storage.store import MongoStorage
from policies.approvals.membership import AUDITORS
from proxy.replay.access import Access
from proxy.replay.viewers import Viewer
from tests.app.storage.test_mongo import ALICE
from tests.bot.values import vote
from tests.conftest import NOBODY
from tests.proxy.linking import CLOCK, Browser
from tests.proxy.replay.conftest import held, identity_of, recorded
from tests.proxy.replay.test_pages import signed_in
from tests.written import change_session

if TYPE_CHECKING:
    from collections.abc import Callable

    from policies.compiled_catalog import Catalog
    from proxy.browser.visits import Visits
    from proxy.replay.viewers import Viewers
    from proxy.terminal.voters import Approver
    from tests.proxy.linking import Place


@pytest.mark.asyncio(loop_scope="module")
async def test_who_decided_on_a_tool_call_opens_its_session_from_what_they_decided(
    place: Place,
) -> None:
    """Also while the answer goes on, when the ledger alone knows of the hold."""
    alice, dana = identity_of(place, "alice"), identity_of(place, "dana")
    by = Person("", dana.email, dana.name, (dana.key,))
    ended = await recorded(place, alice, {"messages": []}, "ended")
    running = await recorded(place, alice, {"messages": []}, None, state=SessionState.OPEN)
    now = CLOCK.now()
    for session in (ended, running):
        named = f"{session.id[:-1]}~"
        voted = replace(held(), id=named, key=named, session_id=session.id, votes=(vote(by),))
        await place.storage.holds.open(replace(voted, tool=HeldCall("Bash", "{}")))
    assert ended.answer is None
    call = RecordedCall("Bash", "{}", Decision.APPROVED, hold_id=f"{ended.id[:-1]}~")
    await change_session(
        place.storage, ended.id, answer=RecordedAnswer(200, (), now, calls=(call,))
    )
    await told(
        place, Event(EventKind.HOLD_OPENED, now, running.id, {"hold": f"{running.id[:-1]}~"})
    )
    async with Browser() as browser:
        listed = await signed_in(browser, place, "dana", "?view=decided")
        for session in (ended, running):
            assert session.id in listed.text
            page = await browser.get(f"{place.url}/-/replay/{session.id}")
            assert (page.status_code, f"Approved by {dana.name}" in page.text) == (200, True)
        none = await browser.get(f"{place.url}/-/replay?view=decided&q=model:other")
        assert ended.id not in none.text


async def told(place: Place, event: Event) -> None:
    """Write an event into the ledger."""
    ledger = ChainedLedger(place.storage.ledger, "test")
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(ledger.run())
        await ledger.append(event)
        running.cancel()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("is_auditor", [True, False], ids=["shown", "refused"])
async def test_a_session_is_neither_shown_nor_refused_where_the_ledger_cannot_be_written(
    place: Place, *, is_auditor: bool
) -> None:
    body = {"messages": [{"role": "user", "content": "hello"}]}
    session = await recorded(place, identity_of(place, "alice"), body, "world")
    away = MongoStorage.connect(NOBODY, "away")
    ledger = ChainedLedger(away.ledger, "test")
    groups = frozenset({AUDITORS} if is_auditor else ())
    viewer = Viewer(ALICE, cast("Approver", None), groups)
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
