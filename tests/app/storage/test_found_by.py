"""Sessions are found by tool calls, by model, client and commit, by who voted, and by cost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.domain.hold import Vote
from app.domain.identity import Provenance
from app.domain.record.session import Decision, RecordedAnswer, RecordedCall, SessionState
from app.domain.record.session_facts import Cost, Origin
from app.search import SessionFilter
from tests.app.storage.test_mongo import JOB, NOW, a_session
from tests.bot.values import MARIA, hold
from tests.written import change_session, open_session

if TYPE_CHECKING:
    from app.storage.store import MongoStorage


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (SessionFilter(tool="bash"), ["new", "old"]),
        (SessionFilter(tool="ba"), []),
        (SessionFilter(tool="write"), ["new"]),
        (SessionFilter(tool="x" * 300), ["new"]),
        (SessionFilter(call=Decision.DENIED), ["new", "old"]),
        (SessionFilter(call=Decision.APPROVED), ["new"]),
        (SessionFilter(tool="bash", call=Decision.DENIED), ["old"]),
        (SessionFilter(tool="bash", call=Decision.EXPIRED), []),
    ],
    ids=str,
)
async def test_sessions_are_found_by_the_tool_calls_of_their_answers(
    storage: MongoStorage, wanted: SessionFilter, expected: list[str]
) -> None:
    made = {
        "old": [("Bash", Decision.DENIED)],
        "new": [
            ("bash", Decision.APPROVED),
            ("Write", Decision.DENIED),
            ("X" * 300, Decision.ALLOWED),
        ],
        "none": [],
    }
    named = {name: a_session(NOW + timedelta(seconds=at)) for at, name in enumerate(made)}
    for name, session in named.items():
        calls = tuple(RecordedCall(tool, "{}", decision) for tool, decision in made[name])
        await open_session(storage, session)
        answer = RecordedAnswer(200, (), NOW)
        await change_session(storage, session.id, answer=answer)
        await change_session(storage, session.id, answer=replace(answer, ended_at=NOW, calls=calls))
    found = await storage.sessions.search(wanted, limit=10)
    assert [session.id for session in found] == [named[name].id for name in expected]


async def test_a_request_that_calls_a_tool_is_found_by_it_and_by_how_it_ended(
    storage: MongoStorage,
) -> None:
    called = replace(a_session(NOW), called=("Deploy", ""))
    at_once = replace(
        a_session(NOW + timedelta(seconds=1)),
        called=("deploy",),
        decision=Decision.DENIED,
        state=SessionState.CLOSED,
    )
    for session in (called, at_once):
        await open_session(storage, session)
    refused = SessionFilter(tool="deploy", call=Decision.DENIED)

    async def found(wanted: SessionFilter) -> list[str]:
        return [one.id for one in await storage.sessions.search(wanted, limit=10)]

    assert await found(SessionFilter(tool="deploy")) == [at_once.id, called.id]
    assert await found(refused) == [at_once.id]
    await change_session(storage, called.id, decision=Decision.PENDING, called=called.called)
    assert await found(SessionFilter(call=Decision.PENDING)) == []
    ended = {"decision": Decision.DENIED, "state": SessionState.CLOSED}
    await change_session(storage, called.id, **ended, called=called.called)
    assert await found(refused) == [at_once.id, called.id]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (SessionFilter(model="gpt-5"), True),
        (SessionFilter(model="gpt"), False),
        (SessionFilter(client="claude-code"), True),
        (SessionFilter(commit="4be1c02"), True),
        (SessionFilter(commit="4be1c02d9", model="gpt-5"), True),
        (SessionFilter(commit="4be1c02e"), False),
    ],
    ids=str,
)
async def test_sessions_are_found_by_model_client_and_commit(
    storage: MongoStorage, wanted: SessionFilter, *, found: bool
) -> None:
    job = replace(JOB, provenance=Provenance("acme/payments", commit="4be1c02d9f"))
    origin = Origin(client="Claude Code")
    session = a_session(NOW, identity=job, model="GPT-5", origin=origin)
    await open_session(storage, session)
    assert [each.id for each in await storage.sessions.search(wanted, limit=9)] == (
        [session.id] if found else []
    )


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (SessionFilter(cost_over=1_499_999), "dear"),
        (SessionFilter(cost_over=1_500_000), ""),
        (SessionFilter(cost_over=2_000_000), ""),
        (SessionFilter(cost_over=100), "dear cheap"),
        (SessionFilter(cost_under=1_500_000), "cheap free"),
        (SessionFilter(cost_under=1), "free"),
        (SessionFilter(cost_over=0, cost_under=2_000_000), "dear cheap"),
        (SessionFilter(cost_over=100, model="m-cheap"), "cheap"),
    ],
    ids=str,
)
async def test_sessions_are_found_by_what_they_cost(
    storage: MongoStorage, wanted: SessionFilter, found: str
) -> None:
    costs = {"unknown": None, "free": 0, "cheap": 700, "dear": 1_500_000}
    named = {}
    for at, (name, micros) in enumerate(costs.items()):
        session = a_session(NOW + timedelta(seconds=at), model=f"m-{name}")
        named[session.id] = name
        await open_session(storage, session)
        cost = None if micros is None else Cost(micros, "2026-11-01")
        await change_session(storage, session.id, answer=RecordedAnswer(200, (), NOW, cost=cost))
    there = await storage.sessions.search(wanted, limit=9)
    assert " ".join(named[each.id] for each in there) == found


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (SessionFilter(approver="maria"), "2 1"),
        (SessionFilter(approver="maria@acme.example"), "2 1"),
        (SessionFilter(approver="maria lopez"), "2 1"),
        (SessionFilter(approver="dana"), ""),
        (SessionFilter(approver="maria", until=NOW + timedelta(seconds=2)), "1"),
        (SessionFilter(approver="maria", model="m-1"), "1"),
        (SessionFilter(approver="maria", model="m-0"), ""),
    ],
    ids=["short", "address", "whole", "nobody", "until", "model", "other model"],
)
async def test_sessions_are_found_by_who_voted_on_their_holds(
    storage: MongoStorage, wanted: SessionFilter, found: str
) -> None:
    named = {}
    for at in range(3):
        session = a_session(NOW + timedelta(seconds=at), model=f"m-{at}")
        named[session.id] = f"{at}"
        await open_session(storage, session)
        vote = Vote(MARIA, approve=False, at=NOW)
        held = hold(id=f"{at}", key=f"{at}", session_id=session.id, votes=(vote,) if at else ())
        await storage.holds.open(held)
    there = await storage.sessions.search(wanted, limit=9)
    assert " ".join(named[each.id] for each in there) == found
    alone = await storage.sessions.search(replace(wanted, id=max(named)), limit=9)
    assert " ".join(named[each.id] for each in alone) == ("2" if "2" in found else "")
