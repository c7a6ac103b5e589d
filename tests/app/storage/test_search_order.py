"""A search looks at the newest sessions first, and never at all of them."""

from __future__ import annotations

import os
from dataclasses import fields, replace
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymongo import MongoClient, monitoring

from app.domain.identity import Provenance
from app.domain.record.session import CloudRun, Decision, RecordedAnswer, RecordedCall
from app.domain.record.session_facts import Conversation, Cost, Origin
from app.domain.verdict import Action, Verdict
from app.search import SessionFilter
from app.storage.documents import to_document
from app.storage.record.searching import windows
from app.storage.record.terms import MILESTONE
from app.storage.store import MongoStorage
from tests.app.storage.asked import Asked, by_index
from tests.app.storage.test_mongo import ALICE, JOB, NOW, a_session
from tests.bot.values import MARIA, fired, hold, vote
from tests.written import open_session

if TYPE_CHECKING:
    from app.domain.record.session import Session

_SESSIONS = 120
COMMIT = "5f0c2b9d81e64a37b6d2e8c1907f4a3512bd6e08"
_PAGE = 7
FILTERS = {
    "nothing": SessionFilter(),
    "user": SessionFilter(user=ALICE.email),
    "nobody": SessionFilter(user="nobody"),
    "decision": SessionFilter(decision=Decision.DENIED),
    "two": SessionFilter(decision=Decision.ALLOWED, connection="anthropic"),
    "time": SessionFilter(since=NOW + timedelta(seconds=20), until=NOW + timedelta(seconds=90)),
    "user and time": SessionFilter(user=ALICE.email, until=NOW + timedelta(seconds=90)),
    "rare calls": SessionFilter(call=Decision.DENIED, decision=Decision.ALLOWED),
    "two rare": SessionFilter(decision=Decision.DENIED, connection="openai"),
    "own": SessionFilter(owner=ALICE, decision=Decision.DENIED),
    "hook": SessionFilter(hook="cursor"),
    "repository": SessionFilter(repo="acme/payments", since=NOW),
    "rare and frequent": SessionFilter(user=ALICE.email, connection="anthropic"),
    "repository alone": SessionFilter(repo="acme/payments"),
}
SPECIAL = {
    "rule": SessionFilter(rule="special"),
    "conversation": SessionFilter(conversation="a talk"),
    "model": SessionFilter(model="special-model"),
    "client": SessionFilter(client="claude-code"),
    "commit": SessionFilter(commit=COMMIT[:9]),
    "approver": SessionFilter(approver="maria"),
    "cost": SessionFilter(cost_over=400_000, cost_under=600_000),
    "tool": SessionFilter(tool="bash"),
    "call": SessionFilter(tool="bash", call=Decision.DENIED),
    "agent": SessionFilter(agent="bc-1"),
    "several": SessionFilter(model="special-model", approver="maria", cost_over=1),
}
"""What finds every 25th session alone: all that people may ask for, but for texts."""


@given(
    st.lists(st.integers(0, 999), unique=True),
    st.integers(0, 400),
    st.integers(500, 999),
    st.integers(1, 3),
)
def test_windows_adjoin_and_grow_no_faster_than_what_came_before(
    numbers: list[int], low: int, high: int, most: int
) -> None:
    inside = sorted((f"{n:03}" for n in numbers if low <= n < high), reverse=True)
    found = list(windows(inside, f"{low:03}", f"{high:03}", lambda: most))
    assert (found[0].behind, found[-1].first) == (f"{high:03}", f"{low:03}")
    assert all(newer.first == older.behind for newer, older in pairwise(found))
    before = 0
    for window in found[:-1]:
        inside_it = sum(window.first <= each < window.behind for each in inside)
        assert inside_it == window.milestones <= min(max(1, before), most)
        before += inside_it
    assert found[-1].milestones == 0


def _fits(session: Session, wanted: SessionFilter) -> bool:
    person = session.identity.key == ALICE.key
    return (
        (not wanted.user or (wanted.user == ALICE.email and person))
        and (wanted.owner is None or person)
        and (wanted.decision in (None, session.decision))
        and wanted.connection in ("", session.connection)
        and (wanted.since is None or session.started_at >= wanted.since)
        and (wanted.until is None or session.started_at < wanted.until)
        and not wanted.hook
        and (not wanted.call or _is_special(session))
        and (not wanted.repo or not person or _is_special(session))
    )


@pytest.fixture(scope="module")
def sessions() -> list[Session]:
    """Every tenth is a milestone; the newest first."""
    made = []
    for at in range(_SESSIONS):
        session = a_session(
            NOW + timedelta(seconds=at),
            identity=ALICE if at % 3 else JOB,
            decision=Decision.DENIED if at % 40 == 1 else Decision.ALLOWED,
            connection="anthropic" if at % 9 == 2 else "openai",
        )
        session = replace(session, id=session.id[:-2] + ("00" if at % 10 == 0 else "zz"))
        made.append(_special(session) if at % 25 == 0 else session)
    return made[::-1]


def _special(session: Session) -> Session:
    origin = session.identity.provenance
    return replace(
        session,
        identity=replace(
            session.identity,
            provenance=replace(origin or Provenance("acme/payments"), commit=COMMIT),
        ),
        model="special-model",
        verdict=Verdict(Action.ALLOW, (fired(rule="special"),), "r"),
        conversation=Conversation("c" * 32, "a talk", "header"),
        origin=Origin(client="Claude Code"),
        cloud=CloudRun("bc-1"),
        answer=RecordedAnswer(
            *(200, (), NOW),
            calls=(RecordedCall("Bash", "{}", Decision.DENIED),),
            cost=Cost(500_000, "2026-11-01"),
        ),
    )


