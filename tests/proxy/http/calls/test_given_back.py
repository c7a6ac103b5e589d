"""What is approved of an answer's calls is used once they are sent, and not by who leaves before.

Each entry of the ledger that is written between the decision and the sending is a moment at which
the client may leave; a test stops there until it has.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from pymongo import monitoring

from app.audit.giving import Giver
from app.audit.ledger import ChainedLedger
from app.clock import SystemClock
from app.domain.event import EventKind
from app.domain.hold import HoldEvent, HoldState, Vote
from app.domain.record.session import Decision
from policies.passages.answers import covers_of
from tests.app.storage.asked import Asked as Queries
from tests.app.storage.test_mongo import MARIA
from tests.proxy.http.calls.test_kept_back_calls import RULES, SETS, stream
from tests.proxy.http.conftest import Here, answer
from tests.recorded import recorded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from app.domain.event import Event
    from app.domain.hold import Hold
    from app.settings import Settings
    from app.storage.bulk import Write
    from app.storage.store import MongoStorage

pytestmark = pytest.mark.asyncio(loop_scope="module")
PATIENCE = 30
NOW = datetime.now(UTC)
YES = Vote(MARIA, approve=True, at=NOW, sets=("managers",))
ONCE, NO = replace(YES, once=True), replace(YES, approve=False)
MOMENTS = [
    (EventKind.CALL_DECIDED, 2),
    *((kind, n) for n in (1, 2) for kind in (EventKind.CALL_RELEASING, EventKind.HOLD_MOVED)),
]


@dataclass
class Halt:
    """Stops the ledger before the last of so many events of one kind, or writes of a collection."""

    kind: EventKind | str = ""
    left: int = 0
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    def before(self, kind: EventKind | str, number: int) -> None:
        self.kind, self.left = kind, number
        self.reached, self.go_on = asyncio.Event(), asyncio.Event()

    async def meet(self, kind: EventKind | str) -> None:
        self.left -= kind == self.kind
        if kind == self.kind and not self.left:
            self.reached.set()
            await self.go_on.wait()


HALT = Halt()
LOOKS = Queries("holds")
"""What the gateway asks the database about holds."""


class HaltingLedger(ChainedLedger):
    async def commit(self, events: Sequence[Event], writes: Sequence[Write] = ()) -> None:
        for kind in (*(event.kind for event in events), *(write.collection for write in writes)):
            await HALT.meet(kind)
        await super().commit(events, writes)


@pytest.fixture(scope="module")
def settings(settings: Settings) -> Iterator[Settings]:
    (settings.catalog / "catalog" / "deploys.yaml").write_text(RULES)
    (settings.catalog / "approvers.yaml").write_text(SETS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("proxy.parts.ChainedLedger", HaltingLedger)
        monitoring.register(LOOKS)
        yield settings


@dataclass
class Asked:
    """One request for an answer with two calls that are held."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def answer(self) -> bytes:
        """Return all that comes back until the gateway closes the connection."""
        received = await self.reader.read()
        self.writer.close()
        await self.writer.wait_closed()
        return received

    async def leave(self) -> None:
        """Close the connection, and return when the gateway has noticed it."""
        self.writer.transport.abort()
        if watching := [task for task in asyncio.all_tasks() if "_leaving()" in repr(task)]:
            await asyncio.wait(watching)


@dataclass
class Story:
    """The same two calls, which are asked for and approved several times."""

    here: Here
    streams: bool
    commands: tuple[str, str] = field(
        default_factory=lambda: (f"deploy one {uuid4().hex}", f"deploy two {uuid4().hex}")
    )

    @property
    def storage(self) -> MongoStorage:
        return self.here.place.storage

    async def ask(self) -> Asked:
        self.here.upstream.answers.append(self._answer())
        await self.here.connect(wire="openai")
        host, _, port = self.here.place.url.removeprefix("http://").partition(":")
        body = json.dumps({"model": "m", "messages": [], "stream": self.streams})
        lines = [
            "POST /it/v1/chat/completions HTTP/1.1",
            "host: x",
            "content-type: application/json",
            f"content-length: {len(body)}",
            f"authorization: Bearer {await self.here.token()}",
            "connection: close",
        ]
        asked = Asked(*await asyncio.open_connection(host, int(port)))
        asked.writer.write("\r\n".join([*lines, "", body]).encode())
        return asked

    def _answer(self) -> bytes:
        if self.streams:
            return answer(stream(*self.commands), "content-type: text/event-stream")
        calls = [
            {
                "id": f"c{at}",
                "type": "function",
                "function": {"name": "bash", "arguments": json.dumps({"command": command})},
            }
            for at, command in enumerate(self.commands)
        ]
        message = {"role": "assistant", "content": None, "tool_calls": calls}
        choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
        return answer(json.dumps({"choices": [choice]}).encode())

    async def waiting(self, number: int = 2, *, besides: Sequence[Hold] = ()) -> list[Hold]:
        """Return so many holds when they wait for people; they are asked in their order."""
        known = {hold.id for hold in besides}
        async with asyncio.timeout(PATIENCE):
            while True:
                pending = await self.storage.holds.pending()
                mine = [h for h in pending if h.tool and self._is_mine(h.tool.arguments)]
                mine = sorted((h for h in mine if h.id not in known), key=lambda hold: hold.id)
                if len(mine) == number:
                    return mine

    def _is_mine(self, arguments: str) -> bool:
        return any(command in arguments for command in self.commands)

    async def approve(self, holds: list[Hold]) -> None:
        """Approve each of them for this once, so that nothing else is covered."""
        now = datetime.now(UTC)
        for hold in holds:
            await self.storage.holds.move(hold, hold.after(HoldEvent.APPROVE, now, ONCE))

    async def approve_and_take_back(self, holds: list[Hold]) -> None:
        """Approve each and what it covers, as a click does; then take that back.

        Returns when the gateway has used the first, and halts.
        """
        ledger, given = ChainedLedger(self.storage.ledger, "bot"), []
        giver = Giver(self.storage.grants, ledger, SystemClock())
        writing = asyncio.ensure_future(ledger.run())
        for hold in holds:
            approved = hold.after(HoldEvent.APPROVE, datetime.now(UTC), YES)
            covers = covers_of(approved, datetime.now(UTC))
            await giver.give(approved, covers)
            await self.storage.holds.move(hold, approved)
            given += [(approved, cover) for cover in covers]
        await HALT.reached.wait()
        for approved, cover in given:
            assert await giver.revoke(approved, cover, MARIA)
        writing.cancel()

    async def states(self, holds: list[Hold]) -> set[tuple[HoldState, bool]]:
        """Return how the holds are, and whether anybody waits for them."""
        found = await self.storage.holds.get_many([hold.id for hold in holds])
        return {(hold.state, hold.attached) for hold in found}

    def has_all(self, received: bytes) -> bool:
        return all(command.encode() in received for command in self.commands)


