"""The decision trail has every vote once, on requests and on tool calls, and each wait its time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from app.domain.event import Entry, Event, EventKind
from app.domain.tool_call import HeldCall
from app.replay.trail import steps
from tests.bot.values import MARCUS, MARIA, NOW, hold, vote


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
