"""Sessions are found by the tool calls of their answers, by model, client and commit."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.domain.identity import Provenance
from app.domain.session import Decision, RecordedAnswer, RecordedCall, SessionState
from app.domain.session_facts import Origin
from app.search import SessionFilter
from tests.app.storage.test_mongo import JOB, NOW, a_session
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
