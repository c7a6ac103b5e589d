"""Searches by several filters find what a look at every session finds, and look at few of them."""

from __future__ import annotations

import random
from dataclasses import fields, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pymongo import MongoClient, monitoring

from app.domain.hook import Hook, HookEvent, HookTool
from app.domain.identity import Identity, IdentityKind, Provenance
from app.domain.record.session import (
    Decision,
    RecordedAnswer,
    RecordedCall,
    SessionChange,
    SessionState,
)
from app.domain.record.session_facts import Cost, Origin
from app.domain.verdict import Action, Verdict
from app.search import SessionFilter
from app.storage.record.terms import MILESTONE
from app.storage.store import MongoStorage
from tests.app.storage.asked import Asked, by_index
from tests.app.storage.test_mongo import NOW, a_session
from tests.bot.values import fired
from tests.written import write

if TYPE_CHECKING:
    from app.domain.record.session import Session

_SESSIONS = 400
_AT_ONCE = 50
_SEARCHES = 40
_PAGE = 9
_RARE = (Decision.DENIED, Decision.APPROVED, Decision.EXPIRED)
_MADE = random.Random(11)  # noqa: S311


def _made(number: int) -> Session:
    """Return a session as it ends; about one in three has something rare about it."""
    name = f"person{_MADE.randrange(4)}"
    code = Provenance(f"acme/repo-{_MADE.randrange(3)}") if _MADE.random() < 0.7 else None
    who = Identity("https://id", f"u-{name}", IdentityKind.PERSON, name, f"{name}@x.io", (), code)
    rules = (fired(rule=f"rule-{_MADE.randrange(2)}"),) if _MADE.random() < 0.2 else ()
    called = _MADE.choice(_RARE) if _MADE.random() < 0.12 else Decision.ALLOWED
    answer = RecordedAnswer(
        *(200, (), NOW),
        rules=("rule-2",) if _MADE.random() < 0.1 else (),
        calls=(RecordedCall(_MADE.choice(("Bash", "Read")), "{}", called),),
        cost=Cost(int(_MADE.expovariate(1 / 150_000)), "2026-11-01"),
    )
    session = a_session(
        NOW + timedelta(seconds=number),
        identity=who,
        connection=_MADE.choice(("openai", "anthropic")),
        model=f"Model-{_MADE.randrange(3)}",
        origin=Origin(client=_MADE.choice(("Claude Code", "Codex"))),
        verdict=Verdict(Action.HOLD if rules else Action.ALLOW, rules, "r"),
        decision=_MADE.choice(_RARE) if _MADE.random() < 0.12 else Decision.ALLOWED,
        state=SessionState.CLOSED,
        hook=Hook(HookTool.CURSOR, HookEvent.PROMPT) if _MADE.random() < 0.05 else None,
        answer=answer if _MADE.random() < 0.8 else None,
        called=("Deploy",) if _MADE.random() < 0.1 else (),
    )
    # Every twelfth is a milestone.
    return replace(session, id=session.id[:-2] + ("00" if number % 12 == 0 else f"z{number % 10}"))


@pytest.fixture(scope="module")
def sessions() -> list[Session]:
    """The newest first."""
    return [_made(number) for number in range(_SESSIONS)][::-1]


async def record(storage: MongoStorage, sessions: list[Session]) -> None:
    """Write sessions down, every second of them in steps, as it goes on."""
    for start in range(0, len(sessions), _AT_ONCE):
        some = sessions[start : start + _AT_ONCE]
        began = {
            session.id: replace(
                session, decision=Decision.PENDING, state=SessionState.OPEN, answer=None
            )
            for session in some[::2]
        }
        await write(storage, *(storage.sessions.opening(began.get(s.id, s)) for s in some))
        for change in (_sent, _ended):
            await write(
                storage,
                *(storage.sessions.changing(began[s.id], change(s)) for s in some if s.id in began),
            )


def _sent(session: Session) -> SessionChange:
    return SessionChange(session.decision)


def _ended(session: Session) -> SessionChange:
    return SessionChange(
        session.decision, (), session.answer, SessionState.CLOSED, called=session.called
    )


def fits(session: Session, wanted: SessionFilter) -> bool:
    """Whether a session is what somebody looks for, by its own fields."""
    origin, code = session.identity.provenance, session.origin
    calls = [(call.tool.lower(), call.decision) for call in _calls(session)]
    cost = session.answer.cost.micros if session.answer and session.answer.cost else None
    return (
        wanted.user in ("", session.identity.name, session.identity.email)
        and (wanted.owner is None or wanted.owner.key == session.identity.key)
        and wanted.decision in (None, session.decision)
        and wanted.connection in ("", session.connection)
        and wanted.model in ("", session.model.lower())
        and wanted.client in ("", (code.client if code else "").lower().replace(" ", "-"))
        and (not wanted.rule or wanted.rule in session.fired_rules)
        and (not wanted.repo or (origin is not None and wanted.repo == origin.repository))
        and (not wanted.hook or session.hook is not None)
        and (wanted.since is None or session.started_at >= wanted.since)
        and (wanted.until is None or session.started_at < wanted.until)
        and (wanted.cost_over is None or (cost is not None and cost > wanted.cost_over))
        and (wanted.cost_under is None or (cost is not None and cost < wanted.cost_under))
        and (not (wanted.tool or wanted.call) or _has_call(calls, wanted))
    )


