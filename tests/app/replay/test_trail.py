"""The decision trail has every vote once, on requests and on tool calls, and each wait its time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from app.domain.event import Entry, Event, EventKind
from app.domain.record.session import Decision, RecordedAnswer, RecordedCall
from app.domain.record.session_facts import Timing
from app.domain.tool_call import HeldCall
from app.domain.verdict import Action, Verdict
from app.replay.timeline import MarkKind, timeline
from app.replay.trail import steps
from tests.app.storage.test_mongo import a_session
from tests.bot.values import MARCUS, MARIA, NOW, fired, hold, vote

if TYPE_CHECKING:
    from datetime import datetime


def cast(hold_id: str, email: str) -> Entry:
    data = {"hold": hold_id, "state": "pending", "email": email}
    return Entry("gateway:0", 0, Event(EventKind.VOTE_CAST, NOW, "s", data), "", "")


def test_votes_on_tool_calls_are_told_beside_those_on_the_request() -> None:
    own = hold(id="own", votes=(vote(MARIA, reason="fine"),))
    call = hold(
        id="call",
        tool=HeldCall("Bash", "{}"),
        votes=(vote(MARCUS, approve=False, at=NOW + timedelta(minutes=2), reason="no"),),
    )
    entries = [cast("own", MARIA.email), cast("call", MARCUS.email)]
    told = [(step.words, step.details) for step in steps(entries, (own, call), str)]
    assert told == [("Approved by Maria Lopez", "fine"), ("Denied by Marcus Webb", "Bash · no")]
    # What the ledger says of a vote is left out only where its hold tells it.
    for left in ((own,), (own, replace(call, votes=()))):
        told = [(step.words, step.details) for step in steps(entries, left, str)]
        assert ("Vote", f"pending · {MARCUS.email}") in told


def test_time_is_people_s_while_a_hold_waits_and_marks_stand_where_things_happened() -> None:
    def after(ms: int) -> datetime:
        return NOW + timedelta(milliseconds=ms)

    call = RecordedCall("Bash", "{}", Decision.APPROVED, ("no-rm",), hold_id="call")
    answer = RecordedAnswer(200, (), NOW, calls=(call,), timing=Timing(4_000, 5_000, 5_100, 10_000))
    own = hold(id="own", created_at=after(1_000), decided_at=after(3_900), votes=())
    of_call = hold(
        id="call",
        tool=HeldCall("Bash", "{}"),
        created_at=after(6_000),
        decided_at=after(8_000),
        votes=(vote(MARIA, at=after(8_000)),),
    )
    session = replace(
        a_session(NOW), answer=answer, verdict=Verdict(Action.HOLD, (fired(rule="prod"),), "")
    )
    told = timeline(session, (own, of_call), [(0, 0), (5_500, 2)], str)
    assert told is not None
    assert [(one.kind, one.ms, one.start, one.width) for one in told.stretches] == [
        ("ours", 1_000, 0, 100),
        ("people", 2_900, 100, 290),
        ("ours", 100, 390, 10),
        ("upstream", 1_000, 400, 100),
        ("answer", 1_000, 500, 100),
        ("people", 2_000, 600, 200),
        ("answer", 2_000, 800, 200),
    ]
    assert [(one.name, one.ms) for one in told.totals][:2] == [
        ("Gateway", 1_100),
        ("Waiting for approval", 4_900),
    ]
    assert [(mark.kind, mark.at, mark.words) for mark in told.marks] == [
        (MarkKind.FINDING, 0, "Rule prod fired on the request"),
        (MarkKind.HOLD, 100, "The request was held"),
        (MarkKind.MASKED, 550, "2 masked places"),
        (MarkKind.FINDING, 600, "Rule no-rm fired on a call of Bash"),
        (MarkKind.HOLD, 600, "A call of Bash was held"),
        (MarkKind.VOTE, 800, "Approved by Maria Lopez"),
    ]
    # What was denied was not sent: all of its time is ours and people's.
    denied = timeline(replace(session, answer=None), (own,), (), str)
    assert denied is not None
    assert [(one.kind, one.ms) for one in denied.stretches] == [("ours", 1_000), ("people", 2_900)]
    assert timeline(replace(session, answer=None), (), (), str) is None