@pytest.mark.parametrize("streams", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize(("kind", "number"), MOMENTS, ids=str)
async def test_who_leaves_before_the_calls_are_sent_finds_their_approvals_once_more(
    here: Here, kind: EventKind, number: int, *, streams: bool
) -> None:
    story = Story(here, streams)
    first = await story.ask()
    holds = await story.waiting()
    HALT.before(kind, number)
    await story.approve(holds)
    await HALT.reached.wait()
    await first.leave()
    HALT.go_on.set()
    sessions = {hold.session_id for hold in holds}
    [session] = [await recorded(story.storage, id_) for id_ in sessions]
    assert await story.states(holds) == {(HoldState.APPROVED, False)}
    if session.answer is not None:
        assert {call.decision for call in session.answer.calls} == {Decision.WITHDRAWN}

    again = await story.ask()
    assert story.has_all(await again.answer())
    assert {state for state, _ in await story.states(holds)} == {HoldState.RELEASED}


async def test_who_comes_again_while_an_approval_is_given_back_gets_it(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.calls.asking._MOMENT_SECONDS", PATIENCE)
    story = Story(here, streams=True)
    first = await story.ask()
    holds = await story.waiting()
    HALT.before(EventKind.HOLD_MOVED, 1)
    await story.approve(holds)
    await HALT.reached.wait()
    await first.leave()
    HALT.go_on.set()
    HALT.before(EventKind.HOLD_MOVING, 1)
    await HALT.reached.wait()
    LOOKS.queries.clear()
    again = await story.ask()
    async with asyncio.timeout(PATIENCE):
        while {"_id": holds[0].id} not in LOOKS.filters:
            assert await story.storage.holds.find_open(holds[0].key) is None
    HALT.go_on.set()
    assert story.has_all(await again.answer())
    assert {state for state, _ in await story.states(holds)} == {HoldState.RELEASED}


@pytest.mark.parametrize("streams", [True, False], ids=["streamed", "whole"])
async def test_what_was_sent_is_not_given_back(here: Here, *, streams: bool) -> None:
    story = Story(here, streams)
    first = await story.ask()
    holds = await story.waiting()
    await story.approve(holds)
    assert story.has_all(await first.answer())
    again = await story.ask()
    others = await story.waiting()
    assert {hold.id for hold in holds}.isdisjoint(hold.id for hold in others)
    assert {state for state, _ in await story.states(holds)} == {HoldState.RELEASED}
    await again.leave()


async def test_what_was_taken_back_meanwhile_is_not_given_back(here: Here) -> None:
    story = Story(here, streams=True)
    first = await story.ask()
    holds = await story.waiting()
    HALT.before(EventKind.HOLD_MOVED, 1)  # the first is used, the second is not
    await story.approve_and_take_back(holds)
    await first.leave()
    HALT.go_on.set()
    await recorded(story.storage, holds[0].session_id)
    again = await story.ask()
    others = await story.waiting()
    assert {hold.id for hold in holds}.isdisjoint(hold.id for hold in others)
    assert {state for state, _ in await story.states(holds)} == {
        HoldState.RELEASED,
        HoldState.LAPSED,
    }
    await again.leave()


async def test_what_people_were_asked_about_again_is_not_given_back(here: Here) -> None:
    story = Story(here, streams=True)
    first = await story.ask()
    one, two = await story.waiting()
    now = datetime.now(UTC)
    late = replace(two.after(HoldEvent.APPROVE, now, ONCE), keep_until=now - timedelta(seconds=1))
    await story.storage.holds.move(two, late)
    await story.storage.holds.move(one, one.after(HoldEvent.APPROVE, now, ONCE))
    # The first is used; the approval of the second has run out, so that it is asked about again.
    [two_again] = await story.waiting(1)
    second = await story.ask()
    [one_again] = await story.waiting(1, besides=[two_again])
    await story.storage.holds.move(one_again, one_again.after(HoldEvent.DENY, now, NO))
    await first.leave()
    await recorded(story.storage, one.session_id)
    assert await story.states([one]) == {(HoldState.RELEASED, True)}
    await second.leave()