def _calls(session: Session) -> list[RecordedCall]:
    itself = [RecordedCall(tool, "{}", session.decision) for tool in session.called]
    return [*itself, *(session.answer.calls if session.answer else ())]


def _has_call(calls: list[tuple[str, Decision]], wanted: SessionFilter) -> bool:
    return any(
        wanted.tool in ("", tool) and wanted.call in (None, decision) for tool, decision in calls
    )


def _filters(sessions: list[Session], dice: random.Random) -> list[SessionFilter]:
    """Return combinations of two to four filters, most of which find what they were taken from."""
    made = []
    for _ in range(_SEARCHES):
        rare = [each for each in sessions if each.decision in _RARE or _has_rare_call(each)]
        session = dice.choice(rare if dice.random() < 0.6 else sessions)
        words = _words(session, dice)
        chosen = dice.sample(sorted(words), dice.randint(2, 4))
        made.append(SessionFilter(**{name: words[name] for name in chosen}))
    return made


def _has_rare_call(session: Session) -> bool:
    return any(call.decision in _RARE for call in _calls(session))


def _words(session: Session, dice: random.Random) -> dict[str, Any]:
    origin, calls = session.identity.provenance, _calls(session)
    words: dict[str, Any] = {
        "user": dice.choice((session.identity.name, session.identity.email)),
        "owner": session.identity,
        "decision": session.decision,
        "connection": session.connection,
        "model": session.model.lower(),
        "client": dice.choice(("claude-code", "codex")),
        "rule": dice.choice((*session.fired_rules, "rule-0")),
        "repo": origin.repository if origin else "acme/repo-1",
        "cost_over": dice.choice((0, 499_999, 500_000, 600_000)),
        "cost_under": dice.choice((900, 50_000, 700_000)),
        "since": session.started_at - timedelta(seconds=dice.randrange(200)),
        "until": session.started_at + timedelta(seconds=dice.randrange(1, 200)),
    }
    if calls:
        words |= {"tool": calls[0].tool.lower(), "call": calls[0].decision}
    return words | ({"hook": "cursor"} if session.hook else {})


async def test_several_filters_find_what_a_look_at_every_session_finds(
    storage: MongoStorage, sessions: list[Session]
) -> None:
    await record(storage, sessions)
    dice = random.Random(7)  # noqa: S311
    hits = 0
    for wanted in _filters(sessions, dice):
        found: list[str] = []
        while page := await storage.sessions.search(
            wanted, limit=_PAGE, before=found[-1] if found else ""
        ):
            found += [session.id for session in page]
        expected = [session.id for session in sessions if fits(session, wanted)]
        assert found == expected, wanted
        hits += bool(found)
    assert hits > _SEARCHES / 2


@pytest.mark.parametrize(
    "wanted",
    [
        SessionFilter(user="person1", decision=Decision.APPROVED),
        SessionFilter(model="model-1", client="codex", cost_over=500_000),
        SessionFilter(repo="acme/repo-2", call=Decision.APPROVED),
        SessionFilter(rule="rule-2", decision=Decision.APPROVED),
    ],
    ids=["user and decision", "model, client and cost", "repository and call", "rule of an answer"],
)
async def test_where_a_filter_is_rare_no_session_is_looked_at_for_another_filter_alone(
    mongodb_uri: str, database_name: str, sessions: list[Session], wanted: SessionFilter
) -> None:
    asked = Asked("sessions")
    monitoring.register(asked)
    storage = MongoStorage.connect(mongodb_uri, database_name)
    await storage.prepare()
    await record(storage, sessions)
    del asked.queries[:]
    found = await storage.sessions.search(wanted, limit=_SESSIONS)
    queries = asked.queries[:]
    storage.close()
    asked_for = {each.name: getattr(wanted, each.name) for each in fields(SessionFilter)}
    given = [name for name, value in asked_for.items() if value]
    alone = [SessionFilter(**{name: asked_for[name]}) for name in given]
    fewest = min(sum(fits(session, one) for session in sessions) for one in alone)
    with MongoClient[dict[str, Any]](mongodb_uri) as client:
        rows = client[database_name].sessions
        looked_at = [
            len(list(rows.find(by_index(query), {"_id": 1})))
            for query in queries
            if query["filter"].get("terms") != MILESTONE
        ]
    assert found
    # Once by their pairs, and once as a whole.
    assert sum(looked_at) < len(found) * 2 + fewest / 4, looked_at