def _is_special(session: Session) -> bool:
    return session.model == "special-model"


async def test_each_filter_finds_all_in_pages_by_an_index(
    mongodb_uri: str, database_name: str, sessions: list[Session]
) -> None:
    asked = Asked("sessions")
    monitoring.register(asked)
    storage = MongoStorage.connect(mongodb_uri, database_name)
    await storage.prepare()
    special = [session for session in sessions if _is_special(session)]
    for session in sessions:
        await open_session(storage, session)
    for session in special:
        voted = hold(id=session.id, key=session.id, session_id=session.id, votes=(vote(MARIA),))
        await storage.holds.open(voted)
    ids = {"id": SessionFilter(id=special[1].id), "short": SessionFilter(id=special[1].id[-6:])}
    expected = {
        **{name: [one for one in sessions if _fits(one, FILTERS[name])] for name in FILTERS},
        **dict.fromkeys(SPECIAL, special),
        **{name: [special[1]] for name in ids},
    }
    for name, wanted in (FILTERS | SPECIAL | ids).items():
        found: list[str] = []
        while page := await storage.sessions.search(
            wanted, limit=_PAGE, before=found[-1] if found else ""
        ):
            found += [session.id for session in page]
        assert found == [each.id for each in expected[name]], name
    storage.close()
    assert len(asked.queries) > len(FILTERS)
    with MongoClient[dict[str, Any]](mongodb_uri) as client:
        for query in asked.queries:
            explained = client[database_name].command(
                "explain", query | {"filter": by_index(query)}
            )
            plan = str(explained["queryPlanner"]["winningPlan"])
            assert "IXSCAN" in plan, plan
            assert "COLLSCAN" not in plan, plan
            # The embedded server sorts whatever an index finds.
            assert "'SORT'" not in plan or "MONGODB_URI" not in os.environ, plan
            assert ("'pairs': 1" in plan) == ("pairs" in query["filter"]), plan


async def test_no_filter_has_the_database_look_at_most_of_the_sessions(
    mongodb_uri: str, database_name: str, sessions: list[Session]
) -> None:
    asked = Asked("sessions")
    monitoring.register(asked)
    storage = MongoStorage.connect(mongodb_uri, database_name)
    await storage.prepare()
    for session in sessions:
        await open_session(storage, session)
    everything = FILTERS | SPECIAL | {"id": SessionFilter(id=sessions[7].id)}
    queries = {}
    for name, wanted in everything.items():
        del asked.queries[:]
        await storage.sessions.search(wanted, limit=_PAGE)
        queries[name] = asked.queries[:]
    storage.close()
    none = SessionFilter()
    told = {
        field.name
        for field in fields(SessionFilter)
        if any(getattr(one, field.name) != getattr(none, field.name) for one in everything.values())
    }
    assert told == {field.name for field in fields(SessionFilter)} - {"text", "voters"}
    milestones = {"terms": MILESTONE}
    with MongoClient[dict[str, Any]](mongodb_uri) as client:
        rows = client[database_name].sessions
        for name, sent in queries.items():
            looked_at = [
                len(list(rows.find(by_index(query), {"_id": 1})))
                for query in sent
                if not milestones.items() <= query["filter"].items()
            ]
            assert sum(looked_at) < _SESSIONS / 2, (name, looked_at)


@pytest.mark.parametrize(
    "wanted",
    [
        SessionFilter(user=ALICE.email, model="special-model"),
        SessionFilter(user=ALICE.email, decision=Decision.DENIED),
    ],
    ids=["two terms", "a term and a decision"],
)
async def test_of_several_conditions_only_what_meets_all_is_read_as_a_whole(
    mongodb_uri: str, database_name: str, sessions: list[Session], wanted: SessionFilter
) -> None:
    asked = Asked("sessions")
    monitoring.register(asked)
    storage = MongoStorage.connect(mongodb_uri, database_name)
    await storage.prepare()
    for session in sessions:
        await open_session(storage, session)
    found = {session.id for session in await storage.sessions.search(wanted, limit=_SESSIONS)}
    storage.close()
    named = [query["filter"].get("_id", {}).get("$in", []) for query in asked.queries]
    assert {one for ids in named for one in ids} == found
    assert found


async def test_sessions_of_an_older_version_are_found(mongodb_uri: str, database_name: str) -> None:
    answer = RecordedAnswer(200, (), NOW, calls=(RecordedCall("Bash", "{}", Decision.DENIED),))
    old = a_session(NOW, answer=answer, decision=Decision.APPROVED)
    with MongoClient[dict[str, Any]](mongodb_uri) as client:
        client[database_name].sessions.insert_one(to_document(old))
    storage = MongoStorage.connect(mongodb_uri, database_name)
    await storage.prepare()
    await storage.prepare()
    both = SessionFilter(user=ALICE.email, decision=Decision.APPROVED)
    for wanted in (replace(both, decision=None), SessionFilter(tool="bash"), both, SessionFilter()):
        assert [each.id for each in await storage.sessions.search(wanted, limit=9)] == [old.id]
    storage.close()
