"""What a session is found by.

Its terms are one list in its document, such as `user:alice` and `rule:production`, since each index
of the database costs at every write. What it was decided is a field of its own: that changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.record.session import Decision, SessionState
from app.ids import SHORT, short
from app.storage.documents import Document, handles

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from app.domain.record.session import RecordedAnswer, RecordedCall, Session, Side
    from app.domain.record.session_facts import Conversation
    from app.search import SessionFilter

CONVERSATION_SHORT = 16
"""Characters of the name of a conversation that people see and type."""
MILESTONE = "milestone:"
"""The term of one session in about 64, which tell how far it is from one to the next."""
_LONGEST_TOOL = 200
_COMMIT_LENGTH = 7
OFTEN = (Decision.ALLOWED.value, Decision.MASKED.value)
"""How most sessions are decided."""
_POINTS = ("id", "conversation", "agent", "commit")
"""What only some sessions have in common, however many there are."""
_COSTS = (
    *(0, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000, 2_000_000, 5_000_000),
    *(10_000_000, 20_000_000, 50_000_000, 100_000_000),
)
"""In millionths of a dollar: a session has a term for each of these that it costs at least."""
_UNDER = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
"""And for each of these that it costs less than."""
COSTLY = 500_000
"""What few sessions cost."""
_CHEAP = 1_000
"""Less than this few sessions cost, too."""
LOOKED_AT = ("terms", "decision")
"""Fields of a session that tell most of whether it fits."""
_FEW = (*_POINTS, "user", "repo", "hook", "rule")


def session_terms(session: Session) -> list[str]:
    return sorted({*_terms(session), *later_terms(session)})


def later_terms(session: Session) -> list[str]:
    """Return what its answer and its end add, as far as they are known."""
    added = answer_terms(session.answer) if session.answer else []
    ended = session.state is not SessionState.OPEN
    return added + called_terms(session.called, session.decision if ended else None)


def answer_terms(answer: RecordedAnswer) -> list[str]:
    """Return what an answer adds: people search for what fired on it as on the request."""
    return [
        *(_term("rule", rule) for rule in answer.fired_rules),
        *_calls_sought(answer.calls),
        *(_cost_terms(answer.cost.micros) if answer.cost else ()),
    ]


def called_terms(tools: Iterable[str], decision: Decision | None) -> list[str]:
    """Return what finds a request that calls tools; with `decision` also what became of it."""
    made = [(tool.lower(), decision) for tool in tools]
    return [_term("call", one) for one in sorted(_all_sought(made))]


def unpaged_term(side: Side) -> str:
    return _term("unpaged", side.value)


def agent_term(agent: str) -> str:
    return _term("agent", agent)


def conversation_term(told: Conversation) -> str:
    return _term("conversation", told.id[:CONVERSATION_SHORT])


def said_term(said: str) -> str:
    return _term("said", said)


def grant_term(grant_id: str) -> str:
    return _term("grant", grant_id)


def session_query(wanted: SessionFilter) -> Document:
    """Return what must be equal, the term first that leaves the fewest sessions."""
    whole = len(wanted.id) > SHORT
    sought = {
        "id": "" if whole else wanted.id,
        "conversation": wanted.conversation,
        "agent": wanted.agent,
        "user": wanted.owner.subject.lower() if wanted.owner and not wanted.user else wanted.user,
        "repo": wanted.repo,
        "hook": wanted.hook,
        "rule": wanted.rule,
        "commit": wanted.commit[:_COMMIT_LENGTH],
        "call": _call_sought(wanted.tool, wanted.call),
        "under": _under_sought(wanted),
        "cost": _cost_sought(wanted),
        "client": wanted.client,
        "model": wanted.model,
        "connection": wanted.connection,
    }
    terms = [_term(field, value) for field, value in sought.items() if value]
    query: Document = {"_id": wanted.id} if whole else {}
    if terms:
        query["terms"] = terms[0] if len(terms) == 1 else {"$all": terms}
    if len(wanted.commit) > _COMMIT_LENGTH:
        query["identity.provenance.commit"] = {"$regex": f"^{wanted.commit}"}
    if cost := _cost_bounds(wanted):
        query["answer.cost.micros"] = cost
    if wanted.decision:
        query["decision"] = wanted.decision.value
    if owner := wanted.owner:
        query |= {"identity.issuer": owner.issuer, "identity.subject": owner.subject}
    return query


def indexed(query: Document) -> list[Document]:
    """Return the conditions of a query that have an index, those first that few sessions meet.

    One that hardly any session meets stands alone.
    """
    found: list[Document] = [{"terms": term} for term in terms_sought(query)]
    if "decision" in query:
        found.append({"decision": query["decision"]})
    points = [condition for condition in found if _parts(condition)[0] in _POINTS]
    return points[:1] or sorted(found, key=leaves_few, reverse=True)


def may_fit(row: Document, query: Document) -> bool:
    """Whether a session may fit a query, as far as its fields that are `LOOKED_AT` tell."""
    decided = query.get("decision", row["decision"]) == row["decision"]
    return decided and set(terms_sought(query)) <= set(row.get("terms", ()))


def leaves_few(condition: Document) -> bool:
    """Whether few sessions meet a condition of `indexed`, as far as its field tells."""
    if "decision" in condition:
        return condition["decision"] not in OFTEN
    field, value = _parts(condition)
    if field == "call":
        return "call:" in value and not value.endswith(OFTEN)
    if field == "cost":
        return int(value) >= COSTLY
    return field in _FEW or (field == "under" and int(value) <= _CHEAP)


def terms_sought(query: Document) -> list[str]:
    """Return the terms that a query asks for."""
    terms = query.get("terms")
    return terms["$all"] if isinstance(terms, dict) else [terms] if terms else []


def _cost_sought(wanted: SessionFilter) -> str:
    """Return the highest amount that has a term, of those that what is wanted costs at least."""
    if wanted.cost_over is None and (wanted.cost_under is None or _under_sought(wanted)):
        return ""
    return f"{max(amount for amount in _COSTS if amount <= (wanted.cost_over or 0))}"


def _under_sought(wanted: SessionFilter) -> str:
    """Return the lowest amount that has such a term, of those that include what is wanted."""
    most = wanted.cost_under
    return "" if most is None else f"{min((u for u in _UNDER if most <= u), default='')}"


def _cost_terms(micros: int) -> Iterator[str]:
    yield from (_term("cost", f"{amount}") for amount in _COSTS if amount <= micros)
    yield from (_term("under", f"{amount}") for amount in _UNDER if micros < amount)


def _cost_bounds(wanted: SessionFilter) -> Document:
    over: Document = {} if wanted.cost_over is None else {"$gt": wanted.cost_over}
    return over | ({} if wanted.cost_under is None else {"$lt": wanted.cost_under})


def _parts(condition: Document) -> tuple[str, str]:
    field, _, value = condition.get("terms", "").partition(":")
    return field, value


def _term(field: str, value: str) -> str:
    return f"{field}:{value}"


def _terms(session: Session) -> Iterator[str]:
    provenance = session.identity.provenance
    yield _term("id", short(session.id).lower())
    yield _term("connection", session.connection)
    if provenance:
        yield _term("repo", provenance.repository)
        yield _term("commit", provenance.commit[:_COMMIT_LENGTH].lower())
    yield _term("model", session.model.lower())
    if session.origin:
        yield _term("client", session.origin.client.lower().replace(" ", "-"))
    for name in handles(session.identity):
        yield _term("user", name)
    for fired in session.verdict.fired:
        yield _term("rule", fired.rule)
    if spoken := session.conversation:
        yield conversation_term(spoken)
        yield _term("conversation", spoken.name.lower())
    if session.said:
        yield said_term(session.said)
    if session.cloud:
        yield agent_term(session.cloud.agent)
    if session.hook:
        yield _term("hook", session.hook.tool)
    yield from map(grant_term, session.grants)
    yield from map(unpaged_term, session.unpaged)
    if session.id[-1] == "0" and session.id[-2] in "0123456789abcdef":
        yield MILESTONE


def _calls_sought(calls: Iterable[RecordedCall]) -> list[str]:
    """Return all that people may type to find an answer by one of its tool calls."""
    made = [(call.tool.lower(), call.decision) for call in calls]
    return [_term("call", one) for one in sorted(_all_sought(made))]


def _all_sought(calls: Iterable[tuple[str, Decision | None]]) -> set[str]:
    of_each = (
        (_call_sought(tool, None), _call_sought("", decision), _call_sought(tool, decision))
        for tool, decision in calls
    )
    return {sought for one in of_each for sought in one if sought}


def _call_sought(tool: str, decision: Decision | None) -> str:
    words = [f"tool:{tool[:_LONGEST_TOOL]}"] if tool else []
    return " ".join([*words, f"call:{decision.value}"] if decision else words)
