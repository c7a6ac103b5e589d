"""Opposite clicks at the same moment, in two bots that know nothing of each other."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from app.audit.ledger import ChainedLedger
from app.domain.event import EventKind
from app.domain.hold import HoldState
from app.storage.store import MongoStorage
from bot.decisions import Decisions, NotTaken, Taken
from bot.grants import Grants
from bot.slack.api import connected
from policies.approvals.approval import Objection
from policies.approvals.votes import Word
from sandbox.slack import BOT_TOKEN
from tests.bot.conftest import CLOCK
from tests.bot.values import MARCUS, MARIA
from tests.sealing import MASTER

if TYPE_CHECKING:
    from bot.slack.api import Slack
    from tests.bot.conftest import Office

TIMES = 200
APPROVE, DENY = Word(approve=True), Word(approve=False, category="Not needed", reason="no")


async def a_bot(
    office: Office, slack: Slack, storage: MongoStorage, tasks: asyncio.TaskGroup
) -> tuple[Decisions, asyncio.Task[None]]:
    ledger = ChainedLedger(storage.ledger, "bot")
    people = await office.people(slack)
    grants = Grants(storage.grants, storage.holds, ledger, CLOCK)
    decisions = Decisions(storage.holds, ledger, people, grants, CLOCK, str)
    return decisions, tasks.create_task(ledger.run())


async def test_of_two_opposite_clicks_one_wins_and_the_other_hears_it_each_of_200_times(
    office: Office, mongodb_uri: str, database_name: str
) -> None:
    await office.slack.settings(rates=0)
    other = MongoStorage.connect(mongodb_uri, database_name, MASTER)
    async with (
        connected(BOT_TOKEN, f"{office.slack.base_url}/api/") as slack,
        asyncio.TaskGroup() as tasks,
    ):
        one, writing = await a_bot(office, slack, office.storage, tasks)
        two, writing_too = await a_bot(office, slack, other, tasks)
        for turn in range(TIMES):
            held = await office.hold()
            votes = [
                one.vote(held.id, MARIA.slack_user, APPROVE),
                two.vote(held.id, MARCUS.slack_user, DENY),
            ]
            # Whoever is asked first has the advantage: each is, half of the time.
            said = await asyncio.gather(*votes[:: 1 if turn % 2 else -1])
            [won] = [answer for answer in said if isinstance(answer, Taken)]
            [lost] = [answer for answer in said if isinstance(answer, NotTaken)]
            stands = await office.storage.holds.get(held.id)
            assert stands is not None
            assert stands.state in (HoldState.APPROVED, HoldState.DENIED)
            assert stands.votes == won.hold.votes
            assert len(stands.votes) == 1
            assert (lost.objection, lost.hold.votes) == (Objection.OVER, won.hold.votes)
            moved = [
                event
                for event in await office.events(held.session_id)
                if event.kind is EventKind.HOLD_MOVED
            ]
            assert [event.data["state"] for event in moved] == [stands.state.value]
        for task in (writing, writing_too):
            task.cancel()
    other.close()
