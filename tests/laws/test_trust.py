"""Trusted text, whatever people and bots do in whatever order: never more than people said.

Two gateways and two bots share a real database; a bot may die between a vote and what it gives.
The laws are kept in a second book, which knows only which votes were taken.
"""

from __future__ import annotations

import asyncio
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import product
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from hypothesis.stateful import run_state_machine_as_test as run_stories

from app.audit.ledger import ChainedLedger
from app.audit.votes import Votes
from app.domain.grant import holders
from app.domain.hold import HoldState, Person
from app.domain.identity import Identity
from app.domain.trust import Reach, Trust
from app.domain.verdict import Approval
from app.ids import new_id
from app.storage.store import MongoStorage
from bot.grants import Grants
from policies.approvals.approval import Voter
from policies.approvals.votes import Word, facts_of, vote_by
from policies.passages.answers import still_open
from policies.passages.trust import ADMINISTRATORS, DAYS
from tests.laws.test_laws import STORIES
from tests.policies.made import ALICE
from tests.policies.passages.questions import fired, verdict
from tests.policies.passages.talks import CALL, MARIA, NOW, hold_for
from tests.policies.passages.test_trust import CALLERS, MARCUS, text, within

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from app.domain.grant import Grant


T = TypeVar("T")
MANAGERS = frozenset({"managers"})
VOTERS = {
    "maria": Voter(MARIA, member_of=MANAGERS),
    "marcus": Voter(MARCUS, member_of=MANAGERS | {ADMINISTRATORS}),
    "an administrator who is not asked": Voter(
        Person("U7", "root@acme.example", "Root"), member_of=frozenset({ADMINISTRATORS})
    ),
    "somebody with the glass": Voter(
        Person("U8", "ines@acme.example", "Ines"), may_break_glass=True
    ),
    "whoever asked": Voter(
        Person("U9", ALICE.email, "Alice"),
        identities=tuple(CALLERS),
        member_of=MANAGERS | {ADMINISTRATORS},
    ),
}
MAY_TRUST = ("maria", "marcus")
EITHER = st.integers(0, 1)
WHICH = st.integers(0, 3)
PLACES = [("one", "law"), ("one", "new law"), ("two", "law")]
"""Rules, and what they say."""
LINES = [("a",), ("b",), ("a", "b")]
QUORUM = {"one": 1, "two": 2}
"""Of each rule."""


@dataclass
class SetClock:
    at: datetime

    def now(self) -> datetime:
        return self.at


@dataclass
class Noted:
    """A hold in the second book: about which text it is, and what was said of it, in order."""

    id: str
    of: Identity
    place: tuple[str, str]
    lines: tuple[str, ...]
    said: list[tuple[str, Reach, int]] = field(default_factory=list)
    reach: Reach = Reach.PERSON
    until: datetime | None = None
    revoked: bool = False

    def take(self, who: str, reach: Reach, days: int, now: datetime) -> None:
        self.said.append((who, reach, days))
        last = {voter: (reach, days) for voter, reach, days in self.said}
        if self.until is None and len(last) >= QUORUM[self.place[0]]:
            self.reach = min((reach for reach, _ in last.values()), key=list(Reach).index)
            self.until = now + timedelta(days=min(days for _, days in last.values()))

    def serves(self, asker: Identity, place: tuple[str, str], now: datetime) -> bool:
        lasts = self.until is not None and now < self.until and not self.revoked
        return lasts and place == self.place and within(self.reach, self.of, asker)


class World:
    """Two copies of each part, on one database."""

    def __init__(self, uri: str, database: str) -> None:
        self.runner = asyncio.Runner()
        self.clock = SetClock(NOW)
        self.do(self._open(uri, database))

    async def _open(self, uri: str, database: str) -> None:
        self.storages = [MongoStorage.connect(uri, database) for _ in range(2)]
        await self.storages[0].prepare()
        ledgers = [ChainedLedger(storage.ledger, "bot") for storage in self.storages]
        self.writing = [asyncio.ensure_future(ledger.run()) for ledger in ledgers]
        pairs = list(zip(self.storages, ledgers, strict=True))
        self.votes = [Votes(storage.holds, ledger, self.clock) for storage, ledger in pairs]
        self.bots = [Grants(s.grants, s.holds, ledger, self.clock) for s, ledger in pairs]

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def close(self) -> None:
        for writing in self.writing:
            writing.cancel()
        for storage in self.storages:
            storage.close()
        self.runner.close()


@pytest.fixture
def world(mongodb_uri: str, database_name: str) -> Iterator[World]:
    with closing(World(mongodb_uri, database_name)) as world:
        yield world


def test_nobody_is_spared_a_question_by_more_than_people_said(world: World) -> None:
    class Story(Trusting):
        def __init__(self) -> None:
            super().__init__(world)

    run_stories(
        Story,
        settings=settings(
            max_examples=STORIES or 12,
            stateful_step_count=60 if STORIES else 25,
            phases=[Phase.generate],
            derandomize=not STORIES,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )


class Trusting(RuleBasedStateMachine):
    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.noted: list[Noted] = []
        # Nothing of an earlier story holds any more.
        world.clock.at += timedelta(days=100)
        self.missing = False
        """Whether a bot has died and not everything that people said is given yet."""

    @property
    def now(self) -> datetime:
        return self.world.clock.at

    @initialize(asker=st.sampled_from(CALLERS), place=st.sampled_from(PLACES))
    def somebody_asks_first(self, asker: Identity, place: tuple[str, str]) -> None:
        self.somebody_asks(asker, place, LINES[0])

    @rule(
        asker=st.sampled_from(CALLERS),
        place=st.sampled_from(PLACES),
        lines=st.sampled_from(LINES),
    )
    def somebody_asks(
        self, asker: Identity, place: tuple[str, str], lines: tuple[str, ...]
    ) -> None:
        name, law = place
        terms = Approval(("managers",), QUORUM[name])
        asked = verdict(fired(name, text("a", *lines), law=law, terms=terms))
        hold = replace(
            hold_for(asked, requester=asker),
            id=new_id(self.now) + f"{len(self.noted)}",
            key=new_id(self.now),
            state=HoldState.PENDING,
            votes=(),
            decided_at=None,
            created_at=self.now,
            deadline=self.now + timedelta(days=365),
        )
        self.world.do(self.world.storages[0].holds.open(hold))
        self.noted.append(Noted(hold.id, asker, place, lines))

    @rule(
        which=WHICH,
        who=st.sampled_from(sorted(VOTERS) + [*MAY_TRUST] * 6),
        reach=st.sampled_from(Reach),
        days=st.sampled_from(DAYS),
        bot=EITHER,
        dies=st.sampled_from([False, False, True]),
    )
    def somebody_says_so(
        self, which: int, who: str, reach: Reach, days: int, bot: int, *, dies: bool
    ) -> None:
        if not self.noted:
            return
        noted = self.noted[which % len(self.noted)]
        taken = self.world.do(self._vote(noted, who, reach, days, bot, dies=dies))
        if not taken:
            return
        assert who in MAY_TRUST
        assert reach is not Reach.EVERYONE or who == "marcus"
        assert reach is not Reach.REPOSITORY or within(reach, noted.of, noted.of)
        noted.take(who, reach, days, self.now)
        self.missing = self.missing or dies

    async def _vote(
        self, noted: Noted, who: str, reach: Reach, days: int, bot: int, *, dies: bool
    ) -> bool:
        hold = await self.world.storages[bot].holds.get(noted.id)
        assert hold is not None
        voter, word = VOTERS[who], Word(approve=True, trust=Trust(("a",), reach, days))
        hold, objection = await self.world.votes[bot].cast(
            hold,
            lambda current: vote_by(current, voter, word, self.now, str),
            facts_of(voter, word),
        )
        if objection is None and not dies:
            await self.world.bots[bot].trust(hold)
        return objection is None

    @rule(bot=EITHER)
    def a_bot_takes_over(self, bot: int) -> None:
        self.world.do(self._watch(bot))
        self.missing = False

    async def _watch(self, bot: int) -> None:
        for hold in await self.world.storages[bot].holds.get_many(n.id for n in self.noted):
            await self.world.bots[bot].trust(hold)

    @rule(which=WHICH, by=EITHER)
    def somebody_revokes(self, which: int, by: int) -> None:
        given = self.world.do(self.world.storages[by].grants.active(self.now))
        if given:
            trust = given[which % len(given)]
            assert self.world.do(
                self.world.storages[by].grants.revoke(trust.id, by="maria", now=self.now)
            )
            [noted] = [noted for noted in self.noted if noted.id == trust.hold_id]
            noted.revoked = True

    @rule(days=st.sampled_from([1, 7, 30]))
    def time_passes(self, days: int) -> None:
        self.world.clock.at += timedelta(days=days)

    @rule(gateway=EITHER)
    def nothing_passes_that_is_not_trusted(self, gateway: int) -> None:
        for asker in CALLERS:
            grants = self.world.do(self._grants(asker, gateway))
            for place, lines in product(PLACES, LINES):
                trusted = {
                    line
                    for noted in self.noted
                    if noted.serves(asker, place, self.now)
                    for line in noted.lines
                }
                name, law = place
                asked = verdict(fired(name, text("asked", *lines), law=law))
                left, _ = still_open(asked, grants, asker, "gateway", CALL, self.now)
                passes = not left.holding
                assert not passes or trusted.issuperset(lines)
                assert passes or self.missing or not trusted.issuperset(lines)

    async def _grants(self, asker: Identity, gateway: int) -> tuple[Grant, ...]:
        return await self.world.storages[gateway].grants.of(holders(asker), self.now)

    def teardown(self) -> None:
        self.a_bot_takes_over(0)
        self.nothing_passes_that_is_not_trusted(1)
